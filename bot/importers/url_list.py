"""A list of pictures on the web: links, and the pages that show what is behind them."""

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit
from weakref import WeakValueDictionary

from bot.errors import DownloadTooLargeError, FetchError, RequestError
from bot.images import Unreadable
from bot.importers.files import is_picture_name, showable
from bot.importers.model import About, Position, Skipped, SourceKind, SourcePicture
from bot.importers.tables import TOO_MANY_COLUMNS, Row, check, rows
from bot.importers.threads import Count, from_thread, in_thread
from bot.net import Fetcher
from bot.net.fetcher import MAX_CONCURRENT
from bot.net.links import MAX_URL_LENGTH
from bot.titles import PageName, canonical_title, parse_link, parse_page

PER_HOST = 2
NOT_A_LINK = "not a web link"
NO_PAGE = "no page"

_NEEDED = ("image_url", "page")
_OPTIONAL = ("title",)
_LINK = re.compile(r"https?://[^\s\\\x00-\x1f\x7f-\x9f]+", re.IGNORECASE)
_PAGE_LINK = re.compile(r"<?(https?://[^>]+)>?", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f/\\]")
_MAX_FILE_NAME = 255
_SHOWN = 80
# Lines before the one to go on behind are passed over, with a pause after so many.
_PAUSE = 1000
_BLOCK = 1024 * 1024

Item = SourcePicture | Skipped


class UrlListSource:
    """A CSV file of links to pictures: a :class:`bot.importers.model.PictureSource`.

    Its first line names the columns ``image_url``, ``page`` (a page's link, or its title) and,
    optionally, ``title``, which a page that is a link is then called.  ``page_url_template`` is the
    collection's: a link to a page of its wiki means that page's title.

    The file is read line by line.  ``fetcher`` downloads the pictures, at most ``concurrent`` at a
    time and at most two from one host; it should allow as many, for it gives up on a link that
    waits too long.
    """

    kind: SourceKind = "urls"
    repeats = True
    about: About | None = None

    def __init__(
        self,
        table: Path,
        fetcher: Fetcher,
        page_url_template: str,
        *,
        concurrent: int = MAX_CONCURRENT,
    ) -> None:
        self._table = table
        self._name = showable(table.name)
        self._fetcher = fetcher
        self._template = page_url_template
        self._slots = asyncio.Semaphore(concurrent)
        # A host's place is kept as long as somebody is in it or waits for it.
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._count: Count | None = None
        self._stack = AsyncExitStack()

    @property
    def location(self) -> str:
        """The file, links resolved."""
        return showable(os.path.realpath(self._table))

    @property
    def total(self) -> int | None:
        """How many lines there are, once they are counted."""
        return self._count.number if self._count else None

    async def __aenter__(self) -> Self:
        await in_thread(lambda: check(self._table, _NEEDED, _OPTIONAL))
        self._count = await self._stack.enter_async_context(Count(self._lines))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def items(self, after: Position | None) -> AsyncGenerator[Item, None]:
        """The pictures and the lines that are wrong, in their order.

        Raises :class:`bot.errors.ConfigurationError` at a line that is no UTF-8 or no CSV.
        """
        return from_thread(self._items(after["line"] if after else 0))

    async def load(self, pictures: Sequence[SourcePicture]) -> Sequence[bytes | Unreadable]:
        """Download pictures, or those that the web pages behind their links name as their own."""
        async with asyncio.TaskGroup() as group:
            fetching = {
                link: group.create_task(self._fetch(link))
                for link in dict.fromkeys(picture.key for picture in pictures)
            }
        return [fetching[picture.key].result() for picture in pictures]

    async def _fetch(self, link: str) -> bytes | Unreadable:
        host = urlsplit(link).hostname or ""
        gate = self._hosts.setdefault(host, asyncio.Semaphore(PER_HOST))
        # The host's first: those who wait for a slow one take no slot from the others.
        async with gate, self._slots:
            try:
                return (await self._fetcher.fetch(link)).data
            except DownloadTooLargeError as error:
                return Unreadable("too_large", error.sentence)
            except FetchError as error:
                return Unreadable("damaged", error.sentence)

    def _items(self, after: int) -> Generator[Item | None, None, None]:
        with closing(rows(self._table, _NEEDED, _OPTIONAL)) as lines:
            for number, row in enumerate(lines):
                if row.line > after:
                    yield self._item(row)
                elif number % _PAUSE == 0:
                    yield None

    def _item(self, row: Row) -> Item:
        image_url, page, title = (field.strip() for field in row.fields)
        position = {"line": row.line}
        reason = None
        if row.too_long:
            reason = TOO_MANY_COLUMNS
        elif not _is_link(image_url):
            reason = NOT_A_LINK
        elif not page:
            reason = NO_PAGE
        else:
            try:
                pages = (self._page(page, title),)
            except RequestError as error:
                reason = error.sentence
            else:
                return SourcePicture(image_url, image_url, _file_of(image_url), pages, position)
        start = image_url if len(image_url) <= _SHOWN else f"{image_url[:_SHOWN]}…"
        return Skipped(f"{self._name} line {row.line}: {showable(start)}", reason, position)

    def _page(self, text: str, title: str) -> PageName:
        page = parse_page(text, self._template)
        link = _PAGE_LINK.fullmatch(text)
        if not title or link is None:
            return page
        own = canonical_title(title)
        # Under another title, the template would lead to another page.
        return page if own == page.title else PageName(own, page.url or parse_link(link[1]))

    def _lines(self) -> Generator[int | None, None, None]:
        """How many lines there are below the first."""
        number = 0
        last = b"\n"
        try:
            with self._table.open("rb") as file:
                while block := file.read(_BLOCK):
                    number += block.count(b"\n")
                    last = block[-1:]
                    yield None
        except OSError:
            # Whoever reads the items is told of it.
            return
        yield number - (last == b"\n")


def _is_link(text: str) -> bool:
    """Whether it is worth asking the fetcher, which has more to say about links."""
    if len(text) > MAX_URL_LENGTH or not _LINK.fullmatch(text):
        return False
    try:
        return bool(urlsplit(text).hostname)
    except ValueError:
        return False


def _file_of(link: str) -> str | None:
    """The file's name, if the last part of the link's path looks like a picture's."""
    last = urlsplit(link).path.rpartition("/")[2]
    try:
        name = unquote(last, errors="strict")
    except UnicodeDecodeError:
        return None
    if _CONTROLS.search(name) or len(name.encode()) > _MAX_FILE_NAME or name.startswith("."):
        return None
    return name if is_picture_name(name) else None
