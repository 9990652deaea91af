"""The small pictures that fingerprints are made of, for one picture or for a million.

A *look* is what is left of a picture once it was shrunk: the grey levels that the product's hashes
look at, its colours on a coarse grid, and its shape.  It takes more bytes than would be stored; so
fingerprints can be invented without shrinking a million pictures anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.images.colours import CELLS, cells
from bot.images.resample import DHASH, PHASH, by_pillow, shrink

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Looks:
    """``n`` pictures.

    ``for_dhash`` (n, 8, 9) and ``for_phash`` (n, 32, 32) are grey levels 0…255, as the product
    shrinks them.  ``colour`` (n, 8, 8, 3) is the mean of red, green and blue in each cell, 0…255.
    ``shape`` (n) is the logarithm to base 2 of width over height.
    """

    for_dhash: NDArray[np.uint8]
    for_phash: NDArray[np.uint8]
    colour: NDArray[np.uint8]
    shape: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.shape)

    def __getitem__(self, which: Any) -> Self:
        """Those that numpy would choose by ``which``; not for a single index."""
        return type(self)(*(getattr(self, field.name)[which] for field in fields(self)))


def look(image: Image.Image) -> Looks:
    """A picture of mode ``RGB`` or ``L``, upright and opaque."""
    return looks([image])


def looks(images: Sequence[Image.Image]) -> Looks:
    """Some pictures, shrunk one after the other."""
    smalls = [shrink(image.convert("L")) for image in images]
    colours = [cells(image) for image in images]
    shapes = [np.log2(image.width / image.height) for image in images]
    return Looks(
        np.stack([small.for_dhash for small in smalls]).astype(np.uint8),
        np.stack([small.for_phash for small in smalls]).astype(np.uint8),
        np.stack(colours),
        np.array(shapes, np.float32),
    )


def together(parts: Sequence[Looks]) -> Looks:
    """One after the other."""
    return Looks(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Looks))
    )


def looks_at(pixels: NDArray[np.uint8], shape: NDArray[np.float32]) -> Looks:
    """Many pictures of one square size, of shape (n, side, side, 3), at once.

    Equal to :func:`looks` but for ``colour``, which may be a level off.
    """
    count, side = pixels.shape[:2]
    grey = grey_of(pixels)
    # A product for all at once is several times faster than one for each.
    rows = np.ascontiguousarray(grey).reshape(-1, side).astype(np.float64)
    matrix = np.concatenate([weights(side, DHASH[0]), weights(side, PHASH[0])])
    narrow = _levels(rows @ matrix.T).reshape(count, side, -1)
    both = []
    for start, (columns, lines) in ((0, DHASH), (DHASH[0], PHASH)):
        turned = narrow[:, :, start : start + columns].transpose(0, 2, 1).reshape(-1, side)
        small = _levels(turned @ weights(side, lines).T).reshape(count, columns, lines)
        both.append(np.ascontiguousarray(small.transpose(0, 2, 1)).astype(np.uint8))
    step = side // CELLS
    parts = pixels.reshape(count, CELLS, step, CELLS, step, 3)
    sums = parts.sum(axis=2, dtype=np.uint16).sum(axis=3, dtype=np.uint16)
    colour = ((sums + step * step // 2) // (step * step)).astype(np.uint8)
    return Looks(both[0], both[1], colour, shape)


def _levels(sums: Floats) -> Floats:
    sums += 0.5
    np.floor(sums, out=sums)
    return sums.clip(0, 255, out=sums)


def grey_of(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pillow's grey: the weights of ITU-R BT.601 in steps of 2⁻¹⁶."""
    sums = pixels[..., 0] * np.uint32(19595)
    sums += pixels[..., 1] * np.uint32(38470)
    sums += pixels[..., 2] * np.uint32(7471)
    sums += np.uint32(0x8000)
    sums >>= np.uint32(16)
    return sums.astype(np.uint8)


def weights(size: int, count: int) -> Floats:
    """Pillow's Lanczos weights of ``size`` pixels in each of ``count``, of shape (count, size)."""
    scale = size / count
    wide = max(scale, 1.0)
    centers = (np.arange(count) + 0.5) * scale
    away = np.abs(np.arange(size) + 0.5 - centers[:, None]) / wide
    matrix = np.where(away < 3, np.sinc(away) * np.sinc(away / 3), 0.0)
    # Pillow leaves out what lies at the very ends of the filter, and rounds to steps of 2⁻²².
    first = np.maximum(0, np.floor(centers - 3 * wide + 0.5))
    last = np.minimum(size, np.floor(centers + 3 * wide + 0.5))
    places = np.arange(size)
    matrix[(places < first[:, None]) | (places >= last[:, None])] = 0
    matrix /= matrix.sum(axis=1, keepdims=True)
    return np.asarray(np.rint(matrix * 2**22) / 2**22)


def by_the_obvious_way(image: Image.Image) -> Looks:
    """What :func:`look` gives, with Pillow's own shrinking."""
    small = by_pillow(image.convert("L"))
    return Looks(
        small.for_dhash[None].astype(np.uint8),
        small.for_phash[None].astype(np.uint8),
        cells(image)[None],
        np.array([np.log2(image.width / image.height)], np.float32),
    )
