"""A server that goes away, hangs, has no connection left or takes no writes, and comes back."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot.errors import DatabaseBusyError, DatabaseUnavailableError, ReadOnlyError
from db import Database, open_database
from db.connections import Connections, target_of_url
from db.records import Actor, Collection, NearProbe, NewAppearance
from tests.integration.extension.clusters import children
from tests.outages import OwnServer, until

MANY = 200
PICTURE = NewAppearance(1, 1, "a", "One")


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Notes each time that somebody tries to connect."""
    made: list[object] = []
    connect = asyncpg.connect

    async def counted(**options: Any) -> Any:
        made.append(options)
        return await connect(**options)

    monkeypatch.setattr(asyncpg, "connect", counted)
    return made


async def search(database: Database, wiki: Collection) -> int:
    """How many pictures a search finds."""
    found = await database.store.near([NearProbe(1, 1, 0, 0)], [wiki.id], limit_each=5)
    return len(found.candidates)


async def is_up(database: Database | Connections) -> bool:
    """Whether the database is known to be up."""
    return database.state == "up"


async def test_a_restart_is_not_noticed(
    server: OwnServer, database: Database, wiki: Collection
) -> None:
    await asyncio.gather(*(database.ping() for _ in range(8)))
    assert database.pool.size == 4
    for _ in range(2):
        await server.restart()
        # As many as there are connections that were lost, and writes as well.
        await asyncio.gather(*(database.ping() for _ in range(8)))
    await server.restart()
    (added,) = await database.store.add(wiki.id, [PICTURE], Actor(1))
    assert added.new


async def test_while_it_is_away_everybody_is_told_at_once(
    server: OwnServer, database: Database, wiki: Collection, attempts: list[object]
) -> None:
    await search(database, wiki)
    await server.kill()
    attempts.clear()
    found = await asyncio.gather(
        *(search(database, wiki) for _ in range(MANY)), return_exceptions=True
    )
    assert {type(each) for each in found} == {DatabaseUnavailableError}
    assert database.state == "down"
    # A few that noticed, and the probes; not one for each.
    assert len(attempts) < MANY / 10
    with pytest.raises(DatabaseUnavailableError, match="can't be reached"):
        await database.store.add(wiki.id, [PICTURE], Actor(1))

    await server.start()
    assert await search(database, wiki) == 0
    assert await is_up(database)
    (added,) = await database.store.add(wiki.id, [PICTURE], Actor(1))
    assert added.new


async def test_its_return_is_noticed_without_anybody_asking(
    server: OwnServer, database: Database
) -> None:
    await server.stop()
    with pytest.raises(DatabaseUnavailableError):
        await database.ping()
    await server.start()
    await until(lambda: is_up(database))


@asynccontextmanager
async def crowded(server: OwnServer) -> AsyncIterator[None]:
    """All connections that a server has left are taken."""
    taken: list[Any] = []
    try:
        with suppress(asyncpg.TooManyConnectionsError):
            while True:
                taken.append(await server.cluster.connect("postgres"))
        yield
    finally:
        await asyncio.gather(*(connection.close() for connection in taken))


