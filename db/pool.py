"""Connections: a pool with time limits, and errors in words for people.

Everything that asyncpg raises ends here.  What passes on is one of :mod:`bot.errors`.
"""

import asyncio
import re
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
)
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeVar

import asyncpg

from bot.errors import (
    ConfigurationError,
    DatabaseError,
    DatabaseUnavailableError,
    SchemaError,
)

CONNECT_TIMEOUT = 10.0
PATIENT = 30 * 24 * 3600.0

# Seconds between looks at whether a connection is still there while much is sent.
LOOK_EVERY = 1.0

T = TypeVar("T")

# Shown to people, so it must not let any part of a password through: everything after an @ that
# stands where it shouldn't makes the whole address unshowable.
_SHOWABLE = re.compile(
    r"^postgres(?:ql)?://(?:[^@/?#]*@)?(?P<host>[^@/?#:,]*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d+))?"
    r"(?:/(?P<name>[^@/?#:]*))?(?:\?[^@]*)?$"
)

_LOST = (
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.ConnectionFailureError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    BrokenPipeError,
    ConnectionAbortedError,
    ConnectionResetError,
)


@dataclass(frozen=True, slots=True)
class Target:
    """A database to connect to: what asyncpg needs, and what people may be shown.

    ``revive`` makes sure that the server runs, where it is ours to start.
    """

    options: Mapping[str, Any]
    shown: str
    remedy: str
    revive: Callable[[], Awaitable[None]] | None = None


