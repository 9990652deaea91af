"""How the ways are measured, one after the other, and compared with what is true."""

import asyncio
import dataclasses
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.database import (
    Method,
    connect,
    distances,
    explained,
    first_queries,
    load,
    measure,
    restore,
    settings_for,
    warm_index,
    warm_table,
    work,
)
from bench.hashes import Bigints, close_pairs, pictures
from bench.outside import Faiss, Truth, numpy_scan, read_once
from bench.report import Setting
from bench.results import LIMIT, NARROW, SEARCHES, Cold, Search, Timings, Way
from bench.server import bytes_read, describe_machine, drop_caches, say
from db.embedded import EmbeddedServer

CONNECTIONS = 15
RESTARTS = 5
CHECKED = 7
PAIR_RADII = (3, 6, 8, 10)
MOST_SAMPLED = 1_000_000
THREE = Search("within", 3)


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What to measure, and with what.

    ``hashes`` are loaded, and ``more`` inserted later; ``truth`` and ``grown`` are what the queries
    find before and after.  ``patience`` is in seconds, for each search of each way.
    """

    ways: frozenset[str]
    hashes: Bigints
    more: Bigints
    queries: list[int]
    patience: float
    cold: bool
    truth: Truth
    grown: Truth


class Run:
    """One run on one server."""

    def __init__(self, server: EmbeddedServer, plan: Plan) -> None:
        self._server = server
        self._plan = plan

    async def conditions(self, command: str) -> Setting:
        """Load the table, and tell what there is."""
        plan = self._plan
        connection = await connect(self._server)
        try:
            await connection.execute("CREATE EXTENSION bktree")
            say(f"Loading {len(plan.hashes):,} rows")
            await load(connection, "hashes", plan.hashes)
            await load(connection, "more", plan.more, first_id=len(plan.hashes))
            names = [*settings_for(0), "effective_io_concurrency", "huge_pages"]
            shown = {name: await connection.fetchval(f"SHOW {name}") for name in names}
            has_kernel = await connection.fetchval(
                "SELECT EXISTS (SELECT FROM pg_proc WHERE proname = 'hamming_kernel')"
            )
            values, repeats = np.unique(plan.hashes, return_counts=True)
            return Setting(
                command=command,
                machine=describe_machine(),
                server=str(await connection.fetchval("SELECT version()")),
                kernel=await connection.fetchval("SELECT hamming_kernel()") if has_kernel else None,
                settings=shown,
                rows=len(plan.hashes),
                distinct=len(values),
                most_repeated=int(repeats.max()),
                queries=len(plan.queries),
                pairs=sampled_pairs(min(len(plan.hashes), MOST_SAMPLED)),
                table_bytes=await connection.fetchval("SELECT pg_relation_size('hashes')"),
                read_once=best_of(lambda: read_once(plan.hashes)),
            )
        finally:
            await connection.close()

    async def has(self, method: Method) -> bool:
        """Whether the server knows the access method that the way needs."""
        if method.index is None:
            return True
        connection = await connect(self._server)
        try:
            return bool(
                await connection.fetchval(
                    "SELECT EXISTS (SELECT FROM pg_am WHERE amname = $1)", method.index.split()[0]
                )
            )
        finally:
            await connection.close()

    async def way(self, method: Method) -> Way:
        """Everything about one way of PostgreSQL's; the table is as before in the end."""
        plan, rows = self._plan, len(self._plan.hashes)
        connection = await connect(self._server, method)
        try:
            await restore(connection, rows)
            built = None
            if method.index is not None:
                say(f"{method.name}: building the index")
                statement = f"CREATE INDEX hashes_hash ON hashes USING {method.index}"
                built = await work(connection, statement, "hashes_hash", rows)
                await warm_index(connection, method, rows)
            searches = {
                search.name: await self._search(connection, method, search, plan.truth)
                for search in SEARCHES
            }
            await self._check(connection, method, plan.truth)
        finally:
            await connection.close()
        way = Way(method.name, searches, built)
        if method.index is not None:
            way = dataclasses.replace(way, **await self._fresh(method))
        return await self._growth(method, way)

    async def _search(
        self, connection: Any, method: Method, search: Search, truth: Truth
    ) -> Timings:
        say(f"{method.name}: {search.name}")
        plan = self._plan
        timings = await measure(connection, method, search, plan.queries, plan.patience)
        limit = LIMIT if search.kind == "within" else None
        wanted = [truth.rows(place, search, limit) for place in range(len(timings.rows))]
        assert list(timings.rows) == wanted, f"{method.name} is wrong about {search.name}"
        return timings

    async def _check(self, connection: Any, method: Method, truth: Truth) -> None:
        """What is found without a limit, and how near the nearest are, is what is true."""
        count = Search("count", 3)
        for place, center in enumerate(self._plan.queries[:CHECKED]):
            found = await connection.fetchval(method.query(count), center)
            assert found == truth.rows(place, count, None), f"{method.name} counts {found}"
            nearest = await distances(connection, method, center)
            assert nearest == truth.nearest(place), f"{method.name}'s nearest are at {nearest}"

    async def _fresh(self, method: Method) -> dict[str, Any]:
        """What is told by new connections, and by new servers with nothing cached."""
        plan = self._plan
        say(f"{method.name}: first queries")
        first = await first_queries(self._server, method, THREE, plan.queries[:CONNECTIONS])
        cold = []
        if plan.cold:
            say(f"{method.name}: nothing cached")
            cold = [await self._cold(method, center) for center in plan.queries[:RESTARTS]]
        return {"first": first, "cold": tuple(cold)}

    async def _cold(self, method: Method, center: int) -> Cold:
        await asyncio.to_thread(self._server.stop)
        await asyncio.to_thread(drop_caches)
        await asyncio.to_thread(self._server.start)
        connection = await connect(self._server, method)
        try:
            pid = await connection.fetchval("SELECT pg_backend_pid()")
            before = bytes_read(pid)
            query = method.query(THREE)
            started = time.perf_counter()
            plan = await explained(connection, method, query, center)
            spent = (time.perf_counter() - started) * 1000
            after = bytes_read(pid)
        finally:
            await connection.close()
        fetched = None if before is None or after is None else after - before
        return Cold(spent, int(plan["Shared Read Blocks"]), fetched)

    async def _growth(self, method: Method, way: Way) -> Way:
        """Insert a tenth more rows one by one, and search again."""
        plan = self._plan
        say(f"{method.name}: inserting {len(plan.more):,} rows")
        connection = await connect(self._server, method)
        try:
            await warm_table(connection)
            if method.index is not None:
                await warm_index(connection, method, len(plan.hashes))
            statement = "INSERT INTO hashes SELECT id, hash FROM more"
            measured = "hashes" if method.index is None else "hashes_hash"
            inserted = await work(connection, statement, measured, len(plan.more))
            grown = None
            if method.index is not None:
                # No VACUUM before this: it might put the index in order.
                await warm_index(connection, method, len(plan.hashes) + len(plan.more))
                grown = await self._search(connection, method, THREE, plan.grown)
                await self._check(connection, method, plan.grown)
            await restore(connection, len(plan.hashes))
        finally:
            await connection.close()
        return dataclasses.replace(way, inserted=inserted, grown=grown)


