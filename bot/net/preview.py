"""The picture that a web page names as its own: ``og:image``, or ``twitter:image``."""

import re
from html.parser import HTMLParser
from itertools import islice

MAX_PAGE_BYTES = 512 * 1024
SNIFF_BYTES = 4096

# https://ogp.me and the markup of X's cards; earlier ones are preferred.
_NAMES = (
    "og:image:secure_url",
    "og:image",
    "og:image:url",
    "twitter:image",
    "twitter:image:src",
)
# Tags that speak of a picture at all; an honest page has a handful.
_MAX_TAGS = 30
# One tag at a time and of bounded length: time stays linear in the page, whatever the page is.
_META_TAG = re.compile(r"<meta[\s/][^<>]{1,5000}>", re.IGNORECASE)
_PROLOG = re.compile(rb"\s+|<\?[^>]*>|<!--.*?-->", re.DOTALL)
_HTML_START = re.compile(
    rb"<!doctype\s+html|<(?:html|head|body|meta|title|link|script|style|div|p|h1|a|table|center)"
    rb"[\s/>]",
    re.IGNORECASE,
)


def is_html(start: bytes) -> bool:
    """Whether ``start``, the first bytes of a file, begin a web page (and not, say, an SVG)."""
    start = start[:SNIFF_BYTES].removeprefix(b"\xef\xbb\xbf")
    position = 0
    while match := _PROLOG.match(start, position):
        position = match.end()
    return _HTML_START.match(start, position) is not None


def picture_of_page(page: bytes) -> str | None:
    """The link, perhaps relative, to the picture that names itself as the page's, if any does.

    Only the first :data:`MAX_PAGE_BYTES` are looked at.
    """
    text = _without_comments(page[:MAX_PAGE_BYTES].decode("utf-8", errors="replace"))
    found: dict[str, str] = {}
    tags = (tag[0] for tag in _META_TAG.finditer(text) if "image" in tag[0].lower())
    for tag in islice(tags, _MAX_TAGS):
        reader = _MetaReader()
        reader.feed(tag)
        for name, content in reader.found:
            found.setdefault(name, content)
    return next((found[name] for name in _NAMES if name in found), None)


def _without_comments(text: str) -> str:
    pieces: list[str] = []
    position = 0
    while (start := text.find("<!--", position)) != -1:
        pieces.append(text[position:start])
        end = text.find("-->", start + 4)
        if end == -1:
            return "".join(pieces)
        position = end + 3
    return "".join([*pieces, text[position:]])


class _MetaReader(HTMLParser):
    """Reads the attributes of one ``<meta>`` tag."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values: dict[str, str] = {}
        for key, value in attrs:
            values.setdefault(key, (value or "").strip())
        content = values.get("content")
        if not content:
            return
        self.found.extend(
            (values[key].lower(), content)
            for key in ("property", "name")
            if values.get(key, "").lower() in _NAMES
        )
