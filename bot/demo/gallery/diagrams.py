"""Diagrams and signs."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bot.demo.gallery.canvas import (
    BLACK,
    WHITE,
    Point,
    circle,
    encode,
    from_array,
    line,
    number,
    path,
    polygon,
    rgb,
    shrink,
    svg,
)


def pythagorean_theorem() -> bytes:
    """The squares on the sides of a triangle of 3, 4 and 5, divided into unit squares."""
    c, a, b = 107 + 137j, 107 + 227j, 227 + 137j
    parts = []
    for start, end, count, fill in (
        (c, b, 4, "#e63946"),
        (a, c, 3, "#457b9d"),
        (b, a, 5, "#e9c46a"),
    ):
        along = (end - start) / count
        out = along * -1j
        for i in range(count):
            for j in range(count):
                corner = start + i * along + j * out
                square = [corner, corner + along, corner + along + out, corner + out]
                parts.append(
                    polygon(
                        [(z.real, z.imag) for z in square],
                        fill,
                        f'stroke="{WHITE}" stroke-width="1.5"',
                    )
                )
    triangle = [(z.real, z.imag) for z in (a, b, c)]
    parts.append(polygon(triangle, "#f1faee", 'stroke="#1d3557" stroke-width="3"'))
    return svg(340, 374, parts, pixels=600, paper=WHITE)


def venn_diagram() -> bytes:
    """Three sets and all that they have in common, on a transparent ground."""
    y, x = np.mgrid[0:580, 0:620]
    colours = np.full((580, 620, 3), 255.0)
    opacity = np.zeros((580, 620))
    for cx, cy, fill in ((210, 200, "#ee5b6a"), (410, 200, "#4f9bf0"), (310, 375, "#f8d34a")):
        inside = np.clip(175.5 - np.hypot(x - cx, y - cy), 0, 1)
        colours *= 1 - inside[..., None] * (1 - np.array(rgb(fill)) / 255)
        opacity = np.maximum(opacity, inside)
    return encode(from_array(np.concatenate([colours, 255 * opacity[..., None]], axis=-1)))


def normal_distribution() -> bytes:
    """The bell curve and its bands of one, two and three standard deviations."""
    width, height = 1480, 860
    picture = Image.new("RGB", (width, height), WHITE)
    pen = ImageDraw.Draw(picture)
    base, unit = 740, 175

    def top(column: float) -> float:
        return base - 640 * math.exp(-(((column - width / 2) / unit) ** 2) / 2)

    for column in range(40, width - 40):
        band = int(abs(column - width / 2) / unit)
        fill = ("#1f5f99", "#5a9bd4", "#a9cdee", "#e0edf9")[min(band, 3)]
        pen.line((column, top(column), column, base), fill=fill)
    curve = [(float(column), top(column)) for column in range(40, width - 40)]
    pen.line(curve, fill="#10263f", width=6, joint="curve")
    pen.line((30, base, width - 30, base), fill="#10263f", width=4)
    font = ImageFont.load_default(44)
    for step in range(-3, 4):
        place = width / 2 + step * unit
        pen.line((place, top(place), place, base + 14), fill="#10263f", width=3)
        pen.text((place, base + 50), str(step), fill="#10263f", font=font, anchor="mm")
    for place, text in ((-0.5, "34.1%"), (0.5, "34.1%"), (-1.5, "13.6%"), (1.5, "13.6%")):
        fill = WHITE if abs(place) < 1 else "#10263f"
        pen.text((width / 2 + place * unit, base - 60), text, fill=fill, font=font, anchor="mm")
    return encode(shrink(picture, 2))


def color_wheel() -> bytes:
    """Hues round the rim, growing pale to the middle, on a transparent ground."""
    size = 600
    y, x = np.mgrid[0:size, 0:size] - (size - 1) / 2
    radius = np.hypot(x, y)
    hue = (np.arctan2(-y, x) / (2 * np.pi)) % 1
    ramp = np.abs((hue[..., None] + np.array([0, 2 / 3, 1 / 3])) % 1 * 6 - 3) - 1
    shade = 1 - np.minimum(radius / 295, 1)[..., None] * (1 - np.clip(ramp, 0, 1))
    opacity = np.clip(295.5 - radius, 0, 1)[..., None]
    return encode(from_array(255 * np.concatenate([shade, opacity], axis=-1)))


def additive_color() -> bytes:
    """Red, green and blue light on a dark wall."""
    y, x = np.mgrid[0:560, 0:620]
    lamps = ((310, 190), (215, 345), (405, 345))
    light = [np.clip(170.5 - np.hypot(x - cx, y - cy), 0, 1) for cx, cy in lamps]
    return encode(from_array(np.stack(light, axis=-1) * 255), "WEBP")


def taijitu() -> bytes:
    """Yin and yang: lobes of half the radius, with an eye in each."""
    dark_half = "M100,5 A95,95 0 0 0 100,195 A47.5,47.5 0 0 0 100,100 A47.5,47.5 0 0 1 100,5z"
    return svg(
        200,
        200,
        [
            circle(100, 100, 95, WHITE),
            f'<path fill="{BLACK}" d="{dark_half}"/>',
            circle(100, 52.5, 15, BLACK),
            circle(100, 147.5, 15, WHITE),
            f'<circle cx="100" cy="100" r="95" fill="none" stroke="{BLACK}" stroke-width="3"/>',
        ],
        pixels=600,
    )


def smiley() -> bytes:
    """The yellow face."""
    pen = f'stroke="{BLACK}" stroke-width="7" stroke-linecap="round"'
    return svg(
        200,
        200,
        [
            circle(100, 100, 94, "#ffdd1f", f'stroke="{BLACK}" stroke-width="5"'),
            f'<ellipse cx="70" cy="74" rx="11" ry="22" fill="{BLACK}"/>',
            f'<ellipse cx="130" cy="74" rx="11" ry="22" fill="{BLACK}"/>',
            f'<path fill="none" {pen} d="M42,118 A62,62 0 0 0 158,118"/>',
        ],
        pixels=600,
    )


def pie_chart() -> bytes:
    """Six shares of a whole, clockwise from the top."""
    shares = (35, 24, 16, 11, 9, 5)
    fills = ("#264653", "#2a9d8f", "#8ab17d", "#e9c46a", "#f4a261", "#e76f51")
    parts = []
    total = 0
    for share, fill in zip(shares, fills, strict=True):
        a, b = (2 * math.pi * t / 100 - math.pi / 2 for t in (total, total + share))
        total += share
        parts.append(
            f'<path fill="{fill}" stroke="{WHITE}" stroke-width="2" d="M120,120 '
            f"L{number(120 + 108 * math.cos(a))},{number(120 + 108 * math.sin(a))} "
            f"A108,108 0 0 1 {number(120 + 108 * math.cos(b))},"
            f'{number(120 + 108 * math.sin(b))}z"/>'
        )
    return svg(240, 240, parts, pixels=560)


def hazard_trefoil() -> bytes:
    """The radiation warning sign: blades of 60° from 1.5 to 5 radii of the inner disc."""
    blades = []
    for start in (0, 120, 240):
        a, b = math.radians(start), math.radians(start + 60)
        near: list[Point] = [(130 + 30 * math.cos(t), 150 + 30 * math.sin(t)) for t in (a, b)]
        far: list[Point] = [(130 + 100 * math.cos(t), 150 + 100 * math.sin(t)) for t in (a, b)]
        blades.append(
            f'<path fill="{BLACK}" d="M{number(near[0][0])},{number(near[0][1])} '
            f"L{number(far[0][0])},{number(far[0][1])} "
            f"A100,100 0 0 1 {number(far[1][0])},{number(far[1][1])} "
            f"L{number(near[1][0])},{number(near[1][1])} "
            f'A30,30 0 0 0 {number(near[0][0])},{number(near[0][1])}z"/>'
        )
    return svg(260, 280, [*blades, circle(130, 150, 20, BLACK)], pixels=520, paper="#ffcc00")


def peace_symbol() -> bytes:
    """Holtom's sign (1958): the semaphore letters N and D in a ring."""
    slope = 84 * math.sqrt(0.5)
    left, right, low = number(100 - slope), number(100 + slope), number(100 + slope)
    pen = f'fill="none" stroke="{BLACK}" stroke-width="18"'
    return svg(
        200,
        200,
        [
            f'<circle cx="100" cy="100" r="84" {pen}/>',
            f'<path {pen} d="M100,16 V184 M{left},{low} L100,100 L{right},{low}"/>',
        ],
        pixels=560,
        paper=WHITE,
    )


