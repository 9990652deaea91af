"""Do once what several ask for at the same time."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass
class _Work(Generic[V]):
    """What is under way, and for how many."""

    task: asyncio.Task[V]
    waiting: int = 0


class Shared(Generic[K, V]):
    """Lets those who want the same thing at the same time wait for one piece of work.

    Nothing is kept: who comes when it is done has it begun again.  Work that nobody waits for any
    more is cancelled.
    """

    def __init__(self) -> None:
        self._under_way: dict[K, _Work[V]] = {}

    async def get(self, key: K, work: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """What ``work`` gives, or what the work gives that is under way for ``key`` already.

        Raises what the work raises.
        """
        doing = self._under_way.get(key)
        if doing is None:
            doing = self._under_way[key] = _Work(asyncio.create_task(work()))
            doing.task.add_done_callback(_look_at)
        doing.waiting += 1
        try:
            return await asyncio.shield(doing.task)
        finally:
            doing.waiting -= 1
            if not doing.waiting:
                del self._under_way[key]
                doing.task.cancel()


def _look_at(task: asyncio.Task[Any]) -> None:
    """Keep asyncio from complaining of an exception that nobody waited for."""
    if not task.cancelled():
        task.exception()
