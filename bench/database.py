"""Ways to search that are PostgreSQL's: one table, and one index on it at a time."""

import json
import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import numpy as np

from bench.hashes import Bigints
from bench.results import LIMIT, NEAREST, Search, Timings, Work
from db.embedded import EmbeddedServer

# Rows that are sent in one piece.
PIECE = 100_000
# Each query is put so often, one round after the other, and its median counts.
ROUNDS = 3
# The slowest ones are put again, so often.
SLOWEST, AGAIN = 3, 5
# Queries whose pages are counted, and the fewest that are measured however long they take.
EXPLAINED = 7
FEWEST = 9

GIGABYTE = 1024


@dataclass(frozen=True, slots=True)
class Method:
    """How a condition is written, and the index that serves it, if any."""

    name: str
    index: str | None
    near: str
    distance: str

    def query(self, search: Search, limit: int | None = LIMIT) -> str:
        """The text of a search; ``$1`` is the hash."""
        if search.kind == "nearest":
            return f"SELECT id FROM hashes ORDER BY {self.distance} LIMIT {NEAREST}"
        condition = f"WHERE {self.near.format(radius=search.radius)}"
        if search.kind == "count":
            return f"SELECT count(*) FROM hashes {condition}"
        return f"SELECT id FROM hashes {condition}" + (f" LIMIT {limit}" if limit else "")


_AREA = "hash <@ ($1::bigint, {radius})::bktree_area"
_BITS = "bit_count((hash # $1::bigint)::bit(64))"

SEQUENTIAL = Method("sequential", None, f"{_BITS} <= {{radius}}", _BITS)
BKTREE = Method("bktree", "spgist (hash bktree_ops)", _AREA, "hash <-> $1::bigint")
HAMMING = Method("hamming", "hamming (hash)", _AREA, "hash <-> $1::bigint")
METHODS = {method.name: method for method in (SEQUENTIAL, BKTREE, HAMMING)}


