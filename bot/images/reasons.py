"""The sentences that say why a picture could not be read, and the words to count them by."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.images.model import Limits, Unreadable, UnreadableKind

COUNTED_AS: Mapping[UnreadableKind, str] = MappingProxyType(
    {
        "damaged": "damaged or cut off",
        "unknown": "no picture that is read here",
        "too_large": "too large",
        "too_slow": "too slow to read",
        "empty": "empty",
    }
)
"""Short phrases for many pictures, where the sentences for one tell of sizes and names."""

DAMAGED = Unreadable("damaged", "That file is damaged, or cut off: I could not read it to the end.")
EMPTY = Unreadable("empty", "That file is empty.")
CRASHED = Unreadable(
    "damaged", "That file is damaged in a way that broke my picture reader, so I gave up on it."
)
STOPPED = Unreadable(
    "too_slow", "I was being stopped while I read that picture. Please send it again in a minute."
)
NOT_STARTED = Unreadable(
    "damaged",
    "My picture reader did not start, so I could not look at that file. That is not the file's "
    "fault: whoever runs me finds the cause in the log.",
)
NO_CAIRO = Unreadable(
    "unknown",
    "SVG needs the cairo library, and it is not there. Whoever runs me can install it: "
    "apt install libcairo2.",
)
NO_HEIF = Unreadable(
    "unknown",
    "HEIC needs the package pillow-heif, and it is not there. Whoever runs me can install it: "
    "pip install 'whereis-bot[heif]'.",
)
SVG_ENTITIES = Unreadable(
    "damaged", "That SVG defines entities or refers to outside ones, and I expand neither."
)
SVG_BROKEN = Unreadable("damaged", "That SVG has something in it that I can't draw.")
SVG_SIZE = Unreadable("damaged", "That SVG says that it has no size, or one that makes no sense.")


def unknown(what: str | None) -> Unreadable:
    """No format that is read here. ``what`` it is, in words, if that can be told."""
    found = f"That is {what}" if what else "That is no picture that I know"
    return Unreadable(
        "unknown", f"{found}; I read JPEG, PNG, GIF, WebP, AVIF, HEIC, TIFF, BMP, ICO and SVG."
    )


def too_many_bytes(size: int | None, limits: Limits) -> Unreadable:
    """A file of ``size`` bytes, None where it was not read to the end."""
    found = "That file is too large" if size is None else f"That file is {_megabytes(size)}"
    return Unreadable("too_large", f"{found}; I read up to {_megabytes(limits.max_bytes)}.")


def too_many_pixels(size: tuple[int, int] | None, limits: Limits) -> Unreadable:
    """A picture of ``size`` pixels, None where the file tells of more than can be believed."""
    found = (
        "That picture has far too many pixels"
        if size is None
        else f"That picture is {size[0]:,} × {size[1]:,} pixels"
    )
    most = (
        f"{limits.max_pixels / 1e6:g} million"
        if limits.max_pixels >= 1_000_000
        else f"{limits.max_pixels:,}"
    )
    return Unreadable("too_large", f"{found}; I read up to {most} pixels.")


def too_much_memory(limits: Limits) -> Unreadable:
    """Decoding asked for more memory than a worker has."""
    return Unreadable(
        "too_large", f"Reading that picture takes more than {_megabytes(limits.memory)} of memory."
    )


def too_slow(limits: Limits) -> Unreadable:
    """Decoding took more than the time there is."""
    unit = "second" if limits.timeout == 1 else "seconds"
    return Unreadable(
        "too_slow",
        f"Reading that picture took longer than {limits.timeout:g} {unit}, so I stopped.",
    )


def cannot_open(problem: str) -> Unreadable:
    """A file on this machine that can't be opened; ``problem`` is the system's word for it."""
    return Unreadable("damaged", f"I can't open that file: {problem}.")


def _megabytes(count: int) -> str:
    # Never rounded down to the limit itself: "25 MB; I read up to 25 MB" would help nobody.
    mebibytes = count / 2**20
    return f"{mebibytes:.4g} MB" if count >= 2**20 else f"{count:,} bytes"
