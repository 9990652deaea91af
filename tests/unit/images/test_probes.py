"""The further views of a picture: what was done to it, one of them undoes."""

import io
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from bot.images import (
    MAX_PROBES,
    Fingerprint,
    Limits,
    Probe,
    Query,
    Unreadable,
    View,
    animation,
    asking,
    cairo_available,
    fingerprint,
    probes,
    query,
)
from bot.images.look_layout import Look, unpack
from bot.images.probes import oriented, reduced
from tests.drawing import draw, encode

Save = Callable[..., bytes]

LIMITS = Limits()
PHOTO = draw(7, (360, 240))


def asked(data: bytes, limits: Limits = LIMITS) -> Query:
    found = query(data, limits)
    assert isinstance(found, Query), found
    return found


def read(image: Image.Image) -> Fingerprint:
    found = fingerprint(encode(image), LIMITS)
    assert isinstance(found, Fingerprint), found
    return found


def bits(one: int, other: int) -> int:
    return ((one ^ other) & (2**64 - 1)).bit_count()


def steps(one: Look, other: Look) -> int:
    """Between two looks, the most of any cell."""
    pairs = zip((*one.grid, *one.colour), (*other.grid, *other.colour), strict=True)
    return max(abs(a - b) for a, b in pairs)


def nearest(found: Query, wanted: Fingerprint, **view: Any) -> Probe:
    """Of the probes of such a view, the one that is nearest."""
    fitting = [
        probe
        for probe in found.probes
        if all(getattr(probe.view, name) == value for name, value in view.items())
    ]
    assert fitting, (view, found.probes)
    return min(fitting, key=lambda probe: bits(probe.dhash, wanted.dhash))


def turned_as_by_exif(image: Image.Image, orientation: int) -> Image.Image:
    tagged = image.copy()
    tagged.getexif()[0x0112] = orientation
    return ImageOps.exif_transpose(tagged)


# What was done to a picture, and the orientation that undoes it.
UNDOES = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_levels_are_turned_as_pixels_are(orientation: int) -> None:
    small = PHOTO.resize((9, 7))

    wanted = np.asarray(turned_as_by_exif(small, orientation))
    assert np.array_equal(oriented(np.asarray(small), orientation), wanted)


def test_the_whole_is_what_an_import_stores(picture: Image.Image, save: Save) -> None:
    for data in (save(picture, "PNG"), save(picture, "JPEG"), save(PHOTO, "GIF"), encode(PHOTO)):
        assert asked(data).fingerprint == fingerprint(data, LIMITS)


@pytest.mark.parametrize("orientation", UNDOES)
def test_what_was_turned_or_mirrored_is_turned_back(orientation: int) -> None:
    wanted = read(PHOTO)
    found = asked(encode(turned_as_by_exif(PHOTO, orientation), "JPEG", quality=85))

    probe = nearest(found, wanted, orientation=UNDOES[orientation])
    assert probe.view == View(orientation=UNDOES[orientation])
    assert bits(probe.dhash, wanted.dhash) <= 3
    assert bits(probe.phash, wanted.phash) <= 4
    assert steps(unpack(probe.look), unpack(wanted.look)) <= 1
    assert abs(unpack(probe.look).shape - unpack(wanted.look).shape) <= 1


@pytest.mark.parametrize("orientation", range(2, 9))
def test_views_of_the_whole_are_hashed_as_such_a_file(orientation: int) -> None:
    # Few pixels, so that the copy that is looked into is the picture itself.
    wanted = read(turned_as_by_exif(PHOTO, orientation))

    probe = nearest(asked(encode(PHOTO)), wanted, orientation=orientation)
    assert bits(probe.dhash, wanted.dhash) <= 1
    assert bits(probe.phash, wanted.phash) <= 2
    assert steps(unpack(probe.look), unpack(wanted.look)) <= 1


@pytest.mark.parametrize("size", [(600, 400), (1500, 1000), (400, 3000)])
def test_a_large_picture_is_found_as_a_small_one_is(size: tuple[int, int]) -> None:
    large = PHOTO.resize(size, Image.Resampling.BICUBIC)
    wanted = read(turned_as_by_exif(large, 6))

    probe = nearest(asked(encode(large)), wanted, orientation=6)
    assert bits(probe.dhash, wanted.dhash) <= 1


def framed(colour: str = "white") -> Image.Image:
    whole = Image.new("RGB", (460, 380), colour)
    whole.paste(noisy(), (50, 70))
    return whole


