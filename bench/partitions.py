"""The search on one table of pictures, and on the same pictures in partitions, side by side.

    python -m bench.partitions --rows 2000000
    python -m bench.partitions --rows 2000000 --update-docs

A database is made by the bot's own import, copied twice, and in each copy ``images`` becomes a
table that is partitioned by hash: by the picture's id in one, by its dHash in the other.  No key
can be had that lacks what the table is partitioned by; what that rules out is printed.  Then the
product's near statement is put to all three in turns, through its own store, with the same
questions, and has to find the same.

Prints Markdown on standard output, and on standard error how it goes.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np

from bench.dumps import dump
from bench.hashes import kept, questions
from bench.import_rows import url
from bench.index import put_between
from bench.report import short, table
from bench.server import build, describe_machine, running, say, whereis
from bot.search import Radii
from db import Database, open_database
from db.embedded import DATABASE, EmbeddedServer
from db.records import NearProbe

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "operations.md"
MARKS = (
    "<!-- Printed by bench.partitions -->",
    "<!-- The end of what bench.partitions printed -->",
)
RADII = {"narrow": Radii().unverified, "wide": Radii().whole}
LIMIT = 100
NAMES = {"whole": "one table", "by_id": "by `hash (id)`", "by_dhash": "by `hash (dhash)`"}

# The column that tells the partition, and a key in place of the one that can't be had.
PARTED: dict[str, tuple[str, str | None]] = {
    "by_id": ("id", None),
    "by_dhash": ("dhash", "PRIMARY KEY (id, dhash)"),
}


@dataclass(slots=True)
class Way:
    """A table: bytes of its rows and of its indexes, and milliseconds of queries by radius.

    ``pages`` are bytes of what tells the pages of pictures, indexes included.
    """

    rows: int
    table: int
    search_index: int
    other_indexes: int
    pages: int
    milliseconds: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of each way, and how many answers were compared."""

    ways: dict[str, Way]
    refused: dict[str, list[str]]
    compared: int


def parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.partitions", description="Search one table, and one in partitions."
    )
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--partitions", type=int, default=8)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1, help="another one makes other rows")
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()), help="where hashes are kept"
    )
    parser.add_argument(
        "--update-docs", action="store_true", help=f"write what is printed into {DOCUMENT.name}"
    )
    options = parser.parse_args(words)
    if options.rows < 1_000 or options.partitions < 2 or options.queries < 8 or options.rounds < 1:
        parser.error("there have to be 1,000 rows, 2 partitions, 8 queries and a round")
    return options


async def measure(server: EmbeddedServer, options: argparse.Namespace) -> Measured:
    """Make the tables, and put the same questions to each."""
    rows = dump(options.cache, options.rows, options.seed, say)
    await whereis(url(server, DATABASE), "import", "dump", str(rows), "--collection", "enwiki")
    refused = {}
    for name in PARTED:
        say(f"Parting the table: {NAMES[name]}")
        async with _connected(server, "postgres") as connection:
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE}")
        async with _connected(server, name) as connection:
            refused[name] = await part(connection, name, options.partitions)
    places = {"whole": DATABASE, **{name: name for name in PARTED}}
    ways = {}
    for name, database in places.items():
        async with _connected(server, database) as connection:
            await connection.execute("VACUUM ANALYZE images")
            ways[name] = await _sizes(connection)
    hashes = questions(
        kept(options.cache, options.rows, options.seed, say), options.queries, options.seed
    )
    async with AsyncExitStack() as stack:
        databases = {
            name: await stack.enter_async_context(
                open_database(url(server, database), Path("unused"), pool_size=1)
            )
            for name, database in places.items()
        }
        compared = await _ask(databases, ways, hashes, options.rounds)
    return Measured(ways, refused, compared)


async def part(connection: Any, name: str, partitions: int) -> list[str]:
    """Part ``images``, and name the keys of other tables and its own that can't be had any more."""
    column, instead = PARTED[name]
    own = await connection.fetch(
        "SELECT conname, 'images' AS place, pg_get_constraintdef(oid) AS text FROM pg_constraint"
        " WHERE conrelid = 'images'::regclass AND contype IN ('p', 'u') ORDER BY conname"
    )
    foreign = await connection.fetch(
        "SELECT conname, conrelid::regclass::text AS place, pg_get_constraintdef(oid) AS text"
        " FROM pg_constraint WHERE confrelid = 'images'::regclass AND contype = 'f'"
        " AND conparentid = 0 ORDER BY conname"
    )
    searched = await connection.fetchval(
        "SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indexrelid"
        " JOIN pg_am a ON a.oid = c.relam"
        " WHERE indrelid = 'images'::regclass AND a.amname IN ('hamming', 'spgist')"
    )
    for each in foreign:
        await connection.execute(f"ALTER TABLE {each['place']} DROP CONSTRAINT {each['conname']}")
    await connection.execute("ALTER TABLE images RENAME TO images_whole")
    await connection.execute(
        f"CREATE TABLE images (LIKE images_whole INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
        f" PARTITION BY HASH ({column})"
    )
    for number in range(partitions):
        await connection.execute(
            f"CREATE TABLE images_{number} PARTITION OF images"
            f" FOR VALUES WITH (MODULUS {partitions}, REMAINDER {number})"
        )
    await connection.execute("INSERT INTO images SELECT * FROM images_whole")
    # Its indexes keep their names until it is gone.
    await connection.execute("DROP TABLE images_whole CASCADE")
    refused = []
    for each in [*own, *foreign]:
        try:
            await connection.execute(
                f"ALTER TABLE {each['place']} ADD CONSTRAINT {each['conname']} {each['text']}"
            )
        except (asyncpg.FeatureNotSupportedError, asyncpg.InvalidForeignKeyError):
            refused.append(f"{each['place']}: {each['text']}")
    if instead is not None:
        await connection.execute(f"ALTER TABLE images ADD {instead}")
    await connection.execute(searched)
    return refused


