"""Damaged files lead to errors, or at worst to wrong answers, but never to a crash."""

import asyncio
import random
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from tests.integration.extension.answers import Rows, check_answers, take
from tests.integration.extension.clusters import Cluster
from tests.integration.extension.hashsets import make_set
from tests.integration.extension.indexes.conftest import NewCluster
from tests.integration.extension.methods import HAMMING

BLOCK = 8192
HEADER = 24
MARK = 8

# Where things lie on a page of a hamming index, as page.h has them.
META, INTERLOCK, TOP, SUMMARY, LEAF = 1, 2, 3, 4, 5
CONTENT = HEADER + MARK
SPLITS = CONTENT
FIRST_TOP = CONTENT + 8
NEXT_TOP = CONTENT
TOP_COUNT = CONTENT + 4
SPLIT = CONTENT
RIGHT = CONTENT + 8
TOP_BLOCK = CONTENT + 12
LEAVES = CONTENT + 36
GROUPS = CONTENT + 38
DISTINCT = CONTENT
ITEMS = CONTENT + 2
HASHES = CONTENT + 8

SETTINGS = {
    "autovacuum": "off",
    "shared_buffers": "64MB",
    # A damaged page may lead nowhere, but not for ever.
    "statement_timeout": "20s",
}

# Of as many different tables of a kind; what differs more is how they are damaged.
SEEDS = 3

Damage = Callable[[bytearray], None]


