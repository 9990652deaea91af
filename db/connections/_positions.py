"""How far a replica must be in the primary's log before it may answer.

A position is a number of bytes in the write-ahead log, which only grows.  Who has changed a
collection finds what they did at once: until a replica has replayed it, that collection is searched
on the primary.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from itertools import pairwise

# In place of a collection's id: for writes that every search has to see.
EVERYTHING = 0

# The position of a write that nobody knows, further than any.
UNKNOWN = (1 << 63) - 1

# How many positions of the primary are remembered, one a second at most.
REMEMBERED = 600


class Positions:
    """The primary's positions over the last minutes, and those of what was written by us.

    ``most_behind`` is in seconds: a replica that is further behind may not answer, so that a write
    older than that need not be remembered.
    """

    def __init__(self, most_behind: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most_behind = most_behind
        self._clock = clock
        self._primary: deque[tuple[float, int]] = deque(maxlen=REMEMBERED)
        self._written: dict[int, tuple[float, int]] = {}

    def primary_is_at(self, position: int) -> None:
        """Note where the primary is now."""
        if self._primary and position < self._primary[-1][1]:
            # Another server is the primary now, with a log of its own from some position on.
            self._primary.clear()
            self._written.clear()
        if not self._primary or position > self._primary[-1][1]:
            self._primary.append((self._clock(), position))

    def wrote(self, collection_id: int, position: int = UNKNOWN) -> None:
        """Note that a collection was written to, up to a position of the primary."""
        now = self._clock()
        # Twice as long, because where the primary was is known by the second only.
        kept = now - 2 * self._most_behind
        self._written = {key: entry for key, entry in self._written.items() if entry[0] > kept}
        self._written[collection_id] = (now, position)

    def needed(self, collection_ids: Iterable[int]) -> int:
        """How far a replica must be to be asked about some collections."""
        now = self._clock()
        kept = now - 2 * self._most_behind
        entries = (self._written.get(key, (kept, 0)) for key in (EVERYTHING, *collection_ids))
        written = max(position for at, position in entries if at >= kept)
        return max(written, self._primary_before(now - self._most_behind))

    def behind(self, replayed: int) -> float:
        """For how many seconds, at least, the primary has been further than a replica is."""
        for (_, position), (since, further) in pairwise([(0.0, 0), *self._primary]):
            if position <= replayed < further:
                return self._clock() - since
        return 0.0

    def _primary_before(self, moment: float) -> int:
        """Where the primary was at a moment, 0 if that is not known."""
        for at, position in reversed(self._primary):
            if at <= moment:
                return position
        return 0
