"""Pairs of different pictures whose dHashes are near: what the second look has to tell apart."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.quality.fingerprints import Words

# Of one query's neighbours, the most that are kept; each then stands for several.
MOST_OF_ONE = 600


@dataclass(frozen=True, slots=True)
class Strangers:
    """``n`` pairs of a query and a stored picture.

    ``query`` and ``stored`` (n) are places in what was searched for and in; ``weight`` (n) is how
    many pairs each stands for.  ``compared`` is how many pairs were looked at, near or not.
    """

    query: NDArray[np.int64]
    stored: NDArray[np.int64]
    weight: NDArray[np.float64]
    compared: int


def near(
    queries: Words,
    parents: NDArray[np.int16],
    stored: Words,
    stored_parents: NDArray[np.int16],
    radius: int,
    seed: int = 1,
) -> Strangers:
    """All pairs within a radius that have no parent in common, dHash by dHash.

    ``parents`` (n, k) and ``stored_parents`` (m, l) say what a picture was made of.
    """
    dice = np.random.default_rng(seed)
    found = list(_near(queries, parents, stored, stored_parents, radius, dice))
    return Strangers(
        np.concatenate([np.full(len(places), number) for number, places, _ in found]),
        np.concatenate([places for _, places, _ in found]),
        np.concatenate([np.full(len(places), weight) for _, places, weight in found]),
        len(queries) * len(stored),
    )


def _near(
    queries: Words,
    parents: NDArray[np.int16],
    stored: Words,
    stored_parents: NDArray[np.int16],
    radius: int,
    dice: np.random.Generator,
) -> Iterator[tuple[int, NDArray[np.int64], float]]:
    for number, query in enumerate(queries):
        places = np.flatnonzero(np.bitwise_count(stored ^ query) <= radius)
        related = (stored_parents[places][:, :, None] == parents[number]).any(axis=(1, 2))
        places = places[~related]
        weight = 1.0
        if len(places) > MOST_OF_ONE:
            weight = len(places) / MOST_OF_ONE
            places = dice.choice(places, MOST_OF_ONE, replace=False)
        yield number, places, weight
