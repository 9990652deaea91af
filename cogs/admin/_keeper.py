"""What the commands of moderators do, whether they were typed or chosen."""

import asyncio
from collections.abc import Sequence
from typing import Any

import discord

from bot.errors import NotFoundError, PictureRefusedError, RequestError
from bot.flow import Turn
from bot.ingest import Actor, Addition, ListedImage, NewPicture, ReadPicture
from bot.search import Match
from bot.titles import parse_page
from cogs.admin import _embeds as embeds
from cogs.admin._views import PER_PAGE, ChoiceView, ListView
from cogs.steps import Ctx, Place, Steps, actor_of, answer, asker_of, file_name, guild_id_of
from cogs.targets import Target
from cogs.text import escape, plain
from cogs.views import Click
from cogs.wording import collection_label, undone

SEARCH_LIMIT = 100

NO_PICTURE = (
    "There is no picture. Attach one, put a link to one behind the page, or reply to a message "
    "that has one."
)


class Keeper(Steps):
    """Adds, removes, lists and takes back, and answers."""

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
        async with ctx.typing():
            pictures = await self._read_all(ctx, targets)
            actor = actor_of(ctx)
            outcomes = await self._ingest.add_read(pictures, title, url, collection, actor)
        prefix = self._bot.prefix_of(ctx.guild)
        embed = embeds.added(title, url, outcomes, collection, guild_id_of(ctx), prefix)
        new = any(outcome.new for outcome in outcomes)
        await answer(ctx, embed, self.undo_button(ctx, place, actor) if new else None)

    async def _read_all(self, ctx: Ctx, targets: Sequence[Target]) -> list[ReadPicture]:
        """Read the pictures, each when it is its turn; what is wrong with the first is raised."""
        turns = self._bot.services.turns
        with turns.entered(asker_of(ctx), len(targets)) as entered:
            pairs = zip(targets, entered, strict=True)
            read = await asyncio.gather(
                *(self._read(target, turn) for target, turn in pairs), return_exceptions=True
            )
        return [_or_raised(picture) for picture in read]

    async def _read(self, target: Target, turn: Turn) -> ReadPicture:
        name = file_name(target.name)
        async with turn:
            data = await self.read(target)
            return await self._ingest.read(
                NewPicture(data, name, shown=escape(name, 100) if name else None)
            )

    async def remove(self, ctx: Ctx, image_id: int, place: Place) -> None:
        """Remove the picture of that number."""
        actor, prefix = actor_of(ctx), self._bot.prefix_of(ctx.guild)
        async with ctx.typing():
            embed = await self._removed(image_id, place, actor, prefix)
        await answer(ctx, embed, self.undo_button(ctx, place, actor))

    async def _removed(
        self, image_id: int, place: Place, actor: Actor, prefix: str
    ) -> discord.Embed:
        try:
            lines = await self._ingest.remove(place.collection, image_id, actor)
        except NotFoundError:
            # The same words for a picture of another server and for one that never was.
            raise NotFoundError(
                f"There is no such picture: #{image_id} is not in "
                f"{collection_label(place.collection, actor.guild_id)}."
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
        async with ctx.typing(), self._bot.services.turns.turn(asker_of(ctx)):
            matches = await self._matches(targets[0], place)
        if len(matches) == 1 and matches[0].confidence != "possible":
            await self.remove(ctx, matches[0].image_id, place)
            return
        prefix = self._bot.prefix_of(ctx.guild)

        async def act(_click: Click, image_id: int) -> tuple[discord.Embed, discord.ui.View]:
            actor = actor_of(ctx)
            embed = await self._removed(image_id, place, actor, prefix)
            undo = self.undo_button(ctx, place, actor)
            undo.message = choice.message
            return embed, undo

        choice = ChoiceView(ctx.author.id, self.gate(place), matches, act)
        await answer(ctx, embeds.several(matches), choice)

    async def _matches(self, target: Target, place: Place) -> tuple[Match, ...]:
        found = await self._bot.services.search.search(
            await self.read(target), place.scope, files_apart=True
        )
        if found.status == "none":
            raise NotFoundError("No stored picture looks like that one. Nothing was removed.")
        if found.status != "found":
            raise PictureRefusedError(
                f"{found.reason} Nothing was removed; name the picture by its number."
            )
        return found.matches

    async def list(self, ctx: Ctx, search: str, place: Place) -> None:
        """Show the pictures that have these words, page by page."""
        if len(search) > SEARCH_LIMIT:
            raise RequestError(f"Look for at most {SEARCH_LIMIT} characters.")
        collection, guild_id = place.collection, guild_id_of(ctx)
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
            ctx.author.id, self.gate(place), fetch, show, key=lambda image: image.image_id
        )
        await _answer_list(ctx, view)

    async def history(self, ctx: Ctx, at_a_time: int, place: Place) -> None:
        """Show what was added and removed by hand, by whom and when, page by page.

        Raises :class:`RequestError` for more, or fewer, lines at a time than a message can have.
        """
        # Discord checks the number in a slash command, and is not asked to vouch for it.
        if not 1 <= at_a_time <= PER_PAGE:
            raise RequestError(f"I can show 1 to {PER_PAGE} lines at a time.")
        collection, guild_id = place.collection, guild_id_of(ctx)

        async def fetch(after: int, limit: int) -> Sequence[Addition]:
            return await self._ingest.history(collection, before=after or None, limit=limit)

        async def show(lines: Sequence[Addition], page: int) -> discord.Embed:
            return embeds.history(lines, collection, guild_id, page=page)

        view = ListView(
            ctx.author.id,
            self.gate(place),
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
            lines = await self._ingest.undo(place.collection, actor_of(ctx))
        await answer(ctx, undone(lines, place.collection, guild_id_of(ctx)))


def _or_raised(picture: ReadPicture | BaseException) -> ReadPicture:
    if isinstance(picture, BaseException):
        raise picture
    return picture


async def _answer_list(ctx: Ctx, view: ListView[Any]) -> None:
    embed = await view.render()
    await answer(ctx, embed, view if view.needed else None)
