"""Pictures, the pages that show them, and the audit.

Whatever takes an id also takes the collections it may come from: one server never sees another's.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from bot.errors import NotAllowedError, NotFoundError
from db.connections import EVERYTHING, Connections, Transaction
from db.records import (
    DENSITY_CAP,
    DENSITY_RADIUS,
    FURTHER_CAP,
    MOST_READ,
    Actor,
    Added,
    Addition,
    Candidate,
    Collection,
    CollectionStats,
    ListedImage,
    NearFound,
    NearProbe,
    NewAppearance,
    PageRow,
    Purpose,
)
from db.rows import candidate_of, id_of, ids_of
from db.writing import Writing, change

T = TypeVar("T")

SERVER_PREFIX = "server-"


class Store:
    """Reads and writes what the bot knows.

    Searches are answered by a replica where there is one, lists and the audit by the primary.
    Every method raises :class:`bot.errors.DatabaseUnavailableError` when the database does not
    answer, or not in time.
    """

    def __init__(self, connections: Connections, sql: Mapping[str, str]) -> None:
        self._connections = connections
        self._sql = sql

    async def collections(self, guild_id: int | None) -> tuple[Collection, ...]:
        """Every wiki, and that server's own collection if it has one. ``None``: wikis only."""
        rows = await self._read((), "collections_visible", guild_id)
        return tuple(_collection(row) for row in rows)

    async def all_collections(self) -> tuple[Collection, ...]:
        """Every collection of every server; for operators."""
        return tuple(_collection(row) for row in await self._fetch("collections_all"))

    async def collection_named(self, name: str) -> Collection | None:
        """The collection of that name."""
        rows = await self._read((), "collection_named", name)
        return _collection(rows[0]) if rows else None

    async def near(
        self, probes: Sequence[NearProbe], collection_ids: Sequence[int], *, limit_each: int
    ) -> NearFound:
        """The pictures near some probes, ``limit_each`` of each probe at most, in one round trip.

        They are ranked by their hashes alone: by ``5 · dHash distance + 2 · pHash distance``, with
        30 for a pHash that is not known, then by id.  Where more pictures are near a probe than
        ``DENSITY_CAP`` (``FURTHER_CAP`` for probes behind the first), the nearest by dHash are
        looked at.  Without an index, probes that would bring what is read above ``MOST_READ`` find
        nothing; the first is always searched.  Raises :class:`ValueError` without a probe.
        """
        if not probes:
            raise ValueError("there is no probe to search for")
        rows = await self._read(
            collection_ids,
            "near",
            [probe.dhash for probe in probes],
            [probe.phash for probe in probes],
            [probe.radius for probe in probes],
            [probe.radius_unverified for probe in probes],
            [DENSITY_CAP, *[FURTHER_CAP] * (len(probes) - 1)],
            ids_of(collection_ids),
            DENSITY_RADIUS,
            limit_each,
            MOST_READ,
        )
        within = {row["probe"]: (row["within"], row["counted"]) for row in rows}
        counts = [within[place] for place in range(len(probes))]
        return NearFound(
            tuple(candidate_of(row) for row in rows if row["image_id"] is not None),
            tuple(count for count, _ in counts),
            tuple(
                min(radius, max(probe.radius, probe.radius_unverified))
                for probe, (_, radius) in zip(probes, counts, strict=True)
            ),
            rows[0]["images"],
        )

    async def image(self, image_id: int, collection_ids: Sequence[int]) -> Candidate | None:
        """One picture, with distance 0."""
        rows = await self._read(collection_ids, "image", id_of(image_id), ids_of(collection_ids))
        return candidate_of(rows[0]) if rows else None

    async def pages(
        self, image_id: int, collection_ids: Sequence[int], *, after: int = 0, limit: int = 10
    ) -> tuple[PageRow, ...]:
        """Pages that show a picture, by id, from behind the page ``after`` on."""
        rows = await self._read(
            collection_ids,
            "pages",
            id_of(image_id),
            ids_of(collection_ids),
            id_of(after),
            limit,
        )
        return tuple(PageRow(*row) for row in rows)

    async def pages_of(
        self, image_ids: Sequence[int], collection_ids: Sequence[int], *, limit_each: int = 10
    ) -> dict[int, tuple[PageRow, ...]]:
        """The first pages of several pictures, by picture; one that is unknown has no entry."""
        rows = await self._read(
            collection_ids, "pages_of", ids_of(image_ids), ids_of(collection_ids), limit_each
        )
        pages: dict[int, list[PageRow]] = {}
        for row in rows:
            pages.setdefault(row["image_id"], []).append(PageRow(*row))
        return {image_id: tuple(found) for image_id, found in pages.items()}

    async def listing(
        self, collection_id: int, *, search: str | None = None, after: int = 0, limit: int = 10
    ) -> tuple[ListedImage, ...]:
        """Pictures of a collection, newest first, from behind the picture ``after`` on.

        ``search`` keeps those with it in the file name or in the title of a page, in any case;
        titles are stored with underscores for spaces, and people write either.
        """
        pattern = None if search is None else f"%{_escape_like(search.replace('_', ' '))}%"
        rows = await self._fetch("listing", id_of(collection_id), pattern, id_of(after), limit)
        return tuple(
            ListedImage(
                image_id=row["image_id"],
                file=row["file"],
                page_count=row["page_count"],
                titles=tuple(row["titles"]),
                created_at=row["created_at"],
                added_by=row["added_by"],
            )
            for row in rows
        )

    async def stats(self, collection_ids: Sequence[int]) -> tuple[CollectionStats, ...]:
        """How much collections hold."""
        rows = await self._read(collection_ids, "collection_stats", ids_of(collection_ids))
        return tuple(
            CollectionStats(_collection(row), row["images"], row["pages"], row["appearances"])
            for row in rows
        )

    async def additions(
        self, collection_id: int, *, before: int | None = None, limit: int = 10
    ) -> tuple[Addition, ...]:
        """The audit of a collection, newest first, from before the line ``before`` on."""
        rows = await self._fetch("additions", id_of(collection_id), before, limit)
        return tuple(Addition(*row) for row in rows)

    async def ensure_wiki(
        self, name: str, page_url_template: str, as_of: date | None = None
    ) -> Collection:
        """The wiki of that name, made if needed, with this template, and date if one is given.

        Raises :class:`NotAllowedError` for a name that belongs to servers.
        """
        if name.startswith(SERVER_PREFIX):
            raise NotAllowedError(
                f"Names that begin with “{SERVER_PREFIX}” belong to Discord servers. Choose "
                "another name for the collection."
            )

        async def ensure(transaction: Transaction) -> Collection:
            rows = await transaction.fetch(self._sql["wiki_ensure"], name, page_url_template, as_of)
            return _collection(rows[0])

        return await self._connections.write(ensure, changes=EVERYTHING)

    async def set_about(
        self,
        collection_id: int,
        *,
        name: str | None,
        language: str | None,
        as_of: date | None,
        checksum: str | None,
        api_url: str | None,
    ) -> None:
        """Store what a collection's source says of itself; ``None`` leaves what there is."""
        await self._connections.execute(
            self._sql["collection_about"],
            id_of(collection_id),
            name,
            language,
            as_of,
            checksum,
            api_url,
        )

    async def ensure_server(self, guild_id: int, page_url_template: str) -> Collection:
        """A server's own collection, made if needed, with this template."""
        values = (guild_id, page_url_template)
        found = await self._fetch("server_find", *values)
        if found:
            return _collection(found[0])

        async def make(transaction: Transaction) -> Collection:
            await transaction.execute(self._sql["server_make"], *values)
            rows = await transaction.fetch(self._sql["server_update"], *values)
            return _collection(rows[0])

        return await self._connections.write(make, changes=EVERYTHING)

    async def add(
        self,
        collection_id: int,
        appearances: Sequence[NewAppearance],
        actor: Actor,
        purpose: Purpose | None = None,
    ) -> tuple[Added, ...]:
        """Store appearances as one step that can be undone; all or none.

        What was there already is left as it is, and not written to the audit.  Raises
        :class:`NotFoundError` for an unknown collection.
        """

        async def put(step: Writing) -> list[tuple[int, bool]]:
            await step.take(appearances)
            if await step.put_in():
                await step.record("add", actor, purpose)
            return await step.outcome()

        outcome = await self._change(collection_id, put)
        return tuple(
            Added(appearance, image_id, new)
            for appearance, (image_id, new) in zip(appearances, outcome, strict=True)
        )

    async def add_many(self, collection_id: int, appearances: Sequence[NewAppearance]) -> int:
        """Store many appearances in one transaction, without an audit; how many were new.

        Made for imports in batches of some thousands.  Adding the same again adds nothing.
        Raises :class:`NotFoundError` for an unknown collection.
        """

        async def put(step: Writing) -> int:
            await step.take(appearances)
            await step.plan()
            return await step.put_in()

        return await self._change(collection_id, put)

    async def remove(self, collection_id: int, image_id: int, actor: Actor) -> tuple[Addition, ...]:
        """Take out a picture and all its appearances, as one step that can be undone.

        Raises :class:`NotFoundError` for a picture that is not in that collection.
        """

        async def take(step: Writing) -> tuple[Addition, ...]:
            if not await step.take_picture(id_of(image_id)):
                raise NotFoundError(f"There is no picture {image_id} here.")
            removed = await step.record("remove", actor)
            await step.take_out()
            return removed

        return await self._change(collection_id, take)

    async def undo(
        self, collection_id: int, actor: Actor, *, message_id: int | None = None
    ) -> tuple[Addition, ...]:
        """Reverse the newest step that isn't undone, and say what it was.

        With ``message_id``, the newest that this message asked for.  What has gone, or come back,
        by other means in between is left as it is.  Raises :class:`NotFoundError` when there is
        nothing to undo.
        """

        async def reverse(step: Writing) -> tuple[Addition, ...]:
            batch = await step.newest_batch(message_id)
            if batch is None:
                raise NotFoundError(
                    "There is nothing to undo."
                    if message_id is None
                    else "There is nothing to undo: it has been undone already."
                )
            undone: tuple[Addition, ...] = ()
            # What was removed comes back first, so that no page goes that is still needed.
            if await step.take_batch(batch, "remove"):
                await step.put_in()
                undone = await step.mark_undone(actor)
                await step.clear()
            if await step.take_batch(batch, "add"):
                await step.take_out()
                undone = (*await step.mark_undone(actor), *undone)
            return undone

        return await self._change(collection_id, reverse)

    async def analyze(self) -> None:
        """Tell the planner how the data looks; after an import."""
        await self._connections.execute(self._sql["analyze"], patient=True)

    async def _change(self, collection_id: int, work: Callable[[Writing], Awaitable[T]]) -> T:
        return await change(self._connections, self._sql, id_of(collection_id), work)

    async def _read(self, collection_ids: Sequence[int], name: str, *values: object) -> list[Any]:
        """Search, in these collections, or among all where it is about which there are."""
        return await self._connections.read(self._sql[name], *values, collections=collection_ids)

    async def _fetch(self, name: str, *values: object) -> list[Any]:
        return await self._connections.fetch(self._sql[name], *values)


def _collection(row: Any) -> Collection:
    return Collection(
        id=row["id"],
        name=row["name"],
        kind=row["kind"],
        guild_id=row["guild_id"],
        page_url_template=row["page_url_template"],
        as_of=row["as_of"],
        source_name=row["source_name"],
        language=row["language"],
        checksum=row["checksum"],
        api_url=row["api_url"],
        imported_on=row["imported_on"],
    )


def _escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
