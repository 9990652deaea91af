"""Whether a stored picture with a near dHash shows the same thing: a score from all that is stored.

The score is a sum of distances with weights that were fitted to altered copies of pictures and to
their neighbours (``bench.quality.candidates``); the higher, the likelier the two are one picture.
What the distances are, :mod:`bot.images.look_layout` says of what is stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.images import Probe
from bot.images.look_layout import COLOUR_STEP, GRID_BYTES, GRID_SIDE, GRID_STEP, LOOK_BYTES
from db.records import Candidate

Floats = NDArray[np.float32]
Small = NDArray[np.int8]

# Shares of the sides of a stored picture that a query may show, as when it was cropped.
_WINDOWS = (1.0, 0.95, 0.9, 0.8)
_FAR = 1.2  # standard deviations; what is farther from the whole is near no window

# Below this mean difference from grey, in levels, a picture is grey, and its colours say nothing.
_GREY = 3.0
_MOST_COLOUR = 40.0  # levels in one cell: a logo is no other picture


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


def hamming(a: int, b: int) -> int:
    """The number of bits in which two signed 64-bit hashes differ, 0–64."""
    return ((a ^ b) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


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
    apart = WITH_LOOK.fitted * _fitted(queries.grid, stored.grid)
    apart += WITH_LOOK.colour * _colour(queries.colour, stored.colour)
    apart += WITH_LOOK.shape * np.abs(queries.shape.astype(np.int16) - stored.shape)
    found: list[float] = apart.tolist()
    return found


def same_look(one: bytes, other: bytes) -> bool:
    """Whether two looks are those of two files of one picture."""
    a, b = numbers([one]), numbers([other])
    if float(_greys(a.grid, b.grid)[0]) > _SAME_GREYS:
        return False
    # Neither is asked about, so grey is a colour like any other.
    apart = np.abs(a.colour.astype(np.int16) - b.colour)
    return float(np.maximum(apart - 1, 0).mean()) * COLOUR_STEP <= _SAME_COLOURS


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


def _colour(query: Small, stored: Small) -> Floats:
    """Mean difference of Cb and Cr in levels; nothing where the query has no colour.

    A copy in grey has lost its colours, so that it has none says nothing of where it is from.
    """
    # The lowest bits are worth little and rounding takes them: differences of one step are none.
    apart = np.abs(query.astype(np.int16) - stored)
    levels = np.minimum(np.maximum(apart - 1, 0) * np.float32(COLOUR_STEP), _MOST_COLOUR)
    coloured = np.abs(query.astype(np.int16)).mean(axis=1) * COLOUR_STEP >= _GREY
    return np.where(coloured, levels.mean(axis=1, dtype=np.float32), np.float32(0))


def _greys(query: Small, stored: Small) -> Floats:
    """How far the greys are apart: root of the mean square, in standard deviations."""
    apart = query.astype(np.int16) - stored
    return np.asarray(np.sqrt((apart * apart).mean(axis=(1, 2))) * GRID_STEP, np.float32)


def _fitted(query: Small, stored: Small) -> Floats:
    """How far the greys are apart for the window of the stored picture that fits best."""
    whole = _greys(query, stored)
    near = np.flatnonzero(whole < _FAR)
    wanted = _normal(query[near].astype(np.float32))
    cells = stored[near].astype(np.float32)
    best = np.full(len(cells), np.inf, np.float32)
    for maps in _windows():
        for across in maps:
            narrow = cells @ across.T
            for down in maps:
                apart = _normal(down @ narrow)
                apart -= wanted
                best = np.minimum(best, np.einsum("nij,nij->n", apart, apart))
    whole[near] = np.minimum(whole[near], np.sqrt(best / 64))
    return whole


def _normal(cells: Floats) -> Floats:
    cells = cells - cells.mean(axis=(1, 2), keepdims=True)
    cells /= np.maximum(cells.std(axis=(1, 2), keepdims=True), 1.0)
    return cells


@cache
def _windows() -> tuple[tuple[Floats, ...], ...]:
    """For each share of a side, what cells of the whole its cells are made of.

    For a window at the start, in the middle and at the end; of shape (8, 8) each.
    """
    centers = (np.arange(8) + 0.5) / 8
    found = []
    for share in _WINDOWS:
        maps = []
        for place in (0.0, 0.5, 1.0) if share < 1 else (0.0,):
            at = ((place * (1 - share) + share * centers) * 8 - 0.5).clip(0, 7)
            maps.append(np.maximum(0, 1 - np.abs(at[:, None] - np.arange(8))).astype(np.float32))
        found.append(tuple(maps))
    return tuple(found)
