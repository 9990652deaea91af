"""What one process changes, another one knows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.changes import keeping_up
from bot.privacy import PrivacyService
from bot.rules import DEFAULTS, Rules, RulesService
from db import Database, open_database
from db.changes import Change, Changes
from tests.integration.shards.conftest import PATIENCE

GUILD, MEMBER = 10, 20


class Process:
    """What a process knows, and hears of others."""

    def __init__(self, database: Database) -> None:
        self.rules = RulesService(database.rules, database.sightings)
        self.privacy = PrivacyService(database.members)
        self.changes = Heard(database.changes)
        self.paused = asyncio.Event()
        self.go_on = asyncio.Event()

    async def pause(self, _seconds: float) -> None:
        """Wait until told to connect anew."""
        self.paused.set()
        await self.go_on.wait()


class Heard(Changes):
    """Changes that are noted once they have been taken over."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self.taken: asyncio.Queue[Change | None] = asyncio.Queue()

    async def follow(self) -> AsyncIterator[Change | None]:  # type: ignore[override]
        """What is changed."""
        async with aclosing(self._changes.follow()) as following:
            async for change in following:
                yield change
                self.taken.put_nowait(change)

    async def until(self, change: Change | None) -> None:
        """Wait until a change has been taken over."""
        async with asyncio.timeout(PATIENCE):
            while await self.taken.get() != change:
                pass


@pytest.fixture
async def one(database: Database) -> RulesService:
    """A process that changes something."""
    return RulesService(database.rules, database.sightings)


@pytest.fixture
async def another(database_url: str, tmp_path: Path) -> AsyncIterator[Process]:
    """A process that is told of it, on connections of its own."""
    async with open_database(database_url, tmp_path, pool_size=1) as opened:
        process = Process(opened)
        keeping = keeping_up(process.changes, process.rules, process.privacy, pause=process.pause)
        async with keeping:
            await process.changes.until(None)
            yield process


def with_prefix(rules: Rules) -> Rules:
    return replace(rules, prefix="?")


async def test_rules_that_are_made_and_forgotten(one: RulesService, another: Process) -> None:
    await one.change(GUILD, with_prefix)
    await another.changes.until(Change("rules", GUILD))
    assert another.rules.of(GUILD) == with_prefix(DEFAULTS)
    await one.forget(GUILD)
    await another.changes.until(Change("rules", GUILD))
    assert another.rules.of(GUILD) == DEFAULTS


async def test_members_who_opt_out_and_in(database: Database, another: Process) -> None:
    privacy = PrivacyService(database.members)
    await privacy.opt_out(MEMBER)
    await another.changes.until(Change("opted_out", MEMBER))
    assert another.privacy.opted_out(MEMBER)
    await privacy.opt_in(MEMBER)
    await another.changes.until(Change("opted_out", MEMBER))
    assert not another.privacy.opted_out(MEMBER)


async def test_what_an_operator_changes_by_hand(
    operator: Any, one: RulesService, another: Process
) -> None:
    await one.change(GUILD, with_prefix)
    await operator.execute("UPDATE rules SET prefix = '$' WHERE guild_id = $1", GUILD)
    await another.changes.until(Change("rules", GUILD))
    await another.changes.until(Change("rules", GUILD))
    assert another.rules.of(GUILD).prefix == "$"


async def test_what_was_changed_while_the_connection_was_lost(
    operator: Any, one: RulesService, another: Process
) -> None:
    listeners = await operator.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )
    assert len(listeners) == 1
    async with asyncio.timeout(PATIENCE):
        await another.paused.wait()
    await one.change(GUILD, with_prefix)
    await operator.execute("INSERT INTO opted_out (user_id) VALUES ($1)", MEMBER)
    assert another.rules.of(GUILD) == DEFAULTS
    another.go_on.set()
    await another.changes.until(None)
    assert another.rules.of(GUILD) == with_prefix(DEFAULTS)
    assert another.privacy.opted_out(MEMBER)


async def test_what_a_newer_version_says_may_be_anything(operator: Any, another: Process) -> None:
    await operator.execute("NOTIFY whereis_changes, 'something else'")
    await another.changes.until(None)
    await operator.execute("NOTIFY whereis_changes, 'weather 5'")
    await another.changes.until(Change("weather", 5))


async def test_a_line_on_which_nothing_is_heard_is_looked_at(
    database: Database, one: RulesService
) -> None:
    changes = Changes(database._connections, look_every=0.01)
    async with aclosing(changes.follow()) as following:
        assert await anext(following) is None
        hearing = asyncio.ensure_future(anext(following))
        # Longer than it takes to look.
        await asyncio.wait({hearing}, timeout=0.1)
        await one.change(GUILD, with_prefix)
        assert await hearing == Change("rules", GUILD)
