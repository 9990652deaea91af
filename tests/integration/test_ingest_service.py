"""Filling: what goes in, what is passed over, and what a second run does."""

from collections.abc import AsyncIterator

import pytest

from bot.errors import NotAllowedError, PictureRefusedError
from bot.images import Limits, Workers
from bot.ingest import Actor, IngestService, NewPicture
from bot.search import Radii, Scope, SearchService
from db import Database
from db.records import NewAppearance
from db.store import Store
from tests.drawing import draw, halved_jpeg, png

TEMPLATE = "https://en.wikipedia.org/wiki/{title}"
GERMAN = "https://de.wikipedia.org/wiki/{title}"


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    """One process that reads pictures."""
    async with Workers(Limits(timeout=20), 1) as pool:
        yield pool


@pytest.fixture
def search(store: Store, workers: Workers) -> SearchService:
    """Asks the test's own database."""
    return SearchService(store, workers, Radii())


@pytest.fixture
def ingest(database: Database, workers: Workers, search: SearchService) -> IngestService:
    """Fills the test's own database."""
    return IngestService(database.store, database.imports, workers, search, TEMPLATE)


async def test_a_collection_keeps_its_template_until_told_another(ingest: IngestService) -> None:
    made = await ingest.wiki_collection("dewiki", GERMAN)
    assert (await ingest.wiki_collection("dewiki")) == made
    assert (await ingest.wiki_collection("dewiki", TEMPLATE)).page_url_template == TEMPLATE
    with pytest.raises(NotAllowedError):
        await ingest.wiki_collection("server-1")


async def test_what_one_server_adds_only_it_finds(
    ingest: IngestService, search: SearchService
) -> None:
    own = await ingest.server_collection(1)
    (outcome,) = await ingest.add([NewPicture(png(1), "a.png")], "Ours", None, own, Actor(5, 1))
    assert outcome.new
    copy = halved_jpeg(draw(1))
    assert [m.image_id for m in (await search.search(copy, Scope(guild_id=1))).matches] == [
        outcome.image_id
    ]
    for elsewhere in (Scope(guild_id=2), Scope()):
        assert (await search.search(copy, elsewhere)).status == "none"
        assert await search.pages(outcome.image_id, elsewhere) == ()


async def test_adding_is_all_or_nothing(ingest: IngestService) -> None:
    own = await ingest.server_collection(1)
    good, bad = NewPicture(png(1), "a.png"), NewPicture(b"no picture", "b.png")
    with pytest.raises(PictureRefusedError, match=r"b\.png"):
        await ingest.add([good, bad], "Ours", None, own, Actor(5, 1))
    assert await ingest.listing(own) == ()


async def test_the_second_look_decides_and_ranks(
    ingest: IngestService, search: SearchService, store: Store, workers: Workers
) -> None:
    """A picture whose dHash happens to be near must not come before the picture itself."""
    own = await ingest.server_collection(1)
    (right,) = await ingest.add([NewPicture(png(1), "right.png")], "Right", None, own, Actor(5, 1))
    fingerprint = right.fingerprint
    near_by_chance = await store.add(
        own.id,
        [
            NewAppearance(fingerprint.dhash, fingerprint.phash ^ (2**20 - 1), None, "Twin"),
            NewAppearance(
                fingerprint.dhash ^ 0b111111, fingerprint.phash ^ (2**20 - 1), None, "Stranger"
            ),
        ],
        Actor(5, 1),
    )
    matches = (await search.search(png(1), Scope(guild_id=1))).matches
    assert [m.image_id for m in matches] == [right.image_id, near_by_chance[0].image_id]
    assert [m.confidence for m in matches] == ["exact", "possible"]
