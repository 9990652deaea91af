"""Small grey pictures to numbers, and what is too plain to be searched for."""

import imagehash
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.images.hashes import dhash, differences, frequencies, hashes, signed
from bot.images.resample import by_pillow

BITS = st.lists(st.booleans(), min_size=64, max_size=64)


def number(bits: list[bool]) -> int:
    return signed(np.array(bits).reshape(1, 8, 8))[0]


@given(BITS)
def test_the_first_bit_is_the_sign_and_the_rest_follow(bits: list[bool]) -> None:
    value = number(bits)

    text = "".join("1" if bit else "0" for bit in bits)
    assert value == int(text[1:], 2) - (2**63 if bits[0] else 0)
    assert -(2**63) <= value < 2**63


@given(BITS)
def test_the_number_is_that_of_imagehash_text(bits: list[bool]) -> None:
    array = np.array(bits).reshape(8, 8)

    assert number(bits) % 2**64 == int(str(imagehash.ImageHash(array)), 16)


@given(BITS, BITS)
def test_the_distance_of_numbers_is_that_of_hashes(one: list[bool], other: list[bool]) -> None:
    a, b = np.array(one).reshape(8, 8), np.array(other).reshape(8, 8)

    distance = ((number(one) ^ number(other)) & (2**64 - 1)).bit_count()
    assert distance == imagehash.ImageHash(a) - imagehash.ImageHash(b)


def test_hashes_are_those_of_imagehash(picture: Image.Image) -> None:
    grey = picture.convert("L")
    (found,) = hashes([by_pillow(grey)])

    assert found.dhash == dhash(grey)
    assert found.dhash % 2**64 == int(str(imagehash.dhash(picture, 8)), 16)
    assert found.phash % 2**64 == int(str(imagehash.phash(picture, 8)), 16)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 32])
def test_together_pictures_hash_as_each_alone(count: int) -> None:
    dice = np.random.default_rng(count)
    # Ties are what a different order of additions would break.
    levels = dice.choice(np.array([0, 1, 127, 128, 255], np.uint8), (count, 32, 32))
    narrow = dice.integers(0, 3, (count, 8, 9)).astype(np.uint8)

    for some, hash_of, bits in (
        (levels, imagehash.phash, frequencies(levels.astype(np.float64))),
        (narrow, imagehash.dhash, differences(narrow.astype(np.float64))),
    ):
        for one, found in zip(some, bits, strict=True):
            assert np.array_equal(found, hash_of(Image.fromarray(one), 8).hash)


def test_no_picture_has_no_hash() -> None:
    assert hashes([]) == []


def is_plain(grey: Image.Image) -> bool:
    return hashes([by_pillow(grey)])[0].plain


def test_a_picture_with_something_in_it_is_not_plain(picture: Image.Image) -> None:
    assert not is_plain(picture.convert("L"))


def _stripes() -> Image.Image:
    return Image.fromarray(np.repeat(np.array([0, 120, 255], np.uint8), 20)[:, None]).resize(
        (90, 60), Image.Resampling.NEAREST
    )


def _faint() -> Image.Image:
    noise = np.random.default_rng(7).integers(126, 130, (64, 64), dtype=np.uint8)
    return Image.fromarray(noise)


@pytest.mark.parametrize(
    "grey",
    [
        pytest.param(Image.new("L", (64, 64), 255), id="white"),
        pytest.param(Image.new("L", (1, 1), 7), id="a pixel"),
        pytest.param(Image.linear_gradient("L"), id="a gradient downwards"),
        pytest.param(Image.linear_gradient("L").rotate(90), id="a gradient to the right"),
        pytest.param(Image.linear_gradient("L").rotate(270), id="a gradient to the left"),
        pytest.param(_stripes(), id="a flag of three stripes"),
        pytest.param(_faint(), id="noise that nobody sees"),
    ],
)
def test_what_is_plain(grey: Image.Image) -> None:
    assert is_plain(grey)


def test_a_striped_flag_stays_plain_whatever_noise_an_encoder_adds() -> None:
    levels = np.asarray(_stripes()).astype(np.int16)
    noise = np.random.default_rng(3).integers(-1, 2, levels.shape)
    grey = Image.fromarray(np.clip(levels + noise, 0, 255).astype(np.uint8))

    assert is_plain(grey)
