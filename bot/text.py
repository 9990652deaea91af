"""What strangers wrote, fit to be shown anywhere: on one line, with links that lead to the web."""

import unicodedata
from urllib.parse import quote, urlsplit

MAX_URL = 2048

# The joiners make emoji and Persian and Indic letters what they are; they stay.
_JOINERS = frozenset("\u200c\u200d")
# Letters and signs that show nothing; among others they stay as they are.
_UNSEEN = _JOINERS | frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Marks that stand on top of one letter; no language needs more, and towers of them run over lines.
_MAX_MARKS = 4
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


def web_url(url: str | None) -> str | None:
    """``url`` as a link that leads to the web wherever it is shown; ``None`` where it is none."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        # What stands before an @ only pretends to be where the link leads.
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            return None
        address = quote(url, safe=_SAFE_IN_URL)
        # urlsplit leaves out spaces before the scheme and line breaks in it; others do not.
        if not address.lower().startswith(("http://", "https://")):
            return None
    except ValueError:
        return None
    return address if len(address) <= MAX_URL else None


def _is_seen(char: str) -> bool:
    return char not in _UNSEEN and unicodedata.category(char) not in ("Mn", "Me", "Zs")
