"""Files made to do harm, drawn here: too large, too deep, cut off, lying, and reaching out.

Each is small enough to be sent.  What a file says that names an outside place, names one that
``base`` gives, so that whoever draws it can watch that place.
"""

import gzip
import io
import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

_SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
_SIZED = _SVG + 'width="120" height="80">'


@dataclass(frozen=True, slots=True)
class HostileFile:
    """A file, and what it tries."""

    name: str
    trick: str
    data: bytes


def hostile_files(base: str, secret: str) -> Iterator[HostileFile]:
    """All of them.

    ``base`` is an address (``http://127.0.0.1:1234``) that drawings refer to, ``secret`` the path
    of a picture that is none of their business.
    """
    for number, (name, trick, data) in enumerate(_all(base, secret)):
        yield HostileFile(f"{number:03}-{name}", trick, data)


def _all(base: str, secret: str) -> Iterator[tuple[str, str, bytes]]:
    yield from _cut_off()
    yield from _scrambled()
    yield from _too_many_pixels()
    yield from _other_kinds()
    for reference in references(base):
        yield "address.svg", "refers to an address", _svg(reference)
    for reference in references(f"file://{secret.rpartition('/')[0]}"):
        yield "file.svg", "refers to a file", _svg(reference)
    for path in (f"file://{secret}", secret, f"file://localhost{secret}"):
        image = f'<image width="120" height="80" xlink:href="{path}"/>'
        yield "secret.svg", "refers to a file", _svg(image)
    yield from _entities(base, secret)
    yield from endless()


def references(base: str) -> tuple[str, ...]:
    """Elements of a drawing that refer to something outside, in every way that SVG knows."""
    return tuple(
        reference.format(base)
        for reference in (
            '<image width="120" height="80" xlink:href="{0}/a.png"/>',
            '<image width="120" height="80" href="{0}/a.svg"/>',
            '<use xlink:href="{0}/a.svg#x"/>',
            '<style>@import url("{0}/a.css");</style>',
            '<style>@font-face {{ font-family: x; src: url("{0}/a.ttf") }}</style>',
            '<rect width="120" height="80" fill="url({0}/a.svg#g)"/>',
            '<rect width="120" height="80" filter="url({0}/a.svg#f)" mask="url({0}/a.svg#m)"/>',
            '<g xml:base="{0}/"><image width="120" height="80" xlink:href="a.png"/></g>',
            '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{0}/a.svg"/>',
            '<foreignObject><iframe src="{0}/"/></foreignObject>',
            '<script xlink:href="{0}/a.js"/>',
            '<text><tref xlink:href="{0}/a.svg#t"/></text>',
        )
    )


def _svg(inside: str, *, before: str = "") -> bytes:
    return f'{before}{_SIZED}<circle cx="60" cy="40" r="30"/>{inside}</svg>'.encode()


def _picture(kind: str, **options: object) -> bytes:
    dice = random.Random(kind)
    patches = Image.new("RGB", (8, 6))
    patches.putdata([(dice.randrange(256), dice.randrange(256), 90) for _ in range(48)])
    file = io.BytesIO()
    patches.resize((320, 240), Image.Resampling.BICUBIC).save(file, kind, **options)
    return file.getvalue()


_KINDS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "ICO", "AVIF")


