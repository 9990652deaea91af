"""What becomes of the requests of a session that somebody else's library has."""

from collections.abc import Callable
from types import SimpleNamespace

import aiohttp

Note = Callable[[str, int | None], None]
"""Told the host of each request, and the status of its answer; ``None`` where there was none."""


def traced(note: Note) -> aiohttp.TraceConfig:
    """What a session is given so that ``note`` hears of its requests, tries again included."""

    async def answered(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        parameters: aiohttp.TraceRequestEndParams,
    ) -> None:
        note(parameters.url.host or "", parameters.response.status)

    async def failed(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        parameters: aiohttp.TraceRequestExceptionParams,
    ) -> None:
        note(parameters.url.host or "", None)

    config = aiohttp.TraceConfig()
    config.on_request_end.append(answered)
    config.on_request_exception.append(failed)
    return config
