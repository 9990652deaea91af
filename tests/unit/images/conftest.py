"""Pictures that the tests draw, and the plain code that says what their hashes must be."""

import io
import os
from collections.abc import Callable
from typing import Any

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageDraw

from bot.images import Limits
from tests.unit.images.processes import Here, workers_of

Save = Callable[..., bytes]
PlainHash = Callable[[Image.Image], int]


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
def picture() -> Image.Image:
    """An RGB picture of 96 × 64 with something different in every corner."""
    across = np.linspace(0, 1, 96)[None, :]
    down = np.linspace(0, 1, 64)[:, None]
    waves = 127 + 90 * np.sin(9 * across + 4 * down**2) * np.cos(5 * down - 2 * across)
    ramp = 255 * across * (1 - down)
    image = Image.fromarray(
        np.stack([waves, np.broadcast_to(ramp, (64, 96)), 255 - waves], axis=2).astype(np.uint8)
    )
    draw = ImageDraw.Draw(image)
    draw.ellipse((10, 8, 40, 36), fill=(250, 240, 20))
    draw.polygon([(60, 60), (90, 30), (92, 58)], fill=(10, 30, 90))
    draw.line((0, 50, 50, 63), fill=(200, 0, 0), width=5)
    return image


@pytest.fixture
def save() -> Save:
    """Encode a picture: the format, then what Pillow's ``save`` takes for it."""

    def encode(image: Image.Image, format: str, **options: Any) -> bytes:  # noqa: A002
        file = io.BytesIO()
        image.save(file, format, **options)
        return file.getvalue()

    return encode


@pytest.fixture
def plain_hash() -> PlainHash:
    """``imagehash.dhash`` as databases in the field store it, by way of the hexadecimal text."""

    def value_of(image: Image.Image) -> int:
        value = int(str(imagehash.dhash(image, 8)), 16)
        return value - 2**64 if value >= 2**63 else value

    return value_of


@pytest.fixture
def good(picture: Image.Image, save: Save) -> bytes:
    return save(picture, "PNG")


@pytest.fixture
def mine() -> Here:
    """Lists the workers of this test: others keep some of their own for the whole session."""
    others = set(workers_of(os.getpid()))
    return lambda: [pid for pid in workers_of(os.getpid()) if pid not in others]
