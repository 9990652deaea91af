"""Searching for hashes, and looking at how it is done."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from db import Database
from db.index import BUILDER_LOCK
from db.queries import load_statements
from db.records import (
    DENSITY_CAP,
    DENSITY_RADIUS,
    FURTHER_CAP,
    MOST_READ,
    Candidate,
    IndexStatus,
    NearProbe,
)
from db.store import Store

TEMPLATE = "https://en.wikipedia.org/wiki/{title}"
ROWS = 20_000


def hamming(a: int, b: int) -> int:
    """How many bits differ."""
    return ((a ^ b) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


async def near(
    store: Store, collection_id: int, dhash: int, radius: int, *, limit: int = ROWS
) -> tuple[Candidate, ...]:
    """What a search by dHash alone finds."""
    probe = NearProbe(dhash, 0, radius, radius)
    return (await store.near([probe], [collection_id], limit_each=limit)).candidates


def near_values(
    collection_id: int, hashes: Sequence[int], radius: int, limit: int = 10
) -> tuple[object, ...]:
    """What a search for some hashes binds."""
    same = [radius] * len(hashes)
    most = [DENSITY_CAP, *[FURTHER_CAP] * (len(hashes) - 1)]
    return (
        list(hashes), list(hashes), same, same, most, [collection_id], DENSITY_RADIUS, limit,
        MOST_READ,
    )  # fmt: skip


async def explained(connection: Any, name: str, *values: object) -> dict[str, Any]:
    """The plan of a named statement, run with these values."""
    text = await connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {load_statements()[name]}", *values
    )
    plan: dict[str, Any] = json.loads(text)[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node of a plan."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


async def indexes_used(
    connection: Any, collection_id: int, hashes: Sequence[int], radius: int
) -> set[str]:
    """The indexes of pictures with which the application's search is answered, for each hash."""
    plan = await explained(connection, "near", *near_values(collection_id, hashes, radius))
    read = [node for node in nodes(plan) if node.get("Relation Name") == "images"]
    assert not [node for node in read if node["Node Type"] == "Seq Scan"]
    indexes = [
        node for node in nodes(plan) if node.get("Index Name", "").startswith("images_dhash")
    ]
    assert {node["Actual Loops"] for node in indexes} <= {0, len(hashes)}
    assert any(node["Actual Loops"] for node in indexes)
    return {node["Index Name"] for node in nodes(plan) if "Index Name" in node}


async def until(database: Database, holds: Callable[[IndexStatus], bool]) -> IndexStatus:
    """Wait for the index to be in a state."""
    while not holds(status := await database.index.status()):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return status


async def builders_gone(connection: Any) -> None:
    """Wait for the server to end a build that was cancelled; then its lock is free."""
    await connection.execute("SELECT pg_advisory_lock($1)", BUILDER_LOCK)
    await connection.execute("SELECT pg_advisory_unlock($1)", BUILDER_LOCK)
