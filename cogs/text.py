"""Showing in Discord what strangers wrote, without anything in it taking effect."""

import re
from collections.abc import Iterable

import discord

from bot.text import MAX_URL, clip, plain, web_url

__all__ = [
    "MAX_URL", "UNTITLED", "bar", "clip", "escape", "fit", "in_brief", "link", "plain", "size",
    "web_url",
]  # fmt: skip

UNTITLED = "untitled"
DESCRIPTION_LIMIT = 4096
BAR = 20

_ZERO_WIDTH_SPACE = "\u200b"
_MARKUP = frozenset("\\*_~`|<>[]():")
_STARTS_A_LINE = frozenset("#-+>")
_NUMBERED = re.compile(r"(\d+)([.)])")


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


def _escaped(text: str) -> str:
    escaped = "".join(f"\\{char}" if char in _MARKUP else char for char in text)
    if escaped[:1] in _STARTS_A_LINE:
        escaped = f"\\{escaped}"
    escaped = _NUMBERED.sub(r"\1\\\2", escaped, count=1) if _NUMBERED.match(escaped) else escaped
    return escaped.replace("@", f"@{_ZERO_WIDTH_SPACE}")


def in_brief(error: BaseException) -> str:
    """What came between us and Discord, for the log; its own words may quote what was sent."""
    if isinstance(error, discord.HTTPException):
        return f"{error.status} ({error.code})"
    return type(error).__name__
