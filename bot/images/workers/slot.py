"""Room for one process that reads pictures, and what its end means for the picture it was at."""

import asyncio
import enum
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from bot.images import reasons
from bot.images.model import Fingerprint, Guard, Limits, Query, Unreadable
from bot.images.workers import wire
from bot.images.workers.process import EndedError, Process
from bot.images.workers.wire import Answer, Work

T = TypeVar("T")

# Decoders leak a little; a worker that has read this many makes room for a fresh one.
_PICTURES_PER_PROCESS = 10_000


class Lost(enum.Enum):
    """A job that came to no end of its own, so it may be asked again."""

    LOST = enum.auto()  # the process ended before it took the job
    ASIDE = enum.auto()  # another job ended the process that both were given to


class Slot:
    """Room for one worker process, and for a job that waits behind the one it is at.

    ``spent`` says that the process must not be given another picture, because one ended in any
    way but a timely answer: :meth:`restart` before the next.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: Process | None = None
        self._pictures = 0
        self._jobs = 0
        self._room: Callable[[], None] | None = None

    @property
    def spent(self) -> bool:
        over = self._process is None or self._process.ended
        return over or (self._worn and not self._jobs)

    @property
    def guards(self) -> tuple[Guard, ...]:
        return () if self._process is None else self._process.guards

    @property
    def _worn(self) -> bool:
        return self._pictures >= _PICTURES_PER_PROCESS

    async def restart(self) -> None:
        """Start a process, ending the one there was; returns when it is ready for a picture.

        Raises :class:`bot.images.workers.process.StartError`.
        """
        await self.stop()
        self._process = await Process.start(self._limits)
        self._pictures = 0

    async def stop(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process = self._process, None
        if process is not None:
            process.give_up()
            await process.end()

    async def read(
        self, data: bytes, stopping: asyncio.Future[None]
    ) -> Fingerprint | Unreadable | Lost:
        """Have the process read a picture.

        Cancelling the caller ends the process; ``stopping`` says that it was ended on purpose.
        """
        parse = partial(wire.parse_answers, most=1)
        answer = await self._ask("fingerprints", [data], parse, stopping, None)
        return (answer[0] or Lost.LOST) if isinstance(answer, list) else answer

    async def query(self, data: bytes, stopping: asyncio.Future[None]) -> Query | Unreadable | Lost:
        """Have the process make all that a picture is searched by.  As :meth:`read` else."""
        return await self._ask("query", [data], wire.parse_query, stopping, None)

    async def read_many(
        self, pictures: list[bytes], stopping: asyncio.Future[None], room: Callable[[], None]
    ) -> list[Answer] | Unreadable | Lost:
        """Have the process read several pictures, see :func:`bot.images.workers.serve.read`.

        All but a list says that nothing became of any.  ``room`` is called once there is room for
        another job behind this one; it need not be.  As :meth:`read` else.
        """
        parse = partial(wire.parse_answers, most=len(pictures))
        return await self._ask("fingerprints", pictures, parse, stopping, room)

    async def _ask(
        self,
        work: Work,
        pictures: list[bytes],
        parse: Callable[[bytes], T],
        stopping: asyncio.Future[None],
        room: Callable[[], None] | None,
    ) -> T | Unreadable | Lost:
        process = self._process
        if process is None or process.ended:
            return Lost.LOST
        self._begun(len(pictures), room)
        try:
            return await process.ask(work, pictures, self._limits.timeout, parse)
        except TimeoutError:
            return reasons.too_slow(self._limits)
        except EndedError as error:
            if stopping.done():
                return reasons.STOPPED
            if error.aside:
                return Lost.ASIDE
            if error.out_of_time:
                return reasons.too_slow(self._limits)
            return reasons.CRASHED if error.taken else Lost.LOST
        finally:
            self._jobs -= 1
            self._make_room()

    def _begun(self, pictures: int, room: Callable[[], None] | None) -> None:
        self._pictures += pictures
        self._jobs += 1
        self._room = room
        self._make_room()

    def _make_room(self) -> None:
        # A worn process ends its last job with nothing behind it, so that it can be replaced.
        if self._room is not None and self._jobs == 1 and not self._worn:
            room, self._room = self._room, None
            room()
