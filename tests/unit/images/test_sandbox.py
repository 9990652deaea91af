"""What a process that reads pictures can't do: everything is tried, in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.images import Guard, Limits, Workers
from bot.images.workers.sandbox import landlock, seccomp, trial
from tests.drawing import png

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the means are Linux's")

TRIED = """
import ctypes, json, os, signal, socket, subprocess, sys, threading
from pathlib import Path
from bot.images.workers import sandbox

mine, outside = Path(sys.argv[1]), Path(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)
intel = os.uname().machine == "x86_64"
already = open(outside / "open.txt", "rb")
held = {guard.name for guard in sandbox.enter() if guard.missing is None}

def call(number, *arguments):
    if libc.syscall(number, *arguments) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

def threaded():
    found = []
    thread = threading.Thread(target=lambda: found.append(sum(range(1000))))
    thread.start()
    thread.join()
    assert found == [499500]

attempts = {
    "read a file": lambda: (outside / "secret.txt").read_text(),
    "read a setting": lambda: Path("/etc/passwd").read_text(),
    "read the bot's environment": lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "list a folder": lambda: os.listdir(outside),
    "write a file": lambda: (outside / "new.txt").write_text("x"),
    "write over a file": lambda: (outside / "secret.txt").write_text("x"),
    "append to a file": lambda: open(outside / "secret.txt", "a").close(),
    "write what Python is": lambda: open(os.__file__, "r+").close(),
    "remove a file": lambda: (outside / "secret.txt").unlink(),
    "rename a file": lambda: (outside / "secret.txt").rename(outside / "b.txt"),
    "make a folder": lambda: (outside / "folder").mkdir(),
    "make a link": lambda: (outside / "link").symlink_to("/"),
    "change a file's mode": lambda: (outside / "secret.txt").chmod(0o777),
    "make a file without a name": lambda: os.memfd_create("x"),
    "TCP": lambda: socket.create_connection(("127.0.0.1", 9), 1),
    "TCP over IPv6": lambda: socket.socket(socket.AF_INET6),
    "UDP": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "a name server": lambda: socket.getaddrinfo("localhost", 80),
    "a Unix socket": lambda: socket.socket(socket.AF_UNIX),
    "a pair of sockets": lambda: socket.socketpair(),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
    "run a program": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
    "become a program": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),
    "fork": lambda: os.fork() or os._exit(0),
    "spawn": lambda: os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {}),
    "end the bot": lambda: os.kill(os.getppid(), 0),
    "end everybody": lambda: os.kill(-1, 0),
    "look into the bot": lambda: call(101 if intel else 117, 16, os.getppid()),
    "leave its namespace": lambda: call(272 if intel else 97, 0x10000000),
    "raise its priority": lambda: os.nice(-1),
    "become somebody else": lambda: os.setuid(12345),
    "allow": {
        "read what Python is": lambda: Path(os.__file__).read_text(),
        "import": lambda: __import__("wave"),
        "read what was open": lambda: already.read() == b"open" or 1 / 0,
        "start a thread": threaded,
        "take memory": lambda: bytearray(50_000_000),
        "random numbers": lambda: os.urandom(8),
        "a signal to itself": lambda: os.kill(os.getpid(), 0),
    },
}
allowed = attempts.pop("allow")

def tried(attempt):
    try:
        attempt()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None

