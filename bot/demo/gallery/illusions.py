"""Optical illusions and impossible figures."""

import math

import numpy as np
from PIL import ImageDraw

from bot.demo.gallery.canvas import (
    BLACK,
    WHITE,
    Point,
    circle,
    encode,
    from_array,
    line,
    path,
    polygon,
    rectangle,
    shrink,
    svg,
)


def ebbinghaus() -> bytes:
    """Two equal discs, one among large neighbours, one among small ones."""
    parts = [circle(140, 150, 26, "#f28e1c"), circle(375, 150, 26, "#f28e1c")]
    for k in range(6):
        angle = k * math.pi / 3
        x, y = 140 + 86 * math.cos(angle), 150 + 86 * math.sin(angle)
        parts.append(circle(x, y, 38, "#8f9fbc"))
    for k in range(8):
        angle = k * math.pi / 4
        x, y = 375 + 45 * math.cos(angle), 150 + 45 * math.sin(angle)
        parts.append(circle(x, y, 11, "#8f9fbc"))
    return svg(470, 300, parts, pixels=660, paper=WHITE)


def cafe_wall() -> bytes:
    """Shifted rows of tiles between grey lines that are parallel after all."""
    shifts = (0, 12, 24, 12, 0, 12, 24, 12, 0)
    tiles = [
        rectangle(-40 + shift + 80 * column, 40 * row, 40, 40, BLACK)
        for row, shift in enumerate(shifts)
        for column in range(8)
    ]
    mortar = [rectangle(0, 40 * row - 1, 480, 2, "#808080") for row in range(10)]
    return svg(480, 360, [*tiles, *mortar], paper=WHITE)


def hermann_grid() -> bytes:
    """White streets between black blocks: grey spots where streets cross and one looks away."""
    blocks = [
        rectangle(12 + 92 * column, 12 + 92 * row, 80, 80, BLACK)
        for row in range(4)
        for column in range(5)
    ]
    return svg(472, 380, blocks, pixels=656, paper=WHITE)


def penrose_triangle() -> bytes:
    """Three beams at right angles to each other that meet all the same.

    A point is given by how far it lies outside two sides of the hole, in widths of a face.
    """
    width, hole = 38.0, 3.0
    normals = [
        (math.cos(angle), math.sin(angle))
        for angle in (math.pi / 2 + k * 2 * math.pi / 3 for k in range(3))
    ]

    def at(side: int, out: float, other: int, other_out: float) -> Point:
        outs = [0.0, 0.0, 0.0]
        outs[side], outs[other] = out, other_out
        outs[3 - side - other] = -hole - out - other_out
        reach = [(2 / 3) * (value + hole / 3) * width for value in outs]
        return (
            205 + sum(r * n[0] for r, n in zip(reach, normals, strict=True)),
            235 + sum(r * n[1] for r, n in zip(reach, normals, strict=True)),
        )

    # Each colour is the outer face of one beam and the inner face of the next, in one piece.
    faces = []
    for side, fill in enumerate(("#f4a259", "#5b8e7d", "#2f4858")):
        one, two = (side + 1) % 3, (side + 2) % 3
        corners = [
            at(side, 2, one, 1),
            at(one, 1, two, 0),
            at(one, 0, two, 0),
            at(side, 1, one, 0),
            at(side, 1, two, 2),
            at(side, 2, two, 1),
        ]
        edge = 'stroke="#1d1d1d" stroke-width="3" stroke-linejoin="round"'
        faces.append(polygon(corners, fill, edge))
    return svg(410, 370, faces, pixels=600)


def fraser_spiral() -> bytes:
    """Circles of twisted cord on a chequered ground: they look like one spiral."""
    size = 1280
    y, x = np.mgrid[0:size, 0:size] - (size - 1) / 2
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    depth = np.log(np.maximum(radius, 1.0) / 60) / 0.24
    turns = angle / (2 * np.pi) * 24
    ground = np.where(
        (np.floor(depth * 0.8 + turns) + np.floor(turns - depth * 0.8)) % 2 == 0, 120, 205
    )
    picture = from_array(np.repeat(ground[..., None], 3, axis=-1))
    pen = ImageDraw.Draw(picture)
    for ring in range(10):
        middle = 78 * math.exp(0.24 * ring)
        cords = 36
        for k in range(2 * cords):
            shade = BLACK if k % 2 else WHITE
            start, end = (k - 0.75) * math.pi / cords, (k + 1.75) * math.pi / cords
            band = []
            for edge in (0.0, 1.0):
                for t in np.linspace(0, 1, 7) if edge == 0 else np.linspace(1, 0, 7):
                    a = start + (end - start) * float(t)
                    lean = (float(t) - 0.5) * 0.12
                    thick = 0.022 * math.sin(math.pi * float(t)) * (1 if edge else -1)
                    r = middle * (1 + lean + thick)
                    band.append((size / 2 + r * math.cos(a), size / 2 + r * math.sin(a)))
            pen.polygon(band, fill=shade)
    return encode(shrink(picture, 2), "JPEG")


