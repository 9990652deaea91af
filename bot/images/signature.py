"""What a file is, by its first bytes and never by its name.

Signatures are those of the formats' specifications; for ISO media files (AVIF, HEIC, video) they
are the brands of the ``ftyp`` box, ISO/IEC 14496-12 §4.3.
"""

import codecs
import re
from typing import Literal

Format = Literal["AVIF", "BMP", "GIF", "GZIP", "HEIF", "ICO", "JPEG", "PNG", "SVG", "TIFF", "WEBP"]

_PREFIXES: tuple[tuple[bytes, Format], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"BM", "BMP"),
    (b"\x00\x00\x01\x00", "ICO"),
    (b"\x1f\x8b", "GZIP"),
)

_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)

# Files that people do send, and that no decoder here is meant for.
_STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript file"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript file"),
    (b"8BPS", "a Photoshop file"),
    (b"gimp xcf", "a GIMP file"),
    (b"AT&TFORM", "a DjVu document"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"OggS", "a sound or a video"),
    (b"ID3", "a sound"),
    (b"fLaC", "a sound"),
    (b"PK\x03\x04", "an archive or an office document"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"P4", "a portable anymap"),
    (b"P5", "a portable anymap"),
    (b"P6", "a portable anymap"),
    (b"qoif", "a QOI picture"),
    (b"DDS ", "a DirectDraw texture"),
)

_SPACE = b" \t\r\n"
_SVG_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?svg(?=[\s>/])")


def format_of(data: bytes) -> Format | None:
    """The format of a file, or None where it is none that is read here."""
    for prefix, name in _PREFIXES:
        if data.startswith(prefix):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if brands := _brands(data):
        # A generic major brand is told apart by the compatible ones that follow it.
        if brands[0] in _AVIF_BRANDS or (
            brands[0] in {b"mif1", b"msf1"} and not _AVIF_BRANDS.isdisjoint(brands)
        ):
            return "AVIF"
        if not _HEIF_BRANDS.isdisjoint(brands):
            return "HEIF"
    return "SVG" if is_svg(data) else None


def describe(data: bytes) -> str | None:
    """A few words for what a file is that is no picture we read, where that can be told."""
    for prefix, words in _STRANGERS:
        if data.startswith(prefix):
            return words
    if _brands(data):
        return "a video"
    if data[:4] == b"RIFF":
        return "a sound or a video"
    head = data[:1024].lstrip(codecs.BOM_UTF8 + _SPACE).lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "a web page"
    return None


def is_svg(data: bytes) -> bool:
    """Whether the root element is ``svg``, after any byte order mark, prolog and comments."""
    text = _as_bytes_of_ascii(data)
    at = _skip_prolog(text)
    return _SVG_ROOT.match(text, at) is not None


def _brands(data: bytes) -> list[bytes]:
    """The major brand of an ISO media file, then the compatible ones; empty for other files."""
    if data[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(data[:4], "big"), 256, len(data))
    return [data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))]


def _as_bytes_of_ascii(data: bytes) -> bytes:
    """The data with its byte order mark gone, and UTF-16 made UTF-8."""
    if data.startswith(codecs.BOM_UTF8):
        return data[len(codecs.BOM_UTF8) :]
    for mark, bare, encoding in (
        (codecs.BOM_UTF16_LE, b"<\x00", "utf-16-le"),
        (codecs.BOM_UTF16_BE, b"\x00<", "utf-16-be"),
    ):
        if data.startswith((mark, bare)):
            return data.removeprefix(mark).decode(encoding, "replace").encode()
    return data


def _skip_prolog(text: bytes) -> int:
    """Where the root element begins: after declaration, comments, instructions and doctype."""
    at = 0
    while True:
        while text[at : at + 1] and text[at] in _SPACE:
            at += 1
        if text.startswith(b"<?", at):
            end = text.find(b"?>", at)
            at = end + 2
        elif text.startswith(b"<!--", at):
            end = text.find(b"-->", at)
            at = end + 3
        elif text[at : at + 9].upper() == b"<!DOCTYPE":
            end = _end_of_doctype(text, at)
            at = end + 1
        else:
            return at
        if end < 0:
            return len(text)


def _end_of_doctype(text: bytes, at: int) -> int:
    """Where the ``>`` of a doctype is, -1 if nowhere; an internal subset stands in brackets."""
    close = text.find(b">", at)
    bracket = text.find(b"[", at, close if close >= 0 else len(text))
    if bracket < 0:
        return close
    subset = text.find(b"]", bracket)
    return text.find(b">", subset) if subset >= 0 else -1