def target_of_url(url: str) -> Target:
    """The database that ``DATABASE_URL`` names.

    Raises :class:`ConfigurationError` for what is no address of a PostgreSQL database.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise _not_an_address()
    found = _SHOWABLE.match(url)
    shown = "in DATABASE_URL"
    if found and found["host"]:
        port = f":{found['port']}" if found["port"] else ""
        name = f"/{found['name']}" if found["name"] else ""
        shown = f"at {found['host']}{port}{name}"
    return Target(
        {"dsn": url},
        shown,
        "Check DATABASE_URL, and that the server runs and lets this machine in.",
    )


class Connections:
    """The pool, and single connections beside it for work that takes long."""

    def __init__(self, target: Target, pool_size: int, statement_timeout: float) -> None:
        self._target = target
        self._pool_size = pool_size
        self._statement_timeout = statement_timeout
        self._pool: Any = None

    @property
    def shown(self) -> str:
        """Where the database is, for people, without secrets."""
        return self._target.shown

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Open the pool for the length of a block.

        Raises :class:`DatabaseUnavailableError`, or :class:`ConfigurationError` for an address
        that is none.
        """
        with self.translated():
            self._pool = await asyncpg.create_pool(
                min_size=1,
                max_size=self._pool_size,
                connect=self._connect,
                # Longer than the server's own limit, so that normally the server ends a statement
                # and the connection stays good.
                command_timeout=self._statement_timeout + 5,
                server_settings=self._settings(self._statement_timeout),
            )
        try:
            yield
        finally:
            pool, self._pool = self._pool, None
            await _close(pool)

    @asynccontextmanager
    async def single(self) -> AsyncIterator[Any]:
        """A connection of its own without time limits, for migrations and index builds."""
        with self.translated():
            connection = await self._connect(server_settings=self._settings(0))
            try:
                yield connection
            finally:
                if not connection.is_closed():
                    await connection.close(timeout=CONNECT_TIMEOUT)

    @asynccontextmanager
    async def session(self) -> AsyncIterator["Session"]:
        """A connection of its own without time limits, for work of several transactions."""
        with self.translated():
            connection = await self._connect(server_settings=self._settings(0))
        try:
            yield Session(connection, self.translated)
        finally:
            if not connection.is_closed():
                with suppress(*_LOST, TimeoutError, OSError, asyncpg.PostgresError):
                    await connection.close(timeout=CONNECT_TIMEOUT)

    async def fetch(self, statement: str, *values: object) -> list[Any]:
        """Run a statement that only reads, and give its rows.

        It is tried again on another connection if one turns out to be lost: a pooled connection
        does not notice that the server was restarted until it is used.
        """
        with self.translated():
            for _ in range(self._pool_size):
                with suppress(*_LOST):
                    return await self._fetch(statement, values)
            return await self._fetch(statement, values)

    async def _fetch(self, statement: str, values: tuple[object, ...]) -> list[Any]:
        async with self._acquired() as connection:
            rows: list[Any] = await connection.fetch(statement, *values)
            return rows

    @asynccontextmanager
    async def transaction(self, *, patient: bool = False) -> AsyncIterator["Transaction"]:
        """A transaction; ``patient`` lifts the time limits, for writes of any size."""
        with self.translated():
            async with self._acquired() as connection, connection.transaction():
                if patient:
                    await connection.execute("SET LOCAL statement_timeout = 0")
                yield Transaction(connection, PATIENT if patient else None)

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[Any]:
        if self._pool is None:
            raise DatabaseUnavailableError("The database has been closed.")
        # Waiting for a free connection counts as the database taking too long.
        async with self._pool.acquire(timeout=CONNECT_TIMEOUT + self._statement_timeout) as conn:
            yield conn

    async def _connect(self, *_args: object, **options: Any) -> Any:
        merged = {"timeout": CONNECT_TIMEOUT, **options, **self._target.options}
        try:
            return await asyncpg.connect(**merged)
        except (ValueError, asyncpg.ClientConfigurationError):
            # Their words may quote the address, password and all.
            raise _not_an_address() from None
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            # The last is a server that was killed with this connection in its queue.
            if self._target.revive is None:
                raise
        await self._target.revive()
        return await asyncpg.connect(**merged)

    def _settings(self, statement_timeout: float) -> dict[str, str]:
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

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise what asyncpg raises as one of :mod:`bot.errors`."""
        try:
            yield
        except (asyncpg.QueryCanceledError, TimeoutError) as error:
            raise DatabaseUnavailableError(
                "The database took too long to answer. Try again in a moment; if it happens "
                "often, look at whereis-bot doctor, or raise WHEREIS_STATEMENT_TIMEOUT."
            ) from error
        # The second is how a schema looks to who may not use it.
        except (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidSchemaNameError) as error:
            raise SchemaError(
                f"The database {self.shown} does not let this user do that: {error}. Make the "
                "user the owner of the database, or grant it what is missing."
            ) from error
        except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            raise DatabaseUnavailableError(
                f"The connection to the database {self.shown} was lost. Try again."
            ) from error
        except asyncpg.PostgresError as error:
            if not _says_unavailable(error):
                raise DatabaseError(f"The database {self.shown} refused that: {error}.") from error
            raise DatabaseUnavailableError(
                f"The database {self.shown} can't be used now: {error}. {self._target.remedy}"
            ) from error
        except OSError as error:
            raise DatabaseUnavailableError(
                f"The database {self.shown} can't be reached: {error}. {self._target.remedy}"
            ) from error


class RowsRefusedError(Exception):
    """The database takes no such rows; what was done in the transaction is to be given up."""


class Session:
    """One connection for work that takes long.

    What other code does while it is open raises what it raises: only the statements' own errors are
    put into words.
    """

    def __init__(
        self, connection: Any, translated: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._connection = connection
        self._translated = translated

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Transaction"]:
        """A transaction; for statements alone, since every error in it is taken for theirs."""
        with self._translated():
            async with self._connection.transaction():
                yield Transaction(self._connection, None)

    async def fetch(self, statement: str, *values: object) -> list[Any]:
        """Run a statement and give its rows."""
        with self._translated():
            rows: list[Any] = await self._connection.fetch(statement, *values)
            return rows

    async def execute(self, statement: str, *values: object) -> None:
        """Run a statement, one that can't be in a transaction perhaps."""
        with self._translated():
            await self._connection.execute(statement, *values)

    async def listen(
        self, channel: str, told: Callable[[str], None], lost: Callable[[], None]
    ) -> None:
        """Have ``told`` called with all that is notified on a channel from now on.

        ``lost`` is called when the connection ends, whoever ends it.
        """
        with self._translated():
            self._connection.add_termination_listener(lambda _: lost())
            await self._connection.add_listener(channel, lambda *told_of: told(told_of[-1]))


