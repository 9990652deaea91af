"""Showing how far work is that takes long."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

EVERY = 4.0
"""Seconds between two edits of a message that shows progress."""

Progress = Callable[[float], None]
R = TypeVar("R")


async def watched(
    work: Callable[[Progress], Coroutine[Any, Any, R]],
    show: Callable[[float], Awaitable[None]],
    *,
    every: float,
) -> R:
    """Do ``work``, and ``show`` how far it is every so many seconds, when that has changed.

    ``work`` is handed a function to call with a fraction, 0–1.  When the caller is cancelled, so is
    the work.
    """
    fraction = shown = 0.0

    def note(value: float) -> None:
        nonlocal fraction
        fraction = value

    task = asyncio.create_task(work(note))
    try:
        while True:
            await asyncio.wait({task}, timeout=every)
            if task.done():
                return task.result()
            if fraction != shown:
                shown = fraction
                await show(shown)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
