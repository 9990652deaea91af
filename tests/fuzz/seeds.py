"""Undamaged files to begin with: one of every kind that is read, and those of a folder."""

import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from bot.images import heif_available
from bot.images.signature import format_of
from tests.drawing import draw, encode

SIZE = (48, 36)

# Larger files are no better seeds, and make a thousand tries a matter of minutes.
MOST_BYTES = 128 * 1024

DRAWING = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment --><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
 width="60" height="45" viewBox="0 0 120 90"><style>.a { fill: #c40; opacity: .8 }</style>
<defs><linearGradient id="g"><stop offset="0" stop-color="#fc0"/><stop offset="1"
 stop-color="#039" stop-opacity=".3"/></linearGradient><mask id="m"><circle cx="60" cy="45" r="40"
 fill="white"/></mask><g id="u"><path d="M10 70 L60 20 L90 75 Z C1 2 3 4 5 6 A5 5 0 0 1 9 9"/></g>
</defs><rect class="a" x="5" y="5" width="60" height="50" transform="rotate(12 3 4)"/>
<use xlink:href="#u" x="4" fill="url(#g)"/><g mask="url(#m)"><text x="9" y="30">where?</text></g>
</svg>"""


@dataclass(frozen=True, slots=True)
class Seed:
    """A file to begin with, and what it is called."""

    name: str
    data: bytes


@cache
def drawn_seeds() -> tuple[Seed, ...]:
    """Small files of every format, and of the kinds of each that take ways of their own."""
    rgb = draw(1, SIZE)
    return tuple(
        Seed(name, data)
        for family in (_png, _gif, _jpeg, _webp, _tiff, _bitmaps, _avif, _heic, _svg)
        for name, data in family(rgb).items()
    )


def folder_seeds(folder: Path) -> tuple[Seed, ...]:
    """The pictures of a folder and of those below it, in the order of their names."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if 0 < path.stat().st_size <= MOST_BYTES:
            data = path.read_bytes()
            if format_of(data) is not None:
                found.append(Seed(path.name, data))
    return tuple(found)


def _frames(rgb: Image.Image) -> list[Image.Image]:
    return [draw(seed, rgb.size) for seed in (2, 3)]


def _with_alpha(rgb: Image.Image) -> Image.Image:
    picture = rgb.convert("RGBA")
    picture.putalpha(draw(4, rgb.size).convert("L"))
    return picture


def _png(rgb: Image.Image) -> dict[str, bytes]:
    palette = rgb.quantize(16)
    modes = {"rgb": rgb, "rgba": _with_alpha(rgb), "palette": palette}
    modes |= {mode: rgb.convert("L").convert(mode) for mode in ("1", "L", "LA", "I;16")}
    files = {f"png-{name}": encode(picture) for name, picture in modes.items()}
    files["png-palette-clear"] = encode(palette, transparency=bytes(range(0, 256, 16)))
    files["png-colour-clear"] = encode(rgb, transparency=(10, 20, 30))
    files["apng"] = encode(
        rgb, save_all=True, append_images=_frames(rgb), duration=[50, 60, 70], disposal=1, blend=1
    )
    return files


def _gif(rgb: Image.Image) -> dict[str, bytes]:
    return {
        "gif": encode(rgb, "GIF"),
        "gif-animated": encode(
            rgb, "GIF", save_all=True, append_images=_frames(rgb), disposal=2, duration=40, loop=0
        ),
        "gif-clear": encode(rgb.quantize(8), "GIF", transparency=3, interlace=0),
    }


def _jpeg(rgb: Image.Image) -> dict[str, bytes]:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "a camera"
    exif.get_ifd(0x8769)[0x9003] = "2001:02:03 04:05:06"
    return {
        "jpeg": encode(rgb, "JPEG"),
        "jpeg-progressive": encode(rgb, "JPEG", progressive=True),
        "jpeg-exif": encode(rgb, "JPEG", exif=exif),
        "jpeg-grey": encode(rgb.convert("L"), "JPEG"),
        "jpeg-cmyk": encode(rgb.convert("CMYK"), "JPEG"),
        "jpeg-restarts": encode(rgb, "JPEG", subsampling=0, restart_marker_blocks=2),
        "jpeg-several": encode(rgb, "MPO", save_all=True, append_images=_frames(rgb)),
    }


def _webp(rgb: Image.Image) -> dict[str, bytes]:
    return {
        "webp": encode(rgb, "WEBP"),
        "webp-lossless": encode(rgb, "WEBP", lossless=True),
        "webp-alpha": encode(_with_alpha(rgb), "WEBP"),
        "webp-animated": encode(rgb, "WEBP", save_all=True, append_images=_frames(rgb)),
    }


def _tiff(rgb: Image.Image) -> dict[str, bytes]:
    grey = rgb.convert("L")
    packings = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd")
    files = {f"tiff-{name}": encode(rgb, "TIFF", compression=name) for name in packings}
    modes = {mode: grey.convert(mode) for mode in ("I;16", "I", "F")}
    modes |= {"CMYK": rgb.convert("CMYK"), "P": rgb.quantize(16), "RGBA": _with_alpha(rgb)}
    modes["LAB"] = Image.merge("LAB", rgb.split())
    files |= {f"tiff-{mode}": encode(picture, "TIFF") for mode, picture in modes.items()}
    for name in ("group3", "group4", "tiff_ccitt"):
        files[f"tiff-{name}"] = encode(grey.convert("1"), "TIFF", compression=name)
    files["tiff-several"] = encode(rgb, "TIFF", save_all=True, append_images=_frames(rgb))
    files["tiff-large"] = encode(rgb, "TIFF", big_tiff=True)
    return files


def _bitmaps(rgb: Image.Image) -> dict[str, bytes]:
    return {
        "bmp": encode(rgb, "BMP"),
        "bmp-alpha": encode(_with_alpha(rgb), "BMP"),
        "bmp-palette": encode(rgb.quantize(16), "BMP"),
        "bmp-bilevel": encode(rgb.convert("1"), "BMP"),
        "ico": encode(rgb, "ICO", sizes=[(16, 16), (32, 24)]),
        "ico-bitmaps": encode(rgb, "ICO", sizes=[(16, 16), (32, 24)], bitmap_format="bmp"),
    }


def _avif(rgb: Image.Image) -> dict[str, bytes]:
    return {
        "avif": encode(rgb, "AVIF", speed=10),
        "avif-alpha": encode(_with_alpha(rgb), "AVIF", speed=10),
        "avif-animated": encode(rgb, "AVIF", save_all=True, append_images=_frames(rgb), speed=10),
    }


def _heic(rgb: Image.Image) -> dict[str, bytes]:
    if not heif_available():
        return {}
    try:
        return {"heic": encode(rgb, "HEIF"), "heic-alpha": encode(_with_alpha(rgb), "HEIF")}
    except (OSError, RuntimeError, KeyError):  # a libheif that only decodes
        return {}


def _svg(_: Image.Image) -> dict[str, bytes]:
    # Without a time of its own, the same drawing is the same file.
    return {"svg": DRAWING, "svgz": gzip.compress(DRAWING, mtime=0)}
