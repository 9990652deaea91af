"""Connections that can't be held open by those who have nothing to ask."""

import asyncio
import logging
import socket
from typing import cast

from aiohttp import web

from bot.requests import Request, during
from bot.web.api import of_problem
from bot.web.headers import add_headers
from bot.web.options import WebOptions
from bot.web.problems import ProblemError, bad_request

log = logging.getLogger(__name__)

MOST = 512
"""How many there are at once; one more is closed as soon as it is there."""

HEAD_TIMEOUT = 10.0
"""Seconds in which the head of a connection's first request must have come."""

ASKED = web.RequestKey("asked", Request)
"""Where a request of HTTP has what is known of it as one of ours."""

_BACKLOG = 128


class Connection(web.RequestHandler):
    """One that is closed when nothing is asked over it, and logs nothing of who asks.

    aiohttp itself closes it from the second request on, and logs what strangers get wrong.
    """

    __slots__ = ("_patience", "_server")

    def __init__(
        self, server: web.Server, *, loop: asyncio.AbstractEventLoop, lingering_time: float
    ) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=30.0,
            lingering_time=lingering_time,
            max_line_size=8190,
            max_field_size=8190,
            max_headers=64,
            # What is sent packed may unpack to a thousand times as much.
            auto_decompress=False,
            access_log=None,  # type: ignore[arg-type]
        )
        self._server = server
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        if len(self._server.connections) > MOST:
            self.force_close()
            return
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(HEAD_TIMEOUT, self.force_close)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Wait no longer."""
        self.asked()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what can't be read, and what went wrong here; only the latter is logged."""
        if status < 500:
            problem = bad_request("That is no request that I can read.")
        else:
            begun: Request | None = request.get(ASKED)
            with during(begun):
                log.error("an answer failed", exc_info=exc)
            problem = ProblemError(500, "error", f"Something went wrong here{_known_as(begun)}.")
        if request.writer.output_size:
            raise ConnectionError("the answer has begun and can't be another")
        response = of_problem(problem)
        add_headers(response.headers)
        if status >= 500 and begun is not None:
            response.headers["X-Request-ID"] = begun.id
        response.force_close()
        return response

    def asked(self) -> None:
        """Note that a request has come."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _known_as(begun: Request | None) -> str:
    return "" if begun is None else f" (reference {begun.id})"


def note_request(request: web.Request) -> None:
    """Note that a request has come over its connection."""
    cast(Connection, request.protocol).asked()


async def listen(
    server: web.Server, options: WebOptions, *, lingering_time: float
) -> asyncio.Server:
    """Take connections. Raises :class:`OSError` where that can't be."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: Connection(server, loop=loop, lingering_time=lingering_time),
        options.host,
        options.port,
        backlog=_BACKLOG,
        family=socket.AF_UNSPEC,
        reuse_address=True,
    )
