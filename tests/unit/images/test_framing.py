"""Where in a picture the picture is: borders around it, and what shows it."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from bot.images import framing
from bot.images.framing import Box, Pixels, borders, overlap, proposals
from tests.drawing import draw


def noisy(size: tuple[int, int], seed: int = 1) -> Image.Image:
    """A picture whose lines are nowhere of one colour."""
    smooth = np.asarray(draw(seed, size)).astype(np.int16)
    noise = np.random.default_rng(seed).integers(-40, 41, smooth.shape)
    return Image.fromarray((smooth + noise).clip(0, 255).astype(np.uint8))


def saved(image: Image.Image, quality: int = 70) -> Pixels:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def best(found: list[Box], wanted: Box) -> float:
    return max((overlap(box, wanted) for box in found), default=0.0)


@pytest.mark.parametrize("colour", ["white", "black", "orange", (90, 91, 97)])
def test_borders_of_any_colour_are_found(colour: str | tuple[int, int, int]) -> None:
    whole = Image.new("RGB", (360, 280), colour)
    whole.paste(noisy((300, 200)), (20, 50))

    assert best(borders(saved(whole)), (20, 50, 320, 250)) > 0.95


@settings(deadline=None)
@given(
    st.tuples(st.integers(0, 120), st.integers(0, 90), st.integers(0, 120), st.integers(0, 90)),
    st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255)),
)
def test_whatever_is_around_it_the_picture_is_left(
    around: tuple[int, int, int, int], colour: tuple[int, int, int]
) -> None:
    left, top, right, bottom = around
    box = (left, top, left + 160, top + 120)
    whole = Image.new("RGB", (box[2] + right, box[3] + bottom), colour)
    whole.paste(noisy((160, 120)), box[:2])

    found = borders(np.asarray(whole))
    if not any(around):
        assert found == []
    else:
        # The line next to a border is taken for a blend of both.
        assert len(found) == 1
        assert all(abs(a - b) <= 1 for a, b in zip(found[0], box, strict=True))


def test_each_side_may_have_its_colour_and_there_may_be_two() -> None:
    whole = Image.new("RGB", (400, 300), "white")
    whole.paste("navy", (0, 250, 400, 300))
    whole.paste("black", (30, 20, 370, 240))
    whole.paste(noisy((300, 180)), (50, 40))

    found = borders(np.asarray(whole))
    assert overlap(found[0], (30, 20, 370, 240)) > 0.9
    assert best(found, (50, 40, 350, 220)) > 0.95


def test_corners_may_be_rounded() -> None:
    whole = Image.new("RGB", (360, 280), "white")
    mask = Image.new("L", (300, 200))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 299, 199), 6, 255)
    whole.paste(noisy((300, 200)), (20, 50), mask)

    assert best(borders(np.asarray(whole)), (20, 50, 320, 250)) > 0.95


def test_a_picture_without_borders_has_none() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)

    assert borders(noise) == []
    assert proposals(noise) == []


@pytest.mark.parametrize("colour", [0, 128, 255])
def test_a_picture_of_one_colour_has_nothing_in_it(colour: int) -> None:
    blank = np.full((200, 300, 3), colour, np.uint8)

    assert borders(blank) == []
    assert proposals(blank) == []


def test_what_would_be_left_of_a_dot_is_too_small() -> None:
    whole = Image.new("RGB", (400, 300), "white")
    whole.paste(noisy((20, 20)), (200, 150))

    assert borders(np.asarray(whole)) == []
    assert proposals(np.asarray(whole)) == []


@settings(deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from([1, 2, 40, 256]), st.integers(0, 9))
def test_any_size_will_do(width: int, height: int, colours: int, seed: int) -> None:
    dice = np.random.default_rng(seed)
    pixels = dice.integers(0, colours, (height, width, 3)).astype(np.uint8)

    for box in (*borders(pixels), *proposals(pixels)):
        left, top, right, bottom = box
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height


def test_things_on_a_ground_are_proposed_apart() -> None:
    whole = Image.new("RGB", (400, 400), (49, 51, 56))
    boxes = [(30, 20, 200, 150), (60, 190, 360, 380)]
    for number, box in enumerate(boxes):
        whole.paste(noisy((box[2] - box[0], box[3] - box[1]), number), box[:2])

    found = proposals(saved(whole, 90))
    assert len(found) <= framing.MOST
    assert all(best(found, box) > 0.9 for box in boxes)


@pytest.mark.parametrize("above", [True, False])
def test_a_bar_of_text_is_left_out(above: bool) -> None:
    whole = Image.new("RGB", (320, 280), "white")
    pen = ImageDraw.Draw(whole)
    pen.text((12, 8 if above else 248), "where was that again, somebody", "black", font_size=18)
    top = 40 if above else 0
    whole.paste(noisy((320, 240)), (0, top))

    assert best(proposals(saved(whole, 85)), (0, top, 320, top + 240)) > 0.97


@pytest.mark.parametrize("turned", [False, True])
def test_what_is_sharp_between_blurred_bands_is_proposed(turned: bool) -> None:
    picture = noisy((300, 200))
    whole = picture.resize((300, 420)).filter(ImageFilter.GaussianBlur(9))
    whole.paste(picture, (0, 110))
    wanted = (0, 110, 300, 310)
    if turned:
        whole, wanted = whole.transpose(Image.Transpose.TRANSPOSE), (110, 0, 310, 300)

    assert best(proposals(np.asarray(whole)), wanted) > 0.97


def test_overlap() -> None:
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0
