"""What is said of a picture that Discord's CDN does not hand out as it should."""

import pytest

from bot.client import Services
from tests.fake_discord.faults import Fault, Held, broken, cut_off, dropped
from tests.integration.wire.conftest import TITLE, Town, is_ready, running

FILE = "GET /cdn/*"

FAILING = {
    "404": (broken(404), "no longer has that picture"),
    "403": (broken(403), "did not hand me that picture"),
    "500": (broken(500), "did not hand me that picture"),
    "cut off": (cut_off(b"\x89PNG"), "did not hand me that picture"),
    "lost": (dropped(), "did not hand me that picture"),
}


@pytest.mark.parametrize(("fault", "says"), FAILING.values(), ids=FAILING)
async def test_a_file_that_does_not_come_is_told_of(town: Town, fault: Fault, says: str) -> None:
    town.discord.faults.on(FILE, fault, times=None)
    assert says in (await town.discord.reply_to(town.ask())).text
    assert says in (await town.discord.answer_to(town.slash())).text
    town.discord.faults.clear()
    await town.is_answered()


async def test_a_file_that_takes_too_long_is_told_of(services: Services) -> None:
    async with running(services, fetch_timeout=1.0) as town:
        await is_ready(town)
        town.discord.faults.on(FILE, Held())
        assert "did not hand me" in (await town.discord.reply_to(town.ask())).text
        assert "did not hand me" not in (await town.discord.reply_to(town.ask())).text


async def test_a_file_that_is_slow_keeps_nobody_else_waiting(town: Town) -> None:
    slow = Held()
    town.discord.faults.on(FILE, slow)
    first = town.ask()
    await slow.reached.wait()
    await town.is_answered()
    slow.free.set()
    assert TITLE in (await town.discord.reply_to(first)).text
