"""The index: that it is used, that it finds everything, and that searches stay bounded."""

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot.errors import NotAllowedError
from db import Database, open_database
from db.index import BUILDER_LOCK
from db.migrate import SMALL
from db.queries import load_statements
from db.records import Candidate, Collection, IndexStatus, NearQuery
from db.store import Store

TEMPLATE = "https://en.wikipedia.org/wiki/{title}"
ROWS = 20_000


@pytest.fixture(autouse=True)
def _with_extension(extension: Path | None) -> None:
    if extension is None:
        pytest.skip("the extension can't be built here")


@pytest.fixture
async def connection(database_url: str) -> Any:
    opened = await asyncpg.connect(
        database_url, server_settings={"plan_cache_mode": "force_custom_plan"}
    )
    yield opened
    await opened.close()


@pytest.fixture
async def wiki(store: Store) -> Collection:
    return await store.ensure_wiki("enwiki", TEMPLATE)


@pytest.fixture
async def hashes(store: Store, wiki: Collection, connection: Any) -> list[int]:
    """Many pictures, some of them near each other, as copies are."""
    dice = random.Random(6)
    made = [dice.getrandbits(64) - (1 << 63) for _ in range(ROWS)]
    for place in range(0, ROWS, 10):
        bits = dice.sample(range(63), dice.randint(0, 8))
        made[place + 1] = made[place] ^ sum(1 << bit for bit in bits)
    await connection.execute(
        "INSERT INTO images (collection_id, dhash, file)"
        " SELECT $1, h, n::text FROM unnest($2::bigint[]) WITH ORDINALITY AS made (h, n)",
        wiki.id,
        made,
    )
    await connection.execute("UPDATE collections SET images = $1", ROWS)
    await store.analyze()
    return made


