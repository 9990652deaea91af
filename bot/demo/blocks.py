"""Pictures out of characters: two pixels in each half block, or a ramp of plain signs."""

import io
from itertools import pairwise

from PIL import Image, ImageOps
from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

MAX_PIXELS = 64_000_000
UPPER_HALF = "\N{UPPER HALF BLOCK}"
# From ink to paper: dark on light, as in print.
RAMP = "@%#*+=-:. "


class BlockPicture:
    """A picture that rich can print, at most so many columns wide and rows high.

    A cell of a terminal is taken to be twice as high as wide.  In 256 colours or more each cell
    shows two pixels, one above the other; otherwise a sign as dark as the picture there.
    """

    def __init__(self, picture: Image.Image, *, columns: int, rows: int) -> None:
        self._picture = picture
        scale = min(columns / picture.width, 2 * rows / picture.height)
        self._columns = min(columns, max(1, round(picture.width * scale)))
        self._rows = min(rows, max(1, round(picture.height * scale / 2)))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self._columns, self._columns)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if console.color_system in ("truecolor", "256") and not options.ascii_only:
            yield from self._coloured()
        else:
            yield from self._plain()

    def _coloured(self) -> RenderResult:
        small = self._picture.resize((self._columns, 2 * self._rows), Image.Resampling.LANCZOS)
        rgb = small.convert("RGB").tobytes()
        stride = 3 * self._columns
        for row in range(self._rows):
            upper = rgb[2 * row * stride :][:stride]
            lower = rgb[(2 * row + 1) * stride :][:stride]
            for left, right in pairwise(range(0, stride + 3, 3)):
                style = Style(
                    color=Color.from_rgb(*upper[left:right]),
                    bgcolor=Color.from_rgb(*lower[left:right]),
                )
                yield Segment(UPPER_HALF, style)
            yield Segment.line()

    def _plain(self) -> RenderResult:
        size = (self._columns, self._rows)
        small = self._picture.convert("L").resize(size, Image.Resampling.LANCZOS)
        levels = ImageOps.autocontrast(small).tobytes()
        for row in range(self._rows):
            line = levels[row * self._columns :][: self._columns]
            yield Segment("".join(RAMP[level * len(RAMP) // 256] for level in line))
            yield Segment.line()


def block_picture(data: bytes, *, columns: int, rows: int) -> BlockPicture | None:
    """The picture in a file, or ``None`` if Discord would show no preview of it either.

    Transparent parts are white; the first frame stands for an animation.
    """
    try:
        with Image.open(io.BytesIO(data)) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                return None
            opened.draft("RGB", (4 * columns, 8 * rows))
            picture = ImageOps.exif_transpose(opened)
            if picture.has_transparency_data:
                picture = picture.convert("RGBA")
                ground = Image.new("RGBA", picture.size, "white")
                picture = Image.alpha_composite(ground, picture)
            return BlockPicture(picture.convert("RGB"), columns=columns, rows=rows)
    # Damaged files make Pillow raise all of these.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
