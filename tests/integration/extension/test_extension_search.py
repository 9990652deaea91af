"""Every way to search with the index finds what looking at each hash finds."""

import random
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import asyncpg
import pytest

from tests.integration.extension.answers import Truth
from tests.integration.extension.hashsets import ALL, distance, make_queries, make_set, signed
from tests.integration.extension.methods import HAMMING, Method

SIZE = 3000
RADII = range(65)

SCANS = {
    "index scan": ("Index Scan", "id", {"enable_bitmapscan"}),
    "bitmap scan": ("Bitmap Index Scan", "id", {"enable_indexscan"}),
    "index-only scan": ("Index Only Scan", "hash", {"enable_bitmapscan"}),
}


async def fill(
    connection: Any, method: Method, hashes: Sequence[int | None], *, first: int = 0
) -> None:
    """A table ``pictures`` with an index, if there is none, and these rows more."""
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS pictures (id int, hash bigint);"
        + method.index(how="IF NOT EXISTS")
    )
    rows = [(first + place, hash_) for place, hash_ in enumerate(hashes)]
    await connection.copy_records_to_table("pictures", records=rows)


async def only_index(connection: Any, *, off: Collection[str] = ()) -> None:
    for setting in {"enable_seqscan", "enable_sort", *off}:
        await connection.execute(f"SET {setting} = off")


async def plan(connection: Any, query: str, *arguments: object) -> str:
    rows = await connection.fetch(f"EXPLAIN (COSTS OFF) {query}", *arguments)
    return "\n".join(row[0] for row in rows)


def make_pairs() -> list[tuple[int, int, int]]:
    """Two hashes of any kind, and a radius."""
    dice = random.Random(13)
    hashes = [hash_ for kind in ALL for hash_ in make_set(kind, seed=14, size=50)]
    return [(dice.choice(hashes), dice.choice(hashes), dice.randint(0, 64)) for _ in range(500)]


@pytest.mark.parametrize("scan", SCANS)
@pytest.mark.parametrize("kind", ALL)
async def test_finds_every_hash_at_every_radius(
    connection: Any, method: Method, kind: str, scan: str
) -> None:
    hashes = make_set(kind, seed=1, size=SIZE)
    await fill(connection, method, hashes)
    await connection.execute("VACUUM ANALYZE pictures")
    node, wanted, off = SCANS[scan]
    await only_index(connection, off=off)
    query = (
        f"SELECT count(*), coalesce(sum({wanted}), 0)::text FROM pictures"
        " WHERE hash <@ ($1::bigint, $2::bigint)"
    )
    assert node in await plan(connection, query, 0, 3)

    truth = Truth(dict(enumerate(hashes)))
    asked = await connection.prepare(query)
    for center in make_queries(2, hashes, 6):
        for radius in RADII:
            rows, ids, _ = truth.sums(center, radius)
            expected = (rows, ids) if wanted == "id" else truth.values(center, radius)
            found, total = await asked.fetchrow(center, radius)
            assert (found, int(total)) == expected


