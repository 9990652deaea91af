"""A folder of pictures, with titles from their names, from sidecars, or from a table."""

import os
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.errors import ConfigurationError
from bot.images import Unreadable
from bot.importers.files import contents, is_picture_name, showable
from bot.importers.folder._pages import FromNames, FromSidecars, Pages, UnnamedError
from bot.importers.folder._table import FromTable
from bot.importers.folder._walk import Entry, count, place_of, walk
from bot.importers.model import About, Position, Skipped, SourceKind, SourcePicture
from bot.importers.threads import Count, from_thread, in_thread

NOT_A_PICTURE = "not a picture"

Item = SourcePicture | Skipped


class FolderSource:
    """Every picture below ``folder``: a :class:`bot.importers.model.PictureSource`.

    ``page_from`` tells where titles come from: ``name`` (the file's name without its extension),
    ``sidecar`` (``picture.jpg.json`` or ``picture.json`` beside it: ``{"title": …, "url": …}``), or
    the path of a CSV file with the columns ``file`` (relative to ``folder``), ``title`` and,
    optionally, ``url``; a file may have several lines there, one for each page.  Of a picture, at
    most ``max_bytes`` are read.

    The files of a folder come by name, then the folders in it.  Hidden files are passed over, links
    that lead outside of ``folder`` are skipped, and links to folders are not followed.  In memory
    are the names in one folder at a time, and nothing else that grows.
    """

    kind: SourceKind = "folder"
    repeats = False
    about: About | None = None

    def __init__(self, folder: Path, page_from: str = "name", *, max_bytes: int) -> None:
        self._given = folder
        self._folder = Path(os.path.realpath(folder))
        self._page_from = page_from
        self._max_bytes = max_bytes
        self._pages: Pages = FromNames()
        self._count: Count | None = None
        self._stack = AsyncExitStack()

    @property
    def location(self) -> str:
        """The folder, links resolved, and where its titles come from."""
        whence = self._page_from
        if whence not in ("name", "sidecar"):
            whence = os.path.realpath(whence)
        return showable(f"{self._folder} ({whence})")

    @property
    def total(self) -> int | None:
        """How many items there will be, once they are counted; None beyond a million."""
        return self._count.number if self._count else None

    async def __aenter__(self) -> Self:
        try:
            is_folder = await in_thread(self._folder.is_dir)
        except OSError as error:
            raise ConfigurationError(
                f"The folder {self._given} can't be read: {error.strerror}."
            ) from None
        if not is_folder:
            raise ConfigurationError(f"There is no folder {self._given}. Check the path.")
        async with AsyncExitStack() as stack:
            self._pages = await self._open_pages(stack)
            self._count = await stack.enter_async_context(
                Count(lambda: count(self._folder, self._counts))
            )
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def items(self, after: Position | None) -> AsyncGenerator[Item, None]:
        """The pictures, and what was skipped; at the end, the lines of a table that gave nothing.

        Close it before the source (:func:`contextlib.aclosing`) if it was not read to its end.
        """
        return from_thread(self._items(after or {}))

    async def load(self, pictures: Sequence[SourcePicture]) -> Sequence[bytes | Unreadable]:
        """The bytes of files, all of them in memory; a file that changed is taken as it is."""

        def read() -> list[bytes | Unreadable]:
            return [contents(self._folder / picture.key, self._max_bytes) for picture in pictures]

        return await in_thread(read)

    async def _open_pages(self, stack: AsyncExitStack) -> Pages:
        if self._page_from == "name":
            return FromNames()
        if self._page_from == "sidecar":
            return FromSidecars(self._folder)
        if self._page_from.lower().endswith(".csv"):
            table = stack.enter_context(closing(FromTable(Path(self._page_from), self._folder)))
            async for _ in from_thread(table.read()):
                pass
            return table
        raise ConfigurationError(
            f"“{self._page_from}” is no source of titles. "
            "Say name, sidecar, or the path of a .csv file."
        )

    def _counts(self, path: str) -> bool:
        return is_picture_name(path) or not self._pages.belongs(path)

    def _items(self, after: Position) -> Generator[Item | None, None, None]:
        if "line" not in after:
            for entry in walk(self._folder, place_of(after)):
                yield self._item(entry) if entry else None
        yield from self._pages.left(after.get("line", 0))

    def _item(self, entry: Entry) -> Item | None:
        path = entry.path
        reason = entry.reason
        if reason is None and not is_picture_name(path):
            if self._pages.belongs(path):
                return None
            reason = NOT_A_PICTURE
        if reason is None:
            try:
                pages = self._pages.of(path)
            except UnnamedError as error:
                reason = str(error)
            else:
                name = path.rpartition("/")[2]
                return SourcePicture(path, showable(path), name, pages, entry.position)
        return Skipped(showable(path), reason, entry.position)
