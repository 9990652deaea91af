"""Later pictures of an animation: somebody may have taken any of them for the picture."""

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeVar

from PIL import Image

from bot.images.decode import DECODER_ERRORS, flatten, open_raster, too_large, upright
from bot.images.model import Limits
from bot.images.signature import Format

T = TypeVar("T")

ANIMATED: frozenset[Format] = frozenset({"GIF", "PNG", "WEBP"})
"""Formats whose further pictures are those of an animation, and not pages."""

FRAMES = 100
"""Pictures of an animation that are looked at; a later one needs all before it to be decoded."""

MOST = 3
"""Pictures that are kept of them."""

# What is decoded at most, in pixels altogether.
_PIXELS = 40_000_000


def later(
    data: bytes, kind: Format, limits: Limits, until: float, make: Callable[[Image.Image], T]
) -> list[tuple[int, T]]:
    """Up to three later pictures, evenly spread: their numbers, and what ``make`` does with them.

    ``make`` is given an upright, opaque picture in colour; see :class:`bot.images.decode.Frame`.
    What is decoded before ``until``, by :func:`time.monotonic`, is chosen from; so is what comes
    before a damaged one.  Raises nothing for what is in the file but :class:`MemoryError`.
    """
    kept: list[tuple[int, T]] = []
    stride = 1
    # The end of the animation is an error as well: EOFError.
    with warnings.catch_warnings(), suppress(*DECODER_ERRORS):
        warnings.simplefilter("ignore")
        for number, image in _frames(data, kind, limits, until):
            if number % stride == 0:
                kept.append((number, make(flatten(upright(image))[1])))
            # How many there are is not told by every format without reading them all.
            if len(kept) > 2 * MOST:
                kept, stride = kept[1::2], 2 * stride
    return spread(kept)


def _frames(
    data: bytes, kind: Format, limits: Limits, until: float
) -> Iterator[tuple[int, Image.Image]]:
    """One after the other: they are one picture, which changes."""
    image = open_raster(data, kind)
    if not getattr(image, "is_animated", False):
        return
    pixels = 0
    for number in range(1, FRAMES):
        image.seek(number)
        pixels += image.width * image.height
        if too_large(image, limits) or pixels > _PIXELS or time.monotonic() > until:
            return
        image.load()
        yield number, image


def spread(kept: list[T]) -> list[T]:
    """Up to three of some, from about one, two and three quarters of them on."""
    if len(kept) <= MOST:
        return kept
    return [kept[(len(kept) * quarter - 1) // (MOST + 1)] for quarter in range(1, MOST + 1)]
