"""A drawing in, a raster picture out, with nothing fetched from anywhere.

cairosvg draws.  What it would fetch goes through :class:`_Inside`, which knows data URIs alone;
entities, which could make a small file endless, are refused by the parser it uses (defusedxml).
A doctype without entities, as Inkscape writes it, is read and its address is not.
"""

import base64
import binascii
import math
from functools import cache
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree.ElementTree import ParseError

import numpy as np
from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from PIL import Image, ImageOps

from bot.images import reasons
from bot.images.decode import DECODER_ERRORS, Frame, flatten, open_raster
from bot.images.model import Limits, Unreadable
from bot.images.signature import format_of

MAX_RASTER = 16_000_000
"""Pixels up to which a drawing is rasterised at its own size, as ``cairosvg.svg2png`` does.

A larger one is scaled to :data:`FIT`; its hash may then differ from plain code's by a bit or two.
"""

FIT = 2048
"""The long side, in pixels, that a drawing too large is scaled to."""

MAX_SIDE = 2**31 - 1
"""Pixels that a drawing may be wide or high, which is what a PNG may be."""

CANVAS = 512
"""Width and height, in pixels, of the page that a drawing without a size is drawn on."""

_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"

# What cairosvg takes for a picture that shows nothing; it puts the same in a refused one's place.
_NOTHING = b'<svg width="1" height="1"></svg>'

# CSS resolution, and cairosvg's default font size of 12 pt at that resolution.
_DPI = 96
_FONT_SIZE = 16.0

_BLOCK = 256


def rasterise(text: bytes, limits: Limits) -> Frame | Unreadable:
    """Draw an SVG on white.

    Gives the picture that ``cairosvg.svg2png(text)`` gives, laid on white, up to
    :data:`MAX_RASTER`.  Raises :class:`MemoryError`; what is wrong with the drawing is told by
    the value.
    """
    if not cairo_available():
        return reasons.NO_CAIRO
    from cairocffi import CairoError  # noqa: PLC0415  (needs the cairo library)
    from cairosvg.helpers import PointError  # noqa: PLC0415

    try:
        return _rasterise(text, limits)
    except DefusedXmlException:
        return reasons.SVG_ENTITIES
    except ParseError:
        return reasons.DAMAGED
    except (*DECODER_ERRORS, CairoError, PointError):
        return reasons.SVG_BROKEN


def _rasterise(text: bytes, limits: Limits) -> Frame | Unreadable:
    from cairosvg.parser import Tree  # noqa: PLC0415

    tree = Tree(bytestring=text, url_fetcher=_Inside(limits), unsafe=False)
    meant = _size(tree, None) or _size(tree, CANVAS)
    if meant is None:
        return reasons.SVG_SIZE
    width, height = meant
    canvas = None if _size(tree, None) else CANVAS
    scale = _scale(width, height, limits)
    surface = _surface()(
        tree,
        None,
        _DPI,
        parent_width=canvas,
        parent_height=canvas,
        output_width=None if scale == 1 else max(1, round(width * scale)),
        output_height=None if scale == 1 else max(1, round(height * scale)),
    )
    image, coloured = flatten(_straight(surface.cairo))
    return Frame(image, coloured, max(1, round(width)), max(1, round(height)), "SVG")


@cache
def _surface() -> Any:
    """cairosvg's surface, deaf to where a drawing says that its references begin.

    With a folder there, cairosvg would look whether it exists, and only then ask for the file.
    """
    from cairosvg.surface import PNGSurface  # noqa: PLC0415

    class Surface(PNGSurface):  # type: ignore[misc]
        def draw(self, node: Any) -> None:
            node.pop(_XML_BASE, None)
            super().draw(node)

    return Surface


def _size(tree: Any, canvas: int | None) -> tuple[float, float] | None:
    """Width and height that a drawing asks for, in pixels; None where they are no picture's."""
    from cairosvg.helpers import node_format  # noqa: PLC0415

    page = SimpleNamespace(
        dpi=_DPI, font_size=_FONT_SIZE, context_width=canvas, context_height=canvas
    )
    width, height, _ = node_format(page, tree)
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        return None
    return float(width), float(height)


def _scale(width: float, height: float, limits: Limits) -> float:
    most = min(MAX_RASTER, limits.max_pixels)
    if width * height <= most and max(width, height) < 2**15 and round(min(width, height)) > 0:
        return 1
    return min(FIT, math.isqrt(most)) / max(width, height)


def _straight(surface: Any) -> Image.Image:
    """The pixels of a cairo surface as RGBA, as cairo itself would write them to a PNG.

    ARGB32 is a native 32-bit word per pixel, colours multiplied by alpha; division rounds to the
    nearest level.  https://www.cairographics.org/manual/cairo-Image-Surfaces.html
    """
    width, height = surface.get_width(), surface.get_height()
    words = np.frombuffer(surface.get_data(), np.uint32).reshape(height, -1)[:, :width]
    rgba = np.empty((height, width, 4), np.uint8)
    for top in range(0, height, _BLOCK):
        block = words[top : top + _BLOCK]
        out = rgba[top : top + _BLOCK]
        alpha = block >> 24
        out[..., 3] = alpha
        opaque = bool((alpha == 255).all())
        for channel, shift in enumerate((16, 8, 0)):
            colour = (block >> shift) & 255
            if not opaque:
                colour = (colour * 255 + alpha // 2) // np.maximum(alpha, 1)
            out[..., channel] = colour
    return Image.frombuffer("RGBA", (width, height), rgba, "raw", "RGBA", 0, 1)


class _Inside:
    """A URL fetcher for cairosvg that never leaves the file.

    A ``data:`` URI that holds a picture of a format we read, a drawing or a style sheet is given
    to it; every other address is answered with an empty drawing and looked up by nobody.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def __call__(self, url: str, resource_type: str) -> bytes:
        content = _data_uri(url)
        if content is None:
            return _NOTHING
        if resource_type == "text/css":
            return content
        kind = format_of(content)
        if kind == "SVG":
            return content
        if kind is None or kind in {"GZIP", "HEIF"}:
            return _NOTHING
        # cairosvg would let Pillow try every decoder it has, on any number of pixels.
        image = open_raster(content, kind)
        if image.width * image.height > self._limits.max_pixels:
            raise ValueError("a picture in the drawing is too large")
        return content if kind == "PNG" else _png(image)


def _png(image: Image.Image) -> bytes:
    """What cairosvg makes of a picture that is no PNG."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode == "CMYK":
        upright = upright.convert("RGB")
    file = BytesIO()
    upright.save(file, "PNG", compress_level=1)
    return file.getvalue()


def _data_uri(url: str) -> bytes | None:
    """The content of a ``data:`` URI (RFC 2397), None for any other address."""
    if url[:5].lower() != "data:":
        return None
    head, comma, body = url[5:].partition(",")
    if not comma:
        return None
    content = unquote_to_bytes(body)
    if not head.lower().rstrip().endswith(";base64"):
        return content
    try:
        return base64.b64decode(content)
    except binascii.Error:
        return None


def cairo_available() -> bool:
    """Whether cairosvg imports: it raises OSError where the cairo library is missing."""
    try:
        import cairosvg  # noqa: F401, PLC0415
    except (ImportError, OSError):
        return False
    return True
