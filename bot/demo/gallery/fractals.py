"""Fractals of the plane: each pixel is iterated."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from bot.demo.gallery.canvas import (
    BLACK,
    WHITE,
    Floats,
    blend,
    encode,
    from_array,
    plane,
    rgb,
    shrink,
)

Complexes = npt.NDArray[np.complex128]

NIGHT_TO_GOLD = (
    (0.0, "#000764"),
    (0.16, "#206bcb"),
    (0.42, "#edffff"),
    (0.6425, "#ffaa00"),
    (0.8575, "#310230"),
    (1.0, "#000764"),
)


def _escape(start: Complexes, step: Complexes, rounds: int, *, fold: bool = False) -> Floats:
    """Smooth escape times of z → z² + c, 0 where the orbit stays; ``fold`` takes |Re| and |Im|."""
    times = np.zeros(start.size)
    z, c, where = start.ravel().copy(), step.ravel(), np.arange(start.size)
    for count in range(1, rounds + 1):
        if fold:
            z = np.abs(z.real) + 1j * np.abs(z.imag)
        z = z * z + c
        size = z.real**2 + z.imag**2
        gone = size > 400.0
        if gone.any():
            times[where[gone]] = count + 1 - np.log2(np.log(size[gone]) / 2)
            stay = ~gone
            z, c, where = z[stay], c[stay], where[stay]
    return times.reshape(start.shape)


def mandelbrot_set() -> bytes:
    """The set in black, its surroundings by escape time."""
    c = plane(960, 720, span=3.2, centre=-0.65 + 0j)
    # Points of the large cardioid and of the disc beside it never escape: skip them.
    q = np.abs(c - 0.25) ** 2
    inside = (q * (q + c.real - 0.25) <= c.imag**2 / 4) | (np.abs(c + 1) <= 0.25)
    times = np.zeros(c.shape)
    times[~inside] = _escape(np.zeros_like(c[~inside]), c[~inside], 160)
    colours = blend(NIGHT_TO_GOLD, (np.log(np.maximum(times, 1)) * 0.42 + 0.02) % 1.0)
    colours[times == 0] = 0
    return encode(from_array(colours).resize((640, 480), Image.Resampling.LANCZOS))


def julia_set() -> bytes:
    """The Julia set of c = −0.8 + 0.156 i."""
    z = plane(900, 600, span=3.1)
    times = _escape(z, np.full_like(z, -0.8 + 0.156j), 170)
    glow = np.sqrt(times / 170)
    stops = ((0.0, "#05010f"), (0.25, "#24107a"), (0.45, "#b0228c"), (0.7, "#ff9d2e"), (1.0, WHITE))
    colours = blend(stops, glow)
    return encode(from_array(colours).resize((720, 480), Image.Resampling.LANCZOS), "JPEG")


def burning_ship() -> bytes:
    """The armada's flagship on the western antenna, in flames."""
    c = plane(840, 600, span=0.16, centre=-1.762 + 0.026j)
    c = np.conj(c)  # the ship is drawn with the imaginary axis downwards
    times = _escape(np.zeros_like(c), c, 90, fold=True)
    heat = np.where(times == 0, 0.0, np.clip((times - 5) / 42, 0.03, 1.0))
    stops = ((0.0, BLACK), (0.15, "#5a0a00"), (0.45, "#d94a00"), (0.75, "#ffc22e"), (1.0, WHITE))
    picture = from_array(blend(stops, np.sqrt(heat)))
    return encode(picture.resize((700, 500), Image.Resampling.LANCZOS), "JPEG")


def newton_fractal() -> bytes:
    """Basins of the three roots of z³ − 1, darker the longer Newton's method takes."""
    z = plane(840, 840, span=3.4)
    count = np.zeros(z.shape)
    for _ in range(16):
        square = z * z
        off = square * z - 1
        count += off.real**2 + off.imag**2 > 0.004
        z = z - off / (3 * square)
    basin = np.round(np.angle(z) / (2 * np.pi / 3)).astype(int) % 3
    colours = np.array([rgb("#e63946"), rgb("#2a9d8f"), rgb("#3f5bd9")], dtype=float)[basin]
    return encode(shrink(from_array(colours * (0.86 ** np.maximum(count - 3, 0))[..., None]), 2))


def lyapunov_fractal() -> bytes:
    """Lyapunov exponents of the sequence AB: order in yellow, chaos in blue."""
    size = 420
    a = np.linspace(2.0, 4.0, size)[None, :] * np.ones((size, 1))
    b = np.linspace(4.0, 2.0, size)[:, None] * np.ones((1, size))
    x = np.full((size, size), 0.5)
    total = np.zeros((size, size))
    rounds = 60
    for step in range(2 * rounds):
        rate = a if step % 2 == 0 else b
        x = rate * x * (1 - x)
        if step > 20:
            total += np.log(np.abs(rate * (1 - 2 * x)) + 1e-12)
    exponent = total / (2 * rounds - 21)
    order = blend(
        ((0.0, "#100a00"), (0.5, "#c77d00"), (1.0, "#ffe45c")), np.exp(np.minimum(exponent, 0))
    )
    chaos = blend(((0.0, "#0a0a30"), (1.0, "#3f6fff")), np.clip(exponent / 0.7, 0, 1))
    return encode(from_array(np.where((exponent < 0)[..., None], order, chaos)), "JPEG")
