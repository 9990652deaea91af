"""Work that is done once for all who want it at the same time."""

import asyncio

import pytest

from bot.sharing import Shared


class Work:
    """Counts how often it is begun, and goes on when it is told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0
        self.gate = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        try:
            await self.gate.wait()
            return self.begun
        finally:
            self.ended += 1


async def test_those_who_come_meanwhile_wait_for_the_same() -> None:
    shared: Shared[str, int] = Shared()
    work = Work()
    waiting = [asyncio.create_task(shared.get("a", work)) for _ in range(3)]
    other = asyncio.create_task(shared.get("b", work))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    work.gate.set()
    assert await asyncio.gather(*waiting) == [2, 2, 2]
    assert await other == 2
    assert await shared.get("a", work) == 3, "it is kept for nobody"


async def test_all_get_its_error_and_it_is_tried_anew() -> None:
    shared: Shared[str, int] = Shared()

    async def fail() -> int:
        await asyncio.sleep(0)
        raise LookupError

    async def succeed() -> int:
        return 7

    got = await asyncio.gather(*(shared.get("a", fail) for _ in range(2)), return_exceptions=True)
    assert [type(one) for one in got] == [LookupError, LookupError]
    assert await shared.get("a", succeed) == 7


async def test_it_ends_when_nobody_waits_any_more() -> None:
    shared: Shared[str, int] = Shared()
    work = Work()
    first, second = (asyncio.create_task(shared.get("a", work)) for _ in range(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (work.begun, work.ended) == (1, 0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    work.gate.set()
    assert await shared.get("a", work) == 2
    assert work.ended == 2
