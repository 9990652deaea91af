"""A bot of several processes: which shards one of them has, and when they may say who they are."""

from bot.shards._gate import WINDOW, Gate, Starts, Turns
from bot.shards._shards import MOST_SHARDS, SINGLE, Shards, parse_shards

__all__ = ["MOST_SHARDS", "SINGLE", "WINDOW", "Gate", "Shards", "Starts", "Turns", "parse_shards"]
