"""The connections of a program: to the primary, and to a replica where there is one."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import Any, TypeVar

from bot.errors import DatabaseError, DatabaseUnavailableError, UncertainWriteError
from db.connections._condition import State
from db.connections._errors import ConflictError, translated
from db.connections._pool import (
    Pool,
    PoolStatus,
    close_quietly,
    session_settings,
)
from db.connections._positions import UNKNOWN, Positions
from db.connections._session import Session, Transaction
from db.connections._target import Target
from db.records import ReplicaStatus

# Seconds of waiting, on average, before a transaction that gave way to another is done anew.
CONFLICT_PAUSES = (0.02, 0.1)

# How far behind the primary a replica may be, and how often both are asked where they are.
MOST_BEHIND = 10.0
WATCH_EVERY = 1.0

# A standby that was promoted writes a log of its own.
POSITION = """
    SELECT pg_is_in_recovery() AS standby, coalesce(pg_wal_lsn_diff(
        CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
        ELSE pg_current_wal_insert_lsn() END, '0/0'
    ), 0)::bigint AS position
"""

T = TypeVar("T")


class _BehindError(Exception):
    """The replica has not replayed what was asked for."""


class Connections:
    """Pools of connections, and single connections beside them for work that takes long.

    ``replica`` answers what is asked with :meth:`read`; the primary, at ``target``, all else.
    """

    def __init__(
        self,
        target: Target,
        pool_size: int,
        statement_timeout: float,
        *,
        replica: Target | None = None,
    ) -> None:
        self._primary = Pool(target, pool_size, statement_timeout)
        self._replica = (
            Pool(replica, pool_size, statement_timeout, for_reading=True) if replica else None
        )
        self._positions = Positions(MOST_BEHIND)
        self._replica_behind: float | None = None

    @property
    def shown(self) -> str:
        """Where the database is, for people, without secrets."""
        return self._primary.target.shown

    @property
    def state(self) -> State:
        """How the primary is."""
        return self._primary.condition.state

    @property
    def pool(self) -> PoolStatus:
        """How the pool of connections to the primary is."""
        return self._primary.status

    @property
    def replica_pool(self) -> PoolStatus | None:
        """How the pool of connections to the replica is, where there is one."""
        return self._replica.status if self._replica else None

    @property
    def failures(self) -> Mapping[str, Counter[str]]:
        """How often a server did not do what was asked, by server and kind of the error."""
        replica = {"replica": self._replica.failures} if self._replica else {}
        return {"primary": self._primary.failures} | replica

    @property
    def replica_behind(self) -> float | None:
        """How many seconds the replica is behind; ``None`` without one, or while it is away."""
        return self._replica_behind

    @property
    def replica_shown(self) -> str | None:
        """Where the replica is, for people, where there is one."""
        return self._replica.target.shown if self._replica else None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Open the pools for the length of a block.

        Raises :class:`bot.errors.ConfigurationError` for a replica's address that is none.
        """
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._primary.opened())
            if self._replica is not None:
                await stack.enter_async_context(self._replica.opened())
                await self._find_places(self._replica)
                watching = asyncio.create_task(self._watch(self._replica))
                stack.push_async_callback(_end, watching)
            yield

    @asynccontextmanager
    async def single(self) -> AsyncIterator[Any]:
        """A connection of its own without time limits, for migrations and index builds."""
        with self.translated():
            connection = await self._primary.connect(server_settings=session_settings(0))
            try:
                yield connection
            finally:
                await close_quietly(connection)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """A connection of its own without time limits, for work of several transactions."""
        with self.translated():
            connection = await self._primary.connect(server_settings=session_settings(0))
        try:
            yield Session(connection, self.translated)
        finally:
            await close_quietly(connection)

    async def fetch(self, statement: str, *values: object) -> list[Any]:
        """Run a statement that only reads on the primary, and give its rows.

        It is tried again on another connection if one turns out to be lost, or if the server undid
        it for the sake of another one.
        """
        return await self._primary.fetch(statement, *values)

    async def read(
        self, statement: str, *values: object, collections: Sequence[int] = ()
    ) -> list[Any]:
        """Run a statement that only reads on the replica, if it can answer; else on the primary.

        It can't while it is away, too far behind, or has not replayed what this program wrote to
        one of the ``collections``.  An answer that is behind is better than none: it is given when
        the primary is away.
        """
        replica = self._replica
        if replica is None:
            return await self.fetch(statement, *values)
        behind = False
        if replica.condition.state != "down":
            needed = self._positions.needed(collections)
            try:
                return await replica.read(_question(statement, values, needed))
            except _BehindError:
                behind = True
            except DatabaseError:
                # The primary has the last word on what is wrong.
                pass
        try:
            return await self.fetch(statement, *values)
        except DatabaseUnavailableError:
            if not behind:
                raise
        return await replica.fetch(statement, *values)

    async def write(
        self,
        work: Callable[[Transaction], Awaitable[T]],
        *,
        patient: bool = False,
        changes: int | None = None,
    ) -> T:
        """Do ``work`` in a transaction; anew as a whole if the server undid it for another one.

        ``work`` may be called several times, so it must do nothing but statements.  ``patient`` and
        ``changes`` are those of :meth:`transaction`.
        """
        for pause in (*CONFLICT_PAUSES, None):
            try:
                async with self.transaction(patient=patient, changes=changes) as transaction:
                    return await work(transaction)
            except ConflictError:
                if pause is None:
                    raise
                await asyncio.sleep(random.uniform(0, 2 * pause))  # noqa: S311  (chance, and no secret)
        raise AssertionError("the last try returns or raises")

    async def execute(self, statement: str, *values: object, patient: bool = False) -> int:
        """Run one statement that writes, and give the number of rows that it wrote."""
        return await self.write(
            lambda transaction: transaction.execute(statement, *values), patient=patient
        )

    @asynccontextmanager
    async def transaction(
        self, *, patient: bool = False, changes: int | None = None
    ) -> AsyncIterator[Transaction]:
        """A transaction on the primary.

        ``patient`` is for writes of any size: a statement may take ten minutes, and wait half a
        minute for a lock.  ``changes`` is the collection that searches are to find changed from
        then on, or ``EVERYTHING``.  Raises :class:`bot.errors.ReadOnlyError` on a server that
        can't be written, and :class:`bot.errors.UncertainWriteError` when the connection is lost
        while all is committed.
        """

        async def remember(connection: Any) -> None:
            await self._remember(connection, changes)

        watched = self._replica is not None and changes is not None
        try:
            async with self._primary.transaction(
                patient=patient, after_commit=remember if watched else None
            ) as transaction:
                yield transaction
        except UncertainWriteError:
            if changes is not None:
                self._positions.wrote(changes)
            raise

    async def _remember(self, connection: Any, changes: int | None) -> None:
        """Note where the log is after a change."""
        position = UNKNOWN
        # What is stored is stored, also when nobody can say where.
        with suppress(DatabaseError), self.translated():
            position = (await connection.fetchrow(POSITION))["position"]
        if changes is not None:
            self._positions.wrote(changes, position)

    async def replica_status(self) -> ReplicaStatus | None:
        """How the replica is, where there is one."""
        replica = self._replica
        if replica is None:
            return None
        shown = replica.target.shown
        try:
            (there,) = await replica.fetch(POSITION)
        except DatabaseError as error:
            return ReplicaStatus(shown, error.sentence, standby=False, behind_bytes=0)
        (here,) = await self._primary.fetch(POSITION)
        return ReplicaStatus(
            shown,
            None,
            standby=there["standby"],
            behind_bytes=max(0, here["position"] - there["position"]),
        )

    async def _watch(self, replica: Pool) -> None:
        while True:
            await asyncio.sleep(WATCH_EVERY)
            await self._find_places(replica)

    async def _find_places(self, replica: Pool) -> None:
        """Ask both servers how far they are."""
        with suppress(DatabaseError):
            rows = await self._primary.fetch(POSITION)
            self._positions.primary_is_at(rows[0]["position"])
        self._replica_behind = None
        with suppress(DatabaseError):
            rows = await replica.fetch(POSITION)
            self._replica_behind = self._positions.behind(rows[0]["position"])

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise what asyncpg raises as one of :mod:`bot.errors`."""
        with translated(self._primary.target):
            yield


def _question(
    statement: str, values: tuple[object, ...], needed: int
) -> Callable[[Any], Awaitable[list[Any]]]:
    """A statement for a connection whose server is that far at least."""

    async def ask(connection: Any) -> list[Any]:
        if connection.replayed < needed:
            replayed = (await connection.fetchrow(POSITION))["position"]
            connection.has_replayed(replayed)
            if replayed < needed:
                raise _BehindError
        rows: list[Any] = await connection.fetch(statement, *values)
        return rows

    return ask


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
