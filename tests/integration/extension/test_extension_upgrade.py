"""A database of version 1.0 goes on working, before and after it is updated."""

import random
from typing import Any

import asyncpg
import pytest

from tests.integration.extension.answers import Truth
from tests.integration.extension.hashsets import ALL, make_queries, make_set
from tests.integration.extension.servers import Server

SIZE = 4000

# Those of the library of 2.0, as if it had been put in the place of 1.0's.
NEW_LIBRARY = (
    "CREATE OR REPLACE FUNCTION bktree_picksplit(internal, internal) RETURNS void"
    " AS '$libdir/bktree' LANGUAGE C IMMUTABLE STRICT"
)

DESCRIBED = {
    "members": """
        SELECT pg_describe_object(classid, objid, 0) FROM pg_depend
        JOIN pg_extension AS e ON refclassid = 'pg_extension'::regclass AND refobjid = e.oid
        WHERE extname = 'bktree' AND deptype = 'e' ORDER BY 1""",
    "functions": """
        SELECT oid::regprocedure::text, prorettype::regtype::text, proparallel::text,
            provolatile::text, proisstrict, procost, prosrc
        FROM pg_proc WHERE probin LIKE '%bktree%' ORDER BY 1""",
    "operators": """
        SELECT oid::regoperator::text, oprcom::regoperator::text, oprcode::text,
            oprrest::text, oprjoin::text
        FROM pg_operator WHERE oprcode::text LIKE 'bktree%' ORDER BY 1""",
    "family": """
        SELECT amopstrategy, amopopr::regoperator::text, amoppurpose::text,
            amopsortfamily::regclass::text
        FROM pg_amop JOIN pg_opfamily AS f ON f.oid = amopfamily
        WHERE opfname IN ('bktree_ops', 'hamming_ops') ORDER BY opfname, 1, 2""",
}


async def described(connection: Any) -> dict[str, list[tuple[Any, ...]]]:
    return {
        what: [tuple(row) for row in await connection.fetch(query)]
        for what, query in DESCRIBED.items()
    }


async def check(connection: Any, rows: dict[int, int], seed: int, *, ordered: bool) -> None:
    """Compare answers of the index with what looking at each hash gives."""
    truth = Truth(rows)
    for center in make_queries(seed, truth.hashes, 9):
        for radius in (0, 1, 3, 6, 12, 30, 64):
            found = await connection.fetchrow(
                "SELECT count(*), coalesce(sum(id), 0)::bigint,"
                " coalesce(sum(id::bigint * id), 0)::bigint"
                " FROM pictures WHERE hash <@ ($1::bigint, $2::bigint)",
                center,
                radius,
            )
            assert tuple(found) == truth.sums(center, radius)
        if ordered:
            nearest = await connection.fetch(
                "SELECT hash <-> $1 AS d FROM pictures ORDER BY hash <-> $1 LIMIT 50", center
            )
            assert [row["d"] for row in nearest] == truth.nearest(center)[:50]


async def add(connection: Any, rows: dict[int, int], hashes: list[int]) -> None:
    first = max(rows, default=-1) + 1
    new = list(enumerate(hashes, first))
    await connection.copy_records_to_table("pictures", records=new)
    rows.update(new)


