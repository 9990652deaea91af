"""Hashes with the statistics of real dHashes, the same for the same seed.

Three quarters are gradients of fields whose amplitude falls with the frequency, as in photographs;
two fifths of these are laid on a flat ground, whose bits are zero, as drawings and logos are.  The
rest are copies: near ones with up to four bits changed, and equal ones of a few popular pictures.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Bigints = NDArray[np.int64]
Dice = np.random.Generator

STEEPNESS = 1.4  # of 1/f^a; that of natural images is near one
CHUNK = 50_000


def like_pictures(count: int, seed: int = 1) -> Bigints:
    """``count`` bigints, in random order."""
    dice = np.random.default_rng(seed)
    firsts = count * 3 // 4
    near = count // 5
    made = np.concatenate(list(_gradients(dice, firsts))) if firsts else np.empty(0, np.int64)
    copies = made[dice.integers(0, firsts, near)]
    for _ in range(4):
        flips = dice.random(near) < 0.5
        copies[flips] ^= np.left_shift(np.int64(1), dice.integers(0, 64, int(flips.sum())))
    popularity = 1 / np.arange(1, min(firsts, 20_000) + 1)
    popular = dice.choice(len(popularity), count - firsts - near, p=popularity / popularity.sum())
    everything = np.concatenate([made, copies, made[popular]])
    dice.shuffle(everything)
    return everything


def at_random(count: int, seed: int = 1) -> Bigints:
    """``count`` bigints whose bits are fair coins: the hardest there are."""
    edge = np.iinfo(np.int64)
    return np.random.default_rng(seed).integers(edge.min, edge.max, count, np.int64, endpoint=True)


def altered(hashes: Bigints, count: int, bits: int, seed: int) -> list[int]:
    """Some of the hashes, each with up to ``bits`` bits changed: copies to search for."""
    dice = np.random.default_rng(seed)
    chosen = dice.choice(hashes, count)
    for place in range(count):
        for bit in dice.choice(64, int(dice.integers(0, bits + 1)), replace=False):
            chosen[place] ^= np.left_shift(np.int64(1), bit)
    return [int(hash_) for hash_ in chosen]


def _gradients(dice: Dice, count: int) -> Iterator[Bigints]:
    frequency = np.hypot(np.fft.fftfreq(16)[:, None], np.fft.rfftfreq(16)[None, :])
    amplitude = np.maximum(frequency, 1 / 16) ** -STEEPNESS
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        shape = (size, *amplitude.shape)
        waves = dice.standard_normal(shape) + 1j * dice.standard_normal(shape)
        field = np.fft.irfft2(waves * amplitude, s=(16, 16))[:, :8, :9]
        bits = field[:, :, 1:] > field[:, :, :-1]
        bits &= _figure(dice, size)
        yield np.packbits(bits.reshape(size, 64), axis=1).view(">i8").astype(np.int64).ravel()


def _figure(dice: Dice, count: int) -> NDArray[np.bool_]:
    """Where each picture is not flat: a rectangle, or everywhere."""
    place = np.arange(8)
    rows = (place >= dice.integers(0, 3, (count, 1))) & (place < dice.integers(6, 9, (count, 1)))
    columns = (place >= dice.integers(0, 4, (count, 1))) & (place < dice.integers(5, 9, (count, 1)))
    flat = dice.random((count, 1, 1)) < 0.4
    figure: NDArray[np.bool_] = (rows[:, :, None] & columns[:, None, :]) | ~flat
    return figure
