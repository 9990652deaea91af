"""What an import would store of pictures that are there as looks, by the product's own code."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.quality.looks import Looks
from bot.images import looks as product
from bot.images.hashes import differences, frequencies, signed

_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Stored:
    """Of ``n`` pictures the hashes, signed and of shape (n), and the 45 bytes of each look."""

    dhash: NDArray[np.int64]
    phash: NDArray[np.int64]
    looks: list[bytes]


def stored(some: Looks) -> Stored:
    """In their order."""
    dhash = np.empty(len(some), np.int64)
    phash = np.empty(len(some), np.int64)
    packed: list[bytes] = []
    for start in range(0, len(some), _AT_ONCE):
        part = some[start : start + _AT_ONCE]
        end = start + len(part)
        dhash[start:end] = signed(differences(part.for_dhash))
        phash[start:end] = signed(frequencies(part.for_phash.astype(np.float64)))
        shape = part.shape.astype(np.float64)
        packed += product.pack(product.looks(part.for_phash, part.colour, shape))
    return Stored(dhash, phash, packed)
