"""Rows of hashes by the million: staged as they come, then merged into the tables.

Staging is a COPY into a table without indexes, a transaction a chunk together with how far the
source is.  Merging puts the staged rows where they belong, either by building the tables anew
(:mod:`db.imports.rebuild`) or piece by piece (:mod:`db.imports.pieces`).
"""

import json
from collections.abc import Callable, Mapping

from bot.errors import ConfigurationError, NotAllowedError
from db.connections import Connections, RowsRefusedError, Session
from db.imports.pieces import merge_pieces
from db.imports.rebuild import Rebuild, rebuild_possible
from db.imports.records import Json, Merged, StagedState
from db.imports.titles import clean_titles

# Like the lock of the migrations: a number that no other program takes.
_LOCK = 0x7768_6572_6569_7303

COLUMNS = ["dhash", "title"]

# Below this, going piece by piece takes no time, and disturbs nobody.
WORTH_REBUILDING = 200_000

# Blocks of a table that are staged in one transaction.
BLOCKS = 1_000

NO_VALUE = "no hash or no page"

OnProgress = Callable[[str, float], None]


class Staging:
    """The room in which the rows of one import wait; :meth:`enter` comes first."""

    def __init__(
        self,
        connections: Connections,
        session: Session,
        sql: Mapping[str, str],
        collection_id: int,
        import_id: int,
        *,
        worth_rebuilding: int,
    ) -> None:
        self._connections = connections
        self._session = session
        self._sql = sql
        self._collection = collection_id
        self._import = import_id
        self._worth_rebuilding = worth_rebuilding

    async def enter(self) -> None:
        """Take the room, and clear it of what another import left there.

        Raises :class:`NotAllowedError` while another import is in it.
        """
        if not (await self._session.fetch(self._sql["staging_lock"], _LOCK))[0][0]:
            raise NotAllowedError(
                "Rows of another dump are being imported into this database. Wait for that to "
                "finish, and run the same command again."
            )
        state = await self._session.fetch(self._sql["staged_state"])
        if [row["import_id"] for row in state] != [self._import]:
            await self.clear()

    async def state(self) -> StagedState:
        """How far the rows are staged."""
        row = (await self._session.fetch(self._sql["staged_state"]))[0]
        return StagedState(
            position=json.loads(row["position"]) if row["position"] else None,
            rows=row["rows"],
            skipped=json.loads(row["skipped"]),
            complete=row["complete"],
        )

    async def clear(self) -> None:
        """Throw away what is staged, and begin anew."""
        async with self._session.transaction() as transaction:
            await transaction.execute(self._sql["staged_clear"])
            await transaction.execute(self._sql["staged_begin"], self._import)

    async def copy(self, lines: bytes, position: Json, skipped: Json) -> bool:
        """Stage rows together with the checkpoint; nothing, and false, for rows that are none.

        ``lines`` are in COPY's text format, a hash and a title each.
        """
        try:
            async with self._session.transaction() as transaction:
                rows = await transaction.copy_text("staged", COLUMNS, lines) if lines else 0
                await transaction.execute(
                    self._sql["staged_checkpoint"],
                    self._import,
                    json.dumps(position),
                    rows,
                    json.dumps(skipped),
                )
        except RowsRefusedError:
            return False
        return True

    async def complete(self) -> None:
        """Note that all rows are staged."""
        await self._session.fetch(self._sql["staged_complete"], self._import)

    async def copy_table(
        self, table: str, hash_column: str, page_column: str, on_progress: OnProgress
    ) -> None:
        """Stage the rows of a table of the same database, from where it was left.

        Rows without a hash or a title are counted as skipped.  Raises :class:`ConfigurationError`
        for a table that is not there or has no such columns.
        """
        found = await self._session.fetch(self._sql["table_find"], table, hash_column, page_column)
        if not found or found[0]["problem"] is not None:
            raise ConfigurationError(
                found[0]["problem"] if found else f"There is no table {table} in this database."
            )
        statement, blocks = found[0]["statement"], found[0]["blocks"]
        state = await self.state()
        first = int((state.position or {}).get("block", 0))
        without = int(state.skipped.get(NO_VALUE, {}).get("count", 0))
        while first < blocks:
            last = min(first + BLOCKS, blocks)
            async with self._session.transaction() as transaction:
                counts = await transaction.fetch(statement, f"({first},0)", f"({last},0)")
                without += counts[0]["without"]
                skipped = {NO_VALUE: {"count": without, "examples": []}} if without else {}
                await transaction.execute(
                    self._sql["staged_checkpoint"],
                    self._import,
                    json.dumps({"block": last}),
                    counts[0]["taken"],
                    json.dumps(skipped),
                )
            first = last
            on_progress("reading the table", first / blocks)

    async def merge(self, clean: Callable[[str], str], on_progress: OnProgress) -> Merged:
        """Put all that is staged where it belongs, and clear the room.

        ``clean`` gives the form in which a title is stored, and raises
        :class:`bot.errors.RequestError` for what can be none.  Searches go on meanwhile.  May be
        stopped at any time, and goes on when called again.
        """
        on_progress("looking at the titles", 0.0)
        refused = await clean_titles(self._session, self._sql, clean)
        state = await self.state()
        rows = state.rows - sum(reason.rows for reason in refused)
        if rows >= self._worth_rebuilding and await rebuild_possible(
            self._session, self._sql, self._collection
        ):
            rebuild = Rebuild(
                self._connections, self._session, self._sql, self._collection, self._import
            )
            added = await rebuild.run(on_progress)
        else:
            added = await merge_pieces(
                self._session, self._sql, self._collection, self._import, on_progress
            )
            async with self._session.transaction() as transaction:
                await transaction.execute(self._sql["staged_clear"])
        return Merged(added=added, known=rows - added, refused=refused)
