"""Chats and phones drawn around a picture, as screenshots show them.

All is drawn at the width that the screen has; the picture is fitted into it.  What is free (names,
lengths of lines, where the picture hangs) is thrown by the dice that are handed in.
"""

from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

_WORDS = (
    "look", "where", "was", "that", "again", "it", "is", "in", "the", "old", "part", "of", "town",
    "no", "idea", "nice", "haha", "somebody", "sent", "me", "this", "yesterday",
)  # fmt: skip
_NAMES = ("Ada", "Bruno", "Chidi", "Dunja", "Emre", "Fatou", "Goro", "Hanne", "Ines", "Jussi")


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of an interface: ground, bars, bubbles, letters and faint letters."""

    ground: Colour
    bar: Colour
    bubble: Colour
    ink: Colour
    faint: Colour


LIGHT = Theme((255, 255, 255), (240, 242, 245), (227, 242, 218), (20, 22, 26), (120, 126, 134))
DARK = Theme((49, 51, 56), (30, 31, 34), (64, 68, 75), (219, 222, 225), (148, 155, 164))


def phone(picture: Image.Image, dice: Random, theme: Theme) -> Image.Image:
    """A messenger on a phone: status bar, name line, bubbles, the picture among them."""
    width, height = 540, 1100
    screen = Image.new("RGB", (width, height), theme.ground)
    pen = ImageDraw.Draw(screen)
    pen.rectangle((0, 0, width, 92), fill=theme.bar)
    pen.text((22, 8), f"{dice.randrange(24)}:{dice.randrange(60):02}", theme.ink, _font(18))
    for step in range(4):
        left = width - 110 + step * 24
        pen.rectangle((left, 20 - step * 3, left + 14, 24), fill=theme.ink)
    _avatar(pen, (20, 40, 62, 82), dice)
    pen.text((76, 46), dice.choice(_NAMES), theme.ink, _font(22))
    box = _fitted(picture, (int(width * dice.uniform(0.68, 0.86)), 620))
    top = 110
    for _ in range(dice.randint(1, 3)):
        top = _bubble(pen, (14, top), dice, theme, 330)
    ours = dice.random() < 0.5
    frame = dice.choice((0, 5))
    left = width - 16 - box.width - frame if ours else 16 + frame
    outline = (left - frame, top, left + box.width + frame, top + box.height + 2 * frame)
    pen.rounded_rectangle(outline, 16, theme.bubble)
    _paste(screen, box, (left, top + frame), dice.choice((8, 14, 18)))
    top += box.height + 2 * frame + 12
    while top < height - 150:
        top = _bubble(pen, (14 if dice.random() < 0.5 else 190, top), dice, theme, 320)
    pen.rectangle((0, height - 70, width, height), fill=theme.bar)
    pen.rounded_rectangle((16, height - 58, width - 80, height - 16), 20, theme.ground)
    pen.ellipse((width - 62, height - 60, width - 16, height - 14), fill=(0, 132, 120))
    return screen


def chat(picture: Image.Image, dice: Random, theme: Theme) -> Image.Image:
    """A chat on a computer: channels at the side, messages with avatars, the picture in one."""
    width, height = 1100, 760
    screen = Image.new("RGB", (width, height), theme.ground)
    pen = ImageDraw.Draw(screen)
    side = dice.choice((0, 210, 240))
    if side:
        pen.rectangle((0, 0, side, height), fill=theme.bar)
        for line in range(dice.randint(6, 14)):
            name = f"# {dice.choice(_WORDS)}-{dice.choice(_WORDS)}"
            pen.text((18, 60 + line * 34), name, theme.faint, _font(16))
    pen.line((side, 48, width, 48), fill=theme.bar, width=2)
    pen.text((side + 20, 14), f"# {dice.choice(_WORDS)}", theme.ink, _font(18))
    top = 64
    for _ in range(dice.randint(1, 2)):
        top = _message(pen, (side + 18, top), dice, theme, width - side - 140)
    top = _message(pen, (side + 18, top), dice, theme, 300) - 8
    box = _fitted(picture, (min(550, width - side - 120), min(350, height - top - 90)))
    _paste(screen, box, (side + 72, top), dice.choice((0, 4, 8)))
    top += box.height + 16
    while top < height - 130:
        top = _message(pen, (side + 18, top), dice, theme, width - side - 140)
    field = (side + 18, height - 60, width - 18, height - 18)
    pen.rounded_rectangle(field, 8, theme.bubble)
    pen.text((side + 70, height - 50), "Message", theme.faint, _font(16))
    return screen


def meme(picture: Image.Image, dice: Random, white: bool) -> Image.Image:
    """A bar with one or two lines of large print above the picture."""
    size = max(12, picture.width // 16)
    lines = _lines(dice, dice.randint(1, 2), picture.width * 0.92, _font(size))
    bar = int(size * (1.4 * len(lines) + 0.8))
    paper, ink = ("white", "black") if white else ("black", "white")
    whole = Image.new("RGB", (picture.width, picture.height + bar), paper)
    pen = ImageDraw.Draw(whole)
    for number, line in enumerate(lines):
        pen.text((picture.width * 0.04, size * (0.4 + 1.4 * number)), line, ink, _font(size))
    whole.paste(picture, (0, bar))
    return whole


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _fitted(picture: Image.Image, room: tuple[int, int]) -> Image.Image:
    share = min(room[0] / picture.width, room[1] / picture.height)
    size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _paste(screen: Image.Image, box: Image.Image, at: tuple[int, int], radius: int) -> None:
    mask = Image.new("L", (box.width * 2, box.height * 2))
    corners = (0, 0, box.width * 2 - 1, box.height * 2 - 1)
    ImageDraw.Draw(mask).rounded_rectangle(corners, radius * 2, 255)
    screen.paste(box, at, mask.resize(box.size, Image.Resampling.BOX))


def _avatar(pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], dice: Random) -> None:
    pen.ellipse(box, fill=(dice.randrange(256), dice.randrange(256), dice.randrange(256)))


def _bubble(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], dice: Random, theme: Theme, width: int
) -> int:
    """Returns where the next one may begin."""
    lines = _lines(dice, dice.randint(1, 3), width - 30, _font(18))
    bottom = at[1] + 14 + 24 * len(lines)
    pen.rounded_rectangle((at[0], at[1], at[0] + width, bottom), 14, theme.bubble)
    for number, line in enumerate(lines):
        pen.text((at[0] + 14, at[1] + 6 + 24 * number), line, theme.ink, _font(18))
    return bottom + 12


def _message(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], dice: Random, theme: Theme, width: int
) -> int:
    left, top = at
    _avatar(pen, (left, top, left + 40, top + 40), dice)
    pen.text((left + 54, top - 2), dice.choice(_NAMES), theme.ink, _font(17))
    pen.text((left + 160, top), "Today", theme.faint, _font(13))
    lines = _lines(dice, dice.randint(1, 2), width, _font(16))
    for number, line in enumerate(lines):
        pen.text((left + 54, top + 22 + 22 * number), line, theme.ink, _font(16))
    return top + 40 + 22 * len(lines)


def _lines(
    dice: Random, count: int, width: float, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> list[str]:
    lines = []
    for _ in range(count):
        line = dice.choice(_WORDS)
        while font.getlength(longer := f"{line} {dice.choice(_WORDS)}") < width * 0.9:
            line = longer
            if dice.random() < 0.1:
                break
        lines.append(line)
    return lines
