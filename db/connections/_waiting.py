"""Waiting at the start for a database that starts as well."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.errors import DatabaseUnavailableError, LoginRefusedError
from db.connections._condition import pauses

T = TypeVar("T")


async def until_there(
    attempt: Callable[[], Awaitable[T]], patience: float, say: Callable[[str], None]
) -> T:
    """What ``attempt`` gives, tried again for so many seconds while the database is away.

    ``say`` is told what is waited for, and when it is there.  Raises what ``attempt`` raises when
    the time is up, and at once what waiting does not help against, such as a wrong password.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    told = False
    for pause in pauses():
        try:
            found = await attempt()
        except LoginRefusedError:
            raise
        except DatabaseUnavailableError as error:
            left = deadline - loop.time()
            if left <= 0:
                raise
            if not told:
                say(f"{error.sentence} Waiting up to {patience:g} seconds for it…")
                told = True
            await asyncio.sleep(min(pause, left))
        else:
            if told:
                say("The database is there.")
            return found
    raise AssertionError("there is always another pause")
