"""Look at everything the bot needs, and say what to do about what is missing.

Each check is handed values and gives a :class:`Check`; none of them raises for what it finds.
"""

import platform
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

from bot.errors import ConfigurationError, FetchError
from bot.images import Guard, cairo_available, heif_available
from bot.importers.zim import zim_available
from db import ServerInfo
from db.records import INDEX_KINDS, IndexStatus, ReplicaStatus

if TYPE_CHECKING:
    # What the checks are called with; most commands that print one have no use for Discord.
    from bot.client import Login

Verdict = Literal["ok", "note", "problem"]

LIBRARIES = ("discord.py", "asyncpg", "pillow", "imagehash", "cairosvg", "aiohttp")
LARGE = 100_000

# Bytes of log that a replica in good health has replayed within seconds.
FAR_BEHIND = 64 * 1024 * 1024
MEBIBYTE = 1024 * 1024

INSTALL = "make -C db/extension install PG_CONFIG=… on the database's machine (docs/extension.md)"


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


def check_zim() -> Check:
    """Whether ZIM files, as Kiwix offers them, can be imported."""
    if zim_available():
        return Check("zim", "ok", "ZIM files can be imported")
    return Check("zim", "note", "ZIM files can't be imported", "pip install 'whereis-bot[zim]'")


def check_sandbox(guards: Sequence[Guard]) -> Check:
    """What the processes that read pictures are kept from doing."""
    if not guards:
        return Check(
            "sandbox",
            "problem",
            "no process that reads pictures starts, so no picture can be read",
            "the reason is in what was logged above; often it is too little memory",
        )
    held = _listed([f"{guard.name} ({guard.by})" for guard in guards if not guard.missing])
    limited = "processes that read pictures are limited in time and memory"
    detail = f"{limited}, and can't {held}" if held else limited
    missing = [guard for guard in guards if guard.missing]
    if not missing:
        return Check("sandbox", "ok", detail)
    could = _listed([guard.name for guard in missing])
    reasons = "; ".join(dict.fromkeys(str(guard.missing) for guard in missing))
    return Check(
        "sandbox",
        "note",
        f"{detail}; but one that a hostile picture took over could {could}: {reasons}",
        "Linux 5.13 or newer with Landlock, and sudo apt-get install libseccomp2; see "
        "docs/security.md",
    )


def _listed(names: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


async def check_discord(
    token: str | None, try_token: Callable[[str], Awaitable["Login"]]
) -> AsyncIterator[Check]:
    """The token, the intent, and the link that invites the bot.

    ``try_token`` is :func:`bot.client.try_token`.
    """
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


def _check_intent(login: "Login") -> Check:
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
            "ALTER EXTENSION bktree UPDATE; as its owner or a superuser in this database",
        )
    if info.embedded:
        remedy = "sudo apt-get install gcc make libc6-dev, then start again"
    elif info.extension_available:
        remedy = "CREATE EXTENSION bktree; as a superuser in this database, then start again"
    else:
        remedy = INSTALL
    return Check(
        "extension",
        "note",
        "not there: every search reads every picture, which is slow beyond a million",
        remedy,
    )


def check_replica(replica: ReplicaStatus) -> Check:
    """The server that answers searches, and how far it is behind."""
    if replica.problem is not None:
        return Check(
            "replica",
            "problem",
            f"{replica.problem} Searches go to the primary meanwhile",
            "bring it back, or take DATABASE_READ_URL out of .env",
        )
    if not replica.standby:
        return Check(
            "replica",
            "note",
            f"the server {replica.shown} is no standby: searches go to a primary",
            "let DATABASE_READ_URL lead to a standby, or leave it empty",
        )
    behind = f"{_mebibytes(replica.behind_bytes)} of the log behind the primary"
    if replica.behind_bytes >= FAR_BEHIND:
        return Check(
            "replica",
            "note",
            f"{replica.shown}, {behind}: searches go to the primary where it is too far",
            "look at pg_stat_replication on the primary, and at the replica's log",
        )
    return Check("replica", "ok", f"{replica.shown}, {behind}")


