"""The processes that read pictures, seen from outside, and a file that keeps one busy."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from bot.images import Workers, cairo_available

T = TypeVar("T")
Here = Callable[[], list[int]]


def endless() -> bytes:
    """A drawing of 10¹⁶ circles in 1 kB."""
    if not cairo_available():
        pytest.skip("no cairo library here, and nothing else takes for ever")
    uses = "".join(
        f'<g id="g{n}">' + f'<use xlink:href="#g{n - 1}"/>' * 10 + "</g>" for n in range(1, 17)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="40" height="40"><defs><circle id="g0" r="9"/>{uses}</defs>'
        '<use xlink:href="#g16"/></svg>'
    ).encode()


def children(pid: int) -> list[int]:
    """The processes below a process, from /proc."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            state, parent = stat.rpartition(")")[2].split()[:2]
            if state not in "ZX":
                parents[int(entry.name)] = int(parent)
    found, new = [], [pid]
    while new:
        new = [child for child, parent in parents.items() if parent in new]
        found += new
    return found


def workers_of(pid: int) -> list[int]:
    """Those that hold a picture: below the fork server, and limited in address space."""

    def limited(child: int) -> bool:
        try:
            text = Path(f"/proc/{child}/limits").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        line = next(line for line in text.splitlines() if line.startswith("Max address space"))
        return line.split()[3] != "unlimited"

    return [child for child in children(pid) if limited(child)]


def cpu_seconds(pid: int) -> float:
    """How much a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def busy(
    reading: Callable[[bytes], Coroutine[None, None, T]], mine: Here
) -> AsyncIterator[tuple[asyncio.Task[T], int]]:
    """A task that reads the endless drawing, and the process that is at it."""
    before = {pid: cpu_seconds(pid) for pid in mine()}
    task = asyncio.create_task(reading(endless()))
    try:
        yield task, await first_busy(before)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def first_busy(before: dict[int, float]) -> int:
    """The first of some processes that takes time, given what each had taken before."""
    async with asyncio.timeout(20):
        while True:
            for pid, seconds in before.items():
                if cpu_seconds(pid) > seconds + 0.15:
                    return pid
            await asyncio.sleep(0.01)


async def warm(workers: Workers, good: bytes, processes: int, mine: Here) -> None:
    """Start every process, and wait until it has."""
    workers.warm_up()
    await workers.fingerprint(good)
    async with asyncio.timeout(20):
        while len(mine()) < processes:  # noqa: ASYNC110  (another process's doing)
            await asyncio.sleep(0.01)
