"""Looking after a server's own pictures, and after the search index."""

from bot.client import WhereisBot
from cogs.admin._cog import Pictures
from cogs.admin._owner import Index


async def setup(bot: WhereisBot) -> None:
    """Load the commands of moderators, and those of the bot's owner."""
    await bot.add_cog(Pictures(bot))
    await bot.add_cog(Index(bot))
