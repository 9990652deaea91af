"""The parent's end of one process that reads pictures."""

import asyncio
import multiprocessing
import signal
import socket
from collections.abc import Callable, Sequence
from contextvars import Context
from functools import partial
from multiprocessing.context import ForkServerProcess
from typing import TypeVar

from bot.images.model import Guard, Limits
from bot.images.workers import serve, wire

T = TypeVar("T")

# The kernel ends a process at the end of a job's time.  This clock is for one that a picture has
# taken over, or that the machine does not get round to.
_OUT_OF_TIME = (-signal.SIGALRM, -signal.SIGXCPU)
_GRACE = 1.0

# A process that ends by itself is done with it in no time.
_REAP_SECONDS = 1.0

# The first start loads the decoders; on a machine that is busy this takes a while.
_START_TIMEOUT = 60.0


class StartError(Exception):
    """A process did not start."""


class EndedError(Exception):
    """The process has ended, or was ended, without an answer.

    ``taken`` says whether it had begun with the job, ``aside`` that another job or its caller was
    the reason, and ``out_of_time`` that the system ended it for the time it took.
    """

    def __init__(
        self, *, taken: bool = False, aside: bool = False, out_of_time: bool = False
    ) -> None:
        super().__init__("the process ended")
        self.taken = taken
        self.aside = aside
        self.out_of_time = out_of_time


class Process:
    """A process that reads pictures, job by job.

    It is over with anything but a timely answer: :attr:`ended`.  Then it gets no further job, and
    :meth:`end` takes away what is left of it.
    """

    def __init__(
        self,
        process: ForkServerProcess,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()
        self._given_up = False
        self._free_since = 0.0
        self.guards: tuple[Guard, ...] = ()

    @classmethod
    async def start(cls, limits: Limits) -> "Process":
        """Start a process; returns when it is ready for a picture.

        Raises :class:`StartError`.
        """
        launching = _in_thread(_launch, limits)
        try:
            process, pipe = await asyncio.shield(launching)
        except asyncio.CancelledError:
            # A thread can't be stopped, and what it starts must not be left behind.
            process, pipe = await launching
            pipe.close()
            await _reap(process)
            raise
        except (OSError, EOFError, RuntimeError) as error:
            raise StartError(str(error) or type(error).__name__) from error
        started = cls(process, *await asyncio.open_connection(sock=pipe))
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                started.guards = wire.parse_guards(await started._frame())
        except TimeoutError:
            await started.end()
            raise StartError("it was not ready in time") from None
        except (asyncio.IncompleteReadError, OSError, wire.MalformedError) as error:
            status = await started.end()
            raise StartError(f"it ended with status {status}") from error
        except asyncio.CancelledError:
            await started.end()
            raise
        return started

    @property
    def ended(self) -> bool:
        """Whether it can be given no job any more."""
        return self._given_up or self._reader.at_eof()

    async def ask(
        self,
        work: wire.Work,
        pictures: Sequence[bytes],
        seconds: float,
        parse: Callable[[bytes], T],
    ) -> T:
        """What ``parse`` makes of the answer to a job; it may raise :class:`wire.MalformedError`.

        It may be asked again before it has answered; jobs are answered in order, and each has its
        ``seconds`` from when the one before it is done.  Raises :class:`TimeoutError` when they are
        over, and :class:`EndedError`.
        """
        if self.ended:
            raise EndedError
        clock = asyncio.get_running_loop().time
        asked = clock()
        taken = in_time = False
        try:
            self._writer.writelines(wire.job(work, pictures))
            # Jobs queue up for this in the order in which they were written.
            async with self._turn:
                if self.ended:
                    raise EndedError(aside=True)
                end = max(asked, self._free_since) + seconds + _GRACE
                async with asyncio.timeout_at(end):
                    await self._word_that_it_is_taken()
                    taken = True
                    answer = parse(await self._frame())
                in_time = True
                self._free_since = clock()
                return answer
        except TimeoutError:
            raise
        except (asyncio.IncompleteReadError, OSError, wire.MalformedError) as error:
            aside = self._given_up
            status = await self.end()
            raise EndedError(
                taken=taken, aside=aside, out_of_time=taken and status in _OUT_OF_TIME
            ) from error
        finally:
            if not in_time:
                self.give_up()

    def give_up(self) -> None:
        """End the process at once, whatever it is at."""
        if not self._given_up:
            self._given_up = True
            self._process.kill()
            self._writer.close()

    async def end(self) -> int | None:
        """End the process and wait until it is gone; gives its exit status, negative for a signal.

        May be called more than once.
        """
        # One that ends by itself is let, or nobody would learn why.
        if not self._reader.at_eof():
            self.give_up()
        status = await _reap(self._process)
        self.give_up()
        return status

    async def _word_that_it_is_taken(self) -> None:
        if await self._frame():
            raise wire.MalformedError("an answer before the job was read")

    async def _frame(self) -> bytes:
        (length,) = wire.LENGTH.unpack(await self._reader.readexactly(wire.LENGTH.size))
        if length > wire.MAX_FRAME:
            raise wire.MalformedError(f"an answer of {length:,} bytes")
        return await self._reader.readexactly(length)


def _launch(limits: Limits) -> tuple[ForkServerProcess, socket.socket]:
    """Start a process, and give it with this end of the pipe. Blocks until it is forked."""
    # Never a fork of this process, which runs an event loop and holds connections.  The fork
    # server is one per program, and nothing else here uses it.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bot.images.workers.preload"])
    mine, its = socket.socketpair()
    with its:
        # A daemon is ended with this program, should nobody have done so before.
        process = context.Process(target=serve.serve, args=(its, limits), daemon=True)
        try:
            process.start()
        except BaseException:
            mine.close()
            raise
    return process, mine


async def _reap(process: ForkServerProcess) -> int | None:
    status = await _in_thread(_status, process, _REAP_SECONDS)
    if status is None:
        process.kill()
        status = await _in_thread(_status, process, None)
    return status


def _status(process: ForkServerProcess, seconds: float | None) -> int | None:
    process.join(seconds)
    return process.exitcode


def _in_thread(function: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
    """Call a function in a thread, without the context of the caller.

    In the simulated Discord of the demonstration time stands still within that context, and
    multiprocessing waits by the clock.
    """
    loop = asyncio.get_running_loop()
    return loop.run_in_executor(None, partial(Context().run, function, *arguments))
