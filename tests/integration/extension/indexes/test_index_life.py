"""What happens to a table happens to its index."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.integration.extension.answers import Truth, check_answers, check_areas, read_rows
from tests.integration.extension.hashsets import make_queries, make_set
from tests.integration.extension.methods import HAMMING, Method
from tests.integration.extension.servers import Server
from tests.integration.extension.tables import Pictures

SIZE = 3000
EVERY_WAY = ("index", "bitmap", "index only")


def mixed(seed: int, size: int = SIZE) -> list[int | None]:
    """Hashes of all kinds, and some NULLs."""
    kinds = ("uniform", "clustered", "repeated", "drawn", "sparse")
    made: list[int | None] = [None] * (size // 20)
    for kind in kinds:
        made += make_set(kind, seed, size // len(kinds))
    return made


@pytest.fixture
def pictures(connection: Any, method: Method) -> Pictures:
    """A table that is yet to be made."""
    return Pictures(connection, method)


async def test_an_empty_index_grows(pictures: Pictures) -> None:
    await pictures.create()
    await pictures.check()
    for seed, size in enumerate((1, 1, 60, 500, 1500, 3000)):
        await pictures.insert(mixed(seed, size) or [7])
        await pictures.check(seed, count=3)


async def test_nothing_but_nulls(pictures: Pictures) -> None:
    await pictures.create([None] * SIZE)
    await pictures.check()
    await pictures.insert([None] * 10)
    await pictures.insert([5, -5])
    await pictures.check()


@pytest.mark.parametrize("kind", ["uniform", "clustered", "all_equal", "sequential", "sparse"])
async def test_an_index_that_was_built_grows(pictures: Pictures, kind: str) -> None:
    await pictures.create(make_set(kind, 1, SIZE))
    for share in (10, 1):
        await pictures.insert(make_set(kind, share, SIZE // share))
        await pictures.check(share)
    await pictures.insert(mixed(3))
    await pictures.check(3)


async def test_rows_one_by_one(pictures: Pictures) -> None:
    await pictures.create(make_set("drawn", 1, SIZE))
    insert = await pictures.connection.prepare("INSERT INTO pictures VALUES ($1, $2)")
    for row, hash_ in enumerate([*make_set("drawn", 2, 600), None, *make_set("all_equal", 3, 600)]):
        await insert.fetch(SIZE + row, hash_)
        pictures.rows[SIZE + row] = hash_
    await pictures.check()


async def test_rows_change(pictures: Pictures) -> None:
    await pictures.create(mixed(1))
    for kind in ("uniform", "clustered", "all_equal"):
        await pictures.update(0.4, kind)
        await pictures.touch(0.5)
        await pictures.check(count=3)
    await pictures.run("VACUUM pictures")
    await pictures.check(ways=EVERY_WAY)
    await pictures.touch(1)
    await pictures.update(1, "sequential")
    await pictures.check()


async def test_rows_go_and_their_place_is_used_again(pictures: Pictures) -> None:
    await pictures.create(mixed(1))
    sizes = []
    for round_ in range(6):
        await pictures.delete(0.5)
        await pictures.check(round_, count=3)
        await pictures.run("VACUUM pictures")
        await pictures.check(round_, ways=EVERY_WAY, count=3)
        await pictures.insert(mixed(round_, SIZE // 2))
        sizes.append(await pictures.connection.fetchval("SELECT pg_relation_size('by_hash')"))
    await pictures.check()
    assert sizes[-1] <= 2 * sizes[1]


async def test_all_rows_go(pictures: Pictures) -> None:
    await pictures.create(mixed(1))
    full = await pictures.connection.fetchval("SELECT pg_relation_size('by_hash')")
    for round_ in range(3):
        await pictures.delete(1)
        await pictures.check(count=3)
        await pictures.run("VACUUM pictures")
        await pictures.check(ways=EVERY_WAY, count=3)
        await pictures.insert(mixed(round_))
        await pictures.check(count=3)
    assert await pictures.connection.fetchval("SELECT pg_relation_size('by_hash')") <= 3 * full


async def test_truncate(pictures: Pictures) -> None:
    await pictures.create(mixed(1))
    await pictures.truncate()
    await pictures.check()
    await pictures.insert(mixed(2))
    await pictures.check()

    kept = dict(pictures.rows)
    transaction = pictures.connection.transaction()
    await transaction.start()
    await pictures.truncate()
    await pictures.insert(mixed(3))
    await pictures.check()
    await transaction.rollback()
    pictures.rows = kept
    await pictures.check()


@pytest.mark.parametrize("concurrently", ["", "CONCURRENTLY"])
async def test_an_index_is_built_anew(pictures: Pictures, concurrently: str) -> None:
    await pictures.create(mixed(1), how=concurrently)
    await pictures.insert(mixed(2))
    await pictures.update(0.3, "clustered")
    await pictures.delete(0.3)
    for target in ("INDEX by_hash", "TABLE pictures"):
        kind, name = target.split()
        await pictures.run(f"REINDEX {kind} {concurrently} {name}")
        await pictures.check()
        await pictures.insert(mixed(4))
        await pictures.check()
    await pictures.run("DROP INDEX by_hash")
    await pictures.run(pictures.method.index(how=concurrently))
    await pictures.check()


async def test_rewritten_tables(pictures: Pictures) -> None:
    await pictures.create(mixed(1))
    await pictures.run("CREATE UNIQUE INDEX by_id ON pictures (id)")
    await pictures.delete(0.5)
    await pictures.run("VACUUM FULL pictures")
    await pictures.check()
    await pictures.run("CLUSTER pictures USING by_id")
    await pictures.check()
    await pictures.run("ALTER TABLE pictures ALTER id TYPE bigint, ADD extra text DEFAULT now()")
    await pictures.check()


@pytest.mark.parametrize("kind", ["UNLOGGED", "TEMPORARY"])
async def test_tables_that_are_not_kept(pictures: Pictures, kind: str) -> None:
    await pictures.create(mixed(1), kind=kind)
    await pictures.check()
    await pictures.insert(mixed(2))
    await pictures.delete(0.5)
    await pictures.run("VACUUM pictures")
    await pictures.check(ways=EVERY_WAY)
    await pictures.truncate()
    await pictures.insert(mixed(3))
    await pictures.check()


async def test_a_table_becomes_one_that_is_kept(pictures: Pictures) -> None:
    await pictures.create(mixed(1), kind="UNLOGGED")
    for change in ("LOGGED", "UNLOGGED"):
        await pictures.run(f"ALTER TABLE pictures SET {change}")
        await pictures.insert(mixed(2))
        await pictures.check()


# SP-GiST remembers pages of before, and fails: "could not read blocks".
@pytest.mark.parametrize("method", [HAMMING], ids=["hamming"])
async def test_temporary_rows_end_with_their_transaction(connection: Any, method: Method) -> None:
    await connection.execute(
        "CREATE TEMPORARY TABLE pictures (id int, hash bigint) ON COMMIT DELETE ROWS;"
        + method.index()
    )
    for round_ in range(3):
        async with connection.transaction():
            rows = dict(enumerate(mixed(round_)))
            await connection.copy_records_to_table("pictures", records=list(rows.items()))
            await check_answers(connection, method, rows, 1, ways=("index",), count=3)
        await check_answers(connection, method, {}, 1, ways=("index",), count=3)


async def test_partial_indexes(pictures: Pictures) -> None:
    """Rows come into such an index, and leave it, by what else changes about them."""
    await pictures.create(mixed(1), rest="WHERE note > 0")
    connection = pictures.connection
    await connection.execute("CREATE VIEW noted AS SELECT * FROM pictures WHERE note > 0")

    async def check() -> None:
        noted = await read_rows(connection, "noted")
        await check_answers(connection, pictures.method, noted, 1, table="noted", ways=("index",))

    await check()
    for share in (0.3, 0.3):
        await pictures.touch(share)
        await check()
    await pictures.run("UPDATE pictures SET note = 0 WHERE id % 3 = 0; ")
    await check()
    await pictures.run("VACUUM pictures")
    await check()
    await pictures.run("REINDEX INDEX by_hash")
    await check()


async def test_expression_indexes(connection: Any, method: Method) -> None:
    await connection.execute(
        "CREATE TABLE stored (id int, digits text);"
        "CREATE VIEW pictures AS SELECT id, nullif(digits, '')::bigint AS hash FROM stored;"
        + method.index("stored", on="(nullif(digits, '')::bigint)")
    )
    for round_ in range(2):
        rows = {2 * SIZE * round_ + place: hash_ for place, hash_ in enumerate(mixed(round_))}
        await connection.copy_records_to_table(
            "stored", records=[(i, "" if h is None else str(h)) for i, h in rows.items()]
        )
        await check_answers(
            connection, method, await read_rows(connection), 1, ways=("index", "bitmap")
        )
    with pytest.raises(asyncpg.InvalidTextRepresentationError):
        await connection.execute("INSERT INTO stored VALUES (0, 'no digits')")


async def test_tablespaces(
    pictures: Pictures, short_folders: Callable[[], Path], empty_database: str
) -> None:
    folder = short_folders()
    data = await pictures.connection.fetchval("SHOW data_directory")
    owner = await asyncio.to_thread(Path(data).stat)
    os.chown(folder, owner.st_uid, owner.st_gid)
    space = f"space_{empty_database}"
    await pictures.run(f"CREATE TABLESPACE {space} LOCATION '{folder}'")
    await pictures.create(mixed(1), rest=f"TABLESPACE {space}")
    await pictures.check()
    await pictures.run("ALTER INDEX by_hash SET TABLESPACE pg_default")
    await pictures.insert(mixed(2))
    await pictures.check()
    await pictures.run(f"ALTER INDEX by_hash SET TABLESPACE {space}")
    await pictures.check()
    await pictures.run("DROP TABLE pictures")
    await pictures.run(f"DROP TABLESPACE {space}")


async def test_partitioned_tables(connection: Any, method: Method) -> None:
    await connection.execute(
        "CREATE TABLE pictures (id int, hash bigint) PARTITION BY HASH (id);"
        "CREATE TABLE first PARTITION OF pictures FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
        "CREATE TABLE second PARTITION OF pictures FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
        + method.index()
    )
    rows = dict(enumerate(mixed(1)))
    await connection.copy_records_to_table("pictures", records=list(rows.items()))
    await connection.execute("VACUUM pictures")
    for table in ("first", "second"):
        part = await read_rows(connection, table)
        assert 0 < len(part) < len(rows)
        await check_answers(
            connection, method, part, 1, table=table, index=f"{table}_hash_idx", ways=EVERY_WAY
        )
    await check_answers(
        connection, method, rows, 1, index="first_hash_idx", ways=("bitmap",), checked=False
    )


async def test_what_is_undone_was_never_there(pictures: Pictures) -> None:
    await pictures.create(mixed(1))
    connection = pictures.connection
    kept = dict(pictures.rows)
    transaction = connection.transaction()
    await transaction.start()
    await pictures.insert(mixed(2))
    await pictures.check(count=3)
    inserted = dict(pictures.rows)

    savepoint = connection.transaction()
    await savepoint.start()
    await pictures.update(0.5, "sequential")
    await pictures.delete(0.5)
    await pictures.insert(mixed(3))
    await pictures.check(count=3)
    await savepoint.rollback()
    pictures.rows = inserted
    await pictures.check(count=3)

    await transaction.rollback()
    pictures.rows = kept
    await pictures.check(count=3)
    await pictures.run("VACUUM pictures")
    await pictures.check(ways=EVERY_WAY)


async def test_an_index_built_and_undone(pictures: Pictures) -> None:
    await pictures.create(mixed(1))
    kept = dict(pictures.rows)
    transaction = pictures.connection.transaction()
    await transaction.start()
    await pictures.run("DROP INDEX by_hash")
    await pictures.run(pictures.method.index())
    await pictures.insert(mixed(2))
    await pictures.check()
    await transaction.rollback()
    pictures.rows = kept
    await pictures.check()


async def test_old_snapshots_see_old_rows(
    pictures: Pictures, server: Server, empty_database: str
) -> None:
    """While another connection still sees what was deleted and changed, its index does too."""
    await pictures.create(mixed(1))
    other = await server.connect(empty_database)
    before = dict(pictures.rows)
    transaction = other.transaction(isolation="repeatable_read")
    await transaction.start()
    await other.execute("SELECT 1 FROM pictures LIMIT 1")
    for kind in ("uniform", "all_equal"):
        await pictures.update(0.5, kind)
        await pictures.delete(0.3)
        await pictures.insert(mixed(5, 1000))
        await pictures.run("VACUUM pictures")
    await check_answers(other, pictures.method, before, 1, checked=False)
    await pictures.check(ways=EVERY_WAY)
    # One that is built now may lack what only old snapshots see, and is not for those.
    await pictures.run(pictures.method.index(name="newer"))
    await check_answers(other, pictures.method, before, 1, checked=False)
    await transaction.rollback()
    await other.close()
    await pictures.run("DROP INDEX by_hash; ALTER INDEX newer RENAME TO by_hash")
    await pictures.check(ways=EVERY_WAY)
    await pictures.run("VACUUM pictures")
    await pictures.check(ways=EVERY_WAY)


async def test_a_build_that_must_spill(connection: Any, method: Method) -> None:
    size = 300_000 if method.name == "hamming" else 30_000
    await connection.execute(
        "CREATE UNLOGGED TABLE pictures AS SELECT i AS id,"
        " CASE i % 4 WHEN 0 THEN 42 WHEN 1 THEN i"
        " WHEN 2 THEN hashint8extended(i, 1) & 65535 ELSE hashint8extended(i, 2) END AS hash"
        f" FROM generate_series(1, {size}) AS i"
    )
    truth = Truth(await read_rows(connection))
    centers = [42, 43, *make_queries(1, truth.hashes, 3)]
    # 64 kB, but a megabyte before PostgreSQL 17.
    least = await connection.fetchval(
        "SELECT min_val || 'kB' FROM pg_settings WHERE name = 'maintenance_work_mem'"
    )
    for memory in (least, "2MB", "64MB"):
        await connection.execute(
            f"SET maintenance_work_mem = '{memory}'; DROP INDEX IF EXISTS by_hash;" + method.index()
        )
        await check_areas(connection, truth, "index", centers, (0, 3, 12, 64))
        if method is HAMMING:
            assert await connection.fetchval("SELECT hamming_index_check('by_hash')") == size


async def test_fillfactor(pictures: Pictures) -> None:
    if pictures.method.name == "hamming":
        with pytest.raises(asyncpg.InvalidParameterValueError):
            await pictures.create(rest="WITH (fillfactor = 49)")
        await pictures.run("DROP TABLE pictures")
    await pictures.create(make_set("uniform", 1, SIZE), rest="WITH (fillfactor = 100)")
    full = await pictures.connection.fetchval("SELECT pg_relation_size('by_hash')")
    await pictures.check()
    await pictures.run("ALTER INDEX by_hash SET (fillfactor = 50); REINDEX INDEX by_hash")
    await pictures.check()
    assert await pictures.connection.fetchval("SELECT pg_relation_size('by_hash')") > full
    await pictures.insert(make_set("uniform", 2, SIZE // 2))
    await pictures.check()
