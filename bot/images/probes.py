"""The further views of a picture that is asked about, by which it may be found.

A picture may have been mirrored or turned, framed, shown inside a screenshot, or be one of an
animation.  What it is looked for in is a copy of a few hundred pixels; the whole of it is hashed
from all pixels, and elsewhere.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.images import looks
from bot.images.colours import cells
from bot.images.framing import Box, borders, proposals
from bot.images.hashes import hashes
from bot.images.look_layout import unpack
from bot.images.model import MAX_PROBES, Fingerprint, Framing, Probe, View
from bot.images.resample import DHASH, PHASH, Small, by_pillow

WORKING = 512
"""Pixels of the longer side of the copy, at most; at least half of it where there are so many."""

# How a picture looks within which bits and steps is the same.
_SAME_BITS = 1
_SAME_STEPS = 1
_SAME_SHAPE = 2

# Pixels of the side of what parts are shrunk by way of.
_SQUARE = 2 * PHASH[0]

# Orientations in which columns become rows.
_QUARTERS = frozenset({5, 6, 7, 8})

_WORD = 2**64 - 1

N = TypeVar("N", bound=np.number[Any])


class Part(NamedTuple):
    """A picture or a part of one, shrunk so that it can be hashed in any orientation.

    ``cells`` (8, 8, 3) are mean colours; ``shape`` is the logarithm to base 2 of width over height.
    """

    small: Small
    cells: NDArray[np.uint8]
    shape: float


class Shown(NamedTuple):
    """A part, and the view of the picture that it is."""

    view: View
    part: Part


def reduced(image: Image.Image) -> Image.Image:
    """The copy that is looked into: of mode ``RGB`` or ``L``.

    ``image`` is opaque and in colour, see :class:`bot.images.decode.Frame`.
    """
    if image.mode == "P":
        image = image.convert("RGB")
    factor = math.ceil(max(image.size) / WORKING)
    return image.reduce((min(factor, image.width), min(factor, image.height)))


def probes(
    whole: Fingerprint,
    small: Small,
    colours: NDArray[np.uint8],
    copy: Image.Image,
    later: Sequence[tuple[int, Image.Image]] = (),
) -> tuple[Probe, ...]:
    """The views of a picture but the plainest one, the likeliest first; :class:`Query` says more.

    ``whole`` is the fingerprint that ``small`` and ``colours`` (8, 8, 3) have given, ``copy`` the
    copy to look into, and ``later`` are the numbers and copies of later pictures of an animation.
    """
    shape = math.log2(whole.width / whole.height)
    views = list(_views(Part(small, colours, shape), copy, later))
    return tuple(_distinct(whole, _hashed(views)))


def _views(
    whole: Part, copy: Image.Image, later: Sequence[tuple[int, Image.Image]]
) -> Iterator[Shown]:
    """All views in the order of how likely each is: what people do most comes first."""
    pixels = np.asarray(copy if copy.mode == "RGB" else copy.convert("RGB"))
    within = [_shown(copy, box, "border") for box in borders(pixels)]
    inside = [_shown(copy, box, "inside") for box in proposals(pixels)]
    yield from within
    yield from inside
    yield Shown(View(2), whole)
    for number, image in later:
        yield Shown(View(frame=number), _part(image))
    for orientation in (6, 8, 3):
        yield Shown(View(orientation), whole)
    for shown in within[-1:]:
        yield Shown(View(2, "border"), shown.part)
    for orientation in (4, 5, 7):
        yield Shown(View(orientation), whole)


def _shown(copy: Image.Image, box: Box, framing: Framing) -> Shown:
    return Shown(View(framing=framing), _part(copy.crop(box)))


def _part(image: Image.Image) -> Part:
    """Shrunk by way of a small square: the hashes of a view may differ by a bit from true ones."""
    square = image.convert("L").resize((_SQUARE, _SQUARE), Image.Resampling.BILINEAR)
    shape = math.log2(image.width / image.height)
    return Part(by_pillow(square), cells(image), shape)


def oriented(levels: NDArray[N], orientation: int) -> NDArray[N]:
    """Rows and columns as a file of that EXIF orientation would have them shown.

    The same as ``PIL.ImageOps.exif_transpose`` does with pixels.
    """
    if orientation in _QUARTERS:
        levels = levels.swapaxes(0, 1)
    if orientation in {2, 3, 6, 7}:
        levels = levels[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        levels = levels[::-1]
    return levels


def _turned(small: Small, orientation: int) -> Small:
    """What a picture that was turned so would be shrunk to."""
    for_dhash = small.for_dhash
    if orientation in _QUARTERS:
        # As many columns as there were to be rows; made of what pHash looks at, for which all
        # pixels have been looked at already.
        levels = Image.fromarray(small.for_phash.astype(np.uint8))
        narrow = levels.resize(DHASH[::-1], Image.Resampling.LANCZOS)
        for_dhash = np.asarray(narrow, np.float64)
    return Small(oriented(for_dhash, orientation), oriented(small.for_phash, orientation))


def _hashed(views: Sequence[Shown]) -> Iterator[Probe]:
    """The probes of some views, without those that are too plain."""
    smalls, colours, shapes = [], [], []
    for view, part in views:
        smalls.append(_turned(part.small, view.orientation))
        colours.append(oriented(part.cells, view.orientation))
        shapes.append(-part.shape if view.orientation in _QUARTERS else part.shape)
    levels = np.stack([small.for_phash for small in smalls])
    seen = looks.looks(levels, np.stack(colours), np.array(shapes))
    for (view, _), made, look in zip(views, hashes(smalls), looks.pack(seen), strict=True):
        if not made.plain:
            yield Probe(view, made.dhash, made.phash, look)


def _distinct(whole: Fingerprint, found: Iterator[Probe]) -> Iterator[Probe]:
    """The first of them that look neither like the whole nor like one before."""
    known: list[Fingerprint | Probe] = [whole]
    for probe in found:
        if len(known) > MAX_PROBES:
            return
        if not any(_same(probe, other) for other in known):
            known.append(probe)
            yield probe


def _same(one: Probe, other: Fingerprint | Probe) -> bool:
    if ((one.dhash ^ other.dhash) & _WORD).bit_count() > _SAME_BITS:
        return False
    mine, its = unpack(one.look), unpack(other.look)
    apart = max(
        abs(a - b)
        for a, b in zip((*mine.grid, *mine.colour), (*its.grid, *its.colour), strict=True)
    )
    return apart <= _SAME_STEPS and abs(mine.shape - its.shape) <= _SAME_SHAPE
