"""Scans that go on while others change the table."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from tests.integration.extension.answers import WAYS, Truth, plan, take
from tests.integration.extension.hashsets import make_queries, make_set
from tests.integration.extension.methods import HAMMING, Method
from tests.integration.extension.servers import Server
from tests.integration.extension.tables import Pictures

SIZE = 4000


@pytest.fixture
async def other(
    server: Server, connection: Any, empty_database: str, method: Method
) -> AsyncIterator[Pictures]:
    """The table of another connection to the same database; it is vacuumed by no one else."""
    opened = await server.connect(empty_database)
    pictures = Pictures(opened, method)
    await pictures.create([*make_set("clustered", 1, SIZE), *make_set("repeated", 2, SIZE)])
    # It is not asked for five seconds whether the table may be shortened: a cursor forbids that.
    await pictures.run("ALTER TABLE pictures SET (autovacuum_enabled = off, vacuum_truncate = off)")
    await pictures.run("VACUUM ANALYZE pictures")
    yield pictures
    await opened.close()


async def disturb(pictures: Pictures, seed: int) -> None:
    """Change the table so that pages of its index are split, emptied and used again."""
    await pictures.insert([*make_set("clustered", 1, 300), *make_set("uniform", seed, 300)])
    await pictures.delete(0.2)
    await pictures.update(0.1, "clustered")


@pytest.mark.parametrize("way", ["index", "bitmap", "index only"])
async def test_a_cursor_gives_each_row_of_its_snapshot_once(
    connection: Any, other: Pictures, way: str
) -> None:
    before = Truth(dict(other.rows))
    center = make_queries(3, before.hashes, 1)[0]
    await take(connection, way)
    what = "hash" if way == "index only" else "id"
    query = f"SELECT {what} FROM pictures WHERE hash <@ ({center}, 40)"
    assert WAYS[way][0] in await plan(connection, query)
    async with connection.transaction():
        cursor = await connection.cursor(query)
        found = []
        while rows := await cursor.fetch(977):
            found += [row[what] for row in rows]
            await disturb(other, len(found))
            if way != "index only":
                # That one would wait for the cursor.
                await other.run("VACUUM pictures")
    near = before.near(center, 40)
    assert len(near) > 3 * 977
    expected = [before.rows[row] for row in near] if way == "index only" else near
    assert Counter(found) == Counter(expected)
    await other.run("VACUUM pictures")
    await other.check()


async def test_an_ordered_cursor_gives_the_rows_of_its_snapshot_in_order(
    connection: Any, other: Pictures
) -> None:
    before = Truth(dict(other.rows))
    center = make_queries(4, before.hashes, 1)[0]
    await take(connection, "index")
    query = f"SELECT id, hash <-> {center} AS distance FROM pictures ORDER BY hash <-> {center}"
    assert "Order By" in await plan(connection, query)
    async with connection.transaction():
        cursor = await connection.cursor(query)
        found = []
        # A few at first, which a search finds nearby.
        for count in (1, 2, 50, 500, *[1500] * 10):
            found += await cursor.fetch(count)
            await disturb(other, len(found))
            await other.run("VACUUM pictures")
    assert [row["distance"] for row in found] == before.nearest(center)
    assert Counter(row["id"] for row in found) == Counter(list(before.rows))
    await other.check()


@pytest.mark.parametrize("method", [HAMMING], ids=["hamming"])
async def test_summary_pages_may_be_split_before_a_cursor_comes_to_them(
    connection: Any, other: Pictures
) -> None:
    await other.insert(make_set("uniform", 7, 40_000))
    await other.run("REINDEX INDEX by_hash")
    before = Truth(dict(other.rows))
    summaries = "SELECT summary_pages FROM hamming_index_stats('by_hash')"
    built = await connection.fetchval(summaries)
    assert built >= 3
    await take(connection, "index")
    async with connection.transaction():
        cursor = await connection.cursor("SELECT id FROM pictures WHERE hash <@ (0, 64)")
        nearest = await connection.cursor("SELECT id FROM pictures ORDER BY hash <-> 0")
        found = [await each.fetch(3) for each in (cursor, nearest)]
        for seed in range(2):
            await other.insert(make_set("uniform", seed, 15_000))
            # Pages to the right of pages to the right, and others emptied.
            await other.delete(0.3)
            await other.run("VACUUM pictures")
        assert await connection.fetchval(summaries) >= 2 * built - 1
        found = [
            rows + await each.fetch(10**6)
            for rows, each in zip(found, (cursor, nearest), strict=True)
        ]
    assert Counter(row["id"] for row in found[0]) == Counter(before.ids)
    assert Counter(row["id"] for row in found[1]) == Counter(list(before.rows))
    await other.check(count=3)


# Of SP-GiST's scans vacuum does not keep out of the way.
@pytest.mark.parametrize("method", [HAMMING], ids=["hamming"])
async def test_an_index_only_scan_never_gives_a_row_that_was_deleted_before(
    connection: Any, other: Pictures
) -> None:
    await other.delete(0.5)
    await take(connection, "index only")
    query = "SELECT hash FROM pictures WHERE hash <@ (0, 64)"
    assert "Index Only Scan" in await plan(connection, query)
    expected = Counter(other.rows.values())
    async with connection.transaction():
        cursor = await connection.cursor(query)
        found = [row["hash"] for row in await cursor.fetch(10)]
        vacuum = asyncio.create_task(other.run("VACUUM pictures"))
        # It can't be done before the cursor; more than time to show that it is.
        done, _ = await asyncio.wait([vacuum], timeout=0.7)
        assert not done
        found += [row["hash"] for row in await cursor.fetch(2 * SIZE)]
    await vacuum
    assert Counter(found) == expected
    await other.check(ways=("index only",))


@pytest.mark.parametrize("method", [HAMMING], ids=["hamming"])
async def test_vacuum_that_was_interrupted_still_waits_for_old_scans(
    connection: Any, other: Pictures, server: Server, empty_database: str
) -> None:
    await other.delete(0.5)
    expected = Counter(other.rows.values())
    await take(connection, "index only")
    async with connection.transaction():
        cursor = await connection.cursor("SELECT hash FROM pictures WHERE hash <@ (0, 64)")
        found = [row["hash"] for row in await cursor.fetch(10)]
        # In the first one's time new scans turn to where the next would not look.
        for _ in range(2):
            await other.run("SET statement_timeout = '400ms'")
            with pytest.raises(asyncpg.QueryCanceledError):
                await other.run("VACUUM pictures")
        await other.run("RESET statement_timeout")
        found += [row["hash"] for row in await cursor.fetch(2 * SIZE)]
    assert Counter(found) == expected
    await other.run("VACUUM pictures")
    await other.check(ways=("index only",))


async def test_dead_rows_are_not_taken_for_those_in_their_place(
    connection: Any, server: Server, empty_database: str, method: Method
) -> None:
    """A scan may remember dead rows; meanwhile others can have come to where those were."""
    other = await server.connect(empty_database)
    await connection.execute(
        "CREATE TABLE pictures (id int, hash bigint) WITH (autovacuum_enabled = off);"
        "INSERT INTO pictures SELECT i, 42 FROM generate_series(1, 2000) AS i;"
        f"{method.index()};"
        "DELETE FROM pictures WHERE id <= 1999"
    )
    await take(connection, "index")
    transaction = connection.transaction()
    await transaction.start()
    near = "SELECT id FROM pictures WHERE hash <@ (42::bigint, 0)::bktree_area"
    assert "Index Scan" in await plan(connection, near)
    cursor = await connection.cursor(near)
    assert [row["id"] for row in await cursor.fetch(1)] == [2000]
    await other.execute("VACUUM pictures")
    await other.execute("INSERT INTO pictures SELECT i, 42 FROM generate_series(2001, 3999) AS i")
    assert await cursor.fetch(1) == []
    await transaction.rollback()
    assert len(await connection.fetch(near)) == 2000
    await other.close()
