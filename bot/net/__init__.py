"""Fetching a stranger's link, safely."""

from aiohttp import ClientError as NetworkError

from bot.net.addresses import IPAddress, is_public
from bot.net.fetcher import Download, Fetcher

__all__ = ["Download", "Fetcher", "IPAddress", "NetworkError", "is_public"]
