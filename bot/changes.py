"""Keeping up with what other processes of the bot change."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

from bot.errors import DatabaseError
from bot.privacy import PrivacyService
from bot.rules import RulesService
from db.changes import Change, Changes

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds until the connection is made anew on which changes are heard; twice as long each time."""

log = logging.getLogger(__name__)


@asynccontextmanager
async def keeping_up(
    changes: Changes,
    rules: RulesService,
    privacy: PrivacyService,
    *,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[None]:
    """Have rules and opt-outs read anew as they change, for the length of a block.

    What was changed while the database was away is read when it is back.
    """
    task = asyncio.create_task(_keep_up(changes, rules, privacy, pause))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _keep_up(
    changes: Changes,
    rules: RulesService,
    privacy: PrivacyService,
    pause: Callable[[float], Awaitable[None]],
) -> None:
    wait = FIRST_WAIT
    while True:
        try:
            async with aclosing(changes.follow()) as following:
                async for change in following:
                    await _read(change, rules, privacy)
                    wait = FIRST_WAIT
        except DatabaseError as error:
            log.warning("what other processes change is not heard for now: %s", error)
        except Exception:
            log.exception("what another process changed could not be taken over")
        await pause(wait)
        wait = min(2 * wait, LONGEST_WAIT)


async def _read(change: Change | None, rules: RulesService, privacy: PrivacyService) -> None:
    if change is None:
        await rules.load()
        await privacy.load()
    elif change.table == "rules":
        await rules.reload(change.key)
    elif change.table == "opted_out":
        await privacy.reload(change.key)
