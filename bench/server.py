"""A server for benchmarks: the embedded PostgreSQL, in a folder of its own."""

import asyncio
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from db.embedded import EmbeddedServer, find_binaries
from db.extension_build import build_extension

DROP_CACHES = Path("/proc/sys/vm/drop_caches")


def say(text: str) -> None:
    """A word on how it goes, apart from what is measured."""
    print(text, file=sys.stderr, flush=True)


def build(folder: Path) -> Path:
    """The extension, built into a folder; ends the program where it can't be."""
    built = build_extension(find_binaries() / "pg_config", folder / "built", say)
    if built is None:
        raise SystemExit("The extension can't be built here.")
    return built


@contextmanager
def running(
    folder: Path, extension: Path, settings: Mapping[str, str] | None = None
) -> Iterator[EmbeddedServer]:
    """A server on a new data folder, stopped in the end."""
    server = EmbeddedServer(folder / "data", say, extension=extension, settings=settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


async def whereis(address: str, *words: str) -> None:
    """Run the bot's own command line on a database; ends the program where that fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *words,
        env={**os.environ, "DATABASE_URL": address},
        stdout=asyncio.subprocess.DEVNULL,
    )
    if await process.wait():
        raise SystemExit(f"`whereis-bot {' '.join(words[:2])}` failed; its words are above.")


def describe_machine() -> str:
    """Processor, cores, memory and system, in one line."""
    processor = platform.processor() or platform.machine()
    with suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        if found := re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE):
            processor = found[1]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return (
        f"{processor}, {os.cpu_count()} cores, {memory / 2**30:.0f} GB of memory, "
        f"{platform.system()} {platform.release()} on {platform.machine()}"
    )


def may_drop_caches() -> bool:
    """Whether the system lets us forget what it has read from disks."""
    return os.access(DROP_CACHES, os.W_OK)


def drop_caches() -> None:
    """Make the system forget what it has read from disks; writes what is unwritten before."""
    subprocess.run(["sync"], check=True)
    DROP_CACHES.write_text("1\n", encoding="ascii")


def bytes_read(pid: int) -> int | None:
    """Bytes that a process had fetched from disks so far; ``None`` where that isn't told."""
    with suppress(OSError, KeyError, ValueError):
        text = Path(f"/proc/{pid}/io").read_text(encoding="ascii")
        return int(dict(line.split(": ") for line in text.splitlines())["read_bytes"])
    return None