def settings_for(rows: int) -> dict[str, str]:
    """What the server runs with, the same for every way.

    Table (44 bytes a row) and the larger index (35) fit into the shared buffers with room to grow,
    builds are written to the log, and nothing in the background falls into what is measured.
    """
    buffers = max(256, rows * 137 // 1_000_000)
    return {
        "shared_buffers": f"{buffers}MB",
        "maintenance_work_mem": f"{GIGABYTE}MB",
        "work_mem": "64MB",
        "wal_level": "replica",
        "max_wal_size": f"{max(2, buffers * 4 // GIGABYTE)}GB",
        "checkpoint_timeout": "1d",
        "autovacuum": "off",
        "jit": "off",
        "max_parallel_workers_per_gather": "0",
        "max_parallel_maintenance_workers": "2",
        # Reads are the work of the process that asks, so that its bytes can be counted.
        "io_method": "sync",
    }


async def connect(server: EmbeddedServer, method: Method | None = None) -> Any:
    """A connection on which the way of searching is given, and plans are made once."""
    chosen = {"plan_cache_mode": "force_generic_plan"}
    if method is not None:
        chosen |= {
            "enable_seqscan": "off" if method.index else "on",
            "enable_bitmapscan": "off",
        }
    return await asyncpg.connect(**server.connect_options, server_settings=chosen)


async def load(connection: Any, table: str, hashes: Bigints, first_id: int = 0) -> None:
    """Make a table of ``(id int, hash bigint)``, with ids from the given one on."""
    await connection.execute(f"CREATE TABLE {table} (id int, hash bigint)")
    await connection.copy_to_table(table, source=_binary(hashes, first_id), format="binary")


async def _binary(hashes: Bigints, first_id: int) -> AsyncIterator[bytes]:
    """PostgreSQL's binary COPY format: lengths and values, the highest byte first."""
    yield b"PGCOPY\n\xff\r\n\0" + bytes(8)
    fields = [("fields", ">i2"), ("four", ">i4"), ("id", ">i4"), ("eight", ">i4"), ("hash", ">i8")]
    for start in range(0, len(hashes), PIECE):
        part = hashes[start : start + PIECE]
        rows = np.empty(len(part), np.dtype(fields))
        rows["fields"], rows["four"], rows["eight"] = 2, 4, 8
        rows["id"] = np.arange(first_id + start, first_id + start + len(part))
        rows["hash"] = part
        yield rows.tobytes()
    yield b"\xff\xff"


async def restore(connection: Any, rows: int) -> None:
    """The table as it was loaded, all of it in the shared buffers, and nothing left to write."""
    await connection.execute("DROP INDEX IF EXISTS hashes_hash")
    await connection.execute("DELETE FROM hashes WHERE id >= $1", rows)
    await warm_table(connection)
    await connection.execute("CHECKPOINT")


async def warm_table(connection: Any) -> None:
    """Read the table into the shared buffers; a sequential scan would go around them."""
    await connection.execute(
        "VACUUM (FREEZE, ANALYZE, DISABLE_PAGE_SKIPPING, BUFFER_USAGE_LIMIT 0) hashes"
    )


async def warm_index(connection: Any, method: Method, rows: int) -> None:
    """Read the whole index, which must know all rows."""
    everything = method.query(Search("count", 64))
    found = await connection.fetchval(everything, 0)
    assert found == rows, f"{method.name} knows {found} of {rows} rows"


async def work(connection: Any, statement: str, measured: str, rows: int) -> Work:
    """Run something that writes; the size is that of the index or table named."""
    await connection.execute("CHECKPOINT")
    position = "SELECT pg_current_wal_lsn()"
    before = await connection.fetchval(position)
    started = time.perf_counter()
    await connection.execute(statement)
    seconds = time.perf_counter() - started
    logged = await connection.fetchval(position) - before
    size = await connection.fetchval("SELECT pg_relation_size($1::text::regclass)", measured)
    return Work(seconds, logged, size, rows)


async def measure(
    connection: Any, method: Method, search: Search, centers: list[int], patience: float
) -> Timings:
    """Put a search with each query, or with as many as there is patience for (in seconds).

    While patience lasts it is done in three rounds, so that what interrupts one does not count.
    """
    query = method.query(search)
    statement = await connection.prepare(query)
    await statement.fetch(centers[0])
    pages = [await _pages(connection, method, query, center) for center in centers[:EXPLAINED]]
    rounds: list[list[float]] = [[]]
    rows: list[int] = []
    started = time.perf_counter()
    for place, center in enumerate(centers):
        if place >= FEWEST and time.perf_counter() > started + patience:
            break
        spent, found = await timed(statement, center)
        rounds[0].append(spent)
        rows.append(found[0][0] if search.kind == "count" else len(found))
    if (time.perf_counter() - started) * ROUNDS < patience:
        rounds += [
            [(await timed(statement, center))[0] for center in centers] for _ in range(ROUNDS - 1)
        ]
    milliseconds = [statistics.median(spent) for spent in zip(*rounds, strict=True)]
    slowest = sorted(range(len(milliseconds)), key=lambda place: -milliseconds[place])[:SLOWEST]
    worst = 0.0
    for place in slowest:
        again = [(await timed(statement, centers[place]))[0] for _ in range(AGAIN)]
        worst = max(worst, statistics.median(again))
    return Timings(tuple(milliseconds), tuple(rows), tuple(pages), worst)


async def timed(statement: Any, center: int) -> tuple[float, list[Any]]:
    """Milliseconds, and what was found."""
    started = time.perf_counter()
    found = await statement.fetch(center)
    return (time.perf_counter() - started) * 1000, found


async def explained(connection: Any, method: Method, query: str, center: int) -> dict[str, Any]:
    """The plan as it ran, which must use the index, or none."""
    text = await connection.fetchval(
        f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {query}", center
    )
    used = '"hashes_hash"' in text
    assert used == (method.index is not None), f"{method.name} is planned as {text}"
    plan: dict[str, Any] = json.loads(text)[0]["Plan"]
    return plan


async def _pages(connection: Any, method: Method, query: str, center: int) -> int:
    plan = await explained(connection, method, query, center)
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


async def first_queries(
    server: EmbeddedServer, method: Method, search: Search, centers: list[int]
) -> tuple[float, ...]:
    """Milliseconds of the first query of a connection, a new one for each."""
    spent = []
    for center in centers:
        connection = await connect(server, method)
        try:
            started = time.perf_counter()
            await connection.fetch(method.query(search), center)
            spent.append((time.perf_counter() - started) * 1000)
        finally:
            await connection.close()
    return tuple(spent)


async def distances(connection: Any, method: Method, center: int) -> list[int]:
    """The distances of the nearest, as the way finds them."""
    found = await connection.fetch(
        f"SELECT {method.distance} AS apart FROM hashes ORDER BY {method.distance} LIMIT {NEAREST}",
        center,
    )
    return [int(row["apart"]) for row in found]
