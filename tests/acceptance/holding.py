"""Searches that wait until a test lets them go on, and messages that nobody waits for."""

import asyncio
from collections.abc import Callable

import pytest
from simcord.actors import MemberActor

from bot.search import Answer, Scope, SearchService
from tests.acceptance.world import Town, png


class Held:
    """Holds every search from the moment that it has its turn; ``of`` tells whose they were."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.of: list[int | None] = []
        self.go_on = asyncio.Event()
        self._begun = asyncio.Semaphore(0)
        held, search = self, SearchService.search

        async def wait_first(self: SearchService, data: bytes, scope: Scope, **how: bool) -> Answer:
            held.of.append(scope.guild_id)
            held._begun.release()
            await held.go_on.wait()
            return await search(self, data, scope, **how)

        monkeypatch.setattr(SearchService, "search", wait_first)

    async def begun(self) -> None:
        """Wait until one more has its turn."""
        await self._begun.acquire()


def post(town: Town, who: MemberActor, text: str = "!whereis", *, pictures: int = 1) -> int:
    """Send a message, and don't wait for what the bot makes of it; gives its id."""
    files = [(f"{n}.png", png(1)) for n in range(pictures)]
    attached = town.env.backend.store_attachments(town.channel.id, files) if files else []
    sent = town.env.backend.create_message(town.channel.id, who.id, text, attachments=attached)
    return int(sent.id)


async def until(comes: Callable[[], bool]) -> None:
    """Wait for what the bot does."""
    while not comes():  # noqa: ASYNC110
        await asyncio.sleep(0)
