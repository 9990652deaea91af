"""The search index: how it is, building it while searches go on, dropping it.

There are two kinds, ``hamming`` and ``bktree``; the extension's version decides which can be built.
Which one is there is read from the catalogue, whatever its name.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from bot.errors import DatabaseUnavailableError, NotAllowedError, NotFoundError
from db.connections import Connections
from db.records import IndexKind, IndexStatistics, IndexStatus

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
        operators = await self._operators()
        indexes = await self._connections.fetch(self._sql["indexes"])
        images = await self._connections.fetch(self._sql["index_images"])
        return IndexStatus(
            operators="standin" if operators["installed"] is None else "extension",
            extension_version=operators["installed"],
            extension_available=operators["available"],
            kind=indexes[0]["kind"] if indexes else None,
            valid=bool(indexes and indexes[0]["valid"]),
            size_bytes=indexes[0]["size_bytes"] if indexes else 0,
            images=images[0]["images"],
            building=await self._progress(),
            offered=tuple(operators["kinds"]),
            leftovers=len(indexes[1:]),
            shared_buffers=operators["shared_buffers"],
        )

    async def statistics(self) -> IndexStatistics | None:
        """What is in the index; ``None`` unless it is of the kind ``hamming`` and can be used.

        Every page of the index is read, which takes its time when it is large.
        """
        async with self._connections.single() as connection:
            index = await connection.fetchrow(self._sql["indexes"])
            if index is None or index["kind"] != "hamming" or not index["valid"]:
                return None
            try:
                row = await connection.fetchrow(self._sql["index_statistics"], index["name"])
            except asyncpg.UndefinedTableError:
                # Dropped a moment ago.
                return None
        return IndexStatistics(**row)

    async def build(
        self, kind: IndexKind | None = None, on_progress: Callable[[float], None] | None = None
    ) -> IndexStatus:
        """Build the index, or build it anew; searches keep working, and keep an index, meanwhile.

        Without a ``kind`` it is the kind that is there, or else the best one.  The index of another
        kind goes when the new one can be used.  ``on_progress`` is called with a share from 0 to 1
        that never falls.  Raises :class:`NotAllowedError` without the extension, for a kind that it
        lacks, or when a build is under way.
        """
        wanted = await self._choose(kind)
        async with self._connections.single() as connection, self._only_builder(connection):
            done = asyncio.Event()
            watching = asyncio.create_task(self._watch(done, on_progress or _ignore))
            try:
                await self._build(connection, wanted)
            finally:
                done.set()
                await watching
        if on_progress is not None:
            on_progress(1.0)
        return await self.status()

    async def drop(self, kind: IndexKind | None = None) -> None:
        """Drop the index, or that of one kind; searches then read every hash until it is built.

        Raises :class:`NotFoundError` when there is none of the ``kind`` asked for, and
        :class:`NotAllowedError` while it is being built.
        """
        async with self._connections.single() as connection, self._only_builder(connection):
            indexes = await connection.fetch(self._sql["indexes"])
            chosen = [index for index in indexes if kind in (None, index["kind"])]
            if kind is not None and not chosen:
                there = (
                    f"there is one of the kind {indexes[0]['kind']}" if indexes else "nor another"
                )
                raise NotFoundError(f"There is no index of the kind {kind} to drop, {there}.")
            for index in chosen:
                await _drop(connection, index["name"])

    async def _build(self, connection: Any, kind: IndexKind) -> None:
        indexes = await connection.fetch(self._sql["indexes"])
        for index in indexes:
            # Left by a build that was cut short; nobody else is building.
            if not index["valid"]:
                await _drop(connection, index["name"])
        usable = [index for index in indexes if index["valid"]]
        same = next((index for index in usable if index["kind"] == kind), None)
        if same is None:
            await connection.execute(self._sql[f"index_create_concurrently_{kind}"])
        else:
            await connection.execute(f"REINDEX INDEX CONCURRENTLY {same['name']}")
        for index in usable:
            if index is not same:
                await _drop(connection, index["name"])

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

    async def _operators(self) -> Any:
        return (await self._connections.fetch(self._sql["operators"]))[0]

    async def _choose(self, kind: IndexKind | None) -> IndexKind:
        operators = await self._operators()
        offered: list[IndexKind] = operators["kinds"]
        if operators["installed"] is None or not offered:
            raise NotAllowedError(
                "There is no index without the extension bktree, which this database does not "
                "have. See whereis-bot doctor for what to do."
            )
        if kind is None:
            indexes = await self._connections.fetch(self._sql["indexes"])
            there: list[IndexKind] = [i["kind"] for i in indexes if i["kind"] in offered]
            return there[0] if there else offered[0]
        if kind not in offered:
            raise NotAllowedError(_lacking(kind, operators["installed"], operators["available"]))
        return kind

    @asynccontextmanager
    async def _only_builder(self, connection: Any) -> AsyncIterator[None]:
        # The second question is for a build that somebody started by hand.
        if (
            not await connection.fetchval(self._sql["builder_lock"], BUILDER_LOCK)
            or await self._progress() is not None
        ):
            raise NotAllowedError("The index is being built already. Wait for that to finish.")
        # The lock goes with the connection, which is ours alone.
        try:
            yield
        except asyncpg.ObjectInUseError as error:
            raise DatabaseUnavailableError(f"The index is in use: {error}. Try again.") from error


async def _drop(connection: Any, name: str) -> None:
    # Names come from the catalogue, quoted by the server.
    await connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _lacking(kind: IndexKind, installed: str, available: str | None) -> str:
    missing = f"bktree {installed}, the extension in this database, has no index of the kind {kind}"
    if available not in (None, installed):
        return (
            f"{missing}, and the server has version {available}. Run ALTER EXTENSION bktree "
            "UPDATE; as its owner or as a superuser in this database, and try again."
        )
    return (
        f"{missing}. Install the newer one that comes with whereis on the database's machine "
        "(make -C db/extension install), start whereis-bot again, and try again."
    )


def _ignore(_share: float) -> None:
    pass