class Transaction:
    """Statements inside one transaction."""

    def __init__(self, connection: Any, timeout: float | None) -> None:
        self._connection = connection
        self._timeout = timeout

    async def fetch(self, statement: str, *values: object) -> list[Any]:
        """Run a statement and give its rows."""
        rows: list[Any] = await self._connection.fetch(statement, *values, timeout=self._timeout)
        return rows

    async def value(self, statement: str, *values: object) -> Any:
        """Run a statement and give the first column of its first row, or ``None``."""
        return await self._connection.fetchval(statement, *values, timeout=self._timeout)

    async def execute(self, statement: str, *values: object) -> int:
        """Run a statement and give the number of rows it wrote."""
        status: str = await self._connection.execute(statement, *values, timeout=self._timeout)
        last = status.rpartition(" ")[2]
        return int(last) if last.isdigit() else 0

    async def copy(self, table: str, columns: list[str], rows: list[tuple[object, ...]]) -> None:
        """Write many rows to a temporary table at once."""
        await self._connection.copy_records_to_table(
            table, schema_name="pg_temp", columns=columns, records=rows, timeout=self._timeout
        )

    async def copy_text(self, table: str, columns: list[str], lines: bytes) -> int:
        """Write lines in COPY's text format to a table, and give how many rows they were.

        Raises :class:`RowsRefusedError` for lines that are no such rows; nothing more can be done
        in the transaction then.
        """
        copying = self._connection.copy_to_table(
            table,
            schema_name="public",
            columns=columns,
            source=BytesIO(lines),
            timeout=self._timeout,
        )
        try:
            status: str = await self._unless_lost(copying)
        # The first has all that can be wrong with a value: its form, its size, its encoding.
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            raise RowsRefusedError(str(error)) from error
        return int(status.rpartition(" ")[2])

    async def _unless_lost(self, sending: Coroutine[Any, Any, T]) -> T:
        # asyncpg does not notice a loss while it waits for room to send in.
        task = asyncio.ensure_future(sending)
        try:
            while not (await asyncio.wait([task], timeout=LOOK_EVERY))[0]:
                if self._connection.is_closed():
                    raise asyncpg.ConnectionDoesNotExistError("the connection was closed")
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def pieces(self, statement: str, size: int) -> AsyncGenerator[list[Any], None]:
        """The rows of a statement, so many at a time."""
        cursor = await self._connection.cursor(statement)
        while rows := await cursor.fetch(size):
            yield rows

    @asynccontextmanager
    async def nested(self) -> AsyncIterator[None]:
        """A part that can be given up by itself."""
        async with self._connection.transaction():
            yield


def _says_unavailable(error: asyncpg.PostgresError) -> bool:
    # Classes of SQLSTATE: connection, authorization, no such database, resources, operator
    # intervention (a shutdown, a start), system error.
    return str(error.sqlstate or "")[:2] in {"08", "28", "3D", "53", "57", "58"}


def _not_an_address() -> ConfigurationError:
    return ConfigurationError(
        "DATABASE_URL is not the address of a PostgreSQL database. It looks like "
        "postgresql://user:password@host:5432/name, with special characters in the password "
        "written as %xx."
    )


async def _close(pool: Any) -> None:
    try:
        await asyncio.wait_for(pool.close(), CONNECT_TIMEOUT)
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        pool.terminate()
