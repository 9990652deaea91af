"""What reading a picture gives: a fingerprint, or why there is none."""

from dataclasses import dataclass
from typing import Literal

UnreadableKind = Literal["empty", "unknown", "damaged", "too_large", "too_slow"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one picture may cost.

    ``max_bytes`` of the file, ``max_pixels`` once decoded, ``timeout`` in seconds of wall time,
    ``memory`` in bytes of address space of a worker.
    """

    max_bytes: int = 25 * 1024 * 1024
    max_pixels: int = 64_000_000
    timeout: float = 5.0
    memory: int = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A picture, reduced to what is searched for.

    ``dhash`` is ``imagehash.dhash(picture, 8)`` and ``phash`` is ``imagehash.phash(picture, 8)``,
    each read as a signed big-endian 64-bit integer.  ``width`` and ``height`` are in pixels, with
    the EXIF orientation applied.  ``format`` is Pillow's name of the file format, or ``SVG``.
    ``plain`` says that the picture has too little in it to be told from others by its hash.
    """

    dhash: int
    phash: int
    width: int
    height: int
    format: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a picture gave no fingerprint. ``reason`` is a sentence for the one who sent it."""

    kind: UnreadableKind
    reason: str


@dataclass(frozen=True, slots=True)
class Guard:
    """Something that a process that reads pictures can't do.

    ``name`` says what, ``by`` by which means of the system.  ``missing`` says why nothing keeps it
    from doing so here, ``None`` where something does.
    """

    name: str
    by: str
    missing: str | None = None
