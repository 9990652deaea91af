"""The index ``hamming`` against everything else that finds hashes, in one run.

    python -m bench.index --rows 1000000
    make bench-index ROWS=30000000

Makes hashes like those of pictures (or takes those of an earlier run), loads them into the embedded
PostgreSQL in a folder that is removed afterwards, and puts the same queries to a sequential scan,
to the SP-GiST index and to ``hamming``, one index at a time on the one table; outside PostgreSQL to
faiss, where it is installed, and to a scan by numpy.  What each finds is compared with what is
true.  Prints Markdown on standard output, and on standard error how it goes.

docs/performance.md says what is measured, and how.
"""

import argparse
import asyncio
import dataclasses
import json
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.comparison import Plan, Run, outside
from bench.database import METHODS, settings_for
from bench.hashes import kept, questions
from bench.outside import look_at_all
from bench.report import Setting, report
from bench.results import TARGETS, Way, figures
from bench.server import build, may_drop_caches, running, say
from db.embedded import EmbeddedServer
from db.server_settings import MEBIBYTE, usable_memory

WAYS = (*METHODS, "faiss", "numpy")
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- Printed by bench.index -->", "<!-- The end of what bench.index printed -->"

FEWEST_ROWS = 1_000


def names(text: str) -> frozenset[str]:
    """Some of the ways, divided by commas. Raises :class:`argparse.ArgumentTypeError`."""
    chosen = frozenset(filter(None, text.split(",")))
    if unknown := chosen - set(WAYS):
        raise argparse.ArgumentTypeError(
            f"there is no way called {', '.join(sorted(unknown))}: say some of {', '.join(WAYS)}"
        )
    return chosen


def parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.index", description="Compare the index with all else, in one run."
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="another one makes other hashes")
    parser.add_argument("--only", type=names, default=frozenset(WAYS), metavar="WAY,…")
    parser.add_argument("--skip", type=names, default=frozenset(), metavar="WAY,…")
    parser.add_argument(
        "--patience", type=float, help="seconds for each search of each way (default: by the rows)"
    )
    parser.add_argument("--warm", action="store_true", help="skip what drops the system's caches")
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()), help="where hashes are kept"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured")
    parser.add_argument(
        "--update-docs", action="store_true", help=f"write what is printed into {DOCUMENT.name}"
    )
    options = parser.parse_args(words)
    if options.rows < FEWEST_ROWS or options.queries < 1:
        parser.error(f"there have to be at least {FEWEST_ROWS:,} rows and a query")
    return options


def prepare(options: argparse.Namespace) -> tuple[Plan, list[str]]:
    """What to measure, and what can't be measured here."""
    ways, notes = options.only - options.skip, []
    if "faiss" in ways and find_spec("faiss") is None:
        ways -= {"faiss"}
        notes.append("faiss is not installed; `requirements/bench.txt` has it.")
    cold = not options.warm and may_drop_caches()
    if not cold:
        notes.append("What is read with nothing cached was skipped.")
    rows = options.rows
    # A tenth more of the same kind are inserted later; they are in random order.
    everything = kept(options.cache, rows + rows // 10, options.seed, say)
    hashes, more = everything[:rows], everything[rows:]
    queries = questions(hashes, options.queries)
    say(f"Looking at every hash for each of {len(queries)} queries")
    truth = look_at_all(hashes, queries)
    plan = Plan(
        ways=ways,
        hashes=hashes,
        more=more,
        queries=queries,
        patience=options.patience or max(6.0, rows / 1_500_000),
        cold=cold,
        truth=truth,
        grown=truth + look_at_all(more, queries),
    )
    return plan, notes


async def compare(server: EmbeddedServer, plan: Plan, command: str) -> tuple[Setting, list[Way]]:
    """Measure the ways that the server has, one after the other."""
    run = Run(server, plan)
    setting = await run.conditions(command)
    ways = []
    for name, method in METHODS.items():
        if name not in plan.ways:
            continue
        if await run.has(method):
            ways.append(await run.way(method))
        else:
            note = f"`{name}` was skipped: this server does not have its access method."
            setting = dataclasses.replace(setting, notes=(*setting.notes, note))
    return setting, ways


def as_json(setting: Setting, ways: dict[str, Way]) -> dict[str, Any]:
    """All that was measured, and what became of the targets."""
    reached = figures(ways)
    return {
        "setting": dataclasses.asdict(setting),
        "ways": {name: dataclasses.asdict(way) for name, way in ways.items()},
        "targets": [
            dataclasses.asdict(target)
            | {
                "reached": reached.get(target.figure),
                "verdict": target.verdict(reached.get(target.figure)),
            }
            for target in TARGETS
        ],
    }


def put_between(document: str, printed: str, marks: tuple[str, str] = (BEGIN, END)) -> str:
    """The document with other text between the marks. Raises :class:`ValueError` without them."""
    before, begin, rest = document.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not (begin and end):
        raise ValueError(f'There is no "{marks[0]}" with a "{marks[1]}" after it.')
    return f"{before}{begin}\n\n{printed.strip()}\n\n{end}{after}"


def main(arguments: Sequence[str] | None = None) -> None:
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = parse(words)
    settings = settings_for(options.rows)
    buffers = int(settings["shared_buffers"].removesuffix("MB")) * MEBIBYTE
    if buffers > usable_memory() * 0.6:
        raise SystemExit(
            f"For {options.rows:,} rows the server wants {buffers / 2**30:.1f} GB of shared "
            "buffers, which is too much for this machine's memory."
        )
    plan, notes = prepare(options)
    command = " ".join(["python -m bench.index", *words])
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with running(folder, build(folder), settings) as server:
            setting, inside = asyncio.run(compare(server, plan, command))
    setting = dataclasses.replace(setting, notes=(*notes, *setting.notes))
    ways = {way.name: way for way in inside} | outside(plan)
    printed = report(setting, ways)
    print(printed, end="")
    if options.json is not None:
        options.json.write_text(json.dumps(as_json(setting, ways), indent=1) + "\n", "utf-8")
    if options.update_docs:
        document = DOCUMENT.read_text("utf-8")
        DOCUMENT.write_text(put_between(document, printed), "utf-8")


if __name__ == "__main__":
    main()