def noisy() -> Image.Image:
    noise = np.random.default_rng(1).integers(-30, 31, (240, 360, 3))
    return Image.fromarray((np.asarray(PHOTO) + noise).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("colour", ["white", "black", "orange"])
def test_a_border_is_taken_off(colour: str) -> None:
    wanted = read(noisy())
    found = asked(encode(framed(colour), "JPEG", quality=85))

    probe = nearest(found, wanted, framing="border", orientation=1)
    assert bits(found.fingerprint.dhash, wanted.dhash) > 3
    assert bits(probe.dhash, wanted.dhash) <= 3
    assert steps(unpack(probe.look), unpack(wanted.look)) <= 1
    assert abs(unpack(probe.look).shape - unpack(wanted.look).shape) <= 1
    assert found.probes[0].view.framing == "border"


def test_what_is_framed_may_be_mirrored_as_well() -> None:
    wanted = read(noisy())
    found = asked(encode(framed().transpose(Image.Transpose.FLIP_LEFT_RIGHT)))

    probe = nearest(found, wanted, framing="border", orientation=2)
    assert bits(probe.dhash, wanted.dhash) <= 3


def test_a_picture_inside_a_screenshot_is_found() -> None:
    wanted = read(noisy())
    screen = Image.new("RGB", (540, 900), (49, 51, 56))
    pen = ImageDraw.Draw(screen)
    for line in range(5):
        pen.text((30, 40 + 30 * line), "words that somebody wrote", (219, 222, 225), font_size=18)
    screen.paste(noisy(), (90, 300))
    pen.text((30, 700), "and some more of them", (219, 222, 225), font_size=18)

    probe = nearest(asked(encode(screen, "JPEG", quality=85)), wanted, framing="inside")
    assert probe.view == View(framing="inside")
    assert bits(probe.dhash, wanted.dhash) <= 4
    assert bits(probe.phash, wanted.phash) <= 6


def symmetric() -> Image.Image:
    half = np.asarray(draw(3, (120, 120)))
    wide = np.concatenate([half, half[:, ::-1]], axis=1)
    return Image.fromarray(np.concatenate([wide, wide[::-1]]))


def test_a_symmetric_picture_has_fewer_views() -> None:
    orientations = {probe.view.orientation for probe in asked(encode(symmetric())).probes}

    assert orientations.isdisjoint({2, 3, 4})
    # The two kinds of quarter turns are one each, and one of them will do.
    assert len(orientations & {5, 6, 7, 8}) <= 1


def test_what_differs_by_colour_alone_is_another_view() -> None:
    # Mirrored, its levels are the same; green of this sort is as light as this red.
    grey = np.asarray(symmetric().convert("L")).astype(np.float64)[..., None] / 255
    side = np.where(np.arange(240)[:, None] < 120, (200, 60, 60), (20, 128, 128))
    image = Image.fromarray((grey * side * 1.2).clip(0, 255).astype(np.uint8))

    found = asked(encode(image))
    assert 2 in {probe.view.orientation for probe in found.probes}
    probe = nearest(found, found.fingerprint, orientation=2)
    assert bits(probe.dhash, found.fingerprint.dhash) <= 12


def check(found: Query) -> None:
    """What is promised of any query."""
    assert len(found.probes) <= MAX_PROBES
    known: list[Fingerprint | Probe] = [found.fingerprint]
    for probe in found.probes:
        assert len(probe.look) == 45
        assert 1 <= probe.view.orientation <= 8
        assert 0 <= probe.view.frame <= 255
        assert probe.view != View()
        for other in known:
            one, two = unpack(probe.look), unpack(other.look)
            assert (
                bits(probe.dhash, other.dhash) > 1
                or steps(one, two) > 1
                or abs(one.shape - two.shape) > 2
            )
        known.append(probe)


@settings(deadline=None)
@given(
    st.integers(1, 300),
    st.integers(1, 300),
    st.sampled_from(["noise", "few", "ramp", "framed", "spots"]),
    st.sampled_from(["PNG", "JPEG", "GIF"]),
    st.integers(0, 99),
)
def test_what_is_promised_of_any_picture(
    width: int, height: int, sort: str, kind: str, seed: int
) -> None:
    dice = np.random.default_rng(seed)
    most = {"few": 3}.get(sort, 256)
    pixels = dice.integers(0, most, (height, width, 3)).astype(np.uint8)
    if sort == "ramp":
        pixels[:] = (np.arange(width) * 255 // width)[None, :, None]
    if sort == "framed":
        pixels[: height // 4] = pixels[:, : width // 5] = pixels[:, -(width // 7) :] = 30
    if sort == "spots":
        pixels[dice.random((height, width)) < 0.7] = 255

    check(asked(encode(Image.fromarray(pixels), kind)))


@pytest.mark.parametrize("colour", ["white", "teal"])
def test_a_plain_picture_has_no_views(colour: str) -> None:
    found = asked(encode(Image.new("RGB", (300, 200), colour)))

    assert found.fingerprint.plain
    assert found.probes == ()


def test_no_more_views_than_there_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "proposals", lambda _: [(n, n, n + 90, n + 70) for n in range(40)])

    assert len(asked(encode(noisy())).probes) == MAX_PROBES


def test_the_copy_is_small() -> None:
    for size in ((1, 1), (512, 9), (513, 9), (4000, 3000), (9, 30_000)):
        for mode in ("RGB", "L", "P"):
            copy = reduced(Image.new(mode, size))
            assert max(copy.size) <= 512
            assert max(copy.size) >= min(max(size), 256)
            assert copy.mode in {"RGB", "L"}


def film(count_: int, size: tuple[int, int] = (120, 90)) -> list[Image.Image]:
    return [draw(100 + number, size) for number in range(count_)]


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("frames", "chosen"), [(1, []), (2, [1]), (4, [1, 2, 3]), (8, [2, 4, 6]), (130, [32, 48, 80])]
)
def test_later_pictures_of_an_animation_are_views(
    kind: str, frames: int, chosen: list[int]
) -> None:
    pictures = film(frames)
    options = {"lossless": True, "method": 0} if kind == "WEBP" else {}
    data = encode(pictures[0], kind, save_all=True, append_images=pictures[1:], **options)

    found = asked(data)
    check(found)
    assert bits(found.fingerprint.dhash, read(pictures[0]).dhash) <= 2
    assert [p.view.frame for p in found.probes if p.view.frame] == chosen
    for number in chosen:
        wanted = read(pictures[number])
        probe = nearest(found, wanted, frame=number)
        assert probe.view == View(frame=number)
        # A GIF has 256 colours for all of them.
        assert bits(probe.dhash, wanted.dhash) <= (6 if kind == "GIF" else 2)
        assert steps(unpack(probe.look), unpack(wanted.look)) <= (2 if kind == "GIF" else 1)


def test_pages_are_no_animation() -> None:
    pictures = film(4)
    data = encode(pictures[0], "TIFF", save_all=True, append_images=pictures[1:])

    assert not any(probe.view.frame for probe in asked(data).probes)


def test_what_comes_before_the_damage_is_looked_at() -> None:
    pictures = film(8)
    data = encode(pictures[0], "GIF", save_all=True, append_images=pictures[1:])

    found = asked(data[: len(data) * 2 // 3])
    assert found.fingerprint == asked(data).fingerprint
    assert any(probe.view.frame for probe in found.probes)


def test_still_pictures_after_one_another_are_one_view() -> None:
    data = encode(PHOTO, "WEBP", save_all=True, append_images=[PHOTO, PHOTO], lossless=True)

    assert not any(probe.view.frame for probe in asked(data).probes)


def test_an_animation_is_looked_at_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = film(30)
    data = encode(pictures[0], "GIF", save_all=True, append_images=pictures[1:])
    clock = count()
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))

    kept = animation.later(data, "GIF", LIMITS, 5.5, Image.Image.copy)
    assert [number for number, _ in kept] == [2, 3, 5]


def test_an_animation_of_many_pixels_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = film(30)
    data = encode(pictures[0], "GIF", save_all=True, append_images=pictures[1:])
    monkeypatch.setattr(animation, "_PIXELS", 120 * 90 * 2)

    until = time.monotonic() + 60
    assert [n for n, _ in animation.later(data, "GIF", LIMITS, until, id)] == [1, 2]


def test_after_a_slow_picture_there_is_no_time_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count()
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))

    assert asked(encode(PHOTO), Limits(timeout=2.4)).probes == ()
    assert asked(encode(PHOTO), Limits(timeout=2.6)).probes != ()


