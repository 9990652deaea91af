"""Staying connected to Discord, whatever befalls the connection."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import discord

from bot.errors import DisconnectedError
from bot.net import NetworkError

OUT_OF_REACH = (discord.DiscordServerError, NetworkError, OSError, TimeoutError)
"""What is raised where Discord was not reached, or has trouble itself; the next try may work."""

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0

STEADY = 60.0
"""Seconds after which a connection that breaks down was a good one."""

MOST_BREAKDOWNS = 5
"""So many connections in a row may break down at once."""

BAD_TOKEN = 4004

# Without them there is no connection, and it is begun anew.
_NEEDED = frozenset({"READY", "RESUMED"})

log = logging.getLogger(__name__)


async def stay(client: discord.Client, token: str) -> None:
    """Log in to Discord, and stay connected until the client is closed.

    Waits for a Discord that is out of reach.  The client itself comes back when a connection is
    lost; where it gives up over what it did not expect, it connects anew.  Raises
    ``discord.LoginFailure``, ``discord.PrivilegedIntentsRequired`` and ``discord.ConnectionClosed``
    where Discord does not let it stay, and :class:`bot.errors.DisconnectedError` where that does
    not help.
    """
    await _log_in(client, token)
    loop = asyncio.get_running_loop()
    breakdowns = 0
    while True:
        began = loop.time()
        try:
            await client.connect()
        except discord.PrivilegedIntentsRequired:
            raise
        except discord.ConnectionClosed as closed:
            if closed.code == BAD_TOKEN:
                raise discord.LoginFailure from closed
            raise
        except Exception:
            log.exception("the connection to Discord broke down")
        else:
            return
        breakdowns = 1 if loop.time() - began > STEADY else breakdowns + 1
        if breakdowns > MOST_BREAKDOWNS:
            raise DisconnectedError(
                "The connection to Discord broke down, and not for the first time or for good; the "
                "log says over what. Start the bot again, and update it if that does not help."
            )
        await asyncio.sleep(_wait(breakdowns))
        if client.is_closed():
            # At what it did not expect, a client closes itself with all its shards.
            client.clear()
            _open(client)
            # Its queue has the end in it.
            await client._async_setup_hook()
            await _log_in(client, token)


def tolerate(client: discord.Client) -> None:
    """Have ``client`` leave out an event that it can't read; one would end its connection."""
    parsers = client._connection.parsers
    for event, parse in parsers.items():
        if event not in _NEEDED:
            parsers[event] = partial(_parse, event, parse)


def _parse(event: str, parse: Callable[[Any], None], data: Any) -> None:
    try:
        parse(data)
    except Exception:
        log.exception("an event of Discord's could not be read: %s", event)


async def _log_in(client: discord.Client, token: str) -> None:
    tries = 0
    while True:
        try:
            await client.login(token)
        except (discord.HTTPException, *OUT_OF_REACH) as error:
            if not _may_pass(error):
                raise
            tries += 1
            wait = _wait(tries)
            log.warning("Discord is out of reach, trying again in %.0f s: %s", wait, error)
            await client.http.close()
            _open(client)
            await asyncio.sleep(wait)
        else:
            return


def _open(client: discord.Client) -> None:
    # What was closed is not opened again; the next try is to make its own.
    client.http.connector = discord.utils.MISSING


def _may_pass(error: Exception) -> bool:
    """Whether it is an error of the moment; too many log-ins are, and refusals are not."""
    return isinstance(error, OUT_OF_REACH) or (
        isinstance(error, discord.HTTPException) and error.status == 429
    )


def _wait(times: int) -> float:
    return float(min(FIRST_WAIT * 2 ** (times - 1), LONGEST_WAIT))
