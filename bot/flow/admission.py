"""The one way to the workers: a bounded, fair line of all who want a picture read."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Literal

from bot.errors import BusyError, RestartingError
from bot.flow.line import Asker, Bounds, Full, Line, Place

Why = Literal["user", "server", "all", "patience", "stopping"]
"""Why somebody got no turn: one of :data:`bot.flow.line.Full`, too long a wait, or a stop."""

AT_ONCE = 8
"""Turns at a time at least: most of one may be waiting for a slow link, and not for a worker."""

PATIENCE = 60.0
"""Seconds after which who waits is told that it takes too long.

Discord lets an interaction be answered for fifteen minutes, but nobody looks that long.
"""

TOO_LONG = "So much is asked at the moment that I did not get to it in time. Ask again in a minute."
SENTENCES: Mapping[Full, str] = {
    "server": "This server has enough {noun}s waiting already. Ask again in a minute.",
    "all": "I have more to do than I can at the moment. Ask again in a minute.",
}


class Admission:
    """Lets so many at once to what there is one of, in fair turns, and refuses what can't wait.

    ::

        with admission.entered(asker, len(pictures)) as turns:
            for picture, turn in zip(pictures, turns, strict=True):
                async with turn:
                    ...

    A turn spans all that a picture takes, its download included, so that ``at_once`` bounds the
    pictures in memory. Of the turns the background has one in two at most. ``noun`` is what
    sentences call that which waits.
    """

    def __init__(
        self,
        at_once: int = AT_ONCE,
        bounds: Bounds | None = None,
        *,
        patience: float = PATIENCE,
        noun: str = "picture",
    ) -> None:
        self._line = Line(at_once, bounds or Bounds(), most_background=max(at_once // 2, 1))
        self._patience = patience
        self._noun = noun
        self._turns: dict[Place, Turn] = {}
        self._refused: Counter[Why] = Counter()
        self._stopping = False

    @property
    def waiting(self) -> int:
        """How many people's wait for a turn."""
        return self._line.waiting

    @property
    def in_background(self) -> int:
        """How many of the background wait for a turn."""
        return self._line.in_background

    @property
    def running(self) -> int:
        """How many turns are under way."""
        return self._line.running

    @property
    def refused(self) -> Mapping[Why, int]:
        """How many got no turn since the start, and why; of those refused at once each question
        counts one.
        """
        return self._refused

    @contextmanager
    def entered(
        self, asker: Asker, count: int = 1, *, background: bool = False
    ) -> Iterator[tuple["Turn", ...]]:
        """Places for so many, all of them or none; those not used are given up at the end.

        Raises :class:`bot.errors.BusyError` where there is no room for them.
        """
        self._require_room(asker, count, background)
        until = asyncio.get_running_loop().time() + self._patience
        turns = tuple(
            Turn(self, self._line.join(asker, background=background), until) for _ in range(count)
        )
        self._turns |= {turn.place: turn for turn in turns}
        self._hand_out()
        try:
            yield turns
        finally:
            for turn in turns:
                self.leave(turn)

    @asynccontextmanager
    async def turn(self, asker: Asker, *, background: bool = False) -> AsyncIterator[None]:
        """One turn. Raises as :meth:`entered` and entering a :class:`Turn` do."""
        with self.entered(asker, background=background) as (turn,):
            async with turn:
                yield

    def stop(self) -> None:
        """Let nothing of the background in any more, and end its waiting.

        What people have asked goes on; that they ask nothing new is the business of
        :class:`bot.flow.Work`.
        """
        self._stopping = True
        for place, turn in self._turns.items():
            if place.background and not place.under_way:
                turn.refuse(self.refusal("stopping"))

    def leave(self, turn: "Turn") -> None:
        """Give up a turn or a place; a second time does nothing."""
        if self._turns.pop(turn.place, None) is not None:
            self._line.leave(turn.place)
            self._hand_out()

    def refusal(self, why: Why, user: str = "") -> BusyError:
        """What is raised where there is no turn; it is counted."""
        self._refused[why] += 1
        if why == "stopping":
            return RestartingError()
        if why == "patience":
            return BusyError(TOO_LONG)
        if why == "user":
            waiting = self._line.waiting_of(user)
            return BusyError(
                f"You have {waiting} {self._noun}{'' if waiting == 1 else 's'} waiting already. "
                "Wait for the answers, then ask again."
            )
        return BusyError(SENTENCES[why].format(noun=self._noun))

    def _require_room(self, asker: Asker, count: int, background: bool) -> None:
        if background and self._stopping:
            raise self.refusal("stopping")
        full = self._line.full(asker, count, background=background)
        if full is not None:
            raise self.refusal(full, asker.user)

    def _hand_out(self) -> None:
        while (place := self._line.next()) is not None:
            self._turns[place].begin()


class Turn:
    """A turn to come: entering it waits for it, leaving it gives it to the next.

    Entering raises :class:`bot.errors.BusyError` when that takes too long.
    """

    def __init__(self, admission: Admission, place: Place, until: float) -> None:
        self.place = place
        self._admission = admission
        self._until = until
        self._refused: BusyError | None = None
        self._decided = asyncio.Event()

    def begin(self) -> None:
        """It is this one's turn."""
        self._decided.set()

    def refuse(self, why: BusyError) -> None:
        """There will be no turn."""
        self._refused = why
        self._decided.set()

    async def __aenter__(self) -> None:
        try:
            await self._wait()
        except BaseException:
            self._admission.leave(self)
            raise

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._admission.leave(self)

    async def _wait(self) -> None:
        if not self._decided.is_set():
            try:
                async with asyncio.timeout_at(self._until):
                    await self._decided.wait()
            except TimeoutError:
                raise self._admission.refusal("patience") from None
        if self._refused is not None:
            raise self._refused