@pytest.mark.parametrize("ours", [1, 3])
async def test_with_no_connection_left_for_us_those_that_we_have_do(
    server: OwnServer, connections: Connections, ours: int
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(ours):
            await stack.enter_async_context(connections.transaction())
    assert connections.pool.size == ours
    async with crowded(server):
        for _ in range(2):
            found = await asyncio.gather(*(connections.fetch("SELECT 1") for _ in range(30)))
            assert found == [[(1,)]] * 30
        assert (connections.pool.size, connections.state) == (ours, "up")
        # A write has to wait until one of them is free.
        async with AsyncExitStack() as stack:
            for _ in range(ours):
                await stack.enter_async_context(connections.transaction())
            waiting = asyncio.create_task(connections.fetch("SELECT 1"))
            await until(lambda: is_waiting(connections))
        assert await waiting == [(1,)]
        assert (connections.pool.idle, connections.pool.waiting) == (ours, 0)


async def is_waiting(connections: Connections) -> bool:
    """Whether somebody waits for a connection."""
    return connections.pool.waiting > 0


async def test_with_no_connection_left_and_none_of_ours(
    server: OwnServer, connections: Connections
) -> None:
    async with crowded(server):
        with pytest.raises(DatabaseBusyError, match="no connection left"):
            await connections.fetch("SELECT 1")
        assert connections.state == "down"
    assert await connections.fetch("SELECT 1 AS one") == [(1,)]


async def test_what_somebody_locks_is_waited_for_and_given_up(
    server: OwnServer, database: Database, wiki: Collection
) -> None:
    blocker = await server.cluster.connect("whereis")
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE images IN ACCESS EXCLUSIVE MODE")
        for found in await asyncio.gather(
            *(search(database, wiki) for _ in range(4)), return_exceptions=True
        ):
            assert isinstance(found, DatabaseBusyError)
        # What needs no pictures goes on.
        await database.ping()
        assert database.state == "up"
    await blocker.close()
    assert await search(database, wiki) == 0


async def test_who_waits_for_a_connection_is_told_in_time(
    server: OwnServer, database: Database, wiki: Collection
) -> None:
    blocker = await server.cluster.connect("whereis")
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE images IN ACCESS EXCLUSIVE MODE")
        found = await asyncio.gather(
            *(search(database, wiki) for _ in range(40)), return_exceptions=True
        )
        assert {type(each) for each in found} == {DatabaseBusyError}
    await blocker.close()
    assert (database.pool.waiting, await search(database, wiki)) == (0, 0)


async def test_a_server_that_hangs(server: OwnServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.connections._pool.CONNECT_TIMEOUT", 0.3)
    postmaster = int((server.cluster.data / "postmaster.pid").read_text().splitlines()[0])
    connections = Connections(target_of_url(server.url()), 4, 0.3)
    async with connections.opened():
        await connections.fetch("SELECT 1")
        stopped = [postmaster, *children(postmaster)]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(DatabaseBusyError, match="took too long"):
                await connections.fetch("SELECT 1")
            assert connections.state == "down"
            for found in await asyncio.gather(
                *(connections.fetch("SELECT 1") for _ in range(MANY)), return_exceptions=True
            ):
                assert isinstance(found, DatabaseUnavailableError)
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        await until(lambda: is_up(connections))
        assert await connections.fetch("SELECT 1 AS one") == [(1,)]


async def set_read_only(server: OwnServer, value: str) -> None:
    await server.execute(
        f"ALTER SYSTEM SET default_transaction_read_only = {value}", "SELECT pg_reload_conf()"
    )


async def test_a_database_that_takes_no_writes(
    server: OwnServer, database: Database, wiki: Collection
) -> None:
    await database.store.add(wiki.id, [PICTURE], Actor(1))
    await set_read_only(server, "on")

    async def refuses() -> bool:
        try:
            await database.store.add(wiki.id, [PICTURE], Actor(1))
        except ReadOnlyError as error:
            return "can be read and not written" in error.sentence
        return False

    await until(refuses)
    assert await search(database, wiki) == 1
    assert database.state == "read-only"
    blocker = await server.cluster.connect("whereis")
    await blocker.execute("SET default_transaction_read_only = off")
    await blocker.execute("ALTER SYSTEM RESET default_transaction_read_only")
    await blocker.execute("SELECT pg_reload_conf()")
    await blocker.close()
    await until(lambda: is_up(database))
    (added,) = await database.store.add(wiki.id, [PICTURE], Actor(1))
    assert not added.new


async def test_the_start_on_a_database_that_takes_no_writes(
    server: OwnServer, tmp_path: Path
) -> None:
    async with open_database(server.url(), tmp_path) as database:
        wiki = await database.store.ensure_wiki("enwiki", "https://a.example/{title}")
    options = "&options=-c%20default_transaction_read_only%3Don"
    async with open_database(server.url() + options, tmp_path) as database:
        assert await search(database, wiki) == 0
        with pytest.raises(ReadOnlyError):
            await database.store.add(wiki.id, [PICTURE], Actor(1))
    with pytest.raises(ReadOnlyError, match="from schema 0"):
        async with open_database(server.url("template1") + options, tmp_path):
            pass


async def test_the_pool_closes_while_the_server_is_away(server: OwnServer, tmp_path: Path) -> None:
    async with open_database(server.url(), tmp_path) as database:
        await database.ping()
        await server.stop()
        with pytest.raises(DatabaseUnavailableError):
            await database.ping()
    assert asyncio.all_tasks() == {asyncio.current_task()}
