"""What rarely happens, and so is found broken last."""

import asyncio
import json
from typing import Any

import pytest

from tests.integration.extension.answers import Truth, check_answers, check_areas, plan, take
from tests.integration.extension.hashsets import make_queries, make_set
from tests.integration.extension.methods import HAMMING, SPGIST, Method
from tests.integration.extension.servers import Server
from tests.integration.extension.tables import Pictures

SIZE = 4000


async def test_other_connections_notice_another_file(
    connection: Any, method: Method, server: Server, empty_database: str
) -> None:
    """What a connection remembers of an index is forgotten when another one replaces it."""
    other = await server.connect(empty_database)
    pictures = Pictures(connection, method)
    await pictures.create(make_set("clustered", 1, SIZE))
    for statement in (
        "REINDEX INDEX by_hash",
        "REINDEX INDEX CONCURRENTLY by_hash",
        "VACUUM FULL pictures",
        "TRUNCATE pictures",
        "ALTER TABLE pictures SET UNLOGGED",
        f"DROP INDEX by_hash; {method.index()}",
    ):
        await check_answers(other, method, pictures.rows, 1, count=3)
        await pictures.run(statement)
        if statement.startswith("TRUNCATE"):
            pictures.rows.clear()
        await pictures.insert(make_set("drawn", len(statement), SIZE // 4))
    await check_answers(other, method, pictures.rows, 1, count=3)
    await other.close()


async def test_several_indexes_are_vacuumed_at_once(connection: Any, method: Method) -> None:
    pictures = Pictures(connection, method)
    await pictures.create([*make_set("clustered", 1, SIZE), *[None] * 50])
    for name in ("second", "third"):
        await pictures.run(method.index(name=name))
    await pictures.run("SET min_parallel_index_scan_size = 0")
    for _ in range(2):
        await pictures.delete(0.4)
        await pictures.run("VACUUM (PARALLEL 2) pictures")
        for name in ("second", "by_hash", "third"):
            # The planner takes whichever was made last.
            await check_answers(connection, method, pictures.rows, 1, index=name, count=3)
        await pictures.insert(make_set("uniform", 2, SIZE // 2))


async def test_a_bitmap_without_room_forgets_rows_and_asks_the_table(
    connection: Any, method: Method
) -> None:
    hashes = make_set("clustered", 1, SIZE)
    await connection.execute(
        "CREATE TABLE pictures (id int, hash bigint, filling text);"
        "ALTER TABLE pictures ALTER filling SET STORAGE PLAIN"
    )
    rows = list(enumerate(hashes))
    await connection.copy_records_to_table(
        "pictures", records=[(row, hash_, "-" * 3000) for row, hash_ in rows]
    )
    await connection.execute(method.index())
    await connection.execute("SET work_mem = '64kB'")
    truth = Truth(dict(rows))
    centers = make_queries(2, hashes, 6)
    await check_areas(connection, truth, "bitmap", centers)
    explained = await connection.fetchval(
        "EXPLAIN (ANALYZE, FORMAT JSON) SELECT id FROM pictures WHERE hash <@ (0, 64)"
    )
    assert json.loads(explained)[0]["Plan"]["Lossy Heap Blocks"] > 0


async def test_parameters_that_are_null(connection: Any, method: Method) -> None:
    """They come to be known only when the scan begins."""
    pictures = Pictures(connection, method)
    hashes = make_set("uniform", 1, SIZE)
    await pictures.create([*hashes, *[None] * 10])
    first, second = "(SELECT $1::bigint)", "(SELECT $2::bigint)"
    near = f"SELECT id FROM pictures WHERE hash <@ ({first}, {second})::bktree_area"
    whole = "SELECT id FROM pictures WHERE hash <@ (SELECT $1::bktree_area)"
    equal = f"SELECT id FROM pictures WHERE hash = {first}"
    ordered = f"SELECT id FROM pictures ORDER BY hash <-> {first}"
    both = f"SELECT id FROM pictures ORDER BY hash <-> {first}, hash <-> {second} LIMIT 100"
    for way in ("index", "bitmap"):
        await take(connection, way)
        for query, arguments in (
            (near, (None, 64)),
            (near, (1, None)),
            (near, (None, None)),
            (whole, (None,)),
            (equal, (None,)),
        ):
            assert "by_hash" in await plan(connection, query, *arguments)
            assert await connection.fetch(query, *arguments) == []
        assert len(await connection.fetch(near, hashes[0], 64)) == SIZE
    await take(connection, "index")
    assert "Order By" in await plan(connection, ordered, None)
    found = await connection.fetch(ordered, None)
    assert sorted(row["id"] for row in found) == list(range(SIZE + 10))
    # An unknown distance says nothing, and then the next one counts.
    found = await connection.fetch(both, None, hashes[0])
    distances = [((pictures.rows[row["id"]] or 0) ^ hashes[0]) & (1 << 64) - 1 for row in found]
    assert [d.bit_count() for d in distances] == Truth(pictures.rows).nearest(hashes[0])[:100]


@pytest.mark.parametrize("method", [HAMMING], ids=["hamming"])
async def test_a_database_of_2_0_gets_the_access_method(bare: Any, method: Method) -> None:
    await bare.execute("CREATE EXTENSION bktree VERSION '2.0'")
    assert not await bare.fetchval("SELECT count(*) FROM pg_am WHERE amname = 'hamming'")
    pictures = Pictures(bare, SPGIST)
    await pictures.create(make_set("drawn", 1, SIZE))
    await pictures.run("ALTER EXTENSION bktree UPDATE")
    await pictures.check(count=3)
    await pictures.run(f"DROP INDEX by_hash; {method.index()}")
    await check_answers(bare, method, pictures.rows, 1)
    await pictures.run("DROP EXTENSION bktree CASCADE")
    assert not await bare.fetchval("SELECT count(*) FROM pg_am WHERE amname = 'hamming'")
    assert not await bare.fetchval("SELECT to_regclass('by_hash')")


# SP-GiST counts no steps of its own.
@pytest.mark.parametrize("method", [HAMMING], ids=["hamming"])
async def test_progress_is_told(
    connection: Any, method: Method, server: Server, empty_database: str
) -> None:
    """While an index is built, another connection sees how far it has come."""
    other = await server.connect(empty_database)
    await connection.execute(
        "CREATE TABLE pictures AS SELECT i AS id, hashint8extended(i, 1) AS hash"
        " FROM generate_series(1, 400000) AS i"
    )
    building = asyncio.create_task(connection.execute(method.index()))
    phases = set()
    while not building.done():
        row = await other.fetchrow(
            "SELECT phase, tuples_done, tuples_total FROM pg_stat_progress_create_index"
        )
        if row is not None:
            phases.add(row["phase"])
            assert row["tuples_done"] <= max(row["tuples_total"], 400_000)
    await building
    assert any(phase.startswith("building index: ") for phase in phases), phases
    await other.close()
