"""How far two looks are apart, in each of the ways that a second look goes by.

Arrays are of as many queries as stored pictures, pair by pair, in the steps of
:mod:`bot.images.look_layout`: (n, 8, 8) greys, (n, 32) colours and (n) shapes.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from bot.images.look_layout import COLOUR_STEP, GRID_SIDE, GRID_STEP

Floats = NDArray[np.float32]
Small = NDArray[np.int8]

# Shares of the sides of a stored picture that a query may show, as when it was cropped.
_WINDOWS = (1.0, 0.95, 0.9, 0.8)
_FAR = 1.2  # standard deviations; what is farther from the whole is near no window

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
    whole[near] = np.minimum(whole[near], np.sqrt(best / GRID_SIDE**2))
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
