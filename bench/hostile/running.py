"""A running bot in a simulated Discord that is sent one hostile thing after the other."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import discord
import simcord
from discord.http import Route

from bench.hostile.files import HostileFile
from bench.hostile.website import Trick, Website
from bot.app import open_app
from bot.client import WhereisBot
from bot.config import Settings
from bot.images.reasons import CRASHED
from bot.net import Fetcher

MAX_WAIT = 60.0
"""Seconds after which an answer that has not come counts as none."""

TITLES = {
    "I don't know this picture": "read",
    "Too plain to search for": "read",
    "I could not read this picture": "unreadable",
    "This picture is too large": "too large",
    "I could not get this picture": "failed",
    "I don't open this link": "refused",
    "Which picture?": "no link",
}
"""What the titles of answers mean; a match has the title of its page."""


@dataclass(slots=True)
class Sent:
    """What became of things that were sent.

    ``outcomes`` are counted; ``silent`` and ``crashed`` name what got no answer, and what ended the
    process that read it; ``wrong`` says what was expected of a thing and what came; ``slowest`` is
    in seconds.
    """

    name: str
    outcomes: Counter[str] = field(default_factory=Counter)
    silent: list[str] = field(default_factory=list)
    crashed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    slowest_name: str = ""

    @property
    def tried(self) -> int:
        """How many things were sent."""
        return sum(self.outcomes.values()) + len(self.silent)


class Room:
    """A channel with one member who sends what does harm."""

    def __init__(self, env: simcord.Env) -> None:
        self._env = env
        self._guild = env.create_guild("Strangers")
        self._channel = self._guild.create_text_channel("general")
        self._messages = 0
        self._mallory = self._guild.add_member(env.create_user("mallory"))

    async def send_files(self, name: str, files: Iterable[HostileFile | Path]) -> Sent:
        """Attach each file to a question."""
        sent = Sent(name)
        for file in files:
            data = file.read_bytes() if isinstance(file, Path) else file.data
            await self._send(sent, file.name, "!whereis", [(file.name, data)])
        return sent

    async def send_link(self, sent: Sent, link: str) -> None:
        """Write a link behind a question."""
        # As long as a message may be, and of what one can hold.
        text = f"!whereis {link}"[:2000].encode("utf-8", "replace").decode()
        await self._send(sent, link, text, [])

    async def send_tricks(self, name: str, site: Website) -> Sent:
        """Link to each of a website's tricks, and compare what comes with what should."""
        sent = Sent(name)
        for trick in site.tricks.values():
            await self._send(
                sent, _named(trick), f"!whereis {site.link(trick)}", [], trick.expected
            )
        return sent

    def _turn_to_another_channel(self) -> None:
        # The simulated Discord copies all that a channel holds whenever it is asked for the last.
        self._messages += 1
        if self._messages % 20 == 0:
            self._channel = self._guild.create_text_channel(f"room-{self._messages}")

    async def _send(
        self,
        sent: Sent,
        name: str,
        text: str,
        attachments: Sequence[tuple[str, bytes]],
        expected: str | None = None,
    ) -> None:
        self._turn_to_another_channel()
        before = self._channel.last_message
        started = time.perf_counter()
        try:
            async with asyncio.timeout(MAX_WAIT):
                await self._mallory.send(self._channel, text, attachments=attachments)
        except TimeoutError:
            sent.silent.append(name)
            return
        seconds = time.perf_counter() - started
        answer = self._channel.last_message
        bot: Any = self._env.bot
        if answer is None or answer is before or answer.author != bot.user or not answer.embeds:
            sent.silent.append(name)
            return
        # The simulated Discord looks at every button that still waits, again and again, and keeps
        # every file in memory that is not the bot's.
        for view in list(bot.get_cog("Search")._live.values()):
            view.stop()
        self._env.backend.cdn._blobs.clear()
        outcome = _outcome(answer.embeds[0])
        sent.outcomes[outcome] += 1
        if seconds > sent.slowest:
            sent.slowest, sent.slowest_name = seconds, name
        if CRASHED.reason in (answer.embeds[0].description or ""):
            sent.crashed.append(name)
        if expected is not None and outcome != expected:
            sent.wrong.append(f"{name}: {outcome} and not {expected}")


@asynccontextmanager
async def room(folder: Path, fetcher: Fetcher) -> AsyncIterator[Room]:
    """A bot as it runs, but for its ``fetcher`` and for how often one person may ask."""
    settings = Settings.load(
        data_dir=folder, database_url=None, cooldown_uses=1_000_000, log_level="ERROR"
    )
    async with open_app(settings, say=lambda _: None) as app:
        services = replace(app.services, fetcher=fetcher)
        bot = WhereisBot(services, app.options)
        async with simcord.run(bot, settle_timeout=MAX_WAIT) as env:
            _sign_nothing(bot)
            yield Room(env)


def _sign_nothing(bot: WhereisBot) -> None:
    """Answer the question for fresh links to Discord's files, which the simulation can't."""
    http: Any = bot.http
    request = http.request

    async def answer(route: Route, **parameters: Any) -> Any:
        if route.path == "/attachments/refresh-urls":
            return {"refreshed_urls": []}
        return await request(route, **parameters)

    http.request = answer


def _outcome(embed: discord.Embed) -> str:
    return TITLES.get(embed.title or "", "found")


def _named(trick: Trick) -> str:
    return f"{trick.path} ({trick.trick})"
