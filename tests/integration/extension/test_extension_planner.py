"""The planner takes the index where that pays, and guesses rows sensibly."""

import json
import random
from typing import Any

import pytest

from tests.integration.extension.hashsets import distance, make_set, signed
from tests.integration.extension.methods import Method

ROWS = 100_000
CLUSTER = 0x0F0F_33CC_55AA_9966


@pytest.fixture
async def pictures(connection: Any, method: Method) -> list[int]:
    """A table of 100,000: mostly any hashes, a tenth near one center, a tenth all equal."""
    dice = random.Random(1)
    near = [CLUSTER ^ sum(1 << b for b in dice.sample(range(64), 4)) for _ in range(ROWS // 10)]
    hashes = [*map(signed, near), *[77] * (ROWS // 10)]
    hashes += make_set("uniform", seed=2, size=ROWS - len(hashes))
    dice.shuffle(hashes)
    await connection.execute("CREATE TABLE pictures (id int, hash bigint)")
    await connection.copy_records_to_table("pictures", records=list(enumerate(hashes)))
    await connection.execute(
        f"{method.index()};"
        "SET max_parallel_workers_per_gather = 0; SET jit = off; SET random_page_cost = 4"
    )
    await connection.execute("VACUUM ANALYZE pictures")
    return hashes


async def explain(connection: Any, query: str, *arguments: object) -> dict[str, Any]:
    found = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {query}", *arguments)
    plan: dict[str, Any] = json.loads(found)[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> set[str]:
    return {plan["Node Type"]}.union(*(nodes(child) for child in plan.get("Plans", [])))


async def test_small_radii_use_the_index_and_64_does_not(
    connection: Any, pictures: list[int]
) -> None:
    query = "SELECT id FROM pictures WHERE hash <@ ($1::bigint, $2::bigint)::bktree_area"
    uniform = make_set("uniform", seed=2, size=1)[0]
    for radius in (0, 1, 3, 6, 8, 12):
        found = nodes(await explain(connection, query, uniform, radius))
        assert found <= {"Index Scan", "Bitmap Heap Scan", "Bitmap Index Scan"}, radius
    assert nodes(await explain(connection, query, uniform, 64)) == {"Seq Scan"}
    assert nodes(await explain(connection, query, uniform, 40)) == {"Seq Scan"}


async def test_row_estimates_are_within_reason(connection: Any, pictures: list[int]) -> None:
    query = "SELECT id FROM pictures WHERE hash <@ ($1::bigint, $2::bigint)::bktree_area"
    dice = random.Random(3)
    centers = [77, signed(CLUSTER), 0, -1, *dice.sample(pictures, 12)]
    for center in centers:
        distances = [distance(hash_, center) for hash_ in pictures]
        for radius in (0, 3, 4, 8, 16, 24, 32, 40, 64):
            actual = sum(d <= radius for d in distances)
            guess = (await explain(connection, query, center, radius))["Plan Rows"]
            # A sample of a hundred can't tell a share of a thousandth from none.
            slack = ROWS / 300
            assert guess <= 4 * actual + slack, (center, radius)
            assert actual <= 4 * guess + slack, (center, radius)


async def test_common_hashes_are_known_exactly(connection: Any, pictures: list[int]) -> None:
    query = "SELECT id FROM pictures WHERE hash <@ ($1::bigint, 0)::bktree_area"
    guess = (await explain(connection, query, 77))["Plan Rows"]
    assert guess == pytest.approx(ROWS // 10, rel=0.1)


async def test_a_center_not_known_yet_is_looked_up_by_the_index(
    connection: Any, pictures: list[int]
) -> None:
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    query = "SELECT id FROM pictures WHERE hash <@ ($1::bigint, 3)::bktree_area"
    assert "Seq Scan" not in nodes(await explain(connection, query, 1))
    await connection.execute(
        "CREATE TABLE asked AS SELECT hash FROM pictures LIMIT 20; ANALYZE asked"
    )
    joined = await explain(
        connection,
        "SELECT 1 FROM asked JOIN pictures ON pictures.hash <@ (asked.hash, 3)::bktree_area",
    )
    assert "Nested Loop" in nodes(joined)
    assert joined["Plan Rows"] < 20 * ROWS / 10
    assert any("Index" in name for name in nodes(joined))


async def test_ordered_searches_with_a_limit_need_no_sort(
    connection: Any, pictures: list[int]
) -> None:
    plan = await explain(connection, "SELECT id FROM pictures ORDER BY hash <-> $1 LIMIT 10", 5)
    assert nodes(plan) == {"Limit", "Index Scan"}


async def test_a_tiny_table_is_read_as_it_is(connection: Any, method: Method) -> None:
    await connection.execute(
        "CREATE TABLE pictures AS SELECT i::bigint AS hash FROM generate_series(1, 20) AS i;"
        f"{method.index()}; ANALYZE pictures"
    )
    query = "SELECT hash FROM pictures WHERE hash <@ (1, 3)"
    assert nodes(await explain(connection, query)) == {"Seq Scan"}


async def test_parallel_workers_may_search(connection: Any, pictures: list[int]) -> None:
    await connection.execute(
        "SET max_parallel_workers_per_gather = 2; SET min_parallel_table_scan_size = 0;"
        "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET enable_indexscan = off;"
        "SET enable_bitmapscan = off; SET enable_indexonlyscan = off"
    )
    query = "SELECT count(*) FROM pictures WHERE hash <@ ($1::bigint, 4)::bktree_area"
    assert "Gather" in nodes(await explain(connection, query, signed(CLUSTER)))
    near = sum(distance(hash_, signed(CLUSTER)) <= 4 for hash_ in pictures)
    assert await connection.fetchval(query, signed(CLUSTER)) == near
