"""What the tests of several processes share."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

PATIENCE = 60.0
"""Seconds after which what did not happen is taken for lost."""


@pytest.fixture
async def operator(database_url: str) -> AsyncIterator[Any]:
    """Somebody with a console."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()
