"""Look at everything the bot needs, and say what to do about what is missing.

Each check is handed values and gives a :class:`Check`; none of them raises for what it finds.
"""

import platform
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Literal

from bot.client import Login, try_token
from bot.errors import ConfigurationError, FetchError
from bot.images import cairo_available, heif_available
from db import ServerInfo
from db.records import IndexStatus

Verdict = Literal["ok", "note", "problem"]

LIBRARIES = ("discord.py", "asyncpg", "pillow", "imagehash", "cairosvg", "aiohttp")
LARGE = 100_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. ``remedy`` says what to do; it is ``None`` where all is well."""

    name: str
    verdict: Verdict
    detail: str
    remedy: str | None = None

    def as_json(self) -> dict[str, str | None]:
        """The check as it stands in the JSON document."""
        return asdict(self)


def check_versions() -> Check:
    """Python and the libraries that matter."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return Check("versions", "ok", f"Python {platform.python_version()}, {libraries}")


def check_cairo() -> Check:
    """Whether SVGs can be read."""
    if cairo_available():
        return Check("cairo", "ok", "SVG pictures can be read")
    remedy = "brew install cairo" if sys.platform == "darwin" else "sudo apt-get install libcairo2"
    return Check(
        "cairo", "note", "the cairo library is missing: SVG pictures can't be read", remedy
    )


def check_heif() -> Check:
    """Whether HEIC pictures, as phones make them, can be read."""
    if heif_available():
        return Check("heic", "ok", "HEIC pictures can be read")
    return Check("heic", "note", "HEIC pictures can't be read", "pip install 'whereis-bot[heif]'")


async def check_discord(token: str | None) -> AsyncIterator[Check]:
    """The token, the intent, and the link that invites the bot."""
    if token is None:
        yield Check(
            "token",
            "problem",
            "DISCORD_TOKEN is not set",
            "make one at https://discord.com/developers/applications (your application → Bot → "
            "Reset Token) and put it into .env; whereis-bot demo works without",
        )
        return
    try:
        login = await try_token(token)
    except ConfigurationError as error:
        yield Check(
            "token",
            "problem",
            str(error),
            "reset it at https://discord.com/developers/applications (your application → Bot)",
        )
        return
    except FetchError as error:
        yield Check("token", "note", str(error), "check this machine's network, then try again")
        return
    yield Check("token", "ok", f"Discord knows it as “{login.application}”")
    yield _check_intent(login)
    yield Check("invite", "ok", login.invite)


def _check_intent(login: Login) -> Check:
    if login.message_content:
        return Check("intents", "ok", "the bot may read messages")
    return Check(
        "intents",
        "problem",
        "the bot may not read messages, so !whereis sees nothing",
        "switch on “Message Content Intent” at https://discord.com/developers/applications "
        "(your application → Bot)",
    )


def check_database(info: ServerInfo) -> Check:
    """The server that answered."""
    kind = "embedded" if info.embedded else "at DATABASE_URL"
    return Check(
        "database", "ok", f"PostgreSQL {info.version}, {kind}, schema {info.schema_version}"
    )


def check_extension(info: ServerInfo) -> Check:
    """Where the search operators come from."""
    if info.operators == "extension":
        detail = f"bktree {info.extension_version}"
        if info.extension_available in (None, info.extension_version):
            return Check("extension", "ok", detail)
        return Check(
            "extension",
            "note",
            f"{detail}; version {info.extension_available} is installed on the server",
            "ALTER EXTENSION bktree UPDATE; as a superuser in this database",
        )
    if info.embedded:
        remedy = "sudo apt-get install gcc make libc6-dev, then start again"
    elif info.extension_available:
        remedy = "CREATE EXTENSION bktree; as a superuser in this database, then start again"
    else:
        remedy = (
            "make -C db/extension install PG_CONFIG=… on the database's machine (docs/extension.md)"
        )
    return Check(
        "extension",
        "note",
        "not there: every search reads every picture, which is slow beyond a million",
        remedy,
    )


def check_index(status: IndexStatus) -> Check:
    """The search index, and whether it can be used."""
    pictures = f"{status.images:,} picture{'' if status.images == 1 else 's'}"
    if status.building is not None:
        return Check("index", "note", f"being built, {status.building:.0%} done", "wait for it")
    if status.kind is None:
        if status.images < LARGE:
            return Check("index", "ok", f"none, and none needed for {pictures}")
        return Check("index", "problem", f"none for {pictures}", "whereis-bot index build")
    if not status.valid:
        return Check(
            "index", "problem", "left unfinished by an interrupted build", "whereis-bot index build"
        )
    megabytes = status.size_bytes / 1e6
    return Check("index", "ok", f"{status.kind}, {pictures}, {megabytes:,.1f} MB")


def worst(checks: Sequence[Check]) -> Verdict:
    """The verdict over all."""
    order: tuple[Verdict, ...] = ("problem", "note", "ok")
    return next(v for v in order if v == "ok" or any(c.verdict == v for c in checks))