print(json.dumps({
    "held": sorted(held),
    "refused": {name: tried(attempt) for name, attempt in attempts.items()},
    "allowed": {name: tried(attempt) for name, attempt in allowed.items()},
}), flush=True)
os.abort()
"""

FILES = {
    "read a file", "read a setting", "read the bot's environment", "list a folder", "write a file",
    "write over a file", "append to a file", "write what Python is", "remove a file",
    "rename a file", "make a folder", "make a link",
}  # fmt: skip
NETWORK = {
    "TCP", "TCP over IPv6", "UDP", "a name server", "a Unix socket", "a pair of sockets", "netlink"
}  # fmt: skip
PROCESSES = {
    "run a program", "become a program", "fork", "spawn", "end the bot", "end everybody",
    "look into the bot", "leave its namespace", "raise its priority", "become somebody else",
    "change a file's mode", "make a file without a name",
}  # fmt: skip
ALLOWED = {
    "read what Python is", "import", "read what was open", "start a thread", "take memory",
    "random numbers", "a signal to itself",
}  # fmt: skip


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What became of each attempt: None where it could be done."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.txt").write_text("secret")
    (outside / "open.txt").write_text("open")
    run = subprocess.run(
        [sys.executable, "-c", TRIED, str(Path.cwd()), str(outside)],
        stdout=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    told: dict[str, Any] = json.loads(run.stdout)
    assert run.returncode == -signal.SIGABRT
    assert sorted(path.name for path in outside.iterdir()) == ["open.txt", "secret.txt"]
    assert (outside / "secret.txt").read_text() == "secret"
    return told


def test_every_attempt_has_its_place(outcome: dict[str, Any]) -> None:
    assert set(outcome["refused"]) == FILES | NETWORK | PROCESSES
    assert set(outcome["allowed"]) == ALLOWED


@pytest.mark.parametrize(
    ("attempts", "guard"),
    [(FILES, "open a file"), (NETWORK, "use the network"), (PROCESSES, "start a process")],
    ids=["files", "network", "processes"],
)
def test_what_it_can_not_do(outcome: dict[str, Any], attempts: set[str], guard: str) -> None:
    if guard not in outcome["held"]:
        pytest.skip(f"nothing here keeps a process from this: {guard}")
    done = [name for name in sorted(attempts) if outcome["refused"][name] is None]
    assert done == []


@pytest.mark.parametrize("attempt", sorted(ALLOWED))
def test_what_it_still_can(outcome: dict[str, Any], attempt: str) -> None:
    assert outcome["allowed"][attempt] is None


async def test_a_worker_is_inside_and_says_so() -> None:
    async with Workers(Limits(), processes=1) as workers:
        guards = await workers.guards()
        assert await workers.fingerprint(png(1)) == await workers.fingerprint(png(1))

    assert [guard.name for guard in guards] == ["open a file", "use the network", "start a process"]
    assert all(guard.missing is None or guard.missing for guard in guards)


def test_what_is_missing_is_said_with_its_reason() -> None:
    # This very process is outside, so every attempt succeeds here.
    assert trial.guards("this kernel has no Landlock", None) == (
        Guard("open a file", "Landlock", "this kernel has no Landlock"),
        Guard("use the network", "seccomp", "seccomp is in force, and does not keep it from that"),
        Guard("start a process", "seccomp", "seccomp is in force, and does not keep it from that"),
    )


def test_without_the_library_there_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise OSError("cannot open shared object file")

    monkeypatch.setattr(seccomp, "_library", missing)
    assert seccomp.restrict() == "the library libseccomp is missing"


def test_elsewhere_landlock_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert landlock.restrict([]) == "Landlock is Linux's"


def test_nothing_of_the_operators_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    folders = landlock.readable()
    for secret in (Path.cwd() / ".env", Path.cwd() / "data", Path("/etc/shadow"), Path("/proc")):
        assert not any(secret.is_relative_to(folder) for folder in folders)
    assert any(Path(os.__file__).is_relative_to(folder) for folder in folders)


def test_no_call_is_let_through_that_reaches_out() -> None:
    reaching = """socket connect bind listen accept sendmsg recvmsg sendto execve execveat fork
        vfork clone3 ptrace process_vm_readv process_vm_writev openat2 creat unlink unlinkat
        rename mkdir chmod mount bpf io_uring_setup keyctl setns unshare memfd_create userfaultfd"""
    calls = set(seccomp.PLAIN) | {rule.call for rule in seccomp.rules()}
    assert calls.isdisjoint(reaching.split())
