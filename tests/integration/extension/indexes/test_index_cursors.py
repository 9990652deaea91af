"""Scans that go on while others change the table."""

import asyncio
from typing import Any

import pytest

from tests.integration.extension.answers import Truth, plan, take
from tests.integration.extension.hashsets import make_set
from tests.integration.extension.methods import HAMMING, Method
from tests.integration.extension.servers import Server
from tests.integration.extension.tables import Pictures

SIZE = 4000


@pytest.fixture
async def other(server: Server, connection: Any, empty_database: str) -> Any:
    """Another connection to the same database."""
    opened = await server.connect(empty_database)
    yield opened
    await opened.close()


async def test_dead_rows_are_not_taken_for_those_in_their_place(
    connection: Any, other: Any, method: Method
) -> None:
    """A scan may remember dead rows; meanwhile others can have come to where those were."""
    await connection.execute(
        "CREATE TABLE pictures (id int, hash bigint) WITH (autovacuum_enabled = off);"
        "INSERT INTO pictures SELECT i, 42 FROM generate_series(1, 2000) AS i;"
        f"{method.index()};"
        "DELETE FROM pictures WHERE id <= 1999"
    )
    await take(connection, "index")
    transaction = connection.transaction()
    await transaction.start()
    near = "SELECT id FROM pictures WHERE hash <@ (42::bigint, 0)::bktree_area"
    assert "Index Scan" in await plan(connection, near)
    cursor = await connection.cursor(near)
    assert [row["id"] for row in await cursor.fetch(1)] == [2000]
    await other.execute("VACUUM pictures")
    await other.execute("INSERT INTO pictures SELECT i, 42 FROM generate_series(2001, 3999) AS i")
    assert await cursor.fetch(1) == []
    await transaction.rollback()
    assert len(await connection.fetch(near)) == 2000
