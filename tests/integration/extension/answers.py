"""What a search must find, worked out by looking at each hash, against what an index finds."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.integration.extension.hashsets import WORD, make_queries
from tests.integration.extension.methods import HAMMING, Method

Rows = dict[int, int | None]

# The node of a plan, and the settings that lead to it.
WAYS = {
    "index": ("Index Scan", {"enable_indexscan"}),
    "bitmap": ("Bitmap Index Scan", {"enable_bitmapscan"}),
    "index only": ("Index Only Scan", {"enable_indexscan", "enable_indexonlyscan"}),
    "table": ("Seq Scan", {"enable_seqscan", "enable_sort"}),
}
SETTINGS = (
    "enable_seqscan",
    "enable_indexscan",
    "enable_indexonlyscan",
    "enable_bitmapscan",
    "enable_sort",
)
RADII = (0, 1, 3, 8, 12, 20, 33, 64)


class Truth:
    """The rows that a table holds, ready to be looked at."""

    def __init__(self, rows: Mapping[int, int | None]) -> None:
        known = {row: hash_ for row, hash_ in rows.items() if hash_ is not None}
        self.rows = rows
        self.nulls = len(rows) - len(known)
        self._ids: NDArray[np.int64] = np.array(list(known), np.int64)
        self._hashes: NDArray[np.int64] = np.array(list(known.values()), np.int64)

    @property
    def hashes(self) -> list[int]:
        """Those that are no NULL, with repetitions."""
        found: list[int] = self._hashes.tolist()
        return found

    @property
    def ids(self) -> set[int]:
        """The rows whose hash is no NULL."""
        return set(self._ids.tolist())

    def distances(self, center: int) -> NDArray[np.uint8]:
        """In how many bits each hash that is no NULL differs from the center."""
        found: NDArray[np.uint8] = np.bitwise_count(
            self._hashes.view(np.uint64) ^ np.uint64(center & WORD)
        )
        return found

    def near(self, center: int, radius: int) -> list[int]:
        """The rows in an area, by number."""
        return sorted(self._ids[self.distances(center) <= radius].tolist())

    def nearest(self, center: int) -> list[int]:
        """All distances, the least first."""
        return sorted(self.distances(center).tolist())

    def sums(self, center: int, radius: int) -> tuple[int, int, int]:
        """How many rows are in an area, and the sums of their numbers and of their squares."""
        near = self._ids[self.distances(center) <= radius]
        return len(near), int(near.sum()), int((near * near).sum())

    def values(self, center: int, radius: int) -> tuple[int, int]:
        """How many hashes are in an area, and the sum of them."""
        near = self._hashes[self.distances(center) <= radius]
        return len(near), sum(near.tolist())


async def plan(connection: Any, query: str, *arguments: object) -> str:
    """The plan of a query, in words."""
    rows = await connection.fetch(f"EXPLAIN (COSTS OFF) {query}", *arguments)
    return "\n".join(row[0] for row in rows)


async def take(connection: Any, way: str, *, local: bool = False) -> None:
    """Let the planner choose nothing but one of the ways, for this connection or transaction."""
    wanted = WAYS[way][1]
    scope = "LOCAL" if local else ""
    await connection.execute(
        ";".join(f"SET {scope} {name} = {'on' if name in wanted else 'off'}" for name in SETTINGS)
    )


async def check_areas(
    connection: Any,
    truth: Truth,
    way: str,
    centers: Iterable[int],
    radii: Iterable[int] = RADII,
    *,
    table: str = "pictures",
) -> None:
    """Ask for every radius around every center: each row that is near, and each once."""
    asked = [(center, radius) for radius in radii for center in centers]
    ids = "count(*), coalesce(sum(id), 0)::bigint, coalesce(sum(id::bigint * id), 0)::bigint"
    values = "count(*), coalesce(sum(hash), 0)::text, 0"
    query = (
        "SELECT place - 1, found.* FROM unnest($1::bigint[], $2::bigint[])"
        " WITH ORDINALITY AS asked (center, radius, place) CROSS JOIN LATERAL ("
        f" SELECT {values if way == 'index only' else ids} FROM {table}"
        " WHERE hash <@ (center, radius)::bktree_area) AS found"
    )
    arguments = [[center for center, _ in asked], [radius for _, radius in asked]]
    await take(connection, way)
    explained = await plan(connection, query, *arguments)
    assert WAYS[way][0] in explained, explained
    found = await connection.fetch(query, *arguments)
    assert len(found) == len(asked)
    for place, count, total, squares in found:
        if way == "index only":
            assert (count, int(total)) == truth.values(*asked[place]), (way, *asked[place])
        else:
            assert (count, total, squares) == truth.sums(*asked[place]), (way, *asked[place])


async def check_order(
    connection: Any,
    truth: Truth,
    centers: Sequence[int],
    limits: Iterable[int | None] = (1, 10, None),
    *,
    table: str = "pictures",
) -> None:
    """Ask for the nearest, with and without an area around the same or another center."""
    await take(connection, "index")
    ordered = f"SELECT id, hash <-> $1 AS distance FROM {table} ORDER BY hash <-> $1 LIMIT $2"
    explained = await plan(connection, ordered, 0, 10)
    assert "Order By: (" in explained, explained
    all_nulls: list[int | None] = [None] * truth.nulls
    for center, limit in zip(centers, [*limits] * len(centers), strict=False):
        found = await connection.fetch(ordered, center, limit)
        distances = [row["distance"] for row in found]
        assert distances == (truth.nearest(center) + all_nulls)[:limit]
        assert len({row["id"] for row in found}) == len(found)
        for row in found:
            hash_ = truth.rows[row["id"]]
            near = None if hash_ is None else ((hash_ ^ center) & WORD).bit_count()
            assert near == row["distance"]

    twice = (
        f"SELECT id, hash <-> $1 AS first, hash <-> $2 AS second FROM {table}"
        " WHERE hash IS NOT NULL ORDER BY hash <-> $1, hash <-> $2 LIMIT 300"
    )
    first, second = centers[0], centers[-1]
    found = await connection.fetch(twice, first, second)
    pairs = zip(truth.distances(first).tolist(), truth.distances(second).tolist(), strict=True)
    assert [(row["first"], row["second"]) for row in found] == sorted(pairs)[:300]

    within = (
        f"SELECT id, hash <-> $1 AS distance FROM {table}"
        " WHERE hash <@ ($2::bigint, $3::bigint)::bktree_area ORDER BY hash <-> $1 LIMIT $4"
    )
    for center, other in zip(centers, [centers[0], *centers], strict=False):
        for radius in (2, 12, 30):
            area = {row: truth.rows[row] for row in truth.near(other, radius)}
            expected = Truth(area).nearest(center)
            for limit in (5, None):
                found = await connection.fetch(within, center, other, radius, limit)
                assert [row["distance"] for row in found] == expected[:limit]
                assert {row["id"] for row in found} <= area.keys()
                assert len({row["id"] for row in found}) == len(found)


async def check_equal(
    connection: Any, truth: Truth, centers: Iterable[int], *, table: str = "pictures"
) -> None:
    """Ask for equal hashes, for NULLs, and for what is none."""
    await take(connection, "index")
    counted = Counter(truth.rows.values())
    for center in centers:
        query = f"SELECT count(id) FROM {table} WHERE hash = $1::bigint"
        assert await connection.fetchval(query, center) == counted[center]
    nulls = await connection.fetchval(f"SELECT count(id) FROM {table} WHERE hash IS NULL")
    assert nulls == truth.nulls
    others = await connection.fetchval(f"SELECT count(id) FROM {table} WHERE hash IS NOT NULL")
    assert others == len(truth.rows) - truth.nulls


async def check_answers(
    connection: Any,
    method: Method,
    rows: Rows,
    seed: int,
    *,
    table: str = "pictures",
    index: str = "by_hash",
    ways: Collection[str] = ("index", "bitmap", "index only"),
    radii: Iterable[int] = RADII,
    count: int = 6,
    checked: bool = True,
) -> None:
    """Ask everything, in every way, and let the index look at itself if it is to be ``checked``."""
    truth = Truth(rows)
    centers = make_queries(seed, truth.hashes or [0], count)
    for way in ways:
        await check_areas(connection, truth, way, centers, radii, table=table)
    await check_order(connection, truth, centers, table=table)
    await check_equal(connection, truth, centers, table=table)
    if checked and method is HAMMING:
        checked = await connection.fetchval(f"SELECT hamming_index_check('{index}')")
        assert checked >= len(rows) - truth.nulls


async def read_rows(connection: Any, table: str = "pictures") -> Rows:
    """What the table itself holds."""
    await take(connection, "table")
    return {row["id"]: row["hash"] for row in await connection.fetch(f"SELECT * FROM {table}")}
