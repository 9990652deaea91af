"""What becomes of the requests that discord.py makes, in a session of its own."""

from collections.abc import Callable
from types import SimpleNamespace

import aiohttp
from yarl import URL

Note = Callable[[str, int | None], None]
"""Told the part of Discord that was asked, and the status of its answer; ``None`` without one."""

# Where Discord has attachments and its copies of what is linked to.
_FILE_HOSTS = (".discordapp.com", ".discordapp.net")


def traced(note: Note) -> aiohttp.TraceConfig:
    """What a session is given so that ``note`` hears of its requests, tries again included."""

    async def answered(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        parameters: aiohttp.TraceRequestEndParams,
    ) -> None:
        note(part_of(parameters.url), parameters.response.status)

    async def failed(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        parameters: aiohttp.TraceRequestExceptionParams,
    ) -> None:
        note(part_of(parameters.url), None)

    config = aiohttp.TraceConfig()
    config.on_request_end.append(answered)
    config.on_request_exception.append(failed)
    return config


def part_of(url: URL) -> str:
    """The part of Discord that an address belongs to: its ``files``, or its ``api``."""
    return "files" if (url.host or "").endswith(_FILE_HOSTS) else "api"
