"""Work that goes on while its results are taken in order."""

import asyncio
from collections.abc import Iterator

import pytest

from bot.ahead import ahead


async def test_results_come_in_the_order_of_the_items() -> None:
    gates = [asyncio.Event() for _ in range(3)]

    async def work(number: int) -> int:
        await gates[number].wait()
        return number * 10

    async def open_backwards() -> None:
        for gate in reversed(gates):
            gate.set()
            await asyncio.sleep(0)

    opening = asyncio.create_task(open_backwards())
    assert [pair async for pair in ahead(range(3), work, limit=3)] == [(0, 0), (1, 10), (2, 20)]
    await opening


async def test_no_more_than_the_limit_is_taken_or_under_way() -> None:
    taken = 0
    running = 0
    most = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(20):
            taken += 1
            yield number

    async def work(_: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    done = 0
    async for _ in ahead(items(), work, limit=4):
        assert taken <= done + 4
        done += 1
    assert (done, most) == (20, 4)


async def test_stopping_early_cancels_what_is_under_way() -> None:
    cancelled: list[int] = []
    forever = asyncio.Event()

    async def work(number: int) -> None:
        try:
            if number:
                await forever.wait()
        except asyncio.CancelledError:
            cancelled.append(number)
            raise

    stream = ahead(range(3), work, limit=3)
    assert (await anext(stream))[0] == 0
    await stream.aclose()
    assert cancelled == [1, 2]


async def test_an_error_of_the_work_reaches_the_consumer() -> None:
    async def work(number: int) -> int:
        return 10 // number

    with pytest.raises(ZeroDivisionError):
        _ = [result async for _, result in ahead([1, 0], work, limit=1)]
