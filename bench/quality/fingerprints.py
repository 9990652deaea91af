"""Candidates for the second look at a picture whose dHash is near: what is stored, how it differs.

All are made of a :class:`~bench.quality.looks.Looks`: none needs the whole picture a second time.
A distance is small for copies of one picture; only its order matters.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import fft  # type: ignore[import-untyped]

from bench.quality.looks import Looks
from bot.images import looks as product
from bot.images.hashes import differences, frequencies
from bot.images.look_layout import GRID_SIDE
from bot.search import distances

Words = NDArray[np.uint64]
Distances = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Prints:
    """The fingerprints of ``n`` pictures.

    ``dhash`` and ``phash`` (n): the product's, 64 bits.  ``down`` (n): differences between rows, 64
    bits.  ``across16`` (n, 4) and ``down16`` (n, 4): differences on 16 × 16, 256 bits each.
    ``waves`` (n, 4): 256 frequencies above their median or not; ``low`` (n, 2): the
    121 lowest of them above their own median.  ``grid`` (n, 64): grey of 8 × 8
    cells, normalised, 4 bits each.  ``colour`` (n, 32): Cb and Cr of 4 × 4 cells, 3 bits each.
    ``shape`` (n): the logarithm to base 2 of width over height, in steps of 1/32.
    """

    dhash: Words
    phash: Words
    down: Words
    across16: Words
    down16: Words
    waves: Words
    low: Words
    grid: NDArray[np.int8]
    colour: NDArray[np.int8]
    shape: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.dhash)

    def __getitem__(self, which: Any) -> Self:
        """Those that numpy would choose by ``which``; not for a single index."""
        return type(self)(*(getattr(self, field.name)[which] for field in fields(self)))


BYTES: Mapping[str, int] = {
    "dhash": 8, "phash": 8, "down": 8, "across16": 32, "down16": 32, "waves": 32, "low": 16,
    "grid": 32, "fitted": 32, "colour": 12, "shape": 1,
}  # fmt: skip


def prints(looks: Looks, at_once: int = 20_000) -> Prints:
    """The fingerprints of pictures, in their order."""
    parts = [_prints(looks[start : start + at_once]) for start in range(0, len(looks), at_once)]
    return Prints(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Prints))
    )


def _prints(looks: Looks) -> Prints:
    levels = looks.for_phash
    pairs = levels.reshape(len(levels), 16, 2, 16, 2).sum(axis=(2, 4), dtype=np.uint16)
    return Prints(
        dhash=words(differences(looks.for_dhash))[:, 0],
        phash=words(frequencies(levels))[:, 0],
        down=words(_down(levels))[:, 0],
        across16=words(np.diff(pairs.astype(np.int16), axis=2, append=0) > 0),
        down16=words(np.diff(pairs.astype(np.int16), axis=1, append=0) > 0),
        waves=words(_waves(levels, 16)),
        low=words(_waves(levels, 11)),
        grid=product.grid(levels),
        colour=product.colour(looks.colour),
        shape=product.steps_of_shape(looks.shape),
    )


def words(bits: NDArray[np.bool_]) -> Words:
    """Bits of shape (n, …) as 64-bit words of shape (n, bits / 64), the first bit the highest."""
    packed = np.packbits(bits.reshape(len(bits), -1), axis=1)
    return packed.view(">u8").astype(np.uint64)


def _down(levels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where one of nine rows of eight cells is lighter than the one above it."""
    cells = levels.reshape(len(levels), 32, 8, 4).sum(axis=3, dtype=np.uint16).astype(np.float32)
    edges = np.linspace(0, 32, 10)
    places = np.arange(32)
    share = np.clip(
        np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places), 0, 1
    )
    rows = np.einsum("rk,nkc->nrc", share.astype(np.float32), cells, optimize=True)
    return np.asarray(rows[:, 1:] > rows[:, :-1])


def _waves(levels: NDArray[np.uint8], side: int) -> NDArray[np.bool_]:
    """Of whole words; the last bits may say nothing."""
    rows = fft.dct(levels.astype(np.float32), axis=1)[:, 1 : side + 1]
    low = fft.dct(rows, axis=2)[:, :, 1 : side + 1].reshape(len(levels), side * side)
    above = low > np.median(low, axis=1, keepdims=True)
    return np.pad(above, ((0, 0), (0, -side * side % 64)))


def _bits(name: str) -> Callable[[Prints, Prints], Distances]:
    def distance(query: Prints, stored: Prints) -> Distances:
        apart = np.bitwise_count(getattr(query, name) ^ getattr(stored, name))
        if apart.ndim == 2:
            apart = apart.sum(axis=1, dtype=np.uint16)
        return np.asarray(apart, np.float32)

    return distance


def _cells(grids: NDArray[np.int8]) -> NDArray[np.int8]:
    return grids.reshape(-1, GRID_SIDE, GRID_SIDE)


# Name → distance of pairs of as many queries and stored pictures.
CANDIDATES: Mapping[str, Callable[[Prints, Prints], Distances]] = {
    "dhash": _bits("dhash"),
    "phash": _bits("phash"),
    "down": _bits("down"),
    "across16": _bits("across16"),
    "down16": _bits("down16"),
    "waves": _bits("waves"),
    "low": _bits("low"),
    "grid": lambda query, stored: distances.greys(_cells(query.grid), _cells(stored.grid)),
    "fitted": lambda query, stored: distances.fitted(_cells(query.grid), _cells(stored.grid)),
    "colour": lambda query, stored: distances.colours(query.colour, stored.colour),
    "shape": lambda query, stored: distances.shapes(query.shape, stored.shape),
}
