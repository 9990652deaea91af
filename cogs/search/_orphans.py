"""Clicks under answers that nobody looks after any more, and who may delete an answer."""

import logging
from contextlib import suppress
from typing import Any

import discord

from bot.client import WhereisBot
from bot.requests import begin
from cogs.checks import is_moderator
from cogs.delivery import UNSAID
from cogs.errors import present, whisper
from cogs.search._reply_view import NOT_YOURS, PREFIX, Live

DELETE = "delete"

EXPIRED = "This answer has expired. Ask again with `{prefix}whereis` and you get a fresh one."
NOT_YOURS_TO_DELETE = "Only the one who asked, or a moderator, can delete this answer."

log = logging.getLogger(__name__)


async def answer_orphan(bot: WhereisBot, interaction: discord.Interaction[Any], live: Live) -> None:
    """Answer a click on an answer that nobody looks after any more, as after a restart.

    Its delete button still works, for it carries who asked.  That is believed only of a button that
    Discord shows under the message: then it was the bot that put it there.
    """
    if interaction.type is not discord.InteractionType.component:
        return
    parts = _custom_id(interaction).split(":")
    if len(parts) != 4 or parts[0] != PREFIX or not parts[1].isdecimal():
        return
    view = live.get(parts[2])
    if interaction.response.is_done() or (view is not None and not view.is_finished()):
        return
    begin("click", bot.metrics, interaction.guild_id)
    if not _is_shown(interaction):
        log.warning(
            "user %d clicked a button that is not there, in channel %s",
            interaction.user.id,
            interaction.channel_id,
        )
        return
    asker_id = int(parts[1])
    try:
        if parts[3] == DELETE:
            if await may_delete(bot, interaction, asker_id):
                await delete(interaction)
            return
        if interaction.user.id != asker_id:
            await whisper(interaction, NOT_YOURS)
            return
        await interaction.response.edit_message(view=None)
    except UNSAID as error:
        await present(interaction, error)
        return
    await whisper(interaction, EXPIRED.format(prefix=bot.prefix_of(interaction.guild)))


async def may_delete(bot: WhereisBot, interaction: discord.Interaction[Any], asker_id: int) -> bool:
    """Whether the one who clicked may delete the answer; they are told if not."""
    user = interaction.user
    in_server = interaction.guild_id is not None
    if user.id == asker_id or (in_server and interaction.permissions.manage_messages):
        return True
    if in_server and await is_moderator(bot, user, interaction.guild):
        return True
    await whisper(interaction, NOT_YOURS_TO_DELETE)
    return False


async def delete(interaction: discord.Interaction[Any]) -> None:
    """Delete the answer that was clicked."""
    await interaction.response.defer()
    # A second click was on its way already.
    with suppress(discord.NotFound):
        await interaction.delete_original_response()


def _is_shown(interaction: discord.Interaction[Any]) -> bool:
    """Whether the message that was clicked has that very button or menu."""
    message = interaction.message
    if message is None:
        return False
    wanted = _custom_id(interaction)
    return any(
        getattr(part, "custom_id", None) == wanted
        for row in message.components
        if isinstance(row, discord.ActionRow)
        for part in row.children
    )


def _custom_id(interaction: discord.Interaction[Any]) -> str:
    data: dict[str, Any] = dict(interaction.data or {})
    return str(data.get("custom_id", ""))


def action_of(interaction: discord.Interaction[Any]) -> str:
    """Which of the buttons was clicked."""
    return _custom_id(interaction).rpartition(":")[2]
