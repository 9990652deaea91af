"""Curves, spirals and attractors."""

import math

import numpy as np
from PIL import Image, ImageDraw

from bot.demo.gallery.canvas import (
    WHITE,
    blend,
    circle,
    encode,
    from_array,
    line,
    number,
    rectangle,
    shrink,
    svg,
)


def lorenz_system() -> bytes:
    """The butterfly: σ = 10, ρ = 28, β = 8/3, by Runge and Kutta's fourth-order steps."""
    sigma, rho, beta, step = 10.0, 28.0, 8 / 3, 0.006

    def slope(p: tuple[float, float, float]) -> tuple[float, float, float]:
        x, y, z = p
        return sigma * (y - x), x * (rho - z) - y, x * y - beta * z

    def move(
        p: tuple[float, float, float], by: tuple[float, float, float], far: float
    ) -> tuple[float, float, float]:
        return p[0] + far * by[0], p[1] + far * by[1], p[2] + far * by[2]

    place = (0.1, 0.0, 20.0)
    track = []
    for _ in range(8000):
        k1 = slope(place)
        k2 = slope(move(place, k1, step / 2))
        k3 = slope(move(place, k2, step / 2))
        k4 = slope(move(place, k3, step))
        total = tuple(a + 2 * b + 2 * c + d for a, b, c, d in zip(k1, k2, k3, k4, strict=True))
        place = move(place, (total[0], total[1], total[2]), step / 6)
        track.append((680 + place[0] * 29, 1130 - place[2] * 21.5))
    stops = ((0.0, "#00b4d8"), (0.4, "#8a5cf6"), (0.75, "#ff4d8d"), (1.0, "#ffd60a"))
    colours = blend(stops, np.linspace(0, 1, len(track))).astype(int).tolist()
    picture = Image.new("RGB", (1360, 1160), "#0a0a14")
    pen = ImageDraw.Draw(picture)
    for start, end, colour in zip(track[200:], track[201:], colours[200:], strict=False):
        pen.line((start, end), fill=tuple(colour), width=3)
    return encode(shrink(picture, 2), "JPEG")


