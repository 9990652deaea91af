"""Merging pictures, and giving pages other names."""

from bot.client import WhereisBot
from bot.errors import NotFoundError, RequestError
from cogs.bulk import _embeds as embeds
from cogs.bulk._requests import NewName
from cogs.steps import Ctx, Place, Steps, actor_of, answer, guild_id_of
from cogs.text import escape
from cogs.wording import collection_label


class Mending:
    """Merges and renames, and answers."""

    def __init__(self, bot: WhereisBot, steps: Steps) -> None:
        self._bot = bot
        self._steps = steps
        self._curation = bot.services.curation

    async def merge(self, ctx: Ctx, image_id: int, into: int, place: Place) -> None:
        """Give the pages of a picture to another one, and take the picture out."""
        collection, actor = place.collection, actor_of(ctx)
        async with ctx.typing():
            try:
                lines = await self._curation.merge(collection, image_id, into, actor)
            except NotFoundError:
                # The same words for a picture of another server and for one that never was.
                where = collection_label(collection, guild_id_of(ctx))
                raise NotFoundError(
                    f"There are no such two pictures: #{image_id} and #{into} are not both in "
                    f"{where}. Nothing was merged."
                ) from None
        embed = embeds.merged(lines, image_id, into, collection, self._bot.prefix_of(ctx.guild))
        await answer(ctx, embed, self._steps.undo_button(ctx, place, actor))

    async def rename(self, ctx: Ctx, asked: NewName, place: Place) -> None:
        """Give a page another name, on all pictures that show it or on one."""
        if asked.page is None and asked.image_id is None:
            raise RequestError("Say which page gets another name: its title, or a picture.")
        collection, actor = place.collection, actor_of(ctx)
        async with ctx.typing():
            try:
                lines = await self._curation.rename(
                    collection, asked.page, asked.new, actor, image_id=asked.image_id
                )
            except NotFoundError:
                where = collection_label(collection, guild_id_of(ctx))
                raise NotFoundError(
                    f"There is no {_what(asked)} in {where}, or the page is called that already. "
                    "Nothing was renamed."
                ) from None
        embed = embeds.renamed(lines, collection, self._bot.prefix_of(ctx.guild))
        await answer(ctx, embed, self._steps.undo_button(ctx, place, actor))


def _what(asked: NewName) -> str:
    page = "" if asked.page is None else f"page “{escape(asked.page, 60)}”"
    picture = "" if asked.image_id is None else f"picture #{asked.image_id}"
    return f"{picture} on a {page}" if page and picture else page or picture
