"""What the command line prints: for people, and as the JSON that other programs read."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.doctor import Check
from bot.ingest import CollectionStats, ImportReport, IndexStatistics, IndexStatus
from bot.search import Answer, Confidence, Match, what_was_done
from db import ServerInfo
from db.records import ReplicaStatus

COLOURS: dict[Confidence, str] = {"exact": "green", "close": "yellow", "possible": "magenta"}
SIGNS = {"ok": ("✓", "green"), "note": ("!", "yellow"), "problem": ("✗", "red")}


def answer_text(image: str, answer: Answer, *, limit: int) -> RenderableType:
    """An answer for the terminal: a line for the picture, and a line for each match."""
    heading = Text(image, style="bold")
    if answer.status == "none":
        return Group(heading, Text("  no match: nothing stored looks like it", style="dim"))
    if answer.status != "found":
        return Group(heading, Text(f"  {answer.status}: {answer.reason}", style="red"))
    lines = [line for match in answer.matches[:limit] for line in _match_lines(match)]
    hidden = len(answer.matches) - limit
    if hidden > 0:
        lines.append(Text(f"  and {hidden} more (--limit shows more)", style="dim"))
    return Group(heading, *lines)


def _match_lines(match: Match) -> Iterable[Text]:
    for place, page in enumerate(match.pages[:3]):
        word = match.confidence if place == 0 else ""
        line = Text.assemble((f"  {word:<9}", COLOURS[match.confidence]), page.name, "  ")
        line.append(page.url, style="dim")
        yield line
    done = what_was_done(match.view)
    if done is not None:
        yield Text(f"           {done}", style="dim")
    if match.page_count > 3:
        yield Text(f"           shown on {match.page_count:,} pages", style="dim")


def import_json(collection: str, report: ImportReport) -> dict[str, Any]:
    """The JSON document of ``whereis-bot import``."""
    return {
        "collection": collection,
        "added": report.added,
        "already_there": report.known,
        "removed": {
            "pictures": report.removed_images,
            "appearances": report.removed_appearances,
        },
        "resumed": report.resumed,
        "skipped": [
            {"reason": reason, "count": count, "examples": report.examples[reason]}
            for reason, count in report.skipped.most_common()
        ],
    }


def import_text(collection: str, report: ImportReport) -> RenderableType:
    """The final report of an import."""
    lines = [
        Text.assemble((f"{report.added:,}", "bold green"), f" added to {collection}"),
        Text(f"{report.known:,} already there"),
    ]
    if report.removed_appearances:
        gone = f" removed, {report.removed_images:,} pictures among them that nothing else shows"
        lines.append(Text.assemble((f"{report.removed_appearances:,}", "bold magenta"), gone))
    for reason, count in report.skipped.most_common():
        lines.append(Text.assemble((f"{count:,}", "bold yellow"), f" skipped: {reason}"))
        lines.extend(Text(f"    {name}", style="dim") for name in report.examples[reason])
    return Group(*lines)


def stats_json(stats: Sequence[CollectionStats]) -> dict[str, Any]:
    """The JSON document of ``whereis-bot stats``."""
    return {
        "collections": [
            {
                "name": row.collection.name,
                "kind": row.collection.kind,
                "as_of": _day(row.collection.as_of),
                "imported_on": _day(row.collection.imported_on),
                "source_name": row.collection.source_name,
                "language": row.collection.language,
                "checksum": row.collection.checksum,
                "images": row.images,
                "pages": row.pages,
                "appearances": row.appearances,
            }
            for row in stats
        ]
    }


def stats_text(stats: Sequence[CollectionStats]) -> RenderableType:
    """A table of the collections."""
    if not stats:
        return Text("Nothing is stored yet. Try: whereis-bot import folder DIR")
    table = Table(box=None, pad_edge=False)
    table.add_column("collection")
    table.add_column("kind")
    for name in ("pictures", "pages", "appearances"):
        table.add_column(name, justify="right")
    table.add_column("as of")
    table.add_column("imported on")
    for row in stats:
        table.add_row(
            row.collection.name,
            row.collection.kind,
            f"{row.images:,}",
            f"{row.pages:,}",
            f"{row.appearances:,}",
            _day(row.collection.as_of) or "",
            _day(row.collection.imported_on) or "",
        )
    return table


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def index_json(
    status: IndexStatus, inside: IndexStatistics | None, replica: ReplicaStatus | None = None
) -> dict[str, Any]:
    """The JSON document of ``whereis-bot index status``."""
    return {
        "operators": status.operators,
        "extension_version": status.extension_version,
        "kind": status.kind,
        "valid": status.valid,
        "building": status.building,
        "size_bytes": status.size_bytes,
        "images": status.images,
        "offered": list(status.offered),
        "better": status.better,
        "leftovers": status.leftovers,
        "shared_buffers_bytes": status.shared_buffers,
        "fits_in_memory": status.fits,
        "statistics": None if inside is None else asdict(inside),
        "replica": None
        if replica is None
        else {
            "problem": replica.problem,
            "standby": replica.standby,
            "behind_bytes": replica.behind_bytes,
        },
    }


def index_text(checked: Sequence[Check], inside: IndexStatistics | None) -> RenderableType:
    """The state of the index: its checks, and what is in it."""
    index, *others = (check_text(check) for check in checked)
    lines = [Text(f"            {line}", style="dim") for line in inside.lines()] if inside else []
    return Group(index, *lines, *others)


def doctor_json(checks: Sequence[Check], info: ServerInfo | None) -> dict[str, Any]:
    """The JSON document of ``whereis-bot doctor``."""
    return {
        "checks": [check.as_json() for check in checks],
        "database": None
        if info is None
        else {
            "version": info.version,
            "embedded": info.embedded,
            "schema_version": info.schema_version,
            "operators": info.operators,
        },
    }


def check_text(check: Check) -> RenderableType:
    """One check for the terminal, its remedy below it."""
    sign, colour = SIGNS[check.verdict]
    line = Text.assemble((f"{sign} ", colour), (f"{check.name:<10}", "bold"), check.detail)
    if check.remedy is None:
        return line
    return Group(line, Text(f"            → {check.remedy}", style="cyan"))
