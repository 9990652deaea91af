"""Steps on a collection: where they are taken, who may, how they are answered and taken back."""

from dataclasses import dataclass
from typing import Any

import discord
from discord.ext import commands

from bot.client import WhereisBot
from bot.errors import NotFoundError, RequestError
from bot.flow import Asker
from bot.ingest import Actor, Collection
from bot.privacy import PrivacyService
from bot.search import Scope
from cogs import delivery
from cogs.checks import (
    ONLY_IN_SERVERS,
    Pace,
    RefusedError,
    clicks,
    require_moderator,
    require_owner,
    require_server,
)
from cogs.refreshing import refreshed
from cogs.targets import Target, read_target
from cogs.text import clip, escape, plain
from cogs.views import Click, Gate, OnceView, PersonalView
from cogs.wording import undone

Ctx = commands.Context[WhereisBot]

FILE_LIMIT = 200
NAMES_SHOWN = 20
# Who looks after pictures takes several steps in a row, and searches in between.
STEPS_PER_SEARCH = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where pictures go; ``named`` when it was asked for by name, as the bot's owner alone may."""

    collection: Collection
    named: bool

    @property
    def scope(self) -> Scope:
        """This collection and no other."""
        return Scope(guild_id=self.collection.guild_id, names=frozenset({self.collection.name}))


class Steps:
    """What all steps have in common.

    So that nobody keeps the readers of pictures from everybody else, one person may take
    ``STEPS_PER_SEARCH`` steps in the time of one search.
    """

    def __init__(self, bot: WhereisBot) -> None:
        self._bot = bot
        self._ingest = bot.services.ingest
        options = bot.options
        self._pace = Pace(options.cooldown_uses * STEPS_PER_SEARCH, options.cooldown_seconds)
        self._clicks = clicks(options)

    async def begin(self, ctx: Ctx, name: str | None = None) -> Place:
        """Count a step, and find where it is taken: in this server's own collection, or for the
        bot's owner in the one of that name.

        Raises :class:`cogs.checks.OnCooldownError`.
        """
        self._pace.count(ctx.author)
        if name is not None:
            await require_owner(self._bot, ctx.author)
            return Place(await self._named(name), named=True)
        if ctx.guild is None:
            raise RequestError(
                "There is no server here whose pictures are meant. Name a collection: "
                "`--collection NAME`."
            )
        return Place(await self._ingest.server_collection(ctx.guild.id), named=False)

    async def begin_here(self, ctx: Ctx) -> Place:
        """Count a step in this server's own collection, which is the only one that it works on.

        Raises as :meth:`begin`, and :class:`cogs.checks.RefusedError` outside of servers.
        """
        if ctx.guild is None:
            raise RefusedError(ONLY_IN_SERVERS)
        return await self.begin(ctx)

    async def _named(self, name: str) -> Collection:
        # Of what is no text the database would only say that it can't be asked.
        found = await self._ingest.collection_named(name) if _is_text(name) else None
        if found is None:
            # The collections of servers are not named here: everybody around reads this.
            wikis = [c.name for c in await self._ingest.collections() if c.kind == "wiki"]
            known = ", ".join(escape(wiki, 60) for wiki in wikis[:NAMES_SHOWN]) or "none yet"
            raise NotFoundError(f"There is no collection “{escape(name, 60)}”. There are: {known}.")
        return found

    def gate(self, place: Place) -> Gate:
        """Lets through who may change what is there, where it is."""

        async def gate(click: Click) -> None:
            self._clicks.count(click.user)
            if place.named:
                await require_owner(self._bot, click.user)
            else:
                require_server(click, place.collection.guild_id)
                await require_moderator(self._bot, click.user, click.guild)

        return gate

    def undo_button(self, ctx: Ctx, place: Place, step: Actor) -> OnceView:
        """Takes back the very step that was recorded so, whatever has happened since."""

        async def act(click: Click) -> discord.Embed:
            try:
                lines = await self._ingest.undo(
                    place.collection, actor_of_click(click), message_id=step.message_id
                )
            except NotFoundError:
                raise NotFoundError("That step has been undone already.") from None
            return undone(lines, place.collection, click.guild_id)

        return OnceView(ctx.author.id, self.gate(place), "Undo", act)

    async def read(self, target: Target) -> bytes:
        """The bytes of a picture. Raises :class:`bot.errors.FetchError`."""
        options = self._bot.options
        (target,) = await refreshed((target,), self._bot.http, timeout=options.fetch_timeout)
        return await read_target(
            target,
            self._bot.services.fetcher,
            max_bytes=options.max_bytes,
            timeout=options.fetch_timeout,
        )


def file_name(name: str | None) -> str | None:
    """A name without folders, control characters or undue length, if anything is left of it."""
    if name is None:
        return None
    return clip(plain(name.replace("\\", "/").rsplit("/", 1)[-1]), FILE_LIMIT) or None


def actor_of(ctx: Ctx) -> Actor:
    """Who takes a step, and where; ask once for a step, see :mod:`bot.privacy`."""
    privacy = ctx.bot.services.privacy
    return privacy.actor(ctx.author.id, guild_id_of(ctx), ctx.channel.id, ctx.message.id)


def actor_of_click(click: Click) -> Actor:
    """Who takes a step by a click, and where."""
    privacy: PrivacyService = click.client.services.privacy
    return privacy.actor(click.user.id, click.guild_id, click.channel_id, click.id)


def asker_of(ctx: Ctx) -> Asker:
    """For whom pictures are read."""
    return Asker.on_discord(guild_id_of(ctx), ctx.author.id)


def guild_id_of(ctx: Ctx) -> int | None:
    """The server that a command was used in."""
    return None if ctx.guild is None else ctx.guild.id


async def answer(
    ctx: Ctx, embed: discord.Embed, view: PersonalView | None = None, **extra: Any
) -> discord.Message:
    """Reply with an embed, and with what belongs under it."""
    if view is not None:
        extra["view"] = view
    if ctx.interaction is None:
        # The message may be gone by now; what was done must be told all the same.
        extra["reference"] = ctx.message.to_reference(fail_if_not_exists=False)
        extra["mention_author"] = False
        sent = await delivery.say(ctx, embed=embed, **extra)
    else:
        sent = await delivery.persistently(lambda: ctx.send(embed=embed, **extra))
    if view is not None:
        view.message = sent
    return sent


def _is_text(name: str) -> bool:
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in name)
