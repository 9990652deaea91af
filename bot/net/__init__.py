"""Fetching a stranger's link, safely."""

from bot.net.addresses import IPAddress, is_public
from bot.net.fetcher import Download, Fetcher

__all__ = ["Download", "Fetcher", "IPAddress", "is_public"]
