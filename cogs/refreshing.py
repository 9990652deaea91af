"""Links to attachments on Discord that have run out, signed anew by Discord itself."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import discord
from discord.http import HTTPClient, Route

from bot.net import NetworkError
from bot.net.discord_files import is_signed_anew, unsigned
from cogs.targets import Target

# As many as Discord takes at a time.
MAX_LINKS = 50

log = logging.getLogger(__name__)


async def refreshed(
    targets: Sequence[Target],
    http: HTTPClient,
    *,
    timeout: float,  # noqa: ASYNC109 - bounds the question alone, and is no error
) -> tuple[Target, ...]:
    """``targets``, with working links in place of the expired ones to attachments on Discord.

    Links that people copied work for a day.  Discord is asked once for all of them; where it gives
    no good answer within ``timeout`` seconds, a link stays as it is, and reading it says why.
    """
    expired = {
        target.url: link
        for target in targets
        if target.attachment is None
        and target.asset is None
        and (link := unsigned(target.url)) is not None
    }
    if not expired:
        return tuple(targets)
    links = list(dict.fromkeys(expired.values()))[:MAX_LINKS]
    try:
        async with asyncio.timeout(timeout):
            answer = await http.request(
                Route("POST", "/attachments/refresh-urls"), json={"attachment_urls": links}
            )
    except (discord.DiscordException, NetworkError, OSError, TimeoutError) as error:
        # The kind alone: its text may hold the links, which open what only some may see.
        log.info("%d expired links were not refreshed: %s", len(links), type(error).__name__)
        return tuple(targets)
    fresh = _signed_anew(answer, links)
    return tuple(
        replace(target, url=fresh.get(expired.get(target.url, ""), target.url))
        for target in targets
    )


def _signed_anew(answer: object, links: Sequence[str]) -> dict[str, str]:
    """The working links of an answer, each by the one of ``links`` to the same file."""
    pairs = answer.get("refreshed_urls") if isinstance(answer, Mapping) else None
    given = [
        link
        for pair in (pairs if isinstance(pairs, list) else ())
        if isinstance(pair, Mapping) and isinstance(link := pair.get("refreshed"), str)
    ]
    fresh: dict[str, str] = {}
    for link in links:
        found = next((new for new in given[:MAX_LINKS] if is_signed_anew(new, link)), None)
        if found is not None:
            fresh[link] = found
    return fresh
