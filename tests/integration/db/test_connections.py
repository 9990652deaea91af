"""Connections: lost ones, slow ones, and addresses that lead nowhere."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot.errors import (
    ConfigurationError,
    DatabaseError,
    DatabaseUnavailableError,
    NotFoundError,
)
from db import Database, PoolStatus, open_database
from db.connections import Connections, target_of_url
from db.embedded import EmbeddedServer
from db.records import Actor, NewAppearance

TEMPLATE = "https://en.wikipedia.org/wiki/{title}"


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


async def opening(url: str, tmp_path: Path) -> DatabaseError | ConfigurationError:
    try:
        async with open_database(url, tmp_path):
            pass
    except (DatabaseError, ConfigurationError) as error:
        return error
    pytest.fail("it opened")


async def test_nobody_listens(deaf_port: int, tmp_path: Path) -> None:
    url = f"postgresql://bot:s3cret@127.0.0.1:{deaf_port}/whereis"
    error = await opening(url, tmp_path)
    assert isinstance(error, DatabaseUnavailableError)
    assert f"The database at 127.0.0.1:{deaf_port}/whereis can't be reached" in error.sentence
    assert "Check DATABASE_URL" in error.sentence
    assert "s3cret" not in error.sentence


async def test_no_such_database(database_url: str, tmp_path: Path) -> None:
    error = await opening(database_url.replace("/test_", "/no_such_"), tmp_path)
    assert isinstance(error, DatabaseUnavailableError)
    assert "does not exist" in error.sentence


async def test_no_such_user(database_url: str, tmp_path: Path) -> None:
    error = await opening(database_url.replace("postgres@", "nobody:s3cret@"), tmp_path)
    assert isinstance(error, DatabaseUnavailableError)
    assert 'role "nobody" does not exist' in error.sentence
    assert "s3cret" not in error.sentence


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bot:s3cret@host:port/whereis",
        "postgresql://bot:s3/cret@db/whereis",
        "mysql://bot:s3cret@db/whereis",
        "whereis",
        "host=db password=s3cret",
        "",
        "postgresql://bot:s3cret@[::1/whereis",
        "postgresql://bot:s3cret@db/whereis?sslmode=perhaps",
    ],
)
async def test_no_address_at_all(url: str, tmp_path: Path) -> None:
    error = await opening(url, tmp_path)
    assert isinstance(error, ConfigurationError)
    assert "DATABASE_URL is not the address" in error.sentence
    seen: BaseException | None = error
    while seen is not None:
        assert "s3" not in str(seen)
        seen = None if seen.__suppress_context__ else seen.__context__


async def test_slow_statement_is_ended_by_the_server(database_url: str) -> None:
    connections = Connections(target_of_url(database_url), 1, statement_timeout=0.1)
    async with connections.opened():
        with pytest.raises(DatabaseUnavailableError, match="took too long"):
            await connections.fetch("SELECT pg_sleep(30)")
        # The same connection goes on.
        assert await connections.fetch("SELECT 1 AS one") == [(1,)]


async def test_what_fails_is_counted_by_kind(database_url: str) -> None:
    connections = Connections(target_of_url(database_url), 2, statement_timeout=0.1)
    assert connections.pool == PoolStatus("up", size=0, idle=0, waiting=0, limit=2)
    async with connections.opened():
        async with connections.transaction():
            assert connections.pool == PoolStatus("up", size=1, idle=0, waiting=0, limit=2)
        assert connections.pool == PoolStatus("up", size=1, idle=1, waiting=0, limit=2)
        for statement in ("SELECT pg_sleep(30)", "SELECT nonsense", "SELECT 1"):
            with suppress(DatabaseError):
                await connections.fetch(statement)
        with pytest.raises(NotFoundError):
            async with connections.transaction():
                raise NotFoundError("That is no failure of the database.")
        assert connections.failures == {"primary": {"busy": 1, "refused": 1}}
    with pytest.raises(DatabaseUnavailableError):
        await connections.fetch("SELECT 1")


async def test_patient_transactions_may_take_longer(database_url: str) -> None:
    connections = Connections(target_of_url(database_url), 1, statement_timeout=0.1)
    async with connections.opened():
        async with connections.transaction(patient=True) as transaction:
            assert await transaction.fetch("SELECT 1 AS one FROM pg_sleep(0.3)") == [(1,)]
        with pytest.raises(DatabaseUnavailableError, match="took too long"):
            async with connections.transaction() as transaction:
                await transaction.fetch("SELECT pg_sleep(30)")


async def test_planner_sees_the_values(database_url: str) -> None:
    connections = Connections(target_of_url(database_url), 1, statement_timeout=1)
    async with connections.opened():
        assert await connections.fetch("SHOW plan_cache_mode") == [("force_custom_plan",)]


async def terminate_all(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()


async def test_reads_go_on_when_connections_are_lost(database: Database, database_url: str) -> None:
    await asyncio.gather(*(database.ping() for _ in range(8)))
    for _ in range(3):
        await terminate_all(database_url)
        await asyncio.gather(*(database.ping() for _ in range(8)))


async def waiting_for_a_lock(blocker: Any) -> None:
    while not await blocker.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_a_write_that_is_cut_off_leaves_nothing(
    database: Database, database_url: str
) -> None:
    store = database.store
    wiki = await store.ensure_wiki("enwiki", TEMPLATE)
    blocker = await asyncpg.connect(database_url)
    lock = blocker.transaction()
    await lock.start()
    await blocker.execute("LOCK TABLE additions IN EXCLUSIVE MODE")
    adding = asyncio.create_task(store.add(wiki.id, [NewAppearance(1, 1, "a", "One")], Actor(1)))
    await waiting_for_a_lock(blocker)
    await blocker.fetch("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
    with pytest.raises(DatabaseUnavailableError):
        await adding
    await lock.rollback()
    await blocker.close()

    (stats,) = await store.stats([wiki.id])
    assert (stats.images, stats.pages, stats.appearances) == (0, 0, 0)
    (added,) = await store.add(wiki.id, [NewAppearance(1, 1, "a", "One")], Actor(1))
    assert added.new


async def test_a_cancelled_write_leaves_nothing(database: Database, database_url: str) -> None:
    store = database.store
    wiki = await store.ensure_wiki("enwiki", TEMPLATE)
    blocker = await asyncpg.connect(database_url)
    lock = blocker.transaction()
    await lock.start()
    await blocker.execute("LOCK TABLE appearances IN EXCLUSIVE MODE")
    adding = asyncio.create_task(store.add_many(wiki.id, [NewAppearance(1, 1, "a", "One")]))
    await waiting_for_a_lock(blocker)
    adding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adding
    await lock.rollback()
    await blocker.close()
    assert await store.add_many(wiki.id, [NewAppearance(1, 1, "a", "One")]) == 1


async def test_server_that_is_restarted(short_folders: Callable[[], Path], tmp_path: Path) -> None:
    server = EmbeddedServer(short_folders() / "data", print, settings={"fsync": "off"})
    await asyncio.to_thread(server.start)
    try:
        host = server.socket_dir
        url = f"postgresql://postgres@/whereis?host={host}&port=5432"
        async with open_database(url, tmp_path, pool_size=3) as database:
            await asyncio.to_thread(server.stop)
            with pytest.raises(DatabaseUnavailableError, match="can't be reached"):
                await database.ping()
            await asyncio.to_thread(server.start)
            await database.ping()
            wiki = await database.store.ensure_wiki("enwiki", TEMPLATE)
            assert await database.store.add_many(wiki.id, [NewAppearance(1, 1, "a", "One")]) == 1
    finally:
        await asyncio.to_thread(server.stop)


async def test_after_closing(database_url: str, tmp_path: Path) -> None:
    async with open_database(database_url, tmp_path) as database:
        pass
    with pytest.raises(DatabaseUnavailableError, match="has been closed"):
        await database.ping()


async def test_all_connections_busy(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.connections._pool.WAIT_AT_LEAST", 0.1)
    connections = Connections(target_of_url(database_url), 1, statement_timeout=0.1)
    async with connections.opened(), connections.transaction():
        with pytest.raises(DatabaseUnavailableError, match="took too long"):
            await connections.fetch("SELECT 1")


async def test_a_connection_that_is_lost_while_much_is_sent(database_url: str) -> None:
    """The server stops reading, and then ends the connection without a word."""
    connections = Connections(target_of_url(database_url), 2, 10)
    rows = b"1\tA\n" * 4_000_000
    async with connections.opened(), connections.session() as session:
        pid = (await session.fetch("SELECT pg_backend_pid() AS pid"))[0]["pid"]
        transport = session._connection._transport

        async def send() -> None:
            async with session.transaction() as transaction:
                await transaction.copy_text("staged", ["dhash", "title"], rows)

        sending = asyncio.create_task(send())
        while not transport.get_write_buffer_size():  # noqa: ASYNC110  (nobody tells)
            await asyncio.sleep(0)
        os.kill(pid, signal.SIGSTOP)
        try:
            await connections.fetch(f"SELECT pg_terminate_backend({pid})")
        finally:
            os.kill(pid, signal.SIGCONT)
        ended, _ = await asyncio.wait([sending], timeout=30)
        assert ended
        with pytest.raises(DatabaseUnavailableError):
            sending.result()
