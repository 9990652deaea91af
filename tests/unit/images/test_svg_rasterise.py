"""Drawings: rasterised as cairosvg does, bounded, and never reaching for anything outside."""

import asyncio
import base64
import gzip
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from bot.images import Fingerprint, Limits, Unreadable, cairo_available, fingerprint

pytestmark = pytest.mark.skipif(not cairo_available(), reason="no cairo library here")

Save = Callable[..., bytes]
PlainHash = Callable[[Image.Image], int]

NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'

SHAPES = """
<defs><linearGradient id="g"><stop offset="0" stop-color="#fc0"/><stop offset="1"
 stop-color="#039" stop-opacity=".3"/></linearGradient></defs>
<rect x="5" y="5" width="60" height="50" fill="url(#g)"/>
<circle cx="80" cy="30" r="25" fill="#900" fill-opacity=".6"/>
<path d="M10 70 L60 20 L90 75 Z" fill="#063"/>"""


def svg(inside: str = SHAPES, attributes: str = 'width="120" height="80"') -> bytes:
    return f"<svg {NAMESPACES} {attributes}>{inside}</svg>".encode()


def read(data: bytes, limits: Limits | None = None) -> Fingerprint:
    result = fingerprint(data, limits or Limits())
    assert isinstance(result, Fingerprint), result
    return result


def refused(data: bytes, limits: Limits | None = None) -> Unreadable:
    result = fingerprint(data, limits or Limits())
    assert isinstance(result, Unreadable), result
    return result


def drawn(data: bytes) -> Image.Image:
    """What plain code makes of a drawing: a PNG by cairosvg, laid on white."""
    import cairosvg

    image = Image.open(io.BytesIO(cairosvg.svg2png(bytestring=data))).convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(svg(), id="width and height"),
        pytest.param(svg(attributes='viewBox="0 0 120 80"'), id="a view box alone"),
        pytest.param(svg(attributes='width="3cm" height="2cm" viewBox="0 0 120 80"'), id="units"),
        pytest.param(svg(attributes='width="100%" viewBox="0 0 120 80"'), id="per cent"),
        pytest.param(
            b'<?xml version="1.0" standalone="no"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
            b'"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">' + svg(),
            id="a doctype",
        ),
        pytest.param(b"<!-- Created with Inkscape -->\n" + svg(), id="a comment"),
        pytest.param(svg().decode().encode("utf-16"), id="UTF-16"),
        pytest.param(b"\xef\xbb\xbf" + svg(), id="a byte order mark"),
    ],
)
def test_a_drawing_hashes_as_plain_code_has_it(data: bytes, plain_hash: PlainHash) -> None:
    result = read(data)

    image = drawn(data)
    assert result.dhash == plain_hash(image)
    assert (result.width, result.height, result.format) == (*image.size, "SVG")


def test_a_compressed_drawing_is_the_same_picture() -> None:
    assert read(gzip.compress(svg())) == read(svg())


def test_a_drawing_is_laid_on_white() -> None:
    shape = '<rect x="30" y="20" width="40" height="30" fill="#333"/>'
    white = '<rect width="120" height="80" fill="#fff"/>'

    assert read(svg(shape)).dhash == read(svg(white + shape)).dhash


@pytest.mark.parametrize(
    "attributes",
    ["", 'width="100%" height="100%"', 'width="0" height="0"', 'viewBox="0 0 0 0"'],
)
def test_a_drawing_without_a_size_is_drawn_on_a_page(attributes: str) -> None:
    result = fingerprint(svg(attributes=attributes), Limits())

    if 'width="0"' in attributes:
        assert isinstance(result, Unreadable)
        assert "size" in result.reason
    else:
        assert isinstance(result, Fingerprint)
        assert (result.width, result.height) == (512, 512)


@pytest.mark.parametrize(
    "attributes",
    [
        'width="90000" height="60000" viewBox="0 0 120 80"',
        'width="1e9" height="1e9"',
        'width="40000" height="1"',
        'viewBox="0 0 1200000 800000"',
        'width="0.01" height="0.01" viewBox="0 0 120 80"',
    ],
)
def test_no_size_is_too_large_or_too_small_to_be_drawn(attributes: str) -> None:
    assert read(svg(attributes=attributes)).format == "SVG"


