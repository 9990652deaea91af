"""The bot as it runs, before a Discord on this machine that has its bad days.

One event loop, one database and one set of worker processes serve all of these tests.  Those of one
file share a Discord and a bot, in which each has a server of its own; a test whose bot is to start
anew, or to end, has both for itself.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.client import BotOptions, Services, WhereisBot
from bot.gateway import stay
from bot.images import Limits, Workers
from bot.net import Fetcher
from bot.shards import Gate
from db import Database, open_database
from tests.acceptance.world import Library, services_on
from tests.conftest import FreshDatabases
from tests.drawing import png
from tests.fake_discord import (
    BOT,
    Channel,
    FakeDiscord,
    File,
    Guild,
    Interaction,
    Message,
    Rules,
    User,
    discord_here,
)

HERE = Path(__file__).parent
_NUMBERS = count()
MAX_BYTES = 2 * 1024 * 1024
TOKEN = "token"
# What is known of the picture that is asked about.
TITLE = "Mount Everest"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests of this folder in one event loop, which the worker processes live in."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


class Hasty:
    """``asyncio`` as a module knows it, which never waits for long."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, seconds: float) -> None:
        """Wait for a hundredth of the time."""
        await asyncio.sleep(seconds / 100)


@pytest.fixture(autouse=True, scope="module")
def hasty() -> Iterator[None]:
    """Has discord.py and the bot try again at once where they would wait for seconds."""
    discord = ("client", "http", "shard", "webhook.async_")
    with pytest.MonkeyPatch.context() as patch:
        for module in (*(f"discord.{name}" for name in discord), "bot.gateway", "cogs.delivery"):
            patch.setattr(f"{module}.asyncio", Hasty())
        yield


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def workers() -> AsyncIterator[Workers]:
    """The processes that read pictures, warm."""
    async with Workers(Limits(max_bytes=MAX_BYTES, timeout=20), 1) as pool:
        await pool.fingerprint(png(0))
        yield pool


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database(fresh_databases: FreshDatabases) -> AsyncIterator[Database]:
    """The database of all tests."""
    with fresh_databases() as url:
        async with open_database(url, Path("unused"), pool_size=2) as opened:
            yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def library(database: Database, workers: Workers) -> Library:
    """What puts pictures into the database; one is known already."""
    library = Library(database, workers)
    await library.add(png(1), "Mount_Everest")
    return library


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def services(library: Library) -> AsyncIterator[Services]:
    """What the cogs call."""
    async with Fetcher(max_bytes=MAX_BYTES, timeout=5) as fetcher:
        yield services_on(library.database, library.workers, fetcher)


@dataclass(slots=True)
class Town:
    """A server with a channel, somebody in it, and the bot.

    ``bot`` runs in the task ``running``, or is about to.
    """

    discord: FakeDiscord
    bot: WhereisBot
    guild: Guild
    alice: User
    running: asyncio.Task[None]

    @property
    def channel(self) -> Channel:
        """The channel."""
        return self.guild.channels[0]

    @property
    def picture(self) -> File:
        """The picture that is known."""
        return File("everest.png", png(1))

    def ask(self, content: str = "!whereis", *, channel: Channel | None = None) -> Message:
        """Ask where the picture is from that is known."""
        place = channel or self.channel
        return self.discord.post(place, self.alice, content, attachments=[self.picture])

    def slash(self, **options: bool) -> Interaction:
        """Ask the same by a slash command."""
        place, alice = self.channel, self.alice
        return self.discord.slash(place, alice, "whereis", picture=self.picture, **options)

    def said(self, channel: Channel | None = None) -> list[Message]:
        """What the bot said in a channel, oldest first."""
        messages = (channel or self.channel).messages.values()
        return [message for message in messages if message.author is BOT]

    async def heard(self, channel: Channel | None = None) -> Message:
        """The one thing that the bot says in a channel, as soon as it has."""
        place = channel or self.channel
        await self.discord.heard.until(lambda: bool(self.said(place)), "word")
        (message,) = self.said(place)
        return message

    async def is_answered(self) -> None:
        """See that the bot answers what it is asked now, once."""
        before = len(self.said())
        assert TITLE in (await self.discord.reply_to(self.ask())).text
        assert len(self.said()) == before + 1


@asynccontextmanager
async def running(
    services: Services, *, fetch_timeout: float = 10.0, heartbeat_timeout: float = 60.0
) -> AsyncIterator[Town]:
    """A Discord, and the bot on its way to it.

    ``heartbeat_timeout`` is after how many seconds of silence it takes the connection for dead.
    """
    # Servers of its own, for all share the database.
    rules, first = Rules(identify_seconds=0.0), 1000 * next(_NUMBERS)
    options = BotOptions(cooldown_uses=100, max_bytes=MAX_BYTES, fetch_timeout=fetch_timeout)
    async with discord_here(rules=rules, first_server=first) as discord:
        bot = WhereisBot(services, options, gate=Gate(window=0.0))
        # Seconds for which the client waits for one more server before it calls itself ready.
        bot._connection.guild_ready_timeout = 0.05
        bot._connection.heartbeat_timeout = heartbeat_timeout

        async def run() -> None:
            async with bot:
                await stay(bot, TOKEN)

        task = asyncio.create_task(run())
        try:
            yield Town(discord, bot, discord.guild("Town"), discord.user("alice"), task)
        finally:
            task.cancel()
            # A shard that connects anew takes no notice of that, and ends when all is closed.
            await bot.close()
            await asyncio.gather(task, return_exceptions=True)


async def is_ready(town: Town) -> None:
    """Wait until the bot is ready, or has ended."""
    ready = asyncio.Event()

    async def on_ready() -> None:
        ready.set()

    town.bot.add_listener(on_ready)
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait((town.running, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    assert ready.is_set(), town.running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared(services: Services) -> AsyncIterator[Town]:
    """The bot of the tests of one file, logged in and welcome."""
    async with running(services) as found:
        await is_ready(found)
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def town(shared: Town) -> AsyncIterator[Town]:
    """A server of this test's own, which the bot has just joined; nothing was heard before."""
    discord = shared.discord
    discord.heard.entries.clear()
    yield replace(shared, guild=discord.guild("Town"), alice=discord.user("alice"))
    discord.faults.clear()
    # What is still being said is this test's, and not the next one's.
    async with asyncio.timeout(30):
        while len(shared.bot.services.work):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
