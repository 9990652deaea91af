"""The mean colours of a picture's parts, which the second look is made of."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CELLS = 8
"""Cells along a side."""

# Of each side at least so many pixels are looked at; what is smaller is looked at as it is.
_FEWEST = 96


def cells(image: Image.Image) -> NDArray[np.uint8]:
    """Mean red, green and blue of 8 × 8 cells, of shape (8, 8, 3).

    ``image`` is opaque, of mode ``RGB``, ``L`` or ``P``.  Of a large one each n-th pixel is looked
    at, across and down.  Steps are odd, because patterns of dithering repeat after two, four or
    eight pixels: met at the same place each time, they would pass for a colour.
    """
    across, down = _step(image.width), _step(image.height)
    size = image.width // across, image.height // down
    if size != image.size:
        box = (0, 0, size[0] * across, size[1] * down)
        image = image.resize(size, Image.Resampling.NEAREST, box=box)
    if image.mode == "P":
        image = image.convert("RGB")
    small = image.resize((CELLS, CELLS), Image.Resampling.BOX)
    levels = np.asarray(small)
    return levels if levels.ndim == 3 else np.repeat(levels[..., None], 3, axis=2)


def _step(side: int) -> int:
    return max(1, (side // _FEWEST - 1) | 1)
