"""Every format and mode gives the hash that plain code gives."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import imagehash
import numpy as np
import pytest
from PIL import Image

from bot.images import Fingerprint, Limits, Unreadable, fingerprint, heif_available

Save = Callable[..., bytes]
PlainHash = Callable[[Image.Image], int]


def read(data: bytes) -> Fingerprint:
    result = fingerprint(data, Limits())
    assert isinstance(result, Fingerprint), result
    return result


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def on_white(image: Image.Image) -> Image.Image:
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")


@pytest.mark.parametrize(
    ("mode", "format", "options"),
    [
        ("RGB", "JPEG", {"quality": 80}),
        ("RGB", "JPEG", {"progressive": True}),
        ("L", "JPEG", {}),
        ("CMYK", "JPEG", {}),
        ("RGB", "PNG", {}),
        ("L", "PNG", {}),
        ("1", "PNG", {}),
        ("P", "PNG", {}),
        ("P", "PNG", {"bits": 8, "optimize": True}),
        ("RGB", "GIF", {}),
        ("P", "GIF", {"interlace": 1}),
        ("L", "GIF", {}),
        ("RGB", "WEBP", {"quality": 70}),
        ("RGB", "WEBP", {"lossless": True}),
        ("RGB", "TIFF", {}),
        ("RGB", "TIFF", {"compression": "tiff_lzw"}),
        ("RGB", "TIFF", {"compression": "jpeg"}),
        ("1", "TIFF", {"compression": "group4"}),
        ("CMYK", "TIFF", {}),
        ("YCbCr", "TIFF", {}),
        ("P", "TIFF", {}),
        ("RGB", "TIFF", {"big_tiff": True}),
        ("RGB", "BMP", {}),
        ("P", "BMP", {}),
        ("1", "BMP", {}),
        ("RGB", "AVIF", {"quality": 80}),
        ("L", "AVIF", {}),
    ],
)
def test_an_opaque_picture_hashes_as_plain_code_has_it(
    picture: Image.Image,
    save: Save,
    plain_hash: PlainHash,
    mode: str,
    format: str,  # noqa: A002
    options: dict[str, Any],
) -> None:
    data = save(picture.convert(mode), format, **options)

    result = read(data)
    assert result.dhash == plain_hash(opened(data))
    assert result.phash % 2**64 == int(str(imagehash.phash(opened(data), 8)), 16)
    assert (result.width, result.height, result.format) == (96, 64, format)
    assert not result.plain


def _with_alpha(picture: Image.Image) -> Image.Image:
    alpha = Image.linear_gradient("L").rotate(30).resize(picture.size)
    result = picture.copy()
    result.putalpha(alpha)
    return result


@pytest.mark.parametrize(
    ("mode", "format", "options"),
    [
        ("RGBA", "PNG", {}),
        ("LA", "PNG", {}),
        ("RGBA", "WEBP", {"lossless": True}),
        ("RGBA", "TIFF", {}),
        ("LA", "TIFF", {}),
        ("RGBA", "AVIF", {}),
        ("RGBA", "GIF", {}),
        ("RGBA", "ICO", {"sizes": [(96, 64)]}),
    ],
)
def test_alpha_is_laid_on_white(
    picture: Image.Image,
    save: Save,
    plain_hash: PlainHash,
    mode: str,
    format: str,  # noqa: A002
    options: dict[str, Any],
) -> None:
    data = save(_with_alpha(picture).convert(mode), format, **options)

    assert read(data).dhash == plain_hash(on_white(opened(data)))


def test_colour_hidden_under_full_transparency_does_not_count(
    picture: Image.Image, save: Save
) -> None:
    shape = Image.new("L", picture.size, 0)
    shape.paste(255, (20, 10, 70, 50))
    seen, hidden = picture.copy(), picture.copy()
    hidden.paste((0, 255, 0), (72, 0, 96, 64))
    seen.putalpha(shape)
    hidden.putalpha(shape)

    assert read(save(seen, "PNG")).dhash == read(save(hidden, "PNG")).dhash


@pytest.mark.parametrize(
    ("mode", "transparency"),
    [
        pytest.param("L", 0, id="L"),
        pytest.param("RGB", (0, 0, 0), id="RGB"),
        pytest.param("1", 0, id="1"),
        pytest.param("P", bytes([0, 128, 255, 60]), id="P, levels"),
        pytest.param("P", 0, id="P, one"),
    ],
)
def test_a_colour_named_transparent_is_laid_on_white(
    picture: Image.Image, save: Save, plain_hash: PlainHash, mode: str, transparency: Any
) -> None:
    dark = picture.copy()
    dark.paste((0, 0, 0), (30, 20, 80, 60))
    stored = dark.quantize(16) if mode == "P" else dark.convert(mode)
    data = save(stored, "PNG", transparency=transparency)

    result = read(data)
    assert result.dhash == plain_hash(on_white(opened(data)))
    assert result.dhash != plain_hash(stored)


def _sixteen(picture: Image.Image) -> np.ndarray[Any, np.dtype[np.uint16]]:
    return np.asarray(picture.convert("L")).astype(np.uint16) * 257


def test_sixteen_bits_are_scaled_and_not_clipped(
    picture: Image.Image, save: Save, plain_hash: PlainHash
) -> None:
    data = save(Image.fromarray(_sixteen(picture)), "PNG")

    assert opened(data).mode == "I;16"
    assert read(data).dhash == plain_hash(picture.convert("L"))


def test_sixteen_bits_with_a_transparent_level(
    picture: Image.Image, save: Save, plain_hash: PlainHash
) -> None:
    grey = np.asarray(picture.convert("L")).copy()
    grey[20:60, 30:80] = 9
    data = save(Image.fromarray(grey.astype(np.uint16) * 257), "PNG")
    # Pillow writes no tRNS for this mode, so it is put in before the picture data.
    at = data.index(b"IDAT") - 4
    data = data[:at] + _chunk(b"tRNS", struct.pack(">H", 9 * 257)) + data[at:]

    white = grey.copy()
    white[grey == 9] = 255
    assert read(data).dhash == plain_hash(Image.fromarray(white))


def test_a_tiff_of_twelve_bits_uses_all_of_them(
    picture: Image.Image, plain_hash: PlainHash
) -> None:
    grey = np.asarray(picture.convert("L"))
    packed = bytearray()
    for first, second in (grey.astype(np.uint16) << 4).reshape(-1, 2).tolist():
        packed += bytes([first >> 4, (first & 15) << 4 | second >> 8, second & 255])
    data = _tiff(96, 64, 12, bytes(packed))

    assert opened(data).mode == "I;16"
    assert read(data).dhash == plain_hash(picture.convert("L"))


@pytest.mark.parametrize(
    ("scale", "offset", "kind"),
    [
        pytest.param(1, 0, np.int32, id="integers of 8 bits"),
        pytest.param(257, 0, np.int32, id="integers of 16 bits"),
        pytest.param(1000, -100_000, np.int32, id="integers below zero"),
        pytest.param(1, 0, np.float32, id="floats of 8 bits"),
        pytest.param(1 / 255, 0, np.float32, id="floats up to one"),
        pytest.param(3.5, -400, np.float32, id="floats of any range"),
    ],
)
def test_wide_levels_are_brought_to_eight_bits(
    picture: Image.Image,
    save: Save,
    plain_hash: PlainHash,
    scale: float,
    offset: float,
    kind: type[Any],
) -> None:
    grey = np.asarray(picture.convert("L")).astype(np.float64)
    data = save(Image.fromarray((grey * scale + offset).astype(kind)), "TIFF")

    distance = (read(data).dhash ^ plain_hash(picture.convert("L"))) & (2**64 - 1)
    assert distance.bit_count() <= 1


def test_floats_that_are_no_numbers_do_not_matter(
    picture: Image.Image, save: Save, plain_hash: PlainHash
) -> None:
    grey = np.asarray(picture.convert("L")).astype(np.float32)
    grey[0, 0], grey[1, 1], grey[2, 2] = np.nan, np.inf, -np.inf
    nothing = np.full((8, 8), np.nan, np.float32)

    distance = read(save(Image.fromarray(grey), "TIFF")).dhash ^ plain_hash(picture.convert("L"))
    assert (distance & (2**64 - 1)).bit_count() <= 1
    assert read(save(Image.fromarray(nothing), "TIFF")).plain


def test_lab_is_read_by_its_lightness(picture: Image.Image, save: Save) -> None:
    lightness = picture.convert("L")
    flat = Image.new("L", picture.size, 128)
    data = save(Image.merge("LAB", (lightness, flat, flat)), "TIFF")

    assert read(data).dhash == read(save(lightness, "PNG")).dhash


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def _tiff(width: int, height: int, bits: int, strip: bytes) -> bytes:
    """A little-endian TIFF with one uncompressed grey strip."""
    entries = [
        (256, width), (257, height), (258, bits), (259, 1), (262, 1),
        (273, 8 + 2 + 9 * 12 + 4), (277, 1), (278, height), (279, len(strip)),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries))
    for tag, value in entries:
        directory += struct.pack("<HHII", tag, 4, 1, value)
    return b"II*\x00" + struct.pack("<I", 8) + directory + struct.pack("<I", 0) + strip


def test_an_interlaced_png(picture: Image.Image, plain_hash: PlainHash) -> None:
    grey = np.asarray(picture.convert("L"))
    rows = bytearray()
    # The seven passes of Adam7: first row and column, then steps; PNG specification, §8.2.
    for y, x, dy, dx in (
        (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
        (1, 0, 2, 1),
    ):  # fmt: skip
        for row in grey[y::dy, x::dx]:
            rows += b"\x00" + row.tobytes()
    header = struct.pack(">IIBBBBB", 96, 64, 8, 0, 0, 0, 1)
    data = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)
    data += _chunk(b"IDAT", zlib.compress(bytes(rows))) + _chunk(b"IEND", b"")

    assert read(data).dhash == plain_hash(picture.convert("L"))


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_of_an_animation_the_first_picture(
    picture: Image.Image,
    save: Save,
    plain_hash: PlainHash,
    format: str,  # noqa: A002
) -> None:
    others = [picture.rotate(180), picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    options = {"lossless": True} if format == "WEBP" else {}
    data = save(picture, format, save_all=True, append_images=others, **options)

    image = opened(data)
    assert getattr(image, "n_frames", 1) == 3
    assert read(data).dhash == plain_hash(opened(data))
    distance = (read(data).dhash ^ plain_hash(picture)) & (2**64 - 1)
    assert distance.bit_count() <= 2


UNDONE = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", UNDONE)
def test_all_orientations_are_one_picture(
    picture: Image.Image,
    save: Save,
    plain_hash: PlainHash,
    orientation: int,
    format: str,  # noqa: A002
) -> None:
    method = UNDONE[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = picture if method is None else picture.transpose(method)
    options = {"lossless": True} if format == "WEBP" else {}

    result = read(save(stored, format, exif=exif, **options))
    assert result.dhash == plain_hash(picture)
    assert (result.width, result.height) == (96, 64)


@pytest.mark.parametrize(
    "exif",
    [
        pytest.param(b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff\x01\x12", id="cut off"),
        pytest.param(b"Exif\x00\x00garbage", id="garbage"),
        pytest.param(
            b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01"
            b"\x00\x63\x00\x00\x00\x00\x00\x00",
            id="orientation 99",
        ),
    ],
)
def test_damaged_exif_does_not_make_a_picture_unreadable(
    picture: Image.Image, save: Save, plain_hash: PlainHash, exif: bytes
) -> None:
    data = save(picture, "JPEG", exif=exif)

    assert read(data).dhash == plain_hash(opened(save(picture, "JPEG")))


def test_a_camera_file_with_several_pictures(
    picture: Image.Image, save: Save, plain_hash: PlainHash
) -> None:
    data = save(picture, "MPO", save_all=True, append_images=[picture.rotate(180)])

    assert read(data).dhash == plain_hash(opened(data))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_heic(picture: Image.Image, save: Save, plain_hash: PlainHash, mode: str) -> None:
    if not heif_available():
        pytest.skip("pillow-heif is not installed")
    data = save(picture.convert(mode), "HEIF", quality=90)

    result = read(data)
    image = opened(data)
    assert result.dhash == plain_hash(on_white(image) if mode == "RGBA" else image)
    assert result.format == "HEIF"


def test_heic_without_pillow_heif_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.images.decode.register_heif", lambda: False)

    result = fingerprint(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", Limits())
    assert isinstance(result, Unreadable)
    assert result.kind == "unknown"
    assert "whereis-bot[heif]" in result.reason
