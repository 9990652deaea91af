"""A Discord on this machine: REST, the gateway and the CDN, with faults on demand.

``async with discord_here() as discord: …`` has the real discord.py log in to it.  In a process of
its own it is a :class:`FakeDiscord`; the one that runs the bot is :func:`pointed` at its address.
"""

from tests.fake_discord.gateway import Rules
from tests.fake_discord.heard import Asked, Heard, Signal
from tests.fake_discord.model import Channel, File, Guild, Interaction, Message, User
from tests.fake_discord.pointing import discord_here, pointed
from tests.fake_discord.server import APPLICATION_ID, BOT, CONTENT_INTENT, OWNER, FakeDiscord

__all__ = [
    "APPLICATION_ID",
    "BOT",
    "CONTENT_INTENT",
    "OWNER",
    "Asked",
    "Channel",
    "FakeDiscord",
    "File",
    "Guild",
    "Heard",
    "Interaction",
    "Message",
    "Rules",
    "Signal",
    "User",
    "discord_here",
    "pointed",
]
