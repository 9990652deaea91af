"""The commands of the bot's owner: the search index.

What they change is no picture, so it is not in the audit: the log tells who did it, and where.
"""

import asyncio
import logging
import time
from contextlib import suppress
from functools import partial
from typing import get_args

import discord
from discord.ext import commands

from bot.client import WhereisBot
from bot.errors import RequestError, WhereisError
from bot.ingest import IndexKind
from cogs.admin import _embeds as embeds
from cogs.checks import owners_only, require_owner, require_voice
from cogs.delivery import UNSAID
from cogs.progress import EVERY, watched
from cogs.views import Click, OnceView

Ctx = commands.Context[WhereisBot]

GROUP = "The bot's owner"

KINDS = f"[{'|'.join(get_args(IndexKind))}]"
# Not by its annotation, with which a kind that there is not would count as none given.
KIND = commands.parameter(converter=IndexKind, default=None)

log = logging.getLogger(__name__)


class Index(commands.Cog):
    """Look at the search index, build it, drop it."""

    def __init__(self, bot: WhereisBot) -> None:
        self._bot = bot
        self._index = bot.services.index
        self._building = asyncio.Lock()

    async def cog_check(self, ctx: Ctx) -> bool:  # type: ignore[override]
        """Do nothing where the answer could not be read."""
        require_voice(ctx)
        return True

    @commands.group(
        invoke_without_command=True,
        brief="Show the state of the search index",
        extras={
            "group": GROUP,
            "example": "index",
            "examples": ("index", "index build", "index build hamming", "index drop"),
        },
    )
    @owners_only()
    async def index(self, ctx: Ctx) -> None:
        """Show the search index: its kind and size, what is in it, whether the server keeps it in
        memory, and where the search operators come from."""
        async with ctx.typing():
            status = await self._index.status()
            inside = await self._index.statistics()
        embed = embeds.index_status(status, self._bot.prefix_of(ctx.guild), inside)
        await ctx.reply(embed=embed, mention_author=False)

    @index.command(  # type: ignore[arg-type]
        aliases=["rebuild"],
        usage=KINDS,
        brief="Build the search index, or build it anew",
        extras={
            "group": GROUP,
            "example": "index build",
            "examples": ("index build", "index build hamming"),
        },
    )
    @owners_only()
    async def build(self, ctx: Ctx, kind: IndexKind | None = KIND) -> None:
        """Build the search index, or build it anew; searches go on meanwhile.

        With a kind behind it, an index of that kind takes the place of the one there is. Without,
        it stays what it is; where there is none, the best kind is taken.
        """
        building = (await self._index.status()).building
        if building is not None or self._building.locked():
            raise RequestError(
                f"The index is being built already ({building or 0:.0%}). "
                f"`{self._bot.prefix_of(ctx.guild)}index` shows how far it is."
            )
        async with self._building:
            _log_change("build", kind, ctx.author.id, _guild_id(ctx))
            started = time.monotonic()
            message = await ctx.reply(embed=embeds.index_building(0, 0), mention_author=False)

            async def show(fraction: float) -> None:
                seconds = time.monotonic() - started
                await _edit(message, embeds.index_building(fraction, seconds))

            try:
                build = partial(self._index.build, kind)
                status = await watched(build, show, every=EVERY)
            except WhereisError:
                with suppress(*UNSAID):
                    await message.delete()
                raise
        embed = embeds.index_status(status, self._bot.prefix_of(ctx.guild))
        embed.title = f"Search index built in {time.monotonic() - started:.1f} s"
        if not await _edit(message, embed):
            await ctx.send(embed=embed)

    @index.command(  # type: ignore[arg-type]
        usage=KINDS,
        brief="Drop the search index",
        extras={"group": GROUP, "example": "index drop"},
    )
    @owners_only()
    async def drop(self, ctx: Ctx, kind: IndexKind | None = KIND) -> None:
        """Drop the search index, after you have confirmed it; searches become slow. With a kind
        behind it, only an index of that kind goes."""
        if self._building.locked():
            raise RequestError("The index is being built. Drop it when that is done.")

        async def gate(click: Click) -> None:
            await require_owner(self._bot, click.user)

        async def act(click: Click) -> discord.Embed:
            _log_change("drop", kind, click.user.id, click.guild_id)
            await self._index.drop(kind)
            prefix = self._bot.prefix_of(ctx.guild)
            return embeds.index_status(await self._index.status(), prefix)

        view = OnceView(
            ctx.author.id,
            gate,
            "Drop the index",
            act,
            style=discord.ButtonStyle.danger,
            otherwise="Keep it",
        )
        embed = discord.Embed(
            title="Drop the search index?",
            description="Every search will then read every picture, until it is built again. "
            "No picture is lost.",
            colour=discord.Colour.gold(),
        )
        view.message = await ctx.reply(embed=embed, view=view, mention_author=False)


def _log_change(done: str, kind: IndexKind | None, user_id: int, guild_id: int | None) -> None:
    where = "private messages" if guild_id is None else f"server {guild_id}"
    log.info("index %s (%s) asked for by user %d in %s", done, kind or "any kind", user_id, where)


def _guild_id(ctx: Ctx) -> int | None:
    return None if ctx.guild is None else ctx.guild.id


async def _edit(message: discord.Message, embed: discord.Embed) -> bool:
    """Edit a message that may be gone by now; whether it could be done."""
    try:
        await message.edit(embed=embed)
    except UNSAID:
        return False
    return True
