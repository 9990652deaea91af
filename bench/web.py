"""The page and the HTTP API, each beside the same search without them, in one run.

    python -m bench.web --rows 100000 --update-docs

``whereis-bot web`` serves a database of hashes and drawn pictures from a process of its own.  It is
asked by hash and with pictures, so many at a time as long as each way takes, and so is the search
itself, in this process, and the query alone.  Where there are Chromium and playwright, a browser
opens the page and chooses a picture.

Prints Markdown on standard output, and on standard error how it goes.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import aiohttp
import numpy as np

from bench.dumps import dump
from bench.hashes import kept, questions
from bench.import_rows import url
from bench.index import put_between
from bench.pictures import draw
from bench.report import short, table
from bench.server import build, describe_machine, running, say, whereis
from bot.images import Limits, Workers
from bot.search import Radii, Scope, SearchService, hash_text
from bot.web.page import assets
from db import open_database
from db.embedded import DATABASE, EmbeddedServer
from db.records import NearProbe

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "web.md"
MARKS = ("<!-- Printed by bench.web -->", "<!-- The end of what bench.web printed -->")
WEIGHT = 60_000
RADIUS = Radii().unverified
OPEN = {
    "DISCORD_TOKEN": "",
    "WHEREIS_HEALTH_PORT": "0",
    "WHEREIS_WEB_PORT": "0",
    "WHEREIS_WEB_PER_MINUTE": "0",
    # One address has four places among these, and a key as many as there are.
    "WHEREIS_WEB_KEYS": "a-key-of-the-benchmarks",
    "WHEREIS_WEB_KEY_PER_MINUTE": "0",
}
KEYED = {"Authorization": f"Bearer {OPEN['WHEREIS_WEB_KEYS']}"}

Ask = Callable[[int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Rate:
    """How one way answered: milliseconds of each answer, and seconds for all of them."""

    name: str
    milliseconds: tuple[float, ...]
    seconds: float

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.milliseconds) / self.seconds


@dataclass(frozen=True, slots=True)
class Measured:
    """All that was measured: bytes of each file, rates, and milliseconds of a browser's visits."""

    weight: dict[str, int]
    by_hash: list[Rate]
    by_picture: list[Rate]
    opened: list[float]
    answered: list[float]


def parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.web", description="Ask the page and the API, and the search itself."
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each way")
    parser.add_argument("--at-once", type=int, default=8, help="how many ask at a time")
    parser.add_argument("--pictures", type=int, default=50, help="how many are drawn")
    parser.add_argument("--visits", type=int, default=10, help="of a browser")
    parser.add_argument("--seed", type=int, default=1, help="another one makes other rows")
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()), help="where hashes are kept"
    )
    parser.add_argument(
        "--update-docs", action="store_true", help=f"write what is printed into {DOCUMENT.name}"
    )
    options = parser.parse_args(words)
    if options.rows < 1_000 or min(options.at_once, options.pictures, options.visits) < 1:
        parser.error("there have to be 1,000 rows, and one at least of all else")
    return options


async def measure(server: EmbeddedServer, folder: Path, options: argparse.Namespace) -> Measured:
    """Fill the database, and ask in every way."""
    drawn = folder / "pictures"
    drawn.mkdir()
    pictures = [file.read_bytes() for file in draw(drawn, options.pictures, options.seed)]
    address = url(server, DATABASE)
    rows = dump(options.cache, options.rows, options.seed, say)
    await whereis(address, "import", "dump", str(rows), "--collection", "enwiki")
    await whereis(address, "import", "folder", str(drawn), "--collection", "drawn")
    hashes = questions(kept(options.cache, options.rows, options.seed, say), 200)
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(_serving(address, folder))
        session = await stack.enter_async_context(aiohttp.ClientSession(base, headers=KEYED))
        weight = await _weight(session)
        by_hash = [
            *await _inside(address, hashes, options),
            await _rate(
                "`GET /api/v1/search?hash=`",
                lambda n: _get(session, hashes[n % len(hashes)]),
                options,
            ),
        ]
        by_picture = [
            await _searched(address, pictures, options),
            await _rate(
                "`POST /api/v1/search`",
                lambda n: _post(session, pictures[n % len(pictures)]),
                options,
            ),
        ]
        opened, answered = await _browse(base, min(drawn.iterdir()), options.visits)
    return Measured(weight, by_hash, by_picture, opened, answered)


async def _inside(address: str, hashes: list[int], options: argparse.Namespace) -> list[Rate]:
    async with open_database(address, Path("unused")) as database:
        search = SearchService(database.store, Workers(Limits()), Radii())
        wikis = [one.id for one in await database.store.collections(None)]

        async def bare(number: int) -> None:
            probe = NearProbe(hashes[number % len(hashes)], None, RADIUS, RADIUS)
            await database.store.near([probe], wikis, limit_each=25)

        async def service(number: int) -> None:
            await search.by_hash(hashes[number % len(hashes)], Scope())

        return [
            await _rate("the query alone", bare, options),
            await _rate("the search, with collections and pages", service, options),
        ]


async def _searched(address: str, pictures: list[bytes], options: argparse.Namespace) -> Rate:
    async with (
        open_database(address, Path("unused")) as database,
        Workers(Limits()) as workers,
    ):
        search = SearchService(database.store, workers, Radii())
        return await _rate(
            "the search with a picture",
            lambda n: search.search(pictures[n % len(pictures)], Scope()),
            options,
        )


