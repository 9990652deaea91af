"""A server that dies takes the staged rows along, and the import notices."""

import os
import select
import signal
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from bot.errors import RequestError
from bot.images import Workers
from bot.importers.sql_dump import SqlDump
from bot.ingest import IngestService
from bot.search import Radii, SearchService
from db import Database, open_database
from db.embedded import EmbeddedServer
from tests.conftest import HASTY
from tests.integration.imports.conftest import TEMPLATE, dump_text, some_rows, stored


async def test_rows_that_were_staged_before_a_crash_are_read_again(
    short_folders: Callable[[], Path], extension: Path | None, tmp_path: Path, workers: Workers
) -> None:
    server = EmbeddedServer(short_folders(), print, extension=extension, settings=HASTY)
    server.start()
    try:
        host, user = server.connect_options["host"], server.connect_options["user"]
        url = f"postgresql://{user}@/whereis?host={host}"
        rows = some_rows(2000)
        text = dump_text(rows)
        path = tmp_path / "hashes.sql"

        path.write_text(text[: len(text) // 2], encoding="utf-8")
        async with open_database(url, tmp_path) as database:
            with pytest.raises(RequestError):
                await run(database, workers, path)
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT count(*) FROM staged") > 500
        # Written out, so that nothing but the crash itself can lose it.
        await connection.execute("CHECKPOINT")
        await connection.close()

        pid = int((server.log.parent / "postmaster.pid").read_text("ascii").splitlines()[0])
        process = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        assert select.select([process], [], [], 30)[0], "it did not die"
        os.close(process)
        server.revive()

        path.write_text(text, encoding="utf-8")
        async with open_database(url, tmp_path) as database:
            await run(database, workers, path)
        connection = await asyncpg.connect(url)
        assert await stored(connection, "enwiki") == set(rows)
        await connection.close()
    finally:
        server.stop()


async def run(database: Database, workers: Workers, path: Path) -> None:
    search = SearchService(database.store, workers, Radii())
    ingest = IngestService(database.store, database.imports, workers, search, TEMPLATE)
    with SqlDump(str(path)) as dump:
        await ingest.import_dump(dump, await ingest.wiki_collection("enwiki"))