@pytest.mark.parametrize(
    "attributes",
    [
        'width="nan" height="5"',
        'width="inf" height="inf"',
        'width="-5" height="5"',
        'width="2147483648" height="5"',
        'width="1e300" height="1e300"',
    ],
)
def test_a_size_that_makes_no_sense_is_said_so(attributes: str) -> None:
    result = refused(svg(attributes=attributes))
    assert result.kind == "damaged"
    assert "size" in result.reason


def test_a_large_drawing_is_scaled_and_hashes_alike(plain_hash: PlainHash) -> None:
    large = svg(attributes='width="6000" height="4000" viewBox="0 0 120 80"')
    usual = svg(attributes='width="1500" height="1000" viewBox="0 0 120 80"')

    result = read(large)
    assert (result.width, result.height) == (6000, 4000)
    distance = (result.dhash ^ plain_hash(drawn(usual))) & (2**64 - 1)
    assert distance.bit_count() <= 2


def test_the_limit_on_pixels_scales_a_drawing_too() -> None:
    small = read(svg(attributes='width="600" height="400" viewBox="0 0 120 80"'))
    limited = read(
        svg(attributes='width="600" height="400" viewBox="0 0 120 80"'), Limits(max_pixels=10_000)
    )

    assert ((small.dhash ^ limited.dhash) & (2**64 - 1)).bit_count() <= 3


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE svg [<!ENTITY a "b">]>',
        '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE svg [<!ENTITY a0 "aaaaaaaa"><!ENTITY a1 "&a0;&a0;&a0;&a0;&a0;&a0;&a0;&a0;">]>',
        '<!DOCTYPE svg [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
    ],
)
def test_entities_are_refused(doctype: str) -> None:
    result = refused(doctype.encode() + svg("<text>&a1;</text>"))

    assert result.kind == "damaged"
    assert "entities" in result.reason


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"<svg", id="cut off at once"),
        pytest.param(svg()[:200], id="cut off"),
        pytest.param(b"<svg><</svg>", id="no XML"),
        pytest.param(b'<?xml version="1.0" encoding="nonsense"?><svg/>', id="no encoding"),
        pytest.param(svg('<rect width="9" height="9" opacity="50 %"/>'), id="no number"),
        pytest.param(svg("<g>" * 5000 + "</g>" * 5000), id="deep"),
        pytest.param(svg('<use xlink:href="#u" id="u"/>'), id="refers to itself"),
        pytest.param(
            svg('<pattern id="p" width="9" height="9"><rect width="9" height="9" fill="url(#p)"/>'
                '</pattern><rect width="99" height="99" fill="url(#p)"/>'),
            id="a pattern of itself",
        ),
        pytest.param(gzip.compress(svg())[:-12], id="compressed and cut off"),
        pytest.param(gzip.compress(gzip.compress(svg())), id="compressed twice"),
        pytest.param(gzip.compress(b"no drawing"), id="compressed, but no drawing"),
    ],
)  # fmt: skip
def test_a_broken_drawing_is_an_answer_and_no_exception(data: bytes) -> None:
    result = fingerprint(data, Limits())

    assert isinstance(result, Fingerprint | Unreadable)
    if isinstance(result, Unreadable):
        assert result.kind in {"damaged", "unknown"}


def test_a_compressed_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(svg("<!--" + " " * 5_000_000 + "-->"))
    assert len(bomb) < 10_000

    assert refused(bomb, Limits(max_bytes=1_000_000)).kind == "too_large"


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_inside_a_drawing_is_drawn(
    picture: Image.Image,
    save: Save,
    plain_hash: PlainHash,
    format: str,  # noqa: A002
) -> None:
    inside = _data_uri(format.lower(), save(picture, format))
    data = svg(f'<image width="120" height="80" xlink:href="{inside}"/>')

    assert read(data).dhash == plain_hash(drawn(data))
    assert not read(data).plain


def test_a_drawing_inside_a_drawing_is_drawn(plain_hash: PlainHash) -> None:
    inside = _data_uri("svg+xml", svg())
    data = svg(f'<image width="120" height="80" xlink:href="{inside}"/>')

    assert read(data).dhash == plain_hash(drawn(data))
    assert not read(data).plain


def test_a_picture_inside_is_bounded_like_any_other(picture: Image.Image, save: Save) -> None:
    inside = _data_uri("jpeg", save(picture.resize((400, 300)), "JPEG"))
    data = svg(f'<image width="120" height="80" xlink:href="{inside}"/>')

    assert refused(data, Limits(max_pixels=100_000)).kind == "damaged"


