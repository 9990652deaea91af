"""Fill: pictures and the pages that show them go in, are taken out, and come back.

Moderators and the bot's owner add picture by picture, audited and reversible; an operator imports
many at once.
"""

from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.ahead import ahead
from bot.errors import NotFoundError, PictureRefusedError
from bot.images import Fingerprint, Unreadable, Workers
from bot.importers import SourcePicture
from bot.search import PLAIN_REASON, Match, Scope, SearchService
from db.records import (
    Action,
    Actor,
    Addition,
    Collection,
    CollectionStats,
    IndexKind,
    IndexStatistics,
    IndexStatus,
    ListedImage,
    NewAppearance,
)
from db.store import Store

__all__ = [
    "Action",
    "Actor",
    "AddOutcome",
    "Addition",
    "Collection",
    "CollectionStats",
    "ImportReport",
    "IndexKind",
    "IndexStatistics",
    "IndexStatus",
    "IngestService",
    "ListedImage",
    "NewPicture",
]

BATCH = 500
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class NewPicture:
    """A picture that somebody wants added: the bytes of an image file, and its name if known."""

    data: bytes
    file: str | None


@dataclass(frozen=True, slots=True)
class AddOutcome:
    """What became of one added picture.

    ``new`` is false when the same picture was already there for the same page.  ``near`` are other
    pictures that look like it, so that a moderator notices a duplicate.
    """

    image_id: int
    file: str | None
    fingerprint: Fingerprint
    new: bool
    near: tuple[Match, ...]


@dataclass(slots=True)
class ImportReport:
    """The running count of an import; ``skipped`` by reason, with the first examples of each."""

    added: int = 0
    known: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def seen(self) -> int:
        """How many pictures have been dealt with."""
        return self.added + self.known + self.skipped.total()

    def skip(self, name: str, reason: str) -> None:
        """Count a picture that was not added."""
        self.skipped[reason] += 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) < EXAMPLES:
            examples.append(name)


