"""Cards of a wiki on this machine, remembered in a real database."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from yarl import URL

from bot.cards import PATIENCE, CardService
from bot.cards.service import MAX_WAITING, api_of
from bot.metrics import Metrics
from bot.net.mediawiki import MediaWikiClient, Patience
from bot.search import Match, Page
from db import Database
from tests.loopback_mediawiki import (
    LoopbackWiki,
    Trouble,
    answers,
    complains,
    loopback_wiki,
    stalls,
)


@pytest.fixture
async def wiki() -> AsyncIterator[LoopbackWiki]:
    async with loopback_wiki() as made:
        made.shows("Mount Everest", "Everest north.jpg", "Map.png")
        made.shows("Nepal", "Map.png")
        made.told["Mount Everest"] = {"extract": "High.", "description": "highest mountain"}
        made.languages["Mount Everest"] = {"de": "https://de.example/wiki/Everest"}
        made.files["Everest north.jpg"].details["Artist"] = "<b>Ann</b>"
        yield made


@pytest.fixture
async def cards(database: Database, metrics: Metrics) -> AsyncIterator[CardService]:
    async with MediaWikiClient(contact=None, patience=PATIENCE, sleep=at_once) as client:
        yield CardService(database.cards, client, metrics=metrics)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


async def at_once(_seconds: float) -> None:
    """Waits for nothing."""


def match(wiki: LoopbackWiki, *titles: str, file: str | None = "Everest north.jpg") -> Match:
    pages = tuple(
        Page(number, title, f"{wiki.origin}/wiki/{title}") for number, title in enumerate(titles, 1)
    )
    return Match(7, "wiki", None, file, 0, 0, "exact", len(pages), pages, api_url=wiki.api)


async def test_a_card_is_asked_for_once(wiki: LoopbackWiki, cards: CardService) -> None:
    card = await cards.card(match(wiki, "Mount_Everest", "Nepal", "Gone"))
    assert card is not None
    first, second = card.articles
    assert (first.title, first.description, first.shows_file) == (
        "Mount Everest",
        "highest mountain",
        True,
    )
    assert (second.title, second.shows_file) == ("Nepal", False)
    assert [one.language for one in first.translations] == ["de"]
    assert card.credit is not None
    assert card.credit.author == "Ann"
    assert len(wiki.asked) == 2
    assert wiki.faults == []

    assert await cards.card(match(wiki, "Mount_Everest", "Nepal", "Gone")) == card
    assert len(wiki.asked) == 2


async def test_what_is_not_there_is_remembered_too(wiki: LoopbackWiki, cards: CardService) -> None:
    for _ in range(2):
        assert await cards.card(match(wiki, "Gone", file=None)) is None
    assert len(wiki.asked) == 1


async def test_what_becomes_of_them_is_counted(
    wiki: LoopbackWiki, cards: CardService, metrics: Metrics
) -> None:
    def counted() -> dict[str, float]:
        (family,) = metrics.cards.collect()
        return {
            sample.labels["outcome"]: sample.value
            for sample in family.samples
            if sample.name.endswith("_total") and sample.value
        }

    await cards.card(match(wiki, "Nepal"))
    await cards.card(match(wiki, "Nepal"))
    await cards.card(match(wiki, "Gone", file=None))
    assert counted() == {"told": 1, "remembered": 1, "absent": 1}
    wiki.api_troubles.append(answers(404))
    await cards.card(match(wiki, "Mount_Everest"))
    wiki.api_troubles.clear()
    assert counted() == {"told": 1, "remembered": 1, "absent": 1, "failed": 1}
    seconds = metrics.registry.get_sample_value("whereis_card_duration_seconds_count")
    assert seconds == 3
    # Who asks the same at once waits for the same answer.
    matches = [match(wiki, f"Gone_{number}") for number in range(MAX_WAITING + 3)]
    await asyncio.gather(*map(cards.card, matches))
    assert counted()["busy"] == 3


async def test_a_card_expires_and_is_forgotten(
    wiki: LoopbackWiki, cards: CardService, database_url: str
) -> None:
    await cards.card(match(wiki, "Nepal"))
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("UPDATE cards SET expires_at = now()")
        asked = len(wiki.asked)
        await cards.card(match(wiki, "Nepal"))
        assert len(wiki.asked) > asked
        await connection.execute("UPDATE cards SET expires_at = now()")
        await cards.card(match(wiki, "Mount_Everest"))
        assert await connection.fetchval("SELECT count(*) FROM cards") == 1
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "trouble",
    [
        answers(500),
        answers(404),
        answers(200, b"<html>no</html>"),
        answers(200, b"{"),
        complains("readapidenied"),
        answers(429, Retry_After="3600"),
    ],
    ids=["broken", "no API", "a page", "no JSON", "refused", "a long pause"],
)
async def test_without_an_answer_there_is_no_card_and_nothing_is_remembered(
    wiki: LoopbackWiki, cards: CardService, trouble: Trouble
) -> None:
    wiki.api_troubles.extend([trouble] * PATIENCE.tries)
    assert await cards.card(match(wiki, "Nepal")) is None
    wiki.api_troubles.clear()
    assert await cards.card(match(wiki, "Nepal")) is not None


async def test_a_short_pause_is_waited_for(wiki: LoopbackWiki, cards: CardService) -> None:
    wiki.api_troubles.append(answers(429, Retry_After="5"))
    assert await cards.card(match(wiki, "Nepal")) is not None


async def test_a_wiki_that_says_nothing_is_left_alone(
    wiki: LoopbackWiki, database: Database
) -> None:
    wiki.api_troubles.append(stalls(b""))
    patience = Patience(tries=1, longest=0.0, answer=0.2)
    async with MediaWikiClient(contact=None, patience=patience) as client:
        assert await CardService(database.cards, client).card(match(wiki, "Nepal")) is None


async def test_only_so_many_are_asked_for_at_once(wiki: LoopbackWiki, cards: CardService) -> None:
    wiki.linger = 5
    matches = [match(wiki, "Nepal", file=f"{number}.png") for number in range(MAX_WAITING + 3)]
    found = await asyncio.gather(*map(cards.card, matches))
    assert found.count(None) == 3
    assert wiki.most_requests == 1


async def test_wikimedia_is_not_asked_without_a_contact(cards: CardService) -> None:
    page = Page(1, "Nepal", "https://en.wikipedia.org/wiki/Nepal")
    assert await cards.card(Match(7, "enwiki", None, None, 0, 0, "exact", 1, (page,))) is None


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://en.wikipedia.org/wiki/Nepal", "https://en.wikipedia.org/w/api.php"),
        ("https://de.m.wikipedia.org/wiki/Nepal", "https://de.wikipedia.org/w/api.php"),
        ("http://fr.wikivoyage.org/wiki/N", "https://fr.wikivoyage.org/w/api.php"),
        ("https://en.wikipedia.org.evil.example/wiki/Nepal", None),
        ("https://evilwikipedia.org/wiki/Nepal", None),
        ("https://en.wikipedia.org/w/index.php?title=Nepal", None),
        ("https://example.org/wiki/Nepal", None),
        ("https://[::1/wiki/Nepal", None),
    ],
)
def test_where_a_wiki_is_asked(url: str, api: str | None) -> None:
    found = Match(7, "w", None, None, 0, 0, "exact", 1, (Page(1, "Nepal", url),))
    assert api_of(found) == (URL(api) if api else None)
