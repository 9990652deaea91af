"""A server's own rules: what its moderators decided, and what they may decide."""

import asyncio
import logging
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

from bot.errors import DatabaseError, RequestError
from db.rules import (
    MAX_DAYS,
    MAX_LEEWAY,
    MAX_MINUTES,
    Restricted,
    Rules,
    RulesStore,
    Strictness,
    Style,
    Watch,
)
from db.sightings import SightingsStore
from db.store import SERVER_PREFIX

__all__ = [
    "MAX_DAYS",
    "MAX_LEEWAY",
    "MAX_MINUTES",
    "Restricted",
    "Rules",
    "RulesService",
    "Strictness",
    "Style",
    "Watch",
    "own_collection",
    "parse_language",
    "parse_number",
    "parse_prefix",
]

DEFAULTS = Rules()
MAX_PREFIX = 10

# Two or three letters and perhaps more behind hyphens, as wikis name the languages they are in.
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]{2,12}){0,2}")
# A name, a channel, an emoji or a slash command would begin so; a backtick would end the quotes
# that examples stand in. The rest are letters and signs that show nothing.
_NO_PREFIX = frozenset("`@#<>/\\\u115f\u1160\u2800\u3164\uffa0")

log = logging.getLogger(__name__)


class RulesService:
    """Knows the rules of every server, and changes them.

    They are few and small and asked for at every message, so they are all in memory.  What another
    process changes is read anew when this one is told of it.
    """

    def __init__(self, store: RulesStore, sightings: SightingsStore) -> None:
        self._store = store
        self._sightings = sightings
        self._rules: dict[int, Rules] = {}
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Read them all. Raises :class:`bot.errors.DatabaseUnavailableError`."""
        async with self._changing:
            self._rules = await self._store.all()

    async def reload(self, guild_id: int) -> None:
        """Read those of a server anew. Raises :class:`bot.errors.DatabaseUnavailableError`."""
        async with self._changing:
            rules = await self._store.of(guild_id)
            if rules is None:
                self._rules.pop(guild_id, None)
            else:
                self._rules[guild_id] = rules

    def of(self, guild_id: int | None) -> Rules:
        """The rules of a server; the defaults for one without, and in private messages."""
        return DEFAULTS if guild_id is None else self._rules.get(guild_id, DEFAULTS)

    async def change(self, guild_id: int, change: Callable[[Rules], Rules]) -> Rules:
        """Change a server's rules, one change at a time, and give them as they are then.

        What its watch has seen and need not know any more is forgotten, or else by the next sweep.
        Raises :class:`bot.errors.DatabaseUnavailableError`; then nothing has changed.
        """
        async with self._changing:
            before = self.of(guild_id)
            after = change(before)
            if after != before:
                await self._store.put(guild_id, after)
                self._rules[guild_id] = after
        if after.watch != before.watch:
            try:
                await self._sightings.sweep(guild_id)
            except DatabaseError as error:
                log.warning("what server %d need not keep is kept for now: %s", guild_id, error)
        return after

    async def forget(self, guild_id: int) -> None:
        """Forget the rules of a server, and what its watch has seen."""
        async with self._changing:
            await self._store.drop(guild_id)
            self._rules.pop(guild_id, None)
        await self._sightings.forget_server(guild_id)

    async def channel_gone(self, guild_id: int, channel_id: int) -> None:
        """Take a channel that was deleted out of a server's rules, and forget what was seen there.

        Where the bot answered in that channel alone, it then answers everywhere.
        """

        def without(rules: Rules) -> Rules:
            watch = rules.watch
            watch = replace(
                watch,
                channels=watch.channels - {channel_id},
                log=None if watch.log == channel_id else watch.log,
            )
            return replace(rules, channels=rules.channels - {channel_id}, watch=watch)

        await self.change(guild_id, without)
        await self._sightings.forget_channel(guild_id, channel_id)


def own_collection(guild_id: int) -> str:
    """The name of the collection of a server's own pictures, whether there are any yet or not."""
    return f"{SERVER_PREFIX}{guild_id}"


def parse_prefix(text: str) -> str | None:
    """What commands are to begin with; ``None`` for nothing. Raises :class:`RequestError`."""
    prefix = text.strip()
    if not prefix:
        return None
    if len(prefix) > MAX_PREFIX or not all(map(_may_begin, prefix)):
        raise RequestError(
            f"Commands can begin with up to {MAX_PREFIX} letters, digits and signs, without spaces "
            "and none of ` @ # < > / \\. Nothing was changed."
        )
    return prefix


def parse_language(text: str) -> str | None:
    """The code of a language; ``None`` for nothing. Raises :class:`RequestError`."""
    code = text.strip().lower().replace("_", "-")
    if not code:
        return None
    if not _LANGUAGE.fullmatch(code):
        raise RequestError(
            "Write the language as Wikipedia does in its addresses: `en`, `de`, `zh-yue`. Nothing "
            "was changed."
        )
    return code


def parse_number(text: str, what: str, least: int, most: int) -> int:
    """A whole number within bounds. Raises :class:`RequestError` that says ``what`` it is of."""
    digits = text.strip()
    if (
        digits.isascii()
        and digits.isdecimal()
        and len(digits) < 10
        and least <= int(digits) <= most
    ):
        return int(digits)
    raise RequestError(f"{what} can be {least} to {most}. Nothing was changed.")


def _may_begin(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNPS" and char not in _NO_PREFIX
