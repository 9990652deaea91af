"""Read files in the bot's own processes, and nothing else: for a look from outside.

::

    python -m bench.hostile.reading FOLDER…

Prints what became of them as JSON.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bot.images import Limits, Unreadable, Workers
from bot.images.reasons import CRASHED


@dataclass(slots=True)
class Outcome:
    """What became of some files.

    ``outcomes`` counts them by ``read`` or the kind of unreadable; ``crashed`` names those that
    ended their process other than by its limits; ``slowest`` is in seconds; memory is what the
    parent had of the machine's, in bytes, when the processes were warm and when all was done.
    """

    outcomes: dict[str, int] = field(default_factory=dict)
    crashed: list[str] = field(default_factory=list)
    slowest: float = 0.0
    memory_before: int = 0
    memory_after: int = 0


def files_in(folders: Iterable[Path]) -> list[Path]:
    """All the files in some folders and in those within."""
    return [file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()]


async def read(files: Sequence[Path]) -> Outcome:
    """Read some files, as many at once as there is room for."""
    found = Outcome()
    counted: Counter[str] = Counter()
    async with Workers(Limits()) as workers:
        turns = asyncio.Semaphore(workers.processes)

        async def one(file: Path) -> None:
            async with turns:
                started = time.perf_counter()
                answer = await workers.fingerprint_file(file)
                found.slowest = max(found.slowest, time.perf_counter() - started)
            counted[answer.kind if isinstance(answer, Unreadable) else "read"] += 1
            if answer == CRASHED:
                found.crashed.append(file.name)

        await asyncio.gather(*map(one, files[:20]))
        counted.clear()
        found.memory_before = resident()
        await asyncio.gather(*map(one, files))
        found.memory_after = resident()
    found.outcomes = dict(counted)
    return found


def resident() -> int:
    """Bytes of memory that this process has of the machine's; 0 where that can't be told."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) * 1024


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(read(files_in(map(Path, sys.argv[1:])))))))
