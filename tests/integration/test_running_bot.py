"""The bot from start to stop, as ``whereis-bot run`` has it, with a Discord on loopback."""

import asyncio
import os
import signal
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from pydantic import SecretStr

from bot.app import run_bot
from bot.config import Settings
from bot.errors import ConfigurationError, RestartingError
from tests.loopback_discord import DISALLOWED_INTENTS, LoopbackDiscord, loopback_discord


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


async def test_it_logs_in_says_it_is_well_and_stops_when_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://127.0.0.1:{settings.health_port}/healthz"
    async with loopback_discord(monkeypatch, LoopbackDiscord()) as discord:
        running = asyncio.create_task(run_bot(settings, say=lambda _: None))
        async with asyncio.timeout(60):
            await discord.welcomed.wait()
            assert {"whereis", "Search image", "image"} <= set(discord.synced)
            async with aiohttp.ClientSession() as session:
                # Ready is a moment after welcome: the bot waits for the servers it is in.
                while (answer := await session.get(url)).status != 200:
                    assert (await answer.json())["discord"] is False
                assert await answer.json() == {"ok": True, "discord": True, "database": "reachable"}
            os.kill(os.getpid(), signal.SIGTERM)
            await running


async def test_it_answers_what_it_was_asked_before_it_stops_and_tells_who_asks_then(
    settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocker = await asyncpg.connect(database_url)
    try:
        async with loopback_discord(monkeypatch, LoopbackDiscord()) as discord:
            running = asyncio.create_task(run_bot(settings, say=lambda _: None))
            async with asyncio.timeout(60):
                await discord.welcomed.wait()
                async with blocker.transaction():
                    await blocker.execute("LOCK TABLE collections")
                    await discord.ask("!stats")
                    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
                    while not await blocker.fetchval(waiting):
                        pass
                    os.kill(os.getpid(), signal.SIGTERM)
                    await discord.ask("!about")
                    assert (await discord.said.get())["content"] == RestartingError().sentence
                    assert not running.done()
                (embed,) = (await discord.said.get())["embeds"]
                assert embed["title"] == "What I know"
                await running
            assert discord.said.empty()
    finally:
        await blocker.close()


async def test_a_second_signal_is_not_waited_for(
    settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocker = await asyncpg.connect(database_url)
    try:
        async with loopback_discord(monkeypatch, LoopbackDiscord()) as discord:
            running = asyncio.create_task(run_bot(settings, say=lambda _: None))
            async with asyncio.timeout(60), blocker.transaction():
                await discord.welcomed.wait()
                await blocker.execute("LOCK TABLE collections")
                await discord.ask("!stats")
                waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
                while not await blocker.fetchval(waiting):
                    pass
                os.kill(os.getpid(), signal.SIGTERM)
                await discord.ask("!about")
                await discord.said.get()
                os.kill(os.getpid(), signal.SIGTERM)
                await running
            assert discord.said.empty()
    finally:
        await blocker.close()


async def test_a_refused_token_is_said_and_shown_to_nobody(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with loopback_discord(monkeypatch, LoopbackDiscord(status=401)):
        with pytest.raises(ConfigurationError, match="DISCORD_TOKEN") as caught:
            await run_bot(settings, say=lambda _: None)
    assert "“token”" not in str(caught.value)


async def test_a_missing_intent_is_said_with_what_to_do(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with loopback_discord(monkeypatch, LoopbackDiscord(close_code=DISALLOWED_INTENTS)):
        with pytest.raises(ConfigurationError, match="Message Content Intent"):
            await run_bot(settings, say=lambda _: None)


async def test_no_token_is_said_before_anything_is_started(tmp_path: Path) -> None:
    settings = Settings.load(data_dir=tmp_path / "data", discord_token=None)
    with pytest.raises(ConfigurationError, match="DISCORD_TOKEN"):
        await run_bot(settings, say=lambda _: None)
    assert not settings.data_dir.exists()
