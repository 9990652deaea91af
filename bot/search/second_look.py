"""Whether a stored picture with a near dHash shows the same thing: a score from all that is stored.

The score is a sum of distances with weights that were fitted to altered copies of pictures and to
their neighbours (``bench.quality.candidates``); the higher, the likelier the two are one picture.
What the distances are, :mod:`bot.search.distances` says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bot.images import Probe
from bot.images.look_layout import GRID_BYTES, GRID_SIDE, LOOK_BYTES
from bot.search.distances import Small, all_colours, colours, fitted, greys, hamming, shapes
from db.records import Candidate


@dataclass(frozen=True, slots=True)
class Model:
    """``constant - dhash·d - phash·d - …``, and the share of strangers that reach a score of 0."""

    constant: float
    dhash: float
    phash: float
    fitted: float
    colour: float
    shape: float
    rate: float


# Two files of one picture: at most so far apart, in standard deviations and in levels.
_SAME_GREYS = 0.35
_SAME_COLOURS = 4.0

# With all that is stored today, and of pictures that were stored when there was no look.
WITH_LOOK = Model(6.59, 0.335, 0.136, 7.32, 0.254, 0.447, 2e-10)
WITH_PHASH = Model(4.33, 0.415, 0.215, 0.0, 0.0, 0.0, 1.5e-9)


@dataclass(frozen=True, slots=True)
class Looked:
    """What comparing a picture with a stored one gave.

    ``score`` is ``None`` where nothing but a dHash is stored, and ``phash_distance`` too; ``rate``
    is the share of stored pictures that reach a score of 0 and are another picture.
    """

    score: float | None
    phash_distance: int | None
    rate: float


def second_look(pairs: Sequence[tuple[Probe, Candidate]]) -> list[Looked]:
    """Compare views of a query with stored pictures, in their order."""
    with_look = [place for place, (_, stored) in enumerate(pairs) if stored.look is not None]
    further = dict(zip(with_look, _by_look([pairs[place] for place in with_look]), strict=True))
    return [
        _looked(probe, stored, further.get(place)) for place, (probe, stored) in enumerate(pairs)
    ]


def _looked(probe: Probe, stored: Candidate, by_look: float | None) -> Looked:
    if stored.phash is None:
        return Looked(None, None, 1.0)
    model = WITH_PHASH if by_look is None else WITH_LOOK
    phash_distance = hamming(probe.phash, stored.phash)
    score = model.constant - model.dhash * stored.distance - model.phash * phash_distance
    return Looked(score - (by_look or 0.0), phash_distance, model.rate)


def _by_look(pairs: Sequence[tuple[Probe, Candidate]]) -> list[float]:
    """What the looks take from the score."""
    if not pairs:
        return []
    queries = numbers([probe.look for probe, _ in pairs])
    stored = numbers([candidate.look or b"" for _, candidate in pairs])
    apart = WITH_LOOK.fitted * fitted(queries.grid, stored.grid)
    apart += WITH_LOOK.colour * colours(queries.colour, stored.colour)
    apart += WITH_LOOK.shape * shapes(queries.shape, stored.shape)
    found: list[float] = apart.tolist()
    return found


def same_look(one: bytes, other: bytes) -> bool:
    """Whether two looks are those of two files of one picture."""
    a, b = numbers([one]), numbers([other])
    if float(greys(a.grid, b.grid)[0]) > _SAME_GREYS:
        return False
    return float(all_colours(a.colour, b.colour)[0]) <= _SAME_COLOURS


def says_nothing(look: bytes) -> bool:
    """Whether a picture is of one colour all over, or next to it."""
    own = numbers([look])
    colours_of = own.colour.reshape(2, -1)
    return int(np.ptp(own.grid)) <= 1 and int(np.ptp(colours_of, axis=1).max()) <= 1


class Numbers(NamedTuple):
    """Looks in numbers: (n, 8, 8) of the grid, (n, 32) of colour and (n) of shape, in steps."""

    grid: Small
    colour: Small
    shape: Small


def numbers(looks: Sequence[bytes]) -> Numbers:
    """Looks as arrays; the same numbers as :func:`bot.images.look_layout.unpack` gives."""
    raw = np.frombuffer(b"".join(looks), np.uint8).reshape(-1, LOOK_BYTES)
    grid = np.stack([raw[:, :GRID_BYTES] >> 4, raw[:, :GRID_BYTES] & 15], axis=2)
    bits = np.unpackbits(raw[:, GRID_BYTES:-1], axis=1).reshape(len(raw), -1, 3)
    colour = bits @ np.array([4, 2, 1], np.uint8)
    # Adding half and taking it away again brings the upper half of the numbers below zero.
    return Numbers(
        ((grid ^ 8).astype(np.int8) - 8).reshape(-1, GRID_SIDE, GRID_SIDE),
        (colour ^ 4).astype(np.int8) - 4,
        np.ascontiguousarray(raw[:, -1]).view(np.int8),
    )
