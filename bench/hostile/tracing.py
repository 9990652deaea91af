"""What the processes that read pictures ask of the kernel, by strace.

A process is watched from when it has shut itself in.  What it does then is all that a picture can
make it do.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.images.workers.sandbox import landlock

_CALLS = "%file,%network,%process,seccomp"
_LINE = re.compile(r"(?P<pid>\d+) +(?P<call>\w+)\((?P<rest>.*)")
_RESUMED = re.compile(r"(?P<pid>\d+) +<\.\.\. clone\d? resumed>.*= (?P<thread>\d+)$")
_THREAD = re.compile(r"CLONE_THREAD.*= (?P<thread>\d+)$")
_PATH = re.compile(r'"(?P<path>(?:[^"\\]|\\.)*)"')
# What is asked of an open file, by its number and no path.
_OF_A_DESCRIPTOR = re.compile(r'\d+, "",')
# How a process ends; and what the C library asks for before it takes `clone`.
_HARMLESS = {"exit", "exit_group", "clone3", "seccomp", "tgkill", "wait4", "getcwd"}
# With which it tries its own walls, once each: bot/images/workers/sandbox/trial.py
_TRIED = {"openat": "/etc/passwd", "socket": "AF_INET", "clone": "SIGCHLD"}


@dataclass(slots=True)
class Trace:
    """What was seen, and what the command ``printed``.

    ``processes`` that shut themselves in; ``reached``, the calls that went for a file outside of
    what a process may read, for an address or for another program, whether they succeeded or not;
    ``read``, how often one opened something that it may read, as fonts.
    """

    printed: str = ""
    processes: int = 0
    read: int = 0
    reached: list[str] = field(default_factory=list)


def available() -> bool:
    """Whether strace is here and may trace a process of its own."""
    strace = shutil.which("strace")
    if strace is None:
        return False
    run = subprocess.run([strace, "-o", "/dev/null", "true"], capture_output=True, check=False)
    return run.returncode == 0


def trace(command: Sequence[str], log: Path, *, seconds: float) -> Trace:
    """Run a command of Python (what follows ``python``) under strace, with the trace in ``log``.

    Raises :class:`subprocess.CalledProcessError` and :class:`subprocess.TimeoutExpired`.
    """
    strace = ["strace", "-f", "-qq", "-s", "200", "-e", f"trace={_CALLS}", "-o", str(log)]
    run = subprocess.run(
        [*strace, sys.executable, *command],
        stdout=subprocess.PIPE,
        check=True,
        timeout=seconds,
        text=True,
    )
    with log.open(encoding="utf-8", errors="replace") as lines:
        found = parse(lines, landlock.readable())
    found.printed = run.stdout
    return found


def parse(lines: Iterable[str], readable: Sequence[Path]) -> Trace:
    """Read what strace wrote."""
    found = Trace()
    inside: dict[str, dict[str, str]] = {}
    for line in lines:
        resumed = _RESUMED.match(line)
        if resumed and resumed["pid"] in inside:
            inside[resumed["thread"]] = {}
        parts = _LINE.match(line)
        if parts is None:
            continue
        pid, call, rest = parts.groups()
        if pid not in inside:
            if call == "seccomp" and rest.startswith("SECCOMP_SET_MODE_FILTER"):
                inside[pid] = dict(_TRIED)
                found.processes += 1
            continue
        if call in _HARMLESS or _OF_A_DESCRIPTOR.match(rest):
            continue
        tried = inside[pid].get(call)
        if tried is not None and tried in rest:
            del inside[pid][call]
            continue
        thread = _THREAD.search(line)
        path = _PATH.search(rest)
        if call == "clone" and "CLONE_THREAD" in rest:
            if thread is not None:
                inside[thread["thread"]] = {}
        elif path is not None and _within(path["path"], readable):
            found.read += 1
        else:
            found.reached.append(f"{call}({rest}".strip())
    return found


def _within(path: str, readable: Sequence[Path]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in readable)
