"""A running bot, asked by many members at once, from the message to the reply.

    python -m bench.load --rows 100000
    python -m bench.load --rows 1000000 --minutes 10 --update-docs
    python -m bench.load --rows 1000000 --minutes 10 --faults --update-docs

The bot is the real one in a process of its own, as ``whereis-bot run`` starts it, and its Discord
is in this process: REST, gateway and CDN over loopback, with servers and members.  Every member
posts ``!whereis`` with a picture, waits for the reply, and posts again: copies of stored pictures,
pictures that are stored nowhere, and files that are no pictures.  Nobody is told to slow down.

First come one member's pictures one by one, each beside its decoding, its query and a message
without a picture, all alone; then so many members at once as ``--members`` says; then one member
while another server is flooded; and then many for a long time.  With ``--faults`` the long time is
all there is, and things go wrong: Discord, its CDN, its gateway, PostgreSQL, and pictures.

Prints Markdown on standard output, and on standard error how it goes.  The status is 1 where any
message was lost.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bench.dumps import dump
from bench.import_rows import url
from bench.index import put_between
from bench.load.beside import Beside
from bench.load.discord import Town
from bench.load.fates import raised
from bench.load.parts import Bench, Measured
from bench.load.pictures import sent, stored
from bench.load.report import lost, report
from bench.server import build, describe_machine, running, say, whereis
from db.embedded import DATABASE, EmbeddedServer
from tests.fake_discord import FakeDiscord, Rules

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "performance.md"
MARKS = {
    False: ("<!-- Printed by bench.load -->", "<!-- The end of what bench.load printed -->"),
    True: (
        "<!-- Printed by bench.load --faults -->",
        "<!-- The end of what bench.load --faults printed -->",
    ),
}
PATIENCE, PATIENCE_WITH_FAULTS = 60.0, 180.0
HEARTBEAT = 5.0
TOKEN = "a-token-of-the-benchmarks"
FLOODING = 64
STARTING = 60.0


def parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.load", description="Have many members ask a running bot."
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--pictures", type=int, default=200, help="how many are drawn and stored")
    parser.add_argument("--servers", type=int, default=20, help="that members are in")
    parser.add_argument("--members", type=_numbers, default=(1, 4, 16, 64), help="at once, as 1,4")
    parser.add_argument("--seconds", type=float, default=30.0, help="for each part but the long")
    parser.add_argument("--minutes", type=float, default=1.0, help="for the long part")
    parser.add_argument("--busy", type=int, default=16, help="members in the long part")
    parser.add_argument("--faults", action="store_true", help="the long part alone, with faults")
    parser.add_argument("--seed", type=int, default=1, help="another one throws other dice")
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()), help="where hashes are kept"
    )
    parser.add_argument(
        "--update-docs", action="store_true", help=f"write what is printed into {DOCUMENT.name}"
    )
    options = parser.parse_args(words)
    if options.rows < 1_000 or min(options.pictures, options.busy, *options.members) < 1:
        parser.error("there have to be 1,000 rows, and one at least of all else")
    if options.servers < 2:
        parser.error("there have to be two servers")
    return options


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


async def measure(
    address: str, server: EmbeddedServer | None, folder: Path, options: argparse.Namespace
) -> Measured:
    """Fill the database at ``address``, and measure; ``server`` is what restarts, if anything."""
    drawn, scratch, files = (folder / name for name in ("drawn", "scratch", "sent"))
    for each in (drawn, scratch, files):
        each.mkdir()
    say(f"Drawing {options.pictures} pictures")
    pictures = sent(stored(drawn, options.pictures, options.seed), scratch, options.seed)
    rows = dump(options.cache, options.rows, options.seed, say)
    await whereis(address, "import", "dump", str(rows), "--collection", "enwiki")
    await whereis(address, "import", "folder", str(drawn), "--collection", "drawn")
    rules = Rules(heartbeat=HEARTBEAT, identify_seconds=0.0)
    measured = Measured()
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(FakeDiscord(rules=rules))
        patience = PATIENCE_WITH_FAULTS if options.faults else PATIENCE
        town = Town(discord, pictures, servers=options.servers, patience=patience)
        log = folder / "bot.log"
        bot = await stack.enter_async_context(_bot(discord, address, folder, log))
        beside = None
        if not options.faults:
            say("Searching for each picture beside the bot")
            beside = await stack.enter_async_context(Beside.running(address, files, pictures))
        bench = Bench(town, bot, server, beside, options.seed)
        busy = town.members(options.busy, f"{options.seed} busy")
        await bench.warm_up(busy)
        if not options.faults:
            await _parts(bench, measured, options)
        say(f"For {options.minutes:g} minutes: {options.busy} members")
        await bench.long(busy, options.minutes * 60, measured, faults=options.faults)
        measured.twice = town.answered_twice()
        measured.tracebacks = raised(_words_of(log))
    return measured


async def _parts(bench: Bench, measured: Measured, options: argparse.Namespace) -> None:
    say("One by one")
    await bench.one_by_one(options.seconds, measured)
    for count in options.members:
        say(f"At once: {count}")
        members = bench.town.members(count, f"{options.seed} {count}")
        measured.parts.append(await bench.at_once(members, options.seconds))
    say("Beside a flood")
    await bench.fairness(FLOODING, options.seconds, measured)


@asynccontextmanager
async def _bot(discord: FakeDiscord, address: str, folder: Path, log: Path) -> AsyncIterator[int]:
    """The process id of a bot that is let in; its log goes into a file."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("WHEREIS_")}
    environment = {
        **own,
        "PYTHONPATH": str(ROOT),
        "DISCORD_TOKEN": TOKEN,
        "DATABASE_URL": address,
        "WHEREIS_DATA_DIR": str(folder / "data"),
        # Members are as quick as they can, and there are no wikis here.
        "WHEREIS_COOLDOWN_USES": "1000000",
        "WHEREIS_CARDS": "false",
    }
    with log.open("wb") as written:
        # In the folder, where there is no .env.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.load.launch", discord.address,
            cwd=folder, env=environment, stdout=written, stderr=written,
        )  # fmt: skip
        ended = asyncio.create_task(process.wait())
        welcome = asyncio.create_task(discord.gateway.welcomed(1))
        try:
            await asyncio.wait(
                (ended, welcome), timeout=STARTING, return_when=asyncio.FIRST_COMPLETED
            )
            if not welcome.done():
                raise SystemExit(f"The bot did not start:\n{_words_of(log)[-4000:]}")
            yield process.pid
        finally:
            welcome.cancel()
            if process.returncode is None:
                process.terminate()
            await ended


def _words_of(log: Path) -> str:
    return log.read_text("utf-8", "replace")


def main(arguments: Sequence[str] | None = None) -> None:
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = parse(words)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with running(folder, build(folder)) as server:
            address = url(server, DATABASE)
            measured = asyncio.run(measure(address, server, folder, options))
    command = " ".join(["python -m bench.load", *words])
    printed = report(measured, command, describe_machine(), options)
    print(printed, end="")
    if options.update_docs:
        document = DOCUMENT.read_text("utf-8")
        DOCUMENT.write_text(put_between(document, printed, MARKS[options.faults]), "utf-8")
    if lost(measured):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
