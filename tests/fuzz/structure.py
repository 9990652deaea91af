"""Where the numbers and the blocks of a picture's file are, so that damage can be aimed at them.

Nothing here trusts a file: it may have been damaged before.  What can't be followed is left out.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from bot.images.signature import Format, format_of

Order = Literal["big", "little"]

# No file of the seeds has nearly as many; a damaged one may lead round in circles.
_MOST_BLOCKS = 400


@dataclass(frozen=True, slots=True)
class Field:
    """An integer of ``size`` bytes at ``at``."""

    at: int
    size: int
    order: Order


@dataclass(slots=True)
class Layout:
    """The integers of a file, and its blocks: chunks, segments, boxes or entries, as (start, end).

    Blocks of boxes lie within each other; all others stand in a row.
    """

    fields: list[Field] = field(default_factory=list)
    blocks: list[tuple[int, int]] = field(default_factory=list)

    def add(self, at: int, sizes: tuple[int, ...], order: Order) -> None:
        """Note integers that follow each other."""
        for size in sizes:
            self.fields.append(Field(at, size, order))
            at += size


def layout_of(data: bytes) -> Layout:
    """The layout of a file whose format is told by its signature; empty for drawings and others."""
    layout = Layout()
    kind = format_of(data)
    find = _FINDERS.get(kind) if kind else None
    if find is not None:
        find(data, layout)
    layout.fields = [one for one in layout.fields if 0 <= one.at <= len(data) - one.size]
    layout.blocks = [(start, min(end, len(data))) for start, end in layout.blocks if start < end]
    return layout


def _word(data: bytes, at: int, size: int, order: Order) -> int:
    return int.from_bytes(data[at : at + size], order)


def _png(data: bytes, layout: Layout) -> None:
    """https://www.w3.org/TR/png-3/#5Chunk-layout"""
    at = 8
    while at + 12 <= len(data) and len(layout.blocks) < _MOST_BLOCKS:
        length, name = _word(data, at, 4, "big"), data[at + 4 : at + 8]
        layout.add(at, (4,), "big")
        if name == b"IHDR":
            layout.add(at + 8, (4, 4, 1, 1, 1, 1, 1), "big")
        elif name not in (b"IDAT", b"PLTE"):
            layout.add(at + 8, (4,) * min(length // 4, 8), "big")
        layout.blocks.append((at, at + 12 + length))
        at += 12 + length


def _jpeg(data: bytes, layout: Layout) -> None:
    """ITU-T T.81, annex B."""
    at = 2
    while at + 4 <= len(data) and len(layout.blocks) < _MOST_BLOCKS:
        if data[at] != 0xFF:
            return
        marker, length = data[at + 1], _word(data, at + 2, 2, "big")
        layout.add(at + 1, (1, 2), "big")
        end = at + 2 + length
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            layout.add(at + 4, (1, 2, 2, 1) + (1,) * 12, "big")
        elif marker == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            _tiff_at(data[:end], at + 10, layout)
        else:
            layout.add(at + 4, (1,) * 4 + (2,) * 4, "big")
        if marker == 0xDA:
            end = _end_of_scan(data, end)
        layout.blocks.append((at, end))
        at = end


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the next marker is that neither a restart nor a stuffed byte is."""
    while (at := data.find(b"\xff", at)) >= 0:
        if at + 1 < len(data) and data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7:
            return at
        at += 2
    return len(data)


def _gif(data: bytes, layout: Layout) -> None:
    """https://www.w3.org/Graphics/GIF/spec-gif89a.txt"""
    if len(data) < 13:
        return
    layout.add(6, (2, 2, 1, 1, 1), "little")
    at = 13 + _colours(data[10])
    while at + 2 <= len(data) and len(layout.blocks) < _MOST_BLOCKS:
        start = at
        if data[at] == 0x21:
            layout.add(at + 1, (1, 1, 1, 2, 1), "little")
            at += 2
        elif data[at] == 0x2C and at + 10 < len(data):
            layout.add(at + 1, (2, 2, 2, 2, 1), "little")
            at += 10 + _colours(data[at + 9])
            layout.add(at, (1, 1), "little")
            at += 1
        else:
            return
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
        layout.blocks.append((start, at))


def _colours(flags: int) -> int:
    """The bytes of a colour table, where the flags announce one."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _webp(data: bytes, layout: Layout) -> None:
    """https://developers.google.com/speed/webp/docs/riff_container"""
    layout.add(4, (4,), "little")
    at = 12
    while at + 8 <= len(data) and len(layout.blocks) < _MOST_BLOCKS:
        name, length = data[at : at + 4], _word(data, at + 4, 4, "little")
        layout.add(at + 4, (4,), "little")
        if name == b"VP8X":
            layout.add(at + 8, (1, 3, 3, 3), "little")
        elif name == b"ANMF":
            layout.add(at + 8, (3, 3, 3, 3, 3, 1), "little")
            layout.add(at + 28, (4, 4), "little")
        else:
            layout.add(at + 8, (1, 1, 1, 1, 1, 1, 2, 2), "little")
        end = at + 8 + length + length % 2
        layout.blocks.append((at, end))
        at = end


def _tiff(data: bytes, layout: Layout) -> None:
    _tiff_at(data, 0, layout)


def _tiff_at(data: bytes, base: int, layout: Layout) -> None:
    """TIFF 6.0, section 2, and BigTIFF; ``base`` is where offsets are counted from."""
    order: Order = "little" if data[base : base + 2] == b"II" else "big"
    large = _word(data, base + 2, 2, order) == 43
    wide, entry = (8, 20) if large else (4, 12)
    pointer = base + (8 if large else 4)
    seen: set[int] = set()
    while pointer + wide <= len(data) and pointer not in seen and len(seen) < 8:
        seen.add(pointer)
        layout.add(pointer, (wide,), order)
        at = base + _word(data, pointer, wide, order)
        if at == base or at + 2 > len(data):
            return
        counted = 8 if large else 2
        layout.add(at, (counted,), order)
        count = min(_word(data, at, counted, order), 64)
        at += counted
        for _ in range(count):
            layout.add(at, (2, 2, wide, wide), order)
            layout.blocks.append((at, at + entry))
            at += entry
        pointer = at


def _boxes(data: bytes, layout: Layout) -> None:
    _boxes_within(data, 0, len(data), layout)


_CONTAINERS = frozenset(
    {b"iprp", b"ipco", b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"meta", b"edts"}
)


def _boxes_within(data: bytes, at: int, end: int, layout: Layout) -> None:
    """ISO/IEC 14496-12, section 4.2."""
    while at + 8 <= end and len(layout.blocks) < _MOST_BLOCKS:
        length, name = _word(data, at, 4, "big"), data[at + 4 : at + 8]
        layout.add(at, (4,), "big")
        close = min(at + length, end) if length >= 8 else end
        layout.blocks.append((at, close))
        if name in _CONTAINERS:
            _boxes_within(data, at + (12 if name == b"meta" else 8), close, layout)
        elif name != b"mdat":
            inside = min(close - at - 8, 48)
            layout.add(at + 8, (4,) * (inside // 4), "big")
            layout.add(at + 8, (2,) * (inside // 2), "big")
            layout.add(at + 8, (1,) * inside, "big")
        at = close


def _icon(data: bytes, layout: Layout) -> None:
    """An ICO file: a directory, then a PNG or a bitmap without its file header for each entry."""
    layout.add(2, (2, 2), "little")
    for number in range(min(_word(data, 4, 2, "little"), 32)):
        at = 6 + 16 * number
        layout.add(at, (1, 1, 1, 1, 2, 2, 4, 4), "little")
        layout.blocks.append((at, at + 16))
        inside = _word(data, at + 12, 4, "little")
        if data[inside : inside + 4] == struct.pack("<I", 40):
            _bitmap_header(inside, layout)
        elif data[inside : inside + 4] == b"\x89PNG":
            layout.add(inside + 16, (4, 4, 1, 1, 1, 1, 1), "big")


def _bitmap(data: bytes, layout: Layout) -> None:
    layout.add(2, (4, 2, 2, 4), "little")
    _bitmap_header(14, layout)
    layout.blocks.append((14, 14 + _word(data, 14, 4, "little")))


def _bitmap_header(at: int, layout: Layout) -> None:
    layout.add(at, (4, 4, 4, 2, 2, 4, 4, 4, 4, 4, 4), "little")


def _packed(data: bytes, layout: Layout) -> None:
    """RFC 1952: the header, and at the end the checksum and the length."""
    layout.add(2, (1, 1, 4, 1, 1), "little")
    layout.add(len(data) - 8, (4, 4), "little")


_FINDERS: dict[Format, Callable[[bytes, Layout], None]] = {
    "AVIF": _boxes,
    "BMP": _bitmap,
    "GIF": _gif,
    "GZIP": _packed,
    "HEIF": _boxes,
    "ICO": _icon,
    "JPEG": _jpeg,
    "PNG": _png,
    "TIFF": _tiff,
    "WEBP": _webp,
}
