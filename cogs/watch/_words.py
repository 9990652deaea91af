"""What the watch says; pure."""

from collections.abc import Mapping

import discord

from bot.search import Confidence, Match
from bot.watch import Repost, Verdict
from cogs.text import escape, link

SAME: Mapping[Confidence, str] = {
    "exact": "the same picture",
    "close": "most likely the same picture",
}


def answer(verdict: Verdict, guild_id: int) -> str:
    """What is said under a picture that is known."""
    lines = []
    if verdict.own is not None:
        lines.append(f"This server knows it: {_own(verdict.own)}.")
    if verdict.before is not None:
        lines.append(f"It was posted here before: {_before(verdict.before, guild_id)}.")
    return "\n".join(lines)


def log_entry(verdict: Verdict, message: discord.Message, guild_id: int) -> discord.Embed:
    """What the log channel is told."""
    embed = discord.Embed(
        title="A known picture was posted",
        description=f"by <@{message.author.id}> in {message.jump_url}",
        colour=discord.Colour.blurple(),
    )
    if verdict.own is not None:
        embed.add_field(name="This server's own", value=_own(verdict.own), inline=False)
    if verdict.before is not None:
        before = _before(verdict.before, guild_id)
        embed.add_field(name="Posted before", value=before, inline=False)
    return embed


def _own(match: Match) -> str:
    page = match.pages[0] if match.pages else None
    named = link(page.name, page.url, 100) if page is not None else escape(match.file or "", 100)
    return f"{named} (no. {match.image_id}), {SAME[match.confidence]}"


def _before(before: Repost, guild_id: int) -> str:
    address = f"https://discord.com/channels/{guild_id}/{before.channel_id}/{before.message_id}"
    when = discord.utils.format_dt(before.posted_at, "R")
    return f"{address} {when}, {SAME[before.confidence]}"
