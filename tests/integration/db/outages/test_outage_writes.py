"""Writes: done anew where nothing can come of it, and given up where nobody knows."""

import asyncio
from typing import Any

import asyncpg
import pytest

from bot.errors import DatabaseBusyError, DatabaseUnavailableError, UncertainWriteError
from db import Database
from db.connections import Connections, Transaction
from db.records import Actor, Collection, NewAppearance
from tests.outages import OwnServer

PICTURE = NewAppearance(1, 1, "a", "One")

# A server that ends the connection when it is told to commit.
CUT_AT_COMMIT = """
    CREATE OR REPLACE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON additions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut();
"""


async def stored(database: Database, wiki: Collection) -> tuple[int, int]:
    """How many pictures there are, and lines in the audit."""
    (stats,) = await database.store.stats([wiki.id])
    return stats.images, len(await database.store.additions(wiki.id))


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
async def test_what_the_server_undid_is_done_anew_as_a_whole(
    connections: Connections, sqlstate: str
) -> None:
    done: list[Any] = []

    async def work(transaction: Transaction) -> int:
        await transaction.execute("CREATE TABLE IF NOT EXISTS pg_temp.seen (n int)")
        await transaction.execute("INSERT INTO pg_temp.seen VALUES (1)")
        done.append(None)
        if len(done) < 3:
            await transaction.execute(f"DO $$ BEGIN RAISE SQLSTATE '{sqlstate}'; END $$")
        return int(await transaction.value("SELECT count(*) FROM pg_temp.seen"))

    assert await connections.write(work) == 1
    assert len(done) == 3


async def test_it_is_not_done_anew_for_ever(connections: Connections) -> None:
    done: list[Any] = []

    async def work(transaction: Transaction) -> None:
        done.append(None)
        await transaction.execute("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")

    with pytest.raises(DatabaseBusyError, match="gave way"):
        await connections.write(work)
    assert len(done) == 3


async def test_two_that_wait_for_each_other_both_get_done(
    server: OwnServer, connections: Connections
) -> None:
    await server.execute(
        "DROP TABLE IF EXISTS counters",
        "CREATE TABLE counters AS SELECT i, 0 AS n FROM generate_series(1, 2) AS i",
    )
    held = asyncio.Barrier(2)
    first = {1: True, 2: True}

    async def add(one: int, other: int) -> None:
        async def work(transaction: Transaction) -> None:
            await transaction.execute("UPDATE counters SET n = n + 1 WHERE i = $1", one)
            if first.pop(one, False):
                await held.wait()
            await transaction.execute("UPDATE counters SET n = n + 1 WHERE i = $1", other)

        await connections.write(work)

    async with asyncio.timeout(30):
        await asyncio.gather(add(1, 2), add(2, 1))
    assert await connections.fetch("SELECT n FROM counters ORDER BY i") == [(2,), (2,)]


async def test_what_was_cut_off_halfway_is_not_there_and_not_done_anew(
    server: OwnServer, database: Database, wiki: Collection
) -> None:
    done: list[Any] = []

    async def work(transaction: Transaction) -> None:
        done.append(None)
        await transaction.execute("DELETE FROM collections")
        pid = await transaction.value("SELECT pg_backend_pid()")
        await server.execute(f"SELECT pg_terminate_backend({pid})")
        await transaction.execute("DELETE FROM collections")

    with pytest.raises(DatabaseUnavailableError) as caught:
        await database._connections.write(work)
    assert not isinstance(caught.value, UncertainWriteError)
    assert len(done) == 1
    assert await stored(database, wiki) == (0, 0)


async def test_a_connection_lost_at_the_commit_leaves_it_open_and_says_so(
    server: OwnServer, database: Database, wiki: Collection
) -> None:
    await server.execute(CUT_AT_COMMIT)
    try:
        with pytest.raises(UncertainWriteError, match="may be stored or not") as caught:
            await database.store.add(wiki.id, [PICTURE], Actor(1))
        assert "may be stored or not" in caught.value.public
        assert await stored(database, wiki) == (0, 0)
    finally:
        await server.execute("DROP TRIGGER cut ON additions")
    (added,) = await database.store.add(wiki.id, [PICTURE], Actor(1))
    assert added.new
    assert await stored(database, wiki) == (1, 1)


async def test_what_is_stored_is_told_though_the_connection_goes_then(
    server: OwnServer, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    await server.execute("DROP TABLE IF EXISTS kept", "CREATE TABLE kept (n int)")
    release = asyncpg.pool.Pool.release

    async def cut_and_release(pool: Any, connection: Any, **options: Any) -> None:
        await server.execute(f"SELECT pg_terminate_backend({connection.get_server_pid()})")
        await release(pool, connection, **options)

    monkeypatch.setattr(asyncpg.pool.Pool, "release", cut_and_release)
    assert await connections.execute("INSERT INTO kept VALUES (1)") == 1
    monkeypatch.undo()
    assert await connections.fetch("SELECT n FROM kept") == [(1,)]
