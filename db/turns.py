"""Turns that the processes of a bot take, one after the other."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from db.connections import Connections


class Turns:
    """Gives turns in buckets, each held by a connection of its own.

    PostgreSQL gives them out in the order in which they were asked for, and takes back that of a
    process that dies.
    """

    def __init__(self, connections: Connections, sql: Mapping[str, str]) -> None:
        self._connections = connections
        self._sql = sql

    @asynccontextmanager
    async def turn(self, bucket: int) -> AsyncIterator[None]:
        """Wait for a turn, and have it for the length of a block.

        Raises :class:`bot.errors.DatabaseUnavailableError`.
        """
        async with self._connections.session() as session:
            await session.fetch(self._sql["turn_watch"])
            await session.fetch(self._sql["turn_hold"], bucket)
            yield
