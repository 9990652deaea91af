"""What is stored about the one who asks, and how they have it forgotten."""

import re
import secrets
from typing import Any, Literal, cast
from weakref import WeakValueDictionary

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import WhereisBot
from bot.errors import WhereisError
from bot.gateway import OUT_OF_REACH
from bot.privacy import Stored
from cogs.checks import as_often_as_searches, clicks
from cogs.errors import present, say
from cogs.places import is_welcome, rules_of
from cogs.views import Click, Gate, PersonalView

Ctx = commands.Context[WhereisBot]

Step = Literal["out", "in"]

GROUP = "About the bot"

PREFIX = "privacy"

SENT = "I have answered in a private message."
NOT_SENT = "I may not write to you in private. `/privacy` answers here, for your eyes alone."

KEPT = (
    "I keep no picture and no message. Of a picture that a moderator adds I keep a fingerprint and "
    "who added it. Where a server has me watch for pictures posted again, I keep for some days who "
    "posted which."
)
OUT = "You opted out: nothing is stored about you but that."

# Whose button it is, under which view, the how many-th of that, and what it does.
_BUTTON = re.compile(
    rf"{PREFIX}:(?P<user>[0-9]{{1,20}}):(?P<token>[0-9a-f]+):[0-9]+:(?P<step>out|in)"
)


async def setup(bot: WhereisBot) -> None:
    """Add the cog to the bot."""
    await bot.add_cog(Privacy(bot))


class Privacy(commands.Cog):
    """What is stored about you."""

    def __init__(self, bot: WhereisBot) -> None:
        self._bot = bot
        self._clicks = clicks(bot.options)
        self._live: WeakValueDictionary[str, PrivacyView] = WeakValueDictionary()

    @commands.hybrid_command(  # type: ignore[arg-type]
        brief="Show what is stored about you, and have it forgotten",
        extras={"group": GROUP, "example": "privacy"},
    )
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @commands.dynamic_cooldown(as_often_as_searches, commands.BucketType.user)
    async def privacy(self, ctx: Ctx) -> None:
        """Show what is stored about you, in all servers together, for your eyes alone.

        A button has it forgotten, and nothing stored from then on; all commands still work for you.
        The same button lets things be stored again.
        """
        view = self._view(ctx.author.id)
        embed = await view.render()
        if ctx.interaction is not None:
            view.message = await ctx.send(embed=embed, view=view, ephemeral=True)
            return
        try:
            view.message = await ctx.author.send(embed=embed, view=view)
        except discord.Forbidden:
            view.stop()
            await say(ctx, NOT_SENT)
            return
        if ctx.guild is not None and is_welcome(rules_of(self._bot, ctx.guild), ctx.channel):
            await say(ctx, SENT)

    async def _gate(self, click: Click) -> None:
        """Everybody may know what is stored about them, and need not ask for it without end."""
        self._clicks.count(click.user)

    @commands.Cog.listener()
    async def on_interaction(self, click: Click) -> None:
        """Answer a click under what another process has shown, or this one before a restart.

        Private messages come to the process of shard 0, also those that answer a command which was
        typed in a server of another one.
        """
        button = _BUTTON.fullmatch(_custom_id(click))
        if button is None or click.response.is_done():
            return
        shown = self._live.get(button["token"])
        if shown is not None and not shown.is_finished():
            return
        view = self._view(int(button["user"]))
        view.message = click.message
        try:
            if await view.interaction_check(click):
                await view.take_step(click, cast(Step, button["step"]))
        except (WhereisError, discord.DiscordException, *OUT_OF_REACH) as error:
            await present(click, error)

    def _view(self, user_id: int) -> "PrivacyView":
        view = PrivacyView(self._bot, user_id, self._gate)
        self._live[view.token] = view
        return view


class PrivacyView(PersonalView):
    """What is stored about somebody, with the button that changes it."""

    def __init__(self, bot: WhereisBot, user_id: int, gate: Gate) -> None:
        super().__init__(user_id, gate)
        self.token = secrets.token_hex(6)
        self._service = bot.services.privacy
        self._renders = 0

    async def render(self) -> discord.Embed:
        """What there is now."""
        stored = await self._service.stored(self._user_id)
        # A new button each time: a second click on the one before must not take back the first.
        self._renders += 1
        step: Step = "in" if stored.opted_out else "out"
        button: discord.ui.Button[PrivacyView] = discord.ui.Button(
            custom_id=f"{PREFIX}:{self._user_id}:{self.token}:{self._renders}:{step}"
        )
        if stored.opted_out:
            button.label = "Let things be stored"
            button.callback = self._opt_in  # type: ignore[method-assign]
        else:
            button.label, button.style = "Store nothing about me", discord.ButtonStyle.danger
            button.callback = self._opt_out  # type: ignore[method-assign]
        self.clear_items()
        self.add_item(button)
        return told(stored)

    async def take_step(self, interaction: Click, step: Step) -> None:
        """Do what a button says, and show what there is then."""
        await interaction.response.defer()
        if step == "out":
            await self._service.opt_out(self._user_id)
        else:
            await self._service.opt_in(self._user_id)
        await interaction.edit_original_response(embed=await self.render(), view=self)

    async def _opt_out(self, interaction: Click) -> None:
        await self.take_step(interaction, "out")

    async def _opt_in(self, interaction: Click) -> None:
        await self.take_step(interaction, "in")


def told(stored: Stored) -> discord.Embed:
    """What is stored about somebody, in words."""
    embed = discord.Embed(
        title="What is stored about you", description=KEPT, colour=discord.Colour.blurple()
    )
    if stored.opted_out:
        embed.add_field(name="Stored", value=OUT, inline=False)
        return embed
    lines = [
        f"{_count(stored.additions, 'line')} of the record of what moderators added and removed",
        f"{_count(stored.undone, 'line')} of the same about what you took back",
        f"{_count(stored.sightings, 'picture')} that you posted where it is watched",
    ]
    embed.add_field(name="Stored", value="\n".join(lines), inline=False)
    embed.add_field(
        name="If you want nothing stored",
        value="The button below has it all forgotten, in every server. What you did to pictures "
        "stays recorded as done by *a member who opted out*. All commands still work for you.",
        inline=False,
    )
    return embed


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _custom_id(click: Click) -> str:
    data: dict[str, Any] = dict(click.data or {})
    return str(data.get("custom_id", ""))
