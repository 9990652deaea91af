"""Whatever is done to a table, its index finds what looking at each hash finds."""

import random
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.extension.answers import Truth, check_areas, check_order, take
from tests.integration.extension.hashsets import ALL, make_queries, make_set
from tests.integration.extension.methods import Method
from tests.integration.extension.tables import Pictures

KINDS = st.sampled_from(sorted(ALL))
SHARES = st.sampled_from([0.05, 0.5, 1.0])
SEEDS = st.integers(0, 1000)
# A few rows, a page full, several pages.
SIZES = st.sampled_from([1, 63, 64, 65, 582, 583, 2500])

# Servers take a while, and each example makes a table of its own.
SLOWLY = settings(
    max_examples=settings().max_examples // 4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass(frozen=True, slots=True)
class Insert:
    kind: str
    seed: int
    size: int
    nulls: int

    async def do(self, pictures: Pictures) -> None:
        hashes: list[int | None] = [None] * self.nulls
        await pictures.insert([*make_set(self.kind, self.seed, self.size), *hashes])


@dataclass(frozen=True, slots=True)
class Delete:
    share: float

    async def do(self, pictures: Pictures) -> None:
        await pictures.delete(self.share)


@dataclass(frozen=True, slots=True)
class Update:
    share: float
    kind: str

    async def do(self, pictures: Pictures) -> None:
        await pictures.update(self.share, self.kind)


@dataclass(frozen=True, slots=True)
class Touch:
    share: float

    async def do(self, pictures: Pictures) -> None:
        await pictures.touch(self.share)


@dataclass(frozen=True, slots=True)
class Undone:
    kind: str
    seed: int

    async def do(self, pictures: Pictures) -> None:
        rows = dict(pictures.rows)
        transaction = pictures.connection.transaction()
        await transaction.start()
        await pictures.insert(make_set(self.kind, self.seed, 700))
        await pictures.delete(0.3)
        await transaction.rollback()
        pictures.rows = rows


@dataclass(frozen=True, slots=True)
class Run:
    statement: str

    async def do(self, pictures: Pictures) -> None:
        await pictures.run(self.statement)


@dataclass(frozen=True, slots=True)
class Truncate:
    async def do(self, pictures: Pictures) -> None:
        await pictures.truncate()


INSERTS = st.builds(Insert, KINDS, SEEDS, SIZES, st.sampled_from([0, 0, 1, 700]))
STEPS = st.lists(
    INSERTS
    | st.builds(Delete, SHARES)
    | st.builds(Update, SHARES, KINDS)
    | st.builds(Touch, SHARES)
    | st.builds(Undone, KINDS, SEEDS)
    | st.builds(
        Run,
        st.sampled_from(
            [
                "VACUUM pictures",
                "VACUUM (FREEZE) pictures",
                "REINDEX INDEX by_hash",
                "REINDEX INDEX CONCURRENTLY by_hash",
            ]
        ),
    )
    | st.builds(Truncate),
    min_size=1,
    max_size=8,
)


@given(first=INSERTS, steps=STEPS, fillfactor=st.sampled_from([50, 100]))
@SLOWLY
async def test_any_sequence_of_changes(
    connection: Any,
    method: Method,
    first: Insert,
    steps: list[Any],
    fillfactor: int,
) -> None:
    await connection.execute("DROP TABLE IF EXISTS pictures")
    pictures = Pictures(connection, method)
    await pictures.create(
        make_set(first.kind, first.seed, first.size), rest=f"WITH (fillfactor = {fillfactor})"
    )
    for number, step in enumerate(steps):
        await step.do(pictures)
        await pictures.check(number, radii=(0, 2, 10, 25), count=3)
    await pictures.run("VACUUM pictures")
    await pictures.check(99, ways=("index", "bitmap", "index only"), radii=range(65), count=2)


AREAS = st.tuples(SEEDS, st.integers(0, 64))


@given(
    seed=SEEDS,
    kinds=st.lists(KINDS, min_size=1, max_size=3),
    nulls=st.booleans(),
    areas=st.lists(AREAS, min_size=2, max_size=3),
    order=SEEDS,
    limit=st.sampled_from([1, 7, 400, 100_000]),
)
@SLOWLY
async def test_conditions_together(
    connection: Any,
    method: Method,
    seed: int,
    kinds: list[str],
    nulls: bool,
    areas: list[tuple[int, int]],
    order: int,
    limit: int,
) -> None:
    await connection.execute("DROP TABLE IF EXISTS pictures")
    pictures = Pictures(connection, method)
    hashes: list[int | None] = [hash_ for kind in kinds for hash_ in make_set(kind, seed, 1500)]
    await pictures.create([*hashes, *([None] * 30 if nulls else [])])
    truth = Truth(pictures.rows)
    asked = [(make_queries(place, truth.hashes, 3)[place % 3], radius) for place, radius in areas]
    sets = [set(truth.near(center, radius)) for center, radius in asked]
    conditions = [f"hash <@ ({center}::bigint, {radius}::bigint)" for center, radius in asked]
    array = "ARRAY[" + ",".join(f"({c}, {r})::bktree_area" for c, r in asked) + "]"
    equal = make_queries(order, truth.hashes, 3)[order % 3]
    alike = set(truth.near(equal, 0))
    everything = {
        " AND ".join(conditions): set.intersection(*sets),
        " OR ".join(conditions): set.union(*sets),
        f"hash <@ ANY ({array})": set.union(*sets),
        f"hash = {equal} AND {conditions[0]}": alike & sets[0],
        f"hash = {equal} OR {conditions[0]}": alike | sets[0],
        f"{conditions[0]} AND hash IS NOT NULL": sets[0],
        f"{conditions[0]} AND hash IS NULL": set(),
        f"{conditions[0]} OR hash IS NULL": sets[0] | (pictures.rows.keys() - truth.ids),
        f"{conditions[0]} AND hash <@ (NULL::bigint, 64)": set(),
        f"{conditions[0]} AND hash > 0": {i for i in sets[0] if (pictures.rows[i] or 0) > 0},
    }
    for way in ("index", "bitmap"):
        await take(connection, way)
        for condition, expected in everything.items():
            found = await connection.fetch(f"SELECT id FROM pictures WHERE {condition}")
            assert len(found) == len(expected), condition
            assert {row["id"] for row in found} == expected, condition

    await take(connection, "index")
    center = make_queries(order, truth.hashes, 3)[order % 3]
    for condition, expected in list(everything.items())[:1]:
        found = await connection.fetch(
            f"SELECT id, hash <-> {center} AS distance FROM pictures"
            f" WHERE {condition} ORDER BY hash <-> {center} LIMIT {limit}"
        )
        left = Truth({row: pictures.rows[row] for row in expected})
        assert [row["distance"] for row in found] == left.nearest(center)[:limit]
        assert {row["id"] for row in found} <= expected


async def test_every_radius_around_every_kind_of_center(
    connection: Any, method: Method, thorough: bool
) -> None:
    """Large enough for several summaries of pages, with little memory to sort in."""
    dice = random.Random(1)
    pictures = Pictures(connection, method)
    hashes: list[int | None] = [
        hash_ for kind in ALL for hash_ in make_set(kind, dice.getrandbits(32), 3000)
    ]
    dice.shuffle(hashes)
    await pictures.create([*hashes, *[None] * 2000])
    await pictures.run("VACUUM ANALYZE pictures")
    await pictures.run("SET work_mem = '64kB'")
    truth = Truth(pictures.rows)
    centers = [*make_queries(2, truth.hashes, 3), 0, -1]
    # The index answers all ways alike; what differs is how its answer is used.
    some = range(65) if thorough else (0, 1, 3, 8, 16, 31, 64)
    for way, radii in {"index": range(65), "bitmap": some, "index only": some}.items():
        await check_areas(connection, truth, way, centers, radii)
    await check_order(connection, truth, centers)
    await check_order(connection, truth, centers[::-1], [1000, 20_000])
