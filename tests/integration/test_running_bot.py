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
from bot.errors import ConfigurationError, RestartingError
from bot.ingest import CollectionStats, IngestService
from bot.search import Scope
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


async def ready(settings: Settings) -> None:
    """Wait until the bot says that it is well, which is a moment after its welcome."""
    url = f"http://127.0.0.1:{settings.health_port}/healthz"
    async with aiohttp.ClientSession() as session:
        while (answer := await session.get(url)).status != 200:
            answer.release()


class Held:
    """Holds `!stats` until it is let go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        stats = IngestService.stats

        async def wait_first(service: IngestService, scope: Scope) -> tuple[CollectionStats, ...]:
            self.begun.set()
            await self.go_on.wait()
            return await stats(service, scope)

        monkeypatch.setattr(IngestService, "stats", wait_first)


async def told_to_stop(discord: LoopbackDiscord) -> None:
    """Send a signal, and wait until the bot says that it has taken it."""
    os.kill(os.getpid(), signal.SIGTERM)
    said = ""
    while said != RestartingError().sentence:
        await discord.ask("!help")
        said = (await discord.said.get())["content"]


async def test_it_answers_what_it_was_asked_before_it_stops_and_tells_who_asks_then(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    async with loopback_discord(monkeypatch, LoopbackDiscord()) as discord:
        running = asyncio.create_task(run_bot(settings, say=lambda _: None))
        async with asyncio.timeout(60):
            await discord.welcomed.wait()
            await ready(settings)
            await discord.ask("!stats")
            await held.begun.wait()
            await told_to_stop(discord)
            assert not running.done()
            held.go_on.set()
            (embed,) = (await discord.said.get())["embeds"]
            assert embed["title"] == "What I know"
            await running
        assert discord.said.empty()


async def test_a_second_signal_is_not_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    async with loopback_discord(monkeypatch, LoopbackDiscord()) as discord:
        running = asyncio.create_task(run_bot(settings, say=lambda _: None))
        async with asyncio.timeout(60):
            await discord.welcomed.wait()
            await ready(settings)
            await discord.ask("!stats")
            await held.begun.wait()
            await told_to_stop(discord)
            os.kill(os.getpid(), signal.SIGTERM)
            await running
        assert discord.said.empty()


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
