"""``GET /healthz`` on loopback, for whoever watches over the process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from bot.errors import ConfigurationError, WhereisError

HOST = "127.0.0.1"
CHECK_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the bot can answer, and what there is to say about its parts, ready for JSON."""

    ok: bool
    detail: Mapping[str, object] = field(default_factory=dict)


@asynccontextmanager
async def serve_health(
    port: int,
    check: Callable[[], Awaitable[Health]],
    *,
    timeout: float = CHECK_TIMEOUT,  # noqa: ASYNC109 (it bounds each check, not this call)
) -> AsyncIterator[int]:
    """Answer ``GET /healthz`` on 127.0.0.1 with what ``check`` says; gives the port in use.

    The answer is 200 or 503 with the JSON object ``{"ok": …, …detail}``.  A check that takes longer
    than ``timeout`` seconds, or that raises one of this program's errors, is a 503.  Port 0 means
    any free one.

    Raises :class:`ConfigurationError` when the port is taken.
    """

    async def answer(_: web.Request) -> web.Response:
        health = await _checked(check, timeout)
        return web.json_response(
            {**health.detail, "ok": health.ok},
            status=200 if health.ok else 503,
            headers={"Cache-Control": "no-store"},
        )

    app = web.Application()
    app.router.add_get("/healthz", answer)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, HOST, port).start()
        except OSError as error:
            raise ConfigurationError(
                f"The health check can't listen on port {port} ({error.strerror}). "
                "Set WHEREIS_HEALTH_PORT to another port, or to 0 for none."
            ) from None
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def _checked(check: Callable[[], Awaitable[Health]], seconds: float) -> Health:
    try:
        async with asyncio.timeout(seconds):
            return await check()
    except TimeoutError:
        return Health(ok=False, detail={"reason": f"no answer within {seconds:g} seconds"})
    except WhereisError as error:
        return Health(ok=False, detail={"reason": error.sentence})
