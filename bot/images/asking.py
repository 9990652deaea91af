"""From the bytes of a file to all that a picture is searched by, or to why there is nothing."""

import time
from contextlib import suppress

from PIL import Image

from bot.images.animation import ANIMATED, later
from bot.images.decode import Frame
from bot.images.model import Limits, Probe, Query, Unreadable
from bot.images.probes import probes, reduced
from bot.images.reading import Shrunk, fingerprints, opened, shrunk
from bot.images.signature import format_of

# Shares of the time that reading one picture may take: once so much is gone no further views are
# made, and so much may go on later pictures of an animation.
_ENOUGH = 0.4
_ANIMATION = 0.1


def query(data: bytes, limits: Limits) -> Query | Unreadable:
    """Decode a whole file and hash it in all views: :func:`bot.images.query`.

    What stands in the way of further views makes no picture unreadable that can be read.
    """
    begun = time.monotonic()
    made = opened(data, limits, _both)
    if isinstance(made, Unreadable):
        return made
    small, copy = made
    whole = fingerprints([small])[0]
    further: tuple[Probe, ...] = ()
    if copy is not None and time.monotonic() - begun < _ENOUGH * limits.timeout:
        with suppress(MemoryError):
            further = probes(whole, small.small, small.cells, copy, _later(data, limits))
    return Query(whole, further)


def _both(frame: Frame) -> tuple[Shrunk, Image.Image | None]:
    """The picture ready to be hashed, and the copy that is looked into."""
    small = shrunk(frame)
    try:
        return small, reduced(frame.coloured)
    except MemoryError:
        return small, None


def _later(data: bytes, limits: Limits) -> list[tuple[int, Image.Image]]:
    kind = format_of(data)
    if kind not in ANIMATED:
        return []
    until = time.monotonic() + _ANIMATION * limits.timeout
    return later(data, kind, limits, until, reduced)
