"""The bot from start to stop, as ``whereis-bot run`` has it, with a Discord on loopback."""

import asyncio
import os
import signal
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from bot.app import run_bot
from bot.config import Settings
from bot.errors import ConfigurationError, DisconnectedError
from bot.gateway import BAD_TOKEN
from tests.fake_discord import Rules, discord_here
from tests.fake_discord.gateway import DISALLOWED_INTENTS


@pytest.fixture
def settings(database_url: str, tmp_path: Path, unused_tcp_port: int) -> Settings:
    """Settings with a token, and a port for health checks."""
    return Settings.load(
        discord_token=SecretStr("token"),
        database_url=SecretStr(database_url),
        data_dir=tmp_path,
        workers=1,
        health_port=unused_tcp_port,
    )


async def test_it_logs_in_says_it_is_well_and_stops_when_told(settings: Settings) -> None:
    url = f"http://127.0.0.1:{settings.health_port}/healthz"
    async with discord_here() as discord:
        running = asyncio.create_task(run_bot(settings, say=lambda _: None))
        async with asyncio.timeout(60):
            await discord.welcomed()
            synced = {command["name"] for command in discord.state.commands}
            assert {"whereis", "Search image", "image"} <= synced
            async with aiohttp.ClientSession() as session:
                # Ready is a moment after welcome: the bot waits for the servers it is in.
                while (answer := await session.get(url)).status != 200:
                    assert (await answer.json())["discord"] is False
                assert await answer.json() == {"ok": True, "discord": True, "database": "reachable"}
            os.kill(os.getpid(), signal.SIGTERM)
            await running


async def test_a_refused_token_is_said_and_shown_to_nobody(settings: Settings) -> None:
    async with discord_here(token="another"):
        with pytest.raises(ConfigurationError, match="DISCORD_TOKEN") as caught:
            await run_bot(settings, say=lambda _: None)
    assert "“token”" not in str(caught.value)


async def test_a_token_that_is_withdrawn_is_said(settings: Settings) -> None:
    async with discord_here(rules=Rules(refuse=BAD_TOKEN)):
        with pytest.raises(ConfigurationError, match="DISCORD_TOKEN"):
            await run_bot(settings, say=lambda _: None)


async def test_an_end_for_another_reason_is_said_with_its_code(settings: Settings) -> None:
    async with discord_here(rules=Rules(refuse=4012)):
        with pytest.raises(DisconnectedError, match="4012"):
            await run_bot(settings, say=lambda _: None)


async def test_a_missing_intent_is_said_with_what_to_do(settings: Settings) -> None:
    async with discord_here(rules=Rules(refuse=DISALLOWED_INTENTS)):
        with pytest.raises(ConfigurationError, match="Message Content Intent"):
            await run_bot(settings, say=lambda _: None)


async def test_no_token_is_said_before_anything_is_started(tmp_path: Path) -> None:
    settings = Settings.load(data_dir=tmp_path / "data", discord_token=None)
    with pytest.raises(ConfigurationError, match="DISCORD_TOKEN"):
        await run_bot(settings, say=lambda _: None)
    assert not settings.data_dir.exists()