def _cut_off() -> Iterator[tuple[str, str, bytes]]:
    for kind in _KINDS:
        whole = _picture(kind)
        for share in (2, 30, 90):
            yield f"cut.{kind.lower()}", "cut off", whole[: len(whole) * share // 100]


def _scrambled() -> Iterator[tuple[str, str, bytes]]:
    dice = random.Random(1)
    for kind in _KINDS:
        whole = bytearray(_picture(kind))
        for _ in range(12):
            # Beyond the signature, or it would be no such file.
            whole[dice.randrange(16, len(whole))] = dice.randrange(256)
        yield f"scrambled.{kind.lower()}", "scrambled", bytes(whole)
        yield f"repeated.{kind.lower()}", "scrambled", bytes(whole[:200] * 500)


def _too_many_pixels() -> Iterator[tuple[str, str, bytes]]:
    trick = "claims too many pixels"
    yield "wide.png", trick, raw_png(60_000, 60_000, b"")
    yield "widest.png", trick, raw_png(2**31 - 1, 2**31 - 1, b"")
    rows = zlib.compress(bytes(7_501 * 8_000))
    yield "full.png", "60 million pixels in 60 kB", raw_png(60_000, 8_000, rows, depth=1, colours=0)
    jpeg = bytearray(_picture("JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 65_500, 65_500)
    yield "wide.jpg", trick, bytes(jpeg)
    gif = bytearray(_picture("GIF"))
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)
    yield "wide.gif", trick, bytes(gif)
    bmp = bytearray(_picture("BMP"))
    bmp[18:26] = struct.pack("<ii", 2**31 - 1, 2**31 - 1)
    yield "wide.bmp", trick, bytes(bmp)
    yield "text.png", "a text of 40 MB in 40 kB", raw_png(8, 8, b"", text=bytes(40_000_000))
    inner = raw_png(60_000, 60_000, b"")
    icon = struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(inner), 22) + inner
    yield "wide.ico", trick, icon
    yield "wide.svg", trick, f'{_SVG}width="1e9" height="1e9"><circle r="9"/></svg>'.encode()
    yield "nowhere.svg", trick, f'{_SVG}width="1e999" height="nan"/>'.encode()
    frames = [Image.new("L", (64, 64), n % 256) for n in range(2_000)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    yield "frames.gif", "2,000 frames", file.getvalue()


def raw_png(
    width: int, height: int, pixels: bytes, *, depth: int = 8, colours: int = 2, text: bytes = b""
) -> bytes:
    """A PNG of whatever size it says, with these packed ``pixels``: https://www.w3.org/TR/png-3/#5Chunk-layout"""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0))]
    if text:
        chunks.append((b"zTXt", b"Comment\0\0" + zlib.compress(text)))
    chunks += [(b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _other_kinds() -> Iterator[tuple[str, str, bytes]]:
    trick = "is no picture"
    yield "empty.png", trick, b""
    yield "words.jpg", trick, b"a cat sat on the keyboard"
    yield "page.png", trick, b"<!DOCTYPE html><html><body>hello</body></html>"
    yield "paper.jpg", trick, b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    yield "print.png", trick, b"%!PS-Adobe-3.0\n(/etc/passwd) (r) file\n"
    yield "office.png", trick, b"PK\x03\x04" + bytes(60)
    yield "film.gif", trick, b"\x00\x00\x00\x18ftypmp42" + bytes(60)
    yield "nulls.png", trick, bytes(100_000)


def _entities(base: str, secret: str) -> Iterator[tuple[str, str, bytes]]:
    laughs = '<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
    )
    trick = "expands entities"
    yield "laughs.svg", trick, _svg("<text>&a11;</text>", before=f"<!DOCTYPE svg [{laughs}]>")
    for where in (f"{base}/a.dtd", f"file://{secret}"):
        inside = f'<!DOCTYPE svg [<!ENTITY x SYSTEM "{where}">]>'
        yield "outside.svg", trick, _svg("<text>&x;</text>", before=inside)
        yield "doctype.svg", trick, _svg("", before=f'<!DOCTYPE svg SYSTEM "{where}">')
        parameter = f'<!DOCTYPE svg [<!ENTITY % x SYSTEM "{where}"> %x;]>'
        yield "parameter.svg", trick, _svg("", before=parameter)
    style = f'<?xml-stylesheet type="text/css" href="{base}/a.css"?>'
    yield "style.svg", "refers to an address", _svg("", before=style)


def endless() -> Iterator[tuple[str, str, bytes]]:
    """Drawings that nobody sees the end of, and such as are too deep: name, trick and data."""
    trick = "never ends"
    uses = "".join(
        f'<g id="g{n}">' + f'<use xlink:href="#g{n - 1}"/>' * 10 + "</g>" for n in range(1, 17)
    )
    yield "uses.svg", trick, _svg(f'<defs><path id="g0" d="M0 0h9"/>{uses}</defs>'
                                  '<use xlink:href="#g16"/>')  # fmt: skip
    yield "itself.svg", trick, _svg('<use id="u" xlink:href="#u"/>')
    yield (
        "pattern.svg",
        trick,
        _svg(
            '<pattern id="p" width="1" height="1"><rect width="99" height="99" fill="url(#p)"/>'
            '</pattern><rect width="99" height="99" fill="url(#p)"/>'
        ),
    )
    yield (
        "mask.svg",
        trick,
        _svg(
            '<mask id="m"><rect width="9" height="9" mask="url(#m)"/></mask>'
            '<rect width="9" height="9" mask="url(#m)"/>'
        ),
    )
    yield "deep.svg", "too deep", _svg("<g>" * 20_000 + "</g>" * 20_000)
    yield "long.svg", "too long", _svg(f'<path d="M0 0{" l1 1" * 400_000}"/>')
    nested = _svg("")
    for _ in range(12):
        inner = nested.hex()
        address = "data:image/svg+xml," + "".join(
            f"%{inner[at : at + 2]}" for at in range(0, len(inner), 2)
        )
        if len(address) > 3_000_000:
            break
        nested = _svg(f'<image width="99" height="99" xlink:href="{address}"/>')
    yield "nested.svg", "too deep", nested
    yield (
        "bomb.svgz",
        "unpacks to 60 MB",
        gzip.compress(_svg("").replace(b"</svg>", b" " * 60_000_000 + b"</svg>")),
    )