def outside(plan: Plan) -> dict[str, Way]:
    """The ways that are no database."""
    ways = {}
    if "faiss" in plan.ways:
        faiss = Faiss(plan.hashes)
        found = {s.name: timed(plan, s, faiss.ready(s)) for s in (*SEARCHES[:-1],)}
        note = f"version {faiss.version}, one thread, no limit: gives back all that is within"
        ways["faiss"] = Way("faiss", found, note=note)
    if "numpy" in plan.ways:
        found = {s.name: timed(plan, s, numpy_scan(plan.hashes, s)) for s in NARROW}
        note = "xor, count the bits, compare, and count; no row is kept"
        ways["numpy"] = Way("numpy", found, note=note)
    return ways


def timed(plan: Plan, search: Search, ask: Callable[[int], int]) -> Timings:
    """Put the queries to a way that is no database, as long as there is patience."""
    say(f"outside: {search.name}")
    ask(plan.queries[0])
    milliseconds: list[float] = []
    rows: list[int] = []
    deadline = time.perf_counter() + plan.patience
    for center in plan.queries:
        if rows and time.perf_counter() > deadline:
            break
        started = time.perf_counter()
        rows.append(ask(center))
        milliseconds.append((time.perf_counter() - started) * 1000)
    wanted = [plan.truth.rows(place, search, None) for place in range(len(rows))]
    assert rows == wanted, f"a scan is wrong about {search.name}"
    return Timings(tuple(milliseconds), tuple(rows), (), max(milliseconds))


def sampled_pairs(count: int) -> dict[int, float]:
    """How close so many pictures of the generator are to each other, by a sample of them."""
    made = np.concatenate(list(pictures(count)))
    dice = np.random.default_rng(1)
    some, others = (dice.choice(made, count // part, replace=False) for part in (50, 16))
    return close_pairs(some, others, PAIR_RADII)


def best_of(do: Callable[[], object], often: int = 5) -> float:
    """Milliseconds of the quickest time."""
    spent = []
    for _ in range(often):
        started = time.perf_counter()
        do()
        spent.append((time.perf_counter() - started) * 1000)
    return min(spent)