def tesseract() -> bytes:
    """The 32 edges of the four-dimensional cube, turned a little and seen from a point."""
    corners = np.array([[(k >> axis & 1) * 2 - 1.0 for axis in range(4)] for k in range(16)])
    solid = corners[:, :3] / (3.2 - corners[:, 3:])
    about_y = np.array(
        [[math.cos(0.5), 0, math.sin(0.5)], [0, 1, 0], [-math.sin(0.5), 0, math.cos(0.5)]]
    )
    about_x = np.array(
        [[1, 0, 0], [0, math.cos(0.35), math.sin(0.35)], [0, -math.sin(0.35), math.cos(0.35)]]
    )
    x, y, z = (solid @ about_y @ about_x).T
    flat = np.stack([200 + 600 * x / (2.6 - z), 172 - 600 * y / (2.6 - z)], axis=1)
    places: list[Point] = [(float(a), float(b)) for a, b in flat]
    edges = [
        line([places[k], places[k | bit]], "#2b59c3" if bit < 8 else "#9fb4e0", 4)
        for bit in (8, 1, 2, 4)
        for k in range(16)
        if not k & bit
    ]
    dots = [circle(*place, 7, "#d36582") for place in places]
    return svg(400, 380, [*edges, *dots], pixels=600, paper=WHITE)


def reuleaux_triangle() -> bytes:
    """Three arcs of constant width round an equilateral triangle, on a transparent ground."""
    side = 160.0
    (a_x, a_y), (b_x, b_y), (c_x, c_y) = corners = [
        (20.0, 180.0),
        (100.0, 180 - side * math.sqrt(3) / 2),
        (180.0, 180.0),
    ]
    arc = f"A{number(side)},{number(side)} 0 0 1"
    outline = (
        f"M{number(a_x)},{number(a_y)} {arc} {number(b_x)},{number(b_y)} "
        f"{arc} {number(c_x)},{number(c_y)} {arc} {number(a_x)},{number(a_y)}z"
    )
    edge = f'fill="none" stroke="{BLACK}" stroke-width="1.5"'
    return svg(
        200,
        222,
        [
            f'<path d="{outline}" fill="#7ec8a9" stroke="#12533b" stroke-width="4"/>',
            f'<path d="{path(corners)}" {edge} stroke-dasharray="6 5"/>',
            *(circle(x, y, 4, BLACK) for x, y in corners),
        ],
        pixels=560,
    )
