"""One running bot for each row of the table; each cell has two servers of its own in it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
import simcord

from bot.client import BotOptions, Services, WhereisBot
from bot.images import Workers
from bot.ingest import Curation, IngestService
from bot.net import Fetcher
from bot.search import Radii, SearchService
from db import Database, open_database
from db.records import NewAppearance
from tests.acceptance.world import PAGE_URL, Library, png
from tests.conftest import FreshDatabases

MAX_BYTES = 2 * 1024 * 1024
ROLE = "Curators"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(
    row: str, fresh_databases: FreshDatabases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Database]:
    """A database for the cells of a row; one for all of them would fill up."""
    assert row
    folder = tmp_path_factory.mktemp("permissions")
    with fresh_databases() as url:
        async with open_database(url, folder, pool_size=4) as opened:
            yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def library(database: Database, workers: Workers) -> Library:
    """What puts pictures into it: two alike of a wiki are there, one on three leaves of pages."""
    library = Library(database, workers)
    await _fill(library)
    return library


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def env(library: Library, workers: Workers) -> AsyncIterator[simcord.Env]:
    """A Discord in which the bot runs."""
    database = library.database
    search = SearchService(database.store, workers, Radii())
    ingest = IngestService(database.store, database.imports, workers, search, PAGE_URL)
    options = BotOptions(moderator_role=ROLE, cooldown_uses=1000, max_bytes=MAX_BYTES)
    async with Fetcher(max_bytes=MAX_BYTES, timeout=5) as fetcher:
        curation = Curation(database.store, database.curation, workers, search)
        services = Services(search, ingest, database.index, fetcher, curation)
        env = simcord.Env(WhereisBot(services, options), settle_timeout=20)
        await env.start()
        try:
            yield env
        finally:
            await env.shutdown()


async def _fill(library: Library) -> None:
    wiki = await library.wiki()
    picture = await library.fingerprint(png(1))
    row = NewAppearance(picture.dhash, picture.phash, None, "Article 1")
    rows = [replace(row, title=f"Article {number}") for number in range(1, 26)]
    rows.append(replace(row, title="The other one", file="other.png"))
    await library.database.store.add_many(wiki.id, rows)
