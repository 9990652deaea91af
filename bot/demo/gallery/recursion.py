"""Fractals by recursion: figures put together from smaller copies of themselves."""

import math

import numpy as np
from PIL import Image, ImageDraw

from bot.demo.gallery.canvas import (
    WHITE,
    Point,
    blend,
    circle,
    encode,
    from_array,
    line,
    path,
    rgb,
    shrink,
    svg,
)


def barnsley_fern() -> bytes:
    """Barnsley's four affine maps (1988), on a transparent ground."""
    width, height, points = 420, 720, 20_000
    chance = np.random.default_rng(1988)
    x, y = np.zeros(points), np.zeros(points)
    density = np.zeros((height, width))
    maps = np.array(
        [
            [0.0, 0.0, 0.0, 0.16, 0.0],
            [0.85, 0.04, -0.04, 0.85, 1.6],
            [0.20, -0.26, 0.23, 0.22, 1.6],
            [-0.15, 0.28, 0.26, 0.24, 0.44],
        ]
    )
    for step in range(70):
        a, b, c, d, f = maps[np.searchsorted([0.01, 0.86, 0.93], chance.random(points))].T
        x, y = a * x + b * y, c * x + d * y + f
        if step > 12:
            column = ((x + 2.45) / 5.4 * width).astype(int)
            row = ((10.3 - y) / 10.6 * height).astype(int)
            np.add.at(density, (row, column), 1.0)
    cover = 1 - np.exp(-density / 1.6)
    colours = blend(((0.0, "#0b5d1e"), (1.0, "#2fa84f")), np.clip(density / 14, 0, 1))
    return encode(from_array(np.concatenate([colours, cover[..., None] * 255], axis=-1)))


def sierpinski_triangle() -> bytes:
    """Seven halvings of an equilateral triangle."""
    height = 80 * math.sqrt(3)
    corners = [(80.0, 0.0)]
    size = 160.0
    for _ in range(6):
        size /= 2
        corners = [
            (x + dx * size, y + dy * size * math.sqrt(3))
            for x, y in corners
            for dx, dy in ((0, 0), (-0.5, 0.5), (0.5, 0.5))
        ]
    drop = size * math.sqrt(3) / 2
    triangles = "".join(
        path([(x, y), (x - size / 2, y + drop), (x + size / 2, y + drop)]) for x, y in corners
    )
    return svg(160, height, [f'<path fill="#000000" d="{triangles}"/>'], pixels=640)


def sierpinski_carpet() -> bytes:
    """Four rounds of taking the middle ninth out of a square, on a transparent ground."""
    carpet = np.ones((1, 1), dtype=bool)
    hole = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=bool)
    for _ in range(4):
        carpet = np.kron(carpet, hole)
    opacity = np.kron(carpet, np.ones((8, 8), dtype=bool)) * 255
    picture = np.zeros((*opacity.shape, 4))
    picture[..., :3] = rgb("#3b1e6d")
    picture[..., 3] = opacity
    return encode(from_array(picture))


def koch_snowflake() -> bytes:
    """Four rounds of putting a triangle on the middle third of every side."""
    points = np.exp(1j * (np.pi / 2 - 2 * np.pi * np.arange(4) / 3))
    for _ in range(4):
        side = np.diff(points) / 3
        first = points[:-1]
        peak = first + side + side * np.exp(1j * np.pi / 3)
        points = np.append(np.stack([first, first + side, peak, first + 2 * side], 1), points[-1])
    outline = [(float(110 + 100 * p.real), float(120 - 100 * p.imag)) for p in points]
    body = f'<path d="{path(outline)}" fill="#cfe8fa" stroke="#12437a" stroke-width="1.1"/>'
    return svg(220, 240, [body], pixels=560, paper=WHITE)


def dragon_curve() -> bytes:
    """The Heighway dragon after twelve folds, its colour running along the curve."""
    turns = np.zeros(0, dtype=int)
    for _ in range(12):
        turns = np.concatenate([turns, [1], -turns[::-1]])
    heading = np.concatenate([[0], np.cumsum(turns)])
    points = np.concatenate([[0], np.cumsum(1j**heading)])
    # Corners cut, so that one sees that the curve never crosses itself.
    points = np.stack(
        [points[:-1] * 0.72 + points[1:] * 0.28, points[:-1] * 0.28 + points[1:] * 0.72], 1
    ).ravel()
    low, high = points.real.min(), points.real.max()
    scale = 1320 / (high - low)
    x = (points.real - low) * scale + 60
    y = (points.imag.max() - points.imag) * scale + 60
    colours = blend(
        ((0.0, "#7b0d1e"), (0.35, "#e4572e"), (0.7, "#f3a712"), (1.0, "#3a7d44")),
        np.linspace(0, 1, len(x)),
    ).astype(int)
    picture = Image.new("RGB", (1440, int(y.max()) + 60), WHITE)
    pen = ImageDraw.Draw(picture)
    for i in range(len(x) - 1):
        ends = (float(x[i]), float(y[i]), float(x[i + 1]), float(y[i + 1]))
        pen.line(ends, fill=tuple(int(v) for v in colours[i]), width=9)
    return encode(shrink(picture, 2), "WEBP")


