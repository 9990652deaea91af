"""Servers of a test's own, which it may kill, damage and copy."""

import os
import select
import shlex
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg

from db.postmaster import disown_leftovers, postmaster_runs
from db.server_user import choose_server_user, let_in
from tests.integration.extension.servers import PATIENCE, Server

# A process that is killed leaves to the kernel what it wrote, so nothing here depends on fsync.
# Torn pages and lost writes are another matter, for which full_page_writes stays as it is.
SETTINGS = {
    "fsync": "off",
    "listen_addresses": "",
    "max_connections": "40",
    "shared_buffers": "16MB",
    "max_wal_size": "128MB",
    "jit": "off",
    "restart_after_crash": "off",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",
}

CRASHES = ("PANIC:", "terminated by signal", "TRAP:", "inconsistent page")


class Cluster:
    """A data folder in ``folder``, and the server on it, like ``kit`` but for ``settings``."""

    def __init__(self, kit: Server, folder: Path, settings: Mapping[str, str]) -> None:
        self._kit = kit
        self._folder = folder
        self._settings = {**SETTINGS, **kit.settings, **settings}
        self.data = folder / "data"
        self.log = folder / "log"
        self._excused = False
        self._user = choose_server_user(self.data)
        self._user.own(folder)
        let_in(self._user, self.data, print)

    def create(self) -> None:
        """Make an empty data folder.

        Without checksums, where that can be chosen: with them PostgreSQL itself finds what was
        damaged before anybody else has to.
        """
        choice = [] if self._kit.installed else ["--no-data-checksums"]
        self._run(
            "initdb", "-U", "postgres", "--auth=trust", "--locale=C", "-N", "-E=UTF8", *choice
        )

    def copy(self, primary: "Cluster") -> None:
        """Make a data folder that follows a running server."""
        address = f"host={primary._folder} port=5432 user=postgres"
        self._run("pg_basebackup", "--write-recovery-conf", "--checkpoint=fast", "-d", address)

    def start(self) -> None:
        """Start the server, and return once it has recovered and answers."""
        if not postmaster_runs(self.data):
            disown_leftovers(self.data, self._folder)
        settings = {**self._settings, "unix_socket_directories": f'"{self._folder}"'}
        options = " ".join(f"-c {shlex.quote(f'{k}={v}')}" for k, v in settings.items())
        self._run("pg_ctl", "start", "-w", "-l", str(self.log), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """Stop the server in order, if it runs."""
        if postmaster_runs(self.data):
            self._run("pg_ctl", "stop", "-w", "-m", mode)

    def promote(self) -> None:
        """Let a copy go its own way."""
        self._run("pg_ctl", "promote", "-w")

    def kill(self) -> None:
        """End every process of the server with SIGKILL, and return when none is left."""
        postmaster = int((self.data / "postmaster.pid").read_text("ascii").partition("\n")[0])
        # Stopped, it can have no more children, nor notice that one died.
        os.kill(postmaster, signal.SIGSTOP)
        watched = []
        for pid in (postmaster, *children(postmaster)):
            with suppress(ProcessLookupError):
                watched.append(os.pidfd_open(pid))
                os.kill(pid, signal.SIGKILL)
        for descriptor in watched:
            # A process's descriptor can be read from once it has ended.
            assert select.select([descriptor], [], [], PATIENCE)[0], "a process outlived SIGKILL"
            os.close(descriptor)

    def kill_backend(self, pid: int) -> None:
        """End one of the server's processes with SIGKILL."""
        self._excused = True
        os.kill(pid, signal.SIGKILL)

    async def connect(self, database: str = "postgres", **options: Any) -> Any:
        """A connection to a database of this server."""
        where = {"host": str(self._folder), "port": 5432, "user": "postgres", "ssl": False}
        return await asyncpg.connect(
            **where, database=database, **{"command_timeout": PATIENCE, **options}
        )

    def crashes(self) -> list[str]:
        """Lines of the log that tell of a process that died by itself, or of a bad recovery."""
        lines = self.log.read_text("utf-8", "replace").splitlines() if self.log.exists() else []
        crashes = [line for line in lines if any(sign in line for sign in CRASHES)]
        # The one that was asked for.
        return crashes[1:] if self._excused else crashes

    def _run(self, program: str, *arguments: str) -> None:
        folder = self._kit.binaries if program == "pg_basebackup" else self._kit.programs
        done = subprocess.run(  # type: ignore[call-overload]
            [folder / program, "-D", self.data, *arguments],
            stdin=subprocess.DEVNULL,
            # Into a file: a server that starts in there would keep a pipe open.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            **self._user.popen_options(self._folder),
        )
        said = self.log.read_text("utf-8", "replace")[-4000:] if self.log.exists() else ""
        assert done.returncode == 0, f"{program} failed: {said}"


def children(parent: int) -> list[int]:
    """The processes that a process has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name, in brackets, may have anything in it.
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(stat.parent.name))
    return found
