"""Members ask where a picture is from: ``!whereis``, ``/whereis`` and *Search image*."""

from bot.client import WhereisBot
from cogs.search._cog import Search


async def setup(bot: WhereisBot) -> None:
    """Add the cog to the bot."""
    await bot.add_cog(Search(bot))
