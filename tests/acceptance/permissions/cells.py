"""Who asks, where, and what may change by it: one cell of the table of permissions."""

from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

import discord
from simcord import Env, InteractionResult
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle, UserHandle

from bot.errors import WhereisError
from bot.images import Fingerprint
from cogs.errors import root_of
from db.records import Actor, Collection, NewAppearance
from tests.acceptance.forging import COMPONENT, Message, button, command, forge, menu
from tests.acceptance.permissions.conftest import ROLE
from tests.acceptance.staff import bots_owner, moderator, told
from tests.acceptance.world import Library, Town, png

IN_TOWN = ("member", "Manage Server", "the role", "owner")
ELSEWHERE = "another server"
PRIVATE = "in private"

OURS = "Mascot"
"""The page of the picture that is the town's own."""

# Drawing and reading the same few pictures over and over would take most of the time.
drawn = cache(png)
_prints: dict[int, Fingerprint] = {}
_numbers = count(1)


@dataclass
class Cell:
    """A person, the server in question, and another server.

    ``channel`` is where the person acts.  The town has two pictures of its own, which ``ada``, a
    moderator, added; the other server has one.
    """

    library: Library
    town: Town
    elsewhere: Town
    ada: MemberActor
    who: str
    actor: MemberActor | UserHandle
    channel: ChannelHandle
    number: int

    @property
    def env(self) -> Env:
        """The simulated Discord."""
        return self.town.env

    @property
    def here(self) -> str:
        """What a thing is called that works: on the town's pictures, or apart from them."""
        return "yes" if self.channel.guild is self.town.guild else "apart"

    async def wiki(self) -> Collection:
        """The wiki's collection."""
        return await self.library.wiki()

    async def ours(self) -> Collection:
        """The town's own collection."""
        return await self.library.server(self.town.guild.id)

    async def theirs(self) -> Collection:
        """The other server's own collection."""
        return await self.library.server(self.elsewhere.guild.id)

    async def add(self, seed: int, page: str, to: Collection, file: str | None = None) -> int:
        """Add a drawn picture as the operator, and give its number."""
        if seed not in _prints:
            _prints[seed] = await self.library.fingerprint(drawn(seed))
        picture = _prints[seed]
        new = NewAppearance(picture.dhash, picture.phash, file, page)
        (added,) = await self.library.database.store.add(to.id, [new], Actor(None))
        assert added.new
        return added.image_id

    async def say(self, text: str, *pictures: bytes) -> list[discord.Message]:
        """Write a message, and give what the bot said to it."""
        before = {message.id for message in self.channel.history()}
        files = [(f"{place}.png", data) for place, data in enumerate(pictures)]
        if isinstance(self.actor, UserHandle):
            stored = self.env.backend.store_attachments(self.channel.id, files)
            await self.actor.send_dm(text, attachments=stored)
        else:
            await self.actor.send(self.channel, text, attachments=files)
        bot = self.env.bot.user
        return [m for m in self.channel.history() if m.id not in before and m.author == bot]

    def is_offered(self, name: str) -> bool:
        """Whether Discord offers a slash command to the person where they are."""
        if isinstance(self.actor, UserHandle):
            return name in self.actor.available_commands()
        return name in self.actor.available_commands(self.channel)

    async def slash(self, name: str, **options: Any) -> str:
        """Use a slash command, and give everything that was answered.

        In private nothing is said to what Discord does not offer there.  In a server anybody can be
        offered anything, so there the bot is asked whatever Discord would show.
        """
        if isinstance(self.actor, UserHandle):
            if not self.is_offered(name):
                return ""
            return told(await self.actor.slash(name, **options))
        root = self.env.backend.find_command(name.split(maxsplit=1)[0], None, type=1)
        assert root is not None
        guild = self.actor.guild
        guild.set_command_permissions(int(root["id"]), {self.actor: True})
        return told(await self.actor.slash(self.channel, name, **options))

    async def ask(self, name: str, **options: Any) -> InteractionResult:
        """Have a slash command delivered, whoever would be offered it."""
        return await forge(self.actor, self.channel, 2, command(self.actor, name, **options))

    async def press(self, message: Message, label: str, of: ChannelHandle) -> InteractionResult:
        """Click a button of a message in the channel ``of``, where the person is."""
        (wanted,) = [c for c in _parts(message) if getattr(c, "label", None) == label]
        return await self._click(button(str(wanted.custom_id)), message, of)

    async def choose(self, message: Message, value: str, of: ChannelHandle) -> InteractionResult:
        """Choose from the menu of a message in the channel ``of``, where the person is."""
        (wanted,) = [c for c in _parts(message) if isinstance(c, discord.SelectMenu)]
        return await self._click(menu(wanted.custom_id, value), message, of)

    async def _click(
        self, data: dict[str, Any], message: Message, of: ChannelHandle
    ) -> InteractionResult:
        return await forge(
            self.actor, self.channel, COMPONENT, data, message=message, message_channel=of
        )

    async def state(self) -> dict[str, object]:
        """All that can change, by where it is: pictures and the audit of each collection, rules."""
        store = self.library.database.store
        rules = await self.library.database.rules.all()
        servers = {"yes": self.town, "apart": self.elsewhere}
        places = {
            "yes": [await self.ours(), await self.wiki()],
            "apart": [await self.theirs()],
        }
        return {
            verdict: [
                rules.get(servers[verdict].guild.id),
                *[
                    (await store.listing(c.id, limit=100), await store.additions(c.id, limit=100))
                    for c in collections
                ],
            ]
            for verdict, collections in places.items()
        }

    async def changed(self, before: dict[str, object]) -> str:
        """What has changed since, as the word in the table."""
        after = await self.state()
        changed = [verdict for verdict in before if before[verdict] != after[verdict]]
        assert len(changed) <= 1, changed
        return changed[0] if changed else "no"


