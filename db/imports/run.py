"""Imports of one source into one collection: begun, stopped, gone on with, finished."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from bot.errors import NotAllowedError
from db.connections import Connections, Session, Transaction
from db.imports.records import Checkpoint, ImportState, ReadPicture, Removed
from db.imports.staging import WORTH_REBUILDING, Staging
from db.records import NewAppearance
from db.writing import begin_writing

# The first of the two numbers of each import's lock; no other program takes the same.
_LOCKS = 0x7768_6973

LOCK_ATTEMPTS = 12
LOCK_PAUSE = 0.5

# How many pictures are looked through at a time for what an update did not see.
STRETCH = 5_000


class Imports:
    """Begins imports, or goes on with them.

    With ``worth_rebuilding`` rows or more, an import into an empty collection builds the tables
    anew where it may.
    """

    def __init__(
        self,
        connections: Connections,
        sql: Mapping[str, str],
        *,
        worth_rebuilding: int = WORTH_REBUILDING,
    ) -> None:
        self.worth_rebuilding = worth_rebuilding
        self._connections = connections
        self._sql = sql

    @asynccontextmanager
    async def run(
        self,
        collection_id: int,
        kind: str,
        location: str,
        *,
        update: bool = False,
        start_over: bool = False,
    ) -> AsyncIterator["ImportRun"]:
        """An import, held for the length of a block.

        An import of the same source that did not finish goes on, unless ``start_over`` says
        otherwise, or one of the two updates and the other doesn't.  Raises
        :class:`NotAllowedError` while it is running elsewhere.
        """
        async with self._connections.session() as session:
            found = await session.fetch(self._sql["import_find"], collection_id, kind, location)
            import_id = found[0]["id"]
            if not await self._locked(session, import_id):
                raise NotAllowedError(
                    f"The same import of {location} is running already. Wait for that to finish."
                )
            state = (await session.fetch(self._sql["import_state"], import_id))[0]
            run = ImportRun(
                self._connections,
                session,
                self._sql,
                collection_id,
                import_id,
                update=update,
                worth_rebuilding=self.worth_rebuilding,
            )
            if start_over or state["finished_at"] is not None or state["updating"] != update:
                await run.restart()
                state = (await session.fetch(self._sql["import_state"], import_id))[0]
            run.state = ImportState(
                position=json.loads(state["position"]) if state["position"] else None,
                added=state["added"],
                known=state["known"],
                skipped=json.loads(state["skipped"]),
            )
            yield run

    async def _locked(self, session: Session, import_id: int) -> bool:
        # The server may take a moment to notice that an earlier run was killed.
        for attempt in range(LOCK_ATTEMPTS):
            if attempt:
                await asyncio.sleep(LOCK_PAUSE)
            if (await session.fetch(self._sql["import_lock"], _LOCKS, import_id))[0][0]:
                return True
        return False


class ImportRun:
    """A running import.  ``state`` is where it was left before."""

    def __init__(
        self,
        connections: Connections,
        session: Session,
        sql: Mapping[str, str],
        collection_id: int,
        import_id: int,
        *,
        update: bool,
        worth_rebuilding: int,
    ) -> None:
        self.state = ImportState(None, 0, 0, {})
        self._connections = connections
        self._session = session
        self._sql = sql
        self._collection = collection_id
        self._import = import_id
        self._update = update
        self._worth_rebuilding = worth_rebuilding

    async def restart(self) -> None:
        """Forget how far it is; what is stored stays."""
        async with self._session.transaction() as transaction:
            await self._forget(transaction)
            await transaction.execute(self._sql["staged_forget"], self._import)
            await transaction.execute(self._sql["import_restart"], self._import, self._update)

    async def read(self, keys: Iterable[UUID]) -> dict[UUID, ReadPicture]:
        """The pictures among these that this import has read and stored, by key.

        May be asked while something is being stored.
        """
        rows = await self._connections.fetch(self._sql["import_known"], self._import, list(keys))
        return {row["key"]: ReadPicture(*row) for row in rows}

    async def store(
        self,
        appearances: Sequence[NewAppearance],
        pictures: Sequence[ReadPicture],
        checkpoint: Checkpoint,
    ) -> int:
        """Store appearances, what was read, and the checkpoint, as one; how many are new.

        The counts of the checkpoint are those without these appearances.  Raises
        :class:`bot.errors.NotFoundError` when the collection is gone.
        """
        async with self._session.transaction() as transaction:
            new = 0
            if appearances:
                step = await begin_writing(transaction, self._sql, self._collection)
                await step.take(appearances)
                await step.plan()
                new = await step.put_in()
                if self._update:
                    await step.saw(self._import)
            if pictures:
                await transaction.execute(
                    self._sql["import_keep"],
                    self._import,
                    *map(list, zip(*map(_columns, pictures), strict=True)),
                )
            await transaction.execute(
                self._sql["import_checkpoint"],
                self._import,
                None if checkpoint.position is None else json.dumps(checkpoint.position),
                checkpoint.added + new,
                checkpoint.known + len(appearances) - new,
                json.dumps(checkpoint.skipped),
            )
        return new

    async def remove_unseen(self) -> AsyncIterator[Removed]:
        """Take away what an update did not come across; tells of each stretch that is done."""
        after = 0
        while True:
            found = await self._session.fetch(
                self._sql["import_stretch"], self._collection, after, STRETCH
            )
            if not found:
                return
            last = found[0]["last"]
            async with self._session.transaction() as transaction:
                step = await begin_writing(transaction, self._sql, self._collection)
                gone = await step.take_gone(self._import, after, last)
                images = 0
                if gone:
                    await step.plan()
                    images = await step.take_out()
            yield Removed(images, gone)
            after = last

    async def finish(self) -> None:
        """Mark the import as done, and forget what only a resumed one needs."""
        async with self._session.transaction() as transaction:
            await self._forget(transaction)
            await transaction.execute(self._sql["import_finish"], self._import)
        await self._session.execute(self._sql["analyze"])

    @asynccontextmanager
    async def staging(self) -> AsyncIterator[Staging]:
        """The room in which rows wait to be merged.

        Raises :class:`NotAllowedError` while another import is in it.
        """
        staging = Staging(
            self._connections,
            self._session,
            self._sql,
            self._collection,
            self._import,
            worth_rebuilding=self._worth_rebuilding,
        )
        await staging.enter()
        yield staging

    async def _forget(self, transaction: Transaction) -> None:
        await transaction.execute(self._sql["import_forget_pictures"], self._import)
        await transaction.execute(self._sql["import_forget_seen"], self._import)


def _columns(picture: ReadPicture) -> tuple[Any, ...]:
    return picture.key, picture.dhash, picture.phash, picture.look, picture.reason
