"""Looking after a collection: many pictures at once, as a file and back, merged and renamed."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace

from bot.ahead import ahead
from bot.errors import (
    BusyError,
    FetchError,
    NotFoundError,
    PictureRefusedError,
    RequestError,
)
from bot.images import Unreadable, Workers
from bot.importers.threads import in_thread
from bot.ingest.exchange import ListFormat, body, head, read_list
from bot.ingest.pictures import TOO_PLAIN
from bot.ingest.report import ImportReport
from bot.ingest.review import Review
from bot.ingest.service import count_added
from bot.metrics import Metrics
from bot.search import SearchService
from bot.titles import PageName, parse_page
from db.curation import CurationStore
from db.records import Actor, Added, Addition, Collection, NewAppearance, Renaming
from db.store import Store

AT_ONCE = 2
"""Pictures of a set that are loaded and read at a time, so that searches have their turn."""

SECONDS = 300.0
"""After so long no further picture of a set is begun."""

MOST_STORED = 100_000
"""Pictures in a collection beyond which no list is added to it."""

ROWS = 500

NO_TIME = "There was no time left for it; ask once more for the rest."

_ADDRESS = re.compile(r"\s*<?https?://", re.IGNORECASE)

Progress = Callable[[float], None]

TakeTurn = Callable[[], AbstractAsyncContextManager[None]]
"""Waits until a picture may be loaded and read, and raises :class:`bot.errors.BusyError`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture that is to be added, if it can be had and read.

    ``load`` gives the bytes of its file, or raises :class:`bot.errors.FetchError`.  ``name`` is
    what people call it, and ``file`` what it is stored as.
    """

    load: Callable[[], Awaitable[bytes]]
    name: str
    file: str | None
    page: PageName


@dataclass(frozen=True, slots=True)
class Failure:
    """A picture that was not added, and the sentence that says why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class AddedMany:
    """What became of a set of pictures: stored, or known already, or not added."""

    stored: tuple[Added, ...]
    failures: tuple[Failure, ...]

    @property
    def new(self) -> tuple[Added, ...]:
        """Those that were not there."""
        return tuple(each for each in self.stored if each.new)


class Curation:
    """Adds in bulk, exports and imports, merges and renames; ``review`` finds what looks alike."""

    def __init__(
        self,
        store: Store,
        curation: CurationStore,
        workers: Workers,
        search: SearchService,
        *,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._curation = curation
        self._workers = workers
        self._metrics = metrics or Metrics()
        self.review = Review(curation, search)

    async def add_many(
        self,
        wanted: Sequence[Wanted],
        collection: Collection,
        actor: Actor,
        on_progress: Progress,
        *,
        turn: TakeTurn = nullcontext,
        seconds: float = SECONDS,
    ) -> AddedMany:
        """Add pictures, each of a page of its own, as one step; those that can't be are told.

        ``on_progress`` is told the share of them that has been read; each is, within a ``turn``.
        """
        until = asyncio.get_running_loop().time() + seconds
        appearances: list[NewAppearance] = []
        failures: list[Failure] = []

        async def read(picture: Wanted) -> NewAppearance | Failure:
            if asyncio.get_running_loop().time() >= until:
                return Failure(picture.name, NO_TIME)
            return await self._read(picture, turn)

        limit = min(AT_ONCE, self._workers.capacity)
        async for _, found in ahead(wanted, read, limit=limit):
            if isinstance(found, Failure):
                failures.append(found)
            else:
                appearances.append(found)
            on_progress((len(appearances) + len(failures)) / len(wanted))
        stored = await self._store.add(collection.id, appearances, actor) if appearances else ()
        count_added(self._metrics, stored)
        return AddedMany(stored, tuple(failures))

    async def _read(self, picture: Wanted, turn: TakeTurn) -> NewAppearance | Failure:
        try:
            async with turn():
                read = await self._workers.fingerprint(await picture.load())
            if isinstance(read, Unreadable):
                return Failure(picture.name, read.reason)
            if read.plain:
                return Failure(picture.name, f"It is {TOO_PLAIN}.")
            return NewAppearance(
                read.dhash,
                read.phash,
                picture.file,
                picture.page.title,
                picture.page.url,
                read.look,
            )
        except (BusyError, FetchError, PictureRefusedError) as error:
            return Failure(picture.name, error.sentence)

    async def import_list(self, data: bytes, collection: Collection, actor: Actor) -> ImportReport:
        """Add what a file lists, as one step; see :func:`bot.ingest.exchange.read_list`.

        Raises :class:`RequestError` for what is no such file, or too much.
        """
        found = await in_thread(lambda: read_list(data))
        (stats,) = await self._store.stats([collection.id])
        if stats.images + len(found.appearances) > MOST_STORED:
            raise RequestError(
                f"There are {stats.images:,} pictures already, and a list may bring them to "
                f"{MOST_STORED:,} at most. Nothing was added."
            )
        report = ImportReport()
        for line, reason in found.refused:
            report.skip(f"line {line:,}", reason)
        if found.appearances:
            stored = await self._store.add(collection.id, found.appearances, actor, "import")
            count_added(self._metrics, stored)
            report.added = sum(each.new for each in stored)
            report.known = len(stored) - report.added
        return report

    async def export(self, collection: Collection, form: ListFormat) -> AsyncGenerator[bytes, None]:
        """A collection as a file, in pieces: a row for each picture on a page, oldest first."""
        yield head(form)
        after = (0, 0)
        while True:
            rows = await self._curation.rows(collection.id, after=after, limit=ROWS)
            if rows:
                yield body(rows, form)
                after = (rows[-1].image_id, rows[-1].page_id)
            if len(rows) < ROWS:
                return

    async def merge(
        self, collection: Collection, image_id: int, into: int, actor: Actor
    ) -> tuple[Addition, ...]:
        """Give the pages of a picture to another one, and take the picture out, as one step.

        Raises :class:`NotFoundError` unless both are in the collection.
        """
        if image_id == into:
            raise RequestError("That is one and the same picture. Say which two are meant.")
        return await self._curation.merge(collection.id, image_id, into, actor)

    async def rename(
        self,
        collection: Collection,
        page: str | None,
        new: str,
        actor: Actor,
        *,
        image_id: int | None = None,
    ) -> tuple[Addition, ...]:
        """Give a page another name, as one step: on all pictures that show it, or on one.

        ``page`` and ``new`` are titles or addresses.  A new title alone leaves the page's own
        address as it is, a new address changes both.  Without ``page``, the only page of the
        picture is meant.  Raises :class:`RequestError` for what is no title, and
        :class:`NotFoundError`.
        """
        template = collection.page_url_template
        name = parse_page(new, template)
        renaming = Renaming(
            "", None, name.title, name.url, _is_address(new) and name.url is None, image_id
        )
        if page is not None:
            old = parse_page(page, template)
            renaming = replace(renaming, title=old.title, url=old.url)
        elif image_id is not None:
            pages = await self._store.pages(image_id, [collection.id], limit=2)
            if len(pages) > 1:
                raise RequestError(
                    "That picture is on several pages. Say which one gets another name."
                )
            if not pages:
                raise NotFoundError("There is no such picture.")
            renaming = replace(renaming, title=pages[0].title, url=pages[0].url)
        else:
            raise RequestError("Say which page gets another name: its title, or a picture.")
        return await self._curation.rename(collection.id, renaming, actor)


def _is_address(text: str) -> bool:
    return _ADDRESS.match(text) is not None
