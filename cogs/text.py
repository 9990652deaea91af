"""Showing what strangers wrote: titles, names and links, without anything in them taking effect."""

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

UNTITLED = "untitled"
MAX_URL = 2048
DESCRIPTION_LIMIT = 4096
BAR = 20

_ZERO_WIDTH_SPACE = "\u200b"
# The joiners make emoji and Persian and Indic letters what they are; they stay.
_JOINERS = frozenset("\u200c\u200d")
# Letters and signs that show nothing; among others they stay as they are.
_UNSEEN = _JOINERS | frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Marks that stand on top of one letter; no language needs more, and towers of them run over lines.
_MAX_MARKS = 4
_MARKUP = frozenset("\\*_~`|<>[]():")
_STARTS_A_LINE = frozenset("#-+>")
_NUMBERED = re.compile(r"(\d+)([.)])")
_SAFE_IN_URL = "#$%&+,-./:;=?_~"


def plain(text: str) -> str:
    """``text`` on one line, without control characters and changes of writing direction.

    It is empty when nothing of it can be seen.
    """
    kept: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        if category in ("Mn", "Me"):
            marks += 1
        elif category != "Cf":  # what joins or is left out begins no new letter
            marks = 0
        if category in ("Zl", "Zp", "Cc"):
            kept.append(" ")
        elif category == "Cs" or (category == "Cf" and char not in _JOINERS):
            continue
        elif marks <= _MAX_MARKS:
            kept.append(char)
    shown = " ".join("".join(kept).split())
    return shown if any(map(_is_seen, shown)) else ""


def clip(text: str, limit: int) -> str:
    """``text``, at most ``limit`` characters long; what is cut off is marked by ``…``."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"[:limit]


def escape(text: str, limit: int | None = None) -> str:
    """``text`` for a place where Discord reads Markdown, shown letter by letter as it is.

    Mentions reach nobody, nothing becomes a link or a heading, and it stays on one line.  With
    ``limit``, the result has at most so many characters, escapes included.
    """
    shown = plain(text)
    while True:
        escaped = _escaped(shown)
        if limit is None or len(escaped) <= limit:
            return escaped
        if limit < 1:
            return ""
        # Escapes count, so what is too long by n is cut by at most n, and looked at again.
        excess = max((len(escaped) - limit + 1) // 2, 1)
        shown = clip(shown, max(len(shown) - excess, 1))
        if len(shown) == 1:
            return "…"


def link(title: str, url: str | None, limit: int = 100) -> str:
    """A link in Markdown, its visible part at most ``limit`` characters; the title alone where the
    address can't be linked to."""
    shown = escape(title, limit) or UNTITLED
    address = web_url(url)
    return shown if address is None else f"[{shown}]({address})"


def web_url(url: str | None) -> str | None:
    """``url`` as Discord takes it in embeds and links, or ``None`` where it would not."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        # What stands before an @ only pretends to be where the link leads.
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            return None
        address = quote(url, safe=_SAFE_IN_URL)
        # urlsplit leaves out spaces before the scheme and line breaks in it; Discord does not.
        if not address.lower().startswith(("http://", "https://")):
            return None
    except ValueError:
        return None
    return address if len(address) <= MAX_URL else None


def size(count: int) -> str:
    """A number of bytes as people write it: ``640 kB``, ``25 MB``."""
    if count < 1024:
        return f"{count} bytes"
    if count < 1024 * 1024:
        return f"{count / 1024:.0f} kB"
    return f"{count / (1024 * 1024):.1f}".removesuffix(".0") + " MB"


def fit(lines: Iterable[str], limit: int = DESCRIPTION_LIMIT) -> str:
    """The lines as one text of at most ``limit`` characters; whole lines are left out, and counted.

    The last line is kept, for it tells what happened; a link is never cut in two.
    """
    rows = list(lines)
    text = "\n".join(rows)
    if len(text) <= limit:
        return text
    *body, last = rows
    room = limit - len(last) - 40
    kept: list[str] = []
    for line in body:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join([*kept, f"… and {len(body) - len(kept):,} more lines", last])[:limit]


def bar(fraction: float) -> str:
    """A bar for a part of one, and the part in percent."""
    part = min(max(fraction, 0.0), 1.0)
    full = round(part * BAR)
    return f"`{'█' * full}{'░' * (BAR - full)}` {part:.0%}"


def _is_seen(char: str) -> bool:
    return char not in _UNSEEN and unicodedata.category(char) not in ("Mn", "Me", "Zs")


def _escaped(text: str) -> str:
    escaped = "".join(f"\\{char}" if char in _MARKUP else char for char in text)
    if escaped[:1] in _STARTS_A_LINE:
        escaped = f"\\{escaped}"
    escaped = _NUMBERED.sub(r"\1\\\2", escaped, count=1) if _NUMBERED.match(escaped) else escaped
    return escaped.replace("@", f"@{_ZERO_WIDTH_SPACE}")
