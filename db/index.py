"""The search index: how it is, building it while searches go on, dropping it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from bot.errors import DatabaseUnavailableError, NotAllowedError
from db.pool import Connections
from db.records import IndexStatus

PROGRESS_INTERVAL = 0.5

# Like the lock of the migrations: a number that no other program takes.
BUILDER_LOCK = 0x7768_6572_6569_7302


class SearchIndex:
    """The index that the radius search uses."""

    def __init__(self, connections: Connections, sql: Mapping[str, str]) -> None:
        self._connections = connections
        self._sql = sql

    async def status(self) -> IndexStatus:
        """How the index is. ``size_bytes`` is on disk, ``building`` a share from 0 to 1."""
        operators = (await self._connections.fetch(self._sql["operators"]))[0]
        index = await self._connections.fetch(self._sql["index_status"])
        images = await self._connections.fetch(self._sql["index_images"])
        return IndexStatus(
            operators="standin" if operators["installed"] is None else "extension",
            extension_version=operators["installed"],
            kind="bktree" if index else None,
            valid=bool(index and index[0]["valid"]),
            size_bytes=index[0]["size_bytes"] if index else 0,
            images=images[0]["images"],
            building=await self._progress(),
        )

    async def build(self, on_progress: Callable[[float], None] | None = None) -> IndexStatus:
        """Build the index, or build it anew; searches keep working meanwhile.

        ``on_progress`` is called with a share from 0 to 1 that never falls.  Raises
        :class:`NotAllowedError` without the extension, or when a build is under way.
        """
        await self._check_extension()
        async with self._connections.single() as connection, self._only_builder(connection):
            done = asyncio.Event()
            watching = asyncio.create_task(self._watch(done, on_progress or _ignore))
            try:
                await self._build(connection)
            finally:
                done.set()
                await watching
        if on_progress is not None:
            on_progress(1.0)
        return await self.status()

    async def drop(self) -> None:
        """Drop the index; searches then read every hash, until it is built again."""
        async with self._connections.single() as connection, self._only_builder(connection):
            await connection.execute(self._sql["index_drop_concurrently"])

    async def _build(self, connection: Any) -> None:
        for row in await connection.fetch(self._sql["index_leftovers"]):
            # The name is from the catalogue and matched a pattern of plain characters.
            await connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {row['relname']}")
        found = await connection.fetchrow(self._sql["index_status"])
        if found is not None and found["valid"]:
            await connection.execute(self._sql["index_rebuild"])
            return
        if found is not None:
            await connection.execute(self._sql["index_drop_concurrently"])
        await connection.execute(self._sql["index_create_concurrently"])

    async def _watch(self, done: asyncio.Event, on_progress: Callable[[float], None]) -> None:
        furthest = 0.0
        while not done.is_set():
            # The build goes on even if nobody can be told how far it is.
            with suppress(DatabaseUnavailableError):
                share = await self._progress()
                furthest = max(furthest, share or 0.0)
                on_progress(furthest)
            with suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), PROGRESS_INTERVAL)

    async def _progress(self) -> float | None:
        rows = await self._connections.fetch(self._sql["index_progress"])
        return min(1.0, float(rows[0]["share"])) if rows else None

    async def _check_extension(self) -> None:
        operators = (await self._connections.fetch(self._sql["operators"]))[0]
        if operators["installed"] is None:
            raise NotAllowedError(
                "There is no index without the extension bktree, which this database does not "
                "have. See whereis-bot doctor for what to do."
            )

    @asynccontextmanager
    async def _only_builder(self, connection: Any) -> AsyncIterator[None]:
        if not await connection.fetchval(self._sql["builder_lock"], BUILDER_LOCK):
            raise NotAllowedError("The index is being built already. Wait for that to finish.")
        # The lock goes with the connection, which is ours alone.
        try:
            yield
        except asyncpg.ObjectInUseError as error:
            raise DatabaseUnavailableError(f"The index is in use: {error}. Try again.") from error


def _ignore(_share: float) -> None:
    pass
