"""The command that shows and changes a server's rules."""

import logging
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import WhereisBot
from bot.errors import WhereisError
from bot.rules import own_collection
from bot.search import Scope
from cogs.checks import (
    ONLY_IN_SERVERS,
    RefusedError,
    as_often_as_searches,
    clicks,
    moderators_only,
    require_moderator,
    require_server,
    require_voice,
)
from cogs.settings._views import SettingsView
from cogs.views import Click

Ctx = commands.Context[WhereisBot]

GROUP = "This server's own rules"

log = logging.getLogger(__name__)


class Settings(commands.Cog):
    """Show and change a server's own rules."""

    def __init__(self, bot: WhereisBot) -> None:
        self._bot = bot
        self._clicks = clicks(bot.options)

    async def cog_check(self, ctx: Ctx) -> bool:  # type: ignore[override]
        """Do nothing where the answer could not be read."""
        require_voice(ctx)
        return True

    @commands.hybrid_command(  # type: ignore[arg-type]
        brief="Show this server's rules for me, and change them",
        extras={"group": GROUP, "example": "settings"},
    )
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.default_permissions(manage_guild=True)
    @moderators_only()
    @commands.dynamic_cooldown(as_often_as_searches, commands.BucketType.user)
    async def settings(self, ctx: Ctx) -> None:
        """Show this server's own rules, with menus and buttons that change them.

        They say where I answer and who sees it, how sure an answer must be, what is searched, who
        is a moderator, what commands begin with, and whether I watch for pictures posted again.
        """
        guild = ctx.guild
        if guild is None:
            raise RefusedError(ONLY_IN_SERVERS)
        await ctx.defer(ephemeral=True)
        stats = await self._bot.services.ingest.stats(Scope(guild_id=guild.id))
        wikis = [line.collection.name for line in stats if line.collection.kind == "wiki"]

        async def gate(click: Click) -> None:
            self._clicks.count(click.user)
            require_server(click, guild.id)
            await require_moderator(self._bot, click.user, click.guild)

        view = SettingsView(self._bot, ctx.author.id, gate, guild, own_collection(guild.id), wikis)
        extra: dict[str, Any] = {}
        if ctx.interaction is None:
            extra["reference"] = ctx.message.to_reference(fail_if_not_exists=False)
            extra["mention_author"] = False
        view.message = await ctx.send(embed=view.embed(), view=view, ephemeral=True, **extra)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Forget the rules of a server that the bot has left, and what was seen there."""
        try:
            await self._bot.services.rules.forget(guild.id)
        except WhereisError as error:
            log.warning("the rules of server %d could not be forgotten: %s", guild.id, error)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Take a channel that is gone out of the rules."""
        try:
            await self._bot.services.rules.channel_gone(channel.guild.id, channel.id)
        except WhereisError as error:
            log.warning("channel %d could not be forgotten: %s", channel.id, error)
