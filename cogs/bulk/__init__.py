"""Many pictures at once: adding, lists, merging, renaming, and pairs that look alike."""

from bot.client import WhereisBot
from cogs.bulk._cog import Bulk


async def setup(bot: WhereisBot) -> None:
    """Load the commands."""
    await bot.add_cog(Bulk(bot))
