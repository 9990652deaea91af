"""Pictures that tests draw, each like no other."""

import io
import random
from functools import cache

from PIL import Image


def draw(seed: int, size: tuple[int, int] = (240, 180)) -> Image.Image:
    """A picture like no other: smooth patches of colour, the same for the same ``seed``."""
    dice = random.Random(seed)
    patches = Image.new("RGB", (9, 7))
    patches.putdata([tuple(dice.randrange(256) for _ in range(3)) for _ in range(63)])
    return patches.resize(size, Image.Resampling.BICUBIC)


def encode(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The bytes of an image file of that kind, a name of Pillow's."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


@cache
def png(seed: int) -> bytes:
    """A drawn picture as a PNG file."""
    return encode(draw(seed))


def halved_jpeg(picture: Image.Image, quality: int = 50) -> bytes:
    """What a chat makes of a picture: half as wide and high, JPEG, transparency turned white."""
    layered = picture.convert("RGBA")
    flat = Image.new("RGB", picture.size, "white")
    flat.paste(layered, mask=layered.getchannel("A"))
    half = (max(1, picture.width // 2), max(1, picture.height // 2))
    return encode(flat.resize(half, Image.Resampling.LANCZOS), "JPEG", quality=quality)
