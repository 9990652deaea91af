"""How a server is: up, down, or read-only; met once when it goes, and noticed when it is back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Literal

from bot.errors import DatabaseError

State = Literal["up", "down", "read-only"]

# Seconds that somebody waits for the answer to whether a server is back.
GRACE = 1.0

# Seconds between questions that nobody waits for; the last one holds from then on.
PAUSES = (0.1, 0.2, 0.5, 1.0)

log = logging.getLogger(__name__)


def pauses() -> Iterator[float]:
    """Seconds to wait between two tries, without end."""
    yield from PAUSES
    while True:
        yield PAUSES[-1]


class Condition:
    """The state of one server.

    While it is down nobody tries to connect but ``probe``, once at a time whoever asks.  That
    raises :class:`DatabaseError`, or gives whether the server can only be read.
    """

    def __init__(self, probe: Callable[[], Awaitable[bool]], shown: str) -> None:
        self._probe = probe
        self._shown = shown
        self._state: State = "up"
        self._error: DatabaseError | None = None
        self._asking: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def state(self) -> State:
        """What was found last."""
        return self._state

    def check(self) -> None:
        """Raise what is wrong while the server is down."""
        if self._state == "down" and self._error is not None:
            # Anew: a traceback grows each time the same one is raised.
            raise type(self._error)(self._error.sentence)

    async def back(self) -> None:
        """Ask whether a server that was down is back; :meth:`check` if it isn't.

        It waits for :data:`GRACE` seconds at most.
        """
        if self._state == "down":
            begun_before = self._asking is not None
            await self._ask()
            # What was asked before we came may have been answered before the server was back.
            if self._state == "down" and begun_before and self._asking is None:
                await self._ask()
        self.check()

    def found_down(self, error: DatabaseError) -> None:
        """Note that the server can't be reached, and watch for its return."""
        if self._state != "down":
            log.warning("the database %s is away: %s", self._shown, error.sentence)
        self._state, self._error = "down", error
        self._watch()

    def found_read_only(self) -> None:
        """Note that the server can only be read, and watch for that to end."""
        if self._state != "read-only":
            log.warning("the database %s can only be read", self._shown)
        self._state, self._error = "read-only", None
        self._watch()

    async def close(self) -> None:
        """Stop watching."""
        tasks = [task for task in (self._watching, self._asking) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _watch(self) -> None:
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch_until_up())

    async def _watch_until_up(self) -> None:
        try:
            for pause in pauses():
                await asyncio.sleep(pause)
                await self._ask(None)
                if self._state == "up":
                    return
        finally:
            self._watching = None

    async def _ask(self, patience: float | None = GRACE) -> None:
        if self._asking is None:
            self._asking = asyncio.create_task(self._find_out())
        await asyncio.wait([self._asking], timeout=patience)

    async def _find_out(self) -> None:
        try:
            read_only = await self._probe()
        except DatabaseError as error:
            self.found_down(error)
        else:
            if read_only:
                self.found_read_only()
            else:
                if self._state != "up":
                    log.warning("the database %s is back", self._shown)
                self._state, self._error = "up", None
        finally:
            self._asking = None
