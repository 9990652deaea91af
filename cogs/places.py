"""Where something is asked or posted, and what a server's rules say of that place."""

import discord

from bot.client import WhereisBot
from bot.rules import Rules


def places(channel: object) -> frozenset[int]:
    """The ids by which rules may mean a channel: its own, its thread's parent's, its category's."""
    ids: list[int | None] = []
    if isinstance(channel, discord.Thread):
        category = channel.parent.category_id if channel.parent is not None else None
        ids = [channel.id, channel.parent_id, category]
    elif isinstance(channel, discord.abc.GuildChannel):
        ids = [channel.id, channel.category_id]
    return frozenset(number for number in ids if number is not None)


def rules_of(bot: WhereisBot, guild: discord.abc.Snowflake | None) -> Rules:
    """The rules of a server; the defaults in private messages."""
    return bot.services.rules.of(None if guild is None else guild.id)


def is_welcome(rules: Rules, channel: object) -> bool:
    """Whether the rules have the bot answer in a channel before everybody."""
    return not rules.channels or not rules.channels.isdisjoint(places(channel))


def is_restricted(channel: object) -> bool:
    """Whether a channel is for adults alone; a thread is what its channel is."""
    if isinstance(channel, discord.Thread):
        return channel.parent is not None and is_restricted(channel.parent)
    if isinstance(
        channel,
        discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.ForumChannel,
    ):
        return channel.is_nsfw()
    return False


def listed(ids: frozenset[int], most: int = 10) -> str:
    """Channels as Discord shows them, ``most`` of them, and how many more."""
    shown = ", ".join(f"<#{number}>" for number in sorted(ids)[:most])
    more = len(ids) - most
    return f"{shown} and {more} more" if more > 0 else shown
