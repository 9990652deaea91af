"""What becomes of a picture before somebody asks where it is from.

Each alteration takes a picture and gives the file that a chat would have.  It is the same each
time: where it has a choice, the name of the picture's file throws the dice.
"""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from bench.quality.interfaces import DARK, LIGHT, Theme, chat, meme, phone

Group = Literal[
    "saved", "resized", "colour", "mark", "crop", "border", "orientation", "rotation",
    "screenshot", "caption", "animation", "photographed",
]  # fmt: skip
Dice = Random
Change = Callable[[Image.Image, Dice], Image.Image]

QUALITY = 85  # of JPEG, where an alteration is about something else


@dataclass(frozen=True, slots=True)
class Alteration:
    """Something that happens to pictures. ``function`` makes a file of an ``RGB`` picture."""

    name: str
    group: Group
    function: Callable[[Image.Image, Dice], bytes]

    def apply(self, picture: Image.Image, name: str) -> bytes:
        """The altered file of the picture whose file has that name."""
        return self.function(picture, Dice(f"{self.name} {name}"))


def alterations() -> tuple[Alteration, ...]:
    """All of them."""
    return (
        *(Alteration(f"JPEG {quality}", "saved", _as_jpeg(quality)) for quality in (75, 50, 30)),
        Alteration("WebP 60", "saved", lambda picture, _: _saved(picture, "WEBP", quality=60)),
        _drawn("half size", "resized", lambda picture, _: _scaled(picture, 0.5)),
        _drawn("quarter size", "resized", lambda picture, _: _scaled(picture, 0.25)),
        _drawn("320 pixels", "resized", _thumbnail),
        _drawn("grey", "colour", lambda picture, _: picture.convert("L").convert("RGB")),
        _drawn("brighter 20 %", "colour", _brightness(1.2)),
        _drawn("darker 20 %", "colour", _brightness(0.8)),
        _drawn("watermark", "mark", _watermark),
        _drawn("corner logo", "mark", _logo),
        *(_drawn(f"crop {share} %", "crop", _cropped(share / 100)) for share in (5, 10, 20, 30)),
        _drawn("white border", "border", _bordered("white")),
        _drawn("black border", "border", _bordered("black")),
        _drawn("letterbox", "border", _letterbox),
        _drawn("blurred border", "border", _blurred_border),
        *(_drawn(name, "orientation", _transposed(way)) for name, way in TURNS.items()),
        _drawn("rotated 2 degrees", "rotation", _rotated),
        *(
            _drawn(f"{what}, {name}", "screenshot", _inside(draw, theme))
            for what, draw in (("phone", phone), ("chat", chat))
            for name, theme in (("light", LIGHT), ("dark", DARK))
        ),
        _drawn("caption bar", "caption", lambda picture, dice: meme(picture, dice, True)),
        _drawn("dark caption bar", "caption", lambda picture, dice: meme(picture, dice, False)),
        Alteration("GIF", "animation", _gif),
        _drawn("on a desk", "photographed", _on_a_desk),
    )


TURNS = {
    "mirrored": Image.Transpose.FLIP_LEFT_RIGHT,
    "turned 90": Image.Transpose.ROTATE_90,
    "turned 180": Image.Transpose.ROTATE_180,
    "turned 270": Image.Transpose.ROTATE_270,
}


def _drawn(name: str, group: Group, change: Change) -> Alteration:
    def function(picture: Image.Image, dice: Dice) -> bytes:
        return _saved(change(picture, dice), "JPEG", quality=QUALITY)

    return Alteration(name, group, function)


