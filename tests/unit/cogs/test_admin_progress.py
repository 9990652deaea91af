"""Work that is watched while it goes on."""

import asyncio

import pytest

from bot.errors import NotAllowedError
from cogs.progress import Progress, watched


async def test_shows_each_change_and_gives_the_result() -> None:
    seen: list[float] = []
    changed = asyncio.Event()

    async def show(fraction: float) -> None:
        seen.append(fraction)
        changed.set()

    async def work(note: Progress) -> str:
        for fraction in (0.25, 0.75):
            changed.clear()
            note(fraction)
            # Not until it was shown, however slow the machine.
            await changed.wait()
        return "done"

    assert await watched(work, show, every=0.001) == "done"
    assert seen == [0.25, 0.75]


async def test_what_stays_the_same_is_not_shown_again() -> None:
    seen: list[float] = []

    async def show(fraction: float) -> None:
        seen.append(fraction)

    async def work(note: Progress) -> None:
        note(0.5)
        await asyncio.sleep(0.05)

    await watched(work, show, every=0.001)
    assert seen == [0.5]


async def test_a_failure_comes_through() -> None:
    async def show(fraction: float) -> None:
        raise AssertionError(fraction)

    async def work(note: Progress) -> None:
        raise NotAllowedError("no")

    with pytest.raises(NotAllowedError):
        await watched(work, show, every=10)


async def test_the_work_ends_with_who_asked_for_it() -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def show(fraction: float) -> None:
        pass

    async def work(note: Progress) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    asking = asyncio.create_task(watched(work, show, every=10))
    await started.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert cancelled.is_set()
