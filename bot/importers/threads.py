"""What blocks goes on in threads, a little at a time, so that stopping never waits for long.

Work that may take long is a generator here: each of its steps is short, and a step that has nothing
to give yields None.  Some steps are taken in one visit to a thread.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, closing
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

from bot.errors import WhereisError

T = TypeVar("T")

STEPS = 200


async def in_thread(work: Callable[[], T], *, stop: Callable[[], None] | None = None) -> T:
    """Do ``work`` in a thread.

    Cancelled, it ends when the work has ended, so that what the work uses can be closed then;
    ``stop`` is called to make that soon.
    """
    running = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        if stop is not None:
            stop()
        await asyncio.wait([running])
        if not running.cancelled():
            # Nobody is left to be told of an error; asking for it keeps asyncio from complaining.
            running.exception()
        raise


@asynccontextmanager
async def entered(
    context: AbstractContextManager[T], *, stop: Callable[[], None] | None = None
) -> AsyncIterator[T]:
    """A context whose entering blocks; see :func:`in_thread`."""
    with ExitStack() as stack:
        yield await in_thread(lambda: stack.enter_context(context), stop=stop)


async def from_thread(steps: Generator[T | None, None, None]) -> AsyncGenerator[T, None]:
    """What ``steps`` give, taken in threads; they are closed at the end, also at an early one."""
    with closing(steps):
        while True:
            found, failed = await in_thread(lambda: _some(steps))
            for step in found:
                if step is not None:
                    yield step
            if failed is not None:
                raise failed
            if not found:
                return


def _some(
    steps: Generator[T | None, None, None],
) -> tuple[list[T | None], WhereisError | None]:
    # What came before a failure is not lost with it.
    found: list[T | None] = []
    try:
        for step in islice(steps, STEPS):
            found.append(step)  # noqa: PERF402
    except WhereisError as error:
        return found, error
    return found, None


class Count:
    """A number that is found in the background; an async context manager.

    ``steps`` give the number once, at their end, or never if finding it would take too long.
    """

    def __init__(self, steps: Callable[[], Generator[int | None, None, None]]) -> None:
        self._steps = steps
        self._task: asyncio.Task[None] | None = None
        self.number: int | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._count())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def found(self) -> int | None:
        """The number, once it is known; None if it never will be."""
        if self._task is not None:
            await asyncio.wait([self._task])
        return self.number

    async def _count(self) -> None:
        async for number in from_thread(self._steps()):
            self.number = number