@pytest.mark.parametrize("where", ["probes", "reduced"])
def test_without_memory_for_more_the_picture_is_read(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(asking, where, out_of_memory)
    data = encode(PHOTO)

    assert query(data, LIMITS) == Query(read(PHOTO), ())


def test_a_drawing_has_views_too() -> None:
    if not cairo_available():
        pytest.skip("no cairo library here")
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200">'
        '<rect width="300" height="200" fill="navy"/><circle cx="90" cy="70" r="60" fill="gold"/>'
        '<path d="M180 190 L290 30 L250 180z" fill="crimson"/></svg>'
    )

    found = asked(svg.encode())
    check(found)
    assert {2, 3, 6, 8} <= {probe.view.orientation for probe in found.probes}


@pytest.mark.parametrize("data", [b"", b"hello", encode(PHOTO)[:300], encode(PHOTO, "GIF")[:40]])
def test_what_cannot_be_read_is_told_as_ever(data: bytes) -> None:
    found = query(data, LIMITS)

    assert isinstance(found, Unreadable)
    assert found == fingerprint(data, LIMITS)


def test_hidden_colours_of_an_animation_are_laid_on_white() -> None:
    layers = [picture.copy() for picture in film(3)]
    for layer in layers:
        layer.putalpha(Image.radial_gradient("L").resize(layer.size).point(lambda v: 255 - v))
    file = io.BytesIO()
    layers[0].save(file, "PNG", save_all=True, append_images=layers[1:], blend=0, disposal=1)
    paper = Image.new("RGB", layers[2].size, "white")
    paper.paste(layers[2], mask=layers[2])

    probe = nearest(asked(file.getvalue()), read(paper), frame=2)
    assert bits(probe.dhash, read(paper).dhash) <= 1
