"""The rules of servers: what moderators may decide for theirs, and the rows that hold it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from db.connections import Connections

Style = Literal["public", "private", "fleeting"]
Strictness = Literal["exact", "close", "possible"]
Restricted = Literal["never", "asked", "always"]

MAX_MINUTES = 60
MAX_DAYS = 30
MAX_LEEWAY = 720


@dataclass(frozen=True, slots=True)
class Watch:
    """What is done with pictures that are posted unasked.

    ``channels`` are those that are watched, none by default.  ``emoji`` is what the bot reacts with
    to a picture that is known; ``None`` stands for an answer in words.  ``own`` compares with the
    server's own pictures, and ``days`` with those posted in the same channel in so many days; 0
    stands for not at all, and then nothing is kept.  Within ``leeway`` hours people may post a
    picture of theirs again.  ``log`` is the channel that is told of each.
    """

    channels: frozenset[int] = frozenset()
    emoji: str | None = None
    own: bool = True
    days: int = 7
    leeway: int = 24
    log: int | None = None

    @property
    def remembers(self) -> bool:
        """Whether anything is kept of the pictures that are posted."""
        return bool(self.channels) and self.days > 0


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one server; the defaults are those of a server that has made none.

    ``channels`` are where the bot answers before everybody, empty for everywhere.  ``style`` says
    who sees an answer; a fleeting one goes after ``minutes``.  ``strictness`` is the least sure
    match that is shown.  ``language`` is the code of the language in which articles are liked best.
    ``collections`` are the names of those that are searched, empty for all.  ``moderator_role`` is
    the id of a role in place of the one in the settings, ``prefix`` what commands begin with.
    ``restricted`` says whether pictures in age-restricted channels are searched: never, when
    somebody asks, or also by the watch.
    """

    channels: frozenset[int] = frozenset()
    style: Style = "public"
    minutes: int = 5
    strictness: Strictness = "possible"
    language: str | None = None
    collections: frozenset[str] = frozenset()
    moderator_role: int | None = None
    prefix: str | None = None
    restricted: Restricted = "asked"
    watch: Watch = field(default_factory=Watch)


class RulesStore:
    """Reads and writes the rules of servers.

    Every method raises :class:`bot.errors.DatabaseUnavailableError` when the database does not
    answer.
    """

    def __init__(self, connections: Connections, sql: Mapping[str, str]) -> None:
        self._connections = connections
        self._sql = sql

    async def all(self) -> dict[int, Rules]:
        """The rules of every server that has made any, by the server's id."""
        rows = await self._connections.fetch(self._sql["rules_all"])
        return {row["guild_id"]: _rules(row) for row in rows}

    async def of(self, guild_id: int) -> Rules | None:
        """The rules of a server, if it has made any."""
        rows = await self._connections.fetch(self._sql["rules_of"], guild_id)
        return _rules(rows[0]) if rows else None

    async def put(self, guild_id: int, rules: Rules) -> None:
        """Store the rules of a server in place of those that it has."""
        await self._connections.execute(self._sql["rules_put"], guild_id, *_values(rules))

    async def drop(self, guild_id: int) -> None:
        """Let a server go by the defaults."""
        await self._connections.execute(self._sql["rules_drop"], guild_id)


def _values(rules: Rules) -> tuple[object, ...]:
    watch = rules.watch
    return (
        sorted(rules.channels),
        rules.style,
        rules.minutes,
        rules.strictness,
        rules.language,
        sorted(rules.collections),
        rules.moderator_role,
        rules.prefix,
        rules.restricted,
        sorted(watch.channels),
        watch.emoji,
        watch.own,
        watch.days,
        watch.leeway,
        watch.log,
    )


def _rules(row: Any) -> Rules:
    return Rules(
        channels=frozenset(row["channels"]),
        style=row["style"],
        minutes=row["minutes"],
        strictness=row["strictness"],
        language=row["language"],
        collections=frozenset(row["collections"]),
        moderator_role=row["moderator_role"],
        prefix=row["prefix"],
        restricted=row["restricted"],
        watch=Watch(
            channels=frozenset(row["watched"]),
            emoji=row["watch_emoji"],
            own=row["watch_own"],
            days=row["watch_days"],
            leeway=row["watch_leeway"],
            log=row["watch_log"],
        ),
    )
