"""What the tests of the extension share: databases with it, on two versions of PostgreSQL."""

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.integration.extension.methods import METHODS, Method
from tests.integration.extension.servers import Server, embedded_server, system_server

_numbers = count(1)


@pytest.fixture(scope="session")
def embedded(short_folders: Callable[[], Path]) -> Iterator[Server]:
    """The PostgreSQL that comes along."""
    with embedded_server(short_folders, print) as server:
        if server is None:
            pytest.skip("the extension can't be built here")
        yield server


@pytest.fixture(scope="session")
def system(short_folders: Callable[[], Path]) -> Iterator[Server]:
    """The oldest PostgreSQL that the extension is for."""
    with system_server(short_folders) as server:
        if server is None:
            pytest.skip("no PostgreSQL 15 with its headers on this system")
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
    await admin.execute(f"CREATE DATABASE {name}")
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
