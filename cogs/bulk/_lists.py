"""Lists of a server's own pictures: exported as a file, and imported from one."""

import asyncio
import gzip
from collections.abc import AsyncGenerator
from contextlib import aclosing
from io import BytesIO
from typing import NamedTuple

import discord

from bot.client import WhereisBot
from bot.errors import DownloadFailedError, RequestError
from bot.flow import Admission, Bounds
from bot.ingest import MOST_BYTES, ListFormat
from bot.net import NetworkError
from cogs.bulk import _embeds as embeds
from cogs.checks import RefusedError
from cogs.steps import Ctx, Place, Steps, actor_of, answer, asker_of, guild_id_of
from cogs.text import size
from cogs.wording import collection_label

AT_ONCE = 1

# Lists that wait: one of a moderator, and of their server.
WAITING = Bounds(user=1, server=1, all=20)

# Of servers that take larger files: what is sent is held in memory.
MOST_SENT = 25 * 1024 * 1024

ONE_FILE = (
    "Attach one file: a list as my export writes it, CSV or JSON lines, packed with gzip or not."
)
NO_FILES = (
    "I may not attach files here. Ask a moderator to give me the permission *Attach Files*, or use "
    "`/image export`."
)


class Packed(NamedTuple):
    """A list that fits into a message, as it is or packed with gzip."""

    data: bytes
    packed: bool


class Lists:
    """Writes and reads lists; so many at once, for they are held in memory."""

    def __init__(self, bot: WhereisBot, steps: Steps) -> None:
        self._bot = bot
        self._steps = steps
        self._curation = bot.services.curation
        self._turns = Admission(AT_ONCE, WAITING, noun="list")

    async def export(self, ctx: Ctx, form: ListFormat, place: Place) -> None:
        """Send the collection as a file, if it fits into a message."""
        if ctx.interaction is None and not ctx.bot_permissions.attach_files:
            raise RefusedError(NO_FILES)
        assert ctx.guild is not None
        limit = min(ctx.guild.filesize_limit, MOST_SENT)
        where = collection_label(place.collection, ctx.guild.id)
        async with ctx.typing(), self._turns.turn(asker_of(ctx)):
            pictures = await self._pictures(place)
            if not pictures:
                raise RequestError("There is no picture to export yet.")
            found = await fitting(self._curation.export(place.collection, form), limit)
            if found is None:
                raise RequestError(
                    f"That list is larger than {size(limit)} even when it is packed, which is as "
                    "much as I can send here. The one who runs me can write it to a file: "
                    f"`whereis-bot export {place.collection.name}`."
                )
            name = f"pictures-{discord.utils.utcnow():%Y-%m-%d}.{form}"
            file = discord.File(
                BytesIO(found.data), filename=f"{name}.gz" if found.packed else name
            )
            await answer(ctx, embeds.exported(pictures, found.packed, where), file=file)

    async def _pictures(self, place: Place) -> int:
        stats = await self._bot.services.ingest.stats(place.scope)
        return next((line.images for line in stats if line.collection.id == place.collection.id), 0)

    async def import_list(self, ctx: Ctx, file: discord.Attachment | None, place: Place) -> None:
        """Add what a file lists, and say what of it could not be used."""
        if file is None:
            raise RequestError(ONE_FILE)
        if file.size > MOST_BYTES:
            raise RequestError(
                f"That file is {size(file.size)}, and I read lists up to {size(MOST_BYTES)}. Cut "
                "it into several; nothing was added."
            )
        async with ctx.typing(), self._turns.turn(asker_of(ctx)):
            data = await self._read(file)
            actor = actor_of(ctx)
            report = await self._curation.import_list(data, place.collection, actor)
        embed = embeds.imported(
            report, place.collection, guild_id_of(ctx), self._bot.prefix_of(ctx.guild)
        )
        view = self._steps.undo_button(ctx, place, actor) if report.added else None
        await answer(ctx, embed, view)

    async def _read(self, file: discord.Attachment) -> bytes:
        try:
            async with asyncio.timeout(self._bot.options.fetch_timeout):
                return await file.read()
        except (discord.DiscordException, NetworkError, OSError, TimeoutError):
            raise DownloadFailedError(
                "Discord did not hand me that file. Try again in a moment."
            ) from None


async def fitting(pieces: AsyncGenerator[bytes, None], limit: int) -> Packed | None:
    """What the pieces are together, packed where that takes it; ``None`` where that is too much.

    No more of them is asked for than fits, nor held.
    """
    whole: BytesIO | None = BytesIO()
    packed = BytesIO()
    async with aclosing(pieces):
        # Without a time, so that the same list is the same file.
        with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as packing:
            async for piece in pieces:
                if whole is not None:
                    whole.write(piece)
                    if whole.tell() > limit:
                        whole = None
                packing.write(piece)
                if whole is None and packed.tell() > limit:
                    return None
    if whole is not None:
        return Packed(whole.getvalue(), packed=False)
    return Packed(packed.getvalue(), packed=True) if packed.tell() <= limit else None
