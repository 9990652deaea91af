"""Transactions see what their isolation lets them see."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import asyncpg
import pytest

from tests.integration.extension.answers import Truth, check_answers, plan, take
from tests.integration.extension.hashsets import make_queries, make_set
from tests.integration.extension.methods import Method
from tests.integration.extension.servers import Server
from tests.integration.extension.tables import Pictures

SIZE = 3000
NEAR = "SELECT count(id) FROM pictures WHERE hash <@ ($1::bigint, 3)::bktree_area"

Open = Callable[[], Coroutine[Any, Any, Any]]


@pytest.fixture
async def pictures(connection: Any, method: Method) -> Pictures:
    """A table with rows all over the place, and none near 0 or -1."""
    pictures = Pictures(connection, method)
    hashes = make_set("uniform", 1, SIZE)
    await pictures.create([h for h in hashes if 10 < (h & (1 << 64) - 1).bit_count() < 54])
    await pictures.run("ANALYZE pictures")
    return pictures


@pytest.fixture
async def another(server: Server, pictures: Pictures, empty_database: str) -> AsyncIterator[Open]:
    """Opens connections to the database, which search by the index alone."""
    opened = []

    async def connect() -> Any:
        opened.append(await server.connect(empty_database))
        await take(opened[-1], "index")
        return opened[-1]

    yield connect
    for each in opened:
        await each.close()


@pytest.mark.parametrize("way", ["index", "bitmap", "index only"])
async def test_one_of_two_that_depend_on_each_other_fails(another: Open, way: str) -> None:
    """Each looks whether an area is empty, and puts a row into the other's."""
    query = NEAR.replace("id", "*")
    first, second = [await another() for _ in range(2)]
    for each in (first, second):
        await take(each, way)
        assert "by_hash" in await plan(each, query, 0)
        await each.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
    assert await first.fetchval(query, 0) == 0
    assert await second.fetchval(query, -1) == 0
    failed = 0
    for each, center in ((first, -1), (second, 0)):
        try:
            await each.execute(f"INSERT INTO pictures VALUES (-1, {center})")
            await each.execute("COMMIT")
        except asyncpg.SerializationError:
            failed += 1
            await each.execute("ROLLBACK")
    assert failed == 1
    found = [await first.fetchval(query, center) for center in (0, -1)]
    assert sorted(found) == [0, 1]


async def test_read_committed_sees_each_commit(another: Open) -> None:
    reader, writer = [await another() for _ in range(2)]
    await reader.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
    for expected in range(1, 4):
        await writer.execute("BEGIN; INSERT INTO pictures VALUES (-1, 1)")
        assert await reader.fetchval(NEAR, 0) == expected - 1
        assert await writer.fetchval(NEAR, 0) == expected
        await writer.execute("COMMIT")
        assert await reader.fetchval(NEAR, 0) == expected
    await writer.execute("BEGIN; DELETE FROM pictures WHERE hash = 1")
    assert await reader.fetchval(NEAR, 0) == 3
    assert await writer.fetchval(NEAR, 0) == 0
    await writer.execute("ROLLBACK")
    assert await reader.fetchval(NEAR, 0) == 3


async def test_a_row_that_another_changed_is_looked_at_again(another: Open) -> None:
    """An update waits for another one of the same row, and then follows it, or leaves it be."""
    first, second = [await another() for _ in range(2)]
    await first.execute("INSERT INTO pictures VALUES (-1, 0), (-2, 1)")
    await first.execute(
        "BEGIN; UPDATE pictures SET hash = -1 WHERE id = -1;"
        "UPDATE pictures SET hash = 3 WHERE id = -2"
    )
    update = "UPDATE pictures SET note = 7 WHERE hash <@ (0::bigint, 2)"
    assert "Index Scan" in await plan(second, update)
    waiting = asyncio.create_task(second.execute(update))
    pid = second.get_server_pid()
    blocked = "SELECT cardinality(pg_blocking_pids($1)) > 0 FROM pg_sleep(0.01)"
    while not await first.fetchval(blocked, pid):
        assert not waiting.done()
    await first.execute("COMMIT")
    assert await waiting == "UPDATE 1"
    noted = await first.fetch("SELECT id FROM pictures WHERE note = 7")
    assert [row["id"] for row in noted] == [-2]


@pytest.mark.parametrize("level", ["repeatable_read", "serializable"])
async def test_a_snapshot_stays_as_it_is(another: Open, pictures: Pictures, level: str) -> None:
    reader, writer = [await another() for _ in range(2)]
    before = dict(pictures.rows)
    transaction = reader.transaction(isolation=level, readonly=True)
    await transaction.start()
    assert await reader.fetchval("SELECT count(*) FROM pictures") == len(before)
    for round_ in range(3):
        await writer.execute("UPDATE pictures SET hash = hash # 5 WHERE id % 2 = 0")
        await writer.execute(f"DELETE FROM pictures WHERE id % 7 = {round_}")
        await writer.execute("INSERT INTO pictures SELECT -i, i FROM generate_series(1, 500) AS i")
        await writer.execute("VACUUM pictures")
        await check_answers(reader, pictures.method, before, round_, checked=False, count=3)
    await transaction.rollback()


async def test_writers_at_the_same_place_do_not_wait_for_each_other(
    another: Open, pictures: Pictures
) -> None:
    """Open transactions hold no locks on pages."""
    writers = [await another() for _ in range(6)]
    hashes = make_set("clustered", 5, 200)
    for number, writer in enumerate(writers):
        await writer.execute("BEGIN")
        await writer.executemany(
            "INSERT INTO pictures VALUES ($1, $2)",
            [(10_000 + number * 1000 + place, hash_) for place, hash_ in enumerate(hashes)],
        )
    center = make_queries(6, hashes, 3)[0]
    mine = Truth(dict(enumerate(hashes)))
    for number, writer in enumerate(writers):
        found = await writer.fetch("SELECT id FROM pictures WHERE hash <@ ($1::bigint, 9)", center)
        own = sorted(row["id"] for row in found if row["id"] >= 10_000)
        assert own == [10_000 + number * 1000 + place for place in mine.near(center, 9)]
    for number, writer in enumerate(writers):
        await writer.execute("COMMIT" if number % 2 else "ROLLBACK")
        if number % 2:
            pictures.rows |= dict(enumerate(hashes, 10_000 + number * 1000))
    await pictures.check()
