"""The page from start to stop, as ``whereis-bot web`` has it, and beside the bot."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from bot.app import run_bot, run_web
from bot.config import Settings
from bot.errors import ConfigurationError
from tests.fake_discord import discord_here


@pytest.fixture
def settings(database_url: str, tmp_path: Path, unused_tcp_port: int) -> Settings:
    """Settings of a page on a free port."""
    return Settings.load(
        database_url=SecretStr(database_url),
        discord_token=None,
        data_dir=tmp_path,
        workers=1,
        web_port=unused_tcp_port,
    )


class Told:
    """What the program says, and when it has."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.listening = asyncio.Event()

    def __call__(self, sentence: str) -> None:
        self.sentences.append(sentence)
        if "http://" in sentence:
            self.listening.set()


async def status_of(url: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status


@pytest.mark.parametrize("told_by", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_where_it_listens_and_stops_when_told(
    settings: Settings, told_by: signal.Signals, unused_tcp_port_factory: Callable[[], int]
) -> None:
    health = unused_tcp_port_factory()
    told = Told()
    url = f"http://127.0.0.1:{settings.web_port}/"
    running = asyncio.create_task(
        run_web(settings.model_copy(update={"health_port": health}), say=told)
    )
    async with asyncio.timeout(60):
        await told.listening.wait()
        assert told.sentences == [f"The page is at {url} until this program is stopped."]
        assert await status_of(url) == 200
        for path in ("healthz", "readyz", "metrics"):
            assert await status_of(f"http://127.0.0.1:{health}/{path}") == 200
        os.kill(os.getpid(), told_by)
        await running
    with pytest.raises(aiohttp.ClientConnectorError):
        await status_of(url)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, "WHEREIS_WEB_PORT"),
        ({"web_host": "192.0.2.1"}, "WHEREIS_WEB_HOST"),
        ({"web_host": "no-such-name.invalid"}, "WHEREIS_WEB_HOST"),
    ],
)
async def test_where_it_can_not_listen_it_says_so(
    settings: Settings, change: dict[str, str], says: str
) -> None:
    taken = await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", settings.web_port
    )
    async with taken:
        with pytest.raises(ConfigurationError, match=says):
            await run_web(settings.model_copy(update=change), say=Told())


async def test_it_runs_beside_the_bot_where_that_is_asked_for(settings: Settings) -> None:
    url = f"http://127.0.0.1:{settings.web_port}/"
    for with_bot in (False, True):
        told = Told()
        changed = settings.model_copy(
            update={"discord_token": SecretStr("token"), "web_with_bot": with_bot}
        )
        async with discord_here() as discord:
            running = asyncio.create_task(run_bot(changed, say=told))
            async with asyncio.timeout(60):
                await discord.welcomed()
                assert told.listening.is_set() == with_bot
                if with_bot:
                    assert await status_of(url) == 200
                os.kill(os.getpid(), signal.SIGTERM)
                await running
