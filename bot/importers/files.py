"""Files on this machine: which are pictures, what is in them, and how their names are told."""

import os
import re
import stat
from pathlib import Path

from bot.images import Limits, Unreadable, reasons

PICTURE_SUFFIXES = frozenset(
    {
        ".apng",
        ".avif",
        ".bmp",
        ".dib",
        ".gif",
        ".heic",
        ".heif",
        ".ico",
        ".jfif",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".png",
        ".svg",
        ".svgz",
        ".tif",
        ".tiff",
        ".webp",
    }
)

# Controls, halves of characters, and what turns the direction of text: a name must not write to
# the terminal that shows it.
_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def is_picture_name(name: str) -> bool:
    """Whether a file of that name may be a picture, as far as its extension tells."""
    return os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES  # noqa: PTH122  (a hot path)


def showable(name: str) -> str:
    """A name for people: what is no text, or would disturb a terminal, as ``\\x1b``."""
    return _UNSHOWABLE.sub(lambda odd: odd[0].encode("unicode_escape").decode(), name)


def contents(path: Path, max_bytes: int) -> bytes | Unreadable:
    """A regular file's bytes, if there are any and at most ``max_bytes``: blocking.

    No more than that is read, and nothing that is not a file is waited for.
    """
    limits = Limits(max_bytes=max_bytes)
    try:
        # Not blocking: a pipe or a device by that name would keep a reader waiting for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return reasons.cannot_open("it is not a file")
            if status.st_size > max_bytes:
                return reasons.too_many_bytes(status.st_size, limits)
            data = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        return reasons.cannot_open(getattr(error, "strerror", None) or str(error))
    if len(data) > max_bytes:
        return reasons.too_many_bytes(None, limits)
    return data or reasons.EMPTY
