"""Servers that have rules of their own."""

from dataclasses import replace
from typing import Any

import discord
from simcord import Env
from simcord.builders import ChannelHandle

from bot.client import Services
from bot.errors import WhereisError
from bot.rules import Rules
from cogs.errors import root_of
from tests.acceptance.world import Town, embed_of


async def rule(services: Services, town: Town, **values: Any) -> Rules:
    """Change a server's rules as its moderators would."""
    return await services.rules.change(town.guild.id, lambda rules: replace(rules, **values))


async def watch(services: Services, town: Town, *channels: ChannelHandle, **values: Any) -> None:
    """Have channels of a server watched, or its only one."""
    ids = frozenset(channel.id for channel in channels or (town.channel,))
    await services.rules.change(
        town.guild.id,
        lambda rules: replace(rules, watch=replace(rules.watch, channels=ids, **values)),
    )


def restrict(env: Env, channel: ChannelHandle) -> None:
    """Make a channel one for adults, which the simulated Discord has no word for."""
    found = env.bot.get_channel(channel.id)
    assert isinstance(found, discord.TextChannel)
    found.nsfw = True


def refused_only(env: Env) -> None:
    """Look at what went wrong so far: something did, and every time it was refused in words."""
    assert env.errors
    assert all(isinstance(root_of(error), WhereisError) for error in env.errors)


def title_of(message: discord.Message) -> str:
    """The title of a message's embed."""
    return embed_of(message).title or ""


def private_words(channel: ChannelHandle) -> list[str]:
    """What the bot wrote in private messages, oldest first."""
    return [message.content for message in channel.history() if message.author.bot]
