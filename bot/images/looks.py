"""The second look, made and read: many pictures at once, as arrays of numbers.

All is reckoned in whole numbers up to the last root, division and rounding, in float64 where they
fit, so a look is the same on every machine.  :mod:`bot.images.look_layout` has the formulas.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.images.look_layout import (
    COLOUR_BITS,
    COLOUR_BYTES,
    COLOUR_SIDE,
    COLOUR_STEP,
    COLOUR_VALUES,
    GRID_BYTES,
    GRID_CELLS,
    GRID_SIDE,
    GRID_STEP,
    LEAST_DEVIATION,
    LOOK_BYTES,
    SHAPE_STEPS,
)

Steps = NDArray[np.int8]

# Millionths of red, green and blue in Cb and in Cr: those of grey are nothing, exactly.
_CHROMA = np.array([[-168736, 500000], [-331264, -418688], [500000, -81312]], np.int64)
_MILLION = 1_000_000

_PLACES = 1 << np.arange(COLOUR_BITS - 1, -1, -1)


class Looks(NamedTuple):
    """``n`` looks in numbers: ``grid`` (n, 64), ``colour`` (n, 32) and ``shape`` (n), in steps."""

    grid: Steps
    colour: Steps
    shape: Steps


def looks(levels: NDArray[Any], cells: NDArray[np.uint8], shape: NDArray[np.float64]) -> Looks:
    """The looks of ``n`` pictures.

    ``levels`` (n, 32, 32) are the whole grey levels that pHash looks at, 0…255.  ``cells`` (n, k,
    k, 3), with k a multiple of 4, are mean red, green and blue, 0…255.  ``shape`` (n) is the
    logarithm to base 2 of width over height.
    """
    return Looks(grid(levels), colour(cells), steps_of_shape(shape))


def grid(levels: NDArray[Any]) -> Steps:
    """How light 8 × 8 cells are: of shape (n, 64) for (n, side, side)."""
    count, side = levels.shape[:2]
    step = side // GRID_SIDE
    rows = levels.reshape(count, GRID_SIDE, step, side).sum(axis=2, dtype=np.float64)
    sums = rows.reshape(count, GRID_CELLS, step).sum(axis=2)
    # Means, less the mean of all, in levels times this.
    scale = step * step * GRID_CELLS
    above = sums * GRID_CELLS - sums.sum(axis=1, keepdims=True)
    deviation = np.sqrt((above * above).sum(axis=1, keepdims=True) / GRID_CELLS)
    unit = np.maximum(deviation, LEAST_DEVIATION * scale) * GRID_STEP
    return np.asarray(np.rint(above / unit).clip(-8, 7), np.int8)


def colour(cells: NDArray[np.uint8]) -> Steps:
    """Cb and Cr of 4 × 4 cells: of shape (n, 32) for (n, k, k, 3)."""
    count, side = cells.shape[:2]
    step = side // COLOUR_SIDE
    parts = cells.reshape(count, COLOUR_SIDE, step, COLOUR_SIDE, step, 3)
    sums = parts.sum(axis=(2, 4), dtype=np.int64)
    both = (sums @ _CHROMA).reshape(count, COLOUR_VALUES)
    steps = np.rint(both / (step * step * _MILLION * COLOUR_STEP))
    return np.asarray(steps.clip(-4, 3), np.int8)


def steps_of_shape(shape: NDArray[Any]) -> Steps:
    """``shape`` (n) in steps."""
    return np.asarray(np.rint(shape * SHAPE_STEPS).clip(-127, 127), np.int8)


def pack(some: Looks) -> list[bytes]:
    """The 45 bytes of each."""
    count = len(some.shape)
    packed = np.empty((count, LOOK_BYTES), np.uint8)
    nibbles = some.grid.view(np.uint8) & 15
    packed[:, :GRID_BYTES] = nibbles[:, ::2] << 4 | nibbles[:, 1::2]
    bits = (some.colour.view(np.uint8)[..., None] & _PLACES) != 0
    packed[:, GRID_BYTES:-1] = np.packbits(bits.reshape(count, -1), axis=1)
    packed[:, -1] = some.shape.view(np.uint8)
    return [row.tobytes() for row in packed]


def unpack(packed: NDArray[np.uint8]) -> Looks:
    """The numbers of ``n`` looks, whose bytes are of shape (n, 45)."""
    count = len(packed)
    nibbles = np.empty((count, GRID_CELLS), np.int8)
    nibbles[:, ::2] = packed[:, :GRID_BYTES] >> 4
    nibbles[:, 1::2] = packed[:, :GRID_BYTES] & 15
    bits = np.unpackbits(packed[:, GRID_BYTES : GRID_BYTES + COLOUR_BYTES], axis=1)
    values = (bits.reshape(count, COLOUR_VALUES, COLOUR_BITS) @ _PLACES.astype(np.uint8)).astype(
        np.int8
    )
    return Looks((nibbles ^ 8) - 8, (values ^ 4) - 4, packed[:, -1].view(np.int8).copy())