def kanizsa_triangle() -> bytes:
    """A white triangle that nobody has drawn."""
    top, left, right = (200.0, 78.0), (70.0, 300.0), (330.0, 300.0)
    discs = [circle(*corner, 56, BLACK) for corner in (top, left, right)]
    middle = (200.0, (78 + 600) / 3)
    under = [(2 * middle[0] - x, 2 * middle[1] - y) for x, y in (top, left, right)]
    outline = (
        f'<path fill="{WHITE}" stroke="{BLACK}" stroke-width="6" stroke-linejoin="miter" '
        f'd="{path(under)}"/>'
    )
    return svg(400, 400, [outline, *discs, polygon([top, left, right], WHITE)], paper=WHITE)


def moire_pattern() -> bytes:
    """Two sets of rings, one beside the other."""
    size = (1400, 1000)
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    ink = np.ones((size[1], size[0]), dtype=np.float32)
    for centre in (600.0, 800.0):
        distance = np.hypot(x - centre, y - size[1] / 2)
        ring = np.clip(np.abs((distance / 26) % 1 - 0.5) * 26 - 4.5, 0, 1)
        ink *= np.where(distance < 480, ring, 1)
    return encode(shrink(from_array(np.repeat(ink[..., None] * 255, 3, axis=-1)), 2))


def necker_cube() -> bytes:
    """A cube of wire, seen from above or from below."""
    front = [(60, 130), (250, 130), (250, 320), (60, 320)]
    back = [(x + 90, y - 90) for x, y in front]
    edges = [line([a, b], "#1b1b1b", 9) for a, b in zip(front, back, strict=True)]
    squares = [
        line([*face, face[0]], "#1b1b1b", 9)
        for face in ([(float(x), float(y)) for x, y in f] for f in (front, back))
    ]
    return svg(400, 360, [*squares, *edges], pixels=600, paper=WHITE)


def checker_shadow() -> bytes:
    """A board in the shadow of a cylinder, after Adelson (1995).

    A light square in the shadow is exactly as grey as a dark square outside it.
    """
    y, x = np.mgrid[0:1120, 0:1400].astype(np.float64)
    across, along = (x - 700) / 118, (y - 250) / 68
    a, b = (along + across) / 2, (along - across) / 2
    board = (a >= 0) & (a < 5) & (b >= 0) & (b < 5)
    # The shadow falls from the cylinder's foot to the left, with soft edges.
    off = np.abs((b - 1.1) - 0.55 * (3.7 - a)) / 1.05
    shadow = np.clip((1.25 - off) / 0.5, 0, 1) * np.clip((4.2 - a) / 0.6, 0, 1)
    dark = (np.floor(a) + np.floor(b)) % 2 == 1
    grey = np.where(dark, 120.0, 220.0) * (1 - shadow * (1 - 120 / 220))
    ground = 150 - 45 * (y / 1120)
    picture = from_array(np.repeat(np.where(board, grey, ground)[..., None], 3, axis=-1))
    pen = ImageDraw.Draw(picture)

    def at(p: float, q: float) -> Point:
        return (700 + (p - q) * 118, 250 + (p + q) * 68)

    for start, end, fill in ((at(0, 5), at(5, 5), "#5c6166"), (at(5, 0), at(5, 5), "#8b9096")):
        pen.polygon([start, end, (end[0], end[1] + 60), (start[0], start[1] + 60)], fill=fill)
    foot_x, foot_y = at(3.7, 1.1)
    for i in range(250):
        light = 0.4 + 0.6 * math.sin(math.pi * (i + 60) / 340)
        place = foot_x - 125 + i
        drop = 44 * math.sqrt(1 - ((i - 125) / 125.01) ** 2)
        green = (int(75 * light), int(175 * light), int(85 * light))
        pen.line((place, foot_y - 380, place, foot_y + drop), fill=green)
    pen.ellipse((foot_x - 125, foot_y - 424, foot_x + 125, foot_y - 336), fill="#97dba3")
    return encode(shrink(picture, 2), "JPEG")
