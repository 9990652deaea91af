"""What is being done for people at this moment, so that a stop can wait for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.errors import RestartingError

PATIENCE = 7.0
"""Seconds that answers may take which are under way at a stop."""

# Seconds for what is given up to let go, and for the sentences that say so.
LETTING_GO = 0.5
TELLING = 1.0

Tell = Callable[[], Awaitable[object]]

log = logging.getLogger(__name__)


class Work:
    """The tasks that answer people. Each is noted by itself, and forgotten when it ends."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[object], Tell | None] = {}
        self._given_up: set[asyncio.Task[object]] = set()
        self._stopping = False

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def stopping(self) -> bool:
        """Whether nothing new is begun any more."""
        return self._stopping

    def begin(self, tell: Tell | None = None) -> None:
        """Note that the running task answers somebody, who is told by ``tell`` if it can't.

        Raises :class:`RestartingError` when nothing new is begun.
        """
        if self._stopping:
            raise RestartingError
        self.note(tell)

    def note(self, tell: Tell | None = None) -> None:
        """Note the running task, at a stop as well: what says that there is one, say."""
        task = asyncio.current_task()
        if task is not None and task not in self._tasks:
            self._tasks[task] = tell
            task.add_done_callback(self._forget)

    def has_given_up(self, task: asyncio.Task[object] | None) -> bool:
        """Whether a task was cancelled because the program stops."""
        return task in self._given_up

    async def finish(self, patience: float = PATIENCE) -> None:
        """Begin nothing new, and wait for what is under way.

        What takes longer than ``patience`` seconds is cancelled, and those who wait are told.
        Cancelling this cancels it all at once.
        """
        self._stopping = True
        try:
            async with asyncio.timeout(patience):
                await self._ended()
        except TimeoutError:
            await self._give_up()
        finally:
            for task in self._tasks:
                task.cancel()

    async def _ended(self) -> None:
        while await self._any_left():
            await asyncio.wait(list(self._tasks), return_when=asyncio.FIRST_COMPLETED)

    async def _any_left(self) -> bool:
        if not self._tasks:
            # What has ended with an error may have it told by a task that is yet to begin.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return bool(self._tasks)

    async def _give_up(self) -> None:
        left = dict(self._tasks)
        log.warning("%d answers were not ready in time, and are given up", len(left))
        self._given_up |= left.keys()
        for task in left:
            task.cancel()
        await asyncio.wait(list(left), timeout=LETTING_GO)
        telling = [asyncio.create_task(_told(tell)) for tell in left.values() if tell is not None]
        if telling:
            await asyncio.wait(telling, timeout=TELLING)

    def _forget(self, task: asyncio.Task[object]) -> None:
        del self._tasks[task]
        self._given_up.discard(task)


async def _told(tell: Tell) -> None:
    try:
        await tell()
    except Exception:
        log.warning("somebody could not be told of the stop", exc_info=True)
