"""What was measured, and what is made of it: nothing here measures."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

RADII = (0, 3, 6, 8, 10, 12)
WIDE_RADII = (16, 20)  # for the worst query alone
LIMIT = 200
NEAREST = 10


@dataclass(frozen=True, slots=True)
class Search:
    """A kind of question: ``within`` a radius, ``count`` within it, or the ``nearest``."""

    kind: str
    radius: int = 0

    @property
    def name(self) -> str:
        if self.kind == "nearest":
            return f"{NEAREST} nearest"
        return f"{self.kind} {self.radius}"


NARROW = tuple(Search("within", radius) for radius in RADII)
WIDE = tuple(Search("within", radius) for radius in WIDE_RADII)
COUNT = Search("count", 8)
CLOSEST = Search("nearest")
SEARCHES = (*NARROW, *WIDE, CLOSEST, COUNT)


@dataclass(frozen=True, slots=True)
class Timings:
    """One search, put with many queries; each way is put them in the same order.

    ``milliseconds`` and ``rows`` are of each query, ``pages`` (of 8 kB) of the first few.
    ``worst`` is the slowest query in milliseconds, told from an interruption by asking again.
    """

    milliseconds: tuple[float, ...]
    rows: tuple[int, ...]
    pages: tuple[int, ...]
    worst: float

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)

    @property
    def late(self) -> float:
        """The 95th percentile."""
        return late(self.milliseconds)


@dataclass(frozen=True, slots=True)
class Work:
    """What an index or rows were made with: seconds, and bytes of log and of the result."""

    seconds: float
    log_bytes: int
    size: int
    rows: int

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


@dataclass(frozen=True, slots=True)
class Cold:
    """A query after a restart with nothing cached. ``fetched`` is what the disks gave, if known."""

    milliseconds: float
    pages: int
    fetched: int | None


@dataclass(frozen=True, slots=True)
class Way:
    """All that was measured of one way; what does not apply is ``None`` or empty."""

    name: str
    searches: Mapping[str, Timings]
    built: Work | None = None
    inserted: Work | None = None
    grown: Timings | None = None
    first: tuple[float, ...] = ()
    cold: tuple[Cold, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Something wanted at 30 million rows: a figure that is at least, or at most, so much."""

    what: str
    figure: str
    wanted: float
    at_least: bool = True
    unit: str = "×"

    def verdict(self, value: float | None) -> str:
        """``met``, or by which factor it was missed."""
        if value is None:
            return "not measured"
        if value >= self.wanted if self.at_least else value <= self.wanted:
            return "met"
        factor = self.wanted / value if self.at_least else value / self.wanted
        return f"missed by {factor:.2f} ×"


TARGETS = (
    *(
        Target(f"times as fast as the sequential scan, radius {r}", f"sequential/{r}", wanted)
        for r, wanted in ((3, 2200), (6, 400), (8, 180), (12, 110))
    ),
    *(
        Target(f"times as fast as `bktree_ops`, radius {r}", f"bktree/{r}", wanted)
        for r, wanted in ((3, 25), (6, 40), (8, 40))
    ),
    Target("worst query at any radius, of one faiss scan", "worst", 1.5, at_least=False),
    Target("95th percentile of the median, radius 3", "late", 3, at_least=False),
    Target("slowest first query of a connection", "first", 15, at_least=False, unit=" ms"),
    Target("index size, of that of `bktree_ops`", "size", 0.5, at_least=False),
    Target("build time, of that of `bktree_ops`", "build", 0.25, at_least=False),
    Target("rows inserted a second, of that of `bktree_ops`", "insert", 0.5),
    Target("median at radius 3 with 10 % more rows, of the fresh one", "grown", 2, at_least=False),
    Target("times fewer bytes than `bktree_ops`, radius 3, nothing cached", "cold", 20),
)


def late(values: tuple[float, ...]) -> float:
    """The 95th percentile: 5 % of the values are greater."""
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


def times(slow: Timings, fast: Timings) -> float:
    """How many times as fast the one is, by medians over the queries that both were put."""
    both = min(len(slow.milliseconds), len(fast.milliseconds))
    return statistics.median(slow.milliseconds[:both]) / statistics.median(fast.milliseconds[:both])


def figures(ways: Mapping[str, Way]) -> dict[str, float]:
    """What the targets are about, by name; a figure that lacks a part is left out."""
    found: dict[str, float] = {}
    ours, tree = ways.get("hamming"), ways.get("bktree")
    sequential, scan = ways.get("sequential"), ways.get("faiss")
    if ours is None:
        return found
    three = ours.searches["within 3"]
    for search in NARROW:
        if sequential:
            # A whole pass: with a limit it ends early, wherever there is much to find.
            found[f"sequential/{search.radius}"] = (
                sequential.searches[COUNT.name].median / ours.searches[search.name].median
            )
        if tree:
            found[f"bktree/{search.radius}"] = times(
                tree.searches[search.name], ours.searches[search.name]
            )
    if scan:
        worst = max(ours.searches[search.name].worst for search in (*NARROW, *WIDE))
        found["worst"] = worst / scan.searches["within 3"].median
    found["late"] = three.late / three.median
    if ours.first:
        found["first"] = max(ours.first)
    if ours.grown:
        found["grown"] = ours.grown.median / three.median
    if tree and tree.built and ours.built:
        found["size"] = ours.built.size / tree.built.size
        found["build"] = ours.built.seconds / tree.built.seconds
    if tree and tree.inserted and ours.inserted:
        found["insert"] = ours.inserted.rate / tree.inserted.rate
    if tree and tree.cold and ours.cold:
        found["cold"] = cold_pages(tree) / max(cold_pages(ours), 1)
    return found


def cold_pages(way: Way) -> float:
    """Pages that a query reads when nothing is cached: the mean, as queries differ much."""
    return statistics.fmean(cold.pages for cold in way.cold)
