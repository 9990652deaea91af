"""One worker process at a time, and the pebble pool that watches over it.

Each process has a pool of its own, not a share in one pool.  In a shared pool all workers hang on
one pair of pipes and locks: a process that dies at the wrong moment takes another's job along, and
the pool itself gives up when an idle one dies.
"""

import asyncio
import enum
import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from bot.images import _worker, reasons
from bot.images.model import Fingerprint, Limits, Unreadable

T = TypeVar("T")
R = TypeVar("R")

# The first start loads the decoders; on a machine that is busy this takes a while.
_START_TIMEOUT = 60.0

# Beyond a job's own time, which pebble keeps: for a pool that lost the job, if ever one does.
_GRACE = 5.0

# How soon a pool that gave up is noticed.
_CHECK_EVERY = 0.25

# Decoders leak a little; a worker that has read this many makes room for a fresh one.
_PICTURES_PER_PROCESS = 10_000


class StartError(Exception):
    """A worker process did not start."""


class Lost(enum.Enum):
    """A job that came to no end of its own, so it may be asked again."""

    LOST = enum.auto()  # the pool lost it before a worker took it
    ASIDE = enum.auto()  # another job ended the process that both were given to


class Slot:
    """Room for one worker process, and for a job that waits behind the one it is at.

    ``spent`` says that the process must not be given another picture, because one ended in any
    way but a timely answer: :meth:`restart` before the next.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool: ProcessPool | None = None
        self._broken: asyncio.Future[None] | None = None  # done when the process is given up
        self._pictures = 0
        self._jobs = 0
        self._latest_end = 0.0
        self._room: Callable[[], None] | None = None

    @property
    def spent(self) -> bool:
        broken = self._broken is None or self._broken.done()
        return broken or (self._worn and not self._jobs)

    @property
    def _worn(self) -> bool:
        return self._pictures >= _PICTURES_PER_PROCESS

    async def restart(self) -> None:
        """Start a process, ending the one there was; returns when it is ready for a picture.

        Raises :class:`StartError`.
        """
        await self.stop()
        # Never a fork of this process, which runs an event loop and holds connections.  The fork
        # server is one per program, and nothing else here uses it.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["bot.images._preload"])
        pool = self._pool = ProcessPool(
            max_workers=1, initializer=_worker.prepare, initargs=(self._limits,), context=context
        )
        try:
            ready = asyncio.wrap_future(await asyncio.to_thread(pool.schedule, _worker.is_ready))
            try:
                await _watch(pool, ready, {ready}, _START_TIMEOUT)
            finally:
                if not ready.done():
                    ready.cancel()
        except (OSError, RuntimeError) as error:
            raise StartError(str(error)) from error
        if ready.cancelled():
            raise StartError("it was not ready in time")
        problem = ready.exception()
        if problem is not None:
            raise StartError(str(problem) or type(problem).__name__) from problem
        self._pictures = 0
        self._broken = asyncio.get_running_loop().create_future()

    async def stop(self) -> None:
        """End the process, whatever it is doing."""
        _give_up(self._broken)
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(_end, pool)

    async def read(
        self, data: bytes, stopping: asyncio.Future[None]
    ) -> Fingerprint | Unreadable | Lost:
        """Have the process read a picture; answers early when ``stopping`` is done.

        Cancelling the caller ends the process.
        """
        return await self._ask(_worker.read_picture, data, 1, stopping, None)

    async def read_many(
        self, pictures: list[bytes], stopping: asyncio.Future[None], room: Callable[[], None]
    ) -> list[Fingerprint | Unreadable | None] | Unreadable | Lost:
        """Have the process read several pictures, see :func:`bot.images._worker.read_pictures`.

        All but a list says that nothing became of any.  ``room`` is called once there is room for
        another job behind this one; it need not be.  As :meth:`read` else.
        """
        return await self._ask(_worker.read_pictures, pictures, len(pictures), stopping, room)

    async def _ask(
        self,
        function: Callable[[T, Limits], R],
        work: T,
        pictures: int,
        stopping: asyncio.Future[None],
        room: Callable[[], None] | None,
    ) -> R | Unreadable | Lost:
        pool, broken, limits = self._pool, self._broken, self._limits
        if pool is None or broken is None or broken.done():
            return Lost.LOST
        clock = asyncio.get_running_loop().time
        asked = clock()
        in_time = False
        try:
            future: Future[R] = pool.schedule(function, (work, limits), timeout=limits.timeout)
            job = asyncio.wrap_future(future)
            self._begun(pictures, room)
            try:
                # One that waits behind another is given the time of both.
                patience = self._jobs * limits.timeout + _GRACE
                await _watch(pool, job, {job, stopping, broken}, patience)
            finally:
                begun = max(asked, self._latest_end)
                self._ended()
                if not job.done():
                    job.cancel()
            if job.cancelled():
                if stopping.done():
                    return reasons.STOPPED
                if broken.done():
                    return Lost.ASIDE
                return reasons.too_slow(limits) if pool.active else Lost.LOST
            error = job.exception()
            if error is not None:
                return Lost.ASIDE if broken.done() else _reason(error, limits)
            # In time means that pebble's own clock can't be about to end the process either.
            in_time = clock() - begun < limits.timeout
            return job.result()
        except RuntimeError:  # its process died while it was idle
            return Lost.LOST
        finally:
            if not in_time:
                _give_up(broken)

    def _begun(self, pictures: int, room: Callable[[], None] | None) -> None:
        self._pictures += pictures
        self._jobs += 1
        self._room = room
        self._make_room()

    def _ended(self) -> None:
        self._latest_end = asyncio.get_running_loop().time()
        self._jobs -= 1
        self._make_room()

    def _make_room(self) -> None:
        # A worn process ends its last job with nothing behind it, so that it can be replaced.
        if self._room is not None and self._jobs == 1 and not self._worn:
            room, self._room = self._room, None
            room()


def _give_up(broken: asyncio.Future[None] | None) -> None:
    if broken is not None and not broken.done():
        broken.set_result(None)


async def _watch(
    pool: ProcessPool,
    job: asyncio.Future[Any],
    until: set[asyncio.Future[Any]],
    seconds: float,
) -> None:
    """Wait for a job, or for any of ``until``, as long as the pool is there to do it.

    A pool that gives up fails the jobs it knows of.  One that was on its way to it just then is
    never heard of again, so that has to be noticed here.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + seconds
    while clock() < end:
        done, _ = await asyncio.wait(
            until, timeout=_CHECK_EVERY, return_when=asyncio.FIRST_COMPLETED
        )
        if done:
            return
        if not pool.active:
            await asyncio.wait({job}, timeout=_CHECK_EVERY)
            return


def _reason(error: BaseException, limits: Limits) -> Unreadable | Lost:
    if isinstance(error, BrokenProcessPool):
        return Lost.LOST
    if isinstance(error, TimeoutError):
        return reasons.too_slow(limits)
    if isinstance(error, ProcessExpired) and error.exitcode == -signal.SIGXCPU:
        return reasons.too_slow(limits)
    if isinstance(error, MemoryError):
        return reasons.too_much_memory(limits)
    return reasons.CRASHED


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()
