"""A server's own rules, as its moderators make them: ``!settings`` and ``/settings``."""

from bot.client import WhereisBot
from cogs.settings._cog import Settings


async def setup(bot: WhereisBot) -> None:
    """Add the cog to the bot."""
    await bot.add_cog(Settings(bot))
