"""The servers and members of a Discord on this machine, and what they do all day."""

import asyncio
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.load.fates import Told, told
from bench.load.pictures import Sent
from tests.fake_discord import Channel, FakeDiscord, File, Message, User

COMMAND = "!whereis"

READING = 1.0
"""Seconds that people take to read why there is no answer, before they ask again."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who asks in a channel of one server; ``dice`` choose what."""

    user: User
    channel: Channel
    dice: random.Random


class Town:
    """Servers before a bot; a message that has no reply after ``patience`` seconds is lost."""

    def __init__(
        self, discord: FakeDiscord, pictures: Sequence[Sent], *, servers: int, patience: float
    ) -> None:
        self.discord = discord
        self.pictures = pictures
        self.servers = [discord.guild(f"Town {number}") for number in range(servers)]
        # A room where nothing was ever posted: who asks there about no picture has none found.
        self.quiet = discord.guild("Quiet").channels[0]
        self._patience = patience

    def members(self, count: int, seed: object, *, server: int | None = None) -> list[Member]:
        """So many members, of all servers in turn or of one."""
        found = []
        for number in range(count):
            place = self.servers[(number if server is None else server) % len(self.servers)]
            user = self.discord.user(f"member-{number}")
            dice = random.Random(f"{seed} {number}")
            found.append(Member(user, place.channels[0], dice))
        return found

    async def ask(self, member: Member, sent: Sent) -> Told:
        """Post a picture, and wait for the reply."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        reply = await self._reply(member.channel, member.user, [sent.file])
        ended = loop.time()
        return told(sent, reply, ended - began, ended)

    async def ask_nothing(self, member: Member) -> float:
        """Seconds until the reply to a message without a picture, in the quiet room."""
        loop = asyncio.get_running_loop()
        self.quiet.messages.clear()
        began = loop.time()
        reply = await self._reply(self.quiet, member.user, [])
        if reply is None:
            raise SystemExit("The bot does not reply.")
        return loop.time() - began

    async def ask_until(self, member: Member, end: float, heard: list[Told]) -> None:
        """Have a member ask, wait for the reply, and ask again until a time of the event loop."""
        while asyncio.get_running_loop().time() < end:
            heard.append(await self.ask(member, member.dice.choice(self.pictures)))
            if heard[-1].fate == "explained":
                await asyncio.sleep(READING)

    async def all_ask(self, members: Iterable[Member], seconds: float) -> list[Told]:
        """Have members ask at once for so long; the last replies are waited for."""
        heard: list[Told] = []
        end = asyncio.get_running_loop().time() + seconds
        await asyncio.gather(*(self.ask_until(member, end, heard) for member in members))
        return heard

    def answered_twice(self) -> int:
        """How many messages, of those that are remembered, have more than one reply."""
        twice = 0
        for channel in self.discord.state.channels.values():
            bot = [each for each in channel.messages.values() if each.author.bot]
            replied = [each.refers_to for each in bot if each.refers_to is not None]
            twice += len(replied) - len(set(replied))
        return twice

    async def _reply(self, place: Channel, user: User, files: Sequence[File]) -> Message | None:
        asked = self.discord.post(place, user, COMMAND, attachments=files)
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.shield(self.discord.state.reply(asked.id))
        except TimeoutError:
            return None
