"""What a bot was heard to do, in order."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from tests.fake_discord.model import File

SHOWN = 20
"""So many of the last things that were heard are named where one did not come."""

LINE = 300
"""So many characters of each of them are shown."""

PATIENCE = 10.0
"""Seconds after which what did not come is taken for lost."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request over REST or to the CDN; ``body`` is its JSON, and ``line`` method and path."""

    line: str
    body: Any = None
    files: tuple[File, ...] = ()

    def matches(self, pattern: str) -> bool:
        """Whether it is one of these, such as ``POST /channels/*/messages``."""
        return fnmatchcase(self.line, pattern)


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that was sent to the gateway, or befell a connection to it.

    ``name`` is ``connect``, ``identify``, ``resume``, ``heartbeat``, ``presence`` or ``close``;
    ``at`` is a time of the event loop in seconds.
    """

    name: str
    shard: int
    at: float
    data: Any = None


@dataclass(slots=True)
class Heard:
    """All that was heard, oldest first, or the last ``limit`` of it; ``limit=0`` keeps nothing."""

    limit: int | None = None
    entries: deque[Asked | Signal] = field(init=False)
    _waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.entries = deque(maxlen=self.limit)

    def __iter__(self) -> Iterator[Asked | Signal]:
        return iter(self.entries)

    def add(self, entry: Asked | Signal) -> None:
        """Keep it, and wake who waits for it."""
        self.entries.append(entry)
        self.wake()

    def wake(self) -> None:
        """Look whether what somebody waits for has come."""
        for there, future in self._waiting:
            if not future.done() and there():
                future.set_result(None)

    def asked(self, pattern: str) -> list[Asked]:
        """The requests that match, such as ``POST /channels/*/messages``."""
        return [each for each in self.entries if isinstance(each, Asked) and each.matches(pattern)]

    def signals(self, name: str) -> list[Signal]:
        """What of that name was sent to the gateway."""
        return [each for each in self.entries if isinstance(each, Signal) and each.name == name]

    async def until_asked(self, pattern: str, count: int = 1) -> list[Asked]:
        """The first ``count`` requests that match, as soon as there are so many.

        Raises ``TimeoutError``, which names what was heard instead.
        """
        await self.until(lambda: len(self.asked(pattern)) >= count, f"{count} × {pattern}")
        return self.asked(pattern)[:count]

    async def until_signal(self, name: str, count: int = 1) -> list[Signal]:
        """As :meth:`until_asked`, of the gateway."""
        await self.until(lambda: len(self.signals(name)) >= count, f"{count} × {name}")
        return self.signals(name)[:count]

    async def until(self, there: Callable[[], bool], wanted: str) -> None:
        """Wait until ``there`` says so, which is asked whenever something is heard or done.

        Raises ``TimeoutError``, which names what was heard instead.
        """
        if there():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = (there, future)
        self._waiting.append(waiting)
        try:
            await self.within(future, wanted)
        finally:
            self._waiting.remove(waiting)

    async def within(self, coming: Awaitable[T], wanted: str) -> T:
        """What comes of ``coming``. Raises ``TimeoutError``, which names what was heard instead."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await coming
        except TimeoutError:
            raise TimeoutError(f"there was no {wanted}; heard:\n{self}") from None

    def __str__(self) -> str:
        return "\n".join(str(entry)[:LINE] for entry in list(self.entries)[-SHOWN:])