def check_search_index(status: IndexStatus, *, embedded: bool) -> tuple[Check, ...]:
    """All there is to say of the index: how it is, where it is kept, whether there is a better."""
    index = check_index(status)
    if status.operators == "standin":
        return (index,)
    if status.kind is None:
        return (index, check_kind(status, embedded=embedded))
    return (
        index,
        check_memory(status, embedded=embedded),
        check_kind(status, embedded=embedded),
    )


def check_index(status: IndexStatus) -> Check:
    """The search index, and whether it can be used."""
    pictures = f"{status.images:,} picture{'' if status.images == 1 else 's'}"
    if status.building is not None:
        return Check("index", "note", f"being built, {status.building:.0%} done", "wait for it")
    if status.kind is None:
        if status.images < LARGE:
            return Check("index", "ok", f"none, and none needed for {pictures}")
        if status.operators == "standin":
            return Check(
                "index",
                "problem",
                f"none for {pictures}, and none to be had without the extension bktree",
                "whereis-bot doctor tells how to get that; then whereis-bot index build",
            )
        return Check("index", "problem", f"none for {pictures}", "whereis-bot index build")
    if not status.valid:
        return Check(
            "index", "problem", "left unfinished by an interrupted build", "whereis-bot index build"
        )
    detail = f"{status.kind}, {pictures}, {_mebibytes(status.size_bytes)}"
    if status.leftovers:
        return Check(
            "index",
            "note",
            f"{detail}; an interrupted build left another one, which only costs space and time",
            f"whereis-bot index build --kind {status.kind}",
        )
    return Check("index", "ok", detail)


def check_memory(status: IndexStatus, *, embedded: bool) -> Check:
    """Whether the index stays in the memory that PostgreSQL keeps for itself."""
    mine = f"shared_buffers, the database's own memory, is {_mebibytes(status.shared_buffers)}"
    if status.fits:
        return Check("memory", "ok", f"{mine}: the index fits")
    wanted = f"{status.shared_buffers_wanted // MEBIBYTE}MB"
    if embedded:
        remedy = (
            f"add the line shared_buffers = {wanted} at the end of postgres/postgresql.conf in "
            "WHEREIS_DATA_DIR, then stop and start every whereis-bot"
        )
    else:
        remedy = (
            f"POSTGRES_SHARED_BUFFERS={wanted} in .env with docker compose, shared_buffers = "
            f"{wanted} in the postgresql.conf of a server of your own; then start it again"
        )
    return Check(
        "memory",
        "note",
        f"{mine}: too little to keep the index ({_mebibytes(status.size_bytes)}) and what is read "
        "with it, so searches wait for the disk or the system's cache",
        remedy,
    )


def check_kind(status: IndexStatus, *, embedded: bool) -> Check:
    """Whether the index is of the best kind, or what to do to get it."""
    offered = " and ".join(status.offered)
    best = INDEX_KINDS[0]
    if status.better is not None:
        return Check(
            "kind",
            "note",
            f"{status.better} can be had, and answers much faster than {status.kind}",
            f"whereis-bot index build --kind {status.better} (searches go on meanwhile)",
        )
    if best in status.offered:
        return Check("kind", "ok", f"{offered} can be had")
    if status.extension_available not in (None, status.extension_version):
        remedy = "ALTER EXTENSION bktree UPDATE; as its owner or a superuser in this database"
    elif embedded:
        remedy = "sudo apt-get install gcc make libc6-dev, then start again"
    else:
        remedy = f"{INSTALL}, then start again"
    version = f"bktree {status.extension_version}"
    return Check("kind", "note", f"{version} is too old for {best}, the fastest kind", remedy)


def _mebibytes(size: int) -> str:
    return f"{size / MEBIBYTE:,.{0 if size >= 100 * MEBIBYTE else 1}f} MB"


def worst(checks: Sequence[Check]) -> Verdict:
    """The verdict over all."""
    order: tuple[Verdict, ...] = ("problem", "note", "ok")
    return next(v for v in order if v == "ok" or any(c.verdict == v for c in checks))
