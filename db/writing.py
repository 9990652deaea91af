"""One transaction that changes a collection.

What comes in or goes out is first laid on a table of its own, then found, made or dropped in a few
statements that treat all of it at once: one path for a moderator's picture, for the thousands of an
import, and for what an undo brings back or takes away.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from bot.errors import NotFoundError
from db.connections import Connections, Transaction
from db.records import Action, Actor, Addition, NewAppearance, Purpose, Renaming

T = TypeVar("T")

_COLUMNS = ["place", "dhash", "phash", "look", "file", "title", "url"]


async def change(
    connections: Connections,
    sql: Mapping[str, str],
    collection_id: int,
    work: Callable[["Writing"], Awaitable[T]],
) -> T:
    """Do ``work`` in a transaction that holds the lock on a collection, all of it or nothing.

    It may be done anew from its beginning, as :meth:`Connections.write` says.  Raises
    :class:`NotFoundError`.
    """

    async def change_in(transaction: Transaction) -> T:
        return await work(await begin_writing(transaction, sql, collection_id))

    return await connections.write(change_in, patient=True, changes=collection_id)


async def begin_writing(
    transaction: Transaction, sql: Mapping[str, str], collection_id: int
) -> "Writing":
    """Take the lock on a collection for a transaction. Raises :class:`NotFoundError`."""
    await transaction.execute(sql["incoming_table"])
    if not await transaction.fetch(sql["collection_lock"], collection_id):
        raise NotFoundError("There is no such collection.")
    return Writing(transaction, sql, collection_id)


class Writing:
    """The steps of a change; they work on what was taken in before."""

    def __init__(
        self, transaction: Transaction, sql: Mapping[str, str], collection_id: int
    ) -> None:
        self._transaction = transaction
        self._sql = sql
        self._collection = collection_id
        self._batch: int | None = None

    async def clear(self) -> None:
        """Take everything off the table, for the next part of the same step."""
        await self._run("incoming_clear")

    async def take(self, appearances: Sequence[NewAppearance]) -> None:
        """Lay new appearances on the table."""
        rows: list[tuple[object, ...]] = [
            (place, new.dhash, new.phash, new.look, new.file, new.title, new.url)
            for place, new in enumerate(appearances)
        ]
        await self._transaction.copy("incoming", _COLUMNS, rows)

    async def take_picture(self, image_id: int) -> bool:
        """Lay a picture's appearances on the table; whether there is such a picture."""
        return await self._run("incoming_from_image", self._collection, image_id) > 0

    async def take_batch(self, batch: int, action: Action) -> int:
        """Lay the lines of a step in the audit on the table that added, or those that removed.

        Gives how many there are.
        """
        return await self._run("incoming_from_batch", self._collection, batch, action)

    async def take_merged(self, image_id: int, into: int) -> int:
        """Lay a picture's pages on the table as pages of another one; how many there are."""
        return await self._run("incoming_merged", self._collection, image_id, into)

    async def take_renamed(self, renaming: Renaming, *, renamed: bool) -> int:
        """Lay what a renaming concerns on the table, as it is or will be; how much that is."""
        return await self._run(
            "incoming_renamed",
            self._collection,
            renaming.title,
            renaming.url,
            renaming.image_id,
            renaming.new_title,
            renaming.new_url,
            renamed,
            renaming.forget_url,
        )

    async def take_gone(self, import_id: int, after: int, last: int) -> int:
        """Lay on the table what an update did not see of some pictures; how much that is."""
        return await self._run("incoming_from_gone", self._collection, import_id, after, last)

    async def take_pending(self, after: int, last: int) -> None:
        """Lay a stretch of rows that wait on the table."""
        await self._run("incoming_from_pending", after, last)

    async def saw(self, import_id: int) -> None:
        """Note that an update came across what is on the table."""
        await self._run("import_saw", import_id)

    async def plan(self) -> None:
        """Tell the planner how much there is on the table."""
        await self._run("incoming_analyze")

    async def put_in(self) -> int:
        """Store what is on the table; how many appearances were new."""
        # Pages first: a new picture is written with the number of its pages.
        await self._run("pages_find", self._collection)
        pages = await self._run("pages_make", self._collection)
        await self._run("pages_find", self._collection)
        await self._run("images_find", self._collection, False)
        images = await self._run("images_make", self._collection)
        await self._run("images_find", self._collection, True)
        await self._run("images_complete")
        await self._run("appearances_mark")
        appearances = await self._run("appearances_make")
        await self._run("images_grow")
        if appearances:
            await self._run("collection_count", self._collection, images, pages, appearances)
        return appearances

    async def take_out(self) -> int:
        """Drop the appearances on the table, and the pictures and pages left without any.

        Gives how many pictures that were.
        """
        await self._run("pages_find", self._collection)
        await self._run("images_find", self._collection, False)
        gone = await self._fetch("appearances_drop")
        images = await self._run("images_drop", self._collection)
        pages = await self._run("pages_drop", self._collection)
        await self._run("collection_count", self._collection, -images, -pages, -gone[0]["count"])
        return images

    async def outcome(self) -> list[tuple[int, bool]]:
        """For each line, in order: the picture's id, and whether the appearance is new."""
        rows = await self._fetch("incoming_lines")
        return [(row["image_id"], row["fresh"]) for row in rows]

    async def record(
        self, action: Action, actor: Actor, purpose: Purpose | None = None
    ) -> tuple[Addition, ...]:
        """Write what was done to the audit; all of one transaction is one step."""
        await self._hold(actor)
        if self._batch is None:
            self._batch = (await self._fetch("batch_next"))[0]["batch"]
        rows = await self._fetch(
            "batch_record",
            self._collection,
            self._batch,
            action,
            actor.user_id,
            actor.guild_id,
            actor.channel_id,
            actor.message_id,
            purpose,
        )
        return _in_order(rows)

    async def newest_batch(self, message_id: int | None = None) -> int | None:
        """The newest step that isn't undone, of those that a message asked for if one is given."""
        rows = await self._fetch("batch_newest", self._collection, message_id)
        return rows[0]["batch"] if rows else None

    async def mark_undone(self, actor: Actor) -> tuple[Addition, ...]:
        """Mark the lines of the step that was taken as undone, and by whom and where."""
        await self._hold(actor)
        rows = await self._fetch(
            "batch_undone",
            self._collection,
            actor.user_id,
            actor.guild_id,
            actor.channel_id,
            actor.message_id,
        )
        return _in_order(rows)

    async def _hold(self, actor: Actor) -> None:
        """Let nobody be forgotten between what is written of them and the end of it."""
        if actor.user_id:
            await self._fetch("member_hold", actor.user_id)

    async def _fetch(self, name: str, *values: object) -> list[Any]:
        return await self._transaction.fetch(self._sql[name], *values)

    async def _run(self, name: str, *values: object) -> int:
        return await self._transaction.execute(self._sql[name], *values)


def _in_order(rows: list[Any]) -> tuple[Addition, ...]:
    return tuple(sorted((Addition(*row) for row in rows), key=lambda line: line.id))
