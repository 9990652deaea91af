"""The bot as it runs, before a Discord on this machine that has its bad days.

One event loop and one set of worker processes serve all of these tests; each test has a database of
its own, a new bot, and a new Discord.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.client import BotOptions, Services, WhereisBot, connect
from bot.images import Limits, Workers
from bot.net import Fetcher
from bot.shards import Gate
from db import open_database
from tests.acceptance.world import Library, services_on
from tests.drawing import png
from tests.fake_discord import (
    Channel,
    FakeDiscord,
    File,
    Interaction,
    Message,
    Rules,
    User,
    discord_here,
)

HERE = Path(__file__).parent
MAX_BYTES = 2 * 1024 * 1024
TOKEN = "token"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests of this folder in one event loop, which the worker processes live in."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


class Hasty:
    """``asyncio`` as a module of discord.py knows it, which never waits for long."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, seconds: float) -> None:
        """Wait for a hundredth of the time."""
        await asyncio.sleep(seconds / 100)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has discord.py try again at once where it would wait for seconds."""
    for module in ("client", "http", "shard", "webhook.async_"):
        monkeypatch.setattr(f"discord.{module}.asyncio", Hasty())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def workers() -> AsyncIterator[Workers]:
    """The processes that read pictures, warm."""
    async with Workers(Limits(max_bytes=MAX_BYTES, timeout=20), 1) as pool:
        await pool.fingerprint(png(0))
        yield pool


@pytest_asyncio.fixture(loop_scope="session")
async def services(database_url: str, tmp_path: Path, workers: Workers) -> AsyncIterator[Services]:
    """What the cogs call, over a database in which one picture is known."""
    async with (
        open_database(database_url, tmp_path, pool_size=2) as database,
        Fetcher(max_bytes=MAX_BYTES, timeout=5) as fetcher,
    ):
        await Library(database, workers).add(png(1), "Mount_Everest")
        yield services_on(database, workers, fetcher)


@pytest_asyncio.fixture(loop_scope="session")
async def discord() -> AsyncIterator[FakeDiscord]:
    """A Discord that discord.py is pointed at."""
    async with discord_here(rules=Rules(identify_seconds=0.0)) as running:
        yield running


@dataclass(slots=True)
class Town:
    """A server with a channel, somebody in it, and the bot."""

    discord: FakeDiscord
    bot: WhereisBot
    channel: Channel
    alice: User

    @property
    def picture(self) -> File:
        """The picture that is known."""
        return File("everest.png", png(1))

    def ask(self, content: str = "!whereis", *, channel: Channel | None = None) -> Message:
        """Ask where the picture is from that is known."""
        place = channel or self.channel
        return self.discord.post(place, self.alice, content, attachments=[self.picture])

    def slash(self) -> Interaction:
        """Ask the same by a slash command."""
        return self.discord.slash(self.channel, self.alice, "whereis", picture=self.picture)

    async def is_answered(self) -> None:
        """See that the bot answers what it is asked now."""
        assert "Mount Everest" in (await self.discord.reply_to(self.ask())).text


async def is_ready(bot: WhereisBot) -> None:
    """Wait until a bot that is about to log in is ready."""
    ready = asyncio.Event()

    async def on_ready() -> None:
        ready.set()

    bot.add_listener(on_ready)
    await ready.wait()


@pytest_asyncio.fixture(loop_scope="session")
async def town(discord: FakeDiscord, services: Services) -> AsyncIterator[Town]:
    """The bot, logged in and welcome."""
    guild = discord.guild("Town")
    options = BotOptions(cooldown_uses=100, max_bytes=MAX_BYTES)
    bot = WhereisBot(services, options, gate=Gate(window=0.0))
    # Seconds for which the client waits for one more server before it calls itself ready.
    bot._connection.guild_ready_timeout = 0.05
    running = asyncio.create_task(connect(bot, TOKEN))
    ready = asyncio.create_task(is_ready(bot))
    try:
        await asyncio.wait((running, ready), return_when=asyncio.FIRST_COMPLETED)
        assert ready.done(), running
        yield Town(discord, bot, guild.channels[0], discord.user("alice"))
    finally:
        running.cancel()
        ready.cancel()
        await asyncio.gather(running, ready, return_exceptions=True)
