"""Having discord.py speak to a Discord on this machine."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import yarl
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.fake_discord.server import API, GATEWAY, FakeDiscord


@contextmanager
def pointed(address: str) -> Iterator[None]:
    """Have all clients of this process go to ``address``, as :class:`FakeDiscord` gives it."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, Asset.BASE
    place = yarl.URL(address)
    Route.BASE = f"{address}{API}"
    DiscordWebSocket.DEFAULT_GATEWAY = place.with_scheme("ws").with_path(GATEWAY)
    Asset.BASE = f"{address}/cdn"
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, Asset.BASE = before


@asynccontextmanager
async def discord_here(**options: Any) -> AsyncIterator[FakeDiscord]:
    """A :class:`FakeDiscord` that all clients of this process go to."""
    async with FakeDiscord(**options) as discord:
        with pointed(discord.address):
            yield discord
