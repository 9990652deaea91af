"""What a wiki says of a match comes under the answer, when it comes."""

import asyncio
from collections.abc import AsyncIterator
from contextvars import Context
from dataclasses import replace

import pytest_asyncio

from bot.cards import Card, CardService
from bot.client import Services
from bot.images import Workers
from bot.net import Fetcher
from bot.net.mediawiki import MediaWikiClient, Patience
from bot.search import Match, Stored
from db import Database
from db.records import Collection
from tests.acceptance.world import (
    Library,
    Town,
    buttons_of,
    embed_of,
    menus_of,
    png,
    services_on,
)
from tests.loopback_mediawiki import LoopbackWiki, answers, loopback_wiki


class Outside(CardService):
    """Asks outside of the simulation, which would wait for a connection that is kept for later."""

    async def card(self, match: Match | Stored) -> Card | None:
        return await Context().run(asyncio.ensure_future, super().card(match))


PATIENCE = Patience(tries=1, longest=0.0, answer=5.0)


@pytest_asyncio.fixture(loop_scope="session")
async def wiki() -> AsyncIterator[LoopbackWiki]:
    """A wiki with an article that shows a picture."""
    async with loopback_wiki() as made:
        made.shows("Mount Everest", "Everest.png")
        made.told["Mount Everest"] = {
            "description": "highest mountain on Earth",
            "extract": "Mount Everest is [high](https://evil.example) @everyone.",
            "thumbnail": {"source": f"{made.origin}/images/thumb/Everest.png"},
            "coordinates": [{"lat": 27.988, "lon": 86.925}],
            "pageprops": {"wikibase_item": "Q513"},
        }
        made.told["Nepal"] = {"description": "country in Asia"}
        made.shows("Nepal")
        made.languages["Mount Everest"] = {
            "de": "https://de.wikipedia.org/wiki/Everest",
            "fr": "https://fr.wikipedia.org/wiki/Everest",
        }
        made.files["Everest.png"].details |= {
            "Artist": '<a href="//x">Ann</a>',
            "LicenseShortName": "CC BY 4.0",
            "LicenseUrl": "https://creativecommons.org/licenses/by/4.0",
        }
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def services(
    database: Database, workers: Workers, fetcher: Fetcher
) -> AsyncIterator[Services]:
    """What the cogs call, and a client for wikis."""
    async with MediaWikiClient(contact=None, patience=PATIENCE) as client:
        cards = Outside(database.cards, client)
        yield replace(services_on(database, workers, fetcher), cards=cards)


@pytest_asyncio.fixture(loop_scope="session")
async def known(library: Library, wiki: LoopbackWiki) -> Collection:
    """The collection that was read from the wiki, with a picture that it shows."""
    store = library.database.store
    made = await store.ensure_wiki("loopback", f"{wiki.origin}/wiki/{{title}}")
    await store.set_about(
        made.id, name="Loopback", language="en", as_of=None, checksum=None, api_url=wiki.api
    )
    await library.add(png(1), "Mount_Everest", "Nepal", to=made, file="Everest.png", look=True)
    return made


async def ask(town: Town) -> None:
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    await town.env.settle()


async def test_the_card_comes_into_the_answer(
    town: Town, known: Collection, wiki: LoopbackWiki
) -> None:
    await ask(town)

    embed = embed_of(town.answer())
    said = embed.description or ""
    assert embed.title == "Mount Everest"
    assert "*highest mountain on Earth*" in said
    assert "> Mount Everest is \\[high\\]\\(https\\://evil.example\\) @\u200beveryone." in said
    assert "27.988° N, 86.925° E" in said
    assert "(https://www.wikidata.org/wiki/Q513)" in said
    assert f"{wiki.origin}/wiki/Mount%20Everest" not in said
    assert "#/media/File:Everest.png)" in said
    assert "Picture by Ann · [CC BY 4.0](https://creativecommons.org/licenses/by/4.0)" in said
    assert "– country in Asia" in said
    assert embed.thumbnail.url == f"{wiki.origin}/images/thumb/Everest.png"
    assert len(wiki.asked) == 2

    await ask(town)
    assert len(town.answers()) == 2
    assert "highest mountain" in (embed_of(town.answers()[1]).description or "")
    assert len(wiki.asked) == 2


async def test_another_language_is_told_to_whoever_chooses_it(
    town: Town, known: Collection
) -> None:
    await ask(town)
    (menu,) = menus_of(town.answer())
    assert [option.value for option in menu.options] == ["de", "fr"]

    result = await town.alice.select(town.answer(), ["fr"], custom_id=menu.custom_id)
    assert result.ephemeral
    assert result.response is not None
    assert "[Mount Everest](https://fr.wikipedia.org/wiki/Everest)" in result.response.content


async def test_without_the_wiki_the_answer_is_the_plain_one(
    town: Town, known: Collection, wiki: LoopbackWiki
) -> None:
    wiki.api_troubles.append(answers(503))
    await ask(town)

    said = embed_of(town.answer()).description or ""
    assert "**Exact match**" in said
    assert "Nepal" in said
    assert "highest mountain" not in said
    assert "Delete" in buttons_of(town.answer())
