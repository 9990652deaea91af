"""A connection that is dead without anybody having said so."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, cast

import pytest

from bot.errors import DatabaseUnavailableError
from db.changes import Changes
from db.connections import Connections


class Dead:
    """A connection on which nothing comes."""

    shown = "at db/whereis"

    @asynccontextmanager
    async def session(self) -> AsyncIterator["Dead"]:
        """Itself."""
        yield self

    async def listen(self, _channel: str, _told: Callable[..., Any], _lost: Any) -> None:
        """Hear nothing."""

    async def fetch(self, _statement: str) -> None:
        """Wait for ever."""
        await asyncio.Event().wait()


async def test_it_is_given_up() -> None:
    changes = Changes(cast(Connections, Dead()), look_every=0.01, timeout=0.01)
    async with aclosing(changes.follow()) as following:
        assert await anext(following) is None
        with pytest.raises(DatabaseUnavailableError, match="at db/whereis does not answer"):
            await anext(following)
