"""Alterations: what comes out is a picture of the promised kind and size."""

import io

import pytest
from PIL import Image, ImageChops, ImageStat

from bot.demo.alter import alterations, extension, rasterised
from bot.demo.gallery import Drawing

Gallery = dict[str, tuple[Drawing, bytes]]


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("saved as JPEG of quality 50", "jpg"),
        ("at half its size", "png"),
        ("in grey", "jpg"),
        ("a little brighter", "jpg"),
        ("with a watermark", "jpg"),
        ("as a thumbnail of 320 pixels", "jpg"),
        ("saved as WebP", "webp"),
        ("halved and saved as JPEG of quality 50", "jpg"),
    ],
)
@pytest.mark.parametrize("slug", ["barnsley_fern", "flag_of_nepal", "julia_set"])
def test_formats(drawn: Gallery, slug: str, name: str, kind: str) -> None:
    assert extension(alterations()[name](drawn[slug][1])) == kind


def test_these_are_all() -> None:
    assert len(alterations()) == 8


def test_svg_becomes_png_and_other_files_stay(drawn: Gallery) -> None:
    flag = opened(rasterised(drawn["flag_of_nepal"][1]))
    assert (flag.format, flag.width) == ("PNG", 800)
    julia = drawn["julia_set"][1]
    assert rasterised(julia) is julia


def test_half_size_keeps_transparency(drawn: Gallery) -> None:
    fern = drawn["barnsley_fern"][1]
    half = opened(alterations()["at half its size"](fern))
    assert half.size == tuple(side // 2 for side in opened(fern).size)
    assert half.getpixel((2, 2))[3] == 0  # type: ignore[index]


def test_transparency_turns_white_in_jpeg(drawn: Gallery) -> None:
    corner = opened(alterations()["saved as JPEG of quality 50"](drawn["barnsley_fern"][1]))
    assert min(corner.getpixel((2, 2))) > 245  # type: ignore[arg-type]


def test_a_thumbnail_fits_into_320_pixels(drawn: Gallery) -> None:
    for slug in ("barnsley_fern", "flag_of_nepal", "solar_system"):
        small = opened(alterations()["as a thumbnail of 320 pixels"](drawn[slug][1]))
        assert max(small.size) == 320


def test_grey_has_no_colour(drawn: Gallery) -> None:
    assert opened(alterations()["in grey"](drawn["julia_set"][1])).mode == "L"


def test_brighter_is_brighter(drawn: Gallery) -> None:
    julia = drawn["julia_set"][1]
    before = ImageStat.Stat(opened(julia).convert("L")).mean[0]
    after = ImageStat.Stat(opened(alterations()["a little brighter"](julia)).convert("L")).mean[0]
    assert before * 1.1 < after < before * 1.3


def test_a_watermark_is_in_the_lower_right_corner(drawn: Gallery) -> None:
    julia = drawn["julia_set"][1]
    marked = opened(alterations()["with a watermark"](julia)).convert("L")
    change = ImageChops.difference(marked, opened(julia).convert("L"))
    box = change.point(lambda level: 255 * (level > 40)).getbbox()
    assert box is not None
    assert box[0] > marked.width * 0.3
    assert box[1] > marked.height * 0.9
