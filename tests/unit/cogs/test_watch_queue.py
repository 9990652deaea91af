"""Messages wait in a bounded queue, and are looked at one after the other."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from cogs.watch._queue import Queue


def message(number: int, server: int = 1) -> Any:
    return SimpleNamespace(id=number, guild=SimpleNamespace(id=server))


class Looking:
    """Looks at messages when it is let; the numbers of those that it was handed, in order."""

    def __init__(self, *, most: int = 100, most_each: int = 20) -> None:
        self.seen: list[int] = []
        self.at_once = self.most_at_once = 0
        self.let = asyncio.Event()
        self.begun = asyncio.Event()
        self.left = asyncio.Event()
        self.idle = asyncio.Event()
        self.queue = Queue(self._handle, most=most, most_each=most_each)

    async def _handle(self, one: Any) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.begun.set()
        try:
            await self.let.wait()
            if one.id < 0:
                raise ValueError("no such message")
            if not self.queue.is_gone(one):
                self.seen.append(one.id)
        finally:
            self.at_once -= 1
            self.left.set()
            if one.id == 99:
                self.idle.set()

    async def finish(self) -> None:
        """Let everything be looked at, 99 last."""
        assert self.queue.put(message(99, server=99))
        self.let.set()
        await self.idle.wait()


async def test_one_after_the_other() -> None:
    looking = Looking()
    for number in range(5):
        assert looking.queue.put(message(number))
    await looking.finish()
    assert looking.seen == [0, 1, 2, 3, 4, 99]
    assert looking.most_at_once == 1


async def test_what_does_not_fit_is_left_out() -> None:
    looking = Looking(most=6, most_each=3)
    looking.queue.put(message(0))
    await looking.begun.wait()
    # The first waits no longer; it is being looked at.
    of_one_server = [looking.queue.put(message(number)) for number in range(1, 6)]
    assert of_one_server == [True, True, True, False, False]
    of_others = [looking.queue.put(message(n, server=n)) for n in (6, 7, 99, 8)]
    assert of_others == [True, True, True, False]
    looking.let.set()
    await looking.idle.wait()
    assert looking.seen == [0, 1, 2, 3, 6, 7, 99]


async def test_there_is_room_again() -> None:
    looking = Looking(most_each=1)
    assert looking.queue.put(message(1))
    await looking.finish()
    assert looking.queue.put(message(2))


async def test_a_message_that_is_gone() -> None:
    looking = Looking()
    for number in (1, 2, 3):
        looking.queue.put(message(number))
    await looking.begun.wait()
    looking.queue.drop(1)
    looking.queue.drop(3)
    looking.queue.drop(4711)
    await looking.finish()
    assert looking.seen == [2, 99]


async def test_an_error_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    looking = Looking()
    looking.queue.put(message(-1))
    looking.queue.put(message(2))
    await looking.finish()
    assert looking.seen == [2, 99]
    assert "message -1 could not be watched" in caplog.text
    assert "no such message" in caplog.text


async def test_closing_ends_what_is_under_way() -> None:
    looking = Looking()
    looking.queue.put(message(1))
    looking.queue.put(message(2))
    await looking.begun.wait()
    looking.queue.close()
    await looking.left.wait()
    assert looking.at_once == 0
    assert looking.seen == []
