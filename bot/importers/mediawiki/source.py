"""The pictures that the pages of a wiki show, through its API."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from yarl import URL

from bot.errors import ConfigurationError, DownloadFailedError, FetchError, RequestError
from bot.images import Unreadable
from bot.importers.mediawiki.cursor import Cursor, read_cursor
from bot.importers.mediawiki.files import Files, Thumbnail
from bot.importers.mediawiki.selection import Entry, GeneratedPages, ListedPages, Selection
from bot.importers.mediawiki.titles import NO_TITLE, digest_of
from bot.importers.model import About, Position, Skipped, SourceKind, SourcePicture
from bot.net.mediawiki import (
    MAX_TITLES,
    Answer,
    MediaWikiClient,
    UnusableWikiError,
    as_list,
    as_mapping,
    as_number,
    as_text,
    parse_api_url,
)
from bot.titles import PageName, canonical_title, display_title, parse_link

_CATEGORY_NAMESPACE = 14


class MediaWikiSource:
    """A :class:`bot.importers.model.PictureSource`: the pictures of a wiki's pages.

    ``api_url`` is the address of its ``api.php``.  Just one of ``category`` (the articles directly
    in it), ``pages_file`` (titles, one a line) and ``everything`` (all articles that are no
    redirects) says which pages; ``limit`` is the most pages that are looked at.  ``contact`` is how
    whoever runs this is reached.  ``client`` is used, and left open, instead of one of its own.

    The pictures are the thumbnails that the API names, :data:`.files.THUMBNAIL_WIDTH` pixels wide;
    those of an import are found on the wiki's pages at the time of asking, so that a resumed import
    goes on in the wiki as it is then.

    Raises :class:`ConfigurationError` for arguments that make no sense.
    """

    def __init__(
        self,
        api_url: str,
        *,
        category: str | None = None,
        pages_file: Path | None = None,
        everything: bool = False,
        limit: int | None = None,
        contact: str | None,
        client: MediaWikiClient | None = None,
    ) -> None:
        if (category is not None) + (pages_file is not None) + everything != 1:
            raise ConfigurationError(
                "Say which pages: a category, a file of titles, or all of them; just one of these."
            )
        if limit is not None and limit < 1:
            raise ConfigurationError(f"The limit is a number of pages, and {limit} is none.")
        self._api = parse_api_url(api_url)
        self._category = category
        self._pages_file = pages_file
        self._limit = limit
        self._is_own = client is None
        self._client = client or MediaWikiClient(contact=contact)
        self._files = Files(self._client, self._api)
        self._stack = AsyncExitStack()
        self._selection: Selection | None = None
        self._about: About | None = None

    @property
    def kind(self) -> SourceKind:
        """See :class:`bot.importers.model.PictureSource`."""
        return "mediawiki"

    @property
    def location(self) -> str:
        """The API and the selection of pages; known once the source is entered."""
        return f"{self._api} {self._entered().location}"

    @property
    def repeats(self) -> bool:
        """A picture comes again with each page that shows it."""
        return True

    @property
    def about(self) -> About | None:
        """The wiki's name and language, and its pages' links; its data are as of now."""
        return self._about

    @property
    def total(self) -> int | None:
        """Not known: no API counts the files on pages."""
        return None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            if self._is_own:
                await stack.enter_async_context(self._client)
            try:
                site = await self._client.query(
                    self._api,
                    {
                        "meta": "siteinfo",
                        "siprop": "general|namespaces|namespacealiases",
                    },
                )
                self._read_site(site)
                self._selection = await self._select(site)
            except UnusableWikiError as error:
                raise ConfigurationError(error.sentence) from None
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def items(self, after: Position | None) -> AsyncGenerator[SourcePicture | Skipped, None]:
        """See :meth:`bot.importers.model.PictureSource.items`."""
        at: Cursor | None = Cursor() if after is None else read_cursor(after)
        try:
            while at is not None:
                piece = await self._entered().piece(at)
                if piece is None:
                    return
                for run in self._runs(piece.entries):
                    thumbnails = await self._files.of([e.file for e in run if e.reason is None])
                    for entry in run:
                        yield _item(entry, thumbnails, piece.at.position(entry.key))
                at = piece.following
        except FetchError as error:
            raise _goes_on(error) from error

    async def load(self, pictures: Sequence[SourcePicture]) -> Sequence[bytes | Unreadable]:
        """See :meth:`bot.importers.model.PictureSource.load`.

        Raises :class:`DownloadFailedError` where the server of the pictures is gone.
        """
        loads = [
            asyncio.create_task(self._client.download(_url_of(picture.key), api=self._api))
            for picture in pictures
        ]
        try:
            return await asyncio.gather(*loads)
        except FetchError as error:
            raise _goes_on(error) from error
        finally:
            for load in loads:
                load.cancel()
            await asyncio.gather(*loads, return_exceptions=True)

    def _entered(self) -> Selection:
        if self._selection is None:
            raise RuntimeError("MediaWikiSource outside of its `async with`")
        return self._selection

    def _read_site(self, site: Answer) -> None:
        general = as_mapping(as_mapping(site.get("query")).get("general"))
        if not general:
            raise UnusableWikiError(f"{self._api} does not say which wiki it is.")
        self._about = About(
            name=as_text(general.get("sitename")) or None,
            language=as_text(general.get("lang")) or None,
            as_of=datetime.now(UTC).date(),
            page_url_template=_template(self._api, general),
            api_url=str(self._api),
        )

    async def _select(self, site: Answer) -> Selection:
        if self._pages_file is not None:
            digest = await asyncio.to_thread(digest_of, self._pages_file)
            return ListedPages(
                self._client,
                self._api,
                f"pages sha256:{digest}",
                self._pages_file,
                limit=self._limit,
            )
        if self._category is None:
            return GeneratedPages(
                self._client,
                self._api,
                "all",
                {
                    "generator": "allpages",
                    "gapnamespace": "0",
                    "gapfilterredir": "nonredirects",
                },
                size_name="gaplimit",
                limit=self._limit,
            )
        title = await self._category_title(_without_prefix(self._category, site))
        return GeneratedPages(
            self._client,
            self._api,
            f"category {title}",
            {
                "generator": "categorymembers",
                "gcmtitle": title,
                "gcmnamespace": "0",
                "gcmtype": "page",
            },
            size_name="gcmlimit",
            limit=self._limit,
        )

    async def _category_title(self, name: str) -> str:
        """The title of a category as the wiki has it, which is not empty."""
        try:
            asked = f"Category:{canonical_title(name)}"
        except RequestError as error:
            raise ConfigurationError(f"That is no category: {error.sentence}") from None
        if "|" in asked:
            raise ConfigurationError(f"“{name}” is no category: no title has a “|”.")
        answer = await self._client.query(self._api, {"titles": asked, "prop": "categoryinfo"})
        for page in as_list(as_mapping(answer.get("query")).get("pages")):
            if as_number(as_mapping(page.get("categoryinfo")).get("pages")):
                return as_text(page.get("title"))
        raise ConfigurationError(
            f"The category “{display_title(name)}” has no pages on that wiki. Check its name; "
            "categories within it are not looked into."
        )

    def _runs(self, entries: Sequence[Entry]) -> Iterator[list[Entry]]:
        """The entries in order, split so that each part asks for no more files than one request."""
        run: list[Entry] = []
        unknown: set[str] = set()
        for entry in entries:
            run.append(entry)
            if entry.reason is None and entry.file not in self._files:
                unknown.add(entry.file)
            if len(unknown) == MAX_TITLES:
                yield run
                run, unknown = [], set()
        if run:
            yield run


def _item(
    entry: Entry, thumbnails: Mapping[str, Thumbnail | str], position: Position
) -> SourcePicture | Skipped:
    if entry.reason is not None:
        return Skipped(entry.page, entry.reason, position)
    thumbnail = thumbnails[entry.file]
    if isinstance(thumbnail, str):
        return Skipped(entry.file, thumbnail, position)
    try:
        page = PageName(canonical_title(entry.page), None)
    except RequestError:
        return Skipped(entry.page, NO_TITLE, position)
    # No link that is asked for has a fragment, so what follows the mark is ours.
    key = f"{thumbnail.url.partition('#')[0]}#{thumbnail.sha1}"
    return SourcePicture(key, entry.file, thumbnail.file, (page,), position)


def _url_of(key: str) -> str:
    return key.partition("#")[0]


def _goes_on(error: FetchError) -> DownloadFailedError:
    if isinstance(error, UnusableWikiError) and error.code == "badcontinue":
        return DownloadFailedError(
            "The wiki no longer knows the place where this import stopped. What was stored stays; "
            "start the import anew."
        )
    once = "once that is settled, " if isinstance(error, UnusableWikiError) else ""
    return DownloadFailedError(
        f"{error.sentence} What was stored stays, and {once}the same command goes on from there."
    )


def _template(api: URL, general: Answer) -> str | None:
    server, path = as_text(general.get("server")), as_text(general.get("articlepath"))
    if server.startswith("//"):
        server = f"{api.scheme}:{server}"
    if "$1" not in path:
        return None
    try:
        link = parse_link(f"{server.rstrip('/')}{path}".replace("$1", "TITLE-HERE", 1))
    except RequestError:
        return None
    return link.replace("TITLE-HERE", "{title}")


def _without_prefix(category: str, site: Answer) -> str:
    """The name of a category, given with or without its namespace, in whichever language."""
    query = as_mapping(site.get("query"))
    own = as_mapping(as_mapping(query.get("namespaces")).get(str(_CATEGORY_NAMESPACE)))
    names = {"category", as_text(own.get("name")).casefold()}
    for alias in as_list(query.get("namespacealiases")):
        if alias.get("id") == _CATEGORY_NAMESPACE:
            names.add(as_text(alias.get("alias")).casefold())
    prefix, colon, rest = category.strip().removeprefix(":").partition(":")
    if colon and prefix.strip().replace("_", " ").casefold() in names:
        return rest
    return category.strip()
