"""Tilings of the plane, and boards."""

import math

import numpy as np
from PIL import Image, ImageDraw

from bot.demo.gallery.canvas import (
    WHITE,
    circle,
    encode,
    from_array,
    line,
    polygon,
    rectangle,
    rgb,
    shrink,
    svg,
)


def penrose_tiling() -> bytes:
    """Rhombs of 36° and 72°, from a wheel of Robinson's triangles divided five times."""
    phi = (1 + math.sqrt(5)) / 2
    rim = np.exp(1j * (2 * np.arange(10) - 1) * np.pi / 10)
    after = np.exp(1j * (2 * np.arange(10) + 1) * np.pi / 10)
    swap = np.arange(10) % 2 == 0
    thin = np.stack([np.zeros(10), np.where(swap, after, rim), np.where(swap, rim, after)], 1)
    thick = np.zeros((0, 3), dtype=complex)
    for _ in range(5):
        a, b, c = thin.T
        p = a + (b - a) / phi
        k, m, n = thick.T
        q, r = m + (k - m) / phi, m + (n - m) / phi
        thin = np.concatenate([np.stack([c, p, b], 1), np.stack([r, q, k], 1)])
        thick = np.concatenate(
            [np.stack([p, c, a], 1), np.stack([r, n, k], 1), np.stack([q, r, m], 1)]
        )
    picture = Image.new("RGB", (1400, 1400), "#1b1b2f")
    pen = ImageDraw.Draw(picture)
    for triangles, fill in ((thick, "#f2a541"), (thin, "#2d6a9f")):
        for a, b, c in (700 + 700j + 1060 * triangles).tolist():
            pen.polygon([(z.real, z.imag) for z in (a, b, c)], fill=fill)
    for a, b, c in (700 + 700j + 1060 * np.concatenate([thick, thin])).tolist():
        pen.line([(z.real, z.imag) for z in (b, a, c)], fill="#1b1b2f", width=5, joint="curve")
    return encode(shrink(picture, 2), "WEBP")


def truchet_tiling() -> bytes:
    """Smith's quarter circles, each tile turned by chance."""
    chance = np.random.default_rng(1704)
    tile, columns, rows = 60, 8, 6
    parts = []
    for row in range(rows):
        for column in range(columns):
            x, y, half = column * tile, row * tile, tile // 2
            arc = f"A{half},{half} 0 0"
            if chance.random() < 0.5:
                d = (
                    f"M{x + half},{y} {arc} 1 {x},{y + half} "
                    f"M{x + half},{y + tile} {arc} 1 {x + tile},{y + half}"
                )
            else:
                d = (
                    f"M{x + half},{y} {arc} 0 {x + tile},{y + half} "
                    f"M{x},{y + half} {arc} 1 {x + half},{y + tile}"
                )
            parts.append(d)
    strokes = " ".join(parts)
    return svg(
        columns * tile,
        rows * tile,
        [f'<path fill="none" stroke="#14213d" stroke-width="24" d="{strokes}"/>'],
        pixels=840,
        paper="#fca311",
    )


