"""The commands that ask where a picture is from."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import WhereisBot
from bot.requests import begin, count_search, timed
from cogs.checks import (
    OnCooldownError,
    Pace,
    RefusedError,
    clicks,
    require_unrestricted,
    require_welcome,
)
from cogs.delivery import acknowledge
from cogs.errors import outcome_of
from cogs.places import is_welcome, rules_of
from cogs.search import _embeds
from cogs.search._by_rules import LEFT_OUT, goes_after, goes_soon, scope_of, strict
from cogs.search._curtain import CurtainView
from cogs.search._orphans import answer_orphan
from cogs.search._outcome import Searcher
from cogs.search._reply import Voice, answer, deliver, explain_silence, typing
from cogs.search._reply_view import Fields, Live, ReplyView
from cogs.search._views import AnswerView
from cogs.targets import Target, find_links, find_recent, find_targets, from_attachment

EDIT_WINDOW = timedelta(minutes=5)
REMEMBERED = 500
LIVE = 1000


@dataclass(slots=True, eq=False)
class Reply:
    """The reply to one message, so that it can be edited when that message is."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    message: discord.Message | None = None
    view: ReplyView | None = None


class Search(commands.Cog):
    """Where is this picture from?"""

    def __init__(self, bot: WhereisBot) -> None:
        self._bot = bot
        self._searcher = Searcher(bot)
        self._replies: OrderedDict[int, Reply] = OrderedDict()
        self._live: Live = Live()
        self._pace = Pace(bot.options.cooldown_uses, bot.options.cooldown_seconds)
        self._clicks = clicks(bot.options)
        self._menu = app_commands.ContextMenu(
            name="Search image",
            callback=self.search_image,
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=False
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        )

    async def cog_load(self) -> None:
        """Add *Search image* to the menu of messages."""
        self._bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take it away again."""
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @commands.command(
        name="whereis",
        aliases=["source", "ri"],
        help="Find out where a picture is from: attach it, link to it, or reply to it.",
        usage="[link]",
        extras={"example": "whereis https://upload.wikimedia.org/picture.jpg"},
    )
    async def whereis(self, ctx: commands.Context[WhereisBot], *, text: str = "") -> None:
        """Search for the pictures that a message points at."""
        with self._refusals_counted():
            self._pace.count(ctx.author)
            require_welcome(ctx)
            require_unrestricted(self._bot, ctx.guild, ctx.channel)
        permissions = ctx.bot_permissions
        known = not isinstance(ctx.channel, discord.PartialMessageable)
        if known and not _may_write(permissions, ctx.channel):
            count_search(self._bot.metrics, "refused")
            await explain_silence(ctx)
            return
        reply = self._reply_to(ctx.message)
        async with reply.lock, typing(ctx.channel):
            targets = await find_targets(ctx.message, text)
            # Nobody is shown through the bot what they may not scroll back to themselves.
            if not targets and ctx.permissions.read_message_history:
                targets = await find_recent(ctx.channel, ctx.message)
            rules = rules_of(self._bot, ctx.guild)
            fields, view = await self._answer(
                targets,
                ctx.guild,
                ctx.author.id,
                as_text=known and not permissions.embed_links,
                language=rules.language or _language(ctx.guild),
            )
            if reply.view is not None:
                reply.view.stop()
            reply.view = view
            if rules.style == "private":
                reply.view = CurtainView(ctx.author.id, ctx.guild, fields, view)
                self._keep(reply.view)
                fields = reply.view.fields()
            earlier = reply.message
            with timed(self._bot.metrics, "send"):
                reply.message = await deliver(ctx, fields, earlier)
            if reply.view is not None:
                reply.view.belongs_to(reply.message.edit)
            if rules.style == "fleeting" and reply.message != earlier:
                await goes_after(rules.minutes, ctx.channel, reply.message)

    @app_commands.command(name="whereis", description="Find out where a picture is from")
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.describe(
        picture="the picture",
        url="a link to the picture, or to a page that shows it",
        private="show the answer to you alone",
    )
    async def slash_whereis(
        self,
        interaction: discord.Interaction[WhereisBot],
        picture: discord.Attachment | None = None,
        url: str | None = None,
        private: bool = False,
    ) -> None:
        """Search for an uploaded or linked picture."""
        voice = await self._begin(interaction, private=private)
        targets: tuple[Target, ...] = ()
        if picture is not None:
            targets += (from_attachment(picture),)
        if url is not None:
            targets += find_links(url if "://" in url else f"https://{url.strip()}")
        channel, history = interaction.channel, interaction.permissions.read_message_history
        if not targets and history and isinstance(channel, discord.abc.Messageable):
            targets = await find_recent(channel, None)
        nothing = _embeds.nothing_attached(self._bot.prefix_of(interaction.guild))
        await self._respond(interaction, targets, nothing, voice)

    async def search_image(
        self, interaction: discord.Interaction[WhereisBot], message: discord.Message
    ) -> None:
        """Search for the pictures of a message, from its menu."""
        voice = await self._begin(interaction, private=False)
        targets = await find_targets(message)
        nothing = _embeds.no_picture_in_message()
        await self._respond(interaction, targets, nothing, voice)

    @commands.Cog.listener()
    async def on_message_edit(self, before: discord.Message, after: discord.Message) -> None:
        """Ask again when somebody corrects a question they have just asked."""
        if after.author.bot or discord.utils.utcnow() - after.created_at > EDIT_WINDOW:
            return
        # Discord also edits messages by itself, to add the previews of links.
        if (before.content, before.attachments) == (after.content, after.attachments):
            return
        ctx = await self._bot.get_context(after)
        if ctx.command is self.whereis:
            begin("edit", self._bot.metrics, ctx.guild.id if ctx.guild is not None else None)
            await self._bot.invoke(ctx)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[WhereisBot]) -> None:
        """Answer clicks under answers from before a restart."""
        await answer_orphan(self._bot, interaction, self._live)

    async def _answer(
        self,
        found: Sequence[Target],
        guild: discord.abc.Snowflake | None,
        asker_id: int,
        *,
        as_text: bool,
        language: str | None,
        hidden: bool = False,
    ) -> tuple[Fields, AnswerView | None]:
        """Search as the server's rules have it, and put the answer into the fields of a message."""
        if not found:
            nothing = _embeds.nothing_attached(self._bot.prefix_of(guild))
            return _without_buttons(nothing, as_text), None
        rules = rules_of(self._bot, guild)
        targets = found[: self._bot.options.max_pictures]
        scope = scope_of(guild, rules)
        outcomes, left_out = strict(
            await self._searcher.search(targets, scope, asker_id), rules.strictness
        )
        notes = (
            _embeds.note(targets, len(found)),
            LEFT_OUT if left_out else None,
            None if hidden else goes_soon(rules),
        )
        view = AnswerView(
            self._bot,
            asker_id,
            outcomes,
            scope,
            note="\n".join(filter(None, notes)) or None,
            as_text=as_text,
            language=language,
            clicks=self._clicks,
        )
        self._keep(view)
        return view.fields(), view

    async def _begin(self, interaction: discord.Interaction[WhereisBot], *, private: bool) -> Voice:
        """Acknowledge at once, for Discord waits three seconds."""
        with self._refusals_counted():
            self._pace.count(interaction.user)
            require_unrestricted(self._bot, interaction.guild, interaction.channel)
        rules = rules_of(self._bot, interaction.guild)
        wanted = rules.style != "private" and is_welcome(rules, interaction.channel)
        hidden = private or not wanted or not _may_speak(interaction)
        return Voice(hidden=hidden, late=not await acknowledge(interaction, hidden=hidden))

    async def _respond(
        self,
        interaction: discord.Interaction[WhereisBot],
        targets: Sequence[Target],
        nothing: discord.Embed,
        voice: Voice,
    ) -> None:
        guild, channel = interaction.guild, interaction.channel
        rules = rules_of(self._bot, guild)
        if targets:
            fields, view = await self._answer(
                targets,
                guild,
                interaction.user.id,
                as_text=False,
                language=rules.language or str(interaction.locale),
                hidden=voice.hidden,
            )
        else:
            fields, view = _without_buttons(nothing, as_text=False), None
        with timed(self._bot.metrics, "send"):
            message, edit = await answer(interaction, fields, voice)
        if view is not None:
            view.belongs_to(edit)
        if rules.style == "fleeting" and not voice.hidden:
            await goes_after(rules.minutes, channel, message)

    @contextmanager
    def _refusals_counted(self) -> Iterator[None]:
        try:
            yield
        except (OnCooldownError, RefusedError) as error:
            count_search(self._bot.metrics, outcome_of(error))
            raise

    def _keep(self, view: ReplyView) -> None:
        """Have the buttons under an answer work, until too many later ones have buttons, too.

        What is pressed under the oldest is then answered as after a restart.
        """
        self._live[view.token] = view
        while len(self._live) > LIVE:
            token, oldest = next(iter(self._live.items()))
            oldest.stop()
            del self._live[token]

    def _reply_to(self, message: discord.Message) -> Reply:
        reply = self._replies.setdefault(message.id, Reply())
        if len(self._replies) > REMEMBERED:
            self._replies.popitem(last=False)
        return reply


def _language(guild: discord.Guild | None) -> str | None:
    """The language of a server; a message does not tell that of its author."""
    return str(guild.preferred_locale) if guild is not None else None


def _may_write(permissions: discord.Permissions, channel: object) -> bool:
    if isinstance(channel, discord.Thread):
        return permissions.send_messages_in_threads
    return permissions.send_messages


def _may_speak(interaction: discord.Interaction[Any]) -> bool:
    """Whether an answer that everybody sees is welcome in a channel."""
    permissions = interaction.app_permissions
    return interaction.guild_id is None or (
        _may_write(permissions, interaction.channel) and permissions.embed_links
    )


def _without_buttons(embed: discord.Embed, as_text: bool) -> Fields:
    if as_text:
        return {"content": _embeds.as_text(embed), "embed": None, "view": None}
    return {"content": None, "embed": embed, "view": None}
