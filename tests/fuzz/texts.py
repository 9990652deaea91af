"""The targets that take words apart, and what has to hold for each whatever the words are."""

import random
import signal
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Self

from tests.fuzz.model import Finding, Outcome, failure
from tests.fuzz.words import MESSAGE_LENGTH, grown, text

# Seconds that one input may take at all. It is far more than any needs.
PATIENCE = 10.0

# How often an input is repeated up to the greatest length, and timed.
_GROWN_EVERY = 64

# A long input may take this many seconds; and four times the length this many times as long, unless
# it is quick enough to be of no concern.
_LONG = 1.0
_QUICK = 0.05
_STEEP = 10.0

Check = Callable[[str], str | Awaitable[str]]


class StuckError(Exception):
    """An input took so long that it was given up."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a target of text is made of.

    ``check`` takes one text, raises for a promise that is broken, and gives a word to count by.
    ``pieces`` are what texts are made of, unless ``draw`` makes them.  ``longest`` is how many
    characters the product takes in at once; ``grows`` says that a text repeated is still one.
    """

    name: str
    check: Check
    pieces: Sequence[str]
    longest: int = MESSAGE_LENGTH
    draw: Callable[[random.Random], str] | None = None
    grows: bool = True


class TextTarget:
    """Gives texts to a parser, and looks whether what it promises holds.

    Every so often an input is repeated up to the greatest length there is, to see that time grows
    with the length and not with its square.
    """

    share = 1.0
    shrinks = True

    def __init__(self, words: Words) -> None:
        self._words = words
        self._tried = 0

    @property
    def name(self) -> str:
        """What it is called."""
        return self._words.name

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None

    def draw(self, dice: random.Random) -> bytes:
        """A new text, in UTF-8 that may have lone surrogates."""
        words = self._words
        if words.draw is not None:
            made = words.draw(dice)
        else:
            made = text(dice, words.pieces, min(words.longest, MESSAGE_LENGTH))
        return made.encode("utf-8", "surrogatepass")

    async def attempt(self, data: bytes) -> Outcome:
        """Try one text."""
        given = data.decode("utf-8", "surrogatepass")
        self._tried += 1
        begun = time.perf_counter()
        try:
            with _patience():
                answer = self._words.check(given)
                status = answer if isinstance(answer, str) else await answer
                seconds = time.perf_counter() - begun
                steep = None
                if self._words.grows and self._tried % _GROWN_EVERY == 1:
                    steep = await self._steep(given)
        except Exception as error:  # noqa: BLE001  (any is a finding)
            return Outcome("failed", time.perf_counter() - begun, failure(error))
        return Outcome(status, seconds, steep)

    async def _steep(self, piece: str) -> Finding | None:
        """Whether time runs away from the length of the text."""
        longest = self._words.longest
        long = await self._timed(grown(piece, longest))
        if long < _QUICK:
            return None
        # The quickest of three is the one that the machine held up least.
        short = min([await self._timed(grown(piece, longest // 4)) for _ in range(3)])
        long = min([long, *[await self._timed(grown(piece, longest)) for _ in range(2)]])
        if long < _QUICK or (long < _LONG and long < _STEEP * short):
            return None
        return Finding(
            "failure",
            "slow",
            f"Repeated up to {longest // 4} characters it takes {short:.3f} s, up to {longest} "
            f"{long:.3f} s: {piece[:200]!r}",
        )

    async def _timed(self, given: str) -> float:
        begun = time.process_time()
        answer = self._words.check(given)
        if not isinstance(answer, str):
            await answer
        return time.process_time() - begun


@contextmanager
def _patience() -> Iterator[None]:
    """Interrupt what takes too long; a regular expression as well, which looks for signals."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise StuckError(f"no end after {PATIENCE:g} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
