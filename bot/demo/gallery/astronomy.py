"""The sky."""

import math

import numpy as np
from PIL import Image, ImageDraw

from bot.demo.gallery.canvas import (
    Floats,
    blend,
    circle,
    encode,
    from_array,
    line,
    svg,
)


def _noise(shape: tuple[int, int], seed: int, coarse: tuple[int, ...]) -> Floats:
    """Smooth noise about 0: random grids of the given widths, enlarged and summed."""
    chance = np.random.default_rng(seed)
    total = np.zeros(shape)
    for k, cells in enumerate(coarse):
        small = chance.standard_normal((cells, cells)) * 60 + 128
        picture = from_array(small).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
        total += (np.asarray(picture, dtype=np.float64) - 128) / 60 / 2**k
    return total


def _ball(radius: int, bands: tuple[tuple[float, str], ...]) -> Image.Image:
    """A planet, lit from the left, coloured from its north (0) to its south pole (1)."""
    side = 2 * radius + 1
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1] / radius
    inside = np.sqrt(np.clip(1 - x * x - y * y, 0, 1))
    light = np.clip(-0.55 * x - 0.25 * y + 0.8 * inside, 0.05, 1)
    ripple = 0.02 * np.sin(9 * x + 3 * y) * inside
    colours = blend(bands, (y + 1) / 2 + ripple) * light[..., None]
    opacity = np.clip((1 - np.hypot(x, y)) * radius + 0.5, 0, 1) * 255
    ball = np.concatenate([colours, opacity[..., None]], axis=-1)
    return from_array(ball).resize((side, side))


