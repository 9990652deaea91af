"""The measurements, each a part of one run."""

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bench.load.beside import Beside, Deed
from bench.load.discord import Member, Town
from bench.load.fates import Told
from bench.load.faults import Trouble, plan
from bench.load.processes import family, usage, usage_of
from bench.server import say
from db.embedded import EmbeddedServer

BREATH = 0.5
"""Seconds between two queries beside those of members, and between two looks at memory."""

WARMING = 3
"""Times that each process that reads pictures is put to work before anything is measured."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Milliseconds of one picture: as a member has it, and each step alone.

    ``trip`` is a message without a picture and its reply, which asks Discord as often.
    """

    reply: float
    decode: float
    query: float
    search: float
    trip: float

    @property
    def added(self) -> float:
        """What is left for the bot itself."""
        return self.reply - self.decode - self.query - self.trip


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of computing in a part: of the bot, its workers, PostgreSQL, and Discord."""

    bot: float
    workers: float
    database: float
    discord: float


@dataclass(frozen=True, slots=True)
class Part:
    """Members at work: what they heard, for how long, and what it took meanwhile.

    ``queries`` are milliseconds of the query alone, asked all along.
    """

    members: int
    seconds: float
    heard: Sequence[Told]
    queries: Sequence[float]
    spent: Spent

    @property
    def per_second(self) -> float:
        """Replies a second."""
        return len(self.heard) / self.seconds


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of the bot and of all below it, at a time of the event loop."""

    at: float
    bot: int
    workers: int

    @property
    def total(self) -> int:
        """Both."""
        return self.bot + self.workers


@dataclass(slots=True)
class Measured:
    """All of a run; what was not asked for is empty.

    ``singly`` is what those heard whose steps were measured, ``villain`` who sent hostile pictures.
    """

    steps: list[Steps] = field(default_factory=list)
    singly: list[Told] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    alone: Part | None = None
    beside_a_flood: Part | None = None
    flood: Sequence[Told] = ()
    long: Part | None = None
    memory: list[Memory] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    villain: Sequence[Told] = ()
    twice: int = 0
    tracebacks: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Bench:
    """Who takes part: a town, the bot before it, the database, and the process beside them."""

    town: Town
    bot: int
    server: EmbeddedServer | None
    beside: Beside | None
    seed: int

    async def warm_up(self, members: Sequence[Member]) -> None:
        """Have everybody asked a few times before anything counts."""
        for _ in range(WARMING):
            await asyncio.gather(
                *(self.town.ask(each, each.dice.choice(self.town.pictures)) for each in members)
            )

    async def one_by_one(self, seconds: float, measured: Measured) -> None:
        """Of one picture after the other, the reply and each step, in turns, for so long."""
        beside, town = self.beside, self.town
        assert beside is not None
        (member,) = town.members(1, f"{self.seed} one")
        order = [n for n, sent in enumerate(town.pictures) if sent.kind != "unreadable"]
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds

        async def alone(deed: Deed, number: int) -> float:
            taken = await beside.do(deed, number)
            assert taken is not None
            return taken

        while loop.time() < end or not measured.singly:
            number = member.dice.choice(order)
            heard = await town.ask(member, town.pictures[number])
            measured.singly.append(heard)
            if heard.fate != "answered":
                continue
            decode, query, search = [
                await alone(deed, number) for deed in ("decode", "query", "search")
            ]
            trip = await town.ask_nothing(member) * 1000
            measured.steps.append(Steps(heard.seconds * 1000, decode, query, search, trip))

    async def at_once(self, members: Sequence[Member], seconds: float) -> Part:
        """Have members ask at once, for so long."""
        loop = asyncio.get_running_loop()
        before, began = self._computed(), loop.time()
        async with self._queries() as queries:
            heard = await self.town.all_ask(members, seconds)
        spent = _difference(before, self._computed())
        return Part(len(members), loop.time() - began, heard, queries, spent)

    async def fairness(self, flooding: int, seconds: float, measured: Measured) -> None:
        """One member alone, then the same while another server is flooded."""
        (one,) = self.town.members(1, f"{self.seed} fair", server=0)
        measured.alone = await self.at_once([one], seconds)
        many = self.town.members(flooding, f"{self.seed} flood", server=1)
        flood = asyncio.create_task(self.town.all_ask(many, seconds + 2 * BREATH))
        await asyncio.sleep(BREATH)
        measured.beside_a_flood = await self.at_once([one], seconds)
        measured.flood = await flood

    async def long(
        self, members: Sequence[Member], seconds: float, measured: Measured, *, faults: bool
    ) -> None:
        """Members for a long time, with a look at the memory all along, and faults if wanted."""
        async with self._watched() as measured.memory:
            if not faults:
                measured.long = await self.at_once(members, seconds)
                return
            (villain,) = self.town.members(1, f"{self.seed} villain")
            trouble = Trouble(self.town, self.server, villain)
            planned = plan(random.Random(f"{self.seed} faults"), seconds)
            say(f"{len(planned)} faults are planned")
            making = asyncio.create_task(trouble.make(planned))
            measured.long = await self.at_once(members, seconds)
            await making
            measured.faults, measured.villain = dict(trouble.happened), trouble.heard

    def _computed(self) -> Spent:
        below = family(self.bot) - {self.bot}
        database = family(_postmaster(self.server)) if self.server is not None else ()
        return Spent(
            usage(self.bot).computed,
            usage_of(below).computed,
            usage_of(database).computed,
            time.process_time(),
        )

    @asynccontextmanager
    async def _queries(self) -> AsyncIterator[list[float]]:
        """Milliseconds of queries alone, asked all along."""
        found: list[float] = []

        enough = asyncio.Event()

        async def ask(beside: Beside) -> None:
            dice = random.Random(f"{self.seed} queries")
            while not enough.is_set():
                taken = await beside.do("query", dice.randrange(len(self.town.pictures)))
                found.extend([] if taken is None else [taken])
                await asyncio.wait([stop], timeout=BREATH)

        stop = asyncio.create_task(enough.wait())
        asking = asyncio.create_task(ask(self.beside)) if self.beside is not None else None
        try:
            yield found
        finally:
            enough.set()
            await asyncio.gather(stop, *([asking] if asking is not None else []))

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[list[Memory]]:
        found: list[Memory] = []
        loop = asyncio.get_running_loop()

        def look() -> None:
            below = family(self.bot) - {self.bot}
            found.append(Memory(loop.time(), usage(self.bot).memory, usage_of(below).memory))

        async def watch() -> None:
            while True:
                look()
                await asyncio.sleep(BREATH)

        watching = asyncio.create_task(watch())
        try:
            yield found
        finally:
            watching.cancel()
            look()


def _postmaster(server: EmbeddedServer) -> int:
    written = (server.log.parent / "postmaster.pid").read_text(encoding="utf-8")
    return int(written.partition("\n")[0])


def _difference(before: Spent, after: Spent) -> Spent:
    return Spent(
        after.bot - before.bot,
        after.workers - before.workers,
        after.database - before.database,
        after.discord - before.discord,
    )


def percentile(values: Iterable[float], share: float) -> float:
    """The value that so large a share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median(values: Iterable[float]) -> float:
    """The value in the middle."""
    return statistics.median(values)
