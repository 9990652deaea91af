"""How a bot of several shards starts, before a Discord that wants it slowly."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from bot.client import BotOptions, Services, WhereisBot, connect
from bot.errors import ConfigurationError
from bot.flow import until_told
from bot.images import Limits, Workers
from bot.net import Fetcher
from bot.shards import SINGLE, Gate, Shards
from db import Database
from tests.acceptance.world import services_on
from tests.fake_discord import FakeDiscord, Rules, discord_here
from tests.fake_discord.faults import refused
from tests.fake_discord.gateway import IDENTIFY, INVALID_SESSION
from tests.integration.shards.conftest import PATIENCE

TOKEN = "token"

# Discord lets shards say who they are this far apart, and they keep this far.
APART, WINDOW = 0.05, 0.4

FORBIDDEN = 50013
SHARDING_REQUIRED = 4011

Running = Callable[..., AbstractAsyncContextManager["asyncio.Task[None]"]]


@pytest.fixture
def services(database: Database) -> Services:
    """What the cogs call; nobody asks them anything here."""
    return services_on(database, Workers(Limits(), 1), Fetcher(max_bytes=1024, timeout=1))


@pytest.fixture
def running(services: Services) -> Running:
    """A bot, from its start to its stop."""

    @asynccontextmanager
    async def run(
        shards: Shards | None = SINGLE, gate: Gate | None = None
    ) -> "AsyncIterator[asyncio.Task[None]]":
        gate = gate or Gate(window=WINDOW)
        bot = WhereisBot(services, BotOptions(), shards=shards, gate=gate)

        async def serve() -> None:
            async with until_told() as stop:
                await connect(bot, TOKEN, stop)

        serving = asyncio.create_task(serve())
        try:
            yield serving
        finally:
            serving.cancel()
            await asyncio.wait({serving})

    return run


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    """A Discord that all clients of this process go to."""
    async with discord_here(rules=Rules(identify_seconds=APART)) as here:
        yield here


def identified(discord: FakeDiscord) -> list[int]:
    """Which shards said who they are, in order."""
    return [signal.shard for signal in discord.heard.signals("identify")]


async def test_as_many_as_discord_advises(discord: FakeDiscord, running: Running) -> None:
    discord.rules.shards = 3
    async with running(None):
        await discord.welcomed(3)
    assert identified(discord) == [0, 1, 2], "none had to try again"
    first, second, third = (signal.at for signal in discord.heard.signals("identify"))
    assert min(second - first, third - second) >= APART


async def test_those_of_other_buckets_do_not_wait(discord: FakeDiscord, running: Running) -> None:
    discord.rules.max_concurrency = 2
    # Nobody would wait for that long.
    async with running(Shards((1, 2), 4), Gate(window=PATIENCE)):
        await discord.welcomed(2)
    assert identified(discord) == [1, 2]


async def test_one_that_was_too_fast_tries_again(discord: FakeDiscord, running: Running) -> None:
    discord.gateway.plan(
        IDENTIFY, lambda connection: connection.send({"op": INVALID_SESSION, "d": False})
    )
    async with running():
        await discord.welcomed()
    first, second = (signal.at for signal in discord.heard.signals("identify"))
    assert second - first >= APART


async def test_each_resumes_where_the_connection_was_lost(
    discord: FakeDiscord, running: Running
) -> None:
    async with running(Shards((0, 1), 2)):
        await discord.welcomed(2)
        discord.gateway.drop()
        resumed = await discord.heard.until_signal("resume", 2)
    assert {signal.data["session_id"] for signal in resumed} == set(discord.gateway.sessions)
    assert identified(discord) == [0, 1], "none began anew"


async def test_commands_are_told_by_the_one_that_has_shard_0(
    discord: FakeDiscord, running: Running
) -> None:
    async with running(Shards((1,), 2)):
        await discord.welcomed()
    assert not discord.state.commands
    async with running(Shards((0,), 2)):
        await discord.welcomed(2)
    assert discord.state.commands


async def test_it_waits_while_no_session_is_left(discord: FakeDiscord, running: Running) -> None:
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def pause(_seconds: float) -> None:
        waiting.set()
        await go_on.wait()

    discord.rules.sessions_left = 0
    async with running(gate=Gate(pause=pause)):
        async with asyncio.timeout(PATIENCE):
            await waiting.wait()
        assert not discord.heard.signals("connect")
        assert len(discord.heard.asked("GET /gateway/bot")) == 1
        discord.rules.sessions_left = 1
        go_on.set()
        await discord.welcomed()


async def test_it_starts_where_discord_does_not_say_how(
    discord: FakeDiscord, running: Running
) -> None:
    discord.faults.on("GET /gateway/bot", refused(FORBIDDEN), times=None)
    async with running(Shards((0, 1), 2)):
        await discord.welcomed(2)
    assert identified(discord) == [0, 1]


async def test_too_few_shards_are_said_with_what_to_do(
    discord: FakeDiscord, running: Running
) -> None:
    discord.rules.refuse = SHARDING_REQUIRED
    async with running() as serving:
        with pytest.raises(ConfigurationError, match="--shards or WHEREIS_SHARDS"):
            await serving
