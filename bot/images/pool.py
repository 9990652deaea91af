"""The processes in which pictures are read, and the one queue before them."""

import asyncio
import logging
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.images import reasons
from bot.images._slot import Lost, Slot, StartError
from bot.images.model import Fingerprint, Limits, Unreadable

log = logging.getLogger(__name__)

_ATTEMPTS = 2


class Workers:
    """Reads pictures in processes that can be killed, as many at once as there are processes.

    ::

        async with Workers(Limits()) as workers:
            answer = await workers.fingerprint(data)

    ``processes`` is how many; 0 means one per core that this process may use.  They start in the
    background, so that entering takes no time and the first picture waits for what is left of it.

    Whatever a picture does to its process, its own answer is an :class:`Unreadable`, and the
    others are answered as if nothing had been.  The time that a picture waits for a process is
    not counted as the process's.
    """

    def __init__(self, limits: Limits, processes: int = 0) -> None:
        self._limits = limits
        self._processes = processes or _cores()
        self._slots: list[Slot] = []
        self._idle: asyncio.Queue[Slot | None] = asyncio.Queue()
        self._background: set[asyncio.Task[None]] = set()
        self._stopping: asyncio.Future[None] | None = None

    @property
    def capacity(self) -> int:
        """How many pictures it is worth having under way at once, so that no process waits."""
        return 2 * self._processes + 2

    async def __aenter__(self) -> Self:
        self._stopping = asyncio.get_running_loop().create_future()
        self._slots = [Slot(self._limits) for _ in range(self._processes)]
        for slot in self._slots:
            self._in_background(slot)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._stopping is not None and not self._stopping.done():
            self._stopping.set_result(None)
        self._idle.put_nowait(None)
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await asyncio.gather(*(slot.stop() for slot in self._slots))

    async def fingerprint(self, data: bytes) -> Fingerprint | Unreadable:
        """Read one picture: ``data`` is a whole file, of any name.

        Never raises for what is in it.  Cancelling it frees its process.
        """
        if not data:
            return reasons.EMPTY
        if len(data) > self._limits.max_bytes:
            return reasons.too_many_bytes(len(data), self._limits)
        async with self._slot() as (slot, stopping):
            return await self._read(slot, data, stopping)

    async def fingerprint_file(self, path: Path) -> Fingerprint | Unreadable:
        """Read one picture from a file on this machine, of which no more than the limit is read.

        A file that is missing or can't be read is an :class:`Unreadable` like any other.  It is
        opened here and not in a worker, which is given bytes and needs no file of its own.
        """
        async with self._slot() as (slot, stopping):
            data = await asyncio.to_thread(_contents, path, self._limits)
            return data if isinstance(data, Unreadable) else await self._read(slot, data, stopping)

    async def _read(
        self, slot: Slot | None, data: bytes, stopping: asyncio.Future[None]
    ) -> Fingerprint | Unreadable:
        for _ in range(_ATTEMPTS):
            if slot is None or stopping.done():
                return reasons.STOPPED
            if slot.spent:
                try:
                    await slot.restart()
                except StartError:
                    if stopping.done():
                        return reasons.STOPPED
                    log.exception("a process that reads pictures did not start")
                    return reasons.NOT_STARTED
            answer = await slot.read(data, stopping)
            if not isinstance(answer, Lost):
                return answer
        return reasons.CRASHED

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[tuple[Slot | None, asyncio.Future[None]]]:
        """A slot for one picture, None when there will be no more; and what tells of the end."""
        stopping = self._stopping
        if stopping is None:
            raise RuntimeError("Workers read pictures inside their `async with` only")
        slot = await self._idle.get()
        try:
            yield slot, stopping
        finally:
            if slot is None or not slot.spent:
                self._idle.put_nowait(slot)
            elif not stopping.done():
                self._in_background(slot)

    def _in_background(self, slot: Slot) -> None:
        task = asyncio.create_task(self._restart(slot))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _restart(self, slot: Slot) -> None:
        """Have a slot ready for the next picture; if it does not start, that one tries again."""
        try:
            await slot.restart()
        except StartError as error:
            log.warning("a process that reads pictures did not start: %s", error)
        self._idle.put_nowait(slot)


def _cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _contents(path: Path, limits: Limits) -> bytes | Unreadable:
    """A regular file's bytes, if there are any and not too many of them."""
    try:
        # Not blocking: a pipe or a device by that name would keep a reader waiting for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return reasons.cannot_open("it is not a file")
            if status.st_size > limits.max_bytes:
                return reasons.too_many_bytes(status.st_size, limits)
            data = file.read(limits.max_bytes + 1)
    except (OSError, ValueError) as error:
        return reasons.cannot_open(getattr(error, "strerror", None) or str(error))
    if len(data) > limits.max_bytes:
        return reasons.too_many_bytes(None, limits)
    return data or reasons.EMPTY
