"""Servers of two PostgreSQL versions with the extension, and what is done on them."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from db.embedded import EmbeddedServer, find_binaries
from db.extension_build import CFLAGS, extension_sources
from db.server_settings import essential_settings

SYSTEM_BINARIES = Path("/usr/lib/postgresql/15/bin")
# Commits are waited for: until then vacuum marks no page as visible to all, and no index is
# trusted alone.
HASTY = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "256MB",
}
# Seconds; what takes longer waits for something that will not come.
PATIENCE = 120.0
LEGACY = Path("test") / "legacy"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Server:
    """A running server that knows every version of the extension.

    ``installed`` is a system's PostgreSQL that the extension was installed into by ``make``.
    ``binaries`` has the clients; another server like this one is run with the ``programs`` and
    ``settings``, by which it finds the extension.
    """

    binaries: Path
    options: dict[str, Any]
    installed: bool
    programs: Path
    settings: dict[str, str]

    async def connect(self, database: str = "postgres") -> Any:
        """A connection to a database of this server."""
        options = {**self.options, "database": database}
        return await asyncpg.connect(**options, command_timeout=PATIENCE)

    def environment(self, database: str) -> dict[str, str]:
        """What libpq's programs need to connect to that database."""
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith(("PG", "MAKE"))},
            "PGHOST": str(self.options["host"]),
            "PGPORT": str(self.options["port"]),
            "PGUSER": str(self.options["user"]),
            "PGDATABASE": database,
            # The time zone and dates that pg_regress sets.
            "PGTZ": "America/Los_Angeles",
            "PGDATESTYLE": "Postgres, MDY",
        }


def make(folder: Path, binaries: Path, *targets: str, flags: Sequence[str] = ()) -> str:
    """Run the extension's Makefile; what it and the compiler said."""
    command = ["make", f"PG_CONFIG={binaries / 'pg_config'}", "with_llvm=no", *flags, *targets]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, said
    return said


def copy_sources(to: Path) -> Path:
    """The extension's sources, without what was built from them."""
    leave = shutil.ignore_patterns("*.o", "*.so", "*.bc", "results", "regression.*")
    return Path(shutil.copytree(extension_sources(), to, ignore=leave))


def build_for_embedded(built: Path, scratch: Path) -> Path:
    """Every version of the extension, for the PostgreSQL that comes along.

    ``built`` is a folder of the newest one.
    """
    sources = copy_sources(scratch / "source")
    make(sources / LEGACY, find_binaries(), flags=[f"CFLAGS={CFLAGS}"])
    folder = Path(shutil.copytree(built, scratch / "both"))
    shutil.copy(sources / LEGACY / "bktree_legacy.so", folder / "lib")
    shutil.copy(sources / LEGACY / "bktree--1.0.sql", folder / "extension")
    return folder


def build_for_system(scratch: Path) -> Path | None:
    """A Debian PostgreSQL 15 with the extension; ``None`` where there is none to build for.

    It is a tree of links to the system's, so that ``make install`` writes nothing there: a server
    finds its files by where its program is.
    """
    pgxs = SYSTEM_BINARIES.parent / "lib" / "pgxs"
    headers = Path("/usr/include/postgresql/15/server/postgres.h")
    if not (pgxs.is_dir() and headers.is_file() and (SYSTEM_BINARIES / "initdb").is_file()):
        return None
    root = scratch / "root"
    sources = copy_sources(scratch / "source")
    make(sources, SYSTEM_BINARIES, "install", flags=[f"DESTDIR={root}"])
    make(sources / LEGACY, SYSTEM_BINARIES, "install", flags=[f"DESTDIR={root}"])
    extension = root / "usr/share/postgresql/15/extension"
    shutil.copy(sources / LEGACY / "bktree--1.0.sql", extension)
    for part in ("usr/lib/postgresql/15", "usr/share/postgresql/15"):
        _link_missing(Path("/") / part, root / part)
    binaries = root / SYSTEM_BINARIES.relative_to("/")
    for name in ("postgres", "initdb", "pg_ctl"):
        (binaries / name).unlink()
        shutil.copy(SYSTEM_BINARIES / name, binaries)
    return root


@contextmanager
def embedded_server(folder: Path, extension: Path, say: Say) -> Iterator[Server]:
    """The PostgreSQL that comes along, with its data in ``folder``."""
    server = EmbeddedServer(folder, say, extension=extension, settings=HASTY)
    server.start()
    try:
        binaries = find_binaries()
        settings = essential_settings(server.socket_dir, extension)
        finds = {k: v for k, v in settings.items() if k.endswith("_path")}
        yield Server(binaries, server.connect_options, False, binaries, finds)
    finally:
        server.stop()


@contextmanager
def system_server(folder: Path, root: Path) -> Iterator[Server]:
    """The PostgreSQL below ``root``, with its data in ``folder``."""
    binaries = root / SYSTEM_BINARIES.relative_to("/")
    user: dict[str, Any] = {"cwd": "/"}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        user |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        shutil.chown(folder, nobody.pw_uid, nobody.pw_gid)

    def run(name: str, *arguments: object) -> None:
        command = [str(binaries / name), "-D", str(folder / "data"), *map(str, arguments)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **user)

    run("initdb", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
    settings = " ".join(f"-c {name}={value}" for name, value in HASTY.items())
    listen = f"-k {folder} -c listen_addresses="
    run("pg_ctl", "start", "-w", "-l", folder / "log", "-o", f"{listen} {settings}")
    try:
        options = {"host": str(folder), "port": 5432, "user": "postgres", "ssl": False}
        yield Server(SYSTEM_BINARIES, options, True, binaries, {})
    finally:
        run("pg_ctl", "stop", "-w", "-m", "fast")
    assert "terminated by signal" not in (folder / "log").read_text("utf-8", "replace")


def _link_missing(origin: Path, copy: Path) -> None:
    """Fill a tree with links to what it lacks of another."""
    copy.mkdir(parents=True, exist_ok=True)
    for entry in origin.iterdir():
        twin = copy / entry.name
        # A real folder here is one that make install made; what a link leads to is the system's.
        if twin.is_dir() or (entry.is_dir() and entry.name in ("bin", "lib", "extension")):
            _link_missing(entry, twin)
        elif not twin.exists():
            twin.symlink_to(entry)
