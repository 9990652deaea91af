"""A primary and its streaming replica, either of which goes away and comes back."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.doctor import check_replica
from bot.errors import ConfigurationError, DatabaseUnavailableError, LoginRefusedError
from db import Database, open_database
from db.connections import REPLICA, Connections, target_of_url
from db.records import Actor, Collection, NearProbe, NewAppearance
from tests.outages import REPLICATED, OwnServer, until

TEMPLATE = "https://en.wikipedia.org/wiki/{title}"
PICTURE = NewAppearance(1, 1, "a", "One")
WHO = "SELECT pg_is_in_recovery() AS replica"


@dataclass(frozen=True, slots=True)
class Pair:
    """A primary, and a replica of it."""

    primary: OwnServer
    replica: OwnServer

    async def catch_up(self) -> None:
        """Return when the replica has replayed what the primary has stored."""
        connection = await self.primary.cluster.connect()
        written = await connection.fetchval("SELECT pg_current_wal_insert_lsn()")
        await connection.close()
        connection = await self.replica.cluster.connect()
        try:

            async def replayed() -> bool:
                reached = "SELECT pg_last_wal_replay_lsn() >= $1"
                return bool(await connection.fetchval(reached, written))

            await until(replayed)
        finally:
            await connection.close()


@pytest.fixture(scope="module")
def created(short_folders: Callable[[], Path]) -> Iterator[Pair]:
    """Servers for all tests of this module, which may leave them stopped, but not changed."""
    found = Pair(OwnServer(short_folders(), **REPLICATED), OwnServer(short_folders(), **REPLICATED))
    found.primary.create_now()
    found.replica.cluster.copy(found.primary.cluster)
    yield found
    for server in (found.replica, found.primary):
        server.cluster.stop("immediate")
        shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture
async def pair(created: Pair) -> Pair:
    """The servers, both running, with an empty database."""
    for server in (created.primary, created.replica):
        await server.restart()
    await created.primary.execute("TRUNCATE collections CASCADE")
    return created


@pytest.fixture
async def connections(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connections]:
    """Connections to both, which soon notice that one is behind."""
    monkeypatch.setattr("db.connections._connections.WATCH_EVERY", 0.05)
    opened = Connections(
        target_of_url(pair.primary.url()),
        4,
        10,
        replica=target_of_url(pair.replica.url(), REPLICA),
    )
    async with opened.opened():
        yield opened


@pytest.fixture
async def database(pair: Pair, tmp_path: Path) -> AsyncIterator[Database]:
    """The database, searched on the replica."""
    async with open_database(
        pair.primary.url(), tmp_path, read_url=pair.replica.url(), pool_size=4
    ) as opened:
        yield opened


@pytest.fixture
async def wiki(database: Database) -> Collection:
    """A collection."""
    return await database.store.ensure_wiki("enwiki", TEMPLATE)


async def on_replica(connections: Connections, *collections: int) -> bool:
    """Whether a search among these is answered by the replica."""
    rows = await connections.read(WHO, collections=collections)
    return bool(rows[0]["replica"])


async def search(database: Database, wiki: Collection) -> int:
    """How many pictures a search finds."""
    found = await database.store.near([NearProbe(1, 1, 0, 0)], [wiki.id], limit_each=5)
    return len(found.candidates)


async def pause(pair: Pair) -> None:
    """Have the replica stay where it is."""
    await pair.replica.execute("SELECT pg_wal_replay_pause()")


async def resume(pair: Pair) -> None:
    """Have the replica go on."""
    await pair.replica.execute("SELECT pg_wal_replay_resume()")


async def test_searches_go_to_the_replica_and_the_rest_to_the_primary(
    connections: Connections,
) -> None:
    assert await on_replica(connections, 1)
    assert await connections.fetch(WHO) == [(False,)]
    assert await connections.write(lambda transaction: transaction.value(WHO)) is False


async def test_who_wrote_finds_it_at_once(
    pair: Pair, connections: Connections, database: Database, wiki: Collection
) -> None:
    await pause(pair)
    try:
        for found in (1, 0, 1):
            if found:
                (added,) = await database.store.add(wiki.id, [PICTURE], Actor(1))
            else:
                await database.store.remove(wiki.id, added.image_id, Actor(1))
            assert await search(database, wiki) == found
        # A collection that is new is searched as well.
        guild = (await database.store.ensure_server(7, TEMPLATE)).id
        assert guild in [each.id for each in await database.store.collections(7)]
    finally:
        await resume(pair)


async def test_only_what_was_changed_is_read_from_the_primary_and_not_for_long(
    pair: Pair, connections: Connections
) -> None:
    await pause(pair)
    try:
        async with connections.transaction(changes=5) as transaction:
            await transaction.execute("CREATE TABLE IF NOT EXISTS passing (n int)")
        assert not await on_replica(connections, 4, 5)
        assert await on_replica(connections, 4)
    finally:
        await resume(pair)
    await until(lambda: on_replica(connections, 5))


async def test_a_replica_that_is_too_far_behind_is_not_asked(
    pair: Pair, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections._positions, "_most_behind", 0.1)
    await until(lambda: on_replica(connections))
    await pause(pair)
    try:
        await pair.primary.execute("CREATE TABLE more AS SELECT 1", "DROP TABLE more")

        async def asks_the_primary() -> bool:
            return not await on_replica(connections)

        await until(asks_the_primary)
        assert (connections.replica_behind or 0) > 0
        status = await connections.replica_status()
        assert status is not None
        assert status.standby
        assert status.behind_bytes > 0
    finally:
        await resume(pair)
    await until(lambda: on_replica(connections))


class Load:
    """Members who search for one picture after the other, all of which are there."""

    def __init__(self, database: Database, wiki: Collection) -> None:
        self._database = database
        self._wiki = wiki
        self._answers = 0
        self._done = False

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Search for the length of a block; a search that is not answered fails the test."""
        searching = [asyncio.create_task(self._keep_searching()) for _ in range(8)]
        try:
            yield
        finally:
            self._done = True
            await asyncio.gather(*searching)

    async def is_answered(self) -> None:
        """Return when searches that began later than this was called have been answered."""
        # Eight may have begun before.
        wanted = self._answers + 20

        async def enough() -> bool:
            return self._answers >= wanted

        await until(enough)

    async def _keep_searching(self) -> None:
        while not self._done:
            assert await search(self._database, self._wiki) == 1
            self._answers += 1


