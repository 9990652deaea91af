"""Which bytes are thumbnails, and how many of them are kept."""

import pytest

from bot.web.thumbs import Kept, Thumb, thumb_of
from tests.drawing import draw, encode


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_what_it_is_its_bytes_say(kind: str) -> None:
    data = encode(draw(1, (33, 22)), kind)
    thumb = thumb_of(data)
    assert thumb is not None
    assert (thumb.data, thumb.content_type) == (data, f"image/{kind.lower()}")
    again = thumb_of(bytes(data))
    other = thumb_of(encode(draw(2, (33, 22)), kind))
    assert again is not None
    assert other is not None
    assert thumb.tag == again.tag != other.tag


@pytest.mark.parametrize(
    "data",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"\x1f\x8b\x08\x00",
        b"<!doctype html><script>alert(1)</script>",
        b"<script>alert(1)</script>",
        b"\n\x89PNG\r\n\x1a\n",
        encode(draw(1, (9, 9)), "BMP"),
        encode(draw(1, (9, 9)), "TIFF"),
        b"%PDF-1.7",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"",
    ],
)
def test_nothing_else_is_one(data: bytes) -> None:
    assert thumb_of(data) is None


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def thumb(size: int) -> Thumb:
    return Thumb(bytes(size), "image/png", '"x"')


def test_those_wanted_longest_ago_go_first() -> None:
    kept = Kept(10_000, seconds=60, clock=Clock())
    for image_id in (1, 2, 3):
        kept.put(image_id, thumb(2000))
    assert kept.get(1) is not None
    kept.put(4, thumb(2000))
    assert [one for one in (1, 2, 3, 4) if kept.get(one)] == [1, 3, 4]
    assert kept.size <= 10_000


def test_one_that_is_put_anew_takes_its_place_once() -> None:
    kept = Kept(10_000, seconds=60, clock=Clock())
    kept.put(1, thumb(2000))
    before = kept.size
    kept.put(1, thumb(1000))
    assert kept.size == before - 1000
    kept.put(2, thumb(10_000))
    assert kept.get(1) is kept.get(2) is None
    assert kept.size == 0


def test_they_are_good_for_a_while() -> None:
    clock = Clock()
    kept = Kept(10_000, seconds=60, clock=clock)
    kept.put(1, thumb(10))
    clock.now = 59.9
    assert kept.get(1) is not None
    clock.now = 60.0
    assert kept.get(1) is None
    assert kept.size == 0
