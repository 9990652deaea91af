"""What the commands of moderators do, whether they were typed or chosen."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord.ext import commands

from bot.client import WhereisBot
from bot.errors import NotFoundError, PictureRefusedError, RequestError
from bot.ingest import Actor, Addition, Collection, ListedImage, NewPicture
from bot.search import Match, Scope
from bot.titles import parse_page
from cogs.admin import _embeds as embeds
from cogs.admin._views import PER_PAGE, ChoiceView, ListView, OnceView
from cogs.checks import Pace, require_moderator, require_owner, require_server
from cogs.personal import Click, Gate, PersonalView
from cogs.refreshing import refreshed
from cogs.targets import Target, read_target
from cogs.text import clip, escape, plain

Ctx = commands.Context[WhereisBot]

FILE_LIMIT = 200
SEARCH_LIMIT = 100
AT_ONCE = 2
NAMES_SHOWN = 20
# Who looks after pictures takes several steps in a row, and searches in between.
STEPS_PER_SEARCH = 4

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
    """Adds, removes, lists and takes back, and answers.

    So that nobody keeps the readers of pictures from everybody else, one person may take
    ``STEPS_PER_SEARCH`` steps in the time of one search.
    """

    def __init__(self, bot: WhereisBot) -> None:
        self._bot = bot
        self._ingest = bot.services.ingest
        options = bot.options
        self._pace = Pace(options.cooldown_uses * STEPS_PER_SEARCH, options.cooldown_seconds)
        # So many requests hold their pictures in memory at once.
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def begin(self, ctx: Ctx, name: str | None) -> Place:
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

    async def _named(self, name: str) -> Collection:
        # Of what is no text the database would only say that it can't be asked.
        found = await self._ingest.collection_named(name) if _is_text(name) else None
        if found is None:
            # The collections of servers are not named here: everybody around reads this.
            wikis = [c.name for c in await self._ingest.collections() if c.kind == "wiki"]
            known = ", ".join(escape(wiki, 60) for wiki in wikis[:NAMES_SHOWN]) or "none yet"
            raise NotFoundError(f"There is no collection “{escape(name, 60)}”. There are: {known}.")
        return found

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
            pictures = [await self._picture(target) for target in targets]
            actor = self._actor(ctx)
            outcomes = await self._ingest.add(pictures, title, url, collection, actor)
        prefix = self._bot.prefix_of(ctx.guild)
        embed = embeds.added(title, url, outcomes, collection, _guild_id(ctx), prefix)
        new = any(outcome.new for outcome in outcomes)
        await _answer(ctx, embed, self._undo_button(ctx, place, actor) if new else None)

    async def _picture(self, target: Target) -> NewPicture:
        name = file_name(target.name)
        return NewPicture(await self._read(target), name, shown=escape(name, 100) if name else None)

    async def remove(self, ctx: Ctx, image_id: int, place: Place) -> None:
        """Remove the picture of that number."""
        actor, prefix = self._actor(ctx), self._bot.prefix_of(ctx.guild)
        async with ctx.typing():
            embed = await self._removed(image_id, place, actor, prefix)
        await _answer(ctx, embed, self._undo_button(ctx, place, actor))

    async def _removed(
        self, image_id: int, place: Place, actor: Actor, prefix: str
    ) -> discord.Embed:
        try:
            lines = await self._ingest.remove(place.collection, image_id, actor)
        except NotFoundError:
            # The same words for a picture of another server and for one that never was.
            raise NotFoundError(
                f"There is no such picture: #{image_id} is not in "
                f"{embeds.collection_label(place.collection, actor.guild_id)}."
            ) from None
        return embeds.removed(lines, place.collection, actor.guild_id, prefix)

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
        async with ctx.typing(), self._slots:
            matches = await self._matches(targets[0], place)
        if len(matches) == 1 and matches[0].confidence != "possible":
            await self.remove(ctx, matches[0].image_id, place)
            return
        prefix = self._bot.prefix_of(ctx.guild)

        async def act(_click: Click, image_id: int) -> tuple[discord.Embed, discord.ui.View]:
            actor = self._actor(ctx)
            embed = await self._removed(image_id, place, actor, prefix)
            undo = self._undo_button(ctx, place, actor)
            undo.message = choice.message
            return embed, undo

        choice = ChoiceView(ctx.author.id, self._gate(place), matches, act)
        await _answer(ctx, embeds.several(matches), choice)

    async def _matches(self, target: Target, place: Place) -> tuple[Match, ...]:
        answer = await self._bot.services.search.search(
            await self._read(target), place.scope, files_apart=True
        )
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
        wanted = plain(search) or None

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
                prefix=self._bot.prefix_of(ctx.guild),
            )

        view = ListView(
            ctx.author.id, self._gate(place), fetch, show, key=lambda image: image.image_id
        )
        await _answer_list(ctx, view)

    async def history(self, ctx: Ctx, at_a_time: int, place: Place) -> None:
        """Show what was added and removed by hand, by whom and when, page by page.

        Raises :class:`RequestError` for more, or fewer, lines at a time than a message can have.
        """
        # Discord checks the number in a slash command, and is not asked to vouch for it.
        if not 1 <= at_a_time <= PER_PAGE:
            raise RequestError(f"I can show 1 to {PER_PAGE} lines at a time.")
        collection, guild_id = place.collection, _guild_id(ctx)

        async def fetch(after: int, limit: int) -> Sequence[Addition]:
            return await self._ingest.history(collection, before=after or None, limit=limit)

        async def show(lines: Sequence[Addition], page: int) -> discord.Embed:
            return embeds.history(lines, collection, guild_id, page=page)

        view = ListView(
            ctx.author.id,
            self._gate(place),
            fetch,
            show,
            key=lambda line: line.id,
            per_page=at_a_time,
        )
        await _answer_list(ctx, view)

    async def _total(self, place: Place) -> int:
        stats = await self._ingest.stats(place.scope)
        return next((line.images for line in stats if line.collection.id == place.collection.id), 0)

    async def undo(self, ctx: Ctx, place: Place) -> None:
        """Take back the last step."""
        async with ctx.typing():
            lines = await self._ingest.undo(place.collection, self._actor(ctx))
        await _answer(ctx, embeds.undone(lines, place.collection, _guild_id(ctx)))

    def _undo_button(self, ctx: Ctx, place: Place, step: Actor) -> OnceView:
        """Takes back the very step that was recorded so, whatever has happened since."""

        async def act(click: Click) -> discord.Embed:
            privacy = self._bot.services.privacy
            actor = privacy.actor(click.user.id, click.guild_id, click.channel_id, click.id)
            try:
                lines = await self._ingest.undo(place.collection, actor, message_id=step.message_id)
            except NotFoundError:
                raise NotFoundError("That step has been undone already.") from None
            return embeds.undone(lines, place.collection, click.guild_id)

        return OnceView(ctx.author.id, self._gate(place), "Undo", act)

    def _gate(self, place: Place) -> Gate:
        async def gate(click: Click) -> None:
            if place.named:
                await require_owner(self._bot, click.user)
            else:
                require_server(click, place.collection.guild_id)
                await require_moderator(self._bot, click.user, click.guild)

        return gate

    async def _read(self, target: Target) -> bytes:
        options = self._bot.options
        (target,) = await refreshed((target,), self._bot.http, timeout=options.fetch_timeout)
        return await read_target(
            target,
            self._bot.services.fetcher,
            max_bytes=options.max_bytes,
            timeout=options.fetch_timeout,
        )

    def _actor(self, ctx: Ctx) -> Actor:
        privacy = self._bot.services.privacy
        return privacy.actor(ctx.author.id, _guild_id(ctx), ctx.channel.id, ctx.message.id)


def file_name(name: str | None) -> str | None:
    """A name without folders, control characters or undue length, if anything is left of it."""
    if name is None:
        return None
    return clip(plain(name.replace("\\", "/").rsplit("/", 1)[-1]), FILE_LIMIT) or None


def _is_text(name: str) -> bool:
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in name)


def _guild_id(ctx: Ctx) -> int | None:
    return None if ctx.guild is None else ctx.guild.id


async def _answer_list(ctx: Ctx, view: ListView[Any]) -> None:
    embed = await view.render()
    await _answer(ctx, embed, view if view.needed else None)


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
