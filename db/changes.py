"""What other processes change in the database, heard as soon as it is stored."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from bot.errors import DatabaseUnavailableError
from db.connections import Connections, Session

# As the triggers of 0009_told.sql have it.
CHANNEL = "whereis_changes"

# Seconds between looks at whether a connection on which nothing is heard is still there, and for
# which it is waited for.
LOOK_EVERY = 30.0
ANSWER_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Change:
    """A row that was written or deleted: of which table, and its key, an id of Discord's."""

    table: str
    key: int


class Changes:
    """Tells what is changed, by whichever process or person.

    A connection on which nothing is heard for ``look_every`` seconds is looked at, and is lost if
    it does not answer within ``timeout``.
    """

    def __init__(
        self,
        connections: Connections,
        *,
        look_every: float = LOOK_EVERY,
        timeout: float = ANSWER_WITHIN,
    ) -> None:
        self._connections = connections
        self._look_every = look_every
        self._timeout = timeout

    async def follow(self) -> AsyncGenerator[Change | None, None]:
        """What is changed from now on, in order.

        ``None`` stands for all that there is: it comes first, since what was changed before was
        not heard.  Raises :class:`bot.errors.DatabaseUnavailableError` when the connection is lost.
        """
        heard: asyncio.Queue[str | None] = asyncio.Queue()
        async with self._connections.session() as session:
            await session.listen(CHANNEL, heard.put_nowait, lambda: heard.put_nowait(None))
            yield None
            while True:
                try:
                    async with asyncio.timeout(self._look_every):
                        payload = await heard.get()
                except TimeoutError:
                    await self._look(session)
                    continue
                if payload is None:
                    raise DatabaseUnavailableError(
                        f"The connection to the database {self._connections.shown} was lost."
                    )
                yield _change(payload)

    async def _look(self, session: Session) -> None:
        """See that a line on which nothing is heard is not dead."""
        try:
            async with asyncio.timeout(self._timeout):
                await session.fetch("SELECT 1")
        except TimeoutError:
            raise DatabaseUnavailableError(
                f"The database {self._connections.shown} does not answer."
            ) from None


def _change(payload: str) -> Change | None:
    table, _, key = payload.partition(" ")
    # What only a newer version understands may be anything.
    return Change(table, int(key)) if key.isascii() and key.isdigit() else None
