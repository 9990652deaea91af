"""Curved surfaces in space, lit from above, on a transparent ground."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from bot.demo.gallery.canvas import Floats, encode, rgb, shrink

Mask = npt.NDArray[np.bool_]


def _render(points: Floats, dark: Mask, colours: tuple[str, str], *, tilt: float) -> bytes:
    """A surface of four-cornered facets as PNG, the far ones painted first.

    ``points`` are its corners, shaped (u, v, 3); ``dark``, one smaller each way, tells which facets
    get the first colour; ``tilt`` turns the surface about the horizontal axis, in radians.
    """
    c, s = np.cos(tilt), np.sin(tilt)
    turned = points @ np.array([[1, 0, 0], [0, c, s], [0, -s, c]])
    corners = np.stack([turned[:-1, :-1], turned[1:, :-1], turned[1:, 1:], turned[:-1, 1:]], axis=2)
    normal = np.cross(corners[:, :, 2] - corners[:, :, 0], corners[:, :, 3] - corners[:, :, 1])
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-12
    # The eye looks along z, and sees either side of the surface.
    normal *= np.where(normal[..., 2:] < 0, -1, 1)
    light = np.array([-0.45, 0.6, 0.66])
    half = light + np.array([0, 0, 1])
    shine = np.clip(normal @ (half / np.linalg.norm(half)), 0, 1) ** 40
    base = np.where(dark[..., None], rgb(colours[0]), rgb(colours[1]))
    shade = base * (0.3 + 0.7 * np.clip(normal @ light, 0, 1)[..., None]) + 110 * shine[..., None]
    fills = np.clip(shade, 0, 255).astype(int).reshape(-1, 3)

    low, high = turned.min(axis=(0, 1)), turned.max(axis=(0, 1))
    zoom = 1200 / (high[0] - low[0])
    flat = (corners[..., :2] - (low[0], high[1])) * (zoom, -zoom) + 20
    picture = Image.new("RGBA", (1240, int((high[1] - low[1]) * zoom) // 2 * 2 + 40))
    pen = ImageDraw.Draw(picture)
    outlines = flat.reshape(-1, 8).tolist()
    for i in np.argsort(corners[..., 2].mean(axis=2), axis=None, kind="stable").tolist():
        red, green, blue = fills[i].tolist()
        pen.polygon(outlines[i], fill=(red, green, blue, 255))
    return encode(shrink(picture, 2))


def _grid(u: tuple[float, float, int], v: tuple[float, float, int]) -> tuple[Floats, Floats]:
    """Corners of so many facets from here to there, both ways."""
    first, second = np.meshgrid(
        np.linspace(u[0], u[1], u[2] + 1), np.linspace(v[0], v[1], v[2] + 1), indexing="ij"
    )
    return first, second


def torus() -> bytes:
    """A chequered torus of radii 2 and 0.9."""
    u, v = _grid((0, 2 * np.pi, 144), (0, 2 * np.pi, 72))
    ring = 2 + 0.9 * np.cos(v)
    points = np.stack([ring * np.cos(u), 0.9 * np.sin(v), ring * np.sin(u)], axis=-1)
    i, j = np.indices((144, 72))
    return _render(points, (i // 6 + j // 6) % 2 == 0, ("#1f5fa8", "#f2f4f8"), tilt=0.85)


def mobius_strip() -> bytes:
    """A band with half a twist, striped along its length."""
    u, v = _grid((0, 2 * np.pi, 300), (-1, 1, 28))
    ring, around = 2 + 0.85 * v * np.cos(u / 2), u + 2.4
    height = 0.85 * v * np.sin(u / 2)
    points = np.stack([ring * np.cos(around), height, ring * np.sin(around)], axis=-1)
    _, j = np.indices((300, 28))
    return _render(points, (j // 4) % 2 == 0, ("#c1440e", "#f7d08a"), tilt=0.75)


def klein_bottle() -> bytes:
    """The figure-eight immersion of the bottle."""
    u, v = _grid((0, 2 * np.pi, 200), (0, 2 * np.pi, 96))
    ring = 2.3 + np.cos(u / 2) * np.sin(v) - np.sin(u / 2) * np.sin(2 * v)
    height = np.sin(u / 2) * np.sin(v) + np.cos(u / 2) * np.sin(2 * v)
    points = np.stack([ring * np.cos(u), height, ring * np.sin(u)], axis=-1)
    _, j = np.indices((200, 96))
    return _render(points, (j // 6) % 2 == 0, ("#5b2a86", "#9ac6c5"), tilt=0.9)
