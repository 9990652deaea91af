"""The kinds of search index: which there is, and changing it while people search."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.errors import NotAllowedError, NotFoundError
from db import Database, open_database
from db.queries import read_sql
from db.records import INDEX_KINDS, Collection, IndexKind
from tests.integration.db.searching import (
    builders_gone,
    hamming,
    indexes_used,
    near,
    until,
)

RADIUS = 8


@pytest.fixture(autouse=True)
def _with_extension(extension: Path | None) -> None:
    if extension is None:
        pytest.skip("the extension can't be built here")


@pytest.fixture
async def other(database: Database, kind: IndexKind) -> IndexKind:
    """A kind of index that is not the one of this test."""
    for one in (await database.index.status()).offered:
        if one != kind:
            return one
    pytest.skip("only one kind of index can be had here")


class Searchers:
    """People who search all the time, and count what they were answered."""

    def __init__(self, database: Database, wiki: Collection, hashes: list[int]) -> None:
        self._database = database
        self._wiki = wiki
        self._hashes = hashes
        self.searched = 0
        self.without_index = 0

    @asynccontextmanager
    async def searching(self) -> AsyncIterator[None]:
        """Search as long as the block lasts; what goes wrong is raised at its end."""
        done = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for seed in range(2):
                group.create_task(self._search(seed, done))
            group.create_task(self._watch(done))
            try:
                yield
            finally:
                done.set()

    async def _search(self, seed: int, done: asyncio.Event) -> None:
        dice = random.Random(seed)
        while not done.is_set() or not self.searched:
            query = dice.choice(self._hashes)
            found = await near(
                self._database.store, self._wiki.id, query, RADIUS, limit=len(self._hashes)
            )
            expected = sorted(h for h in self._hashes if hamming(h, query) <= RADIUS)
            assert sorted(candidate.dhash for candidate in found) == expected
            self.searched += 1

    async def _watch(self, done: asyncio.Event) -> None:
        while not done.is_set():
            status = await self._database.index.status()
            self.without_index += not status.valid
            await asyncio.sleep(0.005)


async def names(connection: Any) -> set[str]:
    """The indexes by dHash alone, whatever state they are in."""
    rows = await connection.fetch(
        "SELECT c.relname, m.amname FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid"
        " JOIN pg_am m ON m.oid = c.relam"
        " WHERE x.indrelid = 'images'::regclass AND m.amname <> 'btree'"
    )
    return {row["relname"] for row in rows}


async def test_a_new_database_has_the_best_kind(database: Database) -> None:
    status = await database.index.status()
    assert (status.kind, status.valid, status.better) == (status.offered[0], True, None)
    assert status.offered == tuple(kind for kind in INDEX_KINDS if kind in status.offered)
    assert status.shared_buffers >= 128 * 1024 * 1024
    assert status.fits


async def test_another_start_leaves_the_kind_that_is_there(
    database: Database, database_url: str, kind: IndexKind, tmp_path: Path
) -> None:
    await database.index.build(kind)
    async with open_database(database_url, tmp_path, pool_size=1) as again:
        status = await again.index.status()
    assert (status.kind, status.leftovers) == (kind, 0)
    assert (status.better is None) == (kind == status.offered[0])
    # Nor does building anew change it, as long as nobody says which.
    assert (await database.index.build()).kind == kind


async def test_one_takes_the_place_of_the_other_while_people_search(
    database: Database,
    connection: Any,
    wiki: Collection,
    hashes: list[int],
    kind: IndexKind,
    other: IndexKind,
) -> None:
    assert (await database.index.build(other)).kind == other
    shares: list[float] = []
    people = Searchers(database, wiki, hashes)
    async with people.searching():
        # More comes in meanwhile; not near to anything that is searched for.
        building = asyncio.create_task(database.index.build(kind, shares.append))
        added: list[int] = []
        while not building.done():
            added.append(~hashes[len(added)])
            await connection.execute(
                "INSERT INTO images (collection_id, dhash, file) VALUES ($1, $2, $3)",
                wiki.id,
                added[-1],
                f"late {len(added)}",
            )
        status = await building
    assert (status.kind, status.valid, status.leftovers) == (kind, True, 0)
    assert await names(connection) == {f"images_dhash_{kind}"}
    assert people.without_index == 0
    assert (shares, shares[-1]) == (sorted(shares), 1.0)
    for dhash in added:
        assert await near(database.store, wiki.id, dhash, 0, limit=5), dhash
    assert f"images_dhash_{kind}" in await indexes_used(connection, wiki.id, hashes[:1], 3)


async def test_a_change_that_is_cut_short_leaves_the_old_one_at_work(
    database: Database,
    connection: Any,
    wiki: Collection,
    hashes: list[int],
    kind: IndexKind,
    other: IndexKind,
) -> None:
    await database.index.build(other)
    writing = connection.transaction()
    await writing.start()
    await connection.execute("UPDATE images SET page_count = 0 WHERE dhash = $1", hashes[0])
    changing = asyncio.create_task(database.index.build(kind))
    status = await until(database, lambda status: status.leftovers == 1)
    assert (status.kind, status.valid) == (other, True)
    changing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await changing
    await writing.rollback()
    await builders_gone(connection)

    status = await database.index.status()
    assert (status.kind, status.valid, status.leftovers) == (other, True, 1)
    assert f"images_dhash_{other}" in await indexes_used(connection, wiki.id, hashes[:1], 3)
    async with Searchers(database, wiki, hashes).searching():
        status = await database.index.build(kind)
    assert (status.kind, status.valid, status.leftovers) == (kind, True, 0)
    assert await names(connection) == {f"images_dhash_{kind}"}


async def test_a_change_that_was_cut_short_before_the_old_one_went(
    database: Database, connection: Any, hashes: list[int], kind: IndexKind, other: IndexKind
) -> None:
    await database.index.build(other)
    method = {"hamming": "hamming (dhash)", "bktree": "spgist (dhash bktree_ops)"}[kind]
    await connection.execute(f"CREATE INDEX images_dhash_{kind} ON images USING {method}")
    status = await database.index.status()
    assert (status.kind, status.valid, status.leftovers) == (status.offered[0], True, 1)
    status = await database.index.build(kind)
    assert (status.kind, status.valid, status.leftovers) == (kind, True, 0)
    assert await names(connection) == {f"images_dhash_{kind}"}


async def test_the_name_does_not_matter(
    database: Database, connection: Any, hashes: list[int], kind: IndexKind
) -> None:
    await database.index.build(kind)
    await connection.execute(f'ALTER INDEX images_dhash_{kind} RENAME TO "By; hand"')
    assert (await database.index.status()).kind == kind
    assert (await database.index.build()).kind == kind
    assert await names(connection) == {"By; hand"}
    await database.index.drop(kind)
    assert await names(connection) == set()


async def test_dropping_one_kind(database: Database, kind: IndexKind, other: IndexKind) -> None:
    await database.index.build(kind)
    with pytest.raises(NotFoundError, match=f"of the kind {other} to drop, there is one .* {kind}"):
        await database.index.drop(other)
    assert (await database.index.status()).kind == kind
    await database.index.drop(kind)
    assert (await database.index.status()).kind is None
    with pytest.raises(NotFoundError, match="to drop, nor another"):
        await database.index.drop(kind)
    await database.index.drop()


async def test_a_kind_that_the_extension_lacks(
    database: Database, connection: Any, hashes: list[int]
) -> None:
    if "hamming" not in (await database.index.status()).offered:
        pytest.skip("no newer extension can be had here")
    await connection.execute("DROP EXTENSION bktree CASCADE; CREATE EXTENSION bktree VERSION '2.0'")
    with pytest.raises(NotAllowedError, match="ALTER EXTENSION bktree UPDATE"):
        await database.index.build("hamming")
    status = await database.index.build()
    assert (status.kind, status.offered, status.better) == ("bktree", ("bktree",), None)
    assert await database.index.statistics() is None
    await connection.execute("ALTER EXTENSION bktree UPDATE")
    assert (await database.index.status()).better == "hamming"
    assert (await database.index.build("hamming")).kind == "hamming"


async def test_the_stand_in_has_no_index(
    database: Database, connection: Any, wiki: Collection, hashes: list[int]
) -> None:
    await connection.execute("DROP EXTENSION bktree CASCADE")
    await connection.execute(read_sql("standin.sql"))
    for kind in (None, *INDEX_KINDS):
        with pytest.raises(NotAllowedError, match="without the extension"):
            await database.index.build(kind)
    status = await database.index.status()
    assert (status.operators, status.kind, status.offered) == ("standin", None, ())
    assert status.better is None
    assert await database.index.statistics() is None
    found = await near(database.store, wiki.id, hashes[0], 0, limit=5)
    assert [candidate.dhash for candidate in found] == [hashes[0]]


async def test_what_is_in_the_index(
    database: Database, connection: Any, wiki: Collection, hashes: list[int], kind: IndexKind
) -> None:
    status = await database.index.build(kind)
    inside = await database.index.statistics()
    if kind != "hamming":
        assert inside is None
        return
    assert inside is not None
    assert inside.items == len(hashes)
    assert inside.dead_items == 0
    assert inside.tail_share == 0
    assert 0.5 < inside.fill <= 1
    assert 0 < inside.leaf_pages + inside.summary_pages < inside.pages
    assert inside.pages * 8192 == status.size_bytes
    assert any(f"{len(hashes):,} hashes" in line for line in inside.lines())
