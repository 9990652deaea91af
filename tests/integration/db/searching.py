"""Searching for hashes, and looking at how it is done."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

from db import Database
from db.index import BUILDER_LOCK
from db.queries import load_statements
from db.records import IndexStatus, NearQuery

TEMPLATE = "https://en.wikipedia.org/wiki/{title}"
ROWS = 20_000


def hamming(a: int, b: int) -> int:
    """How many bits differ."""
    return ((a ^ b) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


def exactly(dhash: int, radius: int) -> NearQuery:
    """A search by dHash alone."""
    return NearQuery(dhash, None, radius, radius_phash=64, radius_unverified=64)


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


async def indexes_used(connection: Any, collection_id: int, query: int, radius: int) -> set[str]:
    """The indexes with which the application's search is answered."""
    values = (query, radius, [collection_id], None, 16, 4, None, None, 10)
    plan = await explained(connection, "near", *values)
    assert not [node for node in nodes(plan) if node["Node Type"] == "Seq Scan"]
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
