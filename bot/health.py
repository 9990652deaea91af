"""What watches over the process asks it: whether it lives, whether it can answer, how it does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import exposition
from prometheus_client.openmetrics import exposition as openmetrics

from bot.errors import ConfigurationError, WhereisError
from bot.metrics import Metrics

CHECK_TIMEOUT = 2.0

# What a check finds: nothing where all is well, or what is not, in words for the operator that
# name no secret.
Check = Callable[[], Awaitable[str | None]]


class Readiness:
    """Whether the program can answer now.

    It can't before :meth:`begin`, and not any more after :meth:`end`; in between its checks say so.
    A check that takes longer than ``timeout`` seconds, or raises one of this program's errors, has
    found something.
    """

    def __init__(self, *, timeout: float = CHECK_TIMEOUT) -> None:
        self._timeout = timeout
        self._checks: dict[str, Check] = {}
        self._state: str | None = "starting"

    def check(self, name: str, check: Check) -> None:
        """Have a part of the program looked at."""
        self._checks[name] = check

    def begin(self) -> None:
        """Note that everything has been started."""
        if self._state == "starting":
            self._state = None

    def end(self) -> None:
        """Note that the program has been told to stop."""
        self._state = "stopping"

    async def reasons(self) -> dict[str, str]:
        """Why the program can't answer, by the part that is at fault; empty where it can."""
        found = await asyncio.gather(*map(self._found, self._checks.values()))
        reasons = {name: said for name, said in zip(self._checks, found, strict=True) if said}
        return reasons if self._state is None else {"program": self._state, **reasons}

    async def _found(self, check: Check) -> str | None:
        try:
            async with asyncio.timeout(self._timeout):
                return await check()
        except TimeoutError:
            return f"no answer within {self._timeout:g} seconds"
        except WhereisError as error:
            return error.sentence


@asynccontextmanager
async def serve_health(
    host: str, port: int, readiness: Readiness, metrics: Metrics
) -> AsyncIterator[int]:
    """Answer ``GET /healthz``, ``/readyz`` and ``/metrics``; gives the port in use.

    ``/healthz`` is 200 as long as the event loop turns: nobody should end the process because the
    database is away.  ``/readyz`` is 200, or 503 with ``{"ready": false, "reasons": {…}}``.
    ``/metrics`` is Prometheus' text format, or OpenMetrics for who asks for that.  Port 0 means any
    free one.

    Raises :class:`ConfigurationError` where it can't listen.
    """

    async def alive(_: web.Request) -> web.Response:
        return _document({"alive": True})

    async def ready(_: web.Request) -> web.Response:
        reasons = await readiness.reasons()
        return _document({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)

    async def measured(request: web.Request) -> web.Response:
        # The checks find out what the numbers tell, whether the database is there for one.
        await readiness.reasons()
        if "application/openmetrics-text" in request.headers.get("Accept", ""):
            body = openmetrics.generate_latest(metrics.registry)  # type: ignore[no-untyped-call]
            content_type = openmetrics.CONTENT_TYPE_LATEST
        else:
            body = exposition.generate_latest(metrics.registry)
            content_type = exposition.CONTENT_TYPE_PLAIN_0_0_4
        return web.Response(
            body=body, headers={"Content-Type": content_type, "Cache-Control": "no-store"}
        )

    app = web.Application()
    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/metrics", measured)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise ConfigurationError(
                f"The health check can't listen on {host}, port {port} ({error.strerror}). Set "
                "WHEREIS_HEALTH_PORT to another port, or to 0 for none, and WHEREIS_HEALTH_HOST to "
                "an address of this machine."
            ) from None
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def _document(content: dict[str, object], status: int = 200) -> web.Response:
    return web.json_response(content, status=status, headers={"Cache-Control": "no-store"})
