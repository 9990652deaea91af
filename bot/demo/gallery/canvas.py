"""Pens and paper: what the drawings share.

Arrays of pictures are ``(height, width, 3 or 4)`` of ``uint8``, or of floats from 0 to 255 before
they are encoded.  Colours are ``#rrggbb``.
"""

import io
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor

Floats = npt.NDArray[np.float64]
Point = tuple[float, float]
Format = Literal["PNG", "JPEG", "WEBP"]

WHITE = "#ffffff"
BLACK = "#000000"


def rgb(colour: str) -> tuple[int, int, int]:
    """``#rrggbb`` as three numbers from 0 to 255."""
    return ImageColor.getrgb(colour)[:3]


def encode(picture: Image.Image, kind: Format = "PNG") -> bytes:
    """The picture as a file.  JPEG and WebP at quality 90."""
    buffer = io.BytesIO()
    if kind == "PNG":
        picture.save(buffer, kind)
    else:
        picture.save(buffer, kind, quality=90)
    return buffer.getvalue()


def from_array(values: npt.NDArray[np.generic]) -> Image.Image:
    """An array of 0…255, of three or four channels, as a picture."""
    return Image.fromarray(np.clip(np.asarray(values), 0, 255).astype(np.uint8))


def shrink(picture: Image.Image, factor: int) -> Image.Image:
    """Average ``factor`` × ``factor`` pixels into one: what makes drawn edges smooth.

    Colours are weighted by their opacity, so that what is transparent leaves no dark rim.
    """
    if picture.mode != "RGBA":
        return picture.reduce(factor)
    return picture.convert("RGBa").reduce(factor).convert("RGBA")


def blend(stops: Sequence[tuple[float, str]], values: Floats) -> Floats:
    """Colours along a gradient: shape of ``values`` plus a last axis of three.

    ``stops`` are (position, colour) with rising positions; between two of them it goes linearly.
    """
    places = [place for place, _ in stops]
    channels = np.array([rgb(colour) for _, colour in stops], dtype=np.float64)
    return np.stack([np.interp(values, places, channels[:, i]) for i in range(3)], axis=-1)


def plane(
    width: int, height: int, *, span: float = 2.0, centre: complex = 0j
) -> npt.NDArray[np.complex128]:
    """The points of the complex plane behind each pixel, ``span`` units wide; up is positive."""
    unit = span / width
    x = (np.arange(width) + 0.5 - width / 2) * unit
    y = (height / 2 - np.arange(height) - 0.5) * unit
    return np.asarray(x[None, :] + 1j * y[:, None] + centre, dtype=np.complex128)


def number(value: float) -> str:
    """A number for SVG: three decimals at most, so that every machine writes the same."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def path(points: Iterable[Point], *, closed: bool = True) -> str:
    """The ``d`` of a path of straight lines."""
    steps = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return f"M{steps}{'z' if closed else ''}"


def polygon(points: Iterable[Point], fill: str, extra: str = "") -> str:
    """A filled SVG polygon."""
    return f'<path fill="{fill}" d="{path(points)}" {extra}/>'


def line(points: Iterable[Point], stroke: str, width: float, extra: str = "") -> str:
    """An SVG line through points, round at its ends and joints."""
    return (
        f'<path fill="none" stroke="{stroke}" stroke-width="{number(width)}" '
        f'stroke-linejoin="round" stroke-linecap="round" d="{path(points, closed=False)}" {extra}/>'
    )


def circle(x: float, y: float, radius: float, fill: str, extra: str = "") -> str:
    """A filled SVG circle."""
    return f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{fill}" {extra}/>'


def rectangle(x: float, y: float, width: float, height: float, fill: str, extra: str = "") -> str:
    """A filled SVG rectangle."""
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" '
        f'height="{number(height)}" fill="{fill}" {extra}/>'
    )


def svg(
    width: float, height: float, body: Iterable[str], *, pixels: int = 720, paper: str | None = None
) -> bytes:
    """An SVG file of ``width`` × ``height`` units, shown ``pixels`` wide.

    Without ``paper`` the ground is transparent.
    """
    ground = "" if paper is None else rectangle(0, 0, width, height, paper)
    inner = "\n".join(part for part in (ground, *body) if part)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{pixels}" '
        f'height="{round(pixels * height / width)}" '
        f'viewBox="0 0 {number(width)} {number(height)}">\n{inner}\n</svg>\n'
    ).encode()


def star(
    x: float, y: float, radius: float, points: int = 5, inner: float = 0.381966
) -> list[Point]:
    """The corners of a star that points up; ``inner`` is the notch's share of the radius.

    The default notch is that of the pentagram, 1/φ².
    """
    angles = np.arange(2 * points) * np.pi / points - np.pi / 2
    radii = np.where(np.arange(2 * points) % 2 == 0, radius, radius * inner)
    return [
        (float(x + r * np.cos(a)), float(y + r * np.sin(a)))
        for r, a in zip(radii, angles, strict=True)
    ]
