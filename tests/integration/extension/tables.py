"""A table with an index on its hashes, changed along with what should be in it."""

import random
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from tests.integration.extension.answers import RADII, Rows, check_answers
from tests.integration.extension.hashsets import make_set
from tests.integration.extension.methods import Method


class Pictures:
    """A table and the index ``by_hash`` on it, and the ``rows`` that are in it."""

    def __init__(self, connection: Any, method: Method, *, table: str = "pictures") -> None:
        self.connection = connection
        self.method = method
        self.table = table
        self.rows: Rows = {}
        self._dice = random.Random(1)
        self._next = 0

    async def create(
        self, hashes: Sequence[int | None] = (), *, kind: str = "", how: str = "", rest: str = ""
    ) -> None:
        """Make the table with some rows, then its index."""
        await self.run(
            f"CREATE {kind} TABLE {self.table} (id int, hash bigint, note int DEFAULT 0)"
        )
        await self.insert(hashes)
        await self.run(self.method.index(self.table, how=how, rest=rest))

    async def run(self, statement: str) -> None:
        """Do what changes nothing about the rows."""
        await self.connection.execute(statement)

    async def insert(self, hashes: Sequence[int | None]) -> None:
        """Add rows."""
        new = dict(enumerate(hashes, self._next))
        await self.connection.copy_records_to_table(
            self.table, records=list(new.items()), columns=["id", "hash"]
        )
        self.rows |= new
        self._next += len(new)

    async def delete(self, share: float) -> None:
        """Take a share of the rows away."""
        gone = self._some(share)
        await self.connection.execute(f"DELETE FROM {self.table} WHERE id = ANY ($1::int[])", gone)
        for row in gone:
            del self.rows[row]

    async def update(self, share: float, kind: str) -> None:
        """Give a share of the rows other hashes."""
        changed = self._some(share)
        hashes = make_set(kind, self._dice.getrandbits(32), len(changed))
        await self.connection.execute(
            f"UPDATE {self.table} AS p SET hash = new.hash"
            " FROM unnest($1::int[], $2::bigint[]) AS new (id, hash) WHERE p.id = new.id",
            changed,
            hashes,
        )
        self.rows.update(zip(changed, hashes, strict=True))

    async def touch(self, share: float) -> None:
        """Change a share of the rows, but not their hashes."""
        await self.connection.execute(
            f"UPDATE {self.table} SET note = note + 1 WHERE id = ANY ($1::int[])",
            self._some(share),
        )

    async def truncate(self) -> None:
        """Empty the table at once."""
        await self.run(f"TRUNCATE {self.table}")
        self.rows.clear()

    async def check(
        self,
        seed: int = 5,
        *,
        ways: Collection[str] = ("index", "bitmap"),
        radii: Iterable[int] = RADII,
        count: int = 6,
    ) -> None:
        """Ask for all kinds of things in several ways."""
        await check_answers(
            self.connection,
            self.method,
            self.rows,
            seed,
            table=self.table,
            ways=ways,
            radii=radii,
            count=count,
        )

    def _some(self, share: float) -> list[int]:
        return self._dice.sample(list(self.rows), round(len(self.rows) * share))
