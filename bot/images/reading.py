"""From the bytes of a file to its fingerprint, or to the reason why there is none."""

import warnings
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from gzip import GzipFile
from io import BytesIO
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.images import looks, reasons
from bot.images.colours import cells
from bot.images.decode import DECODER_ERRORS, Frame, decode
from bot.images.hashes import hashes
from bot.images.model import Fingerprint, Limits, Unreadable
from bot.images.resample import Small, shrink
from bot.images.signature import describe, format_of
from bot.images.svg import rasterise

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A picture that was read, and not hashed yet.

    ``cells`` are its colours as :func:`bot.images.colours.cells` has them.
    """

    small: Small
    cells: NDArray[np.uint8]
    width: int
    height: int
    format: str


def read(data: bytes, limits: Limits) -> Fingerprint | Unreadable:
    """Decode a whole file and hash it: :func:`bot.images.fingerprint`."""
    small = read_small(data, limits)
    return small if isinstance(small, Unreadable) else fingerprints([small])[0]


def read_small(data: bytes, limits: Limits) -> Shrunk | Unreadable:
    """Decode a whole file; all of :func:`read` that depends on what is in it."""
    return opened(data, limits, shrunk)


def opened(data: bytes, limits: Limits, make: Callable[[Frame], T]) -> T | Unreadable:
    """Decode a whole file, and give what ``make`` does with its picture.

    Neither may raise anything but :data:`bot.images.decode.DECODER_ERRORS` and
    :class:`MemoryError`, which are told by the value.
    """
    if not data:
        return reasons.EMPTY
    if len(data) > limits.max_bytes:
        return reasons.too_many_bytes(len(data), limits)
    # Decoders warn of what they find odd; a member reads our own sentence or none.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            frame = _frame(data, limits)
            return frame if isinstance(frame, Unreadable) else make(frame)
        except Image.DecompressionBombError:
            return reasons.too_many_pixels(None, limits)
        except MemoryError:
            return reasons.too_much_memory(limits)
        except DECODER_ERRORS:
            return reasons.DAMAGED


def shrunk(frame: Frame) -> Shrunk:
    """A decoded picture, ready to be hashed."""
    # Both hashes begin with this conversion; done once, it changes neither.
    small = shrink(frame.image.convert("L"))
    return Shrunk(small, cells(frame.coloured), frame.width, frame.height, frame.format)


def fingerprints(pictures: Sequence[Shrunk]) -> list[Fingerprint]:
    """The fingerprints of pictures, in their order."""
    if not pictures:
        return []
    seen = looks.looks(
        np.stack([one.small.for_phash for one in pictures]),
        np.stack([one.cells for one in pictures]),
        np.log2([one.width / one.height for one in pictures]),
    )
    return [
        Fingerprint(dhash, phash, one.width, one.height, one.format, plain, look)
        for one, (dhash, phash, plain), look in zip(
            pictures, hashes([one.small for one in pictures]), looks.pack(seen), strict=True
        )
    ]


def _frame(data: bytes, limits: Limits) -> Frame | Unreadable:
    kind = format_of(data)
    if kind is None:
        return reasons.unknown(describe(data))
    if kind == "GZIP":
        text = _gunzip(data, limits)
        if isinstance(text, Unreadable):
            return text
        if format_of(text) != "SVG":
            return reasons.unknown("an archive")
        return rasterise(text, limits)
    return rasterise(data, limits) if kind == "SVG" else decode(data, kind, limits)


def _gunzip(data: bytes, limits: Limits) -> bytes | Unreadable:
    try:
        with GzipFile(fileobj=BytesIO(data)) as file:
            text = file.read(limits.max_bytes + 1)
    except (OSError, EOFError, zlib.error):
        return reasons.DAMAGED
    return text if len(text) <= limits.max_bytes else reasons.too_many_bytes(None, limits)