def voronoi_diagram() -> bytes:
    """Twenty-four sites and all that is nearest to each."""
    width, height = 1080, 720
    chance = np.random.default_rng(1908)
    cells = np.stack(np.meshgrid(np.arange(6), np.arange(4)), -1).reshape(-1, 2)
    sites = (cells + 0.08 + 0.84 * chance.random((24, 2))) * 180
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    far = np.stack([(x - sx) ** 2 + (y - sy) ** 2 for sx, sy in sites.astype(np.float32)])
    owner = far.argmin(axis=0)
    palette = np.array(
        [rgb(c) for c in ("#f4f1de", "#e07a5f", "#3d405b", "#81b29a", "#f2cc8f", "#8d6a9f")]
    )
    colours = palette[(np.arange(24) * 5 + np.arange(24) // 6 * 2) % 6] - (
        np.arange(24)[:, None] % 4 * 9
    )
    edge = np.zeros(owner.shape, dtype=bool)
    for dy, dx in ((0, 2), (2, 0), (2, 2)):
        edge |= owner != np.roll(owner, (dy, dx), axis=(0, 1))
    edge[:2] = edge[:, :2] = False
    picture = from_array(np.where(edge[..., None], 255, colours[owner]))
    pen = ImageDraw.Draw(picture)
    for sx, sy in sites.tolist():
        pen.ellipse((sx - 8, sy - 8, sx + 8, sy + 8), fill="#000000")
    return encode(shrink(picture, 2))


def chessboard() -> bytes:
    """Eight by eight, a light square at each player's right, in a wooden frame."""
    squares = [
        rectangle(5 + 20 * column, 5 + 20 * row, 20, 20, "#a5713f")
        for row in range(8)
        for column in range(8)
        if (row + column) % 2
    ]
    frame = [rectangle(0, 0, 170, 170, "#5b3a21"), rectangle(5, 5, 160, 160, "#f4e3c3")]
    return svg(170, 170, [*frame, *squares], pixels=540)


def rhombille_tiling() -> bytes:
    """Rhombs of 60° in three shades: cubes that stand on a corner, or hang from one."""
    side = 60.0
    half = side * math.sqrt(3) / 2
    parts = []
    for row in range(-1, 7):
        for column in range(-1, 9):
            x, y = (column + (row % 2) / 2) * 2 * half, row * 1.5 * side
            top = [(x, y), (x + half, y - side / 2), (x, y - side), (x - half, y - side / 2)]
            left = [(x, y), (x - half, y - side / 2), (x - half, y + side / 2), (x, y + side)]
            right = [(x, y), (x + half, y - side / 2), (x + half, y + side / 2), (x, y + side)]
            for corners, fill in ((top, "#f6e7cb"), (left, "#a63d40"), (right, "#5b2333")):
                parts.append(polygon(corners, fill, f'stroke="{fill}" stroke-width="0.5"'))
    return svg(520, 390, parts, pixels=680)


def maze() -> bytes:
    """A maze by depth-first search from its entrance, the walls in black."""
    columns, rows = 22, 16
    chance = np.random.default_rng(1882)
    passages = np.zeros((2 * rows + 1, 2 * columns + 1), dtype=bool)
    trail = [(0, 0)]
    passages[1, 1] = True
    while trail:
        row, column = trail[-1]
        ways = [
            (a, b)
            for a, b in ((row - 1, column), (row, column + 1), (row + 1, column), (row, column - 1))
            if 0 <= a < rows and 0 <= b < columns and not passages[2 * a + 1, 2 * b + 1]
        ]
        if not ways:
            trail.pop()
            continue
        a, b = ways[int(chance.integers(len(ways)))]
        passages[row + a + 1, column + b + 1] = True
        passages[2 * a + 1, 2 * b + 1] = True
        trail.append((a, b))
    passages[0, 1] = passages[-1, -2] = True
    # Walls are a quarter as thick as the ways are wide.
    thick = np.where(np.arange(2 * columns + 1) % 2 == 0, 6, 24)
    tall = np.where(np.arange(2 * rows + 1) % 2 == 0, 6, 24)
    cells = np.repeat(np.repeat(passages, thick, axis=1), tall, axis=0)
    return encode(from_array(np.pad(cells, 12, constant_values=True) * 255))


def go_board() -> bytes:
    """Nineteen lines each way, nine star points, and the stones of an opening."""
    lines = [
        *(line([(20 + 20 * i, 20), (20 + 20 * i, 380)], "#2b1d0e", 0.9) for i in range(19)),
        *(line([(20, 20 + 20 * i), (380, 20 + 20 * i)], "#2b1d0e", 0.9) for i in range(19)),
    ]
    stars = [
        circle(20 + 20 * i, 20 + 20 * j, 2.6, "#2b1d0e") for i in (3, 9, 15) for j in (3, 9, 15)
    ]
    black = ((15, 3), (3, 3), (16, 14), (5, 2), (13, 16), (9, 15), (2, 9), (4, 5), (15, 8))
    white = ((15, 15), (3, 15), (16, 5), (2, 5), (14, 14), (16, 13), (5, 16), (13, 3), (10, 3))
    stones = [circle(20 + 20 * x, 20 + 20 * y, 9.4, "#111111") for x, y in black]
    stones += [
        circle(20 + 20 * x, 20 + 20 * y, 9.2, "#fbfbf6", 'stroke="#555555" stroke-width="0.6"')
        for x, y in white
    ]
    return svg(400, 400, [*lines, *stars, *stones], pixels=600, paper="#dcb35c")


def trihexagonal_tiling() -> bytes:
    """Hexagons and triangles in turn, the lattice of the kagome basket."""
    side = 46.0
    tall = side * math.sqrt(3) / 2
    parts = []
    for row in range(-1, 6):
        for column in range(-1, 7):
            x, y = (2 * column + row % 2) * side, row * 2 * tall
            hexagon = [
                (x + side * math.cos(k * math.pi / 3), y + side * math.sin(k * math.pi / 3))
                for k in range(6)
            ]
            parts.append(polygon(hexagon, "#c8553d", f'stroke="{WHITE}" stroke-width="3"'))
    return svg(460, 345, parts, pixels=680, paper="#f2c14e")
