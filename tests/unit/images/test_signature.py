"""Files are known by their content."""

import codecs
import gzip

import pytest

from bot.images.signature import describe, format_of, is_svg

DOCTYPE = (
    b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
    b'"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
)


@pytest.mark.parametrize(
    "data",
    [
        b"<svg/>",
        b"<svg>",
        b'<svg\nwidth="1"/>',
        b'  \r\n\t<svg width="1"/>',
        b'<?xml version="1.0"?><svg/>',
        codecs.BOM_UTF8 + b"<svg/>",
        codecs.BOM_UTF8 + b'<?xml version="1.0" encoding="UTF-8"?>\n<svg/>',
        b"<!-- drawn by hand --><svg/>",
        b"<!-- <html> --><!-- a > b --><svg/>",
        b'<?xml version="1.0"?>\n<!-- made by x -->\n' + DOCTYPE + b"\n<svg/>",
        b'<!DOCTYPE svg [ <!ENTITY a "<b>"> ]><svg/>',
        b"<?xml-stylesheet href='a.css'?><svg/>",
        b'<svg:svg xmlns:svg="http://www.w3.org/2000/svg"/>',
        codecs.BOM_UTF16_LE + "<svg/>".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "<?xml version='1.0'?><svg/>".encode("utf-16-be"),
        "<!-- ü --><svg/>".encode("utf-16-le"),
        b"<!--" + b"licence " * 20_000 + b"--><svg/>",
    ],
)
def test_a_drawing_is_known_by_its_root(data: bytes) -> None:
    assert is_svg(data)
    assert format_of(data) == "SVG"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<",
        b"svg",
        b"<svgs/>",
        b"<html><svg/></html>",
        b"<!DOCTYPE html><html><body><svg/></body></html>",
        b"<!-- <svg/> ",
        b"<?xml <svg/>",
        b"<!DOCTYPE svg [ <svg/>",
        b"<!-- <svg/> -->",
        b"hello <svg/>",
    ],
)
def test_what_only_mentions_a_drawing_is_none(data: bytes) -> None:
    assert not is_svg(data)
    assert format_of(data) is None


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\xff\xd8\xff\xe0rest", "JPEG"),
        (b"\x89PNG\r\n\x1a\nrest", "PNG"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "WEBP"),
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf", "AVIF"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf", "AVIF"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIF"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "HEIF"),
        (gzip.compress(b"x"), "GZIP"),
    ],
)
def test_signatures(data: bytes, name: str) -> None:
    assert format_of(data) == name


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomavc1", "a video"),
        (b"%PDF-1.7", "a PDF document"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "a PostScript file"),
        (b"\n<!doctype HTML><title>x</title>", "a web page"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "a sound or a video"),
        (b"just some words", None),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, words: str | None) -> None:
    assert format_of(data) is None
    assert describe(data) == words