@pytest.mark.parametrize("kind", ALL)
async def test_gives_the_nearest_first(connection: Any, method: Method, kind: str) -> None:
    hashes = make_set(kind, seed=3, size=SIZE)
    await fill(connection, method, hashes)
    await only_index(connection)
    query = "SELECT id, hash <-> $1 AS distance FROM pictures ORDER BY hash <-> $1 LIMIT $2"
    assert "Order By" in await plan(connection, query, 0, 10)

    for center in make_queries(4, hashes, 9):
        in_order = sorted(distance(hash_, center) for hash_ in hashes)
        for limit in (1, 10, SIZE + 1):
            rows = await connection.fetch(query, center, limit)
            assert [row["distance"] for row in rows] == in_order[:limit]
            assert all(distance(hashes[row["id"]], center) == row["distance"] for row in rows)
            assert len({row["id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("kind", ALL)
async def test_orders_within_an_area(connection: Any, method: Method, kind: str) -> None:
    hashes = make_set(kind, seed=5, size=SIZE)
    await fill(connection, method, hashes)
    await only_index(connection)
    query = (
        "SELECT hash <-> $1 AS distance FROM pictures"
        " WHERE hash <@ ($1::bigint, 12)::bktree_area ORDER BY hash <-> $1 LIMIT 20"
    )
    explained = await plan(connection, query, 0)
    assert "Index Cond" in explained
    assert "Order By" in explained
    for center in make_queries(6, hashes, 9):
        near = sorted(d for d in (distance(hash_, center) for hash_ in hashes) if d <= 12)
        assert [row["distance"] for row in await connection.fetch(query, center)] == near[:20]


@pytest.mark.parametrize("kind", ALL)
async def test_finds_equal_hashes(connection: Any, method: Method, kind: str) -> None:
    hashes = make_set(kind, seed=7, size=SIZE)
    await fill(connection, method, hashes)
    await only_index(connection)
    query = "SELECT count(*) FROM pictures WHERE hash = $1"
    assert "by_hash" in await plan(connection, query, 0)
    counted = Counter(hashes)
    for center in make_queries(8, hashes, 30):
        assert await connection.fetchval(query, center) == counted[center]


@pytest.mark.parametrize("kind", ALL)
async def test_follows_inserts_deletes_and_vacuum(
    connection: Any, method: Method, kind: str
) -> None:
    """Also of another kind than the index was built from."""
    rows: dict[int, int | None] = {}
    kinds = [kind, "uniform", "sparse", kind]
    dice = random.Random(9)
    for round_, each in enumerate(kinds):
        new: list[int | None] = list(make_set(each, seed=round_, size=800))
        new += [None] * 20
        await fill(connection, method, new, first=round_ * 1000)
        rows |= {round_ * 1000 + place: hash_ for place, hash_ in enumerate(new)}

        gone = dice.sample(sorted(rows), len(rows) // 3)
        await connection.execute("DELETE FROM pictures WHERE id = ANY ($1::int[])", gone)
        for row in gone:
            del rows[row]
        if round_ % 2:
            await connection.execute("VACUUM pictures")
        await only_index(connection)

        truth = Truth(rows)
        for center in make_queries(round_, truth.hashes, 6):
            for radius in (0, 1, 3, 8, 20, 64):
                found = await connection.fetch(
                    "SELECT id FROM pictures WHERE hash <@ ($1::bigint, $2::bigint)",
                    center,
                    radius,
                )
                assert sorted(row["id"] for row in found) == truth.near(center, radius)
    nulls = await connection.fetchval("SELECT count(*) FROM pictures WHERE hash IS NULL")
    assert nulls == sum(hash_ is None for hash_ in rows.values())


async def test_looks_up_one_table_in_another(connection: Any, method: Method) -> None:
    """A nested loop starts the same scan again and again."""
    hashes = make_set("clustered", seed=10, size=SIZE)
    centers = make_queries(11, hashes, 60)
    await fill(connection, method, hashes)
    await connection.execute("CREATE TABLE asked (place int, center bigint)")
    await connection.copy_records_to_table("asked", records=list(enumerate(centers)))
    await only_index(connection)
    joined = (
        "SELECT place, count(id) FROM asked LEFT JOIN pictures"
        " ON hash <@ (center, 5)::bktree_area GROUP BY place ORDER BY place"
    )
    assert "Index Scan using by_hash" in await plan(connection, joined)
    expected = [sum(distance(h, center) <= 5 for h in hashes) for center in centers]
    assert [row["count"] for row in await connection.fetch(joined)] == expected

    nearest = (
        "SELECT place, distance FROM asked CROSS JOIN LATERAL ("
        " SELECT hash <-> center AS distance FROM pictures ORDER BY hash <-> center LIMIT 3"
        ") AS near ORDER BY place, distance"
    )
    assert "Order By" in await plan(connection, nearest)
    found = [tuple(row) for row in await connection.fetch(nearest)]
    assert found == [
        (place, d)
        for place, center in enumerate(centers)
        for d in sorted(distance(h, center) for h in hashes)[:3]
    ]


async def test_very_many_equal_hashes(connection: Any, method: Method) -> None:
    # SP-GiST takes its time to insert them one by one.
    many = 1_000_000 if method is HAMMING else 200_000
    await connection.execute(
        "CREATE UNLOGGED TABLE pictures (hash bigint);"
        f"INSERT INTO pictures SELECT 42 FROM generate_series(1, {many});"
        f"{method.index()};"
        "INSERT INTO pictures VALUES (43), (42), (-43)"
    )
    await only_index(connection, off={"enable_bitmapscan"})
    near = "SELECT count(*) FROM pictures WHERE hash <@ ($1::bigint, $2::bigint)"
    assert await connection.fetchval(near, 42, 0) == many + 1
    assert await connection.fetchval(near, 43, 1) == many + 2
    assert await connection.fetchval(near, 43, 0) == 1
    assert await connection.fetchval(near, -42, 3) == 1
    # Equal hashes are passed by in one step.
    explained = await connection.fetchval(
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
        "SELECT 1 FROM pictures WHERE hash <@ (-43::bigint, 3)"
    )
    assert '"Shared Hit Blocks": ' in explained
    blocks = explained.split('"Shared Hit Blocks": ')[1]
    assert int(blocks.split(",")[0]) < 20


async def test_any_two_hashes_are_judged_alike(connection: Any) -> None:
    asked = await connection.prepare(
        "SELECT $1::bigint <-> $2, $1::bigint <@ ($2::bigint, $3::bigint),"
        " ($2::bigint, $3::bigint)::bktree_area @> $1::bigint,"
        " int64_to_bitstring($1)::text, bitstring_to_int64(int64_to_bitstring($2))"
    )
    for pair in make_pairs():
        a, b, radius = pair
        near = distance(a, b) <= radius
        digits = f"{a & (1 << 64) - 1:064b}"
        assert tuple(await asked.fetchrow(*pair)) == (distance(a, b), near, near, digits, b)


@pytest.mark.parametrize("radius", [-1, 65, -(1 << 63), (1 << 63) - 1])
async def test_refuses_radii_that_no_hashes_have(
    connection: Any, method: Method, radius: int
) -> None:
    await fill(connection, method, make_set("uniform", seed=12, size=SIZE))
    for setting in ("enable_seqscan", "enable_indexscan"):
        await connection.execute(f"SET {setting} = off")
        with pytest.raises(asyncpg.InvalidParameterValueError, match=f"{radius} is out") as caught:
            await connection.fetch("SELECT 1 FROM pictures WHERE hash <@ (1::bigint, $1)", radius)
        assert "0 to 64" in str(caught.value.hint)


async def test_names_the_character_that_is_no_digit(connection: Any) -> None:
    with pytest.raises(asyncpg.InvalidTextRepresentationError, match='"é" at position 2'):
        await connection.fetchval("SELECT bitstring_to_int64('1é')")


async def test_survives_a_type_that_was_altered(connection: Any, method: Method) -> None:
    await fill(connection, method, [signed(1 << 63), 5])
    await connection.execute("ALTER TYPE bktree_area ALTER ATTRIBUTE distance TYPE smallint")
    with pytest.raises(asyncpg.DatatypeMismatchError, match="two bigint"):
        await connection.fetchval("SELECT 1::bigint <@ (1, 3::smallint)::bktree_area")
