"""Send a running bot everything that does harm, and count what becomes of it.

::

    python -m bench.hostile
    python -m bench.hostile FOLDER…

A bot runs in a simulated Discord with a database of its own, and is sent files that are drawn here,
the files of each FOLDER, a table of tricky links (with the network cut off behind the bot's last
guard, so that what it would contact is seen), and links to a website that misbehaves.  The files
are read once more under strace, where that is, to see what reading them asks of the kernel.

Prints Markdown on standard output, and on standard error how it goes.  The status is 1 where
anything was not as it should be.  docs/security.md has what was printed.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.hostile import tracing
from bench.hostile.files import hostile_files
from bench.hostile.links import LINKS
from bench.hostile.network import CutOff, Names
from bench.hostile.outside import InRealTime
from bench.hostile.reading import files_in, resident
from bench.hostile.running import Sent, room
from bench.hostile.website import HOME, website
from bench.pictures import draw
from bench.report import table
from bench.server import describe_machine, say

OUTCOMES = ("found", "read", "unreadable", "too large", "refused", "failed", "no link")
FLAT = 64 * 2**20
"""Bytes that the bot's memory may grow by: what its allocator keeps, however many files come."""

INSIDE = "http://127.0.0.1:9/"


@dataclass(slots=True)
class Measured:
    """What was sent, what the bot would have contacted, and its memory in bytes."""

    sent: list[Sent]
    contacted_inside: list[str]
    requests_with_secrets: int
    memory_before: int
    memory_after: int
    trace: tracing.Trace | None


async def measure(folders: Sequence[Path], scratch: Path) -> Measured:
    """Send everything."""
    drawn = scratch / "drawn"
    secret = scratch / "secret.png"
    drawn.mkdir()
    scratch.joinpath("fine").mkdir()
    (fine,) = draw(scratch / "fine", 1)
    secret.write_bytes(fine.read_bytes())
    say("Drawing files that do harm")
    for file in hostile_files(INSIDE.rstrip("/"), str(secret)):
        drawn.joinpath(file.name).write_bytes(file.data)
    names = Names()
    sent: list[Sent] = []
    inside: list[str] = []
    async with (
        website(fine.read_bytes(), INSIDE) as site,
        CutOff(names, home=str(HOME), port=site.port) as fetcher,
        InRealTime(fetcher) as in_real_time,
        room(scratch / "data", in_real_time) as bot,
    ):
        say("Sending some of everything, to warm up")
        await bot.send_files("warm-up", files_in([drawn]))
        await bot.send_tricks("warm-up", site)
        before = resident()
        for folder in (drawn, *folders):
            files = files_in([folder])
            say(f"Sending {len(files):,} files of {folder.name}")
            sent.append(await bot.send_files(f"files: {folder.name}", files))
        say(f"Sending {len(LINKS):,} tricky links")
        links = Sent("tricky links")
        # A message without a link has the bot look at the last one that has.
        open_to_all = set().union(*(case.contacts for case in LINKS))
        for case in LINKS:
            names.case, names.looked_up = case, []
            fetcher.contacted.clear()
            await bot.send_link(links, case.link)
            beyond = {host for host, _ in fetcher.contacted} - open_to_all
            inside += [f"{case.link!r} ({case.trick}): {host}" for host in sorted(beyond)]
        sent.append(links)
        names.case = None
        say(f"Asking for {len(site.tricks)} pages of a website that misbehaves")
        sent.append(await bot.send_tricks("a website that misbehaves", site))
        after = resident()
        telling = (b"\r\nCookie:", b"\r\nReferer:", b"\r\nAuthorization:")
        secrets = sum(any(head in request for head in telling) for request in site.requests)
    trace = None
    if tracing.available():
        say("Reading the files once more, under strace")
        command = ["-m", "bench.hostile.reading", str(drawn), *map(str, folders)]
        trace = tracing.trace(command, scratch / "trace.txt", seconds=1800)
    return Measured(sent, inside, secrets, before, after, trace)


def report(measured: Measured) -> tuple[str, bool]:
    """The tables, and whether all is as it should be."""
    rows = [
        [
            sent.name,
            f"{sent.tried:,}",
            *(f"{sent.outcomes[outcome]:,}" for outcome in OUTCOMES),
            f"{len(sent.silent)}",
            f"{len(sent.crashed)}",
            f"{sent.slowest:.1f} s",
        ]
        for sent in measured.sent
    ]
    head = ["sent", "tried", *OUTCOMES, "no answer", "crashed", "slowest"]
    trace = measured.trace
    facts = [
        ("memory of the bot's process, before", _mebibytes(measured.memory_before)),
        ("memory of the bot's process, after", _mebibytes(measured.memory_after)),
        ("addresses contacted that should not be", f"{len(measured.contacted_inside)}"),
        ("requests with cookies, referrer or password", f"{measured.requests_with_secrets}"),
        ("tricks of the website not answered as expected", f"{len(_wrong(measured))}"),
        (
            "files, addresses and programs that reading reached for",
            "no strace here" if trace is None else f"{len(trace.reached)}",
        ),
        ("processes looked at", "–" if trace is None else f"{trace.processes}"),
        *_outcomes(trace),
    ]
    troubles = [
        *(f"no answer to {name}" for sent in measured.sent for name in sent.silent),
        *(f"crashed by {name}" for sent in measured.sent for name in sent.crashed),
        *_wrong(measured),
        *measured.contacted_inside,
        *(trace.reached if trace else ()),
    ]
    grown = measured.memory_after - measured.memory_before
    if grown > FLAT:
        troubles.append(f"the memory grew by {_mebibytes(grown)}")
    if measured.requests_with_secrets:
        troubles.append("a request told who asks")
    parts = [table(head, rows), table(["", ""], facts)]
    if troubles:
        parts.append("\n".join(f"- **{trouble}**" for trouble in troubles))
    return "\n\n".join(parts), not troubles


def _outcomes(trace: tracing.Trace | None) -> list[tuple[str, str]]:
    """What the members would read of the files, by kind."""
    if trace is None:
        return []
    outcomes: dict[str, int] = json.loads(trace.printed)["outcomes"]
    return [
        (f"files: {kind.replace('_', ' ')}", f"{count:,}")
        for kind, count in sorted(outcomes.items(), key=lambda one: -one[1])
    ]


def _wrong(measured: Measured) -> list[str]:
    return [wrong for sent in measured.sent for wrong in sent.wrong]


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:,.0f} MB"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.hostile", description="Send a running bot everything that does harm."
    )
    parser.add_argument("folders", type=Path, nargs="*", metavar="FOLDER", help="of more files")
    folders: list[Path] = parser.parse_args(arguments).folders
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        measured = asyncio.run(measure(folders, Path(name)))
    words = ["python -m bench.hostile", *(folder.name for folder in folders)]
    text, fine = report(measured)
    print(f"`{' '.join(words)}`\n\nMachine: {describe_machine()}\n\n{text}")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
