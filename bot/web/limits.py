"""How much each may ask, and how many at once."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.web.problems import busy, slower

REMEMBERED = 10_000
"""How many are remembered; whoever asked longest ago is forgotten first."""

_AGAIN = 2.0  # seconds after which there may be room
_ROUNDING = 1e-6  # seconds by which sums of times may be off


class Allowances:
    """Lets each do ``burst`` things at once, and ``per_minute`` in the long run; 0 is any number.

    What is kept of each is one time, at which nothing of their allowance is used.
    """

    def __init__(
        self, burst: int, per_minute: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds_each = 60 / per_minute if per_minute else 0.0
        self._most = burst * self._seconds_each
        self._clock = clock
        self._rested: OrderedDict[str, float] = OrderedDict()

    def use(self, who: str, cost: float = 1.0) -> None:
        """Use some of what they have left.

        Raises :class:`~bot.web.problems.ProblemError` where that is too little.
        """
        now = self._clock()
        rested = max(self._rested.get(who, now), now) + cost * self._seconds_each
        if rested - now > self._most + _ROUNDING:
            raise slower(
                rested - now - self._most, "You have asked a lot. Wait a little, then go on."
            )
        if rested > now:
            self._rested[who] = rested
            self._rested.move_to_end(who)
        self._forget(now)

    def __len__(self) -> int:
        return len(self._rested)

    def _forget(self, now: float) -> None:
        while self._rested:
            who, rested = next(iter(self._rested.items()))
            if rested > now and len(self._rested) <= REMEMBERED:
                break
            del self._rested[who]


class Places:
    """Lets so many in at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside: Counter[str] = Counter()

    @contextmanager
    def taken(self, who: str, most_each: int) -> Iterator[None]:
        """Have a place for as long as it takes.

        Raises :class:`~bot.web.problems.ProblemError` where there is none, or where who asks has
        ``most_each`` already.
        """
        if self._inside[who] >= most_each:
            raise slower(_AGAIN, "You have other searches under way. Wait for their answers.")
        if self._inside.total() >= self._most:
            raise busy(_AGAIN)
        self._inside[who] += 1
        try:
            yield
        finally:
            self._inside[who] -= 1
            if not self._inside[who]:
                del self._inside[who]