def logistic_map() -> bytes:
    """Where the orbits of x → r x (1 − x) settle, for r from 2.4 to 4."""
    width, height = 1400, 860
    rate = np.linspace(2.4, 4.0, width)
    x = np.full(width, 0.5)
    for _ in range(300):
        x = rate * x * (1 - x)
    columns = np.arange(width)
    density = np.zeros((height, width))
    for _ in range(700):
        x = rate * x * (1 - x)
        density[((1 - x) * (height - 1)).astype(int), columns] += 1
    ink = 1 - np.exp(-density / 2.2)
    ink = ink.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    frame = Image.new("RGB", (width // 2 + 60, height // 2 + 60), WHITE)
    frame.paste(
        from_array(blend(((0.0, WHITE), (1.0, "#10123a")), np.minimum(ink * 1.6, 1))), (40, 20)
    )
    pen = ImageDraw.Draw(frame)
    pen.rectangle((39, 19, 40 + width // 2, 20 + height // 2), outline="#000000")
    for step in range(5):
        across = 40 + step * width // 8
        pen.line((across, 20 + height // 2, across, 27 + height // 2), fill="#000000")
        up = 20 + step * height // 8
        pen.line((32, up, 39, up), fill="#000000")
    return encode(frame)


def lissajous_curve() -> bytes:
    """x = sin(3 t + π/2), y = sin(2 t): the phosphor trace of an oscilloscope."""
    t = np.linspace(0, 2 * np.pi, 721)
    x, y = 160 + 125 * np.sin(3 * t + np.pi / 2), 120 - 95 * np.sin(2 * t)
    trace = [(float(a), float(b)) for a, b in zip(x, y, strict=True)]
    grid = [
        *(line([(20 + 28 * i, 10), (20 + 28 * i, 230)], "#1d4030", 0.6) for i in range(11)),
        *(line([(20, 10 + 27.5 * i), (300, 10 + 27.5 * i)], "#1d4030", 0.6) for i in range(9)),
    ]
    glow = line(trace, "#1fae5b", 11, 'stroke-opacity="0.35"')
    return svg(320, 240, [*grid, glow, line(trace, "#9dffb8", 4)], paper="#06140d")


def spirograph() -> bytes:
    """Hypotrochoids of one fixed ring and four wheels, as the toy draws them."""
    t = np.linspace(0, 2 * np.pi * 11, 2200)
    picture = Image.new("RGB", (1240, 1240), "#fdfaf2")
    pen = ImageDraw.Draw(picture)
    for wheel, hole, size, colour in (
        (33.0, 30.0, 6.0, "#c1121f"),
        (44.0, 30.0, 4.6, "#1d3fbb"),
        (66.0, 22.0, 3.2, "#188038"),
    ):
        ring = 96.0 if wheel != 44.0 else 105.0
        turn = (ring - wheel) / wheel
        x = (ring - wheel) * np.cos(t) + hole * np.cos(turn * t)
        y = (ring - wheel) * np.sin(t) - hole * np.sin(turn * t)
        pen.line(
            [(float(620 + size * a), float(620 + size * b)) for a, b in zip(x, y, strict=True)],
            fill=colour,
            width=4,
            joint="curve",
        )
    return encode(shrink(picture, 2), "WEBP")


def ulam_spiral() -> bytes:
    """The numbers to 151² on a square spiral, primes in black."""
    side, dot = 151, 8
    sieve = np.ones(side * side + 1, dtype=bool)
    sieve[:2] = False
    for p in range(2, side + 1):
        if sieve[p]:
            sieve[p * p :: p] = False
    steps = np.repeat(1j ** np.arange(2 * side), np.repeat(np.arange(1, side + 1), 2))
    places = np.concatenate([[0], np.cumsum(steps)])[: side * side]
    grid = np.zeros((side, side))
    column = np.round(places.real).astype(int) + side // 2
    row = side // 2 - np.round(places.imag).astype(int)
    grid[row, column] = sieve[1:]
    y, x = np.mgrid[0:dot, 0:dot] - (dot - 1) / 2
    disc = (x * x + y * y <= (dot * 0.5) ** 2).astype(float)
    return encode(shrink(from_array(255 - 255 * np.kron(grid, disc)), 2))


def fermats_spiral() -> bytes:
    """Vogel's model of a sunflower (1979): the n-th floret at √n, n golden angles on."""
    golden_angle = math.pi * (3 - math.sqrt(5))
    colours = blend(
        ((0.0, "#4a2c0a"), (0.3, "#a35c0f"), (0.62, "#f2a900"), (1.0, "#ffe06b")),
        np.sqrt(np.arange(1, 701) / 700),
    ).astype(int)
    florets = [
        circle(
            200 + 7.1 * math.sqrt(n) * math.cos(n * golden_angle),
            200 + 7.1 * math.sqrt(n) * math.sin(n * golden_angle),
            2.2 + 4.4 * math.sqrt(n / 700),
            f"#{r:02x}{g:02x}{b:02x}",
        )
        for n, (r, g, b) in enumerate(colours, start=1)
    ]
    return svg(400, 400, florets, pixels=600, paper="#16351f")


def golden_spiral() -> bytes:
    """Quarter circles in golden rectangles: the Fibonacci approximation, squares in colour."""
    phi = (1 + math.sqrt(5)) / 2
    x, y, side = 0.0, 0.0, 100.0
    fills = ("#f4d35e", "#ee964b", "#f95738", "#d8315b", "#7b2d8b", "#3e4c9e", "#2b8fb0", "#4fb286")
    squares, arcs = [], []
    for step in range(9):
        squares.append(
            rectangle(x, y, side, side, fills[step % 8], 'stroke="#22223b" stroke-width="0.5"')
        )
        turn = step % 4
        # The ends of the quarter circle, clockwise round the corner that the next square shares.
        starts = ((0, 1), (0, 0), (1, 0), (1, 1))
        ends = ((1, 0), (1, 1), (0, 1), (0, 0))
        (a, b), (c, d) = starts[turn], ends[turn]
        arcs.append(
            f'<path fill="none" stroke="#22223b" stroke-width="1.6" stroke-linecap="round" '
            f'd="M{number(x + a * side)},{number(y + b * side)} '
            f'A{number(side)},{number(side)} 0 0 1 {number(x + c * side)},{number(y + d * side)}"/>'
        )
        smaller = side / phi
        x, y = (
            (x + side, y),
            (x + side - smaller, y + side),
            (x - smaller, y + side - smaller),
            (x, y - smaller),
        )[turn]
        side = smaller
    return svg(100 * phi, 100, [*squares, *arcs], paper=WHITE)


def rose() -> bytes:
    """The rose r = cos(7 θ), on a transparent ground."""
    t = np.linspace(0, np.pi, 1441)
    r = 1180 * np.cos(7 * t)
    outline = [
        (float(a), float(b))
        for a, b in zip(1200 + r * np.cos(t), 1200 + r * np.sin(t), strict=True)
    ]
    picture = Image.new("RGBA", (2400, 2400), (255, 255, 255, 0))
    pen = ImageDraw.Draw(picture)
    pen.polygon(outline, fill="#f45b8d")
    pen.line(outline, fill="#8d0f3c", width=22, joint="curve")
    return encode(shrink(picture, 4))