def _saved(picture: Image.Image, kind: str, **options: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _as_jpeg(quality: int) -> Callable[[Image.Image, Dice], bytes]:
    return lambda picture, _: _saved(picture, "JPEG", quality=quality)


def _gif(picture: Image.Image, dice: Dice) -> bytes:
    """Two frames of few colours, the second one a little brighter."""
    picture = _thumbnail(picture, dice)
    frames = [_brightness(share)(picture, dice).quantize(128) for share in (1.0, 1.1)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=200, loop=0)
    return file.getvalue()


def _scaled(picture: Image.Image, share: float) -> Image.Image:
    size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _thumbnail(picture: Image.Image, _: Dice) -> Image.Image:
    return _scaled(picture, min(1.0, 320 / max(picture.size)))


def _brightness(share: float) -> Change:
    return lambda picture, _: ImageEnhance.Brightness(picture).enhance(share)


def _watermark(picture: Image.Image, _: Dice) -> Image.Image:
    """Half transparent print across the middle, a little aslant."""
    layer = Image.new("RGBA", picture.size)
    font = ImageFont.load_default(max(10, picture.width // 12))
    middle = (picture.width / 2, picture.height / 2)
    pen = ImageDraw.Draw(layer)
    edge = {"stroke_width": 1, "stroke_fill": (0, 0, 0, 80)}
    pen.text(middle, "pictures.example", (255, 255, 255, 110), font, "mm", **edge)  # type: ignore[arg-type]
    layer = layer.rotate(15, Image.Resampling.BICUBIC)
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB")


def _logo(picture: Image.Image, dice: Dice) -> Image.Image:
    """A disc with a letter in a corner, a tenth as wide as the picture."""
    side = max(8, min(picture.size) // 8)
    gap = side // 3
    left = dice.choice((gap, picture.width - gap - side))
    top = dice.choice((gap, picture.height - gap - side))
    marked = picture.copy()
    pen = ImageDraw.Draw(marked)
    colour = (dice.randrange(256), dice.randrange(256), dice.randrange(256))
    pen.ellipse((left, top, left + side, top + side), colour, "white", max(1, side // 16))
    middle = (left + side / 2, top + side / 2)
    pen.text(middle, "W", "white", ImageFont.load_default(side * 0.6), "mm")
    return marked


def _cropped(share: float) -> Change:
    """Takes that share of the width and of the height away, more on one side than on the other."""

    def change(picture: Image.Image, dice: Dice) -> Image.Image:
        width, height = picture.width * (1 - share), picture.height * (1 - share)
        left = dice.uniform(0, picture.width - width)
        top = dice.uniform(0, picture.height - height)
        box = (round(left), round(top), round(left + width), round(top + height))
        return picture.crop((*box[:2], max(box[2], box[0] + 1), max(box[3], box[1] + 1)))

    return change


def _bordered(colour: str) -> Change:
    """On all sides, together 4 to 16 % of the longer side."""

    def change(picture: Image.Image, dice: Dice) -> Image.Image:
        wide = max(2, round(max(picture.size) * dice.uniform(0.02, 0.08)))
        size = (picture.width + 2 * wide, picture.height + 2 * wide)
        whole = Image.new("RGB", size, colour)
        whole.paste(picture, (wide, wide))
        return whole

    return change


def _letterbox(picture: Image.Image, _: Dice) -> Image.Image:
    """Black bars that make it as wide as a film, or as high as a phone."""
    wide = picture.width > picture.height
    size = _of_ratio(picture, 9 / 16 if wide else 16 / 9)
    whole = Image.new("RGB", size)
    whole.paste(picture, ((size[0] - picture.width) // 2, (size[1] - picture.height) // 2))
    return whole


def _blurred_border(picture: Image.Image, _: Dice) -> Image.Image:
    """In front of a blurred and enlarged copy of itself, as applications fill a screen."""
    wide = picture.width > picture.height
    size = _of_ratio(picture, 9 / 16 if wide else 16 / 9)
    share = max(size[0] / picture.width, size[1] / picture.height)
    large = _scaled(picture, share)
    left, top = (large.width - size[0]) // 2, (large.height - size[1]) // 2
    ground = large.crop((left, top, left + size[0], top + size[1]))
    ground = ground.filter(ImageFilter.GaussianBlur(max(size) / 40))
    ground.paste(picture, ((size[0] - picture.width) // 2, (size[1] - picture.height) // 2))
    return ground


def _of_ratio(picture: Image.Image, ratio: float) -> tuple[int, int]:
    """The least size of that ratio of width to height that the picture fits into."""
    if picture.width / picture.height > ratio:
        return picture.width, round(picture.width / ratio)
    return round(picture.height * ratio), picture.height


def _transposed(way: Image.Transpose) -> Change:
    return lambda picture, _: picture.transpose(way)


def _rotated(picture: Image.Image, dice: Dice) -> Image.Image:
    """By two degrees, with the corners that this leaves empty cut away."""
    angle = math.radians(2)
    turned = picture.rotate(dice.choice((-2, 2)), Image.Resampling.BICUBIC)
    # The largest rectangle of the same shape within the turned one.
    long, short = max(picture.size), min(picture.size)
    share = 1 / (math.cos(angle) + math.sin(angle) * long / short)
    width, height = picture.width * share, picture.height * share
    left, top = (picture.width - width) / 2, (picture.height - height) / 2
    right, bottom = round(left + width), round(top + height)
    # Of a line there would be nothing left.
    return turned.crop((min(round(left), right - 1), min(round(top), bottom - 1), right, bottom))


def _inside(draw: Callable[[Image.Image, Dice, Theme], Image.Image], theme: Theme) -> Change:
    return lambda picture, dice: draw(picture, dice, theme)


def _on_a_desk(picture: Image.Image, dice: Dice) -> Image.Image:
    """Photographed: a little from the side, on a desk of streaky brown, in uneven light."""
    picture = _scaled(picture, min(1.0, 640 / max(picture.size)))
    width, height = picture.size
    room = max(8, round(max(width, height) * 0.06))
    size = (width + 2 * room, height + 2 * room)
    noise = np.random.default_rng(dice.randrange(2**32))
    streaks = noise.normal(0, 9, (size[1], 1, 1)) + noise.normal(0, 5, (size[1], size[0], 1))
    desk = Image.fromarray((np.array([128, 92, 62]) + streaks).clip(0, 255).astype(np.uint8))
    reach = room * 0.5
    corners = [
        (x + dice.uniform(-reach, reach), y + dice.uniform(-reach, reach))
        for x, y in ((room, room), (room, room + height), (room + width, room + height),
                     (room + width, room))
    ]  # fmt: skip
    flat = [(0, 0), (0, height), (width, height), (width, 0)]
    way = _perspective(corners, flat)
    warped = picture.transform(size, Image.Transform.PERSPECTIVE, way, Image.Resampling.BICUBIC)
    mask = Image.new("L", picture.size, 255)
    mask = mask.transform(size, Image.Transform.PERSPECTIVE, way, Image.Resampling.BILINEAR)
    desk.paste(warped, (0, 0), mask)
    light = np.linspace(dice.uniform(0.85, 1.1), dice.uniform(0.85, 1.1), size[0])[None, :, None]
    return Image.fromarray((np.asarray(desk) * light).clip(0, 255).astype(np.uint8))


def _perspective(to: list[tuple[float, float]], from_: list[tuple[int, int]]) -> tuple[float, ...]:
    """The eight numbers with which Pillow looks up a pixel of ``to`` in ``from_``."""
    rows, values = [], []
    for (x, y), (u, v) in zip(to, from_, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    numbers: list[float] = np.linalg.solve(np.array(rows), np.array(values)).tolist()
    return tuple(numbers)
