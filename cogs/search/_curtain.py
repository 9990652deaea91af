"""An answer to a text command that only the one who asked may see, behind a button.

Discord shows something to one person only in answer to a click or a slash command.
"""

from contextlib import suppress
from typing import Any

import discord

from bot.requests import begin
from cogs.checks import require_server
from cogs.delivery import UNSAID
from cogs.errors import whisper
from cogs.search._reply_view import NOT_YOURS, Fields, ReplyView
from cogs.search._views import AnswerView
from cogs.stopping import begin_click

READY = "Your answer is ready, and for your eyes alone."


class CurtainView(ReplyView):
    """A button that shows an answer to the one who asked, and then goes with its message."""

    def __init__(
        self,
        asker_id: int,
        guild: discord.abc.Snowflake | None,
        answer: Fields,
        answer_view: AnswerView | None,
    ) -> None:
        super().__init__(asker_id)
        self._guild_id = None if guild is None else guild.id
        self._answer = answer
        self._answer_view = answer_view
        self._shown = False
        button: discord.ui.Button[CurtainView] = discord.ui.Button(
            label="Show me the answer", custom_id=self.id_of("show")
        )
        button.callback = self._show  # type: ignore[method-assign]
        self.add_item(button)

    def fields(self) -> Fields:
        """The message that everybody sees."""
        return {"content": READY, "embed": None, "view": self}

    async def interaction_check(self, interaction: discord.Interaction[Any]) -> bool:
        """Let the asker look, and nobody else."""
        begin("click", interaction.client.metrics, interaction.guild_id)
        require_server(interaction, self._guild_id)
        begin_click(interaction)
        if interaction.user.id == self._asker_id:
            return True
        await whisper(interaction, NOT_YOURS)
        return False

    async def _show(self, interaction: discord.Interaction[Any]) -> None:
        if self._shown:
            await interaction.response.defer()
            return
        self._shown = True
        # Nothing is sent for a part that is None; `send_message` wants it left out.
        parts: dict[str, Any] = {k: v for k, v in self._answer.items() if v is not None}
        try:
            await interaction.response.send_message(**parts, ephemeral=True)
        except BaseException:
            self._shown = False
            raise
        if self._answer_view is not None:
            self._answer_view.belongs_to(interaction.edit_original_response)
        self.stop()
        if interaction.message is not None:
            # Somebody may have deleted it already.
            with suppress(*UNSAID):
                await interaction.message.delete()
