"""Imports, each against the plainest way to do the same, in one run.

    python -m bench.import
    python -m bench.import --rows 30000000 --rounds 1 --only rows
    python -m bench.import --only pictures FOLDER…

*Rows*: a dump like the field's, from ``whereis-bot import dump`` to a database that can be
searched, against psql and an SP-GiST index on the table it makes.  *Pictures*: a folder and a ZIM
of the same files, against a bare loop of ``imagehash.dhash(Image.open(file), 8)`` on one core; each
file several times, so that there are ``--pictures`` at least.

Prints Markdown on standard output, and on standard error how it goes.  docs/importing.md has what
was printed.
"""

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import import_pictures, import_rows
from bench.dumps import dump
from bench.hashes import kept
from bench.import_pictures import PicturesMeasured
from bench.import_rows import RowsMeasured
from bench.pictures import draw, files_of
from bench.report import table
from bench.server import build, describe_machine, running, say

CLIENT_TARGET = 300 * 2**20
DATABASE_TARGET = 6e9
RATE_TARGET = 0.85
TARGET_ROWS = 30_000_000


def parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.import", description="Import, and do the same in the plainest way."
    )
    parser.add_argument("folders", type=Path, nargs="*", metavar="FOLDER", help="of pictures")
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1, help="another one makes other rows")
    parser.add_argument("--drawn", type=int, default=500, help="pictures to draw without a FOLDER")
    parser.add_argument("--pictures", type=int, default=2500, help="the fewest, by copying")
    parser.add_argument("--only", choices=["rows", "pictures"])
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()), help="where dumps are kept"
    )
    options = parser.parse_args(words)
    if options.rows < 1_000 or options.rounds < 1 or min(options.drawn, options.pictures) < 1:
        parser.error("there have to be 1,000 rows, a round and a picture at least")
    return options


def report_rows(measured: RowsMeasured) -> str:
    """What was measured of rows, as Markdown."""
    ratio, memory = measured.ratio, measured.client
    verdict = [
        f"- Ours takes {ratio:.2f} times as long as the tutorial (1.00): {_verdict(ratio <= 1)}.",
        f"- It takes {memory / 2**20:.0f} MB of memory (300): {_verdict(memory < CLIENT_TARGET)}.",
    ]
    if measured.rows == TARGET_ROWS:
        size = measured.ours.database[-1]
        verdict.append(
            f"- The database has {size / 1e9:.2f} GB with its indexes (6 at most): "
            f"{_verdict(size < DATABASE_TARGET)}."
        )
    dump_size = f"{measured.dump_bytes / 1e9:.2f} GB"
    rounds = len(measured.ours.seconds)
    return "\n".join(
        [
            f"{measured.rows:,} rows, a dump of {dump_size}; medians of {rounds}:",
            "",
            table(*import_rows.lines(measured)),
            "",
            *verdict,
        ]
    )


def report_pictures(name: str, measured: PicturesMeasured) -> str:
    """What was measured of pictures, as Markdown."""
    head = ["", "pictures a second", f"share of {measured.cores} bare loops", "from–to", "target"]
    bare = statistics.median(measured.files / turn.seconds for turn in measured.bare)
    rows: list[Sequence[str]] = [["bare loop, one core", f"{bare:,.0f}", "", "", ""]]
    for kind, seconds in measured.imports.items():
        ratios = measured.ratios(kind)
        median = statistics.median(ratios)
        rate = statistics.median(measured.files / one for one in seconds)
        span = f"{min(ratios):.2f}–{max(ratios):.2f}"
        met = f"{RATE_TARGET}: {_verdict(median >= RATE_TARGET)}"
        rows.append([f"`import {kind}`", f"{rate:,.0f}", f"{median:.2f}", span, met])
    return f"{name}, {measured.files:,} pictures:\n\n{table(head, rows)}"


def main(arguments: Sequence[str] | None = None) -> None:
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = parse(words)
    printed = [
        f"`{' '.join(['python -m bench.import', *map(_name, words)])}`",
        f"Machine: {describe_machine()}",
    ]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        scratch = Path(name)
        extension = build(scratch)
        with running(scratch, extension) as server:
            if options.only != "pictures":
                path = dump(options.cache, options.rows, options.seed, say)
                hashes = kept(options.cache, options.rows, options.seed, say)
                size = path.stat().st_size
                rows = asyncio.run(import_rows.measure(server, path, size, hashes, options.rounds))
                printed.append(report_rows(rows))
            if options.only != "rows":
                for folder in options.folders or [_drawn(scratch, options.drawn)]:
                    copies = _often_enough(
                        folder, options.pictures, scratch / f"many-{folder.name}"
                    )
                    pictures = asyncio.run(
                        import_pictures.measure(server, copies, options.rounds, scratch)
                    )
                    printed.append(report_pictures(folder.name, pictures))
                    (scratch / "pictures.zim").unlink()
                    shutil.rmtree(copies)
    print("\n\n".join(printed))


def _drawn(scratch: Path, count: int) -> Path:
    folder = scratch / "drawn"
    folder.mkdir()
    say(f"Drawing {count:,} pictures")
    draw(folder, count)
    return folder


def _often_enough(folder: Path, wanted: int, copies: Path) -> Path:
    """A folder with copies of each file, so many that the beginning and the end hardly count."""
    files = files_of(folder)
    times = -(-wanted // len(files))
    copies.mkdir()
    for file in files:
        for number in range(times):
            shutil.copy(file, copies / f"{number}_{file.name}")
    return copies


def _name(word: str) -> str:
    """A folder by its name alone: where it lies is this machine's business."""
    return Path(word).name if "/" in word else word


def _verdict(met: bool) -> str:
    return "met" if met else "missed"


if __name__ == "__main__":
    main()
