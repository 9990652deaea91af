"""What every test may ask for."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest

from db import Database, open_database
from db.embedded import EmbeddedServer, find_binaries
from db.extension_build import build_extension
from db.store import Store

ROOT = Path(__file__).resolve().parent.parent

# Nothing that a test stores has to outlive a power cut.
HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

FreshDatabases = Callable[[], AbstractContextManager[str]]


def corpus_folder() -> Path | None:
    """A folder of real pictures, where there is one."""
    folder = Path(os.environ.get("WHEREIS_CORPUS", ROOT.parent / "shared" / "corpus"))
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def corpus() -> Path:
    """A folder of real pictures; tests that need it are skipped where there is none."""
    folder = corpus_folder()
    if folder is None:
        pytest.skip("there is no corpus of real pictures here")
    return folder


@pytest.fixture(scope="session")
def short_folders() -> Iterator[Callable[[], Path]]:
    """Makes folders whose paths leave room for a socket's name; pytest's own are too long."""
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="whereis-")))
        return made[-1]

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def extension(short_folders: Callable[[], Path]) -> Path | None:
    """The extension, built for the embedded PostgreSQL; ``None`` where there is no compiler."""
    return build_extension(find_binaries() / "pg_config", short_folders() / "extension", print)


@pytest.fixture(scope="session")
def embedded_server(
    short_folders: Callable[[], Path], extension: Path | None
) -> Iterator[EmbeddedServer]:
    """A PostgreSQL that all tests share; none of them may make it crash."""
    server = EmbeddedServer(short_folders(), print, extension=extension, settings=HASTY)
    server.start()
    yield server
    server.stop()
    lines = server.log.read_text("utf-8", "replace").splitlines()
    crash = [line for line in lines if "PANIC:" in line or "terminated by signal" in line]
    assert not crash, "\n".join(crash)


@pytest.fixture(scope="session")
def databases_on() -> Callable[[Mapping[str, Any]], FreshDatabases]:
    """Given how to connect to a server, gives a way to have fresh, migrated databases on it."""
    return _databases_on


@pytest.fixture(scope="session")
def fresh_databases(embedded_server: EmbeddedServer) -> FreshDatabases:
    """A way to have fresh, migrated databases on the shared server, by URL."""
    return _databases_on(embedded_server.connect_options)


@pytest.fixture
def database_url(fresh_databases: FreshDatabases) -> Iterator[str]:
    """The address of a database of this test's own, migrated and empty."""
    with fresh_databases() as url:
        yield url


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """This test's own database, open."""
    async with open_database(database_url, tmp_path, pool_size=4) as opened:
        yield opened


@pytest.fixture
def store(database: Database) -> Store:
    """The store of this test's own database."""
    return database.store


def _databases_on(options: Mapping[str, Any]) -> FreshDatabases:
    numbers = count(1)
    template = f"template_{os.urandom(4).hex()}"

    def url_of(name: str) -> str:
        host, port, user = (quote(str(options[key])) for key in ("host", "port", "user"))
        return f"postgresql://{user}@/{name}?host={host}&port={port}"

    async def execute(statement: str) -> None:
        connection = await asyncpg.connect(**{**options, "database": "postgres"})
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def migrate() -> None:
        await execute(f"CREATE DATABASE {template}")
        async with open_database(url_of(template), Path("unused")):
            pass

    _run(migrate())

    @contextmanager
    def fresh() -> Iterator[str]:
        name = f"test_{next(numbers)}_{os.urandom(4).hex()}"
        _run(execute(f"CREATE DATABASE {name} TEMPLATE {template}"))
        try:
            yield url_of(name)
        finally:
            _run(execute(f"DROP DATABASE {name} WITH (FORCE)"))

    return fresh


def _run(work: Coroutine[Any, Any, None]) -> None:
    # In a thread of its own, so that it disturbs no event loop of a test.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()
