"""Looking after a collection: leafing through all of it, merging, renaming, pairs kept apart.

Every statement takes the collection along with the ids, as those of :mod:`db.store` do.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from bot.errors import NotFoundError
from db.connections import Connections
from db.records import Actor, Addition, Candidate, ExportRow, Renaming, StoredPicture
from db.rows import candidate_of, id_of, ids_of
from db.writing import Writing, change

Pair = tuple[Candidate, Candidate]


class CurationStore:
    """Reads a collection from end to end, and changes what is in it.

    Every method raises :class:`bot.errors.DatabaseUnavailableError` when the database does not
    answer, or not in time.
    """

    def __init__(self, connections: Connections, sql: Mapping[str, str]) -> None:
        self._connections = connections
        self._sql = sql

    async def rows(
        self, collection_id: int, *, after: tuple[int, int] = (0, 0), limit: int = 500
    ) -> tuple[ExportRow, ...]:
        """Pictures with their pages, by the ids of both, from behind the pair ``after`` on.

        Fewer than ``limit`` are the last ones.
        """
        image_id, page_id = after
        rows = await self._fetch(
            "export_rows", id_of(collection_id), id_of(image_id), id_of(page_id), limit
        )
        return tuple(ExportRow(*row) for row in rows)

    async def walk(self, collection_id: int, *, upto: int, limit: int) -> tuple[Candidate, ...]:
        """Pictures of a collection, newest first, from the picture ``upto`` on; distances are 0."""
        rows = await self._fetch("walk", id_of(collection_id), upto, limit)
        return tuple(candidate_of(row) for row in rows)

    async def stored(
        self, collection_id: int, image_ids: Sequence[int]
    ) -> dict[int, StoredPicture]:
        """Pictures of a collection by their ids; one that is not in it has no entry."""
        rows = await self._fetch("stored_pictures", id_of(collection_id), ids_of(image_ids))
        return {
            row["image_id"]: StoredPicture(**{**row, "titles": tuple(row["titles"])})
            for row in rows
        }

    async def merge(
        self, collection_id: int, image_id: int, into: int, actor: Actor
    ) -> tuple[Addition, ...]:
        """Give a picture's pages to another one and take the picture out, as one step.

        Raises :class:`NotFoundError` unless both are in that collection, and are two.
        """
        image_id, into = id_of(image_id), id_of(into)

        async def merge(step: Writing) -> tuple[Addition, ...]:
            if not await step.take_merged(image_id, into):
                raise NotFoundError(f"There are no two pictures {image_id} and {into} here.")
            added: tuple[Addition, ...] = ()
            if await step.put_in():
                added = await step.record("add", actor, "merge")
            await step.clear()
            await step.take_picture(image_id)
            removed = await step.record("remove", actor, "merge")
            await step.take_out()
            return (*added, *removed)

        return await change(self._connections, self._sql, id_of(collection_id), merge)

    async def rename(
        self, collection_id: int, renaming: Renaming, actor: Actor
    ) -> tuple[Addition, ...]:
        """Give a page another name, as one step.

        Where a picture is on a page of the new name already, only the old one goes.  Raises
        :class:`NotFoundError` where there is no such page, or it has that name already.
        """
        if renaming.image_id is not None:
            renaming = replace(renaming, image_id=id_of(renaming.image_id))

        async def rename(step: Writing) -> tuple[Addition, ...]:
            if not await step.take_renamed(renaming, renamed=True):
                raise NotFoundError("There is no page to be renamed.")
            added: tuple[Addition, ...] = ()
            if await step.put_in():
                added = await step.record("add", actor, "rename")
            await step.clear()
            await step.take_renamed(renaming, renamed=False)
            removed = await step.record("remove", actor, "rename")
            await step.take_out()
            return (*added, *removed)

        return await change(self._connections, self._sql, id_of(collection_id), rename)

    async def kept_apart(self, collection_id: int, pairs: Sequence[Pair]) -> tuple[bool, ...]:
        """Whether somebody has kept each of these pairs apart, in their order."""
        keys = [_pair_key(pair) for pair in pairs]
        rows = await self._fetch(
            "kept_apart_find",
            id_of(collection_id),
            [one for one, _ in keys],
            [other for _, other in keys],
        )
        kept = {(row["one"], row["other"]) for row in rows}
        return tuple(key in kept for key in keys)

    async def keep_apart(self, collection_id: int, pair: Pair) -> None:
        """Note that two pictures which look alike are two."""
        await self._connections.execute(
            self._sql["kept_apart_keep"], id_of(collection_id), *_pair_key(pair)
        )

    async def _fetch(self, name: str, *values: object) -> list[Any]:
        return await self._connections.fetch(self._sql[name], *values)


def _pair_key(pair: Iterable[Candidate]) -> tuple[UUID, UUID]:
    one, other = sorted(map(_digest, pair))
    return one, other


def _digest(picture: Candidate) -> UUID:
    """What stays the same of a picture when it goes and comes back, at one length."""
    identity = repr((picture.dhash, picture.phash, picture.file))
    return UUID(bytes=hashlib.blake2b(identity.encode(), digest_size=16).digest())
