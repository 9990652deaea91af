"""What is under way at a stop ends, or is given up and told so; nothing new begins."""

import asyncio
import logging
import os
import signal

import pytest

from bot.errors import RestartingError
from bot.flow import Stop, Work, until_told


class Answering:
    """A task that answers somebody until it is let go; what they were told is kept."""

    def __init__(self, work: Work) -> None:
        self.told: list[str] = []
        self.begun = asyncio.Event()
        self.let = asyncio.Event()
        self.task = asyncio.create_task(self._answer(work))

    async def _answer(self, work: Work) -> None:
        work.begin(self._tell)
        work.begin(self._tell)
        self.begun.set()
        await self.let.wait()

    async def _tell(self) -> None:
        if not self.let.is_set():
            self.told.append("not finished")
            raise ZeroDivisionError("Discord is away")


async def answering(work: Work) -> Answering:
    found = Answering(work)
    await found.begun.wait()
    return found


async def test_where_nothing_is_under_way_nothing_is_waited_for() -> None:
    work = Work()
    await work.finish()
    assert work.stopping
    with pytest.raises(RestartingError):
        work.begin()
    assert len(work) == 0


async def test_what_is_under_way_ends_and_nothing_new_begins() -> None:
    work = Work()
    first, second = await answering(work), await answering(work)
    assert len(work) == 2
    finishing = asyncio.create_task(work.finish())
    first.let.set()
    await first.task
    late = Answering(work)
    with pytest.raises(RestartingError):
        await late.task
    assert not finishing.done()
    second.let.set()
    await finishing
    await second.task
    assert (first.told, second.told, len(work)) == ([], [], 0)


async def test_an_error_that_is_told_by_a_task_yet_to_begin_is_waited_for() -> None:
    work = Work()
    told = asyncio.Event()

    async def tell() -> None:
        work.note()
        await asyncio.sleep(0)
        told.set()

    async def fail() -> None:
        work.begin()
        telling.append(asyncio.create_task(tell()))

    telling: list[asyncio.Task[None]] = []
    failing = asyncio.create_task(fail())
    await asyncio.wait({failing})
    await work.finish()
    assert told.is_set()
    await telling[0]


async def test_what_takes_too_long_is_given_up_and_told_whatever_becomes_of_the_telling(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Work()
    first, second = await answering(work), await answering(work)
    await work.finish(patience=0)
    assert (first.told, second.told) == (["not finished"], ["not finished"])
    assert first.task.cancelled()
    assert second.task.cancelled()
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3


async def test_who_was_given_up_can_say_so_themselves() -> None:
    work = Work()
    said = asyncio.Event()

    async def answer() -> None:
        work.begin()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if work.has_given_up(asyncio.current_task()):
                said.set()

    task = asyncio.create_task(answer())
    await asyncio.sleep(0)
    await work.finish(patience=0)
    await task
    assert said.is_set()


async def test_who_does_not_wait_for_the_end_ends_it_all() -> None:
    work = Work()
    one = await answering(work)
    finishing = asyncio.create_task(work.finish())
    await asyncio.sleep(0)
    finishing.cancel()
    await asyncio.wait({finishing, one.task})
    assert one.task.cancelled()
    assert one.told == []


async def test_the_first_signal_asks_and_the_second_does_not_wait() -> None:
    ended = asyncio.Event()

    async def program() -> Stop:
        async with until_told() as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            await stop.wait()
            os.kill(os.getpid(), signal.SIGINT)
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
        return stop

    assert (await asyncio.create_task(program())).forced
    assert ended.is_set()


async def test_a_signal_before_anything_is_served_ends_the_start() -> None:
    async def program() -> Stop:
        async with until_told() as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        return stop

    assert (await asyncio.create_task(program())).forced


async def test_what_still_goes_on_in_the_end_is_ended() -> None:
    async def program() -> Stop:
        async with until_told(bound=0) as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            await stop.wait()
            await asyncio.Event().wait()
        return stop

    assert (await asyncio.create_task(program())).forced


async def test_a_block_that_ends_by_itself_hears_no_signal_any_more() -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with until_told() as stop:
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
    assert not stop.forced


async def test_another_cancellation_is_none_of_its_business() -> None:
    async def program() -> None:
        async with until_told():
            await asyncio.Event().wait()

    running = asyncio.create_task(program())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait({running})
    assert running.cancelled()
