"""How far two looks are apart, in each of the ways that a second look goes by.

Arrays are of as many queries as stored pictures, pair by pair, in the steps of
:mod:`bot.images.look_layout`: (n, 8, 8) greys, (n, 32) colours and (n) shapes.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from bot.images.look_layout import COLOUR_STEP, GRID_SIDE, GRID_STEP
from bot.images.look_layout import GRID_CELLS as _CELLS

Floats = NDArray[np.float32]
Small = NDArray[np.int8]

# Shares of the sides of a stored picture that a query may show, as when it was cropped.
_WINDOWS = (1.0, 0.95, 0.9, 0.8)
_FAR = 1.2  # standard deviations; what is farther from the whole is near no window
_AT_ONCE = 200  # pairs, each of which takes 7 kB

# Below this mean difference from grey, in levels, a picture is grey.
_GREY = 3.0
# What a grey picture is taken to be apart from one in colour, in levels, at most.
_LOST_COLOUR = 8.0
_MOST_COLOUR = 40.0  # levels in one cell: a logo is no other picture


def hamming(a: int, b: int) -> int:
    """The number of bits in which two signed 64-bit hashes differ, 0–64."""
    return ((a ^ b) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


def shapes(query: Small, stored: Small) -> Floats:
    """Steps between logarithms of width over height."""
    return np.asarray(np.abs(query.astype(np.int16) - stored), np.float32)


def colours(query: Small, stored: Small) -> Floats:
    """Mean difference of Cb and Cr in levels; not much where the query has no colour.

    A copy in grey has lost its colours, so that it has none says little of where it is from.
    """
    # The lowest bits are worth little and rounding takes them: differences of one step are none.
    apart = np.abs(query.astype(np.int16) - stored)
    levels = np.minimum(np.maximum(apart - 1, 0) * np.float32(COLOUR_STEP), _MOST_COLOUR)
    mean = levels.mean(axis=1, dtype=np.float32)
    coloured = np.abs(query.astype(np.int16)).mean(axis=1) * COLOUR_STEP >= _GREY
    return np.asarray(np.where(coloured, mean, np.minimum(mean, np.float32(_LOST_COLOUR))))


def all_colours(one: Small, other: Small) -> Floats:
    """The same where neither is asked about, so that grey is a colour like any other."""
    apart = np.abs(one.astype(np.int16) - other)
    return np.asarray(np.maximum(apart - 1, 0).mean(axis=1) * COLOUR_STEP, np.float32)


def greys(query: Small, stored: Small) -> Floats:
    """Root of the mean square, in standard deviations."""
    apart = query.astype(np.int16) - stored
    return np.asarray(np.sqrt((apart * apart).mean(axis=(1, 2))) * GRID_STEP, np.float32)


def fitted(query: Small, stored: Small) -> Floats:
    """As of the greys, for the window of the stored picture that fits best."""
    whole = greys(query, stored)
    near = np.flatnonzero(whole < _FAR)
    for start in range(0, len(near), _AT_ONCE):
        some = near[start : start + _AT_ONCE]
        whole[some] = np.minimum(whole[some], _by_windows(query[some], stored[some]))
    return whole


def _by_windows(query: Small, stored: Small) -> Floats:
    """The least distance of each query from the windows of a stored picture, both normalised."""
    wanted, length = _centred(query.reshape(-1, 1, _CELLS).astype(np.float32))
    parts = (stored.reshape(-1, _CELLS).astype(np.float32) @ _windows()).reshape(
        len(stored), -1, _CELLS
    )
    parts, lengths = _centred(parts)
    alike = (parts @ wanted.transpose(0, 2, 1))[:, :, 0]
    # The square of a difference is that of both less twice their product.
    scale, scales = np.maximum(length, 1.0), np.maximum(lengths, 1.0)
    apart = (length / scale) ** 2 + (lengths / scales) ** 2
    apart -= 2 * alike / (_CELLS * scale * scales)
    return np.asarray(np.sqrt(np.maximum(apart.min(axis=1), 0)), np.float32)


def _centred(cells: Floats) -> tuple[Floats, Floats]:
    """Cells (…, 64) less their mean, and their standard deviation (…)."""
    cells = cells - cells.mean(axis=2, keepdims=True)
    return cells, np.sqrt(np.einsum("nwc,nwc->nw", cells, cells) / _CELLS)


@cache
def _windows() -> Floats:
    """What the cells of each window are made of: of shape (64, 64 · windows).

    Windows of each share of the sides are at the start, in the middle and at the end.
    """
    centers = (np.arange(GRID_SIDE) + 0.5) / GRID_SIDE
    found = []
    for share in _WINDOWS:
        maps = []
        for place in (0.0, 0.5, 1.0) if share < 1 else (0.0,):
            at = (place * (1 - share) + share * centers) * GRID_SIDE - 0.5
            apart = np.abs(at.clip(0, GRID_SIDE - 1)[:, None] - np.arange(GRID_SIDE))
            maps.append(np.maximum(0, 1 - apart))
        found += [np.kron(down, across) for down in maps for across in maps]
    return np.ascontiguousarray(np.concatenate(found).T, np.float32)
