"""Fill: pictures and the pages that show them go in, are taken out, and come back.

Moderators and the bot's owner add picture by picture, audited and reversible; an operator imports
many at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from bot.errors import PictureRefusedError
from bot.images import Fingerprint, Unreadable, Workers
from bot.importers import PictureSource
from bot.importers.sql_dump import SqlDump
from bot.ingest.pictures import OnProgress, import_pictures, remove_unseen
from bot.ingest.report import ImportReport, Stage
from bot.ingest.rows import import_dump, import_table
from bot.metrics import Metrics
from bot.search import Match, Scope, SearchService
from db.imports import Imports
from db.records import (
    Action,
    Actor,
    Added,
    Addition,
    Collection,
    CollectionStats,
    ListedImage,
    NewAppearance,
)
from db.store import Store


@dataclass(frozen=True, slots=True)
class NewPicture:
    """A picture that somebody wants added: the bytes of an image file, and its name if known.

    ``shown`` is what sentences about it call it where its name can't stand as it is.
    """

    data: bytes
    file: str | None
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class ReadPicture:
    """A picture that can be added: the name of its file if known, and its fingerprint."""

    file: str | None
    fingerprint: Fingerprint


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


def _quiet(_report: ImportReport, _stage: Stage) -> None:
    pass


class IngestService:
    """Adds, removes, lists and imports pictures."""

    def __init__(
        self,
        store: Store,
        imports: Imports,
        workers: Workers,
        search: SearchService,
        page_url_template: str,
        *,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._imports = imports
        self._workers = workers
        self._search = search
        self._page_url_template = page_url_template
        self._metrics = metrics or Metrics()

    @property
    def page_url_template(self) -> str:
        """Where titles point that come without a link of their own."""
        return self._page_url_template

    async def server_collection(self, guild_id: int) -> Collection:
        """The collection of a server's own pictures, made when it is not there yet."""
        return await self._store.ensure_server(guild_id, self._page_url_template)

    async def wiki_collection(
        self,
        name: str,
        page_url_template: str | None = None,
        *,
        default: str | None = None,
        as_of: date | None = None,
    ) -> Collection:
        """The wiki collection of that name, made when it is not there yet.

        Without a template, one that is there keeps its own, and a new one gets the ``default``, or
        else the setting.  ``as_of`` is the day of its data, if that is known.  Raises
        :class:`bot.errors.NotAllowedError` for a name that is kept for servers.
        """
        if page_url_template is None:
            found = await self._store.collection_named(name)
            if found is not None and found.kind == "wiki":
                if as_of is None:
                    return found
                default = found.page_url_template
        template = page_url_template or default or self._page_url_template
        return await self._store.ensure_wiki(name, template, as_of)

    async def collection_named(self, name: str) -> Collection | None:
        """The collection of that name; for the bot's owner and the operator alone."""
        return await self._store.collection_named(name)

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

        Raises as :meth:`read`.
        """
        read = [await self.read(picture) for picture in pictures]
        return await self.add_read(read, title, url, collection, actor)

    async def read(self, picture: NewPicture) -> ReadPicture:
        """Read a picture that is to be added.

        Raises :class:`PictureRefusedError` for one that can't be read or found again.
        """
        fingerprint = _accepted(picture, await self._workers.fingerprint(picture.data))
        return ReadPicture(picture.file, fingerprint)

    async def add_read(
        self,
        pictures: Sequence[ReadPicture],
        title: str,
        url: str | None,
        collection: Collection,
        actor: Actor,
    ) -> tuple[AddOutcome, ...]:
        """As :meth:`add`, of pictures that have been read."""
        prints = [picture.fingerprint for picture in pictures]
        scope = Scope(guild_id=collection.guild_id)
        near = [await self._search.near(fingerprint, scope) for fingerprint in prints]
        appearances = [
            NewAppearance(
                fingerprint.dhash, fingerprint.phash, picture.file, title, url, fingerprint.look
            )
            for picture, fingerprint in zip(pictures, prints, strict=True)
        ]
        added = await self._store.add(collection.id, appearances, actor)
        count_added(self._metrics, added)
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
        removed = await self._store.remove(collection.id, image_id, actor)
        self._metrics.pictures_removed.inc()
        return removed

    async def undo(
        self, collection: Collection, actor: Actor, *, message_id: int | None = None
    ) -> tuple[Addition, ...]:
        """Reverse the last step in a collection, or the one that this message asked for.

        Raises :class:`NotFoundError`.
        """
        undone = await self._store.undo(collection.id, actor, message_id=message_id)
        self._metrics.pictures_added.inc(_pictures(undone, "remove"))
        self._metrics.pictures_removed.inc(_pictures(undone, "add"))
        return undone

    async def listing(
        self, collection: Collection, *, search: str | None = None, after: int = 0, limit: int = 10
    ) -> tuple[ListedImage, ...]:
        """Pictures of a collection, newest first; ``after`` is the last image id already seen."""
        return await self._store.listing(collection.id, search=search, after=after, limit=limit)

    async def history(
        self, collection: Collection, *, before: int | None = None, limit: int = 10
    ) -> tuple[Addition, ...]:
        """What was added to a collection and removed from it by hand, newest first.

        ``before`` is the id of the last line already seen.
        """
        return await self._store.additions(collection.id, before=before, limit=limit)

    async def stats(self, scope: Scope) -> tuple[CollectionStats, ...]:
        """How much the collections in scope hold."""
        if scope.everything:
            visible = await self._store.all_collections()
        else:
            visible = await self._store.collections(scope.guild_id)
        names = scope.names
        return await self._store.stats([c.id for c in visible if not names or c.name in names])

    async def import_pictures(
        self,
        source: PictureSource,
        collection: Collection,
        on_progress: OnProgress = _quiet,
        *,
        update: bool = False,
        start_over: bool = False,
    ) -> ImportReport:
        """Import a source of pictures, which has been entered, from where it was left.

        What has been stored stays stored, whenever this is stopped; a second run adds nothing.
        With ``update``, what the collection has and the source has not is removed in the end.
        Raises what the source raises, :class:`bot.errors.NotAllowedError` while the same import
        is running already, and :class:`bot.errors.DatabaseUnavailableError`.
        """
        report = ImportReport()
        async with self._imports.run(
            collection.id, source.kind, source.location, update=update, start_over=start_over
        ) as run:
            await import_pictures(run, source, self._workers, report, on_progress)
            if update:
                await remove_unseen(run, report, on_progress)
            if source.about is not None:
                about = source.about
                await self._store.set_about(
                    collection.id,
                    name=about.name,
                    language=about.language,
                    as_of=about.as_of,
                    checksum=about.checksum,
                    api_url=about.api_url,
                )
            await run.finish()
        return report

    async def import_dump(
        self,
        dump: SqlDump,
        collection: Collection,
        on_progress: OnProgress = _quiet,
        *,
        start_over: bool = False,
    ) -> ImportReport:
        """Import the rows of a dump, which has been entered, from where it was left.

        Rows are staged first and merged when the dump has ended; until then nothing of it is
        found.  Raises as :meth:`import_pictures` does.
        """
        report = ImportReport()
        async with self._imports.run(
            collection.id, "dump", dump.location, start_over=start_over
        ) as run:
            await import_dump(run, dump, report, on_progress)
            await run.finish()
        return report

    async def import_table(
        self,
        table: str,
        collection: Collection,
        on_progress: OnProgress = _quiet,
        *,
        hash_column: str = "hash",
        page_column: str = "url",
        start_over: bool = False,
    ) -> ImportReport:
        """Import the rows of a table of the same database, as :meth:`import_dump` does.

        Raises :class:`bot.errors.ConfigurationError` for a table that is not there.
        """
        report = ImportReport()
        async with self._imports.run(collection.id, "table", table, start_over=start_over) as run:
            await import_table(run, table, hash_column, page_column, report, on_progress)
            await run.finish()
        return report


def count_added(metrics: Metrics, added: Iterable[Added]) -> None:
    """Count the pictures of a step, those that were there on other pages as well."""
    metrics.pictures_added.inc(len({one.image_id for one in added if one.new}))


def _pictures(lines: Iterable[Addition], action: Action) -> int:
    return len({line.image_id for line in lines if line.action == action})


def _accepted(picture: NewPicture, read: Fingerprint | Unreadable) -> Fingerprint:
    name = picture.shown or picture.file or "The picture"
    if isinstance(read, Unreadable):
        raise PictureRefusedError(f"{name} was not added: {read.reason}")
    if read.plain:
        raise PictureRefusedError(
            f"{name} was not added: it is too plain to be found again. A blank or nearly blank "
            "picture looks like thousands of others."
        )
    return read
