"""Each request of HTTP as a request of the program: under an id, counted, and logged at its end."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from bot.metrics import Metrics
from bot.requests import asked, note
from bot.web.connections import ASKED, note_request

GONE = 499
"""What those are counted as who did not wait for their answer; the number is nginx's."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def measuring(metrics: Metrics) -> Middleware:
    """What goes around everything that answers."""

    @web.middleware
    async def measured(request: web.Request, handler: _Handler) -> web.StreamResponse:
        note_request(request)
        with asked("web", metrics) as begun:
            request[ASKED] = begun
            status = 500
            try:
                response = await handler(request)
                status = response.status
            except web.HTTPException as redirection:
                status = redirection.status
                raise
            except asyncio.CancelledError:
                status = GONE
                raise
            finally:
                metrics.web_requests.labels(_route(request), status).inc()
                if not begun.outcomes:
                    note(_outcome(status))
        return response

    return measured


def _route(request: web.Request) -> str:
    """The pattern that an address fits, of which there are few; nothing that a stranger wrote."""
    resource = request.match_info.route.resource
    return "none" if resource is None else resource.canonical


def _outcome(status: int) -> str:
    """What became of a request that asks about no picture."""
    if status < 400:
        return "done"
    if status == GONE:
        return "gone"
    return "cooldown" if status == 429 else "failed" if status >= 500 else "refused"
