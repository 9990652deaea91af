"""Ways to search that are no database: all hashes in the memory of this process.

numpy's ``bitwise_count`` counts the bits of a negative number's absolute value, so everything here
is unsigned.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.hashes import BITS, Bigints
from bench.results import NEAREST, Search

# Hashes that are looked at in one step: with what is made of them they fit a core's own cache.
STEP = 1 << 15

# Puts a query, and gives how many hashes it finds.
Asked = Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Truth:
    """How many hashes are at each distance (0 to 64) from each query, by looking at all."""

    histograms: tuple[NDArray[np.int64], ...]

    def __add__(self, other: "Truth") -> "Truth":
        """The truth about the hashes of both, for the same queries."""
        both = zip(self.histograms, other.histograms, strict=True)
        return Truth(tuple(one + another for one, another in both))

    def rows(self, place: int, search: Search, limit: int | None) -> int:
        """How many rows a search with the query at that place finds."""
        histogram = self.histograms[place]
        if search.kind == "nearest":
            return min(NEAREST, int(histogram.sum()))
        found = int(histogram[: search.radius + 1].sum())
        return found if limit is None else min(limit, found)

    def nearest(self, place: int) -> list[int]:
        """The distances of the nearest hashes, ascending."""
        distances = np.repeat(np.arange(BITS + 1), np.minimum(self.histograms[place], NEAREST))
        return [int(distance) for distance in distances[:NEAREST]]


def look_at_all(hashes: Bigints, centers: list[int]) -> Truth:
    """The truth about these queries."""
    return Truth(tuple(_histogram(hashes.view(np.uint64), center) for center in centers))


def numpy_scan(hashes: Bigints, search: Search) -> Asked:
    """Read every hash once, count the bits that differ, and compare: what a scan can't do without.

    No row is kept.  Each step is a pass over a part that stays in the core's cache, so this is
    bound by the arithmetic of one core; :func:`read_once` is what the memory alone takes.
    """
    words = hashes.view(np.uint64)
    apart = np.empty(STEP, np.uint64)
    distance = np.empty(STEP, np.uint8)

    def ask(center: int) -> int:
        key = np.uint64(center & (2**BITS - 1))
        found = 0
        for start in range(0, len(words), STEP):
            part = words[start : start + STEP]
            size = len(part)
            np.bitwise_xor(part, key, out=apart[:size])
            np.bitwise_count(apart[:size], out=distance[:size])
            found += int(np.count_nonzero(distance[:size] <= search.radius))
        return found

    return ask


def read_once(hashes: Bigints) -> int:
    """Add all hashes up: little but the reading of them."""
    return int(np.add.reduce(hashes.view(np.uint64)))


class Faiss:
    """``IndexBinaryFlat`` of faiss on one thread: a scan that gives back all it finds."""

    def __init__(self, hashes: Bigints) -> None:
        """Raises :class:`ImportError` where faiss isn't installed."""
        faiss = importlib.import_module("faiss")
        faiss.omp_set_num_threads(1)
        self.version = str(faiss.__version__)
        self._index: Any = faiss.IndexBinaryFlat(BITS)
        self._index.add(hashes.view(np.uint8).reshape(-1, BITS // 8))

    def ready(self, search: Search) -> Asked:
        """Ready to be asked."""

        def within(center: int) -> int:
            # What faiss finds is nearer than the radius it is given.
            limits, _, _ = self._index.range_search(_as_bytes(center), search.radius + 1)
            return int(limits[1])

        def nearest(center: int) -> int:
            _, found = self._index.search(_as_bytes(center), NEAREST)
            return int((found >= 0).sum())

        return nearest if search.kind == "nearest" else within


def _as_bytes(center: int) -> NDArray[np.uint8]:
    return np.array([center], np.int64).view(np.uint8).reshape(1, -1)


def _histogram(words: NDArray[np.uint64], center: int) -> NDArray[np.int64]:
    key = np.uint64(center & (2**BITS - 1))
    found = np.zeros(BITS + 1, np.int64)
    for start in range(0, len(words), STEP):
        apart = np.bitwise_count(words[start : start + STEP] ^ key)
        found += np.bincount(apart, minlength=BITS + 1)
    return found
