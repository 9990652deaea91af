"""What reading a picture gives: a fingerprint, or why there is none."""

from dataclasses import dataclass
from typing import Literal

UnreadableKind = Literal["empty", "unknown", "damaged", "too_large", "too_slow"]

Framing = Literal["whole", "border", "inside"]

MAX_PROBES = 20
"""How many further probes a query has at most."""


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
    ``look`` is the second look, 45 bytes: :mod:`bot.images.look_layout` says what they are.
    """

    dhash: int
    phash: int
    width: int
    height: int
    format: str
    plain: bool
    look: bytes


@dataclass(frozen=True, slots=True)
class View:
    """What was done to a picture that is asked about, before it was hashed.

    ``orientation`` is how it was turned or mirrored: by what its file would ask for, had it that
    EXIF orientation (1 for upright, 2 for mirrored, 6 for a quarter turn clockwise, …; up to 8).
    ``framing`` says which part was taken: the ``whole``, what is within a ``border``, or
    something that is shown ``inside``.  ``frame`` counts the pictures of an animation from 0, and
    is 255 at most.
    """

    orientation: int = 1
    framing: Framing = "whole"
    frame: int = 0


@dataclass(frozen=True, slots=True)
class Probe:
    """One view of a picture that is asked about; hashes and look as :class:`Fingerprint` has them.

    Its look has the shape of the view: a turned one is as wide as the picture is high.
    """

    view: View
    dhash: int
    phash: int
    look: bytes


@dataclass(frozen=True, slots=True)
class Query:
    """A picture that is asked about: the whole of it, and what else it may be found by.

    ``probes`` are further views, the likeliest first and at most :data:`MAX_PROBES`.  None is too
    plain to be searched for, and none is nearly the same as the whole or as one before it.
    """

    fingerprint: Fingerprint
    probes: tuple[Probe, ...]


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
