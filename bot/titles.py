"""Titles of pages, and the links they stand for.

A title is kept as MediaWiki keeps it: NFC, underscores for spaces, at most 255 bytes of UTF-8
(https://www.mediawiki.org/wiki/Manual:Page_title).  The case of its first letter is left alone,
since not every wiki ignores it.
"""

import re
import unicodedata
from ipaddress import IPv6Address
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from bot.errors import RequestError

MAX_TITLE_BYTES = 255
MAX_URL_LENGTH = 2000

# The characters that MediaWiki writes as spaces, and the marks that turn or hide text.
_SPACES = re.compile(r"[ _\u00a0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_MARKS = re.compile(r"[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# What MediaWiki's links leave readable, and the apostrophe.
_READABLE = "!$()*,/:;@~'"
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?")
# All that may stand in a link as it is, the percent sign of what is encoded already included.
_LINK_CHARACTERS = "!#$%&'()*+,/:;=?@[]~"

_UNREADABLE = "That link can't be read. Copy it again, or type the page's title."


class PageName(NamedTuple):
    """What a person calls a page. ``url`` is ``None`` where the collection's template serves."""

    title: str
    url: str | None


def page_url(template: str, title: str) -> str:
    """The link of a page. ``template`` has ``{title}`` where the title belongs."""
    return template.replace("{title}", quote(title.replace(" ", "_"), safe=_READABLE))


def display_title(title: str) -> str:
    """A title as people write it."""
    return title.replace("_", " ")


def canonical_title(text: str) -> str:
    """The title that ``text`` means, in the form in which titles are stored.

    Raises :class:`RequestError` for what can be no title.
    """
    if len(text) > MAX_URL_LENGTH:
        raise _too_long()
    if _CONTROLS.search(text):
        raise RequestError("A title is one line of plain text. Type it again.")
    text = unicodedata.normalize("NFC", _MARKS.sub("", text))
    title = _SPACES.sub("_", text).strip("_")
    if not title:
        raise RequestError("There is no title. Type the page's title, or paste its link.")
    if len(title.encode()) > MAX_TITLE_BYTES:
        raise _too_long()
    return title


def parse_page(text: str, template: str) -> PageName:
    """What page a person means, who typed its title or pasted its link.

    A link to a page of the wiki that ``template`` describes, in its desktop, its mobile or its
    ``?title=`` form, is that page's title.  Any other link is kept, with a title from its last
    part.

    Raises :class:`RequestError` with what is wrong.
    """
    text = text.strip()
    # In Discord, <…> around a link keeps it from being unfolded.
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1].strip()
    if not _SCHEME.match(text):
        return PageName(canonical_title(text), None)
    link = _split(text)
    title = _title_by_template(link, template)
    if title is not None:
        return PageName(canonical_title(title), None)
    return PageName(_title_of_link(link), _normal(link))


def parse_link(text: str) -> str:
    """A link that somebody gives for a page, in ASCII.

    Raises :class:`RequestError` for anything but a plain http or https link.
    """
    return _normal(_split(text.strip()))


def _split(text: str) -> SplitResult:
    if len(text) > MAX_URL_LENGTH:
        raise RequestError(
            f"That link is longer than {MAX_URL_LENGTH} characters. Type the page's title instead."
        )
    if not text.lower().startswith(("http://", "https://")):
        raise RequestError("I only take links that start with http:// or https://.")
    text = _MARKS.sub("", text)
    if _CONTROLS.search(text) or _SPACES.search(text.replace("_", "")) or "\\" in text:
        raise RequestError(_UNREADABLE)
    try:
        link = urlsplit(text)
        host, _ = link.hostname, link.port
    except ValueError:
        raise RequestError(_UNREADABLE) from None
    if not host:
        raise RequestError(_UNREADABLE)
    if "@" in link.netloc:
        raise RequestError(
            "That link carries a user name or a password. Paste one without, or type the title."
        )
    return link


def _title_by_template(link: SplitResult, template: str) -> str | None:
    pattern = urlsplit(template)
    if _host(link) not in (_host(pattern), *_mobile_hosts(pattern)):
        return None
    if "{title}" in pattern.path:
        before, _, after = pattern.path.partition("{title}")
        path = link.path
        if path.startswith(before) and path.endswith(after):
            title = path[len(before) : len(path) - len(after)]
            if title:
                return _decoded(title)
    if link.path == pattern.path or link.path.endswith("/index.php"):
        try:
            fields = parse_qs(link.query, errors="strict")
        except ValueError:
            raise RequestError(_UNREADABLE) from None
        titles = fields.get(_title_field(pattern))
        if titles:
            return titles[0]
    return None


def _title_field(pattern: SplitResult) -> str:
    for field in pattern.query.split("&"):
        name, _, value = field.partition("=")
        if value == "{title}":
            return name
    return "title"


def _host(link: SplitResult) -> str:
    port = link.port
    host = (link.hostname or "").removesuffix(".")
    return host if port in (None, 80, 443) else f"{host}:{port}"


def _mobile_hosts(pattern: SplitResult) -> tuple[str, str]:
    """``en.m.example.org`` for ``en.example.org``, and ``m.example.org`` for ``example.org``."""
    host = _host(pattern)
    first, _, rest = host.partition(".")
    return f"{first}.m.{rest}", f"m.{host.removeprefix('www.')}"


def _title_of_link(link: SplitResult) -> str:
    last = link.path.rstrip("/").rpartition("/")[2]
    for part in (last, link.hostname or ""):
        try:
            return canonical_title(_decoded(part))
        except RequestError:
            continue
    raise RequestError(_UNREADABLE)


def _normal(link: SplitResult) -> str:
    """The link in ASCII, as every program understands it."""
    netloc = _ascii_host(link)
    if link.port is not None:
        netloc = f"{netloc}:{link.port}"
    url = quote(link._replace(netloc=netloc).geturl(), safe=_LINK_CHARACTERS)
    if len(url) > MAX_URL_LENGTH:
        raise RequestError(
            f"That link is longer than {MAX_URL_LENGTH} characters. Type the page's title instead."
        )
    return url


def _ascii_host(link: SplitResult) -> str:
    """The host, an IPv6 address in its brackets; Discord refuses a message with any other."""
    host = link.hostname or ""
    try:
        if "[" in link.netloc:
            address = IPv6Address(host)
            if address.scope_id is None:
                return f"[{address}]"
        else:
            host = host.encode("idna").decode().lower()
            if _HOST.fullmatch(host):
                return host
    except ValueError:
        pass
    raise RequestError(_UNREADABLE)


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise RequestError(_UNREADABLE) from None


def _too_long() -> RequestError:
    return RequestError(
        f"That title is longer than a page's title can be ({MAX_TITLE_BYTES} bytes). Shorten it."
    )
