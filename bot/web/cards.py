"""A card as HTML, and as the document of the API."""

from dataclasses import asdict
from typing import Any

from bot.cards import Article, Card, Credit
from bot.text import clip, plain, web_url
from bot.web.markup import Html, element, joined

MAX_EXTRACT = 700
MAX_NAME = 120

# Nothing is told to the page that a link leads to, and no search engine takes it for our word.
REL = "noopener noreferrer nofollow"


def card_json(card: Card | None) -> dict[str, Any] | None:
    """A card as the API gives it."""
    return asdict(card) if card is not None else None


def of_card(card: Card | None) -> Html:
    """What a wiki says of a picture and of the first article that shows it; empty for nothing."""
    if card is None or not card.articles:
        return Html("")
    article = card.articles[0]
    return joined(
        _paragraph(article.description, "about"),
        element("blockquote", _text(article.extract, MAX_EXTRACT)) if article.extract else None,
        _facts(article, card.credit),
    )


def _facts(article: Article, credit: Credit | None) -> Html | None:
    facts = []
    if article.place is not None:
        facts.append(_link(article.place.degrees, article.place.map_url))
    if article.item is not None:
        facts.append(_link("Wikidata", f"https://www.wikidata.org/wiki/{article.item}"))
    if credit is not None:
        facts += _credit(credit)
    if article.shows_file is False:
        facts.append(Html("The article does not show this picture any more."))
    if not facts:
        return None
    rest = (joined(" · ", fact) for fact in facts[1:])
    return element("p", facts[0], *rest, class_="facts")


def _credit(credit: Credit) -> list[Html]:
    parts = []
    if credit.author:
        parts.append(joined("Picture by ", _text(credit.author, MAX_NAME)))
    if credit.licence:
        parts.append(_link(credit.licence, credit.licence_url))
    if credit.page:
        parts.append(_link("about the file", credit.page))
    return parts


def _paragraph(text: str | None, kind: str) -> Html | None:
    return element("p", _text(text, MAX_NAME), class_=kind) if text else None


def _text(text: str, limit: int) -> Html:
    """A text whose direction changes nothing around it."""
    return element("bdi", clip(plain(text), limit))


def _link(text: str, address: str | None) -> Html:
    url = web_url(address)
    shown = _text(text, MAX_NAME)
    return shown if url is None else element("a", shown, href=url, rel=REL)