@pytest.mark.parametrize(
    "content",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        gzip.compress(svg()),
        b"P6 9 9 255 " + bytes(243),
        b"",
    ],
)
def test_nothing_but_the_formats_we_mean_is_opened_inside(content: bytes) -> None:
    inside = _data_uri("png", content)

    result = read(svg(f'{SHAPES}<image width="120" height="80" xlink:href="{inside}"/>'))
    assert result.dhash == read(svg()).dhash


REFERENCES = [
    '<image width="120" height="80" xlink:href="{0}/a.png"/>',
    '<image width="120" height="80" href="{0}/a.svg"/>',
    '<use xlink:href="{0}/a.svg#x"/>',
    '<use href="{0}/a.svg"/>',
    '<style>@import url("{0}/a.css");</style>',
    "<style>@import '{0}/a.css';</style>",
    '<style>rect {{ fill: url("{0}/a.svg#g") }}</style><rect width="9" height="9"/>',
    '<rect width="120" height="80" fill="url({0}/a.svg#g)"/>',
    '<rect width="120" height="80" filter="url({0}/a.svg#f)" mask="url({0}/a.svg#m)"/>',
    '<g xml:base="{0}/"><image width="120" height="80" xlink:href="a.png"/></g>',
    '<linearGradient id="h" xlink:href="{0}/a.svg#g"/><rect width="99" height="9" fill="url(#h)"/>',
    '<text font-family="url({0}/a.ttf)">x</text>',
    '<text><tref xlink:href="{0}/a.svg#t"/></text>',
    '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{0}/a.svg"/>',
    '<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="{0}/"/></foreignObject>',
    '<script xlink:href="{0}/a.js"/>',
]


async def test_no_reference_calls_out() -> None:
    calls: list[bytes] = []
    called = asyncio.Event()

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(await reader.read(100))
        called.set()
        writer.close()

    server = await asyncio.start_server(note, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        for reference in REFERENCES:
            data = svg(SHAPES + reference.format(f"http://{host}:{port}"))
            result = await asyncio.to_thread(fingerprint, data, Limits())
            assert isinstance(result, Fingerprint | Unreadable)
        # Proves that the server would have noticed.
        _, writer = await asyncio.open_connection(host, port)
        writer.write(b"hello")
        writer.close()
        await asyncio.wait_for(called.wait(), 10)
    assert calls == [b"hello"]


def test_a_file_that_a_drawing_names_is_not_shown(tmp_path: Path) -> None:
    black = tmp_path / "a.png"
    Image.new("RGB", (12, 8), "black").save(black)

    for address in (black.as_uri(), str(black), f"file://localhost{black}"):
        data = svg(f'{SHAPES}<image width="120" height="80" xlink:href="{address}"/>')
        assert read(data).dhash == read(svg()).dhash


AUDIT = """
import sys
from bot.images import Limits, fingerprint
data = sys.stdin.buffer.read().split(b"\\0")
fingerprint(data[0], Limits())
events = []
WATCHED = ("open", "socket.", "urllib.", "subprocess.", "os.system", "os.exec", "os.posix_spawn")
sys.addaudithook(lambda name, args: events.append((name, args)) if name.startswith(WATCHED) else 0)
for drawing in data[1:]:
    fingerprint(drawing, Limits())
for name, args in events:
    if not (name == "open" and str(args[0]).endswith((".py", ".pyc", ".so"))):
        print(name, args)
"""


def test_no_file_is_opened_and_no_address_looked_up(tmp_path: Path) -> None:
    secret = tmp_path / "secret.svg"
    secret.write_bytes(svg())
    drawings = [svg(SHAPES + '<text x="9" y="9">warm</text>')]
    for reference in REFERENCES:
        drawings += [
            svg(SHAPES + reference.format(base))
            for base in (tmp_path.as_uri(), str(tmp_path), "http://127.0.0.1:9", "ftp://localhost")
        ]

    run = subprocess.run(
        [sys.executable, "-c", AUDIT], input=b"\0".join(drawings), capture_output=True, check=True
    )
    assert run.stdout.decode() == ""


def test_without_cairo_the_reason_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    # What Python does with a module that is None here is what it does with one that is missing.
    monkeypatch.setitem(sys.modules, "cairosvg", None)

    assert not cairo_available()
    result = refused(svg())
    assert result.kind == "unknown"
    assert "apt install libcairo2" in result.reason


def test_with_cairo_it_is_available() -> None:
    assert cairo_available()
