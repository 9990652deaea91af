"""A raster file in, an upright, opaque picture of 8 bits out.

What is done to a picture before it is hashed, so that the hash equals the one that plain code
gives (``imagehash.dhash(Image.open(path), 8)``, as existing databases were filled):

* grey, RGB, palette, CMYK and bilevel pictures: what Pillow's own conversion gives, nothing else;
* transparency (alpha, a palette's, a colour that a ``tRNS`` chunk names) is laid on white;
* the EXIF (or XMP, or TIFF) orientation is applied, as ``ImageOps.exif_transpose`` does;
* of an animation, the first picture;
* 16-bit grey is divided by 256, as Pillow does with 16-bit colour, where plain code would clip
  it; 32-bit integers and floats are brought to the same range (see :func:`_eight_bits`);
* Lab: the lightness alone, where plain code raises.
"""

import io
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, TiffTags

from bot.images import reasons
from bot.images.model import Limits, Unreadable
from bot.images.signature import Format

# The one decoder that is asked, by signature; a file never gets to choose another.
_DECODERS: dict[Format, list[str]] = {
    "AVIF": ["AVIF"],
    "BMP": ["BMP"],
    "GIF": ["GIF"],
    "HEIF": ["HEIF"],
    "ICO": ["ICO"],
    "JPEG": ["JPEG"],
    "PNG": ["PNG"],
    "TIFF": ["TIFF"],
    "WEBP": ["WEBP"],
}

# What Pillow's decoders raise for damaged files of the formats above; not all of it documented.
DECODER_ERRORS = (
    OSError,  # truncated and broken data, UnidentifiedImageError among it
    ValueError,
    SyntaxError,  # "broken PNG file", "not a TIFF file"
    TypeError,
    LookupError,
    ArithmeticError,
    AssertionError,  # what Pillow took for granted of a file
    AttributeError,
    EOFError,
    RuntimeError,
    struct.error,
    Image.DecompressionBombError,
)

_TRANSPOSED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture ready to be hashed: upright and opaque.

    ``image`` is what hashes look at, of mode ``RGB`` or ``L``.  ``coloured`` is the same with its
    colours, where it has any: of mode ``RGB``, ``L`` or ``P``.  ``width`` and ``height`` are what
    its file means, in pixels; both may be smaller where a drawing was rasterised at less.
    ``format`` is Pillow's name of the file format, or ``SVG``.
    """

    image: Image.Image
    coloured: Image.Image
    width: int
    height: int
    format: str


def decode(data: bytes, kind: Format, limits: Limits) -> Frame | Unreadable:
    """Decode a raster file whose signature says ``kind``.

    Pixels are counted from the header, before any is decoded.  Raises :data:`DECODER_ERRORS` for
    damaged files and :class:`MemoryError` for those that take more than there is.
    """
    if kind == "HEIF" and not register_heif():
        return reasons.NO_HEIF
    image = open_raster(data, kind)
    if too_large(image, limits):
        return reasons.too_many_pixels(image.size, limits)
    name = image.format or kind
    image.load()
    # An icon's picture, and a HEIC's, may turn out larger than its header said.
    if too_large(image, limits):
        return reasons.too_many_pixels(image.size, limits)
    # One name for both, so that the picture as it was decoded need not be kept.
    image = upright(image)
    flat, coloured = flatten(image)
    return Frame(flat, coloured, flat.width, flat.height, name)


def open_raster(data: bytes, kind: Format) -> Image.Image:
    """Open a file with the decoder of its signature alone, reading no more than the header."""
    return Image.open(io.BytesIO(data), formats=_DECODERS[kind])


def too_large(image: Image.Image, limits: Limits) -> bool:
    """Whether it has more pixels than are read."""
    return image.width * image.height > limits.max_pixels


def upright(image: Image.Image) -> Image.Image:
    """Apply the orientation that the file's metadata tells; a damaged block tells none.

    Not ``ImageOps.exif_transpose``, because that writes the block anew, which a damaged one fails.
    """
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except DECODER_ERRORS:
        return image
    method = _TRANSPOSED.get(orientation) if isinstance(orientation, int) else None
    return image if method is None else image.transpose(method)


def flatten(image: Image.Image) -> tuple[Image.Image, Image.Image]:
    """An opaque picture of mode ``RGB`` or ``L``, and the same in colour; see :class:`Frame`.

    Transparency is laid on white.  The grey of the first is equal to that of
    ``image.convert("L")``, level by level, for every mode that Pillow converts without loss.
    Where that takes nothing but grey, colours come apart from it, since another conversion on the
    way would move levels by one.
    """
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        return _twice(_eight_bits(image))
    if image.has_transparency_data:
        return _on_white(image)
    if image.mode in {"RGB", "L"}:
        return _twice(image)
    if image.mode == "P":
        return _by_palette(image)
    if image.mode == "1":
        return _twice(image.convert("L"))
    if image.mode == "YCbCr":
        return image.convert("L"), image.convert("RGB")
    if image.mode == "LAB":
        return _twice(image.getchannel(0))
    return _twice(image.convert("RGB"))


def _twice(image: Image.Image) -> tuple[Image.Image, Image.Image]:
    return image, image


def _on_white(image: Image.Image) -> tuple[Image.Image, Image.Image]:
    """What :func:`_pasted` gives, with less reckoning where the mode allows it."""
    if image.mode == "P":
        return _by_palette(image)
    if image.mode == "La":
        image = image.convert("LA")
    if image.mode != "LA":
        paper = _pasted(image)
        return paper.convert("L"), paper
    paper = Image.new("L", image.size, "white")
    paper.paste(image.getchannel("L"), mask=image.getchannel("A"))
    return _twice(paper)


def _by_palette(image: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Those of a palette's picture: of 256 pixels, one of each colour, looked up."""
    colours = image.crop((0, 0, 256, 1))
    colours.frombytes(bytes(range(256)))
    opaque = not image.has_transparency_data
    flat = colours.convert("RGB") if opaque else _pasted(colours)
    greys = (colours if opaque else flat).convert("L").tobytes()
    numbers = image.tobytes()
    grey = Image.frombuffer("L", image.size, numbers.translate(greys), "raw", "L", 0, 1)
    coloured = Image.frombuffer("P", image.size, numbers, "raw", "P", 0, 1)
    coloured.putpalette(flat.tobytes())
    return grey, coloured


