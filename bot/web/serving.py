"""The server: what every answer has, and how it begins and ends."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from bot.cards import CardService
from bot.errors import ConfigurationError, RestartingError, WhereisError
from bot.flow import Admission, Work
from bot.metrics import Metrics
from bot.net import Fetcher
from bot.search import SearchService
from bot.web import api
from bot.web.api import Api
from bot.web.connections import ASKED, listen
from bot.web.desk import Desk
from bot.web.headers import add_headers
from bot.web.measuring import measuring
from bot.web.options import WebOptions
from bot.web.page import SearchPage
from bot.web.problems import ProblemError, of_error, of_refusal

# Seconds for which what is left of a refused request is taken in, so that its sender reads why.
LINGER = 3.0
# Seconds that answers may take which are under way when the server is closed; before it is told to
# stop, `work` waits for them.
_SHUTDOWN = 1.0
# What programs ask for; the rest is the page.
API = ("/api/", "/thumbs/")

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serve_web(
    search: SearchService,
    fetcher: Fetcher,
    options: WebOptions,
    *,
    cards: CardService | None = None,
    metrics: Metrics | None = None,
    turns: Admission | None = None,
    work: Work | None = None,
    clock: Callable[[], float] = time.monotonic,
    lingering_time: float = LINGER,
) -> AsyncIterator[str]:
    """Serve the page and the API; gives the address at which they are.

    Without ``cards`` nothing is told of the articles; ``metrics`` is told of the requests.
    Pictures are read when it is their turn in ``turns``; ``work`` notes what is being answered, and
    says when nothing is any more.  ``clock`` gives the seconds by which is counted what each may
    ask.  Raises :class:`ConfigurationError` where it can't listen.
    """
    metrics = metrics or Metrics()
    work = Work() if work is None else work
    desk = Desk(search, fetcher, options, cards=cards, metrics=metrics, turns=turns, clock=clock)
    runner = web.AppRunner(
        application(Api(desk, options), SearchPage(desk, options), metrics, work),
        handle_signals=False,
        # Who goes away leaves no search behind.
        handler_cancellation=True,
        shutdown_timeout=_SHUTDOWN,
    )
    await runner.setup()
    try:
        if runner.server is None:
            raise RuntimeError("the server is not set up")
        try:
            listening = await listen(runner.server, options, lingering_time=lingering_time)
        except OSError as error:
            raise ConfigurationError(
                f"The page can't listen on {options.host}, port {options.port} "
                f"({error.strerror}). Set WHEREIS_WEB_PORT to a port that is free, and "
                "WHEREIS_WEB_HOST to an address of this machine."
            ) from None
        try:
            host, port = listening.sockets[0].getsockname()[:2]
            yield f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
        finally:
            listening.close()
    finally:
        await runner.cleanup()


def application(api_: Api, page: SearchPage, metrics: Metrics, work: Work) -> web.Application:
    """All addresses, and what they have in common."""

    @web.middleware
    async def answered(request: web.Request, handler: _Handler) -> web.StreamResponse:
        task = asyncio.current_task()
        try:
            # Each request has a task of its own, which ends when its answer is sent.
            work.begin()
            return await handler(request)
        except asyncio.CancelledError:
            if task is None or not work.has_given_up(task):
                raise
            task.uncancel()
            problem = of_error(RestartingError())
        except WhereisError as error:
            problem = of_error(error)
        except web.HTTPException as refusal:
            if refusal.status < 400:
                raise
            problem = of_refusal(refusal)
        return _of_problem(request, problem)

    def _of_problem(request: web.Request, problem: ProblemError) -> web.Response:
        if request.path.startswith(API):
            return api.of_problem(problem)
        return page.of_problem(problem)

    async def with_headers(request: web.Request, response: web.StreamResponse) -> None:
        add_headers(response.headers)
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        begun = request.get(ASKED)
        if begun is not None:
            response.headers["X-Request-ID"] = begun.id
        if request.path.startswith(API):
            api_.allow_origin(request, response)

    app = web.Application(middlewares=[measuring(metrics), answered])
    app.on_response_prepare.append(with_headers)
    api_.add_to(app.router)
    page.add_to(app.router)
    return app
