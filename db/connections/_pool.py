"""A pool of connections to one server, which gets over what becomes of the server."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg

from bot.errors import (
    DatabaseBusyError,
    DatabaseError,
    DatabaseUnavailableError,
    ReadOnlyError,
    UncertainWriteError,
)
from db.connections._condition import Condition, State
from db.connections._errors import (
    CONFLICTS,
    DRIVER_ERRORS,
    LOST,
    TOO_LONG,
    in_words,
    kind_of,
    translated,
)
from db.connections._session import Transaction
from db.connections._target import Target

CONNECT_TIMEOUT = 5.0

# A connection is waited for as long as a statement may take, and as long as opening one takes.
WAIT_AT_LEAST = 2.0

# How often something is asked that may be asked again.
TRIES = 3

# For a transaction of any size: ten minutes a statement, half a minute of them for a lock that
# somebody else has.  We give up a little later than the server, so that the connection stays good.
PATIENT_SETTINGS = "SET LOCAL statement_timeout = '600s'; SET LOCAL lock_timeout = '30s'"
PATIENT_HERE = 610.0

# Seconds for which a server that had no connection left is not asked for another.
CROWDED = 1.0

READ_ONLY = "SELECT current_setting('transaction_read_only')::boolean"

AfterCommit = Callable[[Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """How a pool is: connections that are open, those of them that nobody uses, who waits.

    ``limit`` is how many may be open.
    """

    state: State
    size: int
    idle: int
    waiting: int
    limit: int


class PlacedConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that remembers how far its server was in the log when it was asked last."""

    __slots__ = ("replayed",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.replayed = 0

    def has_replayed(self, position: int) -> None:
        """Note how far the server is."""
        self.replayed = position


class Pool:
    """The connections to one server, at most ``size``.

    ``statement_timeout`` is in seconds.  A pool that is ``for_reading`` does not mind that its
    server can only be read.
    """

    def __init__(
        self,
        target: Target,
        size: int,
        statement_timeout: float,
        *,
        for_reading: bool = False,
    ) -> None:
        self.target = target
        self.condition = Condition(self._probe, target.shown)
        self._size = size
        self._statement_timeout = statement_timeout
        self._for_reading = for_reading
        self._pool: Any = None
        self._waiting = 0
        self._generation = 0
        self._crowded_until = 0.0
        # What was not done, by the kind of the error.
        self.failures: Counter[str] = Counter()

    @property
    def status(self) -> PoolStatus:
        """How it is now."""
        size, idle = (self._pool.get_size(), self._pool.get_idle_size()) if self._pool else (0, 0)
        return PoolStatus(self.condition.state, size, idle, self._waiting, self._size)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Open the pool for the length of a block; it connects when somebody asks for something."""
        with translated(self.target):
            self._pool = await asyncpg.create_pool(
                min_size=0,
                max_size=self._size,
                connect=self._connect_for_pool,
                connection_class=PlacedConnection,
                # All that lasts longer than a transaction is the table that writes come in by.
                reset=_leave,
                # Longer than the server's own limit, so that normally the server ends a statement
                # and the connection stays good.
                command_timeout=self._statement_timeout + CONNECT_TIMEOUT,
                server_settings=session_settings(self._statement_timeout),
            )
        try:
            async with self.condition.watched():
                yield
        finally:
            pool, self._pool = self._pool, None
            await _close(pool)

    async def connect(self, **options: Any) -> Any:
        """A new connection. Raises what asyncpg raises, or :class:`ConfigurationError`."""
        merged = {"timeout": CONNECT_TIMEOUT, **options, **self.target.options}
        try:
            return await asyncpg.connect(**merged)
        except (ValueError, asyncpg.ClientConfigurationError):
            # Their words may quote the address, password and all.
            raise self.target.not_an_address() from None
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            # The last is a server that was killed with this connection in its queue.
            if self.target.revive is None:
                raise
        await self.target.revive()
        return await asyncpg.connect(**merged)

    async def fetch(self, statement: str, *values: object) -> list[Any]:
        """Run a statement that only reads, and give its rows; again, if a connection was lost."""
        return await self.read(lambda connection: connection.fetch(statement, *values))

    async def read(self, question: Callable[[Any], Awaitable[list[Any]]]) -> list[Any]:
        """Ask a question over a connection, and once more over another if that one is lost.

        A pooled connection may not notice that its server is gone until it is used.
        """
        with self._counted(), translated(self.target):
            for _ in range(TRIES - 1):
                with suppress(*LOST, *CONFLICTS):
                    return await self._ask(question)
            return await self._ask(question)

    async def _ask(self, question: Callable[[Any], Awaitable[list[Any]]]) -> list[Any]:
        connection = await self._acquire()
        try:
            async with self._minded():
                return await question(connection)
        finally:
            await self._release(connection)

    @asynccontextmanager
    async def transaction(
        self, *, patient: bool, after_commit: AfterCommit | None = None
    ) -> AsyncIterator[Transaction]:
        """A transaction; ``after_commit`` is done on its connection when all is stored.

        ``patient`` is for writes of any size.  Raises :class:`UncertainWriteError` when the
        connection is lost while the transaction is committed.
        """
        try:
            with self._counted(), translated(self.target):
                connection, running = await self._begin(patient=patient)
                try:
                    async with self._minded():
                        try:
                            yield Transaction(connection, PATIENT_HERE if patient else None)
                        except BaseException:
                            await _roll_back(running)
                            raise
                        await self._commit(connection, running)
                    if after_commit is not None:
                        await after_commit(connection)
                finally:
                    await self._release(connection)
        except ReadOnlyError:
            await self._expire(self._generation)
            self.condition.found_read_only()
            raise

    async def _begin(self, *, patient: bool) -> tuple[Any, Any]:
        """A connection in a transaction; nothing has been asked of it, so it may be tried again."""
        for left in reversed(range(TRIES)):
            connection = await self._acquire()
            running = connection.transaction()
            try:
                async with self._minded():
                    await running.start()
                    if patient:
                        await connection.execute(PATIENT_SETTINGS)
            except BaseException as error:
                await self._release(connection)
                if not (left and isinstance(error, LOST)):
                    raise
            else:
                return connection, running
        raise AssertionError("the last try returns or raises")

    async def _commit(self, connection: Any, running: Any) -> None:
        if connection.is_closed():
            # Nobody has told the server to commit, so it has not.
            raise asyncpg.ConnectionDoesNotExistError("the connection was closed")
        try:
            await running.commit()
        except (*LOST, OSError) as error:
            await self._expire(self._generation)
            raise UncertainWriteError(
                f"The connection to the database {self.target.shown} was lost while it was storing "
                "something, so that may be stored or not; the audit shows it."
            ) from error

    @asynccontextmanager
    async def _minded(self) -> AsyncIterator[None]:
        """Learn from what becomes of a connection that was taken just now."""
        generation = self._generation
        try:
            yield
        except LOST:
            await self._expire(generation)
            raise
        except TimeoutError as error:
            # Not even the server's own limit ended it: the server hangs, or the way to it is gone.
            await self._expire(generation)
            unanswered = DatabaseUnavailableError(TOO_LONG)
            unanswered.__cause__ = error
            self.condition.found_down(unanswered)
            raise

    async def _expire(self, generation: int) -> None:
        """Have all connections of a generation replaced: those that are lost are lost together."""
        if self._pool is not None and generation == self._generation:
            self._generation += 1
            await self._pool.expire_connections()

    async def _acquire(self) -> Any:
        await self.condition.back()
        self._waiting += 1
        try:
            async with asyncio.timeout(max(self._statement_timeout, WAIT_AT_LEAST)):
                while True:
                    if self._pool is None:
                        raise DatabaseUnavailableError("The database has been closed.")
                    # While the server has none to spare, one of ours becomes free sooner or later.
                    with suppress(asyncpg.TooManyConnectionsError):
                        if self._crowded_for() > 0:
                            return await self._acquire_open_one(self._pool)
                        return await self._pool.acquire()
        except TimeoutError as error:
            # Waiting for a free connection counts as the database taking too long.
            raise DatabaseBusyError(TOO_LONG) from error
        finally:
            self._waiting -= 1

    async def _acquire_open_one(self, pool: Any) -> Any:
        """A connection that is open already.

        The pool gives those that would have to be opened as readily, so we ask for as many as it
        has, and the ones to be opened are held back until another is found.
        """
        asking = [asyncio.create_task(_acquired(pool)) for _ in range(self._size)]
        try:
            await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            for connection in (await _ended(asking))[0]:
                await self._release(connection)
            raise
        found, errors = await _ended(asking)
        for connection in found[1:]:
            await self._release(connection)
        if not found:
            raise errors[0]
        return found[0]

    def _crowded_for(self) -> float:
        """For how many seconds the server is not to be asked for another connection."""
        return self._crowded_until - asyncio.get_running_loop().time()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            self.failures[kind_of(error)] += 1
            raise

    async def _release(self, connection: Any) -> None:
        if self._pool is None:
            connection.terminate()
            return
        # What was done is done, whatever becomes of the connection now.
        with suppress(*DRIVER_ERRORS):
            await self._pool.release(connection, timeout=CONNECT_TIMEOUT)

    async def _connect_for_pool(self, *_args: object, **options: Any) -> Any:
        if (crowded := self._crowded_for()) > 0:
            await asyncio.sleep(crowded)
        self.condition.check()
        try:
            return await self.connect(**options)
        except asyncpg.TooManyConnectionsError as error:
            if self.status.size:
                self._crowded_until = asyncio.get_running_loop().time() + CROWDED
                raise
            failure = in_words(error, self.target)
        except TimeoutError:
            failure = DatabaseUnavailableError(
                f"The database {self.target.shown} does not answer. {self.target.remedy}"
            )
        except DRIVER_ERRORS as error:
            failure = in_words(error, self.target)
        except DatabaseUnavailableError as error:
            failure = error
        self.condition.found_down(failure)
        raise failure

    async def _probe(self) -> bool:
        """Whether the server can only be read. Raises :class:`DatabaseError`."""
        with translated(self.target):
            settings = session_settings(self._statement_timeout)
            connection = await self.connect(server_settings=settings)
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    read_only: bool = await connection.fetchval(READ_ONLY)
            finally:
                await close_quietly(connection)
        return read_only and not self._for_reading


def session_settings(statement_timeout: float) -> dict[str, str]:
    """What each connection asks of its server; ``statement_timeout`` in seconds, 0 for none."""
    return {
        "application_name": "whereis",
        "search_path": "public",
        "statement_timeout": str(int(statement_timeout * 1000)),
        "idle_in_transaction_session_timeout": "600000",
        # A prepared statement's generic plan does not know how wide the radius is, and a wide
        # one wants another plan than a narrow one.
        "plan_cache_mode": "force_custom_plan",
        "jit": "off",
        # A statement that runs for minutes notices that its client was killed.
        "client_connection_check_interval": "2s",
    }


async def close_quietly(connection: Any) -> None:
    """Close a connection, whatever has become of it."""
    if not connection.is_closed():
        with suppress(*DRIVER_ERRORS):
            await connection.close(timeout=CONNECT_TIMEOUT)


async def _roll_back(running: Any) -> None:
    # Over a connection that is lost, which the server does by itself.
    with suppress(*DRIVER_ERRORS):
        await running.rollback()


async def _acquired(pool: Any) -> Any:
    return await pool.acquire()


async def _ended(asking: list["asyncio.Task[Any]"]) -> tuple[list[Any], list[BaseException]]:
    """What came of questions that are asked no longer: connections, and errors."""
    for task in asking:
        task.cancel()
    found = await asyncio.gather(*asking, return_exceptions=True)
    errors = [each for each in found if isinstance(each, BaseException)]
    # Those that were called off say nothing of the server.
    errors.sort(key=lambda error: isinstance(error, asyncio.CancelledError))
    return [each for each in found if not isinstance(each, BaseException)], errors


async def _leave(_connection: Any) -> None:
    """Leave a connection as it is for the next one."""


async def _close(pool: Any) -> None:
    try:
        await asyncio.wait_for(pool.close(), CONNECT_TIMEOUT)
    except DRIVER_ERRORS:
        pool.terminate()
