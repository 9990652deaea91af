"""What every source of pictures gives: a stream of pictures, each with the pages that show it.

A source tells what there is and where it goes on after each item; it decodes nothing and stores
nothing.  :mod:`bot.ingest` asks it for the bytes of those pictures that are not known yet.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from bot.images import Unreadable
from bot.titles import PageName

SourceKind = Literal["dump", "table", "zim", "mediawiki", "folder", "urls"]

# Where a source goes on: anything that JSON holds, kept in the database with what was stored.
Position = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SourcePicture:
    """A picture of a source, and pages that show it, at least one.

    ``key`` tells it from the source's other pictures, and is all that :meth:`PictureSource.load`
    needs; a source that ``repeats`` gives the same key again for other pages.  ``name`` is what a
    report calls it, ``file`` the base name of the original file where that is known.  Titles are as
    :func:`bot.titles.canonical_title` gives them.  ``position`` is where the source goes on once
    this picture and all before it are stored.
    """

    key: str
    name: str
    file: str | None
    pages: tuple[PageName, ...]
    position: Position


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in a source that gave no picture.

    ``reason`` is a phrase for people, and the same for all that are alike, for they are counted by
    it; ``name`` says which one it was.
    """

    name: str
    reason: str
    position: Position


@dataclass(frozen=True, slots=True)
class About:
    """What a source says of itself as a whole; stored with the collection.

    ``as_of`` is the day of its data, ``language`` a code such as ``en``, ``checksum`` what tells
    this edition from others, with the name of its kind before it (``md5:…``),
    ``page_url_template`` where its titles point, with ``{title}`` in it, and ``api_url`` where the
    wiki's API is.
    """

    name: str | None = None
    language: str | None = None
    as_of: date | None = None
    checksum: str | None = None
    page_url_template: str | None = None
    api_url: str | None = None


class PictureSource(Protocol):
    """A source of pictures; used as an async context manager.

    Entering it raises :class:`bot.errors.ConfigurationError` for a source that can't be used at
    all, with what to do about it.
    """

    @property
    def kind(self) -> SourceKind:
        """What kind of source it is."""
        ...

    @property
    def location(self) -> str:
        """What tells this source from others of its kind: an import is resumed by it."""
        ...

    @property
    def repeats(self) -> bool:
        """Whether one key may come several times."""
        ...

    @property
    def about(self) -> About | None:
        """What the source says of itself."""
        ...

    @property
    def total(self) -> int | None:
        """How many items there will be, where that is known by now; for progress alone."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def items(self, after: Position | None) -> AsyncGenerator[SourcePicture | Skipped, None]:
        """What there is, in an order that stays the same, from behind ``after`` on.

        Close it before the source, if it was not read to its end.

        Raises :class:`bot.errors.WhereisError` when the source as a whole fails on the way.
        """
        ...

    async def load(self, pictures: Sequence[SourcePicture]) -> Sequence[bytes | Unreadable]:
        """The bytes of some pictures, in their order; why not, for one that can't be had."""
        ...
