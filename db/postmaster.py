"""What can be told about a server from outside: its pid file, its log, and who holds its locks."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bot.errors import DatabaseUnavailableError

SOCKET_NAME = ".s.PGSQL.5432"

# A process number that no system gives out: Linux's end at 2^22.
NOBODY = 2**30

LOG_KEPT_BYTES = 5 * 1024 * 1024
LOG_SHOWN_BYTES = 65536
LOG_SHOWN_LINES = 12


def postmaster_runs(data: Path) -> bool:
    """Whether a postmaster runs on a data folder."""
    pid = _written_pid(data)
    return pid is not None and _is_alive(pid) and _is_postmaster(pid, data)


def disown_leftovers(data: Path, socket_dir: Path) -> None:
    """Mend what a crash left behind where PostgreSQL itself would stumble over it.

    It does if the number in the pid file is another program's by now (in a container the same
    small numbers come again), or a dead postmaster that nobody has buried.  Only when
    :func:`postmaster_runs` says no, and nobody else is starting one.
    """
    pid = _written_pid(data)
    if pid is None or not _is_alive(pid):
        return
    # The rest of the file stays: by it PostgreSQL finds out whether processes of the dead server
    # still use its memory, and refuses to start until they are gone.
    file = data / "postmaster.pid"
    rest = file.read_text(encoding="utf-8").partition("\n")[2]
    file.write_text(f"{NOBODY}\n{rest}", encoding="utf-8")
    (socket_dir / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)


def _written_pid(data: Path) -> int | None:
    try:
        text = (data / "postmaster.pid").read_text(encoding="utf-8")
        return int(text.partition("\n")[0])
    except (FileNotFoundError, ValueError):
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def postmaster_status(data: Path) -> str:
    """``ready``, ``starting``, ``stopping``, or nothing.

    It is the eighth line of ``postmaster.pid``; see ``src/include/utils/pidfile.h`` in PostgreSQL.
    """
    with suppress(FileNotFoundError):
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        if len(lines) >= 8:
            return lines[7].strip()
    return ""


def _is_postmaster(pid: int, data: Path) -> bool:
    process = Path("/proc") / str(pid)
    if not process.exists():
        # No /proc on this system: believe the file.
        return True
    try:
        if (process / "comm").read_text(encoding="utf-8").strip() != "postgres":
            return False
        if _is_zombie(process):
            return False
        # Root in a container may not look into the processes of others.
        with suppress(PermissionError):
            return (process / "cwd").readlink() == data
        return process.stat().st_uid == data.stat().st_uid
    except (FileNotFoundError, ProcessLookupError):
        return False


def _is_zombie(process: Path) -> bool:
    # The state follows the name, which is in parentheses and may hold any character; see proc(5).
    state = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    return state in {"Z", "X"}


def rotate(log: Path) -> None:
    """Keep a log that has grown large as the old one, and begin another."""
    if log.exists() and log.stat().st_size > LOG_KEPT_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))


def last_lines(log: Path, start: int) -> str:
    """The last lines of a log, none from before the byte ``start``, indented."""
    if not log.exists():
        return "    (there is no log)"
    with log.open("rb") as file:
        file.seek(max(start, log.stat().st_size - LOG_SHOWN_BYTES))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-LOG_SHOWN_LINES:])


def open_lock(path: Path) -> int:
    """A file to lock, made if needed."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def held(
    path: Path, say: Callable[[str], None], *, prompt: float, patience: float
) -> Iterator[None]:
    """Hold a lock alone; ``say`` so after ``prompt`` seconds of waiting.

    Raises :class:`DatabaseUnavailableError` after ``patience`` seconds.
    """
    lock = open_lock(path)
    started = time.monotonic()
    said = False
    try:
        while not _try_lock(lock):
            waited = time.monotonic() - started
            if waited > patience:
                raise DatabaseUnavailableError(
                    "Another whereis has been starting or stopping PostgreSQL for minutes. See "
                    "what it is doing, then try again."
                )
            if waited > prompt and not said:
                say("Waiting for another whereis that starts or stops PostgreSQL…")
                said = True
            time.sleep(0.02)
        yield
    finally:
        os.close(lock)


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