def pages_of(kind: int, content: bytearray) -> list[int]:
    """The numbers of the pages of a kind."""
    place = HEADER + 5
    return [b for b in range(len(content) // BLOCK) if content[b * BLOCK + place] == kind]


def put(kind: int, offset: int, size: int, value: int) -> Damage:
    """Write a number into the last page of that kind."""

    def damage(content: bytearray) -> None:
        start = pages_of(kind, content)[-1] * BLOCK + offset
        content[start : start + size] = value.to_bytes(size, "little")

    return damage


def ring(content: bytearray) -> None:
    """A summary page at whose right is itself."""
    block = pages_of(SUMMARY, content)[0]
    start = block * BLOCK
    content[start + SPLIT : start + SPLIT + 8] = (1 << 40).to_bytes(8, "little")
    content[start + RIGHT : start + RIGHT + 4] = block.to_bytes(4, "little")


def top_ring(content: bytearray) -> None:
    """A list of tops that leads back to its beginning."""
    block = pages_of(TOP, content)[0]
    start = block * BLOCK + NEXT_TOP
    content[start : start + 4] = block.to_bytes(4, "little")


def zeroed(kind: int) -> Damage:
    """The last page of a kind as a file system may leave it."""

    def damage(content: bytearray) -> None:
        start = pages_of(kind, content)[-1] * BLOCK
        content[start : start + BLOCK] = bytes(BLOCK)

    return damage


def swapped(content: bytearray) -> None:
    """Two leaves in each other's place."""
    first, second = (block * BLOCK for block in pages_of(LEAF, content)[:2])
    held = content[first : first + BLOCK]
    content[first : first + BLOCK] = content[second : second + BLOCK]
    content[second : second + BLOCK] = held


def truncated(share: float) -> Damage:
    """A file that ends early."""

    def damage(content: bytearray) -> None:
        del content[int(len(content) * share) // BLOCK * BLOCK :]

    return damage


def trashed_hashes(content: bytearray) -> None:
    """All hashes of all leaves, so that repetitions repeat nothing."""
    dice = random.Random(1)
    for block in pages_of(LEAF, content):
        start = block * BLOCK + HASHES
        content[start : start + 8 * 582] = dice.randbytes(8 * 582)


def version(number: int) -> Damage:
    """Pages of another version."""

    def damage(content: bytearray) -> None:
        for start in range(0, len(content), BLOCK):
            content[start + HEADER + 4] = number

    return damage


# What the check of an index must find, and say.
KNOWN: dict[str, tuple[Damage, str]] = {
    "another version": (version(2), "has version 2, but this library reads version 1"),
    "meta page of another kind": (put(META, HEADER + 5, 1, LEAF), "of another kind"),
    "meta page with other magic": (put(META, HEADER, 4, 0), "none of a hamming index"),
    "no meta page": (zeroed(META), "the page is empty"),
    "no top": (zeroed(TOP), "the page is empty"),
    "no summary": (zeroed(SUMMARY), "the page is empty"),
    "no leaf": (zeroed(LEAF), "the page is empty"),
    "no first top": (put(META, FIRST_TOP, 4, 0xFFFFFFFF), "the list of tops has one end"),
    "first top far away": (put(META, FIRST_TOP, 4, 10**6), "the file ends before it"),
    "first top as far as can be": (put(META, FIRST_TOP, 4, 2**32 - 2), "the file ends before it"),
    "first top is no top": (put(META, FIRST_TOP, 4, 2), "leads to a page that is none"),
    "tops in a ring": (top_ring, "the list of tops has no end|two places lead"),
    "too many entries": (put(TOP, TOP_COUNT, 2, 500), "more entries than a top can have"),
    "fewer entries": (put(TOP, TOP_COUNT, 2, 1), "lacks row"),
    "summaries in a ring": (ring, "two places lead|have no end"),
    "summary with too many leaves": (put(SUMMARY, LEAVES, 2, 33), "more leaves or groups"),
    "summary with too many groups": (put(SUMMARY, GROUPS, 2, 385), "more leaves or groups"),
    "summary with a group less": (put(SUMMARY, GROUPS, 2, 7), "as many groups as the summary"),
    "summary without leaves": (put(SUMMARY, LEAVES, 4, 0), "bounds|lacks row|is damaged"),
    "summary that is of another top": (put(SUMMARY, TOP_BLOCK, 4, 0), "another kind"),
    "leaf with more hashes": (put(LEAF, DISTINCT, 2, 583), "as many hashes as the leaf"),
    "leaf with more items": (put(LEAF, ITEMS, 2, 583), "as many items as its summary"),
    "leaf with another hash": (put(LEAF, HASHES, 8, 1 << 63), "don't cover a hash|does not cover"),
    "leaf with other rows": (put(LEAF, HASHES + 8 * 582, 6, 0), "lacks row"),
    "leaves in each other's place": (swapped, "the leaf|the groups|bounds"),
    "leaves full of anything": (trashed_hashes, "is damaged"),
    "half a file": (truncated(0.5), "could not read|is damaged|is empty"),
    "a file without leaves": (truncated(0.01), "could not read|is damaged"),
    "an empty file": (truncated(0), "could not read|is damaged"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of its own for each damage, so that one start of the server is enough."""

    name: str
    rows: Rows
    file: Path


async def make_tables(cluster: Cluster, kinds: Sequence[str], count: int) -> list[Table]:
    """Tables with indexes of a few summary pages, on disk, and the server stopped."""
    await asyncio.to_thread(cluster.create)
    await asyncio.to_thread(cluster.start)
    connection = await cluster.connect()
    await connection.execute("CREATE EXTENSION bktree")
    tables = []
    for number in range(count):
        kind, seed = kinds[number % len(kinds)], number // len(kinds) % SEEDS
        rows: Rows = dict(enumerate([*make_set(kind, seed, 6000), *[None] * 100]))
        await connection.execute(f"CREATE TABLE t{number} (id int, hash bigint)")
        await connection.copy_records_to_table(f"t{number}", records=list(rows.items()))
        await connection.execute(HAMMING.index(f"t{number}", f"i{number}"))
        # Some were inserted, and some of them split their pages.
        more: Rows = dict(enumerate(make_set(kind, seed + 1000, 3000), len(rows)))
        await connection.copy_records_to_table(f"t{number}", records=list(more.items()))
        place = await connection.fetchval(f"SELECT pg_relation_filepath('i{number}')")
        tables.append(Table(f"t{number}", rows | more, cluster.data / place))
    await connection.close()
    await asyncio.to_thread(cluster.stop)
    return tables


def spoil(table: Table, damage: Damage) -> None:
    content = bytearray(table.file.read_bytes())
    damage(content)
    table.file.write_bytes(content)


async def use(connection: Any, table: Table) -> int:
    """Search, insert, delete and vacuum; how often that was an error."""
    failed = 0
    near = f"FROM {table.name} WHERE hash <@ (0::bigint, $1::bigint)"
    searches: list[tuple[str, tuple[int | None, ...]]] = [
        (f"SELECT sum(id) {near}", (radius,)) for radius in (0, 3, 12, 30, 64)
    ]
    searches += [(f"SELECT count(*) {near}", (20,))]
    searches += [
        (f"SELECT hash FROM {table.name} ORDER BY hash <-> $1 LIMIT $2", (5, limit))
        for limit in (1, 500, 20_000)
    ]
    searches += [(f"SELECT count(*) FROM {table.name} WHERE hash IS NULL", ())]
    hashes = list(table.rows.values())[:3]
    changes: list[tuple[str, tuple[int | None, ...]]] = [
        (f"INSERT INTO {table.name} VALUES (-1, $1)", (hash_,)) for hash_ in hashes
    ]
    changes += [(f"INSERT INTO {table.name} SELECT -i, i FROM generate_series(1, 700) AS i", ())]
    changes += [(f"DELETE FROM {table.name} WHERE id % 3 = 0", ())]
    changes += [(f"VACUUM {table.name}", ())]
    changes += [(f"SELECT hamming_index_stats('i{table.name[1:]}')", ())]
    for ways, statements in (
        (("index", "bitmap", "index only"), searches),
        (("index",), changes),
        (("index",), searches),
    ):
        for way in ways:
            await take(connection, way)
            for statement, arguments in statements:
                try:
                    await connection.fetch(statement, *arguments)
                except asyncpg.QueryCanceledError as error:
                    raise AssertionError(f"no end of {statement}") from error
                except asyncpg.PostgresError:
                    failed += 1
    return failed


async def mend(connection: Any, table: Table) -> None:
    """What the errors advise makes all good again."""
    index = f"i{table.name[1:]}"
    await take(connection, "table")
    await connection.execute(f"REINDEX INDEX {index}")
    found = {
        row["id"]: row["hash"]
        for row in await connection.fetch(f"SELECT id, hash FROM {table.name} WHERE id >= 0")
    }
    assert found.items() <= table.rows.items()
    await connection.execute(f"DELETE FROM {table.name} WHERE id < 0")
    await check_answers(
        connection, HAMMING, found, 1, table=table.name, index=index, ways=("index",), count=3
    )


async def test_the_check_finds_damage_and_names_it(new_cluster: NewCluster) -> None:
    cluster = new_cluster(SETTINGS)
    tables = await make_tables(cluster, ["clustered"], len(KNOWN))
    for table, (damage, _) in zip(tables, KNOWN.values(), strict=True):
        spoil(table, damage)
    await asyncio.to_thread(cluster.start)
    connection = await cluster.connect()
    started = await connection.fetchval("SELECT pg_postmaster_start_time()")
    unlike = {}
    for table, (name, (_, expected)) in zip(tables, KNOWN.items(), strict=True):
        try:
            checked = await connection.fetchval(f"SELECT hamming_index_check('i{table.name[1:]}')")
            said = f"found {checked} of {len(table.rows)}"
        except asyncpg.PostgresError as error:
            said = f"{error.sqlstate}: {error}"
        if not re.search(expected, said):
            unlike[name] = said
        await use(connection, table)
    assert unlike == {}
    for table in tables:
        await mend(connection, table)
    assert await connection.fetchval("SELECT pg_postmaster_start_time()") == started
    await connection.close()


def flip(dice: random.Random) -> Damage:
    """A few bytes anywhere, or many on one page."""

    def damage(content: bytearray) -> None:
        blocks = len(content) // BLOCK
        kind = dice.choice((META, TOP, SUMMARY, SUMMARY, LEAF, LEAF))
        block = dice.choice(pages_of(kind, content) or range(blocks))
        for _ in range(dice.choice((1, 1, 2, 10, 200))):
            # Where a page begins there is most to be misled by.
            offset = dice.randrange(CONTENT, dice.choice((CONTENT + 48, BLOCK)))
            content[block * BLOCK + offset] ^= 1 << dice.randrange(8)

    return damage


async def test_nothing_that_is_damaged_crashes_the_server(
    new_cluster: NewCluster, thorough: bool
) -> None:
    cluster = new_cluster(SETTINGS)
    kinds = ["clustered", "all_equal", "repeated", "uniform"]
    tables = await make_tables(cluster, kinds, 160 if thorough else 16)
    dice = random.Random(1)
    for table in tables:
        spoil(table, flip(dice))
    await asyncio.to_thread(cluster.start)
    connection = await cluster.connect()
    started = await connection.fetchval("SELECT pg_postmaster_start_time()")
    failed = 0
    for table in tables:
        with suppress(asyncpg.PostgresError):
            await connection.fetch(f"SELECT hamming_index_check('i{table.name[1:]}')")
        failed += await use(connection, table) > 0
    assert failed > len(tables) / 4
    for table in tables:
        await mend(connection, table)
    assert await connection.fetchval("SELECT pg_postmaster_start_time()") == started
    await connection.close()
