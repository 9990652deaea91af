"""What happens to a picture on its way into a chat: each alteration is bytes in, bytes out."""

import io
from collections.abc import Callable, Mapping

from PIL import Image, ImageDraw, ImageEnhance, ImageFont

Alteration = Callable[[bytes], bytes]

SVG_WIDTH = 800


def alterations() -> Mapping[str, Alteration]:
    """Every alteration by what a person would call it; the files they return are named by
    :func:`extension`.
    """
    return {
        "saved as JPEG of quality 50": jpeg_50,
        "at half its size": half_size,
        "in grey": grey,
        "a little brighter": brighter,
        "with a watermark": watermark,
        "as a thumbnail of 320 pixels": thumbnail,
        "saved as WebP": webp,
        "halved and saved as JPEG of quality 50": half_size_jpeg_50,
    }


def extension(data: bytes) -> str:
    """The file name extension of what the alterations return: ``jpg``, ``png`` or ``webp``."""
    with Image.open(io.BytesIO(data)) as picture:
        return {"JPEG": "jpg", "WEBP": "webp"}.get(picture.format or "", "png")


def rasterised(data: bytes) -> bytes:
    """An SVG as PNG, 800 pixels wide; any other file as it is.

    Raises :class:`OSError` for an SVG where the cairo library is missing.
    """
    if not data.lstrip().startswith((b"<?xml", b"<svg")):
        return data
    import cairosvg  # noqa: PLC0415  (needs the cairo library)

    png: bytes = cairosvg.svg2png(bytestring=data, output_width=SVG_WIDTH)
    return png


def jpeg_50(data: bytes) -> bytes:
    """What a chat application that saves on traffic does; transparency turns white."""
    return _saved(_flat(_opened(data)), "JPEG", quality=50)


def half_size(data: bytes) -> bytes:
    """Half as wide and half as high, still PNG and still transparent where it was."""
    return _saved(_halved(_opened(data)), "PNG")


def half_size_jpeg_50(data: bytes) -> bytes:
    """Both at once: the usual fate of a picture that has been around."""
    return _saved(_halved(_flat(_opened(data))), "JPEG", quality=50)


def grey(data: bytes) -> bytes:
    """Without its colours."""
    return _saved(_flat(_opened(data)).convert("L"), "JPEG", quality=85)


def brighter(data: bytes) -> bytes:
    """A fifth brighter; what was nearly white is white."""
    return _saved(ImageEnhance.Brightness(_flat(_opened(data))).enhance(1.2), "JPEG", quality=85)


def watermark(data: bytes) -> bytes:
    """A line of small half transparent print in the lower right corner."""
    picture = _flat(_opened(data)).convert("RGBA")
    layer = Image.new("RGBA", picture.size)
    font = ImageFont.load_default(max(10, picture.height // 28))
    corner = (picture.width * 0.98, picture.height * 0.98)
    ImageDraw.Draw(layer).text(
        corner,
        "seen at picturelovers.example",
        font=font,
        anchor="rb",
        fill=(255, 255, 255, 190),
        stroke_width=1,
        stroke_fill=(0, 0, 0, 150),
    )
    return _saved(Image.alpha_composite(picture, layer).convert("RGB"), "JPEG", quality=85)


def thumbnail(data: bytes) -> bytes:
    """No more than 320 pixels wide or high."""
    picture = _flat(_opened(data))
    picture.thumbnail((320, 320), Image.Resampling.LANCZOS)
    return _saved(picture, "JPEG", quality=80)


def webp(data: bytes) -> bytes:
    """What a browser gives who saves a picture from a page."""
    return _saved(_flat(_opened(data)), "WEBP", quality=70)


def _opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(rasterised(data))) as picture:
        return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _flat(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("RGB")


def _halved(picture: Image.Image) -> Image.Image:
    size = (max(1, picture.width // 2), max(1, picture.height // 2))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _saved(picture: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
