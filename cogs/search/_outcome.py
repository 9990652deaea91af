"""What became of each picture that a member asked about."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bot.client import WhereisBot
from bot.errors import BusyError, FetchError
from bot.flow import Asker, Turn
from bot.requests import count_search, timed
from bot.search import Answer, Scope
from cogs.errors import outcome_of
from cogs.refreshing import refreshed
from cogs.targets import Target, read_target


@dataclass(frozen=True, slots=True)
class Outcome:
    """A picture and its answer, or why it could not be had."""

    target: Target
    answer: Answer | FetchError | BusyError


class Searcher:
    """Reads and searches pictures, each when it is its turn."""

    def __init__(self, bot: WhereisBot) -> None:
        self._bot = bot
        self._options = bot.options
        self._turns = bot.services.turns

    async def search(
        self, targets: Sequence[Target], scope: Scope, asker_id: int
    ) -> tuple[Outcome, ...]:
        """The outcome of each target, in order.

        Raises :class:`bot.errors.BusyError` where there was time for none of them, and
        :class:`bot.errors.DatabaseUnavailableError`.
        """
        asker = Asker.on_discord(scope.guild_id, asker_id)
        with self._turns.entered(asker, len(targets)) as turns:
            found = await refreshed(targets, self._bot.http, timeout=self._options.fetch_timeout)
            pairs = zip(found, turns, strict=True)
            outcomes = await asyncio.gather(
                *(self._outcome(target, scope, turn) for target, turn in pairs),
                return_exceptions=True,
            )
        told = tuple(map(_or_raised, outcomes))
        too_late = [one.answer for one in told if isinstance(one.answer, BusyError)]
        if len(too_late) == len(told):
            raise too_late[0]
        return told

    async def _outcome(self, target: Target, scope: Scope, turn: Turn) -> Outcome:
        try:
            async with turn:
                return await self._searched(target, scope)
        except BusyError as error:
            count_search(self._bot.metrics, "refused")
            return Outcome(target, error)

    async def _searched(self, target: Target, scope: Scope) -> Outcome:
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
