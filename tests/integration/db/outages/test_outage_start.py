"""The start, while the database is not there yet."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.app import run_bot, run_web
from bot.config import Settings
from bot.errors import DatabaseUnavailableError, LoginRefusedError
from db import open_database
from tests.outages import OwnServer

Run = Callable[..., Coroutine[Any, Any, None]]


class Told:
    """What the program says, and when it says that it waits."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.waiting = asyncio.Event()

    def __call__(self, sentence: str) -> None:
        self.sentences.append(sentence)
        if "Waiting" in sentence:
            self.waiting.set()


async def test_it_waits_and_says_so_once(server: OwnServer, tmp_path: Path) -> None:
    await server.stop()
    told = Told()

    async def open_it() -> None:
        async with open_database(server.url(), tmp_path, patience=60, say=told) as database:
            await database.ping()

    opening = asyncio.create_task(open_it())
    async with asyncio.timeout(60):
        await told.waiting.wait()
        await server.start()
        await opening
    waits, there = told.sentences
    assert "can't be reached" in waits
    assert waits.endswith("Waiting up to 60 seconds for it…")
    assert there == "The database is there."


async def test_it_gives_up_when_the_time_is_up(server: OwnServer, tmp_path: Path) -> None:
    await server.stop()
    told = Told()
    for patience, said in ((0, False), (0.15, True)):
        with pytest.raises(DatabaseUnavailableError, match="can't be reached"):
            async with open_database(server.url(), tmp_path, patience=patience, say=told):
                pass
        assert bool(told.sentences) is said


@pytest.mark.parametrize(("database", "user"), [("nothing", "postgres"), ("whereis", "nobody")])
async def test_a_wrong_name_is_not_waited_for(
    server: OwnServer, tmp_path: Path, database: str, user: str
) -> None:
    told = Told()
    url = server.url(database, user)
    with pytest.raises(LoginRefusedError, match="does not exist"):
        async with open_database(url, tmp_path, patience=3600, say=told):
            pass
    assert told.sentences == []


@pytest.mark.parametrize("run", [run_bot, run_web])
async def test_it_stops_at_once_when_told_while_it_waits(
    server: OwnServer, tmp_path: Path, run: Run
) -> None:
    await server.stop()
    settings = Settings.load(
        discord_token=SecretStr("token"),
        database_url=SecretStr(server.url()),
        database_wait=3600,
        data_dir=tmp_path,
        web_port=0,
    )
    told = Told()
    running = asyncio.create_task(run(settings, say=told))
    async with asyncio.timeout(60):
        await told.waiting.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await running
    assert len(told.sentences) == 1
