"""What is stored about the one who asks, and how they have it forgotten."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import WhereisBot
from bot.privacy import Stored
from cogs.checks import clicks
from cogs.errors import say
from cogs.places import is_welcome, rules_of
from cogs.views import Click, Gate, PersonalView

Ctx = commands.Context[WhereisBot]

GROUP = "About the bot"

SENT = "I have answered in a private message."
NOT_SENT = "I may not write to you in private. `/privacy` answers here, for your eyes alone."

KEPT = (
    "I keep no picture and no message. Of a picture that a moderator adds I keep a fingerprint and "
    "who added it. Where a server has me watch for pictures posted again, I keep for some days who "
    "posted which."
)
OUT = "You opted out: nothing is stored about you but that."


async def setup(bot: WhereisBot) -> None:
    """Add the cog to the bot."""
    await bot.add_cog(Privacy(bot))


def _as_often_as_searches(ctx: Ctx) -> commands.Cooldown:
    options = ctx.bot.options
    return commands.Cooldown(options.cooldown_uses, options.cooldown_seconds)


class Privacy(commands.Cog):
    """What is stored about you."""

    def __init__(self, bot: WhereisBot) -> None:
        self._bot = bot
        self._clicks = clicks(bot.options)

    @commands.hybrid_command(  # type: ignore[arg-type]
        brief="Show what is stored about you, and have it forgotten",
        extras={"group": GROUP, "example": "privacy"},
    )
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @commands.dynamic_cooldown(_as_often_as_searches, commands.BucketType.user)
    async def privacy(self, ctx: Ctx) -> None:
        """Show what is stored about you, in all servers together, for your eyes alone.

        A button has it forgotten, and nothing stored from then on; all commands still work for you.
        The same button lets things be stored again.
        """
        view = PrivacyView(self._bot, ctx.author.id, self._gate)
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


class PrivacyView(PersonalView):
    """What is stored about somebody, with the button that changes it."""

    def __init__(self, bot: WhereisBot, user_id: int, gate: Gate) -> None:
        super().__init__(user_id, gate)
        self._service = bot.services.privacy

    async def render(self) -> discord.Embed:
        """What there is now."""
        stored = await self._service.stored(self._user_id)
        # A new button each time: a second click on the one before must not take back the first.
        button: discord.ui.Button[PrivacyView] = discord.ui.Button()
        if stored.opted_out:
            button.label = "Let things be stored"
            button.callback = self._opt_in  # type: ignore[method-assign]
        else:
            button.label, button.style = "Store nothing about me", discord.ButtonStyle.danger
            button.callback = self._opt_out  # type: ignore[method-assign]
        self.clear_items()
        self.add_item(button)
        return told(stored)

    async def _opt_out(self, interaction: Click) -> None:
        await interaction.response.defer()
        await self._service.opt_out(self._user_id)
        await interaction.edit_original_response(embed=await self.render(), view=self)

    async def _opt_in(self, interaction: Click) -> None:
        await interaction.response.defer()
        await self._service.opt_in(self._user_id)
        await interaction.edit_original_response(embed=await self.render(), view=self)


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
