"""The second look: what its bytes say, and that they stay the same whatever became of the file."""

import io
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.images import Fingerprint, Limits, fingerprint, look_layout, looks
from bot.images.colours import cells
from bot.images.look_layout import LOOK_BYTES, Look, unpack
from bot.images.resample import by_pillow
from tests.drawing import draw, encode

Save = Callable[..., bytes]

NUMBERS = st.builds(
    Look,
    st.tuples(*[st.integers(-8, 7)] * 64),
    st.tuples(*[st.integers(-4, 3)] * 32),
    st.integers(-128, 127),
)


def read(data: bytes) -> Fingerprint:
    found = fingerprint(data, Limits())
    assert isinstance(found, Fingerprint), found
    return found


def look_of(image: Image.Image) -> Look:
    return unpack(read(encode(image)).look)


@given(NUMBERS)
def test_numbers_come_back_as_they_were(numbers: Look) -> None:
    packed = look_layout.pack(numbers)

    assert len(packed) == LOOK_BYTES == 45
    assert unpack(packed) == numbers


@given(st.lists(st.binary(min_size=LOOK_BYTES, max_size=LOOK_BYTES), min_size=1, max_size=5))
def test_many_at_once_are_as_one_by_one(packed: list[bytes]) -> None:
    rows = np.frombuffer(b"".join(packed), np.uint8).reshape(-1, LOOK_BYTES)
    found = looks.unpack(rows)

    assert looks.pack(found) == packed
    for place, one in enumerate(packed):
        grid, colour, shape = unpack(one)
        assert found.grid[place].tolist() == list(grid)
        assert found.colour[place].tolist() == list(colour)
        assert found.shape[place] == shape


@pytest.mark.parametrize(
    "numbers",
    [
        Look((0,) * 63, (0,) * 32, 0),
        Look((0,) * 64, (0,) * 31, 0),
        Look((8, *(0,) * 63), (0,) * 32, 0),
        Look((0,) * 64, (-5, *(0,) * 31), 0),
        Look((0,) * 64, (0,) * 32, 128),
    ],
)
def test_numbers_that_do_not_fit_are_refused(numbers: Look) -> None:
    with pytest.raises(ValueError, match=r"bits|cells"):
        look_layout.pack(numbers)


@pytest.mark.parametrize("size", [0, 44, 46])
def test_no_other_number_of_bytes_is_a_look(size: int) -> None:
    with pytest.raises(ValueError, match="45 bytes"):
        unpack(bytes(size))


def test_the_layout_is_as_it_is_told() -> None:
    packed = bytearray(LOOK_BYTES)
    packed[0] = 0x1F  # the first cell, one step up; the second, one step down
    packed[32] = 0b011_100_00  # the first Cb, three steps up; the first Cr, four down
    packed[44] = 0xE0  # twice as high as wide

    grid, colour, shape = unpack(bytes(packed))
    assert grid[:3] == (1, -1, 0)
    assert colour[:3] == (3, -4, 0)
    assert shape == -32


@given(st.integers(0, 999))
def test_the_grid_is_what_the_formula_says(seed: int) -> None:
    dice = np.random.default_rng(seed)
    levels = dice.integers(0, dice.integers(2, 257), (1, 32, 32)).astype(np.float64)

    means = [
        float(levels[0, y : y + 4, x : x + 4].mean())
        for y in range(0, 32, 4)
        for x in range(0, 32, 4)
    ]
    middle = math.fsum(means) / 64
    deviation = math.sqrt(math.fsum((mean - middle) ** 2 for mean in means) / 64)
    for mean, step in zip(means, looks.grid(levels)[0].tolist(), strict=True):
        exact = (mean - middle) / max(deviation, 4) / 0.35
        assert abs(min(max(exact, -8), 7) - step) <= 0.5 + 1e-6


@given(st.integers(0, 999), st.sampled_from([4, 8]))
def test_colour_is_what_the_formula_says(seed: int, side: int) -> None:
    given_ = np.random.default_rng(seed).integers(0, 256, (1, side, side, 3)).astype(np.uint8)
    step = side // 4

    found = looks.colour(given_)[0].tolist()
    for cell in range(16):
        y, x = cell // 4 * step, cell % 4 * step
        red, green, blue = given_[0, y : y + step, x : x + step].mean(axis=(0, 1)).tolist()
        for exact, value in zip(
            (0.5 * blue - 0.168736 * red - 0.331264 * green,
             0.5 * red - 0.418688 * green - 0.081312 * blue),
            found[2 * cell : 2 * cell + 2],
            strict=True,
        ):  # fmt: skip
            assert abs(min(max(exact / 14, -4), 3) - value) <= 0.5 + 1e-6


def test_together_pictures_look_as_each_alone() -> None:
    dice = np.random.default_rng(1)
    levels = dice.integers(0, 256, (9, 32, 32)).astype(np.float64)
    colours = dice.integers(0, 256, (9, 8, 8, 3)).astype(np.uint8)
    shapes = dice.normal(0, 1, 9)

    together = looks.pack(looks.looks(levels, colours, shapes))
    for place in range(9):
        some = slice(place, place + 1)
        (alone,) = looks.pack(looks.looks(levels[some], colours[some], shapes[some]))
        assert alone == together[place]


