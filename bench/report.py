"""What was measured, as Markdown."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.results import (
    CLOSEST,
    COUNT,
    LIMIT,
    NARROW,
    SEARCHES,
    TARGETS,
    WIDE,
    Search,
    Timings,
    Way,
    cold_pages,
    figures,
    times,
)

PAGE = 8192
TARGET_ROWS = 30_000_000

TITLES = {
    "sequential": "sequential scan",
    "bktree": "SP-GiST `bktree_ops`",
    "hamming": "`hamming`",
    "faiss": "faiss `IndexBinaryFlat`",
    "numpy": "numpy scan",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and with what it was measured."""

    command: str
    machine: str
    server: str
    kernel: str | None
    settings: Mapping[str, str]
    rows: int
    distinct: int
    most_repeated: int
    queries: int
    pairs: Mapping[int, float]
    table_bytes: int
    read_once: float
    notes: tuple[str, ...] = ()


def report(setting: Setting, ways: Mapping[str, Way]) -> str:
    """The whole of it."""
    parts = [
        _conditions(setting),
        "### Milliseconds: median (95th percentile, slowest)\n\n" + _timings(ways),
        "### Rows found and pages read: medians\n\n" + _pages(ways),
        "### How many times as fast `hamming` is\n\n" + _ratios(ways),
        "### The indexes\n\n" + _indexes(ways),
        "### Targets\n\n" + _targets(setting, ways),
    ]
    return "\n\n".join(parts) + "\n"


def short(value: float) -> str:
    """Three digits that count, thousands apart."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all but the first column are figures."""
    ruler = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ruler, *rows))


def _conditions(setting: Setting) -> str:
    pairs = ", ".join(f"{rate:.0f} within {radius}" for radius, rate in setting.pairs.items())
    settings = ", ".join(f"`{name} = {value}`" for name, value in setting.settings.items())
    lines = [
        f"- Command: `{setting.command}`",
        f"- Machine: {setting.machine}",
        f"- Server: {setting.server}"
        + (f"; `hamming_kernel()` is `{setting.kernel}`" if setting.kernel else ""),
        f"- Settings: {settings}",
        f"- Table: {setting.rows:,} rows, {setting.table_bytes / 1e6:,.0f} MB",
        f"- Hashes: {setting.distinct:,} different, one of them {setting.most_repeated:,} times",
        f"- Pictures: of a million pairs of different ones, by a sample, {pairs}",
        f"- Queries: {setting.queries:,}, the same for every way; `LIMIT {LIMIT}` within a radius",
        f"- Reading all hashes once from memory takes this machine {setting.read_once:.1f} ms",
        *(f"- {note}" for note in setting.notes),
    ]
    return f"## {setting.rows:,} rows\n\n" + "\n".join(lines)


def _timings(ways: Mapping[str, Way]) -> str:
    def cell(timings: Timings | None) -> str:
        if timings is None:
            return "–"
        spent = timings.milliseconds
        shown = f"{short(timings.median)} ({short(timings.late)}, {short(max(spent))})"
        return shown if len(spent) == most else f"{shown} [{len(spent)}]"

    most = max(len(t.milliseconds) for way in ways.values() for t in way.searches.values())
    rows = [
        [search.name, *(cell(way.searches.get(search.name)) for way in ways.values())]
        for search in SEARCHES
    ]
    head = ["search", *(TITLES[name] for name in ways)]
    notes = [f"- {TITLES[way.name]}: {way.note}" for way in ways.values() if way.note]
    if any(len(t.milliseconds) < most for way in ways.values() for t in way.searches.values()):
        notes.append("- In brackets: how many of the queries there was time for.")
    return table(head, rows) + ("\n\n" + "\n".join(notes) if notes else "")


def _pages(ways: Mapping[str, Way]) -> str:
    inside = [way for way in ways.values() if any(t.pages for t in way.searches.values())]
    if not inside:
        return "No way of PostgreSQL's was measured."

    def cells(search: Search) -> Iterable[str]:
        found = [way.searches[search.name] for way in inside if search.name in way.searches]
        most = max(found, key=lambda timings: len(timings.rows), default=None)
        yield f"{statistics.median(most.rows):,.0f}" if most else "–"
        for way in inside:
            timings = way.searches.get(search.name)
            yield f"{statistics.median(timings.pages):,.0f}" if timings else "–"

    head = ["search", "rows", *(f"pages: {TITLES[way.name]}" for way in inside)]
    return table(head, ([search.name, *cells(search)] for search in SEARCHES))