async def _sizes(connection: Any) -> Way:
    """Rows, and bytes of the table and its indexes, in all partitions together."""
    row = await connection.fetchrow(
        """
        SELECT sum(pg_relation_size(c.oid)) FILTER (WHERE c.relkind = 'r') AS rows_bytes,
            sum(pg_relation_size(c.oid)) FILTER (WHERE a.amname = 'hamming') AS search_index,
            sum(pg_relation_size(c.oid)) FILTER (WHERE a.amname = 'btree') AS others,
            (SELECT count(*) FROM images) AS count,
            pg_total_relation_size('pages') + pg_total_relation_size('appearances') AS pages
        FROM pg_class c LEFT JOIN pg_am a ON a.oid = c.relam
        WHERE c.oid IN (SELECT relid FROM pg_partition_tree('images'))
            OR c.oid IN (
                SELECT x.indexrelid FROM pg_index x
                WHERE x.indrelid IN (SELECT relid FROM pg_partition_tree('images'))
            )
            OR c.oid = 'images'::regclass
            OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'images'::regclass)
        """
    )
    return Way(row["count"], row["rows_bytes"], row["search_index"], row["others"], row["pages"])


async def _ask(
    databases: dict[str, Database], ways: dict[str, Way], hashes: Sequence[int], rounds: int
) -> int:
    """Put every question to all in turns; the median of its rounds counts."""
    wikis = {
        name: [one.id for one in await database.store.collections(None)]
        for name, database in databases.items()
    }
    compared = 0
    for kind, radius in RADII.items():
        say(f"Asking: {kind}")
        taken: dict[str, list[list[float]]] = {name: [] for name in databases}
        # The first round brings everything into memory, and doesn't count.
        for number in range(rounds + 1):
            for hash_ in hashes:
                probe = NearProbe(hash_, None, radius, radius)
                found = {}
                for name, database in databases.items():
                    began = time.perf_counter()
                    near = await database.store.near([probe], wikis[name], limit_each=LIMIT)
                    spent = (time.perf_counter() - began) * 1000
                    if number:
                        taken[name].append([spent])
                    # Of equals at the edge of what is looked at, any may be there.
                    found[name] = near.within, [each.distance for each in near.candidates]
                if any(each != found["whole"] for each in found.values()):
                    raise SystemExit(f"Partitions find something else for {hash_}: {found}")
                compared += 1
        for name, way in ways.items():
            by_round = np.array(taken[name]).reshape(rounds, len(hashes))
            way.milliseconds[kind] = [float(each) for each in np.median(by_round, axis=0)]
    return compared


@asynccontextmanager
async def _connected(server: EmbeddedServer, database: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(**{**server.connect_options, "database": database})
    try:
        yield connection
    finally:
        await connection.close()


def report(measured: Measured, command: str, options: argparse.Namespace) -> str:
    """What was measured, as Markdown."""
    ways = measured.ways
    first = ways["whole"].milliseconds
    rows = []
    for kind, radius in RADII.items():
        for share, name in ((0.5, "median"), (0.95, "95th percentile")):
            cells = [
                short(float(np.percentile(way.milliseconds[kind], share * 100)))
                for way in ways.values()
            ]
            rows.append([f"within {radius}: {name}, ms", *cells])
        rows.append(
            [
                f"within {radius}: times as long, by medians",
                *(
                    short(statistics.median(way.milliseconds[kind])
                          / statistics.median(first[kind]))
                    for way in ways.values()
                ),
            ]
        )  # fmt: skip
    sizes = {
        "its row": [way.table for way in ways.values()],
        "search index": [way.search_index for way in ways.values()],
        "other indexes": [way.other_indexes for way in ways.values()],
        "its pages": [way.pages for way in ways.values()],
    }
    for title, each in sizes.items():
        rows.append(
            [
                f"{title}, bytes a picture",
                *(short(size / way.rows) for size, way in zip(each, ways.values(), strict=True)),
            ]
        )
    keys = [
        f"- {NAMES[name]}: " + "; ".join(f"`{key}`" for key in refused)
        for name, refused in measured.refused.items()
        if refused
    ]
    head = ["", *(NAMES[name] for name in ways)]
    return (
        "\n\n".join(
            [
                f"`{command}`",
                f"Machine: {describe_machine()}",
                (
                    f"{ways['whole'].rows:,} pictures of {options.rows:,} rows, in one table and "
                    f"in {options.partitions} partitions; {options.queries} questions in turns, "
                    f"the same for all. {measured.compared:,} answers were compared, and none "
                    "differed."
                ),
                table(head, rows),
                "Keys that can't be had:",
                "\n".join(keys),
            ]
        )
        + "\n"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = parse(words)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with running(folder, build(folder)) as server:
            measured = asyncio.run(measure(server, options))
    printed = report(measured, " ".join(["python -m bench.partitions", *words]), options)
    print(printed, end="")
    if options.update_docs:
        document = DOCUMENT.read_text("utf-8")
        DOCUMENT.write_text(put_between(document, printed, MARKS), "utf-8")


if __name__ == "__main__":
    main()
