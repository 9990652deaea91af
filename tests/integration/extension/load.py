"""Workers that change a table all the time, each rows of its own, and know what is committed."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from tests.integration.extension.answers import Rows, take
from tests.integration.extension.hashsets import make_set

# How a connection says that its server is gone; it is confused when that happens during a COPY.
GONE = (
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    ConnectionError,
)
RANGE = 1_000_000

# Rows that a writer keeps.
ENOUGH = 3000

# Those that come together on few pages, so that these are split and emptied.
KINDS = ("clustered", "all_equal", "drawn", "uniform", "sequential")


@dataclass(slots=True)
class Writer:
    """Owns the rows from ``number * RANGE`` on.

    ``rows`` are committed.  Of ``pending``, which is what a row was to become, or ``None`` for
    one to be deleted, nobody knows if the server went away while it was committed.
    """

    number: int
    dice: random.Random
    rows: dict[int, int] = field(default_factory=dict)
    pending: dict[int, int | None] = field(default_factory=dict)
    done: int = 0
    _next: int = 0

    async def begin(self, connection: Any, hashes: list[int]) -> None:
        """Put the first rows into the table."""
        self.rows = dict(enumerate(hashes, self.number * RANGE))
        self._next = len(hashes)
        await connection.copy_records_to_table("pictures", records=list(self.rows.items()))

    async def step(self, connection: Any) -> None:
        """One transaction: some rows come, some change, some go."""
        # Of few seeds, so that hashes come again.
        hashes = make_set(
            self.dice.choice(KINDS), self.dice.randrange(3), self.dice.choice((1, 5, 60, 300))
        )
        coming = dict(enumerate(hashes, self.number * RANGE + self._next))
        self._next += len(hashes)
        leave = self.dice.choice((0, 2, 50)) + max(0, len(self.rows) - ENOUGH)
        change = self.dice.choice((0, 2, 50))
        old = self.dice.sample(list(self.rows), min(len(self.rows), leave + change))
        going = old[:leave]
        changing = {row: self.dice.choice(hashes) for row in old[leave:]}

        async with connection.transaction():
            await connection.copy_records_to_table("pictures", records=list(coming.items()))
            await connection.execute("DELETE FROM pictures WHERE id = ANY ($1::int[])", going)
            await connection.execute(
                "UPDATE pictures AS p SET hash = new.hash"
                " FROM unnest($1::int[], $2::bigint[]) AS new (id, hash) WHERE p.id = new.id",
                list(changing),
                list(changing.values()),
            )
            if self.dice.random() < 0.15:
                raise Undone
            self.pending = {**coming, **changing, **dict.fromkeys(going)}
        self.settle(committed=True)
        self.done += 1

    def settle(self, *, committed: bool) -> None:
        """Learn what has become of what was pending."""
        if committed:
            for row, hash_ in self.pending.items():
                if hash_ is None:
                    del self.rows[row]
                else:
                    self.rows[row] = hash_
        self.pending = {}

    def recognise(self, found: Rows) -> None:
        """Compare with what is there after a crash, and go on from that."""
        mine = {row: hash_ for row, hash_ in found.items() if row // RANGE == self.number}
        if mine != self.rows:
            self.settle(committed=True)
        assert mine == self.rows, f"writer {self.number} misses what was committed"
        self.pending = {}


class Undone(Exception):  # noqa: N818
    """Rolls a transaction back."""


async def keep_writing(writer: Writer, connection: Any, stop: asyncio.Event) -> int:
    """Write until told to stop, or until the server is gone; how often something was written."""

    async def step(connection: Any) -> None:
        with suppress(Undone):
            await writer.step(connection)

    return await keep_doing(step, connection, stop)


async def keep_doing(
    step: Callable[[Any], Awaitable[None]], connection: Any, stop: asyncio.Event
) -> int:
    """Do something again and again; how often it was done."""
    done = 0
    try:
        while not stop.is_set():
            await step(connection)
            done += 1
    except GONE:
        pass
    return done


async def compare(connection: Any, dice: random.Random) -> None:
    """In one snapshot, what the index finds is what the table has, each row once."""
    async with connection.transaction(isolation="repeatable_read"):
        await take(connection, "table", local=True)
        center = await connection.fetchval(
            "SELECT hash FROM pictures TABLESAMPLE SYSTEM (2) OFFSET $1 LIMIT 1",
            dice.randrange(50),
        )
        if center is None or dice.random() < 0.2:
            center = dice.getrandbits(63)
        center ^= 1 << dice.randrange(63)
        radius = dice.choice((0, 1, 3, 8, 12, 25, 64))
        near = (
            "SELECT count(*), count(DISTINCT id), sum(id), sum(id::bigint * id)::text"
            f" FROM pictures WHERE hash <@ ({center}, {radius})"
        )
        alone = f"SELECT count(*), sum(hash)::text FROM pictures WHERE hash <@ ({center}, {radius})"
        nearest = (
            "SELECT array_agg(d ORDER BY d), count(DISTINCT id)"
            f" FROM (SELECT id, hash <-> {center} AS d FROM pictures"
            f" ORDER BY hash <-> {center} LIMIT {dice.choice((1, 20, 3000))}) AS nearest"
        )
        expected = {
            query: tuple(await connection.fetchrow(query)) for query in (near, alone, nearest)
        }
        for way, query in (
            ("index", near),
            ("bitmap", near),
            ("index only", alone),
            ("index", nearest),
        ):
            await take(connection, way, local=True)
            found = tuple(await connection.fetchrow(query))
            assert found == expected[query], (way, query)
