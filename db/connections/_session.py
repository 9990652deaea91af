"""Statements on one connection: in a transaction, or one after the other."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager
from io import BytesIO
from typing import Any, TypeVar

import asyncpg

# Seconds between looks at whether a connection is still there while much is sent.
LOOK_EVERY = 1.0

T = TypeVar("T")


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
