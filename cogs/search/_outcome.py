"""What became of each picture that a member asked about."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bot.client import WhereisBot
from bot.errors import FetchError
from bot.requests import count_search, timed
from bot.search import Answer, Scope
from cogs.errors import outcome_of
from cogs.refreshing import refreshed
from cogs.targets import Target, read_target


@dataclass(frozen=True, slots=True)
class Outcome:
    """A picture and its answer, or why it could not be had."""

    target: Target
    answer: Answer | FetchError


class Searcher:
    """Reads and searches pictures, a few at a time over all members together.

    So many pictures are held in memory at once, whatever members send.
    """

    def __init__(self, bot: WhereisBot, at_once: int = 4) -> None:
        self._bot = bot
        self._options = bot.options
        self._slots = asyncio.Semaphore(at_once)

    async def search(self, targets: Sequence[Target], scope: Scope) -> tuple[Outcome, ...]:
        """The outcome of each target, in order.

        Raises :class:`bot.errors.DatabaseUnavailableError`.
        """
        found = await refreshed(targets, self._bot.http, timeout=self._options.fetch_timeout)
        outcomes = await asyncio.gather(
            *(self._outcome(target, scope) for target in found), return_exceptions=True
        )
        return tuple(map(_or_raised, outcomes))

    async def _outcome(self, target: Target, scope: Scope) -> Outcome:
        async with self._slots:
            try:
                with timed(self._bot.metrics, "fetch"):
                    data = await read_target(
                        target,
                        self._bot.services.fetcher,
                        max_bytes=self._options.max_bytes,
                        timeout=self._options.fetch_timeout,
                    )
            except FetchError as error:
                count_search(self._bot.metrics, outcome_of(error))
                # The error without its traceback, which holds all that was downloaded until then.
                return Outcome(target, type(error)(error.sentence))
            return Outcome(target, await self._bot.services.search.search(data, scope))


def _or_raised(outcome: Outcome | BaseException) -> Outcome:
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome
