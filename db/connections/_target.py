"""Where a database is: what asyncpg needs to know, and what people may be shown."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bot.errors import ConfigurationError

# Shown to people, so it must not let any part of a password through: everything after an @ that
# stands where it shouldn't makes the whole address unshowable.
_SHOWABLE = re.compile(
    r"^postgres(?:ql)?://(?:[^@/?#]*@)?(?P<host>[^@/?#:,]*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d+))?"
    r"(?:/(?P<name>[^@/?#:]*))?(?:\?[^@]*)?$"
)

PRIMARY = "DATABASE_URL"
REPLICA = "DATABASE_READ_URL"


@dataclass(frozen=True, slots=True)
class Target:
    """A database to connect to: what asyncpg needs, and what people may be shown.

    ``revive`` makes sure that the server runs, where it is ours to start.  ``setting`` is the name
    of the setting that leads here.
    """

    options: Mapping[str, Any]
    shown: str
    remedy: str
    revive: Callable[[], Awaitable[None]] | None = None
    setting: str = PRIMARY

    def not_an_address(self) -> ConfigurationError:
        """What is wrong when asyncpg can't make anything of the address."""
        return _not_an_address(self.setting)


def target_of_url(url: str, setting: str = PRIMARY) -> Target:
    """The database that ``DATABASE_URL``, or another setting, names.

    ``DATABASE_READ_URL`` prefers a standby among its hosts unless it says otherwise.  Raises
    :class:`ConfigurationError` for what is no address of a PostgreSQL database.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise _not_an_address(setting)
    found = _SHOWABLE.match(url)
    shown = f"in {setting}"
    if found and found["host"]:
        port = f":{found['port']}" if found["port"] else ""
        name = f"/{found['name']}" if found["name"] else ""
        shown = f"at {found['host']}{port}{name}"
    options: dict[str, Any] = {"dsn": url}
    if setting == REPLICA and not _says_which(url):
        options["target_session_attrs"] = "prefer-standby"
    return Target(
        options,
        shown,
        f"Check {setting}, and that the server runs and lets this machine in.",
        setting=setting,
    )


def _says_which(url: str) -> bool:
    try:
        return "target_session_attrs" in parse_qs(urlsplit(url).query)
    except ValueError:
        # No address at all, which connecting finds out.
        return False


def _not_an_address(setting: str) -> ConfigurationError:
    return ConfigurationError(
        f"{setting} is not the address of a PostgreSQL database. It looks like "
        "postgresql://user:password@host:5432/name, with special characters in the password "
        "written as %xx."
    )
