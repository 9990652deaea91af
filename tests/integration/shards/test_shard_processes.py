"""A bot of two processes with one database, before a Discord on this machine."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.changes import keeping_up
from bot.images import Fingerprint, Limits
from bot.images.reading import read
from bot.privacy import PrivacyService
from bot.rules import RulesService
from db import Database, open_database
from db.members import MembersStore
from db.records import Actor, NewAppearance
from tests.conftest import ROOT, FreshDatabases
from tests.drawing import png
from tests.fake_discord import BOT, Channel, FakeDiscord, File, Guild, Message, Rules, User
from tests.integration.shards.conftest import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Discord lets shards say who they are this far apart, and they keep this far.
APART, WINDOW = 0.1, 1.0

COUNT = 2


class Told(PrivacyService):
    """Who opted out, as a process knows it that somebody else tells."""

    def __init__(self, store: MembersStore) -> None:
        super().__init__(store)
        self.listening = asyncio.Event()
        self.told = asyncio.Event()

    async def load(self) -> None:
        """Read all that there is, which comes first."""
        await super().load()
        self.listening.set()

    async def reload(self, user_id: int) -> None:
        """Be told of a change."""
        await super().reload(user_id)
        self.told.set()


@dataclass(slots=True)
class Towns:
    """A bot of several processes, and a server for each."""

    discord: FakeDiscord
    database: Database
    guilds: list[Guild]
    alice: User
    processes: "list[asyncio.subprocess.Process]"
    begin: Callable[[int], AbstractAsyncContextManager["asyncio.subprocess.Process"]]

    def ask(self, channel: Channel, content: str = "!whereis") -> Message:
        """Ask where the picture is from that is known."""
        picture = File("everest.png", png(1))
        return self.discord.post(channel, self.alice, content, attachments=[picture])

    def said(self, channel: Channel) -> int:
        """How many messages the bots sent to a channel."""
        return len(self.discord.heard.asked(f"POST /channels/{channel.id}/messages"))


async def know(database: Database, picture: bytes, title: str) -> None:
    """Have a picture in a wiki's collection."""
    wiki = await database.store.ensure_wiki("enwiki", "https://en.wikipedia.org/wiki/{title}")
    found = read(picture, Limits())
    assert isinstance(found, Fingerprint)
    appearance = NewAppearance(found.dhash, found.phash, None, title, look=found.look)
    await database.store.add(wiki.id, [appearance], Actor(None))


@asynccontextmanager
async def running(
    discord: FakeDiscord, url: str, folder: Path, shards: str
) -> "AsyncIterator[asyncio.subprocess.Process]":
    """A process of the bot, until it is told to stop."""
    environment = os.environ | {
        "DISCORD_TOKEN": "token",
        "DATABASE_URL": url,
        "PYTHONPATH": str(ROOT),
        "WHEREIS_CARDS": "false",
        "WHEREIS_COOLDOWN_USES": "1000",
        "WHEREIS_WORKERS": "1",
    }
    launcher = Path(__file__).with_name("launcher.py")
    with (folder / f"{shards.replace('/', '-of-')}.err").open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *(str(launcher), discord.address, str(WINDOW), "run", "--shards", shards),
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=said,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(PATIENCE):
                await process.wait()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def towns(
    fresh_databases: FreshDatabases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Towns]:
    """Both processes, at work."""
    folder = tmp_path_factory.mktemp("processes")
    rules = Rules(shards=COUNT, identify_seconds=APART)
    async with AsyncExitStack() as stack:
        url = stack.enter_context(fresh_databases())
        database = await stack.enter_async_context(open_database(url, folder, pool_size=2))
        await know(database, png(1), "Mount_Everest")
        discord = await stack.enter_async_context(FakeDiscord(rules=rules))
        guilds = [discord.guild(f"Town {number}") for number in range(COUNT)]
        assert [(guild.id >> 22) % COUNT for guild in guilds] == [0, 1]

        def begin(number: int) -> AbstractAsyncContextManager["asyncio.subprocess.Process"]:
            return running(discord, url, folder, f"{number}/{COUNT}")

        processes = [await stack.enter_async_context(begin(number)) for number in range(COUNT)]
        await _begun(discord, processes, folder)
        yield Towns(discord, database, guilds, discord.user("alice"), processes, begin)
    assert [process.returncode for process in processes] == [0] * COUNT


