"""The bot from start to stop, as ``whereis-bot run`` has it, with a Discord on loopback."""

import asyncio
import os
import signal
from importlib.metadata import version
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from bot.app import run_bot
from bot.config import Settings
from bot.errors import ConfigurationError, DisconnectedError, RestartingError
from bot.gateway import BAD_TOKEN
from bot.health import Readiness
from bot.ingest import CollectionStats, IngestService
from bot.search import Scope
from tests.fake_discord import FakeDiscord, Message, Rules, discord_here
from tests.fake_discord.gateway import CONNECT, DISALLOWED_INTENTS, Connection


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
    url = f"http://127.0.0.1:{settings.health_port}"
    told = asyncio.Event()
    monkeypatch.setattr(Readiness, "end", lambda _: told.set())
    async with discord_here() as discord:
        running = asyncio.create_task(run_bot(settings, say=lambda _: None))
        async with asyncio.timeout(60):
            await discord.welcomed()
            synced = {command["name"] for command in discord.state.commands}
            assert {"whereis", "Search image", "image"} <= synced
            async with aiohttp.ClientSession() as session:
                assert (await session.get(f"{url}/healthz")).status == 200
                # Ready is a moment after welcome: the bot waits for the servers it is in.
                while (answer := await session.get(f"{url}/readyz")).status != 200:
                    assert (await answer.json())["reasons"] == {"discord": "not connected"}
                assert await answer.json() == {"ready": True, "reasons": {}}
                measured = await (await session.get(f"{url}/metrics")).text()
            assert not told.is_set()
            os.kill(os.getpid(), signal.SIGTERM)
            await running
            assert told.is_set()
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(measured)
        for sample in family.samples
    }
    assert samples["whereis_database_up",] == 1
    assert samples["whereis_database_pool_limit", "primary"] == settings.pool_size
    assert samples["whereis_database_pool_connections", "primary"] >= 1
    assert samples["whereis_gateway_up", "0"] == 1
    assert samples["whereis_gateway_events_total", "connect"] == 1
    assert samples["whereis_discord_requests_total", "api", "200"] >= 1
    assert samples["whereis_worker_processes",] == 1
    assert samples["process_start_time_seconds",] > 0
    (build,) = (labels for name, *labels in samples if name == "whereis_build_info")
    assert version("whereis-bot") in build


async def ready(settings: Settings) -> None:
    """Wait until the bot says that it can answer, which is a moment after its welcome."""
    url = f"http://127.0.0.1:{settings.health_port}/readyz"
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


def ask(discord: FakeDiscord, text: str) -> Message:
    """Have somebody write to the bot in private."""
    somebody = discord.user()
    return discord.post(discord.private(somebody), somebody, text)


async def told_to_stop(discord: FakeDiscord) -> None:
    """Send a signal, and wait until the bot says that it has taken it."""
    os.kill(os.getpid(), signal.SIGTERM)
    said = ""
    while said != RestartingError().sentence:
        said = (await discord.reply_to(ask(discord, "!help"))).content


async def test_it_answers_what_it_was_asked_before_it_stops_and_tells_who_asks_then(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    async with discord_here() as discord:
        running = asyncio.create_task(run_bot(settings, say=lambda _: None))
        async with asyncio.timeout(60):
            await discord.welcomed()
            await ready(settings)
            question = ask(discord, "!stats")
            await held.begun.wait()
            await told_to_stop(discord)
            assert not running.done()
            held.go_on.set()
            (embed,) = (await discord.reply_to(question)).embeds
            assert embed["title"] == "What I know"
            await running


async def test_a_second_signal_is_not_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    async with discord_here() as discord:
        running = asyncio.create_task(run_bot(settings, say=lambda _: None))
        async with asyncio.timeout(60):
            await discord.welcomed()
            await ready(settings)
            question = ask(discord, "!stats")
            await held.begun.wait()
            await told_to_stop(discord)
            os.kill(os.getpid(), signal.SIGTERM)
            await running
        messages = question.channel.messages.values()
        assert question.id not in {message.refers_to for message in messages}


async def test_it_stops_while_a_connection_is_being_made_anew(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with discord_here() as discord:
        running = asyncio.create_task(run_bot(settings, say=lambda _: None))
        async with asyncio.timeout(60):
            await discord.welcomed()
            await ready(settings)
            greeted = asyncio.Event()

            def say_nothing(connection: Connection) -> None:
                connection.hushed = True
                greeted.set()

            discord.gateway.plan(CONNECT, say_nothing)
            discord.gateway.drop()
            await greeted.wait()
            os.kill(os.getpid(), signal.SIGTERM)
            await running
    assert "without waiting" not in caplog.text


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
