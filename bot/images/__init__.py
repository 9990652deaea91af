"""Bytes in, fingerprint out: decoding, rasterising and hashing, in processes that can be killed.

:class:`Workers` is what the rest of the program uses.  :func:`fingerprint` is the pure function
that its processes run; it is public for tests, and for whoever brings a process of their own.

Importing this package loads no decoder: the process that holds the token and the database never
opens a stranger's file, and need not carry Pillow, NumPy and cairo.
"""

from bot.images.look_layout import LOOK_BYTES
from bot.images.model import (
    MAX_PROBES,
    Fingerprint,
    Framing,
    Guard,
    Limits,
    Probe,
    Query,
    Unreadable,
    UnreadableKind,
    View,
)
from bot.images.reasons import COUNTED_AS
from bot.images.workers.pool import JOB_BYTES, JOB_PICTURES, Workers

__all__ = [
    "COUNTED_AS",
    "JOB_BYTES",
    "JOB_PICTURES",
    "LOOK_BYTES",
    "MAX_PROBES",
    "Fingerprint",
    "Framing",
    "Guard",
    "Limits",
    "Probe",
    "Query",
    "Unreadable",
    "UnreadableKind",
    "View",
    "Workers",
    "cairo_available",
    "fingerprint",
    "heif_available",
    "query",
]


def fingerprint(data: bytes, limits: Limits) -> Fingerprint | Unreadable:
    """Read one picture, in this process: blocking, and with no limit on time or memory.

    ``data`` is a whole file of any supported format.  Never raises for what is in it.
    See :mod:`bot.images.decode` for what is done to the picture before it is hashed.
    """
    from bot.images.reading import read  # noqa: PLC0415  (loads the decoders)

    return read(data, limits)


def query(data: bytes, limits: Limits) -> Query | Unreadable:
    """As :func:`fingerprint`, with the further views that a picture may be found by.

    See :mod:`bot.images.probes`.
    """
    from bot.images.asking import query as ask  # noqa: PLC0415  (loads the decoders)

    return ask(data, limits)


def cairo_available() -> bool:
    """Whether SVG can be read here: cairosvg imports, and finds the cairo library."""
    from bot.images.svg import cairo_available as available  # noqa: PLC0415

    return available()


def heif_available() -> bool:
    """Whether HEIC can be read here: the optional ``pillow-heif`` imports."""
    from bot.images.decode import heif_available as available  # noqa: PLC0415

    return available()
