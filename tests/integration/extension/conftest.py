"""What the tests of the extension share: databases with it, on two versions of PostgreSQL."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.integration.extension.methods import METHODS, Method
from tests.integration.extension.servers import (
    Server,
    build_for_embedded,
    build_for_system,
    embedded_server,
    system_server,
)

Alone = Callable[[str], AbstractContextManager[None]]
BuiltOnce = Callable[[str, Callable[[Path], Path | None]], Path | None]

_numbers = count(1)


@pytest.fixture(scope="session")
def built_once(run_folder: Path, alone: Alone) -> BuiltOnce:
    """Builds something that all processes of this run then have, in a folder by a name."""

    def build(name: str, into: Callable[[Path], Path | None]) -> Path | None:
        folder = run_folder / name
        with alone(name):
            if not folder.exists():
                scratch = Path(tempfile.mkdtemp(prefix="", dir=run_folder))
                if (made := into(scratch)) is None:
                    return None
                # The servers' users read what is in it.
                made.chmod(0o755)
                made.rename(folder)
                shutil.rmtree(scratch)
        return folder

    return build


@pytest.fixture(scope="session")
def embedded(
    built_once: BuiltOnce, short_folders: Callable[[], Path], extension: Path | None
) -> Iterator[Server]:
    """The PostgreSQL that comes along."""
    if extension is None:
        pytest.skip("the extension can't be built here")
    folder = built_once("embedded", lambda scratch: build_for_embedded(extension, scratch))
    assert folder is not None
    with embedded_server(short_folders(), folder, print) as server:
        yield server


@pytest.fixture(scope="session")
def system(built_once: BuiltOnce, short_folders: Callable[[], Path]) -> Iterator[Server]:
    """The oldest PostgreSQL that the extension is for."""
    root = built_once("system", build_for_system)
    if root is None:
        pytest.skip("no PostgreSQL 15 with its headers on this system")
    with system_server(short_folders(), root) as server:
        yield server


@pytest.fixture(params=["embedded", "system"])
def server(request: pytest.FixtureRequest) -> Server:
    """Each of the servers in turn."""
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=METHODS, ids=lambda method: str(method.name))
def method(request: pytest.FixtureRequest) -> Method:
    """Each of the access methods in turn."""
    found: Method = request.param
    if not found.exists:
        pytest.skip(f"there is no {found.name} in the sources")
    return found


@pytest.fixture
async def empty_database(server: Server) -> AsyncIterator[str]:
    """The name of a database without the extension."""
    name = f"test_{next(_numbers)}"
    admin = await server.connect()
    await admin.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
    yield name
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def bare(server: Server, empty_database: str) -> AsyncIterator[Any]:
    """A connection to a database without the extension."""
    connection = await server.connect(empty_database)
    yield connection
    await connection.close()


@pytest.fixture
async def connection(bare: Any) -> Any:
    """A connection to a database with the extension."""
    await bare.execute("CREATE EXTENSION bktree")
    return bare
