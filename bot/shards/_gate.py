"""When the shards of a bot may say who they are: slowly, over all of its processes."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from bot.errors import DatabaseError

WINDOW = 5.5
"""Seconds in which one shard of each bucket says who it is.

Discord's are 5; the rest is for what one message may be on its way longer than the next.
"""

UNUSED = 30.0
"""Seconds after which a turn goes to the next, where the one who has it does not come to use it."""

PATIENCE = 300.0
"""Seconds after which a process that waits for the others' turns goes on by itself."""

# Where Discord has no sessions left, and does not say until when.
LEAST_WAIT = 5.0

log = logging.getLogger(__name__)


class Turns(Protocol):
    """Gives turns to all processes of a bot: one at a time in each bucket."""

    def turn(self, bucket: int) -> AbstractAsyncContextManager[None]:
        """Wait for a turn, and have it for the length of a block.

        Raises :class:`bot.errors.DatabaseError` where nobody gives any.
        """
        ...


@dataclass(frozen=True, slots=True)
class Starts:
    """What Discord says of sessions that begin.

    Shards whose numbers are the same modulo ``at_once`` are in one bucket.  ``left`` more may begin
    today, and in ``renewed`` seconds there are new ones.
    """

    at_once: int = 1
    left: int = 1
    renewed: float = 0.0


Ask = Callable[[], Awaitable[Starts]]


@dataclass(slots=True, eq=False)
class _Turn:
    """A shard's turn: it is held until it was ``used``, and for the window after that."""

    held: AsyncExitStack
    used: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False

    @property
    def waits(self) -> bool:
        """Whether it is still to be used."""
        return not self.over and not self.used.is_set()


class Gate:
    """Lets one shard of each bucket say who it is in ``window`` seconds.

    ``turns`` are those of all processes; while nobody gives any, and without them, this process
    keeps to the pace by itself.  A process that is let through by mistake does no harm: Discord
    tells its shard to try again.
    """

    def __init__(
        self,
        turns: Turns | None = None,
        *,
        window: float = WINDOW,
        unused: float = UNUSED,
        patience: float = PATIENCE,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._turns = turns
        self._window = window
        self._unused = unused
        self._patience = patience
        self._pause = pause
        self._buckets: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._by_shard: dict[int, _Turn] = {}
        self._holding: set[asyncio.Task[None]] = set()

    async def take(self, shard_id: int, ask: Ask) -> None:
        """Wait until it is a shard's turn; it keeps one that it has not used yet.

        ``ask`` says how Discord wants it, which is asked before each turn.
        """
        turn = self._by_shard.get(shard_id)
        if turn is not None and turn.waits:
            return
        while (starts := await ask()).left < 1:
            wait = max(starts.renewed, LEAST_WAIT)
            log.warning(
                "Discord lets this bot begin no more sessions; shard %d waits for new ones, which "
                "come in %s",
                shard_id,
                timedelta(seconds=round(wait)),
            )
            await self._pause(wait)
        turn = await self._next(shard_id % starts.at_once)
        self._by_shard[shard_id] = turn
        holding = asyncio.create_task(self._hold(turn))
        self._holding.add(holding)
        holding.add_done_callback(self._holding.discard)

    async def use(self, shard_id: int, ask: Ask) -> None:
        """Note that a shard says who it is now, having waited for its turn."""
        await self.take(shard_id, ask)
        self._by_shard[shard_id].used.set()

    async def close(self) -> None:
        """Give back all turns."""
        holding = tuple(self._holding)
        for task in holding:
            task.cancel()
        await asyncio.gather(*holding, return_exceptions=True)

    async def _next(self, bucket: int) -> _Turn:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._buckets[bucket])
            if self._turns is not None:
                try:
                    async with asyncio.timeout(self._patience):
                        await stack.enter_async_context(self._turns.turn(bucket))
                except (DatabaseError, TimeoutError) as error:
                    log.warning(
                        "the processes of this bot can't take turns in starting their shards, so "
                        "this one goes by itself: %r",
                        error,
                    )
            return _Turn(stack.pop_all())

    async def _hold(self, turn: _Turn) -> None:
        async with turn.held:
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._unused):
                        await turn.used.wait()
                if turn.used.is_set():
                    await self._pause(self._window)
            finally:
                # Before it is given back, which takes its time.
                turn.over = True