class IngestService:
    """Adds, removes, lists and imports pictures."""

    def __init__(
        self, store: Store, workers: Workers, search: SearchService, page_url_template: str
    ) -> None:
        self._store = store
        self._workers = workers
        self._search = search
        self._page_url_template = page_url_template

    @property
    def page_url_template(self) -> str:
        """Where titles point that come without a link of their own."""
        return self._page_url_template

    async def server_collection(self, guild_id: int) -> Collection:
        """The collection of a server's own pictures, made when it is not there yet."""
        return await self._store.ensure_server(guild_id, self._page_url_template)

    async def wiki_collection(self, name: str, page_url_template: str | None = None) -> Collection:
        """The wiki collection of that name, made when it is not there yet.

        Without a template, one that is there keeps its own.  Raises
        :class:`bot.errors.NotAllowedError` for a name that is kept for servers.
        """
        if page_url_template is None:
            found = await self._store.collection_named(name)
            if found is not None and found.kind == "wiki":
                return found
        return await self._store.ensure_wiki(name, page_url_template or self._page_url_template)

    async def collection_named(self, name: str) -> Collection:
        """An existing collection. Raises :class:`NotFoundError`."""
        found = await self._store.collection_named(name)
        if found is None:
            known = ", ".join(c.name for c in await self._store.all_collections()) or "none yet"
            raise NotFoundError(f"There is no collection “{name}”. There are: {known}.")
        return found

    async def collections(self) -> tuple[Collection, ...]:
        """Every collection; for the bot's owner and the operator alone."""
        return await self._store.all_collections()

    async def add(
        self,
        pictures: Sequence[NewPicture],
        title: str,
        url: str | None,
        collection: Collection,
        actor: Actor,
    ) -> tuple[AddOutcome, ...]:
        """Add pictures of one page, all or none, as one step that can be undone.

        Raises :class:`PictureRefusedError` for a picture that can't be read or found again.
        """
        read = [(p, await self._workers.fingerprint(p.data)) for p in pictures]
        prints = [_accepted(picture, fingerprint) for picture, fingerprint in read]
        scope = Scope(guild_id=collection.guild_id)
        near = [await self._search.near(fingerprint, scope) for fingerprint in prints]
        appearances = [
            NewAppearance(fingerprint.dhash, fingerprint.phash, picture.file, title, url)
            for picture, fingerprint in zip(pictures, prints, strict=True)
        ]
        added = await self._store.add(collection.id, appearances, actor)
        return tuple(
            AddOutcome(
                image_id=row.image_id,
                file=row.appearance.file,
                fingerprint=fingerprint,
                new=row.new,
                near=tuple(match for match in matches if match.image_id != row.image_id),
            )
            for row, fingerprint, matches in zip(added, prints, near, strict=True)
        )

    async def remove(
        self, collection: Collection, image_id: int, actor: Actor
    ) -> tuple[Addition, ...]:
        """Take a picture and all its pages out of a collection. Raises :class:`NotFoundError`."""
        return await self._store.remove(collection.id, image_id, actor)

    async def undo(
        self, collection: Collection, actor: Actor, *, message_id: int | None = None
    ) -> tuple[Addition, ...]:
        """Reverse the last step in a collection, or the one that this message asked for.

        Raises :class:`NotFoundError`.
        """
        return await self._store.undo(collection.id, actor, message_id=message_id)

    async def listing(
        self, collection: Collection, *, search: str | None = None, after: int = 0, limit: int = 10
    ) -> tuple[ListedImage, ...]:
        """Pictures of a collection, newest first; ``after`` is the last image id already seen."""
        return await self._store.listing(collection.id, search=search, after=after, limit=limit)

    async def stats(self, scope: Scope) -> tuple[CollectionStats, ...]:
        """How much the collections in scope hold."""
        if scope.everything:
            visible = await self._store.all_collections()
        else:
            visible = await self._store.collections(scope.guild_id)
        return await self._store.stats([c.id for c in visible])

    async def import_pictures(
        self,
        sources: Iterable[SourcePicture],
        collection: Collection,
        on_progress: Callable[[ImportReport], None],
        *,
        report: ImportReport | None = None,
    ) -> ImportReport:
        """Read pictures on all cores and store them in batches, each a transaction.

        What has been stored stays stored, whenever this is stopped; a second run adds nothing.
        The counts go into ``report``, where the source may have counted what it passed over.
        """
        report = ImportReport() if report is None else report
        batch: list[NewAppearance] = []

        async def flush() -> None:
            new = await self._store.add_many(collection.id, batch)
            report.added += new
            report.known += len(batch) - new
            batch.clear()
            on_progress(report)

        def read(source: SourcePicture) -> Coroutine[Any, Any, Fingerprint | Unreadable]:
            return self._workers.fingerprint_file(source.path)

        async for source, picture in ahead(sources, read, limit=self._workers.capacity):
            try:
                batch.append(_appearance(source, picture))
            except PictureRefusedError as error:
                report.skip(str(source.path), error.sentence)
            if len(batch) >= BATCH:
                await flush()
            else:
                on_progress(report)
        if batch:
            await flush()
        if report.added:
            await self._store.analyze()
        return report


def _accepted(picture: NewPicture, read: Fingerprint | Unreadable) -> Fingerprint:
    name = picture.file or "The picture"
    if isinstance(read, Unreadable):
        raise PictureRefusedError(f"{name} was not added: {read.reason}")
    if read.plain:
        raise PictureRefusedError(
            f"{name} was not added: it is too plain to be found again. A blank or nearly blank "
            "picture looks like thousands of others."
        )
    return read


def _appearance(source: SourcePicture, read: Fingerprint | Unreadable) -> NewAppearance:
    """What of an imported picture is stored. Raises :class:`PictureRefusedError`."""
    if isinstance(read, Unreadable):
        raise PictureRefusedError(read.reason)
    if read.plain:
        raise PictureRefusedError(PLAIN_REASON)
    return NewAppearance(read.dhash, read.phash, source.file, source.title, source.url)