def _ratios(ways: Mapping[str, Way]) -> str:
    ours = ways.get("hamming")
    others = [way for way in ways.values() if way.name != "hamming"]
    if ours is None or not others:
        return "There is nothing to compare."

    def ratio(way: Way, search: Search) -> str:
        slow, fast = way.searches.get(search.name), ours.searches.get(search.name)
        return short(times(slow, fast)) if slow and fast else "–"

    sequential = ways.get("sequential")
    head = ["search", *(TITLES[way.name] for way in others)]
    whole = sequential is not None and COUNT.name in sequential.searches
    if whole:
        head.append("a sequential scan of all rows")

    def cells(search: Search) -> Iterable[str]:
        yield from (ratio(way, search) for way in others)
        if whole and sequential:
            scan, fast = sequential.searches[COUNT.name], ours.searches[search.name]
            yield short(scan.median / fast.median)

    return table(head, ([search.name, *cells(search)] for search in (*NARROW, *WIDE, CLOSEST)))


def _indexes(ways: Mapping[str, Way]) -> str:
    inside = [way for way in ways.values() if way.built or way.inserted]
    head = ["", *(TITLES[way.name] if way.built else "no index" for way in inside)]
    lines = [[name, *(show(way) or "–" for way in inside)] for name, show in _INDEX_LINES]
    return table(head, lines)


def _first(way: Way) -> str | None:
    return f"{short(statistics.median(way.first))} ({short(max(way.first))})" if way.first else None


def _cold_time(way: Way) -> str | None:
    return short(statistics.median(one.milliseconds for one in way.cold)) if way.cold else None


def _cold_read(way: Way) -> str | None:
    return short(cold_pages(way) * PAGE / 1e6) if way.cold else None


def _cold_fetched(way: Way) -> str | None:
    known = [one.fetched for one in way.cold if one.fetched is not None]
    return short(statistics.fmean(known) / 1e6) if known else None


# Line → what it says of a way, and nothing where that was not measured.
_INDEX_LINES: tuple[tuple[str, Callable[[Way], str | None]], ...] = (
    ("size, MB", lambda way: short(way.built.size / 1e6) if way.built else None),
    ("built in, s", lambda way: short(way.built.seconds) if way.built else None),
    (
        "log written by the build, MB",
        lambda way: short(way.built.log_bytes / 1e6) if way.built else None,
    ),
    ("rows inserted a second", lambda way: f"{way.inserted.rate:,.0f}" if way.inserted else None),
    (
        "log written by an insert, bytes a row",
        lambda way: short(way.inserted.log_bytes / way.inserted.rows) if way.inserted else None,
    ),
    (
        "size with the rows inserted, MB",
        lambda way: short(way.inserted.size / 1e6) if way.built and way.inserted else None,
    ),
    (
        "within 3 with the rows inserted: median (95th percentile), ms",
        lambda way: f"{short(way.grown.median)} ({short(way.grown.late)})" if way.grown else None,
    ),
    ("first query of a connection: median (slowest), ms", _first),
    ("nothing cached, within 3: median, ms", _cold_time),
    ("… pages read, mean, MB", _cold_read),
    ("… fetched from the disk, mean, MB", _cold_fetched),
)


def _targets(setting: Setting, ways: Mapping[str, Way]) -> str:
    reached = figures(ways)
    rows = []
    for target in TARGETS:
        value = reached.get(target.figure)
        wanted = f"{'≥' if target.at_least else '≤'} {target.wanted:,g}{target.unit}"
        shown = "–" if value is None else f"{short(value)}{target.unit}"
        rows.append([target.what, wanted, shown, target.verdict(value)])
    text = table(["`hamming`", "wanted", "reached", ""], rows)
    notes = (
        "The sequential scan is one of all rows: with a limit it ends early wherever there is much"
        " to find. A faiss scan is the median at radius 3. The worst query is the slowest of all"
        " radii, asked again five times; its median counts."
    )
    if setting.rows != TARGET_ROWS:
        notes += f" The targets are set for {TARGET_ROWS:,} rows."
    return f"{text}\n\n{notes}"