async def _rate(name: str, ask: Ask, options: argparse.Namespace) -> Rate:
    """Have so many ask one after the other, for so many seconds; a few asked before don't count."""
    say(f"Asking: {name}")
    for number in range(2 * options.at_once):
        await ask(number)
    taken: list[float] = []
    numbers = count()
    began = time.perf_counter()

    async def one() -> None:
        while time.perf_counter() - began < options.seconds:
            asked = time.perf_counter()
            await ask(next(numbers))
            taken.append((time.perf_counter() - asked) * 1000)

    await asyncio.gather(*(one() for _ in range(options.at_once)))
    return Rate(name, tuple(taken), time.perf_counter() - began)


async def _get(session: aiohttp.ClientSession, dhash: int) -> None:
    params = {"hash": hash_text(dhash), "radius": str(RADIUS)}
    async with session.get("/api/v1/search", params=params) as answer:
        await _checked(answer)


async def _post(session: aiohttp.ClientSession, picture: bytes) -> None:
    form = aiohttp.FormData()
    form.add_field("file", picture, filename="picture")
    async with session.post("/api/v1/search", data=form) as answer:
        await _checked(answer)


async def _checked(answer: aiohttp.ClientResponse) -> None:
    if answer.status != 200:
        raise SystemExit(f"The API answered {answer.status}: {await answer.text()}")
    await answer.read()


async def _weight(session: aiohttp.ClientSession) -> dict[str, int]:
    """Bytes of all that a browser loads before a picture is asked about."""
    found = {}
    for name, path in {"page": "/", **{n: asset.path for n, asset in assets().items()}}.items():
        async with session.get(path) as answer:
            found[name] = len(await answer.read())
    return found


async def _browse(base: str, picture: Path, visits: int) -> tuple[list[float], list[float]]:
    """Milliseconds until the page is there, and until the answer to a picture is."""
    program = shutil.which("chromium")
    try:
        from playwright.async_api import async_playwright  # noqa: PLC0415 (it may not be here)
    except ModuleNotFoundError:
        program = None
    if program is None:
        return [], []
    say("Opening the page in a browser")
    opened, answered = [], []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        # The first visit is the browser's own.
        for number in range(visits + 1):
            context = await browser.new_context()
            page = await context.new_page()
            began = time.perf_counter()
            await page.goto(base)
            between = time.perf_counter()
            await page.set_input_files("#file", picture)
            await page.locator("#heading:focus").wait_for()
            if number:
                opened.append((between - began) * 1000)
                answered.append((time.perf_counter() - between) * 1000)
            await context.close()
        await browser.close()
    return opened, answered


@asynccontextmanager
async def _serving(address: str, folder: Path) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "web",
        env={**os.environ, **OPEN, "DATABASE_URL": address, "WHEREIS_DATA_DIR": str(folder)},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        if process.stderr is None:
            raise RuntimeError("there is no pipe")
        while line := (await process.stderr.readline()).decode():
            if "http://" in line:
                yield "http://" + line.partition("http://")[2].split("/", 1)[0]
                return
        raise SystemExit("The page is not served.")
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def report(measured: Measured, command: str, options: argparse.Namespace) -> str:
    """What was measured, as Markdown."""
    total = sum(measured.weight.values())
    parts = ", ".join(f"{name} {size:,}" for name, size in measured.weight.items())
    verdict = "reached" if total < WEIGHT else "missed"
    conditions = (
        f"{options.rows:,} rows of hashes and {options.pictures} drawn pictures; "
        f"{options.at_once} ask at a time. Server, database and those who ask share the machine."
    )
    lines = [
        f"`{command}`",
        f"Machine: {describe_machine()}",
        conditions,
        _table("with a hash", measured.by_hash),
        _table("with a picture", measured.by_picture),
        f"The page weighs {total:,} bytes ({parts}); {WEIGHT:,} at most were wanted: {verdict}.",
    ]
    if measured.opened:
        lines.append(
            "In Chromium, with nothing cached, it is there in "
            f"{statistics.median(measured.opened):.0f} ms, and the answer to a picture "
            f"{statistics.median(measured.answered):.0f} ms after it was chosen (medians of "
            f"{len(measured.opened)}; slowest {max(measured.opened):.0f} and "
            f"{max(measured.answered):.0f})."
        )
    return "\n\n".join(lines) + "\n"


def _table(title: str, rates: Sequence[Rate]) -> str:
    rows = [
        [
            rate.name,
            f"{rate.per_second:,.0f}",
            short(statistics.median(rate.milliseconds)),
            short(float(np.percentile(rate.milliseconds, 95))),
            short(max(rate.milliseconds)),
            f"{rate.per_second / rates[0].per_second:.2f}",
        ]
        for rate in rates
    ]
    head = [title, "a second", "median, ms", "95th percentile", "slowest", "share of the first"]
    return table(head, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = parse(words)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with running(folder, build(folder)) as server:
            measured = asyncio.run(measure(server, folder, options))
    printed = report(measured, " ".join(["python -m bench.web", *words]), options)
    print(printed, end="")
    if options.update_docs:
        document = DOCUMENT.read_text("utf-8")
        DOCUMENT.write_text(put_between(document, printed, MARKS), "utf-8")


if __name__ == "__main__":
    main()
