"""Keep several pieces of work going while their results are taken in order."""

import asyncio
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Coroutine,
    Iterable,
)
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def ahead(
    items: Iterable[T] | AsyncIterable[T],
    work: Callable[[T], Coroutine[Any, Any, R]],
    *,
    limit: int,
) -> AsyncGenerator[tuple[T, R], None]:
    """Yield each item with the result of its work, in the order of the items.

    At most ``limit`` pieces of work are under way at once, and no item is taken before there is
    room for it.  When the consumer stops early, or a piece of work fails, the rest is cancelled.
    """
    running: deque[tuple[T, asyncio.Task[R]]] = deque()
    try:
        async for item in _each(items):
            running.append((item, asyncio.create_task(work(item))))
            if len(running) >= limit:
                done, task = running.popleft()
                yield done, await task
        while running:
            done, task = running.popleft()
            yield done, await task
    finally:
        for _, task in running:
            task.cancel()
        await asyncio.gather(*(task for _, task in running), return_exceptions=True)


async def _each(items: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