def solar_system() -> bytes:
    """The Sun's limb and the eight planets, their sizes to scale, their distances not."""
    width, height = 1200, 420
    chance = np.random.default_rng(1781)
    sky = np.full((height, width, 3), (6.0, 7.0, 16.0))
    for _ in range(420):
        row, column = int(chance.integers(height)), int(chance.integers(width))
        sky[row, column] = chance.integers(60, 190)
    y, x = np.mgrid[0:height, 0:width]
    # In units of 1,000 km of radius; 1 pixel is 0.7 of them.
    scale = 1 / 0.72
    sun = 696 * scale
    rim = (np.hypot(x + sun - 120, y - height / 2) - sun) / 60
    glow = blend(((-2.2, "#fff7d6"), (-0.4, "#ffc445"), (0.0, "#ff8a1f")), rim)
    haze = np.clip(np.exp(-np.maximum(rim, 0) * 2.6), 0, 1)[..., None]
    sky = np.where((rim <= 0)[..., None], glow, sky + haze * np.array([200, 90, 20]))
    picture = from_array(sky)
    planets: tuple[tuple[float, int, tuple[tuple[float, str], ...]], ...] = (
        (2.44, 168, ((0, "#9b9189"), (1, "#6f6862"))),
        (6.05, 196, ((0, "#f0dcaa"), (1, "#c99a4b"))),
        (6.37, 232, ((0, "#ffffff"), (0.2, "#3f7fd0"), (0.8, "#2f63b8"), (1, "#ffffff"))),
        (3.39, 264, ((0, "#d9774a"), (1, "#a34a28"))),
        (
            69.9,
            396,
            (
                (0, "#8c7358"),
                (0.2, "#c9ab84"),
                (0.3, "#efe2c6"),
                (0.38, "#a86f46"),
                (0.45, "#f3e7cf"),
                (0.55, "#efdcb8"),
                (0.62, "#9d6238"),
                (0.7, "#e3cda5"),
                (0.82, "#b99670"),
                (1, "#7d6650"),
            ),
        ),
        (
            58.2,
            680,
            ((0, "#b59b62"), (0.3, "#e8d49c"), (0.5, "#f6e9bf"), (0.7, "#dcc488"), (1, "#a58c58")),
        ),
        (25.4, 920, ((0, "#b9e6ea"), (1, "#8fcfd6"))),
        (24.6, 1080, ((0, "#4f79e8"), (0.5, "#3f63d8"), (1, "#2c48b0"))),
    )
    for radius, place, bands in planets:
        pixels = max(2, round(radius * scale))
        ball = _ball(pixels, bands)
        corner = (place - pixels, height // 2 - pixels)
        if radius == 58.2:
            rings = _rings(pixels)
            spot = (place - rings.width // 2, height // 2 - rings.height // 2)
            middle = rings.height // 2
            back = rings.crop((0, 0, rings.width, middle))
            front = rings.crop((0, middle, rings.width, rings.height))
            picture.paste(back, spot, back)
            picture.paste(ball, corner, ball)
            picture.paste(front, (spot[0], spot[1] + middle), front)
        else:
            picture.paste(ball, corner, ball)
    return encode(picture, "JPEG")


def _rings(radius: int) -> Image.Image:
    """Saturn's rings, from 1.24 to 2.27 radii with Cassini's division, seen from above."""
    half_width, half_height = round(2.3 * radius), round(0.5 * radius)
    y, x = np.mgrid[-half_height : half_height + 1, -half_width : half_width + 1]
    far = np.hypot(x, y * half_width / half_height) / radius
    opacity = np.interp(
        far,
        [1.23, 1.25, 1.5, 1.54, 1.93, 1.95, 2.02, 2.04, 2.26, 2.28],
        [0, 70, 110, 215, 235, 20, 20, 190, 170, 0],
    )
    colours = blend(((1.2, "#8c7a58"), (1.6, "#e5d3a1"), (2.3, "#b9a57a")), far)
    return from_array(np.concatenate([colours, opacity[..., None]], axis=-1))


def lunar_phase() -> bytes:
    """Eight phases from new moon to waning crescent, as seen from the northern hemisphere."""
    radius = 76
    side = 2 * radius + 1
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1] / radius
    z = np.sqrt(np.clip(1 - x * x - y * y, 0, 1))
    rough = _noise((side, side), 1969, (5, 9, 18, 36))
    maria = np.clip(np.tanh(rough * 1.4) * 0.5 + 0.55, 0, 1)
    surface = 120 + 115 * maria
    edge = np.clip((1 - np.hypot(x, y)) * radius + 0.5, 0, 1)
    sky = np.full((2 * 210, 4 * 200), 8.0)
    for phase in range(8):
        angle = 2 * math.pi * phase / 8
        lit = np.clip((x * math.sin(angle) - z * math.cos(angle)) * 6 + 0.3, 0.09, 1)
        row, column = divmod(phase, 4)
        top, left = 210 * row + 105 - radius, 200 * column + 100 - radius
        patch = sky[top : top + side, left : left + side]
        patch += edge * (surface * lit - patch)
    colour = sky[..., None] * np.array([1.0, 0.98, 0.92])
    return encode(from_array(colour), "JPEG")


def orion() -> bytes:
    """The hunter's stars to magnitude 4.6 (J2000), larger the brighter, and his figure."""
    stars = {
        "alpha": (5.919, 7.407, 0.5, "#ffb27a"),
        "beta": (5.242, -8.202, 0.13, "#cfe0ff"),
        "gamma": (5.419, 6.350, 1.64, "#cfe0ff"),
        "delta": (5.533, -0.299, 2.23, "#cfe0ff"),
        "epsilon": (5.604, -1.202, 1.69, "#cfe0ff"),
        "zeta": (5.679, -1.943, 1.77, "#cfe0ff"),
        "kappa": (5.796, -9.670, 2.06, "#cfe0ff"),
        "lambda": (5.586, 9.934, 3.5, "#dfe9ff"),
        "iota": (5.591, -5.910, 2.77, "#cfe0ff"),
        "eta": (5.408, -2.397, 3.35, "#cfe0ff"),
        "pi1": (4.915, 10.151, 4.6, "#ffffff"),
        "pi2": (4.844, 8.900, 4.3, "#ffffff"),
        "pi3": (4.831, 6.961, 3.2, "#fff6df"),
        "pi4": (4.853, 5.605, 3.7, "#dfe9ff"),
        "pi5": (4.904, 2.441, 3.7, "#dfe9ff"),
        "pi6": (4.976, 1.714, 4.5, "#ffcf9a"),
        "mu": (6.040, 9.647, 4.1, "#ffffff"),
        "xi": (6.199, 14.209, 4.5, "#dfe9ff"),
        "nu": (6.126, 14.768, 4.4, "#dfe9ff"),
        "chi1": (5.906, 20.276, 4.4, "#fff6df"),
        "chi2": (6.065, 20.138, 4.6, "#cfe0ff"),
    }
    figure = (
        ("pi1", "pi2", "pi3", "pi4", "pi5", "pi6"),
        ("pi3", "gamma", "delta", "epsilon", "zeta", "alpha", "gamma", "lambda", "alpha"),
        ("delta", "eta", "beta", "kappa", "zeta"),
        ("alpha", "mu", "xi", "nu", "chi1", "chi2", "xi"),
    )
    place = {
        name: (30 + (6.45 - hours) * 15 * 13, 30 + (21.5 - degrees) * 13)
        for name, (hours, degrees, _, _) in stars.items()
    }
    lines = [line([place[name] for name in chain], "#3f6f9f", 1.6) for chain in figure]
    dots = [
        circle(*place[name], 2.0 + 1.6 * (4.8 - magnitude), colour)
        for name, (_, _, magnitude, colour) in stars.items()
    ]
    return svg(400, 480, [*lines, *dots], pixels=600, paper="#0b1026")


def keplers_ellipse() -> bytes:
    """Equal areas in equal times: an orbit of eccentricity 0.6 in twelve equal parts."""
    e, a = 0.6, 300.0
    b = a * math.sqrt(1 - e * e)
    picture = Image.new("RGB", (1400, 1100), "#101426")
    pen = ImageDraw.Draw(picture)
    anomalies = []
    for mean in np.linspace(0, 2 * math.pi, 12 * 40 + 1):
        angle = float(mean)
        for _ in range(12):  # Newton's method on Kepler's equation
            angle -= (angle - e * math.sin(angle) - float(mean)) / (1 - e * math.cos(angle))
        anomalies.append(angle)
    orbit = [(700 + 2 * a * math.cos(t), 550 - 2 * b * math.sin(t)) for t in anomalies]
    sun = (700 + 2 * a * e, 550.0)
    for part in range(12):
        fill = ("#2f4b8f", "#c9793a")[part % 2]
        pen.polygon([sun, *orbit[part * 40 : part * 40 + 41]], fill=fill)
    pen.line(orbit, fill="#f1faee", width=8, joint="curve")
    pen.ellipse((sun[0] - 46, sun[1] - 46, sun[0] + 46, sun[1] + 46), fill="#ffd23f")
    x, y = orbit[70]
    pen.ellipse((x - 26, y - 26, x + 26, y + 26), fill="#5fc9f3")
    return encode(picture.reduce(2))
