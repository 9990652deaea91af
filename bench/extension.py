"""What the SP-GiST index of the extension is worth, against reading the whole table.

    python -m bench.extension --rows 1000000

runs on the embedded PostgreSQL, in a folder of its own that is removed afterwards.  The same
queries are put to a sequential scan, to the index, and to the textbook's BK-tree, which version 1.0
built (its own pivots, a node for each distance), in turn; all of it warm, on one connection,
without parallel workers.  Prints medians and 95th percentiles in milliseconds, how many pages a
query reads, and how many times faster the index is.
"""

import argparse
import asyncio
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from bench.hashes import Bigints, altered, at_random, like_pictures
from bench.server import build, running
from db.embedded import EmbeddedServer, find_binaries
from db.extension_build import CFLAGS, extension_sources

RADII = (0, 3, 6, 8, 12)
SLOW_QUERIES = 9

CLASSIC = """
CREATE FUNCTION legacy_picksplit(internal, internal) RETURNS void
    AS '$libdir/bktree_legacy' LANGUAGE C IMMUTABLE STRICT;
CREATE OPERATOR CLASS classic_ops FOR TYPE bigint USING spgist AS
    OPERATOR 1 <@ (bigint, bktree_area),
    OPERATOR 3 <-> (bigint, bigint) FOR ORDER BY integer_ops,
    FUNCTION 1 bktree_config(internal, internal),
    FUNCTION 2 bktree_choose(internal, internal),
    FUNCTION 3 legacy_picksplit(internal, internal),
    FUNCTION 4 bktree_inner_consistent(internal, internal),
    FUNCTION 5 bktree_leaf_consistent(internal, internal)
"""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to find hashes. ``table`` holds them, and has the index if there is one."""

    name: str
    table: str
    operator_class: str | None


WAYS = (
    Way("table", "plain", None),
    Way("classic", "with_classic", "classic_ops"),
    Way("bktree", "with_bktree", "bktree_ops"),
)


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of each query, and the pages that the median one reads."""

    milliseconds: list[float]
    pages: float

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)

    @property
    def late(self) -> float:
        return sorted(self.milliseconds)[int(len(self.milliseconds) * 0.95)]


async def fill(connection: Any, hashes: Bigints) -> None:
    """The same rows for each way, and its index."""
    rows = [(place, int(hash_)) for place, hash_ in enumerate(hashes)]
    for way in WAYS:
        await connection.execute(f"DROP TABLE IF EXISTS {way.table}")
        await connection.execute(f"CREATE TABLE {way.table} (id int, hash bigint)")
        await connection.copy_records_to_table(way.table, records=rows)
        if way.operator_class is not None:
            started = time.perf_counter()
            await connection.execute(
                f"CREATE INDEX ON {way.table} USING spgist (hash {way.operator_class})"
            )
            seconds = time.perf_counter() - started
            size = await connection.fetchval(f"SELECT pg_indexes_size('{way.table}')")
            print(f"{way.name}: built in {seconds:.1f} s, {size / 1e6:.0f} MB")
        await connection.execute(f"VACUUM ANALYZE {way.table}")
    size = await connection.fetchval("SELECT pg_table_size('plain')")
    print(f"table: {size / 1e6:.0f} MB")


async def measure(connection: Any, query: str, centers: list[int]) -> dict[str, Timing]:
    """Put the query to each way, by turns; they must find equally much."""
    statements = {}
    for way in WAYS:
        scan = "on" if way.operator_class is None else "off"
        await connection.execute(f"SET enable_seqscan = {scan}")
        statements[way] = await connection.prepare(query.format(table=way.table))
        await statements[way].fetch(centers[0])
    spent: dict[str, list[float]] = {way.name: [] for way in WAYS}
    pages: dict[str, list[int]] = {way.name: [] for way in WAYS}
    for place, center in enumerate(centers):
        found = set()
        for way in WAYS:
            if way.operator_class is None and place >= SLOW_QUERIES:
                continue
            started = time.perf_counter()
            found.add(len(await statements[way].fetch(center)))
            spent[way.name].append((time.perf_counter() - started) * 1000)
            pages[way.name].append(await _pages(connection, query, way, center))
        assert len(found) == 1, "the ways disagree"
    return {name: Timing(spent[name], statistics.median(pages[name])) for name in spent}


async def _pages(connection: Any, query: str, way: Way, center: int) -> int:
    explained = await connection.fetchval(
        "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) " + query.format(table=way.table),
        center,
    )
    plan = json.loads(explained)[0]["Plan"]
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


async def compare(connection: Any, name: str, hashes: Bigints, queries: int) -> None:
    print(f"\n## {len(hashes):,} hashes {name}\n")
    await fill(connection, hashes)
    await connection.execute("SET plan_cache_mode = force_custom_plan")
    await connection.execute("SET max_parallel_workers_per_gather = 0")
    await connection.execute("SET enable_bitmapscan = off")
    centers = altered(hashes, queries, bits=4, seed=7)
    print("\n| search | table ms | classic ms (p95, pages) | bktree ms (p95, pages)", end="")
    print(" | × table | × classic |\n|---|---|---|---|---|---|")
    searches = {
        f"within {radius}": "SELECT id FROM {table} WHERE hash <@"
        f" ($1::bigint, {radius})::bktree_area LIMIT 200"
        for radius in RADII
    }
    searches["10 nearest"] = "SELECT id FROM {table} ORDER BY hash <-> $1::bigint LIMIT 10"
    for search, query in searches.items():
        took = await measure(connection, query, centers)
        table, classic, ours = (took[way.name] for way in WAYS)
        print(
            f"| {search} | {table.median:.1f} |"
            f" {classic.median:.2f} ({classic.late:.2f}, {classic.pages:,.0f}) |"
            f" {ours.median:.2f} ({ours.late:.2f}, {ours.pages:,.0f}) |"
            f" {table.median / ours.median:,.1f} | {classic.median / ours.median:.1f} |",
            flush=True,
        )


def build_both(folder: Path) -> Path:
    """The extension and the textbook's tree, built into a folder."""
    built = build(folder)
    shutil.copytree(extension_sources(), folder / "source")
    legacy = folder / "source" / "test" / "legacy"
    pg_config = find_binaries() / "pg_config"
    command = ["make", "--silent", f"PG_CONFIG={pg_config}", f"CFLAGS={CFLAGS}", "with_llvm=no"]
    subprocess.run(command, cwd=legacy, check=True)
    shutil.copy(legacy / "bktree_legacy.so", built / "lib")
    return built


async def run(server: EmbeddedServer, rows: int, queries: int) -> None:
    connection = await asyncpg.connect(**server.connect_options)
    await connection.execute("CREATE EXTENSION bktree")
    await connection.execute(CLASSIC)
    print(await connection.fetchval("SELECT version()"))
    print("shared_buffers", await connection.fetchval("SHOW shared_buffers"))
    await compare(connection, "like those of pictures", like_pictures(rows), queries)
    await compare(connection, "at random", at_random(rows), queries)
    await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare the index with reading the table.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=99)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with running(folder, build_both(folder)) as server:
            asyncio.run(run(server, options.rows, options.queries))


if __name__ == "__main__":
    main()
