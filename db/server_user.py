"""The system's user that the embedded PostgreSQL runs as: it refuses to run as root.

An ordinary user runs it themselves.  For root there is a user of its own, who must be able to reach
the program and the data folder, wherever those are.
"""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.errors import DatabaseUnavailableError

NAME = "pgserver"
COMMAND_TIMEOUT = 60.0

_READ = stat.S_IRGRP | stat.S_IROTH
_ENTER = stat.S_IXGRP | stat.S_IXOTH


@dataclass(frozen=True, slots=True)
class ServerUser:
    """Who runs the server. ``name`` is ``None`` for the user that this process runs as."""

    name: str | None
    uid: int
    gid: int

    def popen_options(self, folder: Path) -> dict[str, object]:
        """What :class:`subprocess.Popen` needs to run a program as this user, in a folder."""
        # The server has its own folders and addresses; PGDATA and the like are for clients.
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith("PG") and k != "MAKEFLAGS"
        }
        options: dict[str, object] = {"env": environment, "cwd": folder, "umask": 0o077}
        if self.name is not None:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def own(self, path: Path) -> None:
        """Give a file or folder to this user."""
        if self.name is not None:
            os.chown(path, self.uid, self.gid)


def choose_server_user(data: Path) -> ServerUser:
    """The user to run the server whose data folder is ``data``; made if need be.

    Raises :class:`DatabaseUnavailableError` when the folder belongs to somebody else.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise DatabaseUnavailableError(
                f"The data folder {data} belongs to another user ({_name_of(owner)}). Start "
                "whereis as the user who made it, or set WHEREIS_DATA_DIR to another folder."
            )
        return ServerUser(None, os.geteuid(), os.getegid())
    if owner:
        # Made by an ordinary user: keep it theirs, so that they can go on using it.
        entry = pwd.getpwuid(owner) if _known(owner) else None
        gid = entry.pw_gid if entry else data.stat().st_gid
        return ServerUser(_name_of(owner), owner, gid)
    entry = _ensure_user()
    return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def let_in(user: ServerUser, path: Path, say: Callable[[str], None]) -> None:
    """Let the server's user pass through the folders above ``path``, and no more than that."""
    if user.name is None:
        return
    for folder in path.parents:
        state = folder.stat()
        if state.st_uid != user.uid and not state.st_mode & stat.S_IXOTH:
            say(f"Letting the user {user.name} pass through {folder} (chmod o+x)…")
            folder.chmod(stat.S_IMODE(state.st_mode) | stat.S_IXOTH)


def let_read(user: ServerUser, folder: Path) -> None:
    """Let the server's user read and run the program below ``folder``.

    A package that was installed under a strict umask is closed to everyone else.
    """
    if user.name is None or folder.stat().st_mode & stat.S_IXOTH:
        return
    for top, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            path = Path(top) / name
            mode = path.stat().st_mode
            runs = _ENTER if mode & stat.S_IXUSR else 0
            path.chmod(stat.S_IMODE(mode) | _READ | runs)


def _ensure_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        pass
    command = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if command is None:
        raise DatabaseUnavailableError(
            "PostgreSQL does not run as root, and there is no useradd to make a user for it. "
            "Start whereis as an ordinary user, or set DATABASE_URL."
        )
    try:
        subprocess.run(  # noqa: S603
            [command, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME],
            check=True,
            capture_output=True,
            timeout=COMMAND_TIMEOUT,
        )
        return pwd.getpwnam(NAME)
    except (OSError, subprocess.SubprocessError, KeyError) as error:
        raise DatabaseUnavailableError(
            f"PostgreSQL does not run as root, and a user {NAME} for it could not be made: "
            f"{error}. Start whereis as an ordinary user, or set DATABASE_URL."
        ) from error


def _known(uid: int) -> bool:
    return any(entry.pw_uid == uid for entry in pwd.getpwall())


def _name_of(uid: int | None) -> str:
    return next((entry.pw_name for entry in pwd.getpwall() if entry.pw_uid == uid), f"uid {uid}")
