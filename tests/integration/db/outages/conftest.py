"""A server that may be treated badly, and a database on it."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from db import Database, open_database
from db.connections import Connections, target_of_url
from db.records import Collection
from tests.outages import OwnServer

TEMPLATE = "https://en.wikipedia.org/wiki/{title}"


@pytest.fixture(scope="module")
def created(short_folders: Callable[[], Path]) -> Iterator[OwnServer]:
    """A server for all tests of a module, which may leave it stopped, but not changed."""
    server = OwnServer(short_folders())
    server.create_now()
    yield server
    server.cluster.stop("immediate")
    shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture
async def server(created: OwnServer) -> OwnServer:
    """The server, running as it is by default, with an empty database."""
    await created.stop()
    (created.cluster.data / "postgresql.auto.conf").write_text("")
    await created.start()
    await created.execute("TRUNCATE collections CASCADE")
    return created


@pytest.fixture
async def database(server: OwnServer, tmp_path: Path) -> AsyncIterator[Database]:
    """The database, open, with a limit on statements that is soon met."""
    async with open_database(server.url(), tmp_path, pool_size=4, statement_timeout=0.5) as opened:
        yield opened


@pytest.fixture
async def wiki(database: Database) -> Collection:
    """A collection."""
    return await database.store.ensure_wiki("enwiki", TEMPLATE)


@pytest.fixture
async def connections(server: OwnServer) -> AsyncIterator[Connections]:
    """Connections to the database, open."""
    opened = Connections(target_of_url(server.url()), 4, 10)
    async with opened.opened():
        yield opened
