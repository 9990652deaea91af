"""What is begun for people is noted, so that a stop can wait for it; then nothing is begun."""

from functools import partial
from typing import Any

import discord
from discord.ext import commands

from bot.client import WhereisBot
from bot.errors import RestartingError
from bot.flow import Work
from cogs.checks import RefusedError, UnwelcomeError
from cogs.errors import say, whisper
from cogs.places import is_welcome, rules_of

LEFT = "I am restarting and could not finish this in time. Ask again in a minute."
LEFT_STEP = (
    "I am restarting and could not wait for this to end. Look whether it was done before you ask "
    "again in a minute."
)

# What may be asked again without a look at what became of it.
SEARCHES = frozenset({"whereis", "Search image"})


async def setup(bot: WhereisBot) -> None:
    """Add the cog to the bot."""
    await bot.add_cog(Stopping(bot))


class Stopping(commands.Cog):
    """Notes every command while it is answered, and refuses it at a stop."""

    def __init__(self, bot: WhereisBot) -> None:
        self._bot = bot
        self._work = bot.services.work
        self._original = bot.tree.interaction_check

    async def cog_load(self) -> None:
        """Be asked about slash commands and menus, too."""
        self._bot.tree.interaction_check = self._slash_check  # type: ignore[method-assign]

    async def cog_unload(self) -> None:
        """Be asked no more."""
        self._bot.tree.interaction_check = self._original  # type: ignore[method-assign]

    async def bot_check_once(  # type: ignore[override]
        self, ctx: commands.Context[WhereisBot]
    ) -> bool:
        """Note a text command."""
        name = ctx.command.qualified_name if ctx.command is not None else None
        try:
            self._work.begin(partial(say, ctx, _left(name)))
        except RestartingError as error:
            welcome = is_welcome(rules_of(self._bot, ctx.guild), ctx.channel)
            raise (RefusedError if welcome else UnwelcomeError)(error.sentence) from None
        return True

    async def _slash_check(self, interaction: discord.Interaction[WhereisBot]) -> bool:
        """Note a slash command or a use of a menu."""
        if not await self._original(interaction):
            return False
        if interaction.type is discord.InteractionType.autocomplete:
            return not self._work.stopping
        data: dict[str, Any] = dict(interaction.data or {})
        try:
            self._work.begin(partial(whisper, interaction, _left(data.get("name"))))
        except RestartingError as error:
            raise RefusedError(error.sentence) from None
        return True


def begin_click(click: discord.Interaction[Any], left: str = LEFT) -> None:
    """Note a click; ``left`` is said when it can't be finished.

    Raises :class:`bot.errors.RestartingError` at a stop.
    """
    work: Work = click.client.services.work
    work.begin(partial(whisper, click, left))


def _left(name: str | None) -> str:
    return LEFT if name in SEARCHES else LEFT_STEP
