"""The small grey pictures that hashes look at, level for level as Pillow makes them.

dHash looks at 9 × 8 levels and pHash at 32 × 32, each shrunk from the whole picture with Lanczos'
filter.  Doing that twice is a third of what reading a photograph takes; as products of matrices
it is much less.

Pillow's filter reckons in whole numbers: weights are rounded to steps of 2⁻²², pixels times
weights are summed, and the sum is rounded to a level, first along each row and then along each
column.  In float64 the same sums are exact, whatever the order of their terms: none needs more than
32 bits.  That leaves the weights, of which :func:`_weights` has the same or none at all.
"""

import math
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Levels = NDArray[np.float64]

# Columns and rows.
DHASH = (9, 8)
PHASH = (32, 32)

_SUPPORT = 3  # of Lanczos' filter, to either side, in pixels of the smaller picture
_STEPS = 2.0**22  # of Pillow's weights in one

# Two ways to reckon a weight agree within 2·10⁻⁸ steps: the sum that a weight is divided by has an
# error of n ulp at most, and the n terms of it make the weight itself small.  So one that is
# further than this from the middle between two steps is rounded to the same step by both.
_DOUBT = 1e-7

# Weights take memory in proportion to the side.  Those of long ones are not kept.
_LONGEST = 8192
_LONGEST_KEPT = 1280

# How many columns of the smaller picture are made at once, from the pixels that matter to any.
_AT_ONCE = {8: 8, 9: 3, 32: 8}

# Pixels at once: as floats they have to stay in the processor's cache.
_BLOCK = 128 * 1024

# Columns of the smaller picture, pixels that matter to them, and how much.
Weights = tuple[tuple[slice, slice, Levels], ...]


class Small(NamedTuple):
    """What dHash and what pHash look at: levels 0…255 of shapes (8, 9) and (32, 32)."""

    for_dhash: Levels
    for_phash: Levels


def shrink(grey: Image.Image) -> Small:
    """Equal to what ``grey.resize(size, LANCZOS)`` gives; ``grey`` is of mode ``L``."""
    if rows_first(*grey.size) and max(grey.size) <= _LONGEST and equals_pillow():
        shrunk = by_products(grey)
        if shrunk is not None:
            return shrunk
    return by_pillow(grey)


def rows_first(width: int, height: int) -> bool:
    """Whether Pillow shrinks along the rows first, whichever version it is.

    Up to 12 it always does; 13 does so unless more than twice as many rows as columns have to go.
    What lies near that is left to it.
    """
    return height <= 2 * (width - max(PHASH))


@cache
def equals_pillow() -> bool:
    """Whether products give here what Pillow gives, which another build of it need not.

    Tried once, on noise.
    """
    dice = np.random.default_rng(1)
    for shape in ((257, 331), (24, 500), (336, 200)):
        noise = Image.fromarray(dice.integers(0, 256, shape, np.uint8))
        shrunk = by_products(noise)
        if shrunk is not None and not all(map(np.array_equal, shrunk, by_pillow(noise))):
            return False
    return True


def by_pillow(grey: Image.Image) -> Small:
    """The obvious way."""
    return Small(
        *(
            np.asarray(grey.resize(size, Image.Resampling.LANCZOS), np.float64)
            for size in (DHASH, PHASH)
        )
    )


def by_products(grey: Image.Image) -> Small | None:
    """The fast way; None where a weight is in doubt."""
    width, height = grey.size
    dhash_across, phash_across = _weights(width, DHASH[0]), _weights(width, PHASH[0])
    dhash_down, phash_down = _weights(height, DHASH[1]), _weights(height, PHASH[1])
    if not (dhash_across and phash_across and dhash_down and phash_down):
        return None
    pixels = np.asarray(grey)
    narrow = np.empty((height, DHASH[0] + PHASH[0]))
    step = max(1, _BLOCK // width)
    for top in range(0, height, step):
        rows, out = pixels[top : top + step].astype(np.float64), narrow[top : top + step]
        _multiply(rows, dhash_across, out[:, : DHASH[0]])
        _multiply(rows, phash_across, out[:, DHASH[0] :])
    columns = _rounded(narrow).T
    for_dhash, for_phash = np.empty(DHASH), np.empty(PHASH)
    _multiply(columns[: DHASH[0]], dhash_down, for_dhash)
    _multiply(columns[DHASH[0] :], phash_down, for_phash)
    return Small(_rounded(for_dhash).T, _rounded(for_phash).T)


def _multiply(rows: Levels, weights: Weights, out: Levels) -> None:
    for columns, span, matrix in weights:
        np.matmul(rows[:, span], matrix, out=out[:, columns])


def _rounded(sums: Levels) -> Levels:
    """To the nearest level, halves upwards, in place; weights below zero lead beyond the range."""
    sums += 0.5
    np.floor(sums, out=sums)
    return np.clip(sums, 0, 255, out=sums)


def _weights(size: int, count: int) -> Weights | None:
    return _kept(size, count) if size <= _LONGEST_KEPT else _reckoned(size, count)


@lru_cache(maxsize=768)
def _kept(size: int, count: int) -> Weights | None:
    return _reckoned(size, count)


def _reckoned(size: int, count: int) -> Weights | None:
    """The weights of ``size`` pixels in each of ``count``; None where rounding one is in doubt.

    Lanczos' filter is sinc(x) · sinc(x / 3), and the weights in one pixel are made to sum to one.
    Those of the second half are those of the first in the mirror.
    """
    step = _AT_ONCE[count]
    left = []
    for first in range(0, (count + 1) // 2, step):
        part = _part(size, count, first, first + step)
        if part is None:
            return None
        left.append(part)
    right = [
        (
            slice(count - columns.stop, count - columns.start),
            slice(size - span.stop, size - span.start),
            np.ascontiguousarray(matrix[::-1, ::-1]),
        )
        for columns, span, matrix in reversed(left)
        if columns.stop <= count // 2
    ]
    return (*left, *right)


def _part(size: int, count: int, first: int, end: int) -> tuple[slice, slice, Levels] | None:
    scale = size / count
    wide = max(scale, 1.0)  # what is made larger is not blurred
    centers = (np.arange(first, end) + 0.5) * scale
    least = max(0, int(centers[0] - _SUPPORT * wide))
    most = min(size, int(centers[-1] + _SUPPORT * wide) + 1)
    away = (np.arange(least, most)[:, None] + 0.5 - centers) * (math.pi / _SUPPORT / wide)
    away[away == 0] = 1e-9  # the limit there is one
    # sin 3a · sin a = sin² a · (3 − 4 sin² a): one sine for two.
    square = np.sin(away) ** 2
    away *= away
    matrix = square * (3 - 4 * square) / away
    matrix[away >= math.pi**2] = 0
    matrix *= _STEPS / matrix.sum(axis=0)
    steps = np.rint(matrix)
    if np.abs(matrix - steps).max() > 0.5 - _DOUBT:
        return None
    steps /= _STEPS
    return slice(first, end), slice(least, most), steps
