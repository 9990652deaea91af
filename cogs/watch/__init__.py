"""Pictures that are posted again, where a server wants them watched."""

from bot.client import WhereisBot
from cogs.watch._cog import Watching


async def setup(bot: WhereisBot) -> None:
    """Add the cog to the bot."""
    await bot.add_cog(Watching(bot))
