"""Saying something in Discord so that it arrives, and once."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import discord

from bot.gateway import OUT_OF_REACH
from bot.net import NetworkError
from cogs.text import in_brief

UNSAID = (discord.HTTPException, NetworkError, OSError, TimeoutError)
"""What is raised where something could not be said, for whatever reason."""

UNKNOWN_INTERACTION = 10062
UNKNOWN_WEBHOOK = 10015
ACKNOWLEDGED_ALREADY = 40060

WAITS = (0.2, 1.0, 3.0)
"""Seconds before each further try."""

PATIENCE = 20.0
"""Seconds after which nothing is tried again; discord.py itself may have tried for so long."""

T = TypeVar("T")

log = logging.getLogger(__name__)


async def persistently(act: Callable[[], Awaitable[T]]) -> T:
    """Do what may be done twice without harm, again while Discord is out of reach."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for wait in WAITS:
        try:
            return await act()
        except OUT_OF_REACH as error:
            if loop.time() - began > PATIENCE:
                raise
            log.info("Discord is out of reach, trying again in %.1f s: %s", wait, in_brief(error))
        await asyncio.sleep(wait)
    return await act()


async def say(place: discord.abc.Messageable, **parts: Any) -> discord.Message:
    """Send a message, again while Discord is out of reach.

    ``parts`` are those of :meth:`discord.abc.Messageable.send`.  Where it is unknown whether the
    first try arrived, the second changes nothing: Discord takes a nonce once.
    """
    nonce = secrets.token_hex(8)
    return await persistently(lambda: place.send(**parts, nonce=nonce))


async def acknowledge(interaction: discord.Interaction[Any], *, hidden: bool) -> bool:
    """Have Discord show that an answer comes; whether it takes one to the interaction.

    It does not when the interaction came here more than three seconds after it was begun.
    """
    tried = False

    async def defer() -> None:
        nonlocal tried
        again, tried = tried, True
        try:
            await interaction.response.defer(ephemeral=hidden, thinking=True)
        except discord.HTTPException as error:
            # The first try arrived, and what became of it was lost on the way.
            if not (again and error.code == ACKNOWLEDGED_ALREADY):
                raise

    try:
        await persistently(defer)
    except discord.NotFound as error:
        if error.code != UNKNOWN_INTERACTION:
            raise
        log.info("interaction %s came too late to be answered", interaction.id)
        return False
    return True
