"""The pictures of a page, as its HTML shows them."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from bot.importers.zim.links import first_of_srcset, is_inline, tidy

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

MAX_PAGE_BYTES = 16 * 1024 * 1024
# What a page may cost, as :func:`is_tangled` counts it.  The longest of 139 articles of Wikipedia,
# 278 kB of HTML with 7,604 tags, comes to 96,000 and 1,400.
MAX_WORK = 10_000_000
MAX_REOPENED = 500_000
MAX_ATTRIBUTES = 20_000
# So little can't come to more, whatever it is.
_HARMLESS_ELEMENTS = 1_400
_HARMLESS_BYTES = 64 * 1024
_HEAD = 16 * 1024

_PICTURES = "img, video[poster]"
_LAZY = ("data-src", "data-original", "data-lazy-src")
_LENGTH = re.compile(r"\s*(\d{1,6})(?:\.\d*)?\s*(?:px)?\s*", re.IGNORECASE)

# MediaWiki's own viewer passes over pictures inside of the first two
# (https://www.mediawiki.org/wiki/Help:Extension:Media_Viewer).
_INTERFACE = frozenset({"noviewer", "metadata", "mw-editsection", "mw-indicator", "mw-logo"})
_PICTURE_ALL_THE_SAME = "navbox-image"

_TAG = re.compile(
    rb"<!--(?:-?>|.*?(?:--!?>|\Z))"
    rb"|<(script|style|textarea|title|iframe|xmp|noembed|noframes)\b.*?(?:</\1(?=[\s/>])|\Z)"
    rb"|<(/?)([a-z][a-z0-9]*)(?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?)*+(?:>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
# Elements without content, and those that end by themselves: neither makes a page deep.  The shapes
# of drawings and formulas are written as <path/>.
_FLAT = frozenset(
    b"area base br col embed hr img input link meta param source track wbr "
    b"p tr td th thead tbody tfoot option optgroup "
    b"circle ellipse image line mprescripts mspace none path polygon polyline rect stop use".split()
)


# Elements that end where the next of their kind begins, but not where one of the other kind does.
_IN_ROW = {b"li": b"li", b"dd": b"dd", b"dt": b"dd"}
# Elements that a parser opens again in the next block if they were left open in one.
_FORMATTING = frozenset(b"a b big code em font i nobr s small strike strong tt u".split())

# Tags whose attributes go to one element, however often they come; and how attributes are told.
_MERGED = frozenset({b"html", b"body"})
_LONG_TAG = 1_000
_VALUE = re.compile(rb"=\s*+(?:\"[^\"]*+\"|'[^']*+')")
_SEPARATOR = re.compile(rb"[\s/=]+")


class Shown(NamedTuple):
    """One picture of a page.

    ``link`` leads to it.  ``resource`` and ``anchor`` are links that may lead to the page of its
    file: the picture's own, and that of the link around it.  ``width`` and ``height`` are those it
    is shown at, in pixels.
    """

    link: str
    resource: str | None
    anchor: str | None
    width: int | None
    height: int | None
    formula: bool
    interface: bool


class TooTangledError(Exception):
    """A page is made such that parsing it could take all time and memory."""


def pictures_in(page: bytes) -> list[Shown]:
    """The pictures that a page shows, in its order; those that it holds itself are passed over.

    ``page`` is HTML in UTF-8, at most :data:`MAX_PAGE_BYTES`.  Raises :class:`TooTangledError`.
    """
    # An optional dependency.
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError  # noqa: PLC0415

    if b"<" not in page:
        return []
    if is_tangled(page):
        raise TooTangledError
    try:
        nodes = LexborHTMLParser(page).css(_PICTURES)
    except SelectolaxError:
        # It had too little memory.
        raise TooTangledError from None
    around = _Around()
    found: list[Shown] = []
    for node in nodes:
        attributes = node.attributes
        links = _links(node, attributes, around)
        link = next((link for link in links if not is_inline(link)), None)
        if link is None:
            continue
        anchor, interface = around.of(node)
        found.append(
            Shown(
                link,
                attributes.get("resource") or _own_name(attributes.get("data-image-name")),
                anchor,
                _pixels(attributes, "width"),
                _pixels(attributes, "height"),
                _is_formula(attributes),
                interface,
            )
        )
    return found


def canonical_link(page: bytes) -> str | None:
    """Where a page comes from, if it says so. ``page`` is HTML in UTF-8."""
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415  (an optional dependency)

    # It stands in the head.
    node = LexborHTMLParser(page[:_HEAD]).css_first('link[rel="canonical"]')
    return None if node is None else tidy(node.attributes.get("href"))


def is_tangled(page: bytes) -> bool:
    """Whether parsing a page could take much longer, or much more memory, than its size tells.

    The rules of HTML (https://html.spec.whatwg.org/multipage/parsing.html) make a parser walk up
    all open elements at some tags, open all formatting elements anew in each block, and compare
    each attribute of a tag with those before it: 13 kB of ``<b>`` and ``<p>`` become a million
    elements, and 588 MB.  So the numbers of open elements and of open formatting elements, summed
    over all tags, and the number of attributes that come together bound time and memory.
    """
    elements = page.count(b"<") - page.count(b"</")
    if elements <= _HARMLESS_ELEMENTS and len(page) <= _HARMLESS_BYTES:
        return False
    opened: dict[bytes, int] = {}
    last: tuple[bytes, int] | None = None
    depth = formatting = work = reopened = attributes = 0
    for match in _TAG.finditer(page):
        name = match[3]
        if name is None:
            # In a drawing or a formula, even a title has elements in it.
            if match[1] and (opened.get(b"svg") or opened.get(b"math")):
                inside = match[0].count(b"<")
                depth += inside
                work += inside * inside
                if work > MAX_WORK:
                    return True
            continue
        name = name.lower()
        work += depth
        reopened += formatting
        if match.end() - match.start() > _LONG_TAG or name in _MERGED:
            attributes += len(_SEPARATOR.findall(_VALUE.sub(b"=", match[0])))
        if work > MAX_WORK or reopened > MAX_REOPENED or attributes > MAX_ATTRIBUTES:
            return True
        if name in _FLAT or (name in _IN_ROW and last == (_IN_ROW[name], depth) and not match[2]):
            continue
        count = opened.get(name, 0)
        change = 1 if not match[2] else -1 if count else 0
        opened[name] = count + change
        depth += change
        if name in _FORMATTING:
            formatting += change
        elif name in _IN_ROW:
            last = (_IN_ROW[name], depth)
    return False


class _Around:
    """What is around the pictures of one page: each element is looked at once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[str | None, bool]] = {}
        self._sources: dict[int, list[str]] = {}

    def of(self, node: "LexborNode") -> tuple[str | None, bool]:
        """The link around an element, and whether it is inside of the interface."""
        passed: list[LexborNode] = []
        current: LexborNode | None = node
        found: tuple[str | None, bool] = (None, False)
        while current is not None:
            known = self._known.get(current.mem_id)
            if known is not None:
                found = known
                break
            passed.append(current)
            current = current.parent
        for element in reversed(passed):
            anchor, interface = found
            attributes = element.attributes
            if element.tag == "a":
                anchor = attributes.get("href")
            if not interface and (classes := attributes.get("class")):
                names = set(classes.split())
                interface = bool(names & _INTERFACE) and _PICTURE_ALL_THE_SAME not in names
            found = (anchor, interface)
            self._known[element.mem_id] = found
        return found

    def sources(self, node: "LexborNode") -> list[str]:
        """Other places of the picture of an element, as the <picture> around it names them."""
        parent = node.parent
        if parent is None or parent.tag != "picture":
            return []
        found = self._sources.get(parent.mem_id)
        if found is None:
            sources = (source.attributes for source in parent.css("source"))
            found = [link for attributes in sources for link in _of_srcset(attributes)]
            self._sources[parent.mem_id] = found = [link for link in found if not is_inline(link)]
        return found


def _links(node: "LexborNode", attributes: dict[str, str | None], around: _Around) -> Iterator[str]:
    if node.tag == "video":
        yield tidy(attributes.get("poster"))
        return
    yield tidy(attributes.get("src"))
    for name in _LAZY:
        yield tidy(attributes.get(name))
    yield from _of_srcset(attributes)
    yield from around.sources(node)


def _of_srcset(attributes: dict[str, str | None]) -> Iterator[str]:
    for name in ("srcset", "data-srcset"):
        yield tidy(first_of_srcset(attributes.get(name)))


def _own_name(name: str | None) -> str | None:
    return f"File:{name}" if name else None


def _pixels(attributes: dict[str, str | None], side: str) -> int | None:
    """A side in pixels; that of the file itself where the page doesn't say how it is shown."""
    for name in (side, f"data-file-{side}"):
        match = _LENGTH.fullmatch(attributes.get(name) or "")
        if match:
            return int(match[1])
    return None


def _is_formula(attributes: dict[str, str | None]) -> bool:
    classes = (attributes.get("class") or "").split()
    return any(name == "tex" or name.startswith("mwe-math-") for name in classes) or (
        "mw:Extension/math" in (attributes.get("typeof") or "")
    )