@pytest.mark.parametrize(
    ("size", "shape"),
    [((64, 64), 0), ((128, 64), 32), ((64, 128), -32), ((200, 100), 32), ((900, 2), 127)],
)
def test_the_shape_is_that_of_the_file(size: tuple[int, int], shape: int) -> None:
    assert look_of(draw(1, size)).shape == shape


@pytest.mark.parametrize("mode", ["L", "1", "LA", "I;16"])
def test_grey_has_no_colour(picture: Image.Image, mode: str) -> None:
    grey = picture.convert("L")
    image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257) if mode == "I;16" else grey

    assert set(look_of(image if mode == "I;16" else grey.convert(mode)).colour) == {0}
    assert set(look_of(grey.convert("RGB")).colour) == {0}
    assert set(look_of(picture).colour) != {0}


@pytest.mark.parametrize(
    ("mode", "format", "options"),
    [
        ("RGB", "PNG", {}),
        ("RGB", "JPEG", {"quality": 70}),
        ("RGB", "WEBP", {"quality": 60}),
        ("P", "PNG", {}),
        ("P", "GIF", {}),
        ("RGBA", "PNG", {}),
        ("CMYK", "TIFF", {}),
        ("YCbCr", "TIFF", {}),
    ],
)
def test_every_format_keeps_its_colours(
    save: Save,
    mode: str,
    format: str,  # noqa: A002
    options: dict[str, int],
) -> None:
    picture = draw(3)
    wanted, found = (
        look_of(picture),
        unpack(read(save(picture.convert(mode), format, **options)).look),
    )

    for one, other in ((wanted.grid, found.grid), (wanted.colour, found.colour)):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 1
    assert found.shape == wanted.shape


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_colours_are_laid_on_white_like_levels(save: Save, mode: str) -> None:
    picture = draw(5)
    seen = picture.copy()
    seen.paste("white", (0, 0, 120, 180))
    if mode == "RGBA":
        hidden = picture.copy()
        mask = Image.new("L", picture.size, 255)
        mask.paste(0, (0, 0, 120, 180))
        hidden.putalpha(mask)
        data = save(hidden, "PNG")
    else:
        hidden = picture.quantize(255)
        seen = hidden.convert("RGB")
        seen.paste("white", (0, 0, 120, 180))
        hidden.putpalette([*(hidden.getpalette() or [])[:765], 0, 90, 0])
        hidden.paste(255, (0, 0, 120, 180))
        data = save(hidden, "PNG", transparency=255)

    wanted, found = look_of(seen), unpack(read(data).look)
    for one, other in ((wanted.grid, found.grid), (wanted.colour, found.colour)):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 1
    # Half of the cells are white, and white is grey.
    assert {found.colour[row * 8 + place] for row in range(4) for place in range(4)} == {0}


def test_colour_tells_flags_apart() -> None:
    flags = []
    for colour in ("red", "blue"):
        flag = Image.new("RGB", (300, 200), "white")
        flag.paste(colour, (0, 0, 150, 100))
        flags.append(look_of(flag).colour)

    apart = [abs(a - b) for a, b in zip(*flags, strict=True)]
    assert max(apart) >= 4


@pytest.mark.parametrize("size", [(97, 300), (384, 384), (1000, 700), (5, 3), (1, 1), (2000, 9)])
def test_few_pixels_have_the_mean_of_all(size: tuple[int, int]) -> None:
    picture = draw(2, size)
    every = picture.resize((8, 8), Image.Resampling.BOX)

    assert np.abs(cells(picture).astype(int) - np.asarray(every)).max() <= 12


@pytest.mark.parametrize("period", [2, 4, 8])
@pytest.mark.parametrize("side", [384, 512, 768, 1024, 1536])
def test_a_pattern_of_dithering_is_no_colour(period: int, side: int) -> None:
    # Of each square of pixels one is red, and the others are white.
    tile = np.full((period, period, 3), 255, np.uint8)
    tile[0, 0] = (255, 0, 0)
    image = Image.fromarray(np.tile(tile, (side // period, side // period, 1)))

    wanted = 255 * (1 - 1 / period**2)
    assert np.abs(cells(image)[..., 1:] - wanted).max() <= 12


def test_the_look_and_the_hashes_are_of_the_same_levels() -> None:
    picture = draw(4, (500, 300))
    small = by_pillow(picture.convert("L"))

    found = unpack(read(encode(picture)).look)
    assert found.grid == tuple(looks.grid(small.for_phash[None])[0].tolist())


def test_a_larger_file_of_the_same_looks_the_same() -> None:
    picture = draw(6, (1200, 800))
    file = io.BytesIO()
    picture.resize((300, 200), Image.Resampling.LANCZOS).save(file, "JPEG", quality=80)

    wanted, found = look_of(picture), unpack(read(file.getvalue()).look)
    for one, other in ((wanted.grid, found.grid), (wanted.colour, found.colour)):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 1
