"""A picture of nobody's article: the mascot of the simulated server."""

import io

from PIL import Image, ImageDraw

SIZE = 640
# Drawn larger and scaled down, which smooths the edges.
SUPERSAMPLING = 2


def mascot() -> bytes:
    """A friendly looking glass on green, as PNG."""
    side = SIZE * SUPERSAMPLING
    picture = Image.new("RGB", (side, side), "#2f6f5e")
    draw = ImageDraw.Draw(picture)

    def at(*fractions: float) -> tuple[float, ...]:
        return tuple(fraction * side for fraction in fractions)

    for row in range(5):
        for column in range(5):
            x, y = 0.1 + 0.2 * column + 0.1 * (row % 2), 0.1 + 0.2 * row
            draw.ellipse(at(x - 0.02, y - 0.02, x + 0.02, y + 0.02), fill="#3a8470")
    draw.line(at(0.6, 0.6, 0.88, 0.88), fill="#7a4a21", width=side // 9)
    draw.ellipse(at(0.12, 0.12, 0.68, 0.68), fill="#f3c14b")
    draw.ellipse(at(0.17, 0.17, 0.63, 0.63), fill="#eaf6ff")
    for x in (0.32, 0.48):
        draw.ellipse(at(x - 0.035, 0.29, x + 0.035, 0.39), fill="#20324a")
        draw.ellipse(at(x - 0.005, 0.3, x + 0.02, 0.33), fill="#ffffff")
    draw.arc(at(0.28, 0.33, 0.52, 0.53), 20, 160, fill="#20324a", width=side // 50)
    buffer = io.BytesIO()
    picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(buffer, "PNG")
    return buffer.getvalue()
