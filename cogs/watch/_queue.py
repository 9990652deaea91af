"""Messages that wait to be looked at, a bounded number of them, one after the other."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable

import discord

log = logging.getLogger(__name__)

Handle = Callable[[discord.Message], Awaitable[None]]


class Queue:
    """Hands messages on one at a time; what does not fit is left out.

    ``most`` wait at once, and ``most_each`` of one server, so that no server takes the places of
    the others.
    """

    def __init__(self, handle: Handle, *, most: int = 100, most_each: int = 20) -> None:
        self._handle = handle
        self._most = most
        self._most_each = most_each
        self._waiting: deque[discord.Message] = deque()
        self._by_server: Counter[int] = Counter()
        # What waits or is being looked at, and has been deleted meanwhile.
        self._there: set[int] = set()
        self._gone: set[int] = set()
        self._working: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many messages wait."""
        return len(self._waiting)

    def put(self, message: discord.Message) -> bool:
        """Have a message looked at; whether there was room."""
        server = message.guild.id if message.guild is not None else 0
        if len(self._waiting) >= self._most or self._by_server[server] >= self._most_each:
            return False
        self._waiting.append(message)
        self._by_server[server] += 1
        self._there.add(message.id)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return True

    def drop(self, message_id: int) -> None:
        """Note that a message is gone; nothing is done with it any more."""
        if message_id in self._there:
            self._gone.add(message_id)

    def is_gone(self, message: discord.Message) -> bool:
        """Whether a message that is being looked at has been deleted."""
        return message.id in self._gone

    def close(self) -> None:
        """Look at nothing any more."""
        self._waiting.clear()
        if self._working is not None:
            self._working.cancel()

    async def _work(self) -> None:
        while self._waiting:
            message = self._waiting.popleft()
            server = message.guild.id if message.guild is not None else 0
            self._by_server[server] -= 1
            if not self._by_server[server]:
                del self._by_server[server]
            if not self.is_gone(message):
                await self._one(message)
            self._there.discard(message.id)
            self._gone.discard(message.id)

    async def _one(self, message: discord.Message) -> None:
        # In a task of its own: whatever becomes of one message, the next gets its turn.
        looking = asyncio.ensure_future(self._handle(message))
        try:
            await asyncio.wait({looking})
        finally:
            looking.cancel()
        if not looking.cancelled() and (error := looking.exception()) is not None:
            log.error("message %d could not be watched", message.id, exc_info=error)
