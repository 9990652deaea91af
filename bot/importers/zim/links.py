"""Where in an archive a link of a page leads.

Links are resolved as browsers do (https://url.spec.whatwg.org/#url-parsing): a query and a fragment
are no part of the path, and ``..`` never leads above the root.
"""

import re
from urllib.parse import unquote

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_EDGES = "".join(map(chr, range(0x21)))
_INSIDE = re.compile(r"[\t\n\r]")
_CANDIDATE = re.compile(r"[\s,]*(\S+)")


def tidy(link: str | None) -> str:
    """A link without the blanks that browsers ignore."""
    return _INSIDE.sub("", (link or "").strip(_EDGES))


def is_inline(link: str) -> bool:
    """Whether a link holds the picture itself, or nothing: a placeholder, mostly."""
    return not link or link[:5].lower() == "data:" or link.lower() == "about:blank"


def is_elsewhere(link: str) -> bool:
    """Whether a link leads out of the archive."""
    return link.startswith("//") or _SCHEME.match(link) is not None


def first_of_srcset(value: str | None) -> str:
    """The first picture of a ``srcset``; empty where there is none."""
    match = _CANDIDATE.match(value or "")
    return match[1].rstrip(",") if match else ""


def paths_of(link: str, page: str) -> tuple[str, ...]:
    """The paths that a link on the entry ``page`` may mean, the likeliest first.

    A path is percent-decoded; some scrapers didn't encode it, so as it stands it comes second.
    """
    link = re.split(r"[?#]", link, maxsplit=1)[0]
    folder = [] if link.startswith("/") else page.split("/")[:-1]
    for part in link.lstrip("/").split("/"):
        if part == "..":
            folder = folder[:-1]
        elif part != ".":
            folder.append(part)
    plain = "/".join(folder)
    decoded = unquote(plain)
    return (decoded,) if decoded == plain else (decoded, plain)
