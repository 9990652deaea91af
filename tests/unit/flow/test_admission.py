"""Turns: who waits, who is refused with which words, and what becomes of a turn not used."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.errors import BusyError, RestartingError
from bot.flow import Admission, Asker, Bounds

ANN, BOB = Asker("first", "ann"), Asker("first", "bob")
DAN = Asker("second", "dan")


class Doing:
    """Something that takes a turn, and ends when it is let."""

    def __init__(self, turns: Admission, asker: Asker, *, background: bool = False) -> None:
        self.begun = asyncio.Event()
        self.let = asyncio.Event()
        self.task = asyncio.create_task(self._do(turns, asker, background))

    async def _do(self, turns: Admission, asker: Asker, background: bool) -> None:
        async with turns.turn(asker, background=background):
            self.begun.set()
            await self.let.wait()

    async def end(self) -> None:
        self.let.set()
        await self.task


@asynccontextmanager
async def busy(turns: Admission, asker: Asker = ANN) -> AsyncIterator[Doing]:
    """Have somebody at it for the length of a block."""
    doing = Doing(turns, asker)
    await doing.begun.wait()
    try:
        yield doing
    finally:
        await doing.end()


async def waiting(turns: Admission, *askers: Asker, background: bool = False) -> list[Doing]:
    """Have somebody wait for each of these."""
    found = []
    for asker in askers:
        before = turns.waiting + turns.in_background
        found.append(Doing(turns, asker, background=background))
        while turns.waiting + turns.in_background == before:  # noqa: ASYNC110
            await asyncio.sleep(0)
    return found


async def test_so_many_at_once_and_then_each_after_another() -> None:
    turns = Admission(1)
    async with busy(turns) as first:
        second, third, other = await waiting(turns, ANN, ANN, DAN)
        assert (turns.running, turns.waiting) == (1, 3)
        await first.end()
        await second.begun.wait()
        await second.end()
        await other.begun.wait()
        assert not third.begun.is_set(), "the other server comes first"
        await other.end()
        await third.end()
    assert (turns.running, turns.waiting, dict(turns.refused)) == (0, 0, {})


@pytest.mark.parametrize(
    ("bounds", "says", "why"),
    [
        (Bounds(user=2, server=9, all=9), "You have 1 picture waiting already. Wait for", "user"),
        (Bounds(user=9, server=2, all=9), "This server has enough pictures waiting", "server"),
        (Bounds(user=9, server=9, all=2), "I have more to do than I can at the moment", "all"),
    ],
)
async def test_what_does_not_fit_is_refused_at_once_and_wholly(
    bounds: Bounds, says: str, why: str
) -> None:
    turns = Admission(1, bounds)
    async with busy(turns) as first:
        (second,) = await waiting(turns, ANN)
        with pytest.raises(BusyError, match=says), turns.entered(ANN, 2):
            pytest.fail("there is no room for both")
        assert turns.waiting == 1
        await first.end()
        await second.end()
    assert turns.refused == {why: 1}


async def test_a_list_is_no_picture() -> None:
    turns = Admission(1, Bounds(user=2, server=9, all=9), noun="list")
    async with busy(turns) as first:
        second, third = await waiting(turns, ANN, ANN)
        with pytest.raises(BusyError, match="You have 2 lists waiting already"), turns.entered(ANN):
            pytest.fail("there is no room")
        for doing in (first, second, third):
            await doing.end()


async def test_who_waits_too_long_is_told_and_leaves_their_place() -> None:
    turns = Admission(1, patience=0)
    async with busy(turns):
        with pytest.raises(BusyError, match="did not get to it in time"):
            async with turns.turn(DAN):
                pytest.fail("somebody is at it")
        assert turns.waiting == 0
    async with turns.turn(DAN):
        assert turns.running == 1, "whose turn it is need not have patience"
    assert turns.refused == {"patience": 1}


async def test_who_goes_away_leaves_their_place_to_the_next() -> None:
    turns = Admission(1)
    async with busy(turns) as first:
        second, third = await waiting(turns, ANN, ANN)
        second.task.cancel()
        await asyncio.wait({second.task})
        assert turns.waiting == 1
        await first.end()
        await third.end()
    assert turns.running == 0


async def test_who_goes_away_as_their_turn_comes_gives_it_to_the_next() -> None:
    turns = Admission(1)
    with turns.entered(ANN):
        second, third = await waiting(turns, ANN, ANN)
    # Its turn has come, and it has not heard of it yet.
    assert (turns.running, turns.waiting) == (1, 1)
    second.task.cancel()
    await asyncio.wait({second.task})
    assert not second.begun.is_set()
    await third.end()
    assert (turns.running, turns.waiting) == (0, 0)


async def test_turns_that_are_not_used_are_given_back() -> None:
    turns = Admission(2)
    with turns.entered(ANN, 3):
        assert (turns.running, turns.waiting) == (2, 1)
    assert (turns.running, turns.waiting) == (0, 0)
    with pytest.raises(ZeroDivisionError):
        async with turns.turn(ANN):
            raise ZeroDivisionError
    assert turns.running == 0


async def test_the_background_waits_until_nobody_asks() -> None:
    turns = Admission(1)
    async with busy(turns) as first:
        (behind,) = await waiting(turns, DAN, background=True)
        (asking,) = await waiting(turns, ANN)
        assert (turns.waiting, turns.in_background) == (1, 1)
        await first.end()
        await asking.begun.wait()
        assert not behind.begun.is_set()
        await asking.end()
        await behind.begun.wait()
        await behind.end()


async def test_at_a_stop_people_keep_their_places_and_the_background_does_not() -> None:
    turns = Admission(1)
    async with busy(turns) as first:
        (behind,) = await waiting(turns, DAN, background=True)
        (asking,) = await waiting(turns, BOB)
        turns.stop()
        with pytest.raises(RestartingError, match="about to restart"):
            await behind.task
        with pytest.raises(RestartingError), turns.entered(DAN, background=True):
            pytest.fail("nothing of the background is let in")
        # Somebody whose picture was still on its way here.
        (late,) = await waiting(turns, DAN)
        for doing in (first, asking, late):
            await doing.end()
    assert turns.refused == {"stopping": 2}
