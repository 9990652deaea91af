"""Looks at pictures that nobody asked about, in the channels that a server's rules name."""

import logging
from collections.abc import Sequence
from typing import Any

import discord
from discord.ext import commands, tasks

from bot.client import WhereisBot
from bot.errors import BusyError, FetchError, WhereisError
from bot.flow import Asker
from bot.requests import begin, count_search, timed
from bot.rules import Watch
from bot.watch import Post, Verdict
from cogs.delivery import UNSAID
from cogs.errors import outcome_of
from cogs.places import is_restricted, places, rules_of
from cogs.targets import from_attachment, is_picture, read_target
from cogs.text import in_brief
from cogs.watch import _words as words
from cogs.watch._queue import Queue

SWEEP_HOURS = 1.0

log = logging.getLogger(__name__)


class Watching(commands.Cog):
    """Notices pictures that are posted again.

    One picture is read at a time, whatever is posted, and none while people wait who ask; what does
    not fit into the queue is not looked at.
    """

    def __init__(self, bot: WhereisBot) -> None:
        self._bot = bot
        self._service = bot.services.watch
        self._queue = Queue(self._look)
        bot.metrics.number("whereis_watch_waiting", lambda: self._queue.waiting)

    async def cog_load(self) -> None:
        """Begin to forget what is old."""
        self.sweep.start()

    async def cog_unload(self) -> None:
        """Stop looking and forgetting."""
        self.sweep.cancel()
        self._queue.close()

    @tasks.loop(hours=SWEEP_HOURS)
    async def sweep(self) -> None:
        """Forget what no rule keeps any more."""
        try:
            gone = await self._service.sweep()
        except WhereisError as error:
            log.warning("what the watch has seen could not be looked through: %s", error)
        else:
            log.debug("%d pictures of the watch were forgotten", gone)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Have the pictures of a message looked at, where they are watched."""
        if self._watched(message) is None:
            return
        # Who asks about a picture, or adds it, gets an answer to that.
        if (await self._bot.get_context(message)).valid:
            return
        if not self._queue.put(message):
            log.info("too much is posted for message %d to be watched", message.id)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, gone: discord.RawMessageDeleteEvent) -> None:
        """Forget the pictures of a message that was deleted."""
        await self._forget(gone.guild_id, [gone.message_id])

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, gone: discord.RawBulkMessageDeleteEvent) -> None:
        """Forget the pictures of messages that were deleted together."""
        await self._forget(gone.guild_id, sorted(gone.message_ids))

    @commands.Cog.listener()
    async def on_raw_message_edit(self, edited: discord.RawMessageUpdateEvent) -> None:
        """Forget the pictures of a message that has none any more."""
        if not edited.message.attachments:
            await self._forget(edited.guild_id, [edited.message_id])

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, gone: discord.RawThreadDeleteEvent) -> None:
        """Forget the pictures of a thread that was deleted; channels leave with the rules."""
        if self._remembers(gone.guild_id):
            await self._tried(self._service.forget_channel(gone.guild_id, gone.thread_id))

    async def _forget(self, guild_id: int | None, message_ids: Sequence[int]) -> None:
        for message_id in message_ids:
            self._queue.drop(message_id)
        if guild_id is not None and self._remembers(guild_id):
            await self._tried(self._service.forget_messages(guild_id, message_ids))

    def _remembers(self, guild_id: int) -> bool:
        return self._bot.services.rules.of(guild_id).watch.remembers

    async def _tried(self, forgetting: Any) -> None:
        try:
            await forgetting
        except WhereisError as error:
            log.warning("what the watch has seen could not be forgotten: %s", error)

    def _watched(self, message: discord.Message) -> tuple[Watch, int] | None:
        """How, and by which of the rules' channels, a message is watched, if it is."""
        if message.guild is None or message.author.bot or message.webhook_id is not None:
            return None
        rules = rules_of(self._bot, message.guild)
        named = sorted(rules.watch.channels & places(message.channel))
        if not named or not any(map(is_picture, message.attachments)):
            return None
        if rules.restricted != "always" and is_restricted(message.channel):
            return None
        if self._bot.services.privacy.opted_out(message.author.id):
            return None
        return rules.watch, named[0]

    async def _look(self, message: discord.Message) -> None:
        """Look at the pictures of a message, and say what is known of the first that is known."""
        # The rules may have changed while it waited, and who posted it may have opted out.
        watched, guild = self._watched(message), message.guild
        if watched is None or guild is None:
            return
        watch, watched_id = watched
        begin("watch", self._bot.metrics, guild.id)
        known = None
        for place, attachment in enumerate(message.attachments):
            if not is_picture(attachment):
                continue
            post = Post(
                message_id=message.id,
                place=place,
                guild_id=guild.id,
                watched_id=watched_id,
                channel_id=message.channel.id,
                user_id=message.author.id,
                posted_at=message.created_at,
            )
            verdict = await self._verdict(attachment, post, watch)
            known = known or (verdict if verdict is not None and verdict.known else None)
        if self._queue.is_gone(message):
            # It was deleted while it was looked at; what has just been kept of it goes, too.
            await self._tried(self._service.forget_messages(guild.id, [message.id]))
        elif known is not None:
            await self._tell(known, message, watch, guild)

    async def _verdict(
        self, attachment: discord.Attachment, post: Post, watch: Watch
    ) -> Verdict | None:
        options, turns = self._bot.options, self._bot.services.turns
        asker = Asker.on_discord(post.guild_id, post.user_id)
        try:
            async with turns.turn(asker, background=True):
                with timed(self._bot.metrics, "fetch"):
                    data = await read_target(
                        from_attachment(attachment),
                        self._bot.services.fetcher,
                        max_bytes=options.max_bytes,
                        timeout=options.fetch_timeout,
                    )
                return await self._service.look(data, post, watch)
        except BusyError:
            count_search(self._bot.metrics, "refused")
            log.info("so much is asked that message %d was not watched", post.message_id)
        except FetchError as error:
            count_search(self._bot.metrics, outcome_of(error))
            log.debug("a picture of message %d can't be watched: %s", post.message_id, error)
        except WhereisError as error:
            log.warning("message %d was not watched: %s", post.message_id, error)
        return None

    async def _tell(
        self, verdict: Verdict, message: discord.Message, watch: Watch, guild: discord.Guild
    ) -> None:
        try:
            if watch.emoji is not None:
                await message.add_reaction(watch.emoji)
            else:
                # Without a preview, which would show the pictures of the page again.
                said = words.answer(verdict, guild.id)
                await message.reply(said, mention_author=False, suppress_embeds=True)
        except UNSAID as error:
            log.info("message %d could not be answered: %s", message.id, in_brief(error))
        channel = guild.get_channel(watch.log) if watch.log is not None else None
        if isinstance(channel, discord.TextChannel):
            try:
                await channel.send(embed=words.log_entry(verdict, message, guild.id))
            except UNSAID as error:
                log.info("channel %d could not be told: %s", channel.id, in_brief(error))
