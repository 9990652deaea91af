"""Merging staged rows by building the tables anew beside the old ones.

Filling empty tables and indexing them afterwards is many times as fast as keeping indexes up to
date row by row, and searches use the old tables until the new ones take their place, in an instant,
in the transaction that made them.  It is done where little is stored as yet, and that little is
taken along.

Keys, indexes, settings and grants of the new tables come from the catalogue, so that what the
migrations say, and what an operator added, is said once.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import asyncpg

from bot.errors import DatabaseUnavailableError
from db.connections import Connections, Session, Transaction
from db.records import IndexKind

# Rows of each table that may be there already; they are copied while nobody can search.
MOST_KEPT = 100_000

# How long to wait for the old tables at a time, while everybody else waits behind us, and how
# often, with a pause in between.
LOCK_TIMEOUT = "2s"
ATTEMPTS = 150
PAUSE = 2.0

# Each step with the share of the work that is done when it begins.
_STEPS = {
    "storing the pages": 0.0,
    "sorting the rows": 0.1,
    "storing the pictures": 0.4,
    "storing where they appear": 0.5,
    "building the keys": 0.6,
    "building the indexes": 0.75,
    "putting it in place": 0.85,
    "checking the references": 0.86,
}


async def rebuild_possible(session: Session, sql: Mapping[str, str], collection_id: int) -> bool:
    """Whether the tables may be built anew for a collection."""
    rows = await session.fetch(sql["rebuild_possible"], collection_id, MOST_KEPT)
    return bool(rows[0]["possible"])


class Rebuild:
    """One transaction that builds the tables; given up as a whole if it fails."""

    def __init__(
        self,
        connections: Connections,
        session: Session,
        sql: Mapping[str, str],
        collection_id: int,
        import_id: int,
    ) -> None:
        self._connections = connections
        self._session = session
        self._sql = sql
        self._collection = collection_id
        self._import = import_id

    async def run(self, on_progress: Callable[[str, float], None]) -> int:
        """Build, and give the number of appearances."""
        async with self._session.transaction() as transaction:
            step = _Steps(transaction, self._sql, on_progress)
            # Writers to this collection wait until the new tables are there.
            await step.fetch("collection_lock", self._collection)
            await step.run("staging_memory")
            for name in ("schema", "images", "pages", "appearances"):
                await step.run(f"rebuild_{name}")
            pages = await self._fill_pages(step)
            images, appearances = await self._fill_images(step)
            await self._index(step)
            on_progress("putting it in place", _STEPS["putting it in place"])
            await self._lock(transaction)
            await self._put_in_place(step)
            await step.run("collection_count", self._collection, images, pages, appearances)
            await step.run("import_added", self._import, appearances)
            await step.run("staged_clear")
        on_progress("checking the references", _STEPS["checking the references"])
        await self._check()
        return appearances

    async def _fill_pages(self, step: "_Steps") -> int:
        step.begin("storing the pages")
        most: int = (await step.fetch("rebuild_count_pages"))[0]["rows"]
        base = await self._reserve("pages", most)
        pages = await step.run("rebuild_fill_pages", self._collection, base)
        await step.run("rebuild_analyze_pages")
        return pages

    async def _fill_images(self, step: "_Steps") -> tuple[int, int]:
        step.begin("sorting the rows")
        await step.run("rebuild_sorted")
        await step.run("rebuild_pairs")
        counted = (await step.fetch("rebuild_count_pairs"))[0]
        step.begin("storing the pictures")
        base = await self._reserve("images", counted["images"])
        await step.run("rebuild_fill_images", self._collection, base)
        step.begin("storing where they appear")
        await step.run("rebuild_fill_appearances", base)
        await step.run("rebuild_drop_pairs")
        return counted["images"], counted["rows"]

    async def _index(self, step: "_Steps") -> None:
        plan = await step.fetch("rebuild_plan")
        if not await step.fetch("indexes"):
            plan = [*plan, *await self._best_index(step)]
        keys = [row for row in plan if row["what"] == "key"]
        others = [row for row in plan if row["what"] != "key"]
        step.begin("building the keys")
        for row in keys:
            await step.statement(row["statement"])
        step.begin("building the indexes")
        for row in others:
            await step.statement(row["statement"])

    async def _best_index(self, step: "_Steps") -> list[dict[str, str]]:
        """The search index, where there is none to build anew and one can be had."""
        operators = (await step.fetch("operators"))[0]
        kinds: list[IndexKind] = operators["kinds"]
        if operators["installed"] is None or not kinds:
            return []
        statement = self._sql[f"rebuild_index_{kinds[0]}"]
        return [{"what": "index", "statement": statement}]

    async def _reserve(self, table: str, count: int) -> int:
        """Take ids from the old table's sequence; those behind the number that is given."""
        async with self._connections.transaction(patient=True) as transaction:
            await transaction.execute(self._sql[f"rebuild_hold_{table}"])
            base: int = await transaction.value(
                self._sql["rebuild_reserve"], f"public.{table}", count
            )
        return base

    async def _lock(self, transaction: Transaction) -> None:
        """Have the old tables to ourselves, without keeping searches waiting for who has them."""
        await transaction.fetch(self._sql["rebuild_patience"], LOCK_TIMEOUT)
        for _ in range(ATTEMPTS):
            try:
                async with transaction.nested():
                    # Foreign keys lead there; writers are in it for a moment each.
                    await transaction.execute(self._sql["rebuild_lock_collections"])
                    await transaction.execute(self._sql["rebuild_lock"])
            except asyncpg.LockNotAvailableError:
                await asyncio.sleep(PAUSE)
            else:
                return
        raise DatabaseUnavailableError(
            "Something has been using the tables for minutes (a backup, perhaps), so the new ones "
            "could not take their place. Run the same command again when that is over; nothing has "
            "to be read again."
        )

    async def _put_in_place(self, step: "_Steps") -> None:
        foreign_keys = await step.fetch("rebuild_foreign_keys")
        for name in ("keep_pages", "keep_images", "keep_appearances", "go_on", "drop"):
            await step.run(f"rebuild_{name}")
        for name in ("place_images", "place_pages", "place_appearances", "drop_schema"):
            await step.run(f"rebuild_{name}")
        # Not checked here, where everybody waits; what was built can't be wrong.
        for row in foreign_keys:
            await step.statement(row["statement"])

    async def _check(self) -> None:
        """Have the server look at the foreign keys, while searches go on."""
        for row in await self._session.fetch(self._sql["rebuild_unchecked"]):
            async with self._session.transaction() as transaction:
                await transaction.execute(self._sql["staging_memory"])
                await transaction.execute(row["statement"])


class _Steps:
    """Statements by name in one transaction, and a word on where it is."""

    def __init__(
        self,
        transaction: Transaction,
        sql: Mapping[str, str],
        on_progress: Callable[[str, float], None],
    ) -> None:
        self._transaction = transaction
        self._sql = sql
        self._on_progress = on_progress

    def begin(self, step: str) -> None:
        self._on_progress(step, _STEPS[step])

    async def run(self, name: str, *values: object) -> int:
        return await self._transaction.execute(self._sql[name], *values)

    async def fetch(self, name: str, *values: object) -> list[Any]:
        return await self._transaction.fetch(self._sql[name], *values)

    async def statement(self, text: str) -> None:
        """A statement that the server wrote, with its names quoted."""
        await self._transaction.execute(text)
