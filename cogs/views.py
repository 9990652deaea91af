"""Buttons under the answers to moderators and to the bot's owner.

Each answers the one person it was made for, asks anew whether they still may, and goes when its
time is up.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Self

import discord

from bot.requests import begin
from cogs.delivery import UNSAID
from cogs.errors import present, whisper
from cogs.stopping import LEFT_STEP, begin_click
from cogs.text import in_brief

Click = discord.Interaction[Any]
Gate = Callable[[Click], Awaitable[None]]

# Discord takes edits of an answer to a slash command for fifteen minutes.
TIMEOUT = 600.0

NOT_YOURS = "That is for the one who asked. Ask yourself, if you may."

log = logging.getLogger(__name__)


class PersonalView(discord.ui.View):
    """Components for one person.

    ``gate`` raises a :class:`bot.errors.WhereisError` when they may not any more.
    """

    def __init__(self, user_id: int, gate: Gate, *, timeout: float = TIMEOUT) -> None:
        super().__init__(timeout=timeout)
        self._user_id = user_id
        self._gate = gate
        self._taken = False
        self.message: discord.Message | None = None

    async def interaction_check(self, interaction: Click, /) -> bool:
        """Whether this click counts."""
        begin("click", interaction.client.metrics, interaction.guild_id)
        if interaction.user.id != self._user_id:
            await whisper(interaction, NOT_YOURS)
            return False
        begin_click(interaction, LEFT_STEP)
        await self._gate(interaction)
        return True

    async def on_error(
        self, interaction: Click, error: Exception, item: discord.ui.Item[Any], /
    ) -> None:
        """Tell what went wrong."""
        await present(interaction, error)

    async def on_timeout(self) -> None:
        """Take the components away; nobody listens to them any more."""
        if self.message is None:
            return
        try:
            await self.message.edit(view=None)
        except UNSAID as error:
            log.debug("the components of message %s stay: %s", self.message.id, in_brief(error))

    def take(self) -> bool:
        """Whether this is the first click; a second one, on its way already, does nothing."""
        first = not self._taken
        self._taken = True
        return first

    async def give_up(self, interaction: Click) -> None:
        """Take the components away without doing anything, unless something is being done."""
        if not self.take():
            await interaction.response.defer()
            return
        self.stop()
        await interaction.response.edit_message(view=None)


class OnceView(PersonalView):
    """One button that does something once, and shows what it did in place of what was there."""

    def __init__(
        self,
        user_id: int,
        gate: Gate,
        label: str,
        act: Callable[[Click], Awaitable[discord.Embed]],
        *,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        otherwise: str | None = None,
    ) -> None:
        super().__init__(user_id, gate)
        self._act = act
        yes: discord.ui.Button[Self] = discord.ui.Button(label=label, style=style)
        yes.callback = self._yes  # type: ignore[method-assign]
        self.add_item(yes)
        if otherwise is not None:
            no: discord.ui.Button[Self] = discord.ui.Button(label=otherwise)
            no.callback = self._no  # type: ignore[method-assign]
            self.add_item(no)

    async def _yes(self, interaction: Click) -> None:
        if not self.take():
            await interaction.response.defer()
            return
        await interaction.response.defer()
        self.stop()
        try:
            embed = await self._act(interaction)
        except BaseException:
            await interaction.edit_original_response(view=None)
            raise
        await interaction.edit_original_response(embed=embed, view=None)

    async def _no(self, interaction: Click) -> None:
        await self.give_up(interaction)