def hilbert_curve() -> bytes:
    """The fourth approximation, its colour running along the curve."""
    points: list[complex] = [0j]
    for _ in range(4):
        # A quarter of the next curve: turned over, straight, straight, turned over again.
        points = [
            *(complex(p.imag, p.real) / 2 + (-0.5 - 0.5j) for p in points),
            *(p / 2 + (-0.5 + 0.5j) for p in points),
            *(p / 2 + (0.5 + 0.5j) for p in points),
            *(-complex(p.imag, p.real) / 2 + (0.5 - 0.5j) for p in points),
        ]
    places: list[Point] = [(100 + 100 * p.real, 100 - 100 * p.imag) for p in points]
    stops = ((0.0, "#0b132b"), (0.35, "#3a0ca3"), (0.65, "#f72585"), (1.0, "#ffd166"))
    colours = blend(stops, np.linspace(0, 1, len(places))).astype(int)
    strokes = [
        line(places[i : i + 2], f"#{r:02x}{g:02x}{b:02x}", 6)
        for i, (r, g, b) in enumerate(colours[:-1])
    ]
    return svg(200, 200, strokes, pixels=600, paper=WHITE)


def apollonian_gasket() -> bytes:
    """Circles of curvature up to 160 inside the gasket of curvatures −1, 2, 2, 3.

    Each new circle is the other solution of Descartes' theorem for three known ones.
    """
    outer, left, right = (-1.0, 0j), (2.0, -1 + 0j), (2.0, 1 + 0j)
    top, bottom = (3.0, 2j), (3.0, -2j)  # (curvature, curvature × centre)
    circles = [left, right, top, bottom]
    quartets = [
        (outer, left, right, top),
        (outer, left, right, bottom),
        (outer, left, top, right),
        (outer, right, top, left),
        (outer, left, bottom, right),
        (outer, right, bottom, left),
        (left, right, top, outer),
        (left, right, bottom, outer),
    ][2:]
    while quartets:
        a, b, c, old = quartets.pop()
        bend = 2 * (a[0] + b[0] + c[0]) - old[0]
        if bend > 160:
            continue
        new = (bend, 2 * (a[1] + b[1] + c[1]) - old[1])
        circles.append(new)
        quartets += [(a, b, new, c), (a, c, new, b), (b, c, new, a)]
    stops = ((0.0, "#14213d"), (0.3, "#1d6fa5"), (0.6, "#5fbf9f"), (1.0, "#ffe66d"))
    bends = np.array([bend for bend, _ in circles])
    colours = blend(stops, np.log(bends / 2) / math.log(80)).astype(int)
    parts = [circle(100, 100, 98, "#f7f3e8", 'stroke="#14213d" stroke-width="0.8"')]
    parts += [
        circle(
            100 + 98 * (place / bend).real,
            100 - 98 * (place / bend).imag,
            98 / bend,
            f"#{r:02x}{g:02x}{b:02x}",
        )
        for (bend, place), (r, g, b) in zip(circles, colours, strict=True)
    ]
    return svg(200, 200, parts, pixels=600)


def pythagoras_tree() -> bytes:
    """Squares on squares around right triangles of 45°, on a transparent ground."""
    picture = Image.new("RGBA", (1440, 980), (255, 255, 255, 0))
    pen = ImageDraw.Draw(picture)
    stops = ((0.0, "#5a3215"), (0.45, "#8a6a1f"), (0.7, "#4f9d2f"), (1.0, "#1f7a3a"))
    level = np.array([[720 - 104 + 960j, 720 + 104 + 960j]])
    for depth in range(12):
        r, g, b = blend(stops, np.array([depth / 11.0]))[0].astype(int)
        base, right = level[:, 0], level[:, 1]
        up = (right - base) * -1j
        for p, q, u in zip(base, right, up, strict=True):
            corners = [(float(z.real), float(z.imag)) for z in (p, q, q + u, p + u)]
            pen.polygon(corners, fill=(int(r), int(g), int(b), 255))
        peak = base + up + (right - base) / 2 + up / 2
        level = np.concatenate([np.stack([base + up, peak], 1), np.stack([peak, right + up], 1)])
    return encode(shrink(picture, 2))


def menger_sponge() -> bytes:
    """The sponge after three rounds, seen along its diagonal, on a transparent ground."""
    solid = np.ones((1, 1, 1), dtype=bool)
    grid = np.indices((3, 3, 3))
    cross = (grid == 1).sum(axis=0) < 2
    for _ in range(3):
        solid = np.kron(solid, cross)
    side = solid.shape[0]
    unit = 26.0
    wide, tall = unit * math.sqrt(3) / 2, unit / 2
    picture = Image.new("RGBA", (1280, 1460), (255, 255, 255, 0))
    pen = ImageDraw.Draw(picture)

    def at(x: float, y: float, z: float) -> Point:
        return (640 + (x - y) * wide, 730 + (x + y - side) * tall - (z - side / 2) * unit)

    padded = np.pad(solid, 1)
    order = np.argwhere(solid)
    order = order[np.argsort(order.sum(axis=1), kind="stable")]  # far to near
    for x, y, z in order.tolist():
        if not padded[x + 1, y + 1, z + 2]:
            face = [
                at(x, y, z + 1),
                at(x + 1, y, z + 1),
                at(x + 1, y + 1, z + 1),
                at(x, y + 1, z + 1),
            ]
            pen.polygon(face, fill="#f2cc8f")
        if not padded[x + 1, y + 2, z + 1]:
            face = [
                at(x, y + 1, z),
                at(x + 1, y + 1, z),
                at(x + 1, y + 1, z + 1),
                at(x, y + 1, z + 1),
            ]
            pen.polygon(face, fill="#b5654a")
        if not padded[x + 2, y + 1, z + 1]:
            face = [
                at(x + 1, y, z),
                at(x + 1, y + 1, z),
                at(x + 1, y + 1, z + 1),
                at(x + 1, y, z + 1),
            ]
            pen.polygon(face, fill="#6d3b47")
    return encode(shrink(picture, 2))
