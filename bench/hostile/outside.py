"""Downloads in real time, out of reach of the simulated Discord's clock.

That clock stands still while the bot waits for something, and so would the time of a download.
"""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

from bot.errors import FetchError
from bot.net import Download, Fetcher

_Asked = tuple[str, asyncio.Future[Download]]


class InRealTime(Fetcher):
    """Has another fetcher download, in a task that was begun before the simulation."""

    def __init__(self, fetcher: Fetcher) -> None:
        super().__init__()
        self._fetcher = fetcher
        self._asked: asyncio.Queue[_Asked] = asyncio.Queue()
        self._serving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._serving = asyncio.create_task(self._serve())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._serving is not None:
            self._serving.cancel()
            with suppress(asyncio.CancelledError):
                await self._serving

    async def fetch(self, url: str) -> Download:
        """As :meth:`Fetcher.fetch`; one download at a time."""
        answer: asyncio.Future[Download] = asyncio.get_running_loop().create_future()
        self._asked.put_nowait((url, answer))
        return await answer

    async def _serve(self) -> None:
        while True:
            url, answer = await self._asked.get()
            try:
                answer.set_result(await self._fetcher.fetch(url))
            except FetchError as error:
                answer.set_exception(error)
