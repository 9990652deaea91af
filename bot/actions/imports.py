"""The commands that import: open a source, hand it to the service, show how it goes.

The sources that ask others by HTTP are imported by their commands alone; see ``serving``.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from bot import report
from bot.actions.common import open_with_words, print_json, say
from bot.config import Settings
from bot.core import Core
from bot.importers import PictureSource
from bot.importers.folder import FolderSource
from bot.importers.sql_dump import SqlDump
from bot.importers.threads import entered
from bot.importers.zim import ZimSource
from bot.ingest import Collection, ImportReport, Stage


@dataclass(frozen=True, slots=True)
class Into:
    """Where an import goes, and how it is told of.

    ``page_url_template`` and ``as_of``, the day of the data, are what the operator said, ``None``
    if nothing.
    """

    collection: str
    page_url_template: str | None
    as_of: date | None
    start_over: bool
    as_json: bool


async def dump(
    settings: Settings, file: str, table: str, hash_column: str, page_column: str, into: Into
) -> None:
    """Import the rows of a dump."""
    async with open_with_words(settings) as core:
        source = SqlDump(file, table=table, hash_column=hash_column, page_column=page_column)
        async with entered(source, stop=source.stop):
            with _shown() as shown:
                result = await core.ingest.import_dump(
                    source, await _collection(core, into), shown.show, start_over=into.start_over
                )
    _tell(into, result)


async def table(
    settings: Settings, name: str, hash_column: str, page_column: str, into: Into
) -> None:
    """Import the rows of a table."""
    async with open_with_words(settings) as core:
        with _shown() as shown:
            result = await core.ingest.import_table(
                name,
                await _collection(core, into),
                shown.show,
                hash_column=hash_column,
                page_column=page_column,
                start_over=into.start_over,
            )
    _tell(into, result)


async def zim(settings: Settings, file: Path, into: Into, *, update: bool) -> None:
    """Import the pictures of a ZIM file."""
    async with open_with_words(settings) as core:
        await _pictures(core, ZimSource(file, max_bytes=settings.max_bytes), into, update=update)


async def mediawiki(
    settings: Settings,
    api_url: str,
    into: Into,
    *,
    category: str | None,
    pages_file: Path | None,
    everything: bool,
    limit: int | None,
) -> None:
    """Import pictures from a MediaWiki."""
    from bot.importers.mediawiki import MediaWikiSource  # noqa: PLC0415

    async with open_with_words(settings) as core:
        source = MediaWikiSource(
            api_url,
            category=category,
            pages_file=pages_file,
            everything=everything,
            limit=limit,
            contact=settings.contact,
        )
        await _pictures(core, source, into)


async def folder(settings: Settings, directory: Path, page_from: str, into: Into) -> None:
    """Import the pictures of a folder."""
    async with open_with_words(settings) as core:
        source = FolderSource(directory, page_from, max_bytes=settings.max_bytes)
        await _pictures(core, source, into)


async def urls(settings: Settings, file: Path, into: Into) -> None:
    """Import the pictures that a list links to."""
    from bot.importers.url_list import UrlListSource  # noqa: PLC0415
    from bot.net import Fetcher  # noqa: PLC0415

    fetcher = Fetcher(max_bytes=settings.max_bytes, timeout=settings.fetch_timeout)
    async with open_with_words(settings) as core, fetcher:
        # Links to the collection's own wiki are titles there.
        template = (await _collection(core, into)).page_url_template
        await _pictures(core, UrlListSource(file, fetcher, template), into)


async def _pictures(core: Core, source: PictureSource, into: Into, *, update: bool = False) -> None:
    async with source:
        offered = source.about.page_url_template if source.about else None
        collection = await _collection(core, into, offered)
        with _shown() as shown:
            result = await core.ingest.import_pictures(
                source, collection, shown.show, update=update, start_over=into.start_over
            )
    _tell(into, result)


async def _collection(core: Core, into: Into, offered: str | None = None) -> Collection:
    return await core.ingest.wiki_collection(
        into.collection, into.page_url_template, default=offered, as_of=into.as_of
    )


def _tell(into: Into, result: ImportReport) -> None:
    if into.as_json:
        print_json(report.import_json(into.collection, result))
    else:
        Console().print(report.import_text(into.collection, result), soft_wrap=True)


class _Shown:
    """A progress bar, with a new line for each stage."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._doing: str | None = None
        self._task = progress.add_task("beginning", total=None, counts="", rate="")
        self._began = time.monotonic()
        self._items: int | None = None

    def show(self, state: ImportReport, stage: Stage) -> None:
        """Show where an import is."""
        if self._items is None:
            self._items = stage.items
            if state.resumed:
                say("Going on where an earlier run was stopped.")
        if stage.doing != self._doing:
            self._next(stage)
        skipped = state.skipped.total()
        counts = f"{state.added:,} new, {state.known:,} known, {skipped:,} skipped"
        items = (stage.items or 0) - (self._items or 0)
        seconds = time.monotonic() - self._began
        self._progress.update(
            self._task,
            completed=stage.done,
            total=stage.total,
            counts=counts,
            rate=f"{items / seconds:,.0f}/s" if items and seconds else "",
        )

    def end(self) -> None:
        """Show that the last stage is over."""
        self._progress.update(self._task, total=1.0, completed=1.0, rate="")
        self._progress.stop_task(self._task)

    def _next(self, stage: Stage) -> None:
        if self._doing is None:
            self._progress.update(self._task, description=stage.doing)
        else:
            self.end()
            self._task = self._progress.add_task(stage.doing, total=None, counts="", rate="")
            self._began, self._items = time.monotonic(), stage.items
        self._doing = stage.doing


@contextmanager
def _shown() -> Iterator[_Shown]:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[counts]}"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as progress:
        shown = _Shown(progress)
        yield shown
        shown.end()