def hamming(a: int, b: int) -> int:
    return ((a ^ b) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


def exactly(dhash: int, radius: int) -> NearQuery:
    return NearQuery(dhash, None, radius, radius_phash=64, radius_unverified=64)


async def explained(connection: Any, name: str, *values: object) -> dict[str, Any]:
    text = await connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {load_statements()[name]}", *values
    )
    plan: dict[str, Any] = json.loads(text)[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


async def until(database: Database, holds: Callable[[IndexStatus], bool]) -> None:
    while not holds(await database.index.status()):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_near_uses_the_index(connection: Any, wiki: Collection, hashes: list[int]) -> None:
    values = (hashes[0], 3, [wiki.id], None, 16, 4, None, None, 10)
    plan = await explained(connection, "near", *values)
    used = {node.get("Index Name") for node in nodes(plan)}
    assert "images_dhash_bktree" in used
    assert not [node for node in nodes(plan) if node["Node Type"] == "Seq Scan"]


async def test_near_equals_brute_force(store: Store, wiki: Collection, hashes: list[int]) -> None:
    dice = random.Random(7)
    for radius in (0, 1, 3, 6, 8, 12):
        for _ in range(5):
            query = dice.choice(hashes)
            found = await store.near(exactly(query, radius), [wiki.id], limit=ROWS)
            expected = sorted((hamming(h, query), h) for h in hashes if hamming(h, query) <= radius)
            assert sorted((c.distance, c.dhash) for c in found) == expected


async def test_searches_go_on_while_it_is_built_anew(
    database: Database, wiki: Collection, hashes: list[int]
) -> None:
    before = await database.index.status()
    assert (before.kind, before.valid, before.images) == ("bktree", True, ROWS)
    assert before.size_bytes > 0

    shares: list[float] = []
    searched = 0
    building = asyncio.create_task(database.index.build(shares.append))
    while not building.done():
        found = await database.store.near(exactly(hashes[5], 0), [wiki.id], limit=5)
        assert [c.dhash for c in found] == [hashes[5]]
        searched += 1
    after = await building
    assert (after.kind, after.valid, after.building) == ("bktree", True, None)
    assert searched > 0
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert all(0 <= share <= 1 for share in shares)


async def test_drop_and_build(database: Database, wiki: Collection, hashes: list[int]) -> None:
    async def all_near() -> tuple[Candidate, ...]:
        return await database.store.near(exactly(hashes[0], 8), [wiki.id], limit=50)

    with_index = await all_near()
    await database.index.drop()
    status = await database.index.status()
    assert (status.kind, status.valid, status.size_bytes) == (None, False, 0)
    assert await all_near() == with_index
    assert (await database.index.build()).valid
    assert await all_near() == with_index


async def test_progress_is_seen_by_others(
    database: Database, connection: Any, hashes: list[int]
) -> None:
    await database.index.drop()
    # A transaction that wrote to the table keeps the build waiting.
    writing = connection.transaction()
    await writing.start()
    await connection.execute("UPDATE images SET page_count = 0 WHERE dhash = $1", hashes[0])
    building = asyncio.create_task(database.index.build())
    await until(database, lambda status: status.building is not None)
    status = await database.index.status()
    assert status.building == 0
    assert not status.valid
    with pytest.raises(NotAllowedError, match="being built already"):
        await database.index.build()
    with pytest.raises(NotAllowedError, match="being built already"):
        await database.index.drop()
    await writing.rollback()
    assert (await building).valid


async def test_what_a_broken_build_left_is_replaced(
    database: Database, connection: Any, hashes: list[int]
) -> None:
    await database.index.drop()
    building = asyncio.create_task(database.index.build())
    writing = connection.transaction()
    await writing.start()
    await connection.execute("UPDATE images SET page_count = 0 WHERE dhash = $1", hashes[0])
    await until(database, lambda status: status.kind is not None)
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    await writing.rollback()
    # The server takes a moment to end what was cancelled; then its lock is free.
    await connection.execute("SELECT pg_advisory_lock($1)", BUILDER_LOCK)
    await connection.execute("SELECT pg_advisory_unlock($1)", BUILDER_LOCK)
    assert (await database.index.build()).valid


async def test_a_large_table_waits_for_the_command(
    database_url: str, connection: Any, wiki: Collection, tmp_path: Path
) -> None:
    await connection.execute("DROP INDEX images_dhash_bktree")
    await connection.execute(
        "INSERT INTO images (collection_id, dhash) SELECT $1, n FROM generate_series(1, $2) n",
        wiki.id,
        SMALL - 1,
    )

    async def kind() -> str | None:
        async with open_database(database_url, tmp_path, pool_size=1) as database:
            return (await database.index.status()).kind

    await connection.execute("INSERT INTO images (collection_id, dhash) VALUES ($1, 0)", wiki.id)
    assert await kind() is None
    await connection.execute("DELETE FROM images WHERE dhash = 0")
    assert await kind() == "bktree"


async def test_a_picture_on_300_000_pages_costs_no_more_than_another(
    store: Store, connection: Any, wiki: Collection
) -> None:
    many = 300_000
    await connection.execute(
        "INSERT INTO images (collection_id, dhash, page_count) VALUES ($1, 1, $2)", wiki.id, many
    )
    await connection.execute(
        "INSERT INTO pages (collection_id, title) SELECT $1, 'Page ' || n"
        " FROM generate_series(1, $2) n",
        wiki.id,
        many,
    )
    # Without the checks of foreign keys, which would take most of the test's time.
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(
            "INSERT INTO appearances SELECT i.id, p.id FROM images i CROSS JOIN pages p"
        )
    await store.analyze()
    (image,) = await store.near(exactly(1, 3), [wiki.id], limit=10)
    assert image.page_count == many

    pages = (await store.pages_of([image.image_id], [wiki.id], limit_each=10))[image.image_id]
    assert [page.title for page in pages] == [f"Page {n}" for n in range(1, 11)]
    deep = await store.pages(image.image_id, [wiki.id], after=pages[0].id + 250_000, limit=10)
    assert len(deep) == 10
    (line,) = await store.listing(wiki.id)
    assert len(line.titles) == 3

    ids = [image.image_id]
    for name, values in {
        "near": (1, 3, [wiki.id], None, 16, 4, None, None, 10),
        "pages_of": (ids, [wiki.id], 10),
        "pages": (image.image_id, [wiki.id], pages[0].id + 250_000, 10),
        "listing": (wiki.id, None, 0, 10),
    }.items():
        plan = await explained(connection, name, *values)
        read = [node["Actual Rows"] * node["Actual Loops"] for node in nodes(plan)]
        assert max(read) <= 10, name
