"""Dumps to import, what should come of them, and word of what an import has stored."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot.config import Settings, variable_of
from bot.images import Limits, Workers
from bot.ingest import IngestService
from bot.search import Radii, SearchService
from db import Database

Rows = list[tuple[int, str]]

TEMPLATE = "https://en.wikipedia.org/wiki/{title}"

HEAD = "COPY public.hashes (id, hash, url) FROM stdin;\n"
TAIL = "\\.\n"


def dump_text(rows: Iterable[tuple[object, object]]) -> str:
    """A dump of some rows, as pg_dump writes one."""
    lines = (f"{number}\t{value}\t{page}\n" for number, (value, page) in enumerate(rows, 1))
    return f"SET client_encoding = 'UTF8';\n\n{HEAD}{''.join(lines)}{TAIL}\n-- complete\n"


def some_rows(count: int, seed: int = 1) -> Rows:
    """Rows in which hashes and pages come again, and some rows as a whole."""
    rows = []
    state = seed
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        value = (state >> 33) % max(1, count // 2)
        page = (state >> 13) % max(1, count // 3)
        # Spread over all 64 bits, of either sign.
        hashed = (value * 0x9E3779B97F4A7C15) % 2**64 - 2**63
        rows.append((hashed, f"Härryda_{page}_({page % 7})"))
    return rows


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    """One process that reads pictures."""
    async with Workers(Limits(timeout=20), 1) as pool:
        yield pool


@pytest.fixture
def ingest(database: Database, workers: Workers) -> IngestService:
    """Fills the test's own database."""
    search = SearchService(database.store, workers, Radii())
    return IngestService(database.store, database.imports, workers, search, TEMPLATE)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Any]:
    """A connection of the test's own to the database."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


STORED = """
SELECT c.name, i.dhash, i.phash IS NULL AS bare, i.file, i.page_count, p.title, p.url
FROM images i
JOIN collections c ON c.id = i.collection_id
JOIN appearances a ON a.image_id = i.id
JOIN pages p ON p.id = a.page_id AND p.collection_id = i.collection_id
"""


async def stored(connection: Any, collection: str) -> set[tuple[int, str]]:
    """The (hash, title) pairs of a collection; all that is counted has to agree with them."""
    rows = await connection.fetch(f"{STORED} WHERE c.name = $1", collection)
    pairs = [(row["dhash"], row["title"]) for row in rows]
    counts = await connection.fetchrow("SELECT * FROM collections WHERE name = $1", collection)
    pictures = {(row["dhash"], row["bare"], row["file"]) for row in rows}
    assert counts["appearances"] == len(pairs)
    assert counts["images"] == len(pictures)
    assert counts["pages"] == len({(row["title"], row["url"]) for row in rows})
    own = "SELECT count(*) FROM images WHERE collection_id = $1"
    assert await connection.fetchval(own, counts["id"]) == len(pictures)
    for row in rows:
        shown = (
            sum(
                (other["dhash"], other["file"], other["bare"])
                == (row["dhash"], row["file"], row["bare"])
                for other in rows
            )
            if len(rows) < 300
            else row["page_count"]
        )
        assert row["page_count"] == shown
    return set(pairs)


class Watch:
    """Tells when an import has stored something, by triggers in the database."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._told: dict[str, asyncio.Event] = {}

    async def begin(self) -> None:
        """Set the triggers."""
        await self._connection.execute("""
            CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_notify('imports', TG_ARGV[0]);
                RETURN NULL;
            END $$;
            CREATE TRIGGER staged AFTER UPDATE OF position ON staged_for
                EXECUTE FUNCTION tell('staged');
            CREATE TRIGGER complete AFTER UPDATE OF complete ON staged_for
                EXECUTE FUNCTION tell('complete');
            CREATE TRIGGER stored AFTER UPDATE OF added ON imports
                EXECUTE FUNCTION tell('stored');
        """)
        await self._connection.add_listener("imports", self._hear)

    async def told(self, what: str) -> None:
        """Wait for the first word of ``staged``, ``complete`` or ``stored``."""
        await asyncio.wait_for(self._event(what).wait(), 60)

    async def forget(self) -> None:
        """Forget what was told so far."""
        await self._connection.execute("SELECT")
        self._told.clear()

    def _hear(self, _connection: Any, _pid: int, _channel: str, what: str) -> None:
        self._event(what).set()

    def _event(self, what: str) -> asyncio.Event:
        return self._told.setdefault(what, asyncio.Event())


@pytest.fixture
async def watch(connection: Any) -> Watch:
    """Word of what imports store."""
    watch = Watch(connection)
    await watch.begin()
    return watch


Start = Callable[..., Any]


@pytest.fixture
def whereis(database_url: str, tmp_path: Path) -> Start:
    """Starts the program on the test's database; ends it with the block."""
    ours = {variable_of(field) for field in Settings.model_fields}
    clean = {name: value for name, value in os.environ.items() if name not in ours}

    @asynccontextmanager
    async def start(
        *words: str | Path, program: str | None = None, **settings: str
    ) -> AsyncIterator[Any]:
        start = ["-m", "bot"] if program is None else ["-c", program]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *start,
            *map(str, words),
            cwd=tmp_path,
            env={**clean, "DATABASE_URL": database_url, "COLUMNS": "120", **settings},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    return start
