"""What a search costs the database, against one query of one radius on the same index."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import numpy as np

from bench.import_rows import url
from bench.quality.answers import Searcher
from bench.quality.index import Index
from bench.quality.questions import Question
from bench.report import table
from bot.images import Unreadable
from db.embedded import DATABASE

RADIUS = 12
LIMIT = 25
TIMES = 5.0
ROUNDS = 3

# What a search was before there was more to look at: one hash, one radius, the nearest first.
_SINGLE = f"""
SELECT i.id, i.collection_id, i.dhash, i.phash, i.file, i.page_count,
    (i.dhash <-> $1::bigint)::integer AS distance
FROM images i
WHERE i.dhash <@ ROW($1::bigint, {RADIUS}::bigint)::bktree_area
    AND i.collection_id = ANY ($2::bigint[])
ORDER BY distance, i.id
LIMIT {LIMIT}
"""


@dataclass(frozen=True, slots=True)
class Costs:
    """Milliseconds of each question, of both ways; ``probes`` is how many views it had."""

    single: tuple[float, ...]
    search: tuple[float, ...]
    probes: tuple[int, ...]

    @property
    def times(self) -> float:
        """How many times as long a search takes, by the 95th percentiles."""
        return float(np.percentile(self.search, 95) / np.percentile(self.single, 95))


async def measure(index: Index, some: Sequence[Question]) -> Costs:
    """Put each question both ways, in turns; of several rounds each counts by its median."""
    searcher = Searcher(index.database.store)
    readable = [one for one in some if not isinstance(one.query, Unreadable)]
    wikis = [one.id for one in await index.database.store.collections(None)]
    connection = await asyncpg.connect(
        url(index.server, DATABASE), server_settings={"plan_cache_mode": "force_custom_plan"}
    )
    single = np.zeros((ROUNDS, len(readable)))
    search = np.zeros((ROUNDS, len(readable)))
    try:
        statement = await connection.prepare(_SINGLE)
        # Round -1 is not counted: pages come into memory.
        for number in range(-1, ROUNDS):
            for place, question in enumerate(readable):
                begun = time.perf_counter()
                await statement.fetch(_dhash(question), wikis)
                between = time.perf_counter()
                await searcher.ask(question)
                if number >= 0:
                    single[number, place] = (between - begun) * 1000
                    search[number, place] = (time.perf_counter() - between) * 1000
    finally:
        await connection.close()
    return Costs(
        tuple(np.median(single, axis=0).tolist()),
        tuple(np.median(search, axis=0).tolist()),
        tuple(_probes(question) for question in readable),
    )


def _dhash(question: Question) -> int:
    assert not isinstance(question.query, Unreadable)
    return question.query.fingerprint.dhash


def _probes(question: Question) -> int:
    assert not isinstance(question.query, Unreadable)
    return 1 + len(question.query.probes)


def report(costs: Costs) -> str:
    """As a table."""
    rows = [
        [name, *(f"{np.percentile(values, share):.2f}" for share in (50, 95, 99)),
         f"{np.mean(values):.2f}"]
        for name, values in (
            (f"one hash, radius {RADIUS}, one query", costs.single),
            ("the whole search, all views, second look, pages", costs.search),
        )
    ]  # fmt: skip
    rows.append(
        ["times as long",
         *(f"{np.percentile(costs.search, s) / np.percentile(costs.single, s):.1f}"
           for s in (50, 95, 99)),
         f"{np.mean(costs.search) / np.mean(costs.single):.1f}"]
    )  # fmt: skip
    verdict = "met" if costs.times <= TIMES else "**missed**"
    return (
        f"{table(['milliseconds', 'median', 'p95', 'p99', 'mean'], rows)}\n\n"
        f"{len(costs.single):,} questions, {np.mean(costs.probes):.1f} views each on average, both "
        f"ways in turns. Wanted at p95: at most {TIMES:.0f} times as long: {verdict}."
    )
