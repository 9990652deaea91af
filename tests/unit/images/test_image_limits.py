"""Whatever a file is, the answer is a fingerprint or a reason, within the limits."""

import gzip
import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.images import Fingerprint, Limits, Unreadable, fingerprint

Save = Callable[..., bytes]


def refused(data: bytes, limits: Limits | None = None) -> Unreadable:
    result = fingerprint(data, limits or Limits())
    assert isinstance(result, Unreadable), result
    return result


def test_nothing_is_empty() -> None:
    assert refused(b"").kind == "empty"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"hello there", "no picture that I know"),
        (b"%PDF-1.4 ...", "a PDF document"),
        (b"<!DOCTYPE html><html><svg/></html>", "a web page"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a PostScript file"),
        (gzip.compress(b"hello"), "an archive"),
        (bytes(1000), "no picture that I know"),
    ],
)
def test_what_is_no_picture_is_unknown(data: bytes, words: str) -> None:
    result = refused(data)

    assert result.kind == "unknown"
    assert words in result.reason


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "ICO"])
def test_a_file_cut_off_is_damaged(picture: Image.Image, save: Save, format: str) -> None:  # noqa: A002
    data = save(picture, format)

    for length in (len(data) * 2 // 3, 40):
        result = refused(data[:length])
        assert result.kind == "damaged"
        assert "cut off" in result.reason


def test_too_many_bytes(picture: Image.Image, save: Save) -> None:
    data = save(picture, "PNG")

    result = refused(data, Limits(max_bytes=1000))
    assert result.kind == "too_large"
    assert result.reason.endswith("I read up to 1,000 bytes.")


def test_too_many_pixels_are_said_in_numbers(save: Save) -> None:
    result = refused(save(Image.new("1", (9000, 9000)), "PNG"))

    assert result.kind == "too_large"
    assert result.reason == (
        "That picture is 9,000 × 9,000 pixels; I read up to 64 million pixels."
    )


def test_the_limit_on_pixels_is_inclusive(picture: Image.Image, save: Save) -> None:
    data = save(picture, "PNG")

    assert isinstance(fingerprint(data, Limits(max_pixels=96 * 64)), Fingerprint)
    assert refused(data, Limits(max_pixels=96 * 64 - 1)).kind == "too_large"


def _png_header(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + header
        + struct.pack(">I", zlib.crc32(header))
        + struct.pack(">I", 4)
        + b"IDAT"
        + bytes(8)
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(_png_header(10_000, 7_000), id="over the limit"),
        pytest.param(_png_header(60_000, 60_000), id="a bomb"),
        pytest.param(_png_header(2**31 - 1, 2**31 - 1), id="all there is"),
        pytest.param(
            b"GIF89a\xff\xff\xff\xff\x00\x00\x00" + b",\0\0\0\0\xff\xff\xff\xff\0\x08", id="GIF"
        ),
    ],
)
def test_a_header_that_promises_too_much_is_enough(data: bytes) -> None:
    assert refused(data).kind == "too_large"


def test_a_palette_that_is_gone_is_damage(picture: Image.Image, save: Save) -> None:
    data = save(picture.quantize(16), "PNG")
    palette = data.index(b"PLTE") - 4
    end = palette + 12 + int.from_bytes(data[palette : palette + 4], "big")

    assert refused(data[:palette] + data[end:]).kind == "damaged"


def test_an_icon_that_hides_a_large_picture(picture: Image.Image, save: Save) -> None:
    inside = save(picture.resize((600, 400)), "PNG")
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inside), 22)
    data = struct.pack("<HHH", 0, 1, 1) + entry + inside

    assert refused(data, Limits(max_pixels=100_000)).kind == "too_large"


def test_pillow_warns_nobody(
    picture: Image.Image, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = save(picture, "PNG")

    # Warnings are errors in this test run, so one that escaped would fail it.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 96 * 64 - 1)
    assert isinstance(fingerprint(data, Limits()), Fingerprint)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert refused(data).kind == "too_large"


def test_the_setting_of_pillow_is_left_alone(picture: Image.Image, save: Save) -> None:
    before = Image.MAX_IMAGE_PIXELS
    fingerprint(save(picture, "PNG"), Limits(max_pixels=123_456))

    assert before == Image.MAX_IMAGE_PIXELS


def test_memory_that_runs_out_is_an_answer(
    picture: Image.Image, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("bot.images.reading.decode", full)
    result = refused(save(picture, "PNG"))
    assert result.kind == "too_large"
    assert "memory" in result.reason


SAMPLES = ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "ICO"]


def _sample(name: str) -> bytes:
    image = Image.radial_gradient("L").resize((24, 20)).convert("RGB")
    file = io.BytesIO()
    image.save(file, name)
    return file.getvalue()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(SAMPLES),
    changes=st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), max_size=12),
    cut=st.integers(0, 40),
)
def test_no_change_to_a_file_makes_an_exception(
    name: str, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(_sample(name))
    for at, value in changes:
        data[at % len(data)] = value

    result = fingerprint(bytes(data[: len(data) - cut]), Limits(max_pixels=1_000_000))
    assert isinstance(result, Fingerprint | Unreadable)


TAGS = ["rect", "g", "use", "text", "image", "path", "svg", "pattern", "filter", "style", "mask"]
VALUES = ["", "0", "-1", "1e9", "nan", "50%", "url(#a)", "#a", "M0 0L", "none", "data:,x", "0 0 1"]
ATTRIBUTES = ["id", "width", "height", "viewBox", "transform", "d", "href", "fill", "x", "opacity"]


def _element(tag: str, attributes: dict[str, str], inside: list[str]) -> str:
    named = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f"<{tag} {named}>{''.join(inside)}</{tag}>"


def _elements(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    attributes = st.dictionaries(st.sampled_from(ATTRIBUTES), st.sampled_from(VALUES), max_size=4)
    return st.builds(_element, st.sampled_from(TAGS), attributes, st.lists(inside, max_size=2))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.recursive(st.just(""), _elements, max_leaves=8), max_size=3))
def test_no_drawing_makes_an_exception(inside: list[str]) -> None:
    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30">{"".join(inside)}</svg>'

    assert isinstance(fingerprint(text.encode(), Limits()), Fingerprint | Unreadable)


@given(st.binary(max_size=200))
def test_no_bytes_make_an_exception(data: bytes) -> None:
    assert isinstance(fingerprint(data, Limits()), Fingerprint | Unreadable)


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        pytest.param(
            "bot.images", {"PIL", "numpy", "scipy", "imagehash", "cairosvg"}, id="the parent"
        ),
        # Each worker imports the script that the program was started from.
        pytest.param("bot.__main__", {"discord", "asyncpg", "click", "bot.cli"}, id="the script"),
    ],
)
def test_what_is_loaded_is_what_is_needed(module: str, unwanted: set[str]) -> None:
    code = f"import sys, {module}\nprint(*{unwanted} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert run.stdout.strip() == ""
