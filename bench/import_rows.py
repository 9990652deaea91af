"""A dump imported, against the way of the tutorials: psql, and an SP-GiST index on the table."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import asyncpg
import numpy as np

from bench.hashes import Bigints
from bench.server import say
from db.embedded import EmbeddedServer, find_binaries

TUTORIAL = "CREATE INDEX ON hashes USING spgist (hash bktree_ops)"
RADIUS = 3
ASKED = 20
LOOK_EVERY = 0.1


@dataclass(slots=True)
class Way:
    """What one way took: seconds, and bytes of the database in the end, round by round."""

    seconds: list[float] = field(default_factory=list)
    database: list[int] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)


@dataclass(slots=True)
class RowsMeasured:
    """Both ways over one dump, until searches find it.

    ``ended`` are the seconds until our command ends, ``again`` those of a second run, ``client`` is
    the most memory that the program took, in bytes.
    """

    rows: int
    dump_bytes: int
    tutorial: Way = field(default_factory=Way)
    ours: Way = field(default_factory=Way)
    ended: list[float] = field(default_factory=list)
    again: float = 0.0
    client: int = 0

    @property
    def ratio(self) -> float:
        """How many times as long as the tutorial ours takes."""
        return self.ours.median / self.tutorial.median


async def measure(
    server: EmbeddedServer, dump: Path, dump_bytes: int, hashes: Bigints, rounds: int
) -> RowsMeasured:
    """Import a dump both ways, one after the other, so many times."""
    measured = RowsMeasured(len(hashes), dump_bytes)
    for number in range(rounds):
        say(f"Round {number + 1} of {rounds}: {len(hashes):,} rows")
        await _tutorial(server, dump, measured.tutorial)
        await _ours(server, dump, hashes, measured, again=number == rounds - 1)
    return measured


def lines(measured: RowsMeasured) -> tuple[Sequence[str], list[Sequence[str]]]:
    """The head and the rows of a table."""
    head = ["", "seconds until it can be searched", "slowest", "database"]
    rows: list[Sequence[str]] = [
        [name, f"{way.median:.1f}", f"{max(way.seconds):.1f}", _gigabytes(way.database[-1])]
        for name, way in (
            ("psql, then `CREATE INDEX … spgist`", measured.tutorial),
            ("`whereis-bot import dump`", measured.ours),
        )
    ]
    ended = f"{statistics.median(measured.ended):.1f}"
    rows.append(["… until its references are checked too", ended, f"{max(measured.ended):.1f}", ""])
    rows.append(["the same again: nothing is added", f"{measured.again:.1f}", "", ""])
    return head, rows


async def _tutorial(server: EmbeddedServer, dump: Path, way: Way) -> None:
    name = "tutorial"
    await _new_database(server, name, "CREATE EXTENSION bktree")
    loaded, indexed = await asyncio.to_thread(_follow_tutorial, url(server, name), dump)
    way.seconds.append(indexed)
    say(f"  psql {loaded:.1f} s, with the index {indexed:.1f} s")
    way.database.append(await _drop_database(server, name))


def _follow_tutorial(address: str, dump: Path) -> tuple[float, float]:
    """Seconds until the table is loaded, and until it is indexed."""
    psql = [str(find_binaries() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", address]
    began = time.perf_counter()
    subprocess.run([*psql, "-o", os.devnull, "-f", str(dump)], check=True)
    loaded = time.perf_counter() - began
    subprocess.run([*psql, "-c", TUTORIAL], check=True)
    return loaded, time.perf_counter() - began


async def _ours(
    server: EmbeddedServer, dump: Path, hashes: Bigints, measured: RowsMeasured, *, again: bool
) -> None:
    name = "ours"
    await _new_database(server, name)
    found = await _run_import(server, name, dump)
    measured.ours.seconds.append(found.ready)
    measured.ended.append(found.seconds)
    measured.client = max(measured.client, found.memory)
    megabytes = found.memory / 2**20
    say(f"  whereis-bot {found.ready:.1f} s, ends after {found.seconds:.1f}, {megabytes:.0f} MB")
    await _check(server, name, hashes)
    if again:
        found = await _run_import(server, name, dump)
        measured.again = found.seconds
        measured.client = max(measured.client, found.memory)
        say(f"  again {found.seconds:.1f} s, {found.memory / 2**20:.0f} MB")
    measured.ours.database.append(await _drop_database(server, name))


class Imported(NamedTuple):
    """Seconds until searches found something and until the end, and the most memory in bytes."""

    ready: float
    seconds: float
    memory: int


async def _run_import(server: EmbeddedServer, name: str, dump: Path) -> Imported:
    words = ["-m", "bot", "import", "dump", str(dump), "--collection", "enwiki"]
    environment = {**os.environ, "DATABASE_URL": url(server, name)}
    watching = await asyncpg.connect(url(server, name))
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    ending = asyncio.create_task(process.wait())
    ready, memory = None, 0
    try:
        while not (await asyncio.wait([ending], timeout=LOOK_EVERY))[0]:
            memory = max(memory, most_memory(process.pid))
            if ready is None and await _can_be_searched(watching):
                ready = time.perf_counter() - began
        seconds = time.perf_counter() - began
    finally:
        await watching.close()
    if process.returncode:
        raise SystemExit("The import failed; its words are above.")
    return Imported(ready or seconds, seconds, memory)


def most_memory(pid: int) -> int:
    """The most memory that a process took so far, in bytes; 0 where that isn't told.

    Not from getrusage(2), whose figure includes what this process had when it began the other.
    """
    with suppress(OSError, KeyError, ValueError):
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        lines = dict(line.split(":", 1) for line in text.splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    return 0


async def _can_be_searched(connection: Any) -> bool:
    if await connection.fetchval("SELECT to_regclass('collections') IS NULL"):
        return False
    count = await connection.fetchval("SELECT coalesce(sum(images), 0) FROM collections")
    return bool(count)


async def _check(server: EmbeddedServer, name: str, hashes: Bigints) -> None:
    """Whether searches find just what is there."""
    dice = np.random.default_rng(5)
    connection = await asyncpg.connect(url(server, name))
    try:
        for value in dice.choice(hashes, ASKED).tolist():
            apart = np.bitwise_count((hashes ^ np.int64(value)).view(np.uint64))
            near = set(np.unique(hashes[apart <= RADIUS]).tolist())
            rows = await connection.fetch(
                f"SELECT dhash FROM images WHERE dhash <@ ($1::bigint, {RADIUS})::bktree_area",
                value,
            )
            if {row["dhash"] for row in rows} != near:
                raise SystemExit(f"A search for {value} found something else than there is.")
        pages = await connection.fetchval("SELECT sum(page_count) FROM images")
        counted = await connection.fetchval("SELECT appearances FROM collections")
        if not 0 < pages == counted <= len(hashes):
            raise SystemExit("The counts do not agree.")
    finally:
        await connection.close()


def url(server: EmbeddedServer, name: str) -> str:
    """The address of a database on the server."""
    options = server.connect_options
    return f"postgresql://{options['user']}@/{name}?host={quote(str(options['host']))}"


async def _new_database(server: EmbeddedServer, name: str, *statements: str) -> None:
    await _execute(server, "postgres", f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    await _execute(server, name, *statements)
    await _execute(server, "postgres", "CHECKPOINT")


async def _drop_database(server: EmbeddedServer, name: str) -> int:
    """Bytes that the database had."""
    size = await _execute(server, "postgres", f"SELECT pg_database_size('{name}')")
    await _execute(server, "postgres", f"DROP DATABASE {name}")
    return int(size)


async def _execute(server: EmbeddedServer, name: str, *statements: str) -> Any:
    connection = await asyncpg.connect(url(server, name))
    try:
        value = None
        for statement in statements:
            value = await connection.fetchval(statement)
        return value
    finally:
        await connection.close()


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB"
