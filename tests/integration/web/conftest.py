"""One world for all tests of a module: reading pictures takes a while to begin."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager

import pytest
import pytest_asyncio

from tests.visiting import World, world_in


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    fresh_databases: Callable[[], AbstractContextManager[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[World]:
    """A database with pictures, and what searches it."""
    with fresh_databases() as url:
        async with world_in(url, tmp_path_factory.mktemp("unused")) as world:
            yield world
