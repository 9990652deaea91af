"""The questions that a card asks of a wiki's API, and what is read from the answers.

The modules asked for are TextExtracts, PageImages, GeoData and Wikibase where a wiki has them
(https://www.mediawiki.org/wiki/API:Query); one that has not, as a MediaWiki has out of the box,
leaves them out and answers the rest.
"""

import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

from yarl import URL

from bot.cards.model import Article, Credit, Place, Translation
from bot.net.mediawiki import Answer, as_list, as_mapping, as_text

THUMBNAIL = 330
"""Pixels; a width that Wikimedia's servers have ready."""

MAX_EXTRACT = 700
MAX_WORDS = 300

_ITEM = re.compile(r"Q[1-9][0-9]{0,11}")
# What is read of HTML at most: some files' descriptions are whole tables.
_MAX_HTML = 20_000
_SILENT = frozenset({"script", "style"})


def about_pages(titles: Sequence[str], file: str | None) -> dict[str, str]:
    """The question about some pages, and about the file that they show if its name is known."""
    asked = [*titles, *([f"File:{file}"] if file else [])]
    properties = ["extracts", "pageimages", "description", "coordinates", "pageprops", "info"]
    question = {
        "titles": "|".join(asked),
        "redirects": "1",
        "inprop": "url",
        "exintro": "1",
        "explaintext": "1",
        "exsentences": "3",
        "exlimit": "20",
        "piprop": "thumbnail",
        "pithumbsize": str(THUMBNAIL),
        "pilimit": "50",
        "colimit": "max",
        "ppprop": "wikibase_item",
    }
    if file:
        properties += ["images", "imageinfo"]
        question |= {
            "imimages": f"File:{file}",
            "imlimit": "max",
            "iiprop": "url|extmetadata",
            "iiurlwidth": str(THUMBNAIL),
            "iiextmetadatafilter": "Artist|LicenseShortName|LicenseUrl",
        }
    return question | {"prop": "|".join(properties)}


def about_languages(title: str) -> dict[str, str]:
    """The question in which languages there is a page."""
    return {
        "titles": title,
        "redirects": "1",
        "prop": "langlinks",
        "llprop": "url|autonym",
        "lllimit": "max",
    }


def read_articles(
    answer: Answer, titles: Sequence[str], file: str | None, api: URL
) -> tuple[Article, ...]:
    """What the answer to :func:`about_pages` says, in the order of the titles.

    Those that the wiki has no page of are left out.
    """
    pages = {as_text(page.get("title")): page for page in _pages(answer)}
    found = []
    for title in titles:
        page = pages.get(_resolved(answer, title))
        if page is not None and "missing" not in page and "invalid" not in page:
            found.append(_article(page, title, file, api))
    return tuple(found)


def read_credit(answer: Answer, file: str, api: URL) -> Credit | None:
    """What it says of the file; nothing where the wiki does not know it."""
    wanted = _resolved(answer, f"File:{file}")
    for page in _pages(answer):
        for info in as_list(page.get("imageinfo")):
            if as_text(page.get("title")) in (wanted, f"File:{file}".replace("_", " ")):
                return _credit(info, file, api)
    return None


def read_translations(answer: Answer, api: URL) -> tuple[Translation, ...]:
    """What the answer to :func:`about_languages` lists, by language."""
    found = []
    for page in _pages(answer):
        for entry in as_list(page.get("langlinks")):
            language, url = as_text(entry.get("lang")), _address(entry.get("url"), api)
            title = _words(entry.get("title"))
            if language and url and title:
                name = _words(entry.get("autonym")) or language
                found.append(Translation(language[:20], name, title, url))
    return tuple(sorted(found, key=lambda one: one.language))


def _pages(answer: Answer) -> list[dict[str, Any]]:
    return as_list(as_mapping(answer.get("query")).get("pages"))


def _resolved(answer: Answer, title: str) -> str:
    """The title under which a page is answered: normalised, then behind its redirects."""
    query = as_mapping(answer.get("query"))
    for kind in ("normalized", "redirects"):
        moves = {
            as_text(one.get("from")): as_text(one.get("to")) for one in as_list(query.get(kind))
        }
        # As many steps as there are: redirects may lead in circles.
        for _ in moves:
            title = moves.get(title, title)
    return title.replace("_", " ")


def _article(page: Mapping[str, Any], title: str, file: str | None, api: URL) -> Article:
    shown = as_list(page.get("images"))
    thumbnail = as_mapping(page.get("thumbnail"))
    item = as_text(as_mapping(page.get("pageprops")).get("wikibase_item"))
    return Article(
        title=title.replace("_", " "),
        url=_address(page.get("canonicalurl") or page.get("fullurl"), api),
        description=_words(page.get("description")),
        extract=_words(page.get("extract"), MAX_EXTRACT),
        thumbnail=_address(thumbnail.get("source"), api),
        place=_place(page),
        item=item if _ITEM.fullmatch(item) else None,
        shows_file=bool(shown) if file else None,
    )


def _place(page: Mapping[str, Any]) -> Place | None:
    for entry in as_list(page.get("coordinates")):
        latitude, longitude = entry.get("lat"), entry.get("lon")
        if isinstance(latitude, int | float) and isinstance(longitude, int | float):
            # On other bodies than Earth, such as the Moon, no map shows the place.
            if as_text(entry.get("globe")) not in ("", "earth"):
                continue
            if abs(latitude) <= 90 and abs(longitude) <= 180:
                return Place(round(float(latitude), 5), round(float(longitude), 5))
    return None


def _credit(info: Mapping[str, Any], file: str, api: URL) -> Credit:
    details = as_mapping(info.get("extmetadata"))

    def value(name: str) -> str:
        return as_text(as_mapping(details.get(name)).get("value"))

    return Credit(
        file=file.replace("_", " "),
        page=_address(info.get("descriptionurl"), api),
        author=_words(text_of(value("Artist"))),
        licence=_words(text_of(value("LicenseShortName"))),
        licence_url=_address(value("LicenseUrl"), api),
        thumbnail=_address(info.get("thumburl"), api),
    )


def _words(value: object, limit: int = MAX_WORDS) -> str | None:
    """A text on one line, cut at the end of a word; ``None`` where there is none."""
    text = " ".join(as_text(value)[: 4 * limit].split())
    if len(text) > limit:
        text = text[:limit].rsplit(" ", 1)[0].rstrip(",;:") + "…"
    return text or None


def _address(value: object, api: URL) -> str | None:
    """A whole web address; those of a wiki may lack the scheme."""
    text = as_text(value).strip()
    if not text or len(text) > 2000:
        return None
    try:
        url = URL(urljoin(str(api), text))
        host = url.host
    except ValueError:
        return None
    return str(url) if host and url.scheme in ("http", "https") and url.user is None else None


def text_of(html: str) -> str:
    """What a reader sees of a piece of HTML, without any markup."""
    reader = _Text()
    reader.feed(html[:_MAX_HTML])
    reader.close()
    return " ".join("".join(reader.pieces).split())


class _Text(HTMLParser):
    """Collects what is neither a tag nor in one that shows nothing."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        if tag in ("br", "p", "div", "li", "tr", "td"):
            self.pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in _SILENT))

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(data)
