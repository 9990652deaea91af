"""What goes wrong while members ask, by the dice: Discord, its CDN, PostgreSQL, and pictures."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from aiohttp import web

from bench.load.discord import Member, Town
from bench.load.fates import Told
from bench.load.pictures import hostile
from db.embedded import EmbeddedServer
from tests.fake_discord.faults import Fault, Handler, broken, cut_off, dropped, too_fast
from tests.fake_discord.gateway import RECONNECT, Gateway

REPLY = "POST /channels/*/messages"
TYPING = "POST /channels/*/typing"
ANYTHING = "*/channels/*"
FILE = "GET /cdn/*"

RESTART = "PostgreSQL restarts"
SILENT = "the gateway goes silent"
HOSTILE = "a picture that never ends"

RESTARTS = 2
EVERY = 60.0
"""Seconds on average between two faults of one kind."""

NOTICED = 70.0
"""Seconds by which a silent gateway has been noticed, with heartbeats every 5."""

SLOW = 2.0
"""Seconds that a slow answer takes."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault by its name, and seconds from the beginning on."""

    at: float
    name: str


def slow() -> Fault:
    """The answer comes, but late."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        await asyncio.sleep(SLOW)
        return await handler(request)

    return fault


def gone() -> Fault:
    """404, as Discord's CDN says it."""

    async def fault(_: web.Request, __: Handler) -> web.StreamResponse:
        return web.Response(status=404, text="This content is no longer available.")

    return fault


REQUESTS: dict[str, tuple[str, Callable[[], Fault], int]] = {
    "429 to a reply": (REPLY, lambda: too_fast(1.0), 1),
    "429 to “is typing”": (TYPING, lambda: too_fast(1.0), 1),
    "429 for all routes": (ANYTHING, lambda: too_fast(1.0, everywhere=True), 1),
    "500 to a reply, twice": (REPLY, broken, 2),
    "502 to “is typing”": (TYPING, lambda: broken(502), 1),
    "the connection of a reply is cut": (REPLY, dropped, 1),
    "the connection of a reply is cut when it is there": (REPLY, lambda: dropped(after=True), 1),
    "the CDN takes 2 s, three times": (FILE, slow, 3),
    "404 of the CDN": (FILE, gone, 1),
    "503 of the CDN": (FILE, lambda: broken(503), 1),
    "a file of the CDN ends early": (FILE, lambda: cut_off(b"\xff\xd8\xff\xe0"), 1),
}
"""What happens to requests: which, the fault, and how many times in a row."""

SOCKETS: dict[str, Callable[[Gateway], None]] = {
    "the gateway's connection is cut": Gateway.drop,
    "the gateway wants a reconnect": lambda gateway: gateway.tell(RECONNECT),
    SILENT: Gateway.hush,
}


def plan(dice: random.Random, seconds: float) -> list[Planned]:
    """What goes wrong in so many seconds, and when, in order.

    Everything happens at least once, PostgreSQL's restart twice.  A silent gateway, which takes a
    minute to be noticed, happens once, and not at all where there is no time for it; nothing else
    befalls the connection meanwhile, or that would end the silence.
    """
    often = max(1, round(seconds / EVERY))
    count = dict.fromkeys([*REQUESTS, *SOCKETS, HOSTILE], often)
    count[RESTART] = RESTARTS
    count[SILENT] = int(seconds > 2 * NOTICED)
    found = []
    for name, times in count.items():
        # The silence is to be over, and what came of it seen, before the end.
        room = seconds - NOTICED if name == SILENT else seconds
        share = room / max(times, 1)
        found += [Planned(share * (n + dice.random()), name) for n in range(times)]
    silence = next((each.at for each in found if each.name == SILENT), seconds)
    kept = [
        replace(each, at=dice.uniform(0, silence))
        if each.name in SOCKETS and silence < each.at < silence + NOTICED
        else each
        for each in found
    ]
    return sorted(kept, key=lambda each: each.at)


class Trouble:
    """Has planned faults happen in a town; ``happened`` counts them."""

    def __init__(self, town: Town, server: EmbeddedServer | None, villain: Member) -> None:
        self._town = town
        self._server = server
        self._villain = villain
        self.happened: Counter[str] = Counter()
        self.heard: list[Told] = []

    async def make(self, planned: Sequence[Planned]) -> None:
        """Have everything happen at its time, and wait for what the villain is told."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as tasks:
            for each in planned:
                await asyncio.sleep(began + each.at - loop.time())
                tasks.create_task(self._happen(each.name))

    async def _happen(self, name: str) -> None:
        discord = self._town.discord
        if name == RESTART:
            if self._server is None:
                return
            await asyncio.to_thread(_restart, self._server)
        elif name == HOSTILE:
            self.heard.append(await self._town.ask(self._villain, hostile()))
        elif name in SOCKETS:
            SOCKETS[name](discord.gateway)
        else:
            pattern, fault, times = REQUESTS[name]
            discord.faults.on(pattern, fault(), times)
        self.happened[name] += 1


def _restart(server: EmbeddedServer) -> None:
    server.stop()
    server.start()
