"""The gate before which shards wait until they may say who they are."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.errors import DatabaseUnavailableError
from bot.shards import WINDOW, Gate, Starts


class Pauses:
    """Pauses that last until they are let go."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._begun = asyncio.Event()
        self._free = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        """Pause."""
        self.asked.append(seconds)
        self._begun.set()
        await self._free.wait()

    async def begun(self) -> None:
        """Wait for a pause."""
        await self._begun.wait()

    def let_go(self) -> None:
        """End the pauses that there are; later ones end at once."""
        self._free.set()


class Shared:
    """Turns that several gates take, as if they were in processes of their own."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def turn(self, bucket: int) -> AsyncIterator[None]:
        """Wait for a turn."""
        self.asked.append(bucket)
        async with self._locks[bucket]:
            yield


class Away:
    """Turns that nobody gives."""

    @asynccontextmanager
    async def turn(self, _bucket: int) -> AsyncIterator[None]:
        """Give none."""
        await self._connect()
        yield

    async def _connect(self) -> None:
        raise DatabaseUnavailableError("The database is away.")


class Hung:
    """Turns that never come."""

    @asynccontextmanager
    async def turn(self, _bucket: int) -> AsyncIterator[None]:
        """Wait for ever."""
        await asyncio.Event().wait()
        yield


def ask(at_once: int = 1) -> Any:
    async def starts() -> Starts:
        return Starts(at_once)

    return starts


async def is_waiting(task: "asyncio.Task[None]") -> bool:
    """Whether a task waits, after everything else that can has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)
    return not task.done()


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


async def test_shards_of_one_bucket_go_one_after_the_other(pauses: Pauses) -> None:
    gate = Gate(pause=pauses)
    await gate.use(0, ask())
    second = asyncio.create_task(gate.use(1, ask()))
    await pauses.begun()
    assert await is_waiting(second)
    assert pauses.asked == [WINDOW]
    pauses.let_go()
    await second
    await gate.close()


async def test_shards_of_several_buckets_go_at_once(pauses: Pauses) -> None:
    gate = Gate(pause=pauses)
    for shard in range(3):
        await gate.use(shard, ask(at_once=3))
    fourth = asyncio.create_task(gate.use(3, ask(at_once=3)))
    await pauses.begun()
    assert await is_waiting(fourth), "its bucket is that of shard 0"
    pauses.let_go()
    await fourth
    await gate.close()


async def test_processes_take_turns(pauses: Pauses) -> None:
    turns = Shared()
    one, another = Gate(turns, pause=pauses), Gate(turns, pause=pauses)
    await one.use(0, ask())
    second = asyncio.create_task(another.use(1, ask()))
    await pauses.begun()
    assert await is_waiting(second)
    pauses.let_go()
    await second
    assert turns.asked == [0, 0]
    await one.close()
    await another.close()


async def test_the_window_begins_when_a_shard_says_who_it_is(pauses: Pauses) -> None:
    turns = Shared()
    gate = Gate(turns, pause=pauses)
    await gate.take(0, ask())
    # As after a connection that failed.
    await gate.take(0, ask())
    assert (turns.asked, pauses.asked) == ([0], [])
    await gate.use(0, ask())
    await pauses.begun()
    assert turns.asked == [0]
    await gate.close()


async def test_a_turn_that_is_not_used_goes_to_the_next(pauses: Pauses) -> None:
    turns = Shared()
    one, another = (Gate(turns, pause=pauses, unused=0.01) for _ in range(2))
    await one.take(0, ask())
    await another.take(1, ask())
    await one.use(0, ask())
    assert turns.asked == [0, 0, 0], "the first had to take another turn"
    await one.close()
    await another.close()


async def test_a_shard_that_begins_anew_takes_another_turn(pauses: Pauses) -> None:
    gate = Gate(pause=pauses)
    await gate.use(0, ask())
    again = asyncio.create_task(gate.use(0, ask()))
    await pauses.begun()
    assert await is_waiting(again)
    pauses.let_go()
    await again
    await gate.close()


async def test_without_sessions_it_waits_for_new_ones(
    pauses: Pauses, caplog: pytest.LogCaptureFixture
) -> None:
    said = iter([Starts(left=0, renewed=3600.0), Starts(left=0), Starts(left=1)])

    async def starts() -> Starts:
        return next(said)

    gate = Gate(pause=pauses)
    first = asyncio.create_task(gate.take(0, starts))
    await pauses.begun()
    assert await is_waiting(first)
    assert pauses.asked == [3600.0]
    assert "shard 0 waits for new ones, which come in 1:00:00" in caplog.text
    pauses.let_go()
    await first
    assert pauses.asked[1] > 0, "Discord is not asked again and again"
    await gate.close()


@pytest.mark.parametrize("turns", [Away(), Hung()], ids=["away", "hung"])
async def test_without_turns_a_process_goes_by_itself(
    turns: Away | Hung, pauses: Pauses, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate(turns, pause=pauses, patience=0.01)
    await gate.use(0, ask())
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    second = asyncio.create_task(gate.use(1, ask()))
    await pauses.begun()
    assert await is_waiting(second), "its own shards still keep apart"
    pauses.let_go()
    await second
    await gate.close()


async def test_one_that_is_told_to_stop_gives_its_turn_back(pauses: Pauses) -> None:
    turns = Shared()
    one, another = Gate(turns, pause=pauses), Gate(turns, pause=pauses)
    await one.take(0, ask())
    second = asyncio.create_task(another.take(1, ask()))
    assert await is_waiting(second)
    await one.close()
    await second
    # One that goes on all the same begins anew.
    again = asyncio.create_task(one.take(0, ask()))
    assert await is_waiting(again)
    await another.close()
    await again
    await one.close()


async def test_one_that_stops_waiting_leaves_the_way_free(pauses: Pauses) -> None:
    turns = Shared()
    gate = Gate(turns, pause=pauses)
    await gate.take(0, ask())
    second, third = (asyncio.create_task(gate.take(shard, ask())) for shard in (1, 2))
    assert await is_waiting(second)
    second.cancel()
    await gate.close()
    await third
    await gate.close()
