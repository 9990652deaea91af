"""Hashes with the statistics of real dHashes, the same for the same seed.

A *picture* is one of four kinds:

- a photograph: the signs of the gradients of a Gaussian field whose amplitude falls with the
  frequency as 1/f^a, some sharp and some blurred (see :data:`SHARPNESS`);
- a drawing: the same within an ellipse on a flat ground, whose bits are zero;
- an emblem: a drawing that is small on its ground, as logos and symbols are;
- a sheet: one of a few thousand forms that pictures by the thousand are made on (locator maps,
  diagrams, flags), with the bits that vary on that form changed here and there.

One picture in ten is a near copy of another: every bit of it changed with a chance of 1 in 32.

A *row* is an appearance of a picture: each has one, and a third more rows are given out by
popularity, which falls as one over the rank; the most popular are mostly graphics.  Of 30 million
rows 18 million are distinct then, and the most popular picture has about 200,000.

On average over pairs of pictures of a large and mixed collection, 23 in a million are within 3
bits, 83 within 6, 174 within 8 and 386 within 10; of photographs alone 0.6 within 6 and 23 within
10.  The shares below are chosen to come near that: among a million pictures, 24, 81, 176 and 379
were found.  :func:`close_pairs` measures it, and bench.index prints what its pictures give.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Bigints = NDArray[np.int64]
Bits = NDArray[np.bool_]
Dice = np.random.Generator

SIDE = 8
BITS = SIDE * SIDE
CHUNK = 100_000

# Exponent of 1/f^a → share of the photographs; that of natural images is near one, and blurred or
# dim ones, of which a small version shows little but the light's direction, go to two.
SHARPNESS = {1.0: 0.40, 1.4: 0.25, 1.7: 0.20, 2.0: 0.15}

PHOTOGRAPHS, DRAWINGS, EMBLEMS, SHEETS = 0.90, 0.03, 0.032, 0.038
FAMOUS = (0.25, 0.25, 0.25, 0.25)  # the same four among the most popular
FAMOUS_SHARE = 0.002

NEAR_COPIES = 0.1
FORMS = 2_000

# Of the rows, how many are first appearances; equal hashes among those are repeats too.
FIRST = 0.622
# Popularity is 1 / (rank + HEAD).
HEAD = 3.0


def like_pictures(count: int, seed: int = 1) -> Bigints:
    """``count`` rows, in random order."""
    dice = np.random.default_rng((seed, 1))
    firsts = max(1, int(count * FIRST)) if count else 0
    rows = np.empty(count, np.int64)
    start = 0
    for part in pictures(firsts, seed):
        rows[start : start + len(part)] = part
        start += len(part)
    for start in range(firsts, count, CHUNK):
        size = min(CHUNK, count - start)
        # The inverse of the distribution function of 1 / (rank + HEAD).
        rank = HEAD * ((firsts + HEAD) / HEAD) ** dice.random(size) - HEAD
        rows[start : start + size] = rows[np.minimum(rank.astype(np.int64), firsts - 1)]
    dice.shuffle(rows)
    return rows


def pictures(count: int, seed: int = 1) -> Iterator[Bigints]:
    """``count`` different pictures, the most popular first, a chunk at a time.

    They are made and forgotten; near copies are of pictures in the same chunk.
    """
    factors = [(_factor(steepness), share) for steepness, share in SHARPNESS.items()]
    famous = int(count * FAMOUS_SHARE)
    edges = sorted({0, famous, *range(famous, count, CHUNK), count})
    forms = np.random.default_rng((seed, 2))
    form = _drawings(_fields(forms, factors, FORMS), forms, 2, 5)
    weak = forms.integers(0, 2**64, FORMS, np.uint64)
    for number, (start, stop) in enumerate(pairwise(edges)):
        dice = np.random.default_rng((seed, 0, number))
        shares = FAMOUS if start < famous else (PHOTOGRAPHS, DRAWINGS, EMBLEMS, SHEETS)
        photographs, drawings, emblems, sheets = dice.multinomial(stop - start, shares)
        which = _by_popularity(dice, sheets, FORMS)
        made = np.concatenate(
            [
                _packed(_fields(dice, factors, photographs)),
                _drawings(_fields(dice, factors, drawings), dice, 2, 5),
                _drawings(_fields(dice, factors, emblems), dice, 1, 5),
                form[which] ^ (_sparse(dice, sheets, 4) & weak[which]),
            ]
        )
        dice.shuffle(made)
        copies = np.flatnonzero(dice.random(len(made)) < NEAR_COPIES)
        origins = dice.integers(0, len(made), len(copies))
        made[copies] = made[origins] ^ _sparse(dice, len(copies), 5)
        yield made.view(np.int64)


def at_random(count: int, seed: int = 1) -> Bigints:
    """``count`` bigints whose bits are fair coins: the hardest there are."""
    edge = np.iinfo(np.int64)
    return np.random.default_rng(seed).integers(edge.min, edge.max, count, np.int64, endpoint=True)


def altered(hashes: Bigints, count: int, bits: int, seed: int) -> list[int]:
    """Some of the hashes, each with up to ``bits`` bits changed: copies to search for."""
    dice = np.random.default_rng(seed)
    chosen = dice.choice(hashes, count)
    for place in range(count):
        for bit in dice.choice(BITS, int(dice.integers(0, bits + 1)), replace=False):
            chosen[place] ^= np.left_shift(np.int64(1), bit)
    return [int(hash_) for hash_ in chosen]


def questions(hashes: Bigints, count: int, seed: int = 7) -> list[int]:
    """What to search for among such hashes, in random order.

    Half are stored hashes with up to four bits changed, an eighth very popular ones, an eighth flat
    ones (at most eight bits set), and a quarter pictures of another seed.
    """
    dice = np.random.default_rng((seed, 3))
    eighth = count // 8
    sample = hashes[dice.integers(0, len(hashes), min(len(hashes), 200_000))]
    values, repeats = np.unique(sample, return_counts=True)
    popular = values[repeats >= min(5, repeats.max())]
    ones = np.bitwise_count(values.view(np.uint64))
    flat = values[ones <= max(8, ones.min())]
    new = list(pictures(2 * eighth, seed=1_000_000 + seed))
    near = altered(hashes, count - 4 * eighth, bits=4, seed=seed)
    everything = np.concatenate(
        [np.array(near, np.int64), dice.choice(popular, eighth), dice.choice(flat, eighth), *new]
    )
    dice.shuffle(everything)
    return [int(hash_) for hash_ in everything]


def close_pairs(some: Bigints, others: Bigints, radii: tuple[int, ...]) -> dict[int, float]:
    """Of a million pairs with one of each, how many are within each radius."""
    found = dict.fromkeys(radii, 0)
    for one in some:
        apart = np.bitwise_count((others ^ one).view(np.uint64))
        for radius in radii:
            found[radius] += int(np.count_nonzero(apart <= radius))
    pairs = len(some) * len(others)
    return {radius: count / pairs * 1e6 for radius, count in found.items()}


def kept(folder: Path, count: int, seed: int, say: Callable[[str], None]) -> Bigints:
    """The rows of :func:`like_pictures`, made once and kept in a file of the folder.

    Its name holds a digest of this file: changed code makes other hashes.
    """
    digest = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    path = folder / f"dhashes-{digest}-{seed}-{count}.npy"
    if path.is_file():
        say(f"The hashes are those in {path}")
        stored: Bigints = np.load(path)
        return stored
    say(f"Making {count:,} hashes; they are kept in {path}")
    made = like_pictures(count, seed)
    folder.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}.new")
    with scratch.open("wb") as file:
        np.save(file, made)
    scratch.rename(path)
    return made


def _factor(steepness: float) -> NDArray[np.float32]:
    """What makes the 64 horizontal gradients of a field from 64 independent normal numbers.

    The field's covariance is the Fourier transform of its power spectrum (Wiener and Khinchin);
    below a wave in 16 pixels the spectrum is flat.  The factor is Cholesky's.
    """
    size = 32
    across = np.fft.fftfreq(size)
    frequency = np.hypot(across[:, None], across[None, :])
    power = np.maximum(frequency, 1 / 16) ** (-2 * steepness)
    power[0, 0] = 0
    covariance = np.fft.ifft2(power).real
    row, column = np.divmod(np.arange(BITS), SIDE)
    down, right = row[:, None] - row, column[:, None] - column

    def shifted(by: int) -> NDArray[np.float64]:
        values: NDArray[np.float64] = covariance[down % size, (right + by) % size]
        return values

    gradients = 2 * shifted(0) - shifted(1) - shifted(-1)
    gradients /= gradients[0, 0]
    return np.linalg.cholesky(gradients + 1e-6 * np.eye(BITS)).astype(np.float32)


def _fields(dice: Dice, factors: list[tuple[NDArray[np.float32], float]], count: int) -> Bits:
    """The bits of photographs, of shape (count, 64)."""
    amounts = dice.multinomial(count, [share for _, share in factors])
    return np.concatenate(
        [
            dice.standard_normal((amount, BITS), dtype=np.float32) @ factor.T > 0
            for (factor, _), amount in zip(factors, amounts, strict=True)
        ]
    )


def _drawings(fields: Bits, dice: Dice, least: float, most: float) -> NDArray[np.uint64]:
    """Fields within ellipses near the middle, with axes in pixels of the 8 × 8 hash."""
    count = len(fields)
    place = np.arange(SIDE) + 0.5
    sides = [
        ((place - dice.normal(SIDE / 2, 0.5, (count, 1))) / dice.uniform(least, most, (count, 1)))
        ** 2
        for _ in range(2)
    ]
    inside = sides[0][:, :, None] + sides[1][:, None, :] < 1
    return _packed(fields & inside.reshape(count, BITS))


def _packed(bits: Bits) -> NDArray[np.uint64]:
    return np.packbits(bits, axis=1).view(">u8").astype(np.uint64).ravel()


def _sparse(dice: Dice, count: int, halvings: int) -> NDArray[np.uint64]:
    """Words in which a bit is set with a chance of 1 in 2^halvings."""
    words: NDArray[np.uint64] = np.bitwise_and.reduce(
        dice.integers(0, 2**64, (halvings, count), np.uint64)
    )
    return words


def _by_popularity(dice: Dice, count: int, among: int) -> NDArray[np.int64]:
    weights = 1 / np.arange(1, among + 1)
    return dice.choice(among, count, p=weights / weights.sum())
