"""What goes wrong on demand, on the way to REST and to the CDN."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from aiohttp import web

from tests.fake_discord.answers import answer, refusal

UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK = 10015
UNKNOWN_INTERACTION = 10062
CANNOT_WRITE_TO_USER = 50007
MISSING_PERMISSIONS = 50013
INVALID_FORM = 50035
NO_READ_HISTORY = 160002

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Fault = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]
"""Has a request, and what would answer it; gives the answer instead."""


@dataclass(slots=True)
class _Planned:
    pattern: str
    fault: Fault
    left: int | None


@dataclass(slots=True)
class Faults:
    """What happens to the next requests that match a pattern, first come, first served."""

    planned: list[_Planned] = field(default_factory=list)

    def on(self, pattern: str, fault: Fault, times: int | None = 1) -> None:
        """Have ``fault`` happen to the next ``times`` requests that match, or to all (``None``).

        ``pattern`` is one such as ``POST /channels/*/messages``; files of the CDN are
        ``GET /cdn/*``.
        """
        self.planned.append(_Planned(pattern, fault, times))

    def clear(self) -> None:
        """Have nothing go wrong any more."""
        self.planned.clear()

    def take(self, line: str) -> Fault | None:
        """What goes wrong with a request, if anything."""
        for each in self.planned:
            if fnmatchcase(line, each.pattern):
                if each.left is not None:
                    each.left -= 1
                    if each.left == 0:
                        self.planned.remove(each)
                return each.fault
        return None


def too_fast(seconds: float, *, everywhere: bool = False) -> Fault:
    """429: to be tried again in ``seconds``; ``everywhere`` when all routes are meant."""

    async def fault(_: web.Request, __: Handler) -> web.StreamResponse:
        body = {
            "message": "You are being rate limited.",
            "retry_after": seconds,
            "global": everywhere,
        }
        response = answer(body, 429)
        # Without it a client takes the answer for one of Cloudflare's, and gives up.
        response.headers["Via"] = "1.1 google"
        response.headers["Retry-After"] = str(max(round(seconds), 1))
        if everywhere:
            response.headers["X-RateLimit-Global"] = "true"
        return response

    return fault


def answers(body: Any, status: int = 200) -> Fault:
    """Answer with that, whatever was asked."""

    async def fault(_: web.Request, __: Handler) -> web.StreamResponse:
        return answer(body, status)

    return fault


def broken(status: int = 500) -> Fault:
    """An answer of a proxy before a Discord that is down."""

    async def fault(_: web.Request, __: Handler) -> web.StreamResponse:
        return web.Response(status=status, text="upstream connect error", content_type="text/plain")

    return fault


def refused(code: int) -> Fault:
    """A refusal with one of Discord's codes, which stands for a status too."""

    async def fault(_: web.Request, __: Handler) -> web.StreamResponse:
        return refusal(code)

    return fault


def dropped(*, after: bool = False) -> Fault:
    """The connection is cut; with ``after``, what was asked is done all the same."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        if after:
            await handler(request)
        assert request.transport is not None
        request.transport.abort()
        return web.Response(status=500)

    return fault


def cut_off(data: bytes) -> Fault:
    """A file that ends early: ``data`` comes, and more was announced."""

    async def fault(request: web.Request, _: Handler) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(2 * len(data) + 1)})
        await response.prepare(request)
        await response.write(data)
        assert request.transport is not None
        request.transport.close()
        return response

    return fault


class Held:
    """A fault that keeps a request waiting until it is let go."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.free = asyncio.Event()

    async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Keep the request waiting, then answer it as if nothing had been."""
        self.reached.set()
        await self.free.wait()
        return await handler(request)
