"""What the original file of a picture was called, before a scraper made a thumbnail of it.

MediaWiki calls a thumbnail ``220px-Map.svg.png`` or ``lossy-page1-250px-Letter.tif.jpg``
(https://www.mediawiki.org/wiki/Manual:Thumb.php).  A scraper may take the width away, encode the
picture as WebP with or without another ``.webp`` behind the name, and percent-encode the path; no
title of MediaWiki has ``%`` before two hexadecimal digits, so decoding once more is always right.
"""

import re
from urllib.parse import unquote, urlsplit

from bot.errors import RequestError
from bot.titles import canonical_title

# What a browser shows as it is, and what MediaWiki shows a rendering of.
_SHOWN = "apng|avif|bmp|gif|ico|jpe|jpeg|jpg|png|svg|webp"
_RENDERED = "djv|djvu|heic|mov|mp4|mpeg|mpg|oga|ogg|ogv|pdf|stl|svg|svgz|tif|tiff|webm|webp|xcf"
_FILE = re.compile(rf"[^/]+\.(?:{_SHOWN}|{_RENDERED})", re.IGNORECASE)
_AGAIN_AS_WEBP = re.compile(rf"(.+\.(?:{_SHOWN}|{_RENDERED}))\.webp", re.IGNORECASE)
_RENDERING = re.compile(rf"(.+\.(?:{_RENDERED}))\.(?:gif|jpe?g|png|webp)", re.IGNORECASE)
_THUMBNAIL = re.compile(
    r"(?:lossy-|lossless-|qlow-)?(?:page\d+-)?(?:lang[a-z]+(?:-[a-z0-9]+)*-)?\d{1,5}px-"
    r"(?:-|seek=[\d.]+-)?(.+)"
)
# Names that are a checksum, alone or before what a script was called; and the one that MediaWiki
# gives to the thumbnails of all files with long names.
_NAMELESS = re.compile(r"[0-9a-f]{32,64}(?:[._].*)?|thumbnail\.\w+", re.IGNORECASE)
# A page of the namespace of files, whatever that is called in the wiki's language.
_FILE_PAGE = re.compile(r"[^:/]+:(.+)")


def original_name(path: str) -> str | None:
    """The original file's name, told from the path of its picture; None where none can be told."""
    readings = _readings(path)
    return readings[-1] if readings else None


def better_name(path: str, resource: str | None, link: str | None) -> str | None:
    """The original file's name, told from its path and from the markup around the picture.

    ``resource`` is what the picture itself says of its file.  ``link`` is where a click leads:
    mostly, but not always, to the page of the same file.  So it is believed where the path tells
    nothing, or may be read that way, which settles whether ``Map.svg.png`` was a Map.svg.
    """
    if resource and (name := _file_of_page(resource)):
        return name
    readings = _readings(path)
    linked = _file_of_page(link) if link else None
    if linked and (not readings or linked in readings):
        return linked
    return readings[-1] if readings else None


def _readings(path: str) -> list[str]:
    """What the name may be, the likeliest last."""
    name = path.rpartition("/")[2]
    for _ in range(3):
        name = unquote(name)
    found = [name]
    for form in (_AGAIN_AS_WEBP, _THUMBNAIL, _RENDERING):
        if match := form.fullmatch(found[-1]):
            found.append(match[1])
    if _NAMELESS.fullmatch(found[-1]):
        return []
    named = (_file_name(reading) for reading in found)
    return [reading for reading in named if reading is not None]


def _file_of_page(link: str) -> str | None:
    """``Foo.jpg`` for a link to ``…/File:Foo.jpg``, in any language; None for any other link."""
    try:
        parts = urlsplit(link.strip())
    except ValueError:
        return None
    # "File:Foo.jpg" alone is read as a link of the scheme "file".
    path = f"{parts.scheme}:{parts.path}" if parts.scheme and not parts.netloc else parts.path
    if path.endswith("/index.php"):
        path = parts.query.partition("title=")[2].partition("&")[0]
    match = _FILE_PAGE.fullmatch(unquote(path.rpartition("/")[2]))
    return _file_name(match[1]) if match else None


def _file_name(text: str) -> str | None:
    try:
        name = canonical_title(text)
    except RequestError:
        return None
    return name if _FILE.fullmatch(name) else None