def _pasted(image: Image.Image) -> Image.Image:
    """A picture of any mode with transparency, laid on white: of mode ``RGB``."""
    if image.mode != "RGBA":
        image = image.convert("RGBA")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image)
    return paper


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of more than 8 bits, brought to 8.

    16-bit pictures keep their upper byte (of a TIFF of 9 to 15 bits, the upper eight).  32-bit
    integers and floats have no white of their own: those within 0…255 are taken as they are,
    floats within 0…1 and integers within 0…65535 as shares of that, and any other range is
    stretched from its least to its greatest finite value.
    """
    if image.mode.startswith("I;16"):
        levels = np.asarray(image)
        grey = (levels >> (_bits(image) - 8)).astype(np.uint8)
        transparent = image.info.get("transparency")
        if isinstance(transparent, int):
            grey[levels == transparent] = 255
    else:
        grey = _scaled(np.array(image, dtype=np.float32))
    return Image.fromarray(grey)


def _bits(image: Image.Image) -> int:
    tags = getattr(image, "tag_v2", {})
    depth = tags.get(TiffTags.lookup(258).value, (16,)) if tags else (16,)
    bits = depth[0] if isinstance(depth, tuple) else depth
    return bits if isinstance(bits, int) and 8 < bits <= 16 else 16


def _scaled(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    finite = np.isfinite(values)
    if not finite.any():
        return np.zeros(values.shape, np.uint8)
    least = float(values.min(where=finite, initial=np.inf))
    most = float(values.max(where=finite, initial=-np.inf))
    values[~finite] = least
    if least >= 0 and most <= 1:
        values *= 255
    elif least >= 0 and most <= 255:
        pass
    elif least >= 0 and most <= 65535:
        values /= 256
    else:
        values -= least
        values *= 255 / (most - least) if most > least else 0
    return values.astype(np.uint8)


def register_heif() -> bool:
    """Teach Pillow to open HEIC, where ``pillow-heif`` is installed; says whether it is."""
    if "HEIF" in Image.OPEN:
        return True
    try:
        import pillow_heif  # noqa: PLC0415  (an optional extra)
    except ImportError:
        return False
    pillow_heif.register_heif_opener(
        thumbnails=False, depth_images=False, aux_images=False, decode_threads=1
    )
    return True


def heif_available() -> bool:
    """Whether HEIC can be read here."""
    return register_heif()
