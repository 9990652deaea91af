"""Whether distractors are like pictures: pairs of them, and of real ones, by how close they are."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.quality.distractors import SHARES, Distractors
from bench.quality.fingerprints import Prints, prints
from bench.quality.looks import looks
from bench.quality.pictures import Picture
from bench.report import table

Places = NDArray[np.integer[Any]]

RADII = (0, 2, 3, 4, 6, 8, 10, 12)
SAMPLE = 3_000
AGAINST = 200_000
_BANDS = ((0, 6), (7, 12), (13, 18), (19, 24), (25, 32))


def report(pictures: Sequence[Picture], made: Distractors) -> str:
    """Tables: pairs within a radius, how second fingerprints differ in those, and single bits."""
    real = prints(looks([picture.open() for picture in pictures]))
    kinds = np.array([picture.kind for picture in pictures])
    dice = np.random.default_rng(1)
    drawn = prints(made.looks[:AGAINST])
    some = dice.choice(len(drawn), min(SAMPLE, len(drawn)), replace=False)
    parents, style = made.parents[:AGAINST], made.style[:AGAINST]
    nothing = np.arange(len(real))[:, None]
    rows = []
    for kind in ("photo", "clipart", "flag", "map", "sky", ""):
        which = np.flatnonzero((kinds == kind) | (kind == ""))
        if len(which) > 1:
            name = f"real: {kind or 'all'}"
            rows.append(_row(name, real[which], nothing[which], real[which], nothing[which]))
    photos = np.flatnonzero(kinds == "photo")
    for number, name in [*enumerate(SHARES), (-1, "all")]:
        both = np.flatnonzero((style == number) | (number < 0))
        few = both[: SAMPLE // 3] if number >= 0 else some
        title = f"drawn: {name}"
        rows.append(_row(title, drawn[few], parents[few], drawn[both], parents[both]))
    rows.append(_row("real photos, drawn: all", real[photos], photos[:, None], drawn, parents))
    head = ["pairs in a million", "pairs", *(f"≤ {radius}" for radius in RADII)]
    bits = table(
        ["single bits", "mean share of ones", "least", "most", "mean distance from one half"],
        [_bits("real photos", real[photos]), _bits("drawn photos", drawn[style == 0]),
         _bits("real: all", real), _bits("drawn: all", drawn)],
    )  # fmt: skip
    second = table(
        ["mean pHash and 256 waves at a dHash distance of", *(f"{a}…{b}" for a, b in _BANDS)],
        [
            _second("real photos", real[photos], photos[:, None], real[photos], photos[:, None]),
            _second("drawn: all", drawn[some], parents[some], drawn, parents),
        ],
    )
    return f"{table(head, rows)}\n\n{bits}\n\n{second}"


def _apart(
    one: Prints, parents: Places, others: Prints, their: Places, place: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """dHash distances of one to all others, and which of those are strangers to it."""
    apart = np.bitwise_count(others.dhash ^ one.dhash[place])
    return apart, ~(their[:, :, None] == parents[place]).any(axis=(1, 2))


def _row(name: str, one: Prints, parents: Places, others: Prints, their: Places) -> list[str]:
    found = np.zeros(65, np.int64)
    for place in range(len(one)):
        apart, strange = _apart(one, parents, others, their, place)
        found += np.bincount(apart[strange], minlength=65)
    within = np.cumsum(found) / found.sum() * 1e6
    return [name, f"{found.sum():,}", *(f"{within[radius]:.1f}" for radius in RADII)]


def _bits(name: str, some: Prints) -> list[str]:
    share = np.unpackbits(some.dhash.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1).mean(0)
    values = (share.mean(), share.min(), share.max(), np.abs(share - 0.5).mean())
    return [name, *(f"{value:.2f}" for value in values)]


def _second(name: str, one: Prints, parents: Places, others: Prints, their: Places) -> list[str]:
    """How far second fingerprints of strangers are: 32 and 128 bits would be chance."""
    sums = np.zeros((len(_BANDS), 3))
    for place in range(len(one)):
        apart, strange = _apart(one, parents, others, their, place)
        for number, (least, most) in enumerate(_BANDS):
            which = np.flatnonzero(strange & (apart >= least) & (apart <= most))[:200]
            phash = np.bitwise_count(others.phash[which] ^ one.phash[place])
            waves = np.bitwise_count(others.waves[which] ^ one.waves[place])
            sums[number] += (len(which), phash.sum(), waves.sum())
    return [
        name,
        *(f"{p / n:.1f}, {w / n:.0f} ({n:,.0f} pairs)" if n else "–" for n, p, w in sums),
    ]
