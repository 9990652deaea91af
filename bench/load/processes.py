"""What processes use of the machine, by the files of ``/proc``."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes of memory (what is shared counts for each process), and seconds of computing."""

    memory: int = 0
    computed: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.memory + other.memory, self.computed + other.computed)


def family(root: int) -> set[int]:
    """A process and all below it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(entry.parent.name)] = int(_fields(entry)[1])
    found = new = {root}
    while new:
        new = {child for child, parent in parents.items() if parent in new} - found
        found = found | new
    return found


def usage(pid: int) -> Usage:
    """What one process uses, with the computing of those of its children that have ended."""
    with suppress(OSError):
        fields = _fields(Path(f"/proc/{pid}/stat"))
        # Behind the name: user and system time of its own and of its children, 14th to 17th.
        return Usage(int(fields[21]) * PAGE, sum(map(int, fields[11:15])) / TICK)
    return Usage()


def usage_of(pids: Iterable[int]) -> Usage:
    """What several use together."""
    return sum(map(usage, pids), Usage())


def _fields(stat: Path) -> list[str]:
    """The fields from the third on: what is before them may hold blanks."""
    return stat.read_text().rpartition(")")[2].split()
