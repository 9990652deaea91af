"""One worker process at a time, and the pebble pool that watches over it.

Each process has a pool of its own, not a share in one pool.  In a shared pool all workers hang on
one pair of pipes and locks: a process that dies at the wrong moment takes another's job along, and
the pool itself gives up when an idle one dies.
"""

import asyncio
import enum
import multiprocessing
import signal
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from pebble import ProcessExpired, ProcessPool

from bot.images import _worker, reasons
from bot.images.model import Fingerprint, Limits, Unreadable

# The first start loads the decoders; on a machine that is busy this takes a while.
_START_TIMEOUT = 60.0

# Beyond a job's own time, which pebble keeps: for a pool that lost the job, if ever one does.
_GRACE = 5.0

# How soon a pool that gave up is noticed.
_CHECK_EVERY = 0.25

# Decoders leak a little; a worker that has done this many jobs makes room for a fresh one.
_JOBS_PER_PROCESS = 1000


class StartError(Exception):
    """A worker process did not start."""


class Lost(enum.Enum):
    """The pool lost a job before a worker took it, so it may be asked again."""

    LOST = enum.auto()


class Slot:
    """Room for one worker process; used by one task at a time.

    ``spent`` says that the process must not be given another picture, because the last one ended
    in any way but a timely answer: :meth:`restart` before the next.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool: ProcessPool | None = None
        self._jobs = 0
        self.spent = True

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
        self._jobs = 0
        self.spent = False

    async def stop(self) -> None:
        """End the process, whatever it is doing."""
        self.spent = True
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(_end, pool)

    async def read(
        self, data: bytes, stopping: asyncio.Future[None]
    ) -> Fingerprint | Unreadable | Lost:
        """Have the process read a picture; answers early when ``stopping`` is done.

        Cancelling the caller ends the process.
        """
        pool, limits = self._pool, self._limits
        if pool is None or self.spent:
            return Lost.LOST
        self.spent = True
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            future: Future[Fingerprint | Unreadable] = pool.schedule(
                _worker.read_picture, (data, limits), timeout=limits.timeout
            )
        except RuntimeError:  # its process died while it was idle
            return Lost.LOST
        job = asyncio.wrap_future(future)
        try:
            await _watch(pool, job, {job, stopping}, limits.timeout + _GRACE)
        finally:
            if not job.done():
                job.cancel()
        if job.cancelled():
            if stopping.done():
                return reasons.STOPPED
            return reasons.too_slow(limits) if pool.active else Lost.LOST
        error = job.exception()
        if error is not None:
            return _reason(error, limits)
        self._jobs += 1
        # In time means that pebble's own clock can't be about to end the process either.
        self.spent = clock() - started >= limits.timeout or self._jobs >= _JOBS_PER_PROCESS
        return job.result()


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