async def remove(connection: Any, rows: dict[int, int], seed: int) -> None:
    gone = random.Random(seed).sample(sorted(rows), len(rows) // 3)
    await connection.execute("DELETE FROM pictures WHERE id = ANY ($1::int[])", gone)
    await connection.execute("VACUUM pictures")
    for row in gone:
        del rows[row]


@pytest.mark.parametrize("kind", ALL)
async def test_an_index_of_1_0_keeps_answering(
    bare: Any, server: Server, empty_database: str, kind: str
) -> None:
    rows: dict[int, int] = {}
    await bare.execute(
        "CREATE EXTENSION bktree VERSION '1.0';"
        "CREATE TABLE pictures (id int, hash bigint);"
        "CREATE INDEX by_hash ON pictures USING spgist (hash bktree_ops)"
    )
    await add(bare, rows, make_set(kind, seed=1, size=SIZE))
    await add(bare, rows, make_set("uniform", seed=2, size=SIZE))
    await bare.execute("SET enable_seqscan = off; SET enable_sort = off")
    await check(bare, rows, 3, ordered=False)

    # The new library under the old objects: what an upgrade of the package leaves behind.
    await bare.execute(NEW_LIBRARY)
    await check(bare, rows, 4, ordered=False)
    await add(bare, rows, make_set(kind, seed=5, size=SIZE // 4))

    await bare.execute("ALTER EXTENSION bktree UPDATE")
    await check(bare, rows, 6, ordered=True)
    explained = await bare.fetch("EXPLAIN SELECT hash FROM pictures ORDER BY hash <-> 1")
    assert any("Order By" in row[0] for row in explained)

    # Inner tuples of both versions, in one tree.
    await add(bare, rows, make_set(kind, seed=7, size=SIZE))
    await remove(bare, rows, 8)
    await add(bare, rows, make_set("sparse", seed=9, size=SIZE // 2))
    another = await server.connect(empty_database)
    await another.execute("SET enable_seqscan = off; SET enable_sort = off")
    await check(another, rows, 10, ordered=True)
    await another.execute("REINDEX INDEX by_hash")
    await check(another, rows, 11, ordered=True)
    await another.close()


@pytest.mark.parametrize("version", ["2.0", "2.1"])
async def test_the_update_makes_what_a_fresh_one_has(bare: Any, version: str) -> None:
    await bare.execute(f"CREATE EXTENSION bktree VERSION '{version}'")
    fresh = await described(bare)
    await bare.execute("DROP EXTENSION bktree; CREATE EXTENSION bktree VERSION '1.0'")
    await bare.execute(NEW_LIBRARY)
    assert await described(bare) != fresh
    await bare.execute(f"ALTER EXTENSION bktree UPDATE TO '{version}'")
    assert await described(bare) == fresh
    classes = "SELECT bool_and(amvalidate(oid)) FROM pg_opclass WHERE opcname = ANY ($1)"
    assert await bare.fetchval(classes, ["bktree_ops", "hamming_ops"])


async def test_views_live_through_the_update(bare: Any) -> None:
    await bare.execute(
        "CREATE SCHEMA tools; CREATE EXTENSION bktree VERSION '1.0' SCHEMA tools;"
        "SET search_path = public, tools;"
        "CREATE TABLE pictures (hash bigint);"
        "INSERT INTO pictures VALUES (1), (2), (3);"
        "CREATE VIEW near AS SELECT hash <-> 1 AS d FROM pictures WHERE hash <@ (1, 1);"
        "CREATE VIEW same AS SELECT * FROM pictures WHERE hash OPERATOR(tools.=) 2"
    )
    notices: list[str] = []
    bare.add_log_listener(lambda _, message: notices.append(str(message)))
    await bare.execute("ALTER EXTENSION bktree UPDATE")
    assert sorted(row["d"] for row in await bare.fetch("SELECT d FROM near")) == [0, 1]
    assert [row["hash"] for row in await bare.fetch("SELECT * FROM same")] == [2]
    assert any("keeping operator tools.=" in notice for notice in notices)


async def test_any_who_may_create_in_a_database_may_create_the_extension(
    bare: Any, server: Server, empty_database: str
) -> None:
    await bare.execute(
        "DROP ROLE IF EXISTS ordinary; CREATE ROLE ordinary;"
        f"GRANT CREATE ON DATABASE {empty_database} TO ordinary;"
        "GRANT ALL ON SCHEMA public TO ordinary; SET ROLE ordinary"
    )
    await bare.execute("CREATE EXTENSION bktree VERSION '1.0'; ALTER EXTENSION bktree UPDATE")
    assert await bare.fetchval("SELECT 1::bigint <@ (1, 0)")
    await bare.execute("ALTER EXTENSION bktree SET SCHEMA public; DROP EXTENSION bktree")
    await bare.execute(
        f"RESET ROLE; REVOKE ALL ON DATABASE {empty_database} FROM ordinary;"
        "DROP OWNED BY ordinary; DROP ROLE ordinary"
    )


async def test_a_tuple_of_unknown_form_is_an_error(connection: Any) -> None:
    await connection.execute(
        "CREATE OR REPLACE FUNCTION bktree_picksplit(internal, internal) RETURNS void"
        " AS '$libdir/bktree_legacy', 'unheard_of_picksplit' LANGUAGE C IMMUTABLE STRICT;"
        "CREATE TABLE pictures (hash bigint);"
        "CREATE INDEX by_hash ON pictures USING spgist (hash bktree_ops);"
        "SET enable_seqscan = off"
    )
    # What is split once is kept, and the next row meets it.
    rows = [(hash_,) for hash_ in make_set("uniform", seed=12, size=SIZE)]
    with pytest.raises(asyncpg.IndexCorruptedError, match="unknown form"):
        await connection.executemany("INSERT INTO pictures VALUES ($1)", rows)
    with pytest.raises(asyncpg.IndexCorruptedError) as caught:
        await connection.fetch("SELECT * FROM pictures WHERE hash <@ (1, 3)")
    assert "REINDEX" in str(caught.value.hint)
