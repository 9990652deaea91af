"""What the commands of moderators do, whether they were typed or chosen."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord.ext import commands

from bot.client import WhereisBot
from bot.errors import NotFoundError, PictureRefusedError, RequestError
from bot.ingest import Actor, Collection, ListedImage, NewPicture
from bot.search import Match, Scope
from bot.titles import parse_page
from cogs.admin import _embeds as embeds
from cogs.admin._views import ChoiceView, Click, Gate, ListView, OnceView, PersonalView
from cogs.checks import require_moderator, require_owner
from cogs.targets import Target, read_target
from cogs.text import clip, plain

Ctx = commands.Context[WhereisBot]

FILE_LIMIT = 200
SEARCH_LIMIT = 100
AT_ONCE = 2

NO_PICTURE = (
    "There is no picture. Attach one, put a link to one behind the page, or reply to a message "
    "that has one."
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where pictures go; ``named`` when it was asked for by name, as the bot's owner alone may."""

    collection: Collection
    named: bool

    @property
    def scope(self) -> Scope:
        """This collection and no other."""
        return Scope(guild_id=self.collection.guild_id, names=frozenset({self.collection.name}))


class Keeper:
    """Adds, removes, lists and takes back, and answers."""

    def __init__(self, bot: WhereisBot) -> None:
        self._bot = bot
        self._ingest = bot.services.ingest
        # So many additions hold their pictures in memory at once.
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def place(self, ctx: Ctx, name: str | None) -> Place:
        """This server's own collection, or for the bot's owner the one of that name."""
        if name is not None:
            await require_owner(self._bot, ctx.author)
            return Place(await self._ingest.collection_named(name), named=True)
        if ctx.guild is None:
            raise RequestError(
                "There is no server here whose pictures are meant. Name a collection: "
                "`--collection NAME`."
            )
        return Place(await self._ingest.server_collection(ctx.guild.id), named=False)

    async def add(self, ctx: Ctx, page: str, targets: Sequence[Target], place: Place) -> None:
        """Add pictures of one page, and say what was added and what looks like it."""
        collection = place.collection
        title, url = parse_page(page, collection.page_url_template)
        if not targets:
            raise RequestError(NO_PICTURE)
        if len(targets) > self._bot.options.max_pictures:
            raise RequestError(
                f"These are {len(targets)} pictures, and I take {self._bot.options.max_pictures} "
                "at a time. Nothing was added."
            )
        async with ctx.typing(), self._slots:
            pictures = [
                NewPicture(await self._read(target), file_name(target.name)) for target in targets
            ]
            outcomes = await self._ingest.add(pictures, title, url, collection, _actor(ctx))
        embed = embeds.added(title, url, outcomes, collection, _guild_id(ctx), self._prefix)
        new = any(outcome.new for outcome in outcomes)
        await _answer(ctx, embed, self._undo_button(ctx, place) if new else None)

    async def remove(self, ctx: Ctx, image_id: int, place: Place) -> None:
        """Remove the picture of that number."""
        async with ctx.typing():
            embed = await self._removed(image_id, place, _actor(ctx))
        await _answer(ctx, embed, self._undo_button(ctx, place))

    async def _removed(self, image_id: int, place: Place, actor: Actor) -> discord.Embed:
        try:
            lines = await self._ingest.remove(place.collection, image_id, actor)
        except NotFoundError:
            # The same words for a picture of another server and for one that never was.
            raise NotFoundError(
                f"There is no such picture: #{image_id} is not in "
                f"{embeds.collection_label(place.collection, actor.guild_id)}."
            ) from None
        return embeds.removed(lines, place.collection, actor.guild_id, self._prefix)

    async def remove_like(self, ctx: Ctx, targets: Sequence[Target], place: Place) -> None:
        """Remove the stored picture that looks like this one, or ask which."""
        if not targets:
            raise RequestError(
                "Say which picture: its number, as the list shows it, or the picture itself: "
                "attached, linked, or replied to."
            )
        if len(targets) > 1:
            raise RequestError(
                "These are several pictures. Remove one at a time; nothing was removed."
            )
        async with ctx.typing():
            matches = await self._matches(targets[0], place)
        if len(matches) == 1 and matches[0].confidence != "possible":
            await self.remove(ctx, matches[0].image_id, place)
            return
        actor = _actor(ctx)

        async def act(_click: Click, image_id: int) -> tuple[discord.Embed, discord.ui.View]:
            embed = await self._removed(image_id, place, actor)
            undo = self._undo_button(ctx, place)
            undo.message = choice.message
            return embed, undo

        choice = ChoiceView(ctx.author.id, self._gate(place), matches, act)
        await _answer(ctx, embeds.several(matches), choice)

    async def _matches(self, target: Target, place: Place) -> tuple[Match, ...]:
        answer = await self._bot.services.search.search(await self._read(target), place.scope)
        if answer.status == "none":
            raise NotFoundError("No stored picture looks like that one. Nothing was removed.")
        if answer.status != "found":
            raise PictureRefusedError(
                f"{answer.reason} Nothing was removed; name the picture by its number."
            )
        return answer.matches

    async def list(self, ctx: Ctx, search: str, place: Place) -> None:
        """Show the pictures that have these words, page by page."""
        if len(search) > SEARCH_LIMIT:
            raise RequestError(f"Look for at most {SEARCH_LIMIT} characters.")
        collection, guild_id = place.collection, _guild_id(ctx)
        wanted = search or None

        async def fetch(after: int, limit: int) -> Sequence[ListedImage]:
            return await self._ingest.listing(collection, search=wanted, after=after, limit=limit)

        async def show(images: Sequence[ListedImage], page: int) -> discord.Embed:
            return embeds.listing(
                images,
                collection,
                guild_id,
                search=wanted,
                page=page,
                total=await self._total(place),
                prefix=self._prefix,
            )

        view = ListView(ctx.author.id, self._gate(place), fetch, show)
        embed = await view.render()
        await _answer(ctx, embed, view if view.needed else None)

    async def _total(self, place: Place) -> int:
        stats = await self._ingest.stats(place.scope)
        return next((line.images for line in stats if line.collection.id == place.collection.id), 0)

    async def undo(self, ctx: Ctx, place: Place) -> None:
        """Take back the last step."""
        async with ctx.typing():
            lines = await self._ingest.undo(place.collection, _actor(ctx))
        await _answer(ctx, embeds.undone(lines, place.collection, _guild_id(ctx)))

    def _undo_button(self, ctx: Ctx, place: Place) -> OnceView:
        """Takes back the very step that ``ctx`` took, whatever has happened since."""
        actor = _actor(ctx)

        async def act(click: Click) -> discord.Embed:
            try:
                lines = await self._ingest.undo(
                    place.collection, actor, message_id=actor.message_id
                )
            except NotFoundError:
                raise NotFoundError("That step has been undone already.") from None
            return embeds.undone(lines, place.collection, click.guild_id)

        return OnceView(ctx.author.id, self._gate(place), "Undo", act)

    def _gate(self, place: Place) -> Gate:
        async def gate(click: Click) -> None:
            if place.named:
                await require_owner(self._bot, click.user)
            else:
                await require_moderator(self._bot, click.user, click.guild)

        return gate

    async def _read(self, target: Target) -> bytes:
        options = self._bot.options
        return await read_target(
            target,
            self._bot.services.fetcher,
            max_bytes=options.max_bytes,
            timeout=options.fetch_timeout,
        )

    @property
    def _prefix(self) -> str:
        return self._bot.options.prefix


def file_name(name: str | None) -> str | None:
    """A name without folders, control characters or undue length, if anything is left of it."""
    if name is None:
        return None
    return clip(plain(name.replace("\\", "/").rsplit("/", 1)[-1]), FILE_LIMIT) or None


def _actor(ctx: Ctx) -> Actor:
    return Actor(ctx.author.id, _guild_id(ctx), ctx.channel.id, ctx.message.id)


def _guild_id(ctx: Ctx) -> int | None:
    return None if ctx.guild is None else ctx.guild.id


async def _answer(ctx: Ctx, embed: discord.Embed, view: PersonalView | None = None) -> None:
    """Reply with an embed, and with what belongs under it."""
    extra: dict[str, Any] = {} if view is None else {"view": view}
    if ctx.interaction is None:
        # The message may be gone by now; what was done must be told all the same.
        extra["reference"] = ctx.message.to_reference(fail_if_not_exists=False)
        extra["mention_author"] = False
    sent = await ctx.send(embed=embed, **extra)
    if view is not None:
        view.message = sent
