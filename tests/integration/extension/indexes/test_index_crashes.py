"""SIGKILL at any moment loses nothing that was committed, and leaves an index that is right."""

import asyncio
import random
from typing import Any

import pytest

from tests.integration.extension.answers import Rows, check_answers, read_rows
from tests.integration.extension.clusters import Cluster
from tests.integration.extension.hashsets import make_set
from tests.integration.extension.indexes.conftest import NewCluster
from tests.integration.extension.load import GONE, Writer, compare, keep_doing, keep_writing
from tests.integration.extension.methods import SPGIST, Method
from tests.integration.extension.servers import Server

# Pages leave memory all the time, and checkpoints come often. A killed process leaves what it
# wrote to the kernel, so that fsync would change nothing; pages are never torn.
SETTINGS = {
    "shared_buffers": "1MB",
    "max_wal_size": "32MB",
    "min_wal_size": "32MB",
    "checkpoint_timeout": "30s",
    "autovacuum_naptime": "1s",
    "wal_writer_delay": "10ms",
    "bgwriter_delay": "10ms",
}


# As the server that comes along is set, where rebuilds need not be logged.
MINIMAL = {"wal_level": "minimal", "max_wal_senders": "0"}


@pytest.fixture
def kills(server: Server, method: Method, thorough: bool) -> int:
    """How often to kill; most often what this is about, where it is used most.

    Each kill proves the same of another moment, so that many of them are for who asks for it.
    """
    if method is SPGIST:
        return 2
    few, many = (4, 20) if server.installed else (8, 60)
    return many if thorough else few


async def load(cluster: Cluster, writers: list[Writer], dice: random.Random) -> None:
    """Change the table in every way for a while, then kill the server."""
    stop = asyncio.Event()

    async def vacuum(connection: Any) -> None:
        await connection.execute(dice.choice(["VACUUM pictures", "CHECKPOINT"]))

    async def read(connection: Any) -> None:
        await compare(connection, dice)

    async def rebuild(connection: Any) -> None:
        await asyncio.sleep(dice.random() * 0.2)
        await connection.execute(
            "INSERT INTO passing SELECT i, i FROM generate_series(1, 500) AS i"
        )
        statement = dice.choice(["REINDEX INDEX CONCURRENTLY by_hash", "REINDEX INDEX by_hash"])
        await connection.execute(statement)

    steps = [vacuum, read, *([rebuild] if dice.random() < 0.4 else [])]
    connections = [await cluster.connect() for _ in [*writers, *steps]]
    work = [
        *(
            keep_writing(writer, connection, stop)
            for writer, connection in zip(writers, connections, strict=False)
        ),
        *(
            keep_doing(step, connection, stop)
            for step, connection in zip(steps, connections[len(writers) :], strict=True)
        ),
    ]
    tasks = [asyncio.create_task(each) for each in work]
    done, _ = await asyncio.wait(
        tasks, timeout=0.2 + dice.random() * 0.8, return_when=asyncio.FIRST_COMPLETED
    )
    await asyncio.to_thread(cluster.kill)
    await asyncio.gather(*tasks)
    assert not done
    for connection in connections:
        connection.terminate()


async def drop_leftovers(connection: Any) -> None:
    """Take away what an interrupted rebuild leaves, as the documentation of REINDEX says."""
    invalid = await connection.fetch(
        "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid"
    )
    for row in invalid:
        await connection.execute(f"DROP INDEX {row['name']}")


async def test_kills_under_load(
    new_cluster: NewCluster, server: Server, method: Method, kills: int
) -> None:
    cluster = new_cluster(SETTINGS if server.installed else SETTINGS | MINIMAL)
    await asyncio.to_thread(cluster.create)
    await asyncio.to_thread(cluster.start)
    connection = await cluster.connect()
    await connection.execute(
        "CREATE EXTENSION bktree;"
        "CREATE TABLE pictures (id int PRIMARY KEY, hash bigint);"
        "CREATE UNLOGGED TABLE passing (id int, hash bigint);"
        f"{method.index()}; {method.index('passing', 'by_passing_hash')}"
    )
    dice = random.Random(1)
    writers = [Writer(number, random.Random(number)) for number in range(3)]
    for writer in writers:
        await writer.begin(connection, make_set("clustered", writer.number, 2500))
    await connection.close()

    for cycle in range(kills):
        await load(cluster, writers, dice)
        await asyncio.to_thread(cluster.start)
        assert cluster.crashes() == []

        connection = await cluster.connect()
        found = await read_rows(connection)
        for writer in writers:
            writer.recognise(found)
        await drop_leftovers(connection)
        await check_answers(
            connection, method, found, cycle, ways=("index", "bitmap"), radii=(0, 3, 12), count=3
        )
        assert await connection.fetchval("SELECT count(*) FROM passing") == 0
        passing: Rows = dict(enumerate(make_set("clustered", cycle, 300)))
        await connection.copy_records_to_table("passing", records=list(passing.items()))
        await check_answers(
            connection,
            method,
            passing,
            cycle,
            table="passing",
            index="by_passing_hash",
            ways=("index",),
            radii=(0, 5),
            count=3,
        )
        await connection.close()
    assert all(writer.done > kills for writer in writers)


async def test_a_backend_that_is_killed_takes_nothing_along(
    new_cluster: NewCluster, method: Method
) -> None:
    """The postmaster then starts all others anew, and replays the log."""
    cluster = new_cluster({**SETTINGS, "restart_after_crash": "on"})
    await asyncio.to_thread(cluster.create)
    await asyncio.to_thread(cluster.start)
    connection = await cluster.connect()
    await connection.execute(
        "CREATE EXTENSION bktree; CREATE TABLE pictures (id int PRIMARY KEY, hash bigint);"
        + method.index()
    )
    writer = Writer(1, random.Random(1))
    await writer.begin(connection, make_set("clustered", 1, 2000))
    stop = asyncio.Event()
    victim = await cluster.connect()
    busy = asyncio.create_task(
        keep_doing(lambda each: each.execute("REINDEX INDEX by_hash"), victim, stop)
    )
    other = await cluster.connect()
    writing = asyncio.create_task(keep_writing(writer, other, stop))
    await asyncio.wait([busy, writing], timeout=0.5)
    cluster.kill_backend(victim.get_server_pid())
    await asyncio.gather(busy, writing)
    for each in (connection, victim, other):
        each.terminate()

    connection = await _reconnect(cluster)
    found = await read_rows(connection)
    writer.recognise(found)
    await check_answers(connection, method, found, 1, count=3)
    await connection.close()


async def _reconnect(cluster: Cluster) -> Any:
    for _ in range(200):
        try:
            return await cluster.connect()
        except GONE:
            await asyncio.sleep(0.05)
    raise AssertionError("the server did not come back")
