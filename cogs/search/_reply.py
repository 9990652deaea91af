"""How an answer gets to the one who asked, on Discord's bad days too."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import discord
from discord.ext import commands

from bot.client import WhereisBot
from cogs import delivery
from cogs.delivery import UNKNOWN_WEBHOOK, UNSAID, persistently
from cogs.errors import NO_READ_HISTORY
from cogs.search import _embeds
from cogs.search._reply_view import Fields
from cogs.text import escape, in_brief

INVALID_FORM = 50035

LATE = "<@{user}>, your command came too late to me for an answer in its place. Here it is:"

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Voice:
    """How a command is answered: ``hidden`` from others; ``late`` where Discord takes no answer."""

    hidden: bool
    late: bool


@asynccontextmanager
async def typing(channel: discord.abc.Messageable) -> AsyncIterator[None]:
    """Show that the bot is at work; the work waits for nothing, and goes on where that fails."""
    task = asyncio.create_task(_type(channel))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def _type(channel: discord.abc.Messageable) -> None:
    try:
        async with channel.typing():
            await asyncio.Event().wait()
    except UNSAID as error:
        log.debug("no typing indicator: %s", in_brief(error))


async def deliver(
    ctx: commands.Context[WhereisBot], fields: Fields, earlier: discord.Message | None
) -> discord.Message:
    """Edit the earlier reply, or reply; the message that was asked in may be gone by now."""
    if earlier is not None:
        try:
            return await persistently(lambda: earlier.edit(**fields))
        except discord.NotFound:
            log.debug("the earlier reply was deleted")
    return await _or_in_words(partial(_send, ctx), fields)


async def answer(
    interaction: discord.Interaction[WhereisBot], fields: Fields, voice: Voice
) -> tuple[discord.Message, Callable[..., Awaitable[object]]]:
    """Answer a command, and say how the answer is edited.

    Where Discord takes no answer to the command any more, it is said in the channel, or to the one
    who asked alone.
    """
    if not voice.late:
        edit = interaction.edit_original_response
        try:
            message = await _or_in_words(lambda parts: persistently(lambda: edit(**parts)), fields)
        except discord.NotFound as error:
            if error.code != UNKNOWN_WEBHOOK:
                raise
            log.info("interaction %s can't be answered any more", interaction.id)
        else:
            return message, edit
    channel = interaction.channel
    place: discord.abc.Messageable = interaction.user
    if not voice.hidden and isinstance(channel, discord.abc.Messageable):
        place = channel
    notes = (LATE.format(user=interaction.user.id), fields["content"])
    told: Fields = {**fields, "content": "\n".join(filter(None, notes))}
    sent = await _or_in_words(partial(_say, place), told)
    return sent, sent.edit


async def _or_in_words(send: Callable[[Fields], Awaitable[T]], fields: Fields) -> T:
    try:
        return await send(fields)
    except discord.HTTPException as error:
        embed = fields["embed"]
        if error.code != INVALID_FORM or embed is None:
            raise
        # An address in the embed that Discord does not take, say; the words it takes.
        log.warning("an embed was refused, so the answer goes as text: %s", in_brief(error))
        text = _embeds.as_text(embed, fields["content"])
        return await send({"content": text, "embed": None, "view": fields["view"]})


async def _send(ctx: commands.Context[WhereisBot], fields: Fields) -> discord.Message:
    reference = ctx.message.to_reference(fail_if_not_exists=False)
    try:
        return await _say(ctx.channel, fields, reference=reference, mention_author=False)
    except discord.Forbidden as error:
        if error.code != NO_READ_HISTORY:
            raise
        return await _say(ctx.channel, fields)


async def _say(place: discord.abc.Messageable, fields: Fields, **extra: Any) -> discord.Message:
    # Nothing is sent for a part that is None; `send` wants it left out.
    parts = {name: value for name, value in fields.items() if value is not None}
    return await delivery.say(place, **parts, **extra)


async def explain_silence(ctx: commands.Context[WhereisBot]) -> None:
    """Tell somebody in a private message why there is no answer where they asked."""
    server = f" of {escape(ctx.guild.name, 100)}" if ctx.guild else ""
    said = (
        f"You asked me in <#{ctx.channel.id}>{server}, but I may not write there. Ask a moderator "
        "to let me send messages and embed links in that channel. Meanwhile, right-click the "
        "picture and choose Apps → **Search image**: that answer I can show to you alone."
    )
    try:
        await delivery.say(ctx.author, content=said)
    except UNSAID as error:
        log.info(
            "may not write in channel %s, nor to the one who asked: %s",
            ctx.channel.id,
            in_brief(error),
        )
