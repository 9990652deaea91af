"""A streaming replica answers as its primary does."""

import asyncio
import random
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from tests.integration.extension.answers import Rows, check_answers, plan, read_rows
from tests.integration.extension.clusters import Cluster
from tests.integration.extension.hashsets import make_set
from tests.integration.extension.indexes.conftest import NewCluster
from tests.integration.extension.load import Writer, compare, keep_doing, keep_writing
from tests.integration.extension.methods import HAMMING, Method

SETTINGS = {
    "wal_level": "replica",
    "hot_standby_feedback": "on",
    "max_standby_streaming_delay": "-1",
    "autovacuum": "off",
    # A replica that finds its primary busy asks again soon.
    "wal_retrieve_retry_interval": "100ms",
    # The replica compares each page that it replays with what the primary made of it. For that
    # nobody may search on the primary, since marks for the dead are not logged.
    "wal_consistency_checking": "generic",
}

# Seconds, and many times as long for who asks for it.
LONG = {"hamming": 2.5, "spgist": 1.0}
THOROUGH = 8.0

FOLLOWED = """
    ALTER SYSTEM SET synchronous_standby_names = '*';
    ALTER SYSTEM SET synchronous_commit = 'remote_apply';
    SELECT pg_reload_conf();
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """A primary with a table, and a replica that has replayed whatever is committed there."""

    primary: Cluster
    replica: Cluster
    writers: list[Writer]


@pytest.fixture
async def pair(new_cluster: NewCluster, method: Method) -> Pair:
    """A primary and its replica."""
    primary, replica = new_cluster(SETTINGS), new_cluster(SETTINGS)
    await asyncio.to_thread(primary.create)
    await asyncio.to_thread(primary.start)
    connection = await primary.connect()
    await connection.execute(
        "CREATE EXTENSION bktree;"
        # Or vacuum would try for five seconds to get the table for itself, to shorten it, while a
        # rebuild waits in its way.
        "CREATE TABLE pictures (id int PRIMARY KEY, hash bigint) WITH (vacuum_truncate = off);"
        "CREATE UNLOGGED TABLE passing (id int, hash bigint);"
        "INSERT INTO passing SELECT i, i FROM generate_series(1, 2000) AS i;"
        f"{method.index()}; {method.index('passing', 'by_passing_hash')}"
    )
    writers = [Writer(number, random.Random(number)) for number in range(3)]
    for writer in writers:
        await writer.begin(connection, make_set("clustered", writer.number, 2500))
    await asyncio.to_thread(replica.copy, primary)
    await asyncio.to_thread(replica.start)
    for statement in FOLLOWED.split(";")[:3]:
        await connection.execute(statement)
    while await connection.fetchval("SHOW synchronous_commit") != "remote_apply":
        pass
    await connection.close()
    return Pair(primary, replica, writers)


async def write(pair: Pair, *, reading: bool, seconds: float) -> Rows:
    """Change the primary in every way, with readers of the replica; what is there at last."""
    stop = asyncio.Event()
    dice = random.Random(1)

    async def vacuum(connection: Any) -> None:
        await connection.execute("VACUUM pictures")

    async def rebuild(connection: Any) -> None:
        # Not concurrently: that waits for snapshots of the primary alone, and who has an older one
        # on a replica misses rows in the new index, of whatever kind.
        await connection.execute("REINDEX INDEX by_hash")
        await asyncio.sleep(0.5)

    async def read(connection: Any) -> None:
        await compare(connection, dice)

    opened = [await pair.primary.connect() for _ in range(5)]
    work = [keep_writing(w, c, stop) for w, c in zip(pair.writers, opened, strict=False)]
    work += [keep_doing(vacuum, opened[3], stop), keep_doing(rebuild, opened[4], stop)]
    if reading:
        opened += [await pair.replica.connect() for _ in range(2)]
        work += [keep_doing(read, connection, stop) for connection in opened[5:]]
    tasks = [asyncio.create_task(each) for each in work]
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    counts = await asyncio.gather(*tasks)
    assert not done
    assert min(counts) > 0
    found = await read_rows(opened[0])
    await opened[0].execute("VACUUM (TRUNCATE) pictures")
    await opened[0].execute("REINDEX INDEX CONCURRENTLY by_hash")
    # The last to be committed, and so to be waited for.
    await opened[0].execute("CREATE TABLE IF NOT EXISTS last (n int); INSERT INTO last VALUES (1)")
    for connection in opened:
        await connection.close()
    for writer in pair.writers:
        writer.recognise(found)
    return found


async def check(connection: Any, method: Method, expected: Rows) -> None:
    """What a replica answers; it never looks at an index alone, as nobody waits for it there."""
    assert await read_rows(connection) == expected
    await check_answers(connection, method, expected, 1, ways=("index", "bitmap"))
    await connection.execute("RESET ALL; SET enable_seqscan = off; SET enable_bitmapscan = off")
    explained = await plan(connection, "SELECT count(*) FROM pictures WHERE hash <@ (1, 3)")
    assert ("Index Only Scan" in explained) == (method is not HAMMING)
    for query in ("INSERT INTO pictures VALUES (-1, 1)", "REINDEX INDEX by_hash"):
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute(query)


async def test_a_replica_follows_and_takes_over(pair: Pair, method: Method, thorough: bool) -> None:
    seconds = LONG[method.name] * (THOROUGH if thorough else 1)
    expected = await write(pair, reading=True, seconds=seconds)
    connection = await pair.replica.connect()
    await check(connection, method, expected)
    with pytest.raises(asyncpg.PostgresError, match="during recovery"):
        await connection.execute("SELECT count(*) FROM passing")

    # A replica that dies goes on where it was.
    connection.terminate()
    await asyncio.to_thread(pair.replica.kill)
    await asyncio.to_thread(pair.replica.start)
    expected = await write(pair, reading=False, seconds=seconds / 4)
    connection = await pair.replica.connect()
    await check(connection, method, expected)

    await asyncio.to_thread(pair.primary.stop, "immediate")
    await asyncio.to_thread(pair.replica.promote)
    await connection.close()
    connection = await pair.replica.connect()
    await connection.execute("SET synchronous_commit = local")
    more: Rows = dict(enumerate(make_set("clustered", 1, 1000), 10_000_000))
    await connection.copy_records_to_table("pictures", records=list(more.items()))
    await connection.execute("DELETE FROM pictures WHERE id % 3 = 0")
    await connection.execute("VACUUM pictures")
    expected = {row: hash_ for row, hash_ in (expected | more).items() if row % 3}
    await check_answers(connection, method, expected, 1, ways=("index", "bitmap", "index only"))
    for _ in range(2):
        await check_answers(
            connection, method, {}, 1, table="passing", index="by_passing_hash", ways=("index",)
        )
        await connection.execute("INSERT INTO passing VALUES (1, 1); DELETE FROM passing")
    await connection.close()
