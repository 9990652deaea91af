"""Turns that processes take, as PostgreSQL gives them."""

import asyncio
from pathlib import Path
from typing import Any

from db import Database, open_database
from tests.integration.shards.conftest import PATIENCE


async def test_turns_are_taken_one_after_the_other(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    async with open_database(database_url, tmp_path, pool_size=1) as other:
        async with database.turns.turn(0), other.turns.turn(1):
            second = asyncio.create_task(take(other, 0))
            assert not (await asyncio.wait({second}, timeout=0.1))[0]
        async with asyncio.timeout(PATIENCE):
            await second


async def test_the_turn_of_a_process_that_died_goes_to_the_next(
    database: Database, database_url: str, operator: Any, tmp_path: Path
) -> None:
    async with open_database(database_url, tmp_path, pool_size=1) as other, database.turns.turn(0):
        second = asyncio.create_task(take(other, 0))
        assert not (await asyncio.wait({second}, timeout=0.1))[0]
        await operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks"
            " WHERE locktype = 'advisory' AND granted AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        async with asyncio.timeout(PATIENCE):
            await second


async def take(database: Database, bucket: int) -> None:
    """Take a turn, and give it back."""
    async with database.turns.turn(bucket):
        pass
