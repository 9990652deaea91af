"""How fast pictures are read in bulk, against a bare loop on one core.

    python -m bench.pictures
    python -m bench.pictures FOLDER… --rounds 7

The bare loop is the least that anybody would write: ``imagehash.dhash(Image.open(file), 8)``, one
file after the other.  Against it stand the bot's own processes, one per core, which open nothing in
this process, bear any file, and make two fingerprints.  Both take turns in one run, because a
machine's speed changes from minute to minute.  Without a folder, pictures are drawn for it.

Prints Markdown on standard output, and on standard error how it goes.
"""

import argparse
import asyncio
import io
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image, ImageDraw

from bench.report import short, table
from bench.server import describe_machine, say
from bot.ahead import ahead
from bot.images import JOB_BYTES, JOB_PICTURES, Fingerprint, Limits, Unreadable, Workers

PATIENCE = 30.0
FEWEST, MOST = 330, 1200  # pixels of a drawn picture's long side


@dataclass(frozen=True, slots=True)
class Turn:
    """One way over all files, once: seconds by the clock, and of computing.

    ``here`` is in this process, and ``below`` in those that it started.
    """

    seconds: float
    here: float
    below: float
    unread: int


@dataclass(frozen=True, slots=True)
class Measured:
    """The files of one name, and the turns that were taken over them."""

    name: str
    files: int
    bytes: int
    cores: int
    bare: tuple[Turn, ...]
    workers: tuple[Turn, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """For each round, the rate of the workers as a share of ``cores`` bare loops."""
        return tuple(
            one.seconds / other.seconds / self.cores
            for one, other in zip(self.bare, self.workers, strict=True)
        )

    @property
    def by_computing(self) -> tuple[float, ...]:
        """The same by processor time, which other programs disturb less: as if no core waited."""
        return tuple(
            one.here / (other.here + other.below)
            for one, other in zip(self.bare, self.workers, strict=True)
        )


def measure(name: str, files: Sequence[Path], rounds: int, cores: int) -> Measured:
    """Have both ways take turns over the same files; ``cores`` is how many processes there are."""
    return asyncio.run(_measure(name, files, rounds, cores))


async def _measure(name: str, files: Sequence[Path], rounds: int, cores: int) -> Measured:
    bare, workers = [], []
    async with Workers(Limits(timeout=PATIENCE), cores) as processes:
        # Both once without being counted: files come into memory, processes start.
        bare_loop(files)
        await in_bulk(processes, files)
        for number in range(rounds):
            bare.append(bare_loop(files))
            workers.append(await in_bulk(processes, files))
            say(
                f"{name}, round {number + 1}: {bare[-1].seconds:.2f} s, {workers[-1].seconds:.2f} s"
            )
    size = sum(file.stat().st_size for file in files)
    return Measured(name, len(files), size, cores, tuple(bare), tuple(workers))


def bare_loop(files: Iterable[Path]) -> Turn:
    """The dHash of each file, as plain code has it."""
    unread = 0
    begun, here = time.perf_counter(), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file in files:
            try:
                with Image.open(file) as image:
                    imagehash.dhash(image, 8)
            except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
                unread += 1
    return Turn(time.perf_counter() - begun, time.process_time() - here, 0.0, unread)


async def in_bulk(workers: Workers, files: Sequence[Path]) -> Turn:
    """The fingerprints of each file, as an import makes them."""

    async def work(group: list[Path]) -> list[Fingerprint | Unreadable]:
        data = await asyncio.to_thread(lambda: [file.read_bytes() for file in group])
        return await workers.fingerprint_many(data)

    unread = 0
    below = _computed_below()
    begun, here = time.perf_counter(), time.process_time()
    async for _, answers in ahead(groups(files), work, limit=workers.capacity):
        unread += sum(isinstance(answer, Unreadable) for answer in answers)
    seconds, computed = time.perf_counter() - begun, time.process_time() - here
    return Turn(seconds, computed, _computed_below() - below, unread)


def _computed_below() -> float:
    """Seconds of computing of the processes below this one; 0 where the system doesn't tell."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # After the name in brackets: state, parent, …; user and system time are 14th and 15th.
            fields = entry.read_text().rpartition(")")[2].split()
            number = int(entry.parent.name)
            parents[number], ticks[number] = int(fields[1]), int(fields[11]) + int(fields[12])
    family = new = {os.getpid()}
    while new:
        new = {child for child, parent in parents.items() if parent in new}
        family = family | new
    return sum(ticks.get(one, 0) for one in family - {os.getpid()}) / os.sysconf("SC_CLK_TCK")


def groups(files: Iterable[Path]) -> Iterator[list[Path]]:
    """Files that make one job each."""
    group: list[Path] = []
    size = 0
    for file in files:
        length = file.stat().st_size
        if group and (len(group) == JOB_PICTURES or size + length > JOB_BYTES):
            yield group
            group, size = [], 0
        group.append(file)
        size += length
    if group:
        yield group


def draw(folder: Path, count: int, seed: int = 1) -> list[Path]:
    """Write pictures like those of a wiki, the same for the same seed: photographs and drawings."""
    files = []
    for number in range(count):
        dice = np.random.default_rng((seed, number))
        # Of ten: six photographs (four JPEG, two WebP), four drawings (two with transparency).
        kind = number % 10
        size = int(dice.integers(FEWEST, MOST + 1)), int(dice.integers(FEWEST, MOST + 1))
        image = _photograph(dice, size) if kind < 6 else _drawing(dice, size, kind < 8)
        name = "jpg" if kind < 4 else "webp" if kind < 6 else "png"
        file = io.BytesIO()
        image.save(file, {"jpg": "JPEG"}.get(name, name), **({"quality": 85} if kind < 6 else {}))
        path = folder / f"{number:05}.{name}"
        path.write_bytes(file.getvalue())
        files.append(path)
    return files


def _photograph(dice: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Colours that vary on every scale, the less the finer."""
    levels = np.zeros((size[1], size[0], 3))
    cells, strength = 3, 70.0
    while cells < max(size):
        patches = dice.normal(0, strength, (cells, cells, 3)).clip(-127, 127) + 128
        layer = Image.fromarray(patches.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
        levels += np.asarray(layer, np.float64) - 128
        cells, strength = cells * 3, strength * 0.55
    return Image.fromarray((levels + 128).clip(0, 255).astype(np.uint8))


def _drawing(dice: np.random.Generator, size: tuple[int, int], transparent: bool) -> Image.Image:
    """Shapes of one colour each, with soft edges."""
    large = (size[0] * 2, size[1] * 2)
    image = Image.new("RGBA", large, (255, 255, 255, 0 if transparent else 255))
    pen = ImageDraw.Draw(image)
    for _ in range(12):
        across, down = (sorted(dice.integers(0, side, 2).tolist()) for side in large)
        colour = (*dice.integers(0, 256, 3).tolist(), 255)
        shape = pen.ellipse if dice.random() < 0.5 else pen.rectangle
        shape((across[0], down[0], across[1], down[1]), fill=colour)
    soft = image.resize(size, Image.Resampling.BOX)
    return soft if transparent else soft.convert("RGB")


def report(measured: Sequence[Measured]) -> str:
    """What was measured, as Markdown."""
    head = [
        "", "pictures", "mean, kB", "bare loop, 1 core: pictures a second", "workers: processes",
        "workers: pictures a second", "of as many bare loops: median (min–max)",
        "by processor time: median (min–max)", "of that outside the workers",
        "unread: bare, workers",
    ]  # fmt: skip
    return "\n".join([f"Machine: {describe_machine()}", "", table(head, map(_row, measured))])


def _row(of: Measured) -> list[str]:
    def rate(turns: Iterable[Turn]) -> str:
        return short(statistics.median(of.files / turn.seconds for turn in turns))

    def ratio(ratios: Sequence[float]) -> str:
        return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"

    here = statistics.median(turn.here / (turn.here + turn.below) for turn in of.workers)
    return [
        of.name,
        f"{of.files:,}",
        short(of.bytes / of.files / 1000),
        rate(of.bare),
        str(of.cores),
        rate(of.workers),
        ratio(of.ratios),
        ratio(of.by_computing),
        f"{here:.1%}",
        f"{of.bare[-1].unread}, {of.workers[-1].unread}",
    ]


def parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.pictures", description="Read pictures in bulk and in a bare loop."
    )
    parser.add_argument("folders", type=Path, nargs="*", metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=0, help="processes (default: all cores)")
    parser.add_argument("--drawn", type=int, default=400, help="how many to draw without a folder")
    options = parser.parse_args(words)
    if options.rounds < 1 or options.drawn < 1 or options.cores < 0:
        parser.error("there have to be a round, a picture and a core at least")
    for folder in options.folders:
        if not folder.is_dir() or not files_of(folder):
            parser.error(f"{folder} is no folder with files in it")
    return options


def files_of(folder: Path) -> list[Path]:
    """The files of a folder, without those of folders in it."""
    return sorted(path for path in folder.iterdir() if path.is_file())


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(sys.argv[1:] if arguments is None else arguments)
    cores = options.cores or Workers(Limits()).processes
    if options.folders:
        measured = [
            measure(folder.name, files_of(folder), options.rounds, cores)
            for folder in options.folders
        ]
    else:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            say(f"Drawing {options.drawn:,} pictures")
            drawn = draw(Path(name), options.drawn)
            measured = [measure("drawn", drawn, options.rounds, cores)]
    print(report(measured))


if __name__ == "__main__":
    main()
