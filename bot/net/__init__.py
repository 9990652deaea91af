"""Fetching a stranger's link, safely."""

from aiohttp import ClientError as NetworkError

from bot.net.addresses import IPAddress, is_public
from bot.net.fetcher import Download, Fetcher
from bot.net.tracing import traced

# NetworkError is what HTTP clients built on aiohttp, discord.py among them, raise for a connection
# that fails; :class:`Fetcher` itself lets none of it out.
__all__ = ["Download", "Fetcher", "IPAddress", "NetworkError", "is_public", "traced"]