async def _begun(
    discord: FakeDiscord, processes: "list[asyncio.subprocess.Process]", folder: Path
) -> None:
    """Wait until all shards were let in, or say why one was not."""
    welcomed = asyncio.ensure_future(discord.gateway.welcomed(COUNT))
    ended = [asyncio.ensure_future(process.wait()) for process in processes]
    await asyncio.wait([welcomed, *ended], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    for waiting in ended:
        waiting.cancel()
    if not welcomed.done():
        welcomed.cancel()
        pytest.fail(_said(folder))


def _said(folder: Path) -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted(folder.glob("*.err")))


async def test_they_start_one_after_the_other(towns: Towns) -> None:
    identified = towns.discord.heard.signals("identify")
    assert sorted(signal.shard for signal in identified) == [0, 1], "none had to try again"
    first, second = identified
    assert second.at - first.at >= APART


async def test_discord_is_told_of_the_commands_once(towns: Towns) -> None:
    assert len(towns.discord.heard.asked("PUT /applications/*/commands")) == 1


async def test_each_answers_its_own_server_and_once(towns: Towns) -> None:
    private = towns.discord.private(towns.alice)
    channels = [*(guild.channels[0] for guild in towns.guilds), private]
    before = [towns.said(channel) for channel in channels]
    # An answer to the second question shows that there is none to come to the first.
    for _ in range(2):
        asked = [towns.ask(channel) for channel in channels]
        for message in asked:
            assert "Mount Everest" in (await towns.discord.reply_to(message)).text
    after = [towns.said(channel) for channel in channels]
    assert [late - early for early, late in zip(before, after, strict=True)] == [2, 2, 2]


async def test_a_rule_that_another_process_changes_holds(towns: Towns) -> None:
    guild = towns.guilds[1]
    rules = RulesService(towns.database.rules, towns.database.sightings)
    await rules.change(guild.id, lambda now: replace(now, prefix="?"))

    answered: asyncio.Event = asyncio.Event()
    async with asyncio.timeout(PATIENCE):
        # What is asked before the process has heard of it stays without an answer.
        while not answered.is_set():
            asked = towns.ask(guild.channels[0], "?whereis")
            towns.discord.state.reply(asked.id).add_done_callback(lambda _: answered.set())
            with suppress(TimeoutError):
                await asyncio.wait_for(answered.wait(), 1.0)


async def test_an_opt_out_in_private_is_known_to_all_processes(towns: Towns) -> None:
    discord, bob = towns.discord, towns.discord.user("bob")
    privacy = Told(towns.database.members)
    rules = RulesService(towns.database.rules, towns.database.sightings)
    async with keeping_up(towns.database.changes, rules, privacy):
        await privacy.listening.wait()
        shown = await discord.answer_to(discord.slash(discord.private(bob), bob, "privacy"))
        assert not privacy.opted_out(bob.id)
        await discord.answered(discord.click(shown, bob, "Store nothing about me"))
        async with asyncio.timeout(PATIENCE):
            await privacy.told.wait()
        assert privacy.opted_out(bob.id)


async def test_a_button_in_private_works_whichever_process_has_sent_it(towns: Towns) -> None:
    discord, carol = towns.discord, towns.discord.user("carol")
    asked = discord.post(towns.guilds[1].channels[0], carol, f"<@{BOT.id}> privacy")
    assert "in a private message" in (await discord.reply_to(asked)).text
    (shown,) = discord.private(carol).messages.values()
    edits = "PATCH /webhooks/*/messages/@original"
    before = len(discord.heard.asked(edits))
    discord.click(shown, carol, "Store nothing about me")
    await discord.heard.until_asked(edits, before + 1)
    assert "You opted out" in shown.text


async def test_a_process_that_is_killed_takes_nothing_along(towns: Towns) -> None:
    discord, (first, second) = towns.discord, towns.guilds
    towns.processes[1].kill()
    await towns.processes[1].wait()
    assert "Mount Everest" in (await discord.reply_to(towns.ask(first.channels[0]))).text
    async with towns.begin(1) as again:
        towns.processes[1] = again
        async with asyncio.timeout(PATIENCE):
            await discord.gateway.welcomed(COUNT + 1)
        # Whichever prefix it has by now.
        asked = towns.ask(second.channels[0], f"<@{BOT.id}> whereis")
        assert "Mount Everest" in (await discord.reply_to(asked)).text
