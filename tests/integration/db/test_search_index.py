"""The index: that it is used, that it finds everything, and that searches stay bounded."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from bot.errors import NotAllowedError
from db import Database, open_database
from db.migrate import SMALL
from db.records import MOST_READ, Candidate, Collection, IndexKind, NearProbe
from db.store import Store
from tests.integration.db.searching import (
    ROWS,
    builders_gone,
    explained,
    hamming,
    indexes_used,
    near,
    near_values,
    nodes,
    until,
)

WAITING = """
    SELECT EXISTS (
        SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE NOT l.granted AND d.datname = current_database()
    )
"""


@pytest.fixture(autouse=True)
def _with_extension(extension: Path | None) -> None:
    if extension is None:
        pytest.skip("the extension can't be built here")


async def test_near_uses_the_index(
    database: Database, connection: Any, wiki: Collection, hashes: list[int], kind: IndexKind
) -> None:
    await database.index.build(kind)
    for count in (1, 12):
        for radius in (0, 3, 8, 12):
            used = await indexes_used(connection, wiki.id, hashes[:count], radius)
            assert f"images_dhash_{kind}" in used, (count, radius)


async def test_near_equals_brute_force(
    database: Database, store: Store, wiki: Collection, hashes: list[int], kind: IndexKind
) -> None:
    await database.index.build(kind)
    dice = random.Random(7)
    for radius in (0, 1, 3, 6, 8, 12):
        for _ in range(5):
            query = dice.choice(hashes)
            found = await near(store, wiki.id, query, radius)
            expected = sorted((hamming(h, query), h) for h in hashes if hamming(h, query) <= radius)
            assert sorted((c.distance, c.dhash) for c in found) == expected


async def test_a_search_that_waits_while_the_table_is_replaced_finds_what_is_in_the_new_one(
    store: Store, wiki: Collection, hashes: list[int], connection: Any
) -> None:
    async with connection.transaction():
        await connection.execute(
            "ALTER TABLE images RENAME TO old; CREATE TABLE images (LIKE old INCLUDING ALL);"
            "INSERT INTO images OVERRIDING SYSTEM VALUE SELECT * FROM old; DROP TABLE old CASCADE"
        )
        searching = asyncio.create_task(near(store, wiki.id, hashes[0], 0))
        while not await connection.fetchval(WAITING):
            assert not searching.done()
    assert [found.dhash for found in await searching] == [hashes[0]]


async def test_searches_go_on_while_it_is_built_anew(
    database: Database, wiki: Collection, hashes: list[int], kind: IndexKind
) -> None:
    before = await database.index.build(kind)
    assert (before.kind, before.valid, before.images) == (kind, True, ROWS)
    assert before.size_bytes > 0

    shares: list[float] = []
    searched = 0
    building = asyncio.create_task(database.index.build(on_progress=shares.append))
    while not building.done():
        found = await near(database.store, wiki.id, hashes[5], 0, limit=5)
        assert [c.dhash for c in found] == [hashes[5]]
        searched += 1
    after = await building
    assert (after.kind, after.valid, after.building, after.leftovers) == (kind, True, None, 0)
    assert searched > 0
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert all(0 <= share <= 1 for share in shares)


async def test_drop_and_build(
    database: Database, wiki: Collection, hashes: list[int], kind: IndexKind
) -> None:
    async def all_near() -> tuple[Candidate, ...]:
        return await near(database.store, wiki.id, hashes[0], 8, limit=50)

    with_index = await all_near()
    await database.index.drop()
    status = await database.index.status()
    assert (status.kind, status.valid, status.size_bytes) == (None, False, 0)
    assert await all_near() == with_index
    assert (await database.index.build(kind)).kind == kind
    assert await all_near() == with_index


async def test_without_an_index_only_some_probes_read_a_large_table(
    database: Database, connection: Any, wiki: Collection, hashes: list[int], kind: IndexKind
) -> None:
    """Each would read all of it; the first, which is the picture as it is, always may."""
    probes = [NearProbe(dhash, 0, 0, 0) for dhash in hashes[:8]]

    async def found() -> tuple[list[int], list[bool]]:
        near = await database.store.near(probes, [wiki.id], limit_each=5)
        return [c.probe for c in near.candidates], [count > 0 for count in near.within]

    async def pretend(rows: int) -> None:
        await connection.execute(
            "UPDATE pg_class SET reltuples = $1 WHERE oid = 'images'::regclass", rows
        )

    everything = (list(range(8)), [True] * 8)
    await database.index.build(kind)
    await pretend(30_000_000)
    assert await found() == everything
    await database.index.drop()
    # What a dropped index leaves behind is written anew by the server.
    await pretend(30_000_000)
    assert await found() == ([0], [True] + [False] * 7)
    await pretend(MOST_READ // 3)
    assert await found() == ([0, 1, 2], [True] * 3 + [False] * 5)
    await pretend(MOST_READ // 8)
    assert await found() == everything


async def test_progress_is_seen_by_others(
    database: Database, connection: Any, hashes: list[int], kind: IndexKind
) -> None:
    await database.index.drop()
    # A transaction that wrote to the table keeps the build waiting.
    writing = connection.transaction()
    await writing.start()
    await connection.execute("UPDATE images SET page_count = 0 WHERE dhash = $1", hashes[0])
    building = asyncio.create_task(database.index.build(kind))
    status = await until(database, lambda status: status.building is not None)
    assert status.building == 0
    assert not status.valid
    with pytest.raises(NotAllowedError, match="being built already"):
        await database.index.build()
    with pytest.raises(NotAllowedError, match="being built already"):
        await database.index.drop()
    await writing.rollback()
    assert (await building).valid


async def test_what_a_broken_build_left_is_replaced(
    database: Database, connection: Any, hashes: list[int], kind: IndexKind
) -> None:
    await database.index.drop()
    building = asyncio.create_task(database.index.build(kind))
    writing = connection.transaction()
    await writing.start()
    await connection.execute("UPDATE images SET page_count = 0 WHERE dhash = $1", hashes[0])
    status = await until(database, lambda status: status.kind is not None)
    assert (status.kind, status.valid) == (kind, False)
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    await writing.rollback()
    await builders_gone(connection)
    built = await database.index.build()
    assert (built.kind, built.valid, built.leftovers) == (kind, True, 0)


async def test_a_large_table_waits_for_the_command(
    database_url: str, connection: Any, wiki: Collection, tmp_path: Path
) -> None:
    async with open_database(database_url, tmp_path, pool_size=1) as database:
        best = (await database.index.status()).offered[0]
        await database.index.drop()
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
    assert await kind() == best


async def test_a_picture_on_100_000_pages_costs_no_more_than_another(
    store: Store, connection: Any, wiki: Collection
) -> None:
    many = 100_000
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
    (image,) = await near(store, wiki.id, 1, 3, limit=10)
    assert image.page_count == many

    pages = (await store.pages_of([image.image_id], [wiki.id], limit_each=10))[image.image_id]
    assert [page.title for page in pages] == [f"Page {n}" for n in range(1, 11)]
    deep = await store.pages(image.image_id, [wiki.id], after=pages[0].id + 80_000, limit=10)
    assert len(deep) == 10
    (line,) = await store.listing(wiki.id)
    assert len(line.titles) == 3

    ids = [image.image_id]
    for name, values in {
        "near": near_values(wiki.id, [1, 1], 3),
        "pages_of": (ids, [wiki.id], 10),
        "pages": (image.image_id, [wiki.id], pages[0].id + 80_000, 10),
        "listing": (wiki.id, None, 0, 10),
    }.items():
        plan = await explained(connection, name, *values)
        read = [node["Actual Rows"] * node["Actual Loops"] for node in nodes(plan)]
        assert max(read) <= 10, name