async def test_the_replica_goes_and_comes_back_while_many_search(
    pair: Pair, database: Database, wiki: Collection, connections: Connections
) -> None:
    await database.store.add(wiki.id, [PICTURE], Actor(1))

    async def lost() -> bool:
        return database.replica_pool is not None and database.replica_pool.state == "down"

    async def found() -> bool:
        return database.replica_pool is not None and database.replica_pool.state == "up"

    load = Load(database, wiki)
    async with load.going_on():
        for stop in (pair.replica.kill, pair.replica.stop):
            await load.is_answered()
            await stop()
            await until(lost)
            await load.is_answered()
            await pair.replica.start()
            await until(found)
    await until(lambda: on_replica(connections))


async def test_the_primary_goes_and_comes_back_while_many_search(
    pair: Pair, database: Database, wiki: Collection
) -> None:
    await database.store.add(wiki.id, [PICTURE], Actor(1))
    await pair.catch_up()
    load = Load(database, wiki)
    async with load.going_on():
        for stop in (pair.primary.kill, pair.primary.stop):
            await load.is_answered()
            await stop()
            await load.is_answered()
            with pytest.raises(DatabaseUnavailableError):
                await database.store.add(wiki.id, [PICTURE], Actor(1))
            assert await database.store.collections(None)
            await pair.primary.start()
            (added,) = await database.store.add(wiki.id, [PICTURE], Actor(1))
            assert not added.new


async def test_what_the_replica_has_is_better_than_nothing(
    pair: Pair, database: Database, wiki: Collection
) -> None:
    await database.store.add(wiki.id, [PICTURE], Actor(1))
    await pair.catch_up()
    await pause(pair)
    (added,) = await database.store.add(wiki.id, [replace(PICTURE, title="Two")], Actor(1))
    assert len(await database.store.pages(added.image_id, [wiki.id])) == 2
    await pair.primary.kill()
    assert len(await database.store.pages(added.image_id, [wiki.id])) == 1


async def test_a_replica_that_lets_nobody_in(
    pair: Pair, database: Database, wiki: Collection, tmp_path: Path
) -> None:
    settings = pair.replica.cluster.data / "postgresql.auto.conf"
    before = settings.read_text()
    await pair.replica.stop()
    settings.write_text(f"{before}\nhot_standby = off\n")
    try:
        await pair.replica.start()
        assert await search(database, wiki) == 0
        assert database.replica_pool is not None
        assert database.replica_pool.state == "down"
        with pytest.raises(DatabaseUnavailableError, match="can't be used now") as caught:
            async with open_database(pair.replica.url(), tmp_path):
                pass
        assert not isinstance(caught.value, LoginRefusedError)
    finally:
        await pair.replica.stop()
        settings.write_text(before)


async def test_without_either_searches_say_so(
    pair: Pair, database: Database, wiki: Collection
) -> None:
    await pair.replica.stop()
    await pair.primary.stop()
    for _ in range(3):
        with pytest.raises(DatabaseUnavailableError, match="DATABASE_URL"):
            await search(database, wiki)
    await pair.primary.start()
    assert await search(database, wiki) >= 0


async def test_the_first_of_several_replicas_is_away(pair: Pair, tmp_path: Path) -> None:
    folders = f"{tmp_path},{pair.primary.folder},{pair.replica.folder}"
    url = f"postgresql://postgres@/whereis?host={folders}&port=5432,5432,5432"
    opened = Connections(
        target_of_url(pair.primary.url()), 2, 10, replica=target_of_url(url, REPLICA)
    )
    async with opened.opened():
        assert await on_replica(opened)


async def test_the_start_without_the_replica(pair: Pair, tmp_path: Path) -> None:
    await pair.replica.stop()
    async with open_database(pair.primary.url(), tmp_path, read_url=pair.replica.url()) as database:
        assert await database.store.collections(None) is not None
        status = await database.replica_status()
        assert status is not None
        assert check_replica(status).verdict == "problem"
        await pair.replica.start()

        async def well() -> bool:
            found = await database.replica_status()
            return found is not None and check_replica(found).verdict == "ok"

        await until(well)


@pytest.mark.parametrize("read_url", ["replica", "postgresql://bot:s3cret@host:port/whereis"])
async def test_an_address_that_is_none(pair: Pair, tmp_path: Path, read_url: str) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_READ_URL is not the") as caught:
        async with open_database(pair.primary.url(), tmp_path, read_url=read_url):
            pass
    assert "s3cret" not in str(caught.value)


async def test_the_server_that_comes_along_has_no_replicas(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="has no replicas"):
        async with open_database(None, tmp_path, read_url="postgresql://replica/whereis"):
            pass
    assert not await asyncio.to_thread(lambda: list(tmp_path.iterdir()))
