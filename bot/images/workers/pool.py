"""The processes in which pictures are read, and the one queue before them."""

import asyncio
import logging
import os
import stat
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from bot.images import reasons
from bot.images.model import Fingerprint, Guard, Limits, Query, Unreadable
from bot.images.workers.process import StartError
from bot.images.workers.slot import Lost, Slot
from bot.metrics import Killed, Metrics
from bot.requests import timed

log = logging.getLogger(__name__)

T = TypeVar("T")

# What is done with one picture: the slot, its bytes, and what tells of the end.
_Reading = Callable[[Slot, bytes, asyncio.Future[None]], Awaitable[T | Unreadable | Lost]]

_ATTEMPTS = 2

JOB_PICTURES = 32
"""How many pictures travel to a process together at most."""

JOB_BYTES = 2 * 1024 * 1024
"""How many bytes of pictures do; one that is larger travels alone."""


class Workers:
    """Reads pictures in processes that can be killed, as many at once as there are processes.

    ::

        async with Workers(Limits()) as workers:
            answer = await workers.fingerprint(data)

    ``processes`` is how many; 0 means one per core that this process may use.  Each starts when a
    picture needs it, or in the background once :meth:`warm_up` is called.  ``metrics`` is told how
    they do.

    Whatever a picture does to its process, its own answer is an :class:`Unreadable`, and the
    others are answered as if nothing had been.  The time that a picture waits for a process is
    not counted as the process's.
    """

    def __init__(
        self, limits: Limits, processes: int = 0, *, metrics: Metrics | None = None
    ) -> None:
        self._limits = limits
        self._processes = processes or _cores()
        self._metrics = metrics or Metrics()
        self._waiting = 0
        self._slots: list[Slot] = []
        self._idle: asyncio.Queue[Slot | None] = asyncio.Queue()
        self._background: set[asyncio.Task[None]] = set()
        self._stopping: asyncio.Future[None] | None = None

    @property
    def processes(self) -> int:
        """How many processes there are."""
        return self._processes

    @property
    def capacity(self) -> int:
        """How many pictures it is worth having under way at once, so that no process waits."""
        return 2 * self._processes + 2

    @property
    def waiting(self) -> int:
        """How many jobs wait for a process."""
        return self._waiting

    @property
    def busy(self) -> int:
        """How many processes are at a job, or begin anew."""
        return max(len(self._slots) - self._idle.qsize(), 0)

    async def __aenter__(self) -> Self:
        self._metrics.number("whereis_worker_processes", lambda: self.processes)
        self._metrics.number("whereis_workers_busy", lambda: self.busy)
        self._metrics.number("whereis_workers_waiting", lambda: self.waiting)
        self._stopping = asyncio.get_running_loop().create_future()
        self._slots = [Slot(self._limits) for _ in range(self._processes)]
        for slot in self._slots:
            self._idle.put_nowait(slot)
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

    def warm_up(self) -> None:
        """Start the processes now, in the background, and not each at its first picture."""
        for _ in range(self._idle.qsize()):
            self._pass_on(self._idle.get_nowait())

    async def fingerprint(self, data: bytes) -> Fingerprint | Unreadable:
        """Read one picture: ``data`` is a whole file, of any name.

        Never raises for what is in it.  Cancelling it frees its process.
        """
        return await self._one(data, Slot.read)

    async def query(self, data: bytes) -> Query | Unreadable:
        """Read one picture to search for it, whole and in further views; else as fingerprint().

        See :mod:`bot.images.probes` for what the views are.
        """
        return await self._one(data, Slot.query)

    async def fingerprint_many(self, pictures: Sequence[bytes]) -> list[Fingerprint | Unreadable]:
        """Read several pictures, and answer in their order: for many, as an import has them.

        Each is answered as :meth:`fingerprint` would, whatever becomes of another.  They travel
        to a process up to :data:`JOB_PICTURES` or :data:`JOB_BYTES` at a time, which saves what
        it takes to ask for each.  It reads one such job after the other; to keep all processes
        busy, call it :attr:`capacity` times at once.  Cancelling it frees the process.
        """
        answers: list[Fingerprint | Unreadable | None] = [self._refused(data) for data in pictures]
        waiting = deque(place for place, answer in enumerate(answers) if answer is None)
        while waiting:
            job = _next_job(waiting, pictures)
            found = await self._together([pictures[place] for place in job]) if job[1:] else []
            for place, answer in zip(job, found or [None] * len(job), strict=False):
                answers[place] = answer or await self.fingerprint(pictures[place])
            if found:
                waiting.extendleft(reversed(job[len(found) :]))
        return [answer for answer in answers if answer is not None]

    async def fingerprint_file(self, path: Path) -> Fingerprint | Unreadable:
        """Read one picture from a file on this machine, of which no more than the limit is read.

        A file that is missing or can't be read is an :class:`Unreadable` like any other.  It is
        opened here and not in a worker, which is given bytes and needs no file of its own.
        """
        return await self._file(path, Slot.read)

    async def query_file(self, path: Path) -> Query | Unreadable:
        """As :meth:`query`, of a file on this machine, as :meth:`fingerprint_file` reads it."""
        return await self._file(path, Slot.query)

    async def guards(self) -> tuple[Guard, ...]:
        """What a process can't do here, and what nothing keeps it from; empty if none starts."""
        async with self._turn() as turn:
            slot = await self._ready(turn)
            return () if isinstance(slot, Unreadable) else slot.guards

    def _refused(self, data: bytes) -> Unreadable | None:
        """What can be said of a file without opening it."""
        if not data:
            return reasons.EMPTY
        if len(data) > self._limits.max_bytes:
            return reasons.too_many_bytes(len(data), self._limits)
        return None

    async def _one(self, data: bytes, reading: _Reading[T]) -> T | Unreadable:
        refused = self._refused(data)
        if refused is not None:
            return refused
        async with self._turn() as turn:
            with timed(self._metrics, "read"):
                answer = await self._read(turn, data, reading)
        self._note(answer)
        return answer

    async def _file(self, path: Path, reading: _Reading[T]) -> T | Unreadable:
        async with self._turn() as turn:
            data = await asyncio.to_thread(_contents, path, self._limits)
            if isinstance(data, Unreadable):
                return data
            with timed(self._metrics, "read"):
                answer = await self._read(turn, data, reading)
        self._note(answer)
        return answer

    def _note(self, answer: object) -> None:
        """Count a picture that its process was given up for, or that it gave up itself."""
        reason: Killed | None = None
        if answer == reasons.CRASHED:
            reason = "crash"
        elif answer == reasons.too_slow(self._limits):
            reason = "time"
        elif answer == reasons.too_much_memory(self._limits):
            reason = "memory"
        if reason is not None:
            self._metrics.workers_killed.labels(reason).inc()

    async def _read(self, turn: "_Turn", data: bytes, reading: _Reading[T]) -> T | Unreadable:
        attempts = 0
        while attempts < _ATTEMPTS:
            slot = await self._ready(turn)
            if isinstance(slot, Unreadable):
                return slot
            answer = await reading(slot, data, turn.stopping)
            if not isinstance(answer, Lost):
                return answer
            # What another job did is not this one's fault; and it is alone with the next process.
            attempts += answer is Lost.LOST
        return reasons.CRASHED

    async def _together(self, pictures: list[bytes]) -> list[Fingerprint | Unreadable | None]:
        """Answers to the first of the pictures, None for each that has to be asked alone.

        Empty when that goes for all: something in them ended the job, and nobody knows which.
        """
        for _ in range(_ATTEMPTS):
            async with self._turn() as turn:
                slot = await self._ready(turn)
                if isinstance(slot, Unreadable):
                    break
                answers = await slot.read_many(pictures, turn.stopping, turn.end)
            if not isinstance(answers, Lost):
                return answers if isinstance(answers, list) else []
        return []

    async def _ready(self, turn: "_Turn") -> Slot | Unreadable:
        """The slot whose turn it is, with a process; or why there is none."""
        if turn.slot is None or turn.stopping.done():
            return reasons.STOPPED
        if turn.slot.spent:
            try:
                await self._start(turn.slot)
            except StartError:
                if turn.stopping.done():
                    return reasons.STOPPED
                log.exception("a process that reads pictures did not start")
                return reasons.NOT_STARTED
        return turn.slot

    async def _start(self, slot: Slot) -> None:
        """Start the process of a slot, and count how that went."""
        try:
            await slot.restart()
        except StartError:
            self._metrics.worker_starts.labels("failed").inc()
            raise
        self._metrics.worker_starts.labels("started").inc()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator["_Turn"]:
        stopping = self._stopping
        if stopping is None:
            raise RuntimeError("Workers read pictures inside their `async with` only")
        self._waiting += 1
        try:
            with timed(self._metrics, "wait"):
                slot = await self._idle.get()
        finally:
            self._waiting -= 1
        turn = _Turn(slot, stopping, self._pass_on)
        try:
            yield turn
        finally:
            turn.end()

    def _pass_on(self, slot: Slot | None) -> None:
        if slot is None or not slot.spent:
            self._idle.put_nowait(slot)
        elif self._stopping is not None and not self._stopping.done():
            self._in_background(slot)

    def _in_background(self, slot: Slot) -> None:
        task = asyncio.create_task(self._restart(slot))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _restart(self, slot: Slot) -> None:
        """Have a slot ready for the next picture; if it does not start, that one tries again."""
        try:
            await self._start(slot)
        except StartError as error:
            log.warning("a process that reads pictures did not start: %s", error)
        finally:
            # Whatever happened, or nobody would ever try again.
            self._idle.put_nowait(slot)


class _Turn:
    """The right to put a job to a slot, until it is passed on; None when there will be no more.

    ``stopping`` tells of the end.
    """

    def __init__(
        self,
        slot: Slot | None,
        stopping: asyncio.Future[None],
        pass_on: Callable[[Slot | None], None],
    ) -> None:
        self.slot = slot
        self.stopping = stopping
        self._pass_on: Callable[[Slot | None], None] | None = pass_on

    def end(self) -> None:
        """Pass it on; a second time does nothing."""
        pass_on, self._pass_on = self._pass_on, None
        if pass_on is not None:
            pass_on(self.slot)


def _next_job(waiting: deque[int], pictures: Sequence[bytes]) -> list[int]:
    """Take the places of some pictures off what waits: one at least, and no more than a job has."""
    job = [waiting.popleft()]
    size = len(pictures[job[0]])
    while waiting and len(job) < JOB_PICTURES:
        size += len(pictures[waiting[0]])
        if size > JOB_BYTES:
            break
        job.append(waiting.popleft())
    return job


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
