"""The world of acceptance tests: pictures that are drawn, and the library that knows them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import discord
from simcord import Env
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle, GuildHandle

from bot.client import Services
from bot.images import Fingerprint, Workers
from bot.ingest import Curation, IngestService
from bot.metrics import Metrics
from bot.net import Fetcher
from bot.privacy import PrivacyService
from bot.rules import RulesService
from bot.search import Radii, SearchService
from bot.watch import WatchService
from db import Database
from db.records import Actor, Collection, NewAppearance
from tests.drawing import draw, encode, halved_jpeg, png

# Other tests of this folder take the drawn pictures from here.
__all__ = ["Library", "Town", "Website", "changed_copy", "draw", "encode", "png", "services_on"]

PAGE_URL = "https://en.wikipedia.org/wiki/{title}"


def services_on(
    database: Database, workers: Workers, fetcher: Fetcher, metrics: Metrics | None = None
) -> Services:
    """What the cogs call, over a database."""
    metrics = metrics or Metrics()
    search = SearchService(database.store, workers, Radii(), metrics=metrics)
    return Services(
        search,
        IngestService(database.store, database.imports, workers, search, PAGE_URL, metrics=metrics),
        database.index,
        fetcher,
        Curation(database.store, database.curation, workers, search, metrics=metrics),
        rules=RulesService(database.rules, database.sightings),
        watch=WatchService(database.sightings, workers, search, Radii(), metrics=metrics),
        privacy=PrivacyService(database.members),
    )


def changed_copy(seed: int) -> bytes:
    """The same picture as :func:`png`, halved and as a JPEG file of middling quality."""
    return halved_jpeg(draw(seed), quality=60)


@dataclass(frozen=True, slots=True)
class Library:
    """Puts pictures into the database."""

    database: Database
    workers: Workers

    async def wiki(self, name: str = "enwiki", as_of: date | None = None) -> Collection:
        """A wiki's collection."""
        return await self.database.store.ensure_wiki(name, PAGE_URL, as_of)

    async def server(self, guild_id: int) -> Collection:
        """The collection of a server's own pictures."""
        return await self.database.store.ensure_server(guild_id, PAGE_URL)

    async def fingerprint(self, picture: bytes) -> Fingerprint:
        """The fingerprint of a picture that can be read."""
        found = await self.workers.fingerprint(picture)
        assert isinstance(found, Fingerprint), found
        return found

    async def add(
        self,
        picture: bytes,
        *titles: str,
        to: Collection | None = None,
        file: str | None = None,
        bits_off: int = 0,
        phash: bool = True,
        look: bool = False,
        url: str | None = None,
    ) -> int:
        """Add a picture that is shown on some pages, and give its id.

        ``bits_off`` bits of its dHash are turned over; without ``phash`` it is stored as a dump
        has it, and with ``look`` as the program itself stores it.
        """
        fingerprint = await self.fingerprint(picture)
        # The highest bits stay, because the highest of all is the sign.
        appearance = NewAppearance(
            fingerprint.dhash ^ ((1 << bits_off) - 1),
            fingerprint.phash if phash else None,
            file,
            titles[0],
            url,
            look=fingerprint.look if look else None,
        )
        added = await self.database.store.add(
            (to or await self.wiki()).id,
            [replace(appearance, title=title) for title in titles],
            Actor(None),
        )
        return added[0].image_id


@dataclass(frozen=True, slots=True)
class Town:
    """A server with one channel, and somebody in it."""

    env: Env
    guild: GuildHandle
    channel: ChannelHandle
    alice: MemberActor

    def join(self, name: str, **permissions: bool) -> MemberActor:
        """Somebody else, with a role of those permissions."""
        roles = []
        if permissions:
            granted = discord.Permissions(**permissions)
            roles.append(self.guild.create_role(f"role of {name}", permissions=granted))
        return self.guild.add_member(self.env.create_user(name), roles=roles)

    def answers(self, channel: ChannelHandle | None = None) -> Sequence[discord.Message]:
        """What the bot said in the channel, oldest first."""
        return [m for m in (channel or self.channel).history() if m.author == self.env.bot.user]

    def answer(self, channel: ChannelHandle | None = None) -> discord.Message:
        """The one thing that the bot said in the channel."""
        (message,) = self.answers(channel)
        return message


def embed_of(message: discord.Message) -> discord.Embed:
    """The one embed of a message."""
    (embed,) = message.embeds
    return embed


def buttons_of(message: discord.Message) -> dict[str, discord.Button]:
    """The buttons of a message by their labels."""
    return {
        component.label or "": component
        for component in _components(message)
        if isinstance(component, discord.Button)
    }


def menus_of(message: discord.Message) -> list[discord.SelectMenu]:
    """The select menus of a message, from above."""
    return [c for c in _components(message) if isinstance(c, discord.SelectMenu)]


def _components(message: discord.Message) -> Iterator[object]:
    for row in message.components:
        if isinstance(row, discord.ActionRow):
            yield from row.children


def put_on_discord(env: Env, url: str, data: bytes) -> None:
    """Have a file on Discord's own servers, which the simulated bot reads without a network."""
    env.backend.cdn._blobs[url] = data


class Website:
    """A web server on this machine."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.files: dict[str, tuple[str, bytes]] = {}
        self.asked_for: list[str] = []

    def put(self, name: str, data: bytes, kind: str = "image/png") -> str:
        """Publish a file, and give the link to it."""
        self.files[f"/{name}"] = (kind, data)
        return f"{self.address}/{name}"
