"""Finds out what holds, by trying it."""

import os
import socket
from pathlib import Path

from bot.images.model import Guard

# There wherever this runs, readable for everybody, and of no use to a picture.
_ELSEWHERE = Path("/etc/passwd")


def guards(by_landlock: str | None, by_seccomp: str | None) -> tuple[Guard, ...]:
    """What this process can't do; the arguments say why a means was not to be had."""
    return (
        _guard("open a file", "Landlock", by_landlock, can=_opens()),
        _guard("use the network", "seccomp", by_seccomp, can=_connects()),
        _guard("start a process", "seccomp", by_seccomp, can=_forks()),
    )


def _guard(name: str, by: str, why_not: str | None, *, can: bool) -> Guard:
    if not can:
        return Guard(name, by)
    return Guard(name, by, why_not or f"{by} is in force, and does not keep it from that")


def _opens() -> bool:
    try:
        os.close(os.open(_ELSEWHERE, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def _connects() -> bool:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    except OSError:
        return False
    return True


def _forks() -> bool:
    try:
        child = os.fork()
    except OSError:
        return False
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return True