async def cell_of(library: Library, env: Env, who: str, *, owner: bool = False) -> Cell:
    """Found two servers, and put a person of that kind where they belong.

    In private that is a moderator of the town, or the bot's owner.
    """
    number = next(_numbers)
    town, elsewhere = _server(env, f"town{number}"), _server(env, f"elsewhere{number}")
    ada = moderator(town, f"ada{number}")
    # Whoever it was in the cell before is a stranger from now on.
    person = bots_owner(town, f"owner{number}")
    if who == "member":
        person = town.alice
    elif who == "Manage Server" or (who == PRIVATE and not owner):
        person = moderator(town, f"mod{number}")
    elif who == "the role":
        role = town.guild.create_role(ROLE)
        person = town.guild.add_member(env.create_user(f"curator{number}"), roles=[role])
    elif who == ELSEWHERE:
        person = moderator(elsewhere, f"stranger{number}")
    at = elsewhere if who == ELSEWHERE else town
    private = who == PRIVATE
    cell = Cell(
        library,
        town,
        elsewhere,
        ada,
        who,
        person.user if private else person,
        person.user.dm_channel if private else at.channel,
        number,
    )
    await cell.add(3, OURS, await cell.ours())
    await cell.add(5, "Flag", await cell.ours())
    await cell.add(4, "Theirs", await cell.theirs())
    for page in ("Fern", "Moss"):
        await cell.add(2, f"{page}_{number}", await cell.wiki())
    return cell


def went_well(env: Env, cursor: int) -> bool:
    """Whether nothing but refusals went wrong since; every error counts as looked at."""
    looked_at = env.errors[cursor:]
    return all(isinstance(root_of(error), WhereisError) for error in looked_at)


def _server(env: Env, name: str) -> Town:
    guild = env.create_guild(name)
    channel = guild.create_text_channel("general")
    return Town(env, guild, channel, guild.add_member(env.create_user(f"alice of {name}")))


def _parts(message: Message) -> list[Any]:
    shown = message if isinstance(message, discord.Message) else message.message
    rows = [row for row in shown.components if isinstance(row, discord.ActionRow)]
    return [part for row in rows for part in row.children]
