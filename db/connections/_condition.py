"""How a server is: up, down, or read-only; met once when it goes, and noticed when it is back."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
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
        self._trouble = asyncio.Event()
        self._wanted = asyncio.Event()
        self._askers: list[asyncio.Future[None]] = []

    @property
    def state(self) -> State:
        """What was found last."""
        return self._state

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Find out, for the length of a block, whether what is wrong has passed."""
        # One task that is there beforehand: it works for everybody, and outlives who comes first.
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            _answer(self._askers)

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
            answered = asyncio.get_running_loop().create_future()
            self._askers.append(answered)
            self._wanted.set()
            await asyncio.wait([answered], timeout=GRACE)
        self.check()

    def found_down(self, error: DatabaseError) -> None:
        """Note that the server can't be reached."""
        if self._state != "down":
            log.warning("the database %s is away: %s", self._shown, error.sentence)
        self._state, self._error = "down", error
        self._trouble.set()

    def found_read_only(self) -> None:
        """Note that the server can only be read."""
        if self._state != "read-only":
            log.warning("the database %s can only be read", self._shown)
        self._state, self._error = "read-only", None
        self._trouble.set()

    def _found_well(self) -> None:
        if self._state != "up":
            log.warning("the database %s is back", self._shown)
        self._state, self._error = "up", None
        self._trouble.clear()

    async def _watch(self) -> None:
        while True:
            await self._trouble.wait()
            for pause in pauses():
                await self._wanted_within(pause)
                # Who comes from now on is answered by the next question, which begins later.
                askers, self._askers = self._askers, []
                self._wanted.clear()
                try:
                    await self._find_out()
                finally:
                    _answer(askers)
                if self._state == "up":
                    break
            # Nobody need ask any more, also who came while the last question was under way.
            _answer(self._askers)
            self._askers = []
            self._wanted.clear()

    async def _wanted_within(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wanted.wait()
        except TimeoutError:
            pass

    async def _find_out(self) -> None:
        try:
            read_only = await self._probe()
        except DatabaseError as error:
            self.found_down(error)
        else:
            if read_only:
                self.found_read_only()
            else:
                self._found_well()


def _answer(askers: list[asyncio.Future[None]]) -> None:
    for asker in askers:
        if not asker.done():
            asker.set_result(None)
