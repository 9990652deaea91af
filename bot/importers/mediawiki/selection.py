"""Which pages of a wiki are meant, and the answers about them, piece by piece."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from yarl import URL

from bot.importers.mediawiki.cursor import Cursor, EntryKey
from bot.importers.mediawiki.files import FILE_NAMESPACE, check_progress, continuation
from bot.importers.mediawiki.titles import NO_TITLE, TitleBatch, read_titles
from bot.net.mediawiki import (
    MAX_TITLES,
    Answer,
    MediaWikiClient,
    as_list,
    as_mapping,
    as_number,
    as_text,
)

NO_PAGE = "no such page"
SPECIAL_PAGE = "a special page, which shows no pictures of its own"
OTHER_WIKI = "a page of another wiki"

# All the file links of a piece; the API's most is 500.
_IMAGES = {"prop": "images", "imlimit": "max"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file on a page, by their titles, or something that is skipped, with why."""

    key: EntryKey
    page: str
    reason: str | None = None

    @property
    def file(self) -> str:
        """The title of the file."""
        return self.key[1]


@dataclass(frozen=True, slots=True)
class Piece:
    """One answer: its entries in order, behind ``at.after``, and where the next one is."""

    at: Cursor
    entries: tuple[Entry, ...]
    following: Cursor | None


class Selection(Protocol):
    """The pages that are meant."""

    @property
    def location(self) -> str:
        """What tells this selection from others of the same wiki."""
        ...

    async def piece(self, at: Cursor) -> Piece | None:
        """The entries at a place; ``None`` where there is nothing more.

        Raises :class:`bot.errors.WhereisError`.
        """
        ...


class GeneratedPages:
    """The pages that a generator of the API gives."""

    def __init__(
        self,
        client: MediaWikiClient,
        api: URL,
        location: str,
        parameters: dict[str, str],
        *,
        size_name: str,
        limit: int | None,
    ) -> None:
        self.location = location
        self._client = client
        self._api = api
        self._parameters = parameters
        self._size_name = size_name
        self._limit = limit

    async def piece(self, at: Cursor) -> Piece | None:
        """See :meth:`Selection.piece`."""
        at = _sized(at, self._limit)
        if not at.size:
            return None
        answer = await self._client.query(
            self._api,
            {
                **self._parameters,
                **_IMAGES,
                self._size_name: str(at.size),
                **at.continued,
            },
        )
        continued = continuation(answer)
        following = None
        if continued:
            check_progress(self._api, dict(at.continued), continued)
            following = replace(at, continued=continued, after=None)
            if answer.get("batchcomplete"):
                pages = len(as_list(as_mapping(answer.get("query")).get("pages")))
                following = replace(following, size=0, pages=at.pages + min(pages, at.size))
        return _piece(at, _shown(answer), following)


class ListedPages:
    """The pages whose titles a file has, one a line."""

    def __init__(
        self,
        client: MediaWikiClient,
        api: URL,
        location: str,
        path: Path,
        *,
        limit: int | None,
    ) -> None:
        self.location = location
        self._client = client
        self._api = api
        self._path = path
        self._limit = limit

    async def piece(self, at: Cursor) -> Piece | None:
        """See :meth:`Selection.piece`."""
        at = _sized(at, self._limit)
        if not at.size:
            return None
        batch = await asyncio.to_thread(read_titles, self._path, at.line, at.size)
        if batch.end == at.line:
            return None
        answer: Answer = {}
        if batch.titles:
            answer = await self._client.query(
                self._api,
                {"titles": "|".join(batch.titles), "redirects": "1", **_IMAGES, **at.continued},
            )
        continued = continuation(answer)
        if continued:
            check_progress(self._api, dict(at.continued), continued)
            following = replace(at, continued=continued, after=None)
        else:
            following = Cursor(line=batch.end, pages=at.pages + len(batch.titles))
        entries = list(_shown(answer))
        if not at.continued:
            entries += _unusable(batch, answer)
        return _piece(at, entries, following)


def _sized(at: Cursor, limit: int | None) -> Cursor:
    """``at``, with the size of its batch; 0 where no page may be asked for any more."""
    if at.size:
        return at
    left = MAX_TITLES if limit is None else limit - at.pages
    return replace(at, size=max(0, min(MAX_TITLES, left)))


def _piece(at: Cursor, entries: Iterator[Entry] | list[Entry], following: Cursor | None) -> Piece:
    left = sorted(
        (entry for entry in entries if at.after is None or entry.key > at.after),
        key=lambda entry: entry.key,
    )
    return Piece(at, tuple(left), following)


def _shown(answer: Answer) -> Iterator[Entry]:
    for page in as_list(as_mapping(answer.get("query")).get("pages")):
        title, number = as_text(page.get("title")), as_number(page.get("pageid"))
        for file in as_list(page.get("images")):
            name = as_text(file.get("title"))
            if name and file.get("ns") == FILE_NAMESPACE:
                yield Entry((number, name), title)


def _unusable(batch: TitleBatch, answer: Answer) -> Iterator[Entry]:
    """The titles for which there is no page."""
    reasons = dict(batch.unusable)
    query = as_mapping(answer.get("query"))
    for page in as_list(query.get("pages")):
        for sign, reason in (
            ("invalid", NO_TITLE),
            ("special", SPECIAL_PAGE),
            ("missing", NO_PAGE),
        ):
            if page.get(sign):
                reasons[as_text(page.get("title"))] = reason
                break
    for page in as_list(query.get("interwiki")):
        reasons[as_text(page.get("title"))] = OTHER_WIKI
    for title, reason in reasons.items():
        yield Entry((0, title), title, reason)
