"""How late the event loop is: whether something keeps it from turning."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from bot.metrics import Metrics

EVERY = 1.0
"""Seconds between looks."""


@asynccontextmanager
async def measure_lag(metrics: Metrics, *, every: float = EVERY) -> AsyncIterator[None]:
    """Measure, for the length of a block, how much later than asked for the loop wakes up."""
    measuring = asyncio.create_task(_measure(metrics, every))
    try:
        yield
    finally:
        measuring.cancel()
        with suppress(asyncio.CancelledError):
            await measuring


async def _measure(metrics: Metrics, every: float) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + every
        await asyncio.sleep(every)
        metrics.loop_lag.observe(max(clock() - due, 0.0))
