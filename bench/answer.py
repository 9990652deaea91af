"""How long a member waits for an answer, and for what the wiki says of it.

    python -m bench.answer

A bot in a simulated Discord is sent copies of a picture that it knows, by turns of wikis: one that
answers in 50 ms, one that takes 3 s, and one that never answers.  Timed are the first answer, which
waits for no wiki, and the card, which is edited into it.  Every question is about another page, so
that nothing is remembered.  Prints Markdown on standard output.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import simcord
from aiohttp import web
from discord.http import Route

from bench.report import table
from bench.server import describe_machine, say
from bot.app import open_app
from bot.cards import PATIENCE, Card, CardService
from bot.client import WhereisBot
from bot.config import Settings
from bot.demo.gallery import gallery
from bot.ingest import Actor, NewPicture
from bot.net.mediawiki import MediaWikiClient
from bot.search import Match, Stored

WIKIS: dict[str, float | None] = {"in 50 ms": 0.05, "in 3 s": 3.0, "never": None}
ROUNDS = 10
PAGE = "Picture_{number}"


@dataclass(slots=True)
class Times:
    """Seconds from the message on, of each question: to the answer, and to the card if it came."""

    first: list[float] = field(default_factory=list)
    card: list[float] = field(default_factory=list)


class Outside(CardService):
    """Asks outside of the simulation, whose clock stands still."""

    async def card(self, match: Match | Stored) -> Card | None:
        """As :class:`CardService` has it."""
        return await Context().run(asyncio.ensure_future, super().card(match))


class Wiki:
    """Says of every page the same, after ``delay`` seconds; ``None`` for never."""

    def __init__(self) -> None:
        self.delay: float | None = 0.0
        self.api = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One question."""
        await (asyncio.Event().wait() if self.delay is None else asyncio.sleep(self.delay))
        titles = request.query.get("titles", "").split("|")
        pages = [
            {"title": title.replace("_", " "), "extract": "It is known.", "description": "a page"}
            for title in titles
        ]
        return web.json_response({"batchcomplete": True, "query": {"pages": pages}})


@asynccontextmanager
async def serving(wiki: Wiki) -> AsyncIterator[None]:
    """The wiki on loopback."""
    app = web.Application()
    app.router.add_get("/w/api.php", wiki.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        wiki.api = f"http://127.0.0.1:{runner.addresses[0][1]}/w/api.php"
        yield
    finally:
        await runner.cleanup()


class Watch:
    """Notes when the bot wrote a message and when it edited one."""

    def __init__(self, bot: WhereisBot) -> None:
        self.wrote = self.edited = 0.0
        http: Any = bot.http
        request = http.request

        async def noted(route: Route, **parameters: Any) -> Any:
            answer = await request(route, **parameters)
            if "/messages" in route.path and route.method == "POST":
                self.wrote = time.perf_counter()
            elif "/messages" in route.path and route.method == "PATCH":
                self.edited = time.perf_counter()
            return answer

        http.request = noted


async def measure(folder: Path, rounds: int) -> dict[str, Times]:
    """Ask every wiki's picture in turns."""
    wiki = Wiki()
    settings = Settings.load(
        data_dir=folder, database_url=None, cooldown_uses=1_000_000, log_level="ERROR"
    )
    found = {name: Times() for name in WIKIS}
    async with serving(wiki), open_app(settings, say=say) as app:
        database, ingest = app.database, app.services.ingest
        made = await ingest.wiki_collection("loopback", f"{wiki.api}?title={{title}}")
        await database.store.set_about(
            made.id, name=None, language=None, as_of=None, checksum=None, api_url=wiki.api
        )
        pictures = [one.draw() for one in gallery()]
        wanted = min(len(pictures), len(WIKIS) * rounds)
        for number, data in enumerate(pictures[:wanted]):
            picture = [NewPicture(data, f"{number}.png")]
            await ingest.add(picture, PAGE.format(number=number), None, made, Actor(None))
        async with MediaWikiClient(contact=None, patience=PATIENCE) as client:
            cards = Outside(database.cards, client)
            bot = WhereisBot(replace(app.services, cards=cards), app.options)
            async with simcord.run(bot, settle_timeout=60) as env:
                watch = Watch(bot)
                guild = env.create_guild("Bench")
                alice = guild.add_member(env.create_user("alice"))
                for number, data in enumerate(pictures[:wanted]):
                    name = list(WIKIS)[number % len(WIKIS)]
                    wiki.delay = WIKIS[name]
                    channel = guild.create_text_channel(f"room-{number}")
                    watch.wrote = watch.edited = 0.0
                    begun = time.perf_counter()
                    await alice.send(channel, "!whereis", attachments=[("a.png", data)])
                    await env.settle()
                    found[name].first.append(watch.wrote - begun)
                    if watch.edited:
                        found[name].card.append(watch.edited - begun)
    return found


def report(found: dict[str, Times], machine: str) -> str:
    """As a table."""
    rows = []
    for name, times in found.items():
        card = f"{statistics.median(times.card) * 1000:,.0f}" if times.card else "–"
        rows.append(
            [f"the wiki answers {name}", str(len(times.first)),
             f"{statistics.median(times.first) * 1000:,.0f}", f"{max(times.first) * 1000:,.0f}",
             card, f"{len(times.card)} of {len(times.first)}"]
        )  # fmt: skip
    head = ["", "questions", "first answer: median, ms", "longest", "card: median, ms", "came"]
    return f"- Machine: {machine}\n\n{table(head, rows)}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.answer", description="Wait for answers and for cards."
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="questions for each wiki")
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        found = asyncio.run(measure(Path(folder), options.rounds))
    print(report(found, describe_machine()))


if __name__ == "__main__":
    main()
