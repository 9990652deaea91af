"""Which thumbnail a wiki has of a file, or why none is taken."""

from collections import OrderedDict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from yarl import URL

from bot.errors import RequestError
from bot.net.mediawiki import (
    MAX_TITLES,
    Answer,
    MediaWikiClient,
    UnusableWikiError,
    as_list,
    as_mapping,
    as_number,
    as_text,
)
from bot.titles import canonical_title

# One of the widths that Wikimedia keeps thumbnails in
# (https://www.mediawiki.org/wiki/Common_thumbnail_sizes); others are refused there.
THUMBNAIL_WIDTH = 330
# What is narrower or lower, in pixels, is a bullet or a button.
MIN_SIDE = 32
# A wiki that can't scale a file may have the file itself taken, up to so many bytes.
MAX_ORIGINAL_BYTES = 4 * 1024 * 1024
# Some 20 MB.
CACHED = 20_000

FILE_NAMESPACE = 6

MISSING = "no such file on the wiki"
NO_DETAILS = "a file that the wiki has from elsewhere, without its details"
NOT_A_PICTURE = "not a picture"
TOO_SMALL = f"smaller than {MIN_SIDE} pixels"
NO_THUMBNAIL = "no thumbnail on the wiki"

# https://www.mediawiki.org/wiki/Manual:Image_table#img_media_type
_PICTURES = frozenset({"BITMAP", "DRAWING"})
# A bitmap for MediaWiki, and a book for everybody else.
_DOCUMENTS = frozenset({"image/vnd.djvu", "image/x-djvu", "image/x.djvu"})


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture of a wiki: its link as the API names it, its file's name, and the file's SHA-1."""

    url: str
    file: str
    sha1: str


class Files:
    """Asks a wiki for its files' thumbnails, and remembers the last of them."""

    def __init__(self, client: MediaWikiClient, api: URL, *, cached: int = CACHED) -> None:
        self._client = client
        self._api = api
        self._cached = cached
        self._known: OrderedDict[str, Thumbnail | str] = OrderedDict()

    def __contains__(self, title: str) -> bool:
        return title in self._known

    async def of(self, titles: Collection[str]) -> dict[str, Thumbnail | str]:
        """The thumbnail of each file, by its title; a text is why there is none.

        Raises :class:`bot.errors.FetchError`.
        """
        found: dict[str, Thumbnail | str] = {}
        unknown: list[str] = []
        for title in dict.fromkeys(titles):
            if title in self._known:
                self._known.move_to_end(title)
                found[title] = self._known[title]
            else:
                unknown.append(title)
        for start in range(0, len(unknown), MAX_TITLES):
            found |= await self._ask(unknown[start : start + MAX_TITLES])
        self._known |= found
        while len(self._known) > self._cached:
            self._known.popitem(last=False)
        return found

    async def _ask(self, titles: list[str]) -> dict[str, Thumbnail | str]:
        waiting = set(titles)
        found: dict[str, Thumbnail | str] = {}
        parameters = {
            "titles": "|".join(titles),
            "prop": "imageinfo",
            "iiprop": "url|size|mime|sha1|mediatype|canonicaltitle",
            "iiurlwidth": str(THUMBNAIL_WIDTH),
        }
        continued: dict[str, str] = {}
        while waiting:
            answer = await self._client.query(self._api, {**parameters, **continued})
            for title, page in _pages(answer):
                if title in waiting and (judged := _judge(page)) is not None:
                    found[title] = judged
                    waiting.discard(title)
            before, continued = continued, continuation(answer)
            if not continued:
                break
            check_progress(self._api, before, continued)
        return found | dict.fromkeys(waiting, NO_DETAILS)


def continuation(answer: Answer) -> dict[str, str]:
    """What an API wants to hear with the next request, empty at the end."""
    continued = as_mapping(answer.get("continue"))
    return {as_text(name): as_text(str(value)) for name, value in continued.items()}


def check_progress(api: URL, before: dict[str, str], after: dict[str, str]) -> None:
    """Raises :class:`UnusableWikiError` for an API that goes in circles."""
    if before == after:
        raise UnusableWikiError(f"{api} repeats itself instead of going on.")


def _pages(answer: Answer) -> Iterator[tuple[str, dict[str, object]]]:
    """Each page of an answer, under the title that was asked for."""
    query = as_mapping(answer.get("query"))
    asked = {
        as_text(change.get("to")): as_text(change.get("from"))
        for change in as_list(query.get("normalized"))
    }
    for page in as_list(query.get("pages")):
        title = as_text(page.get("title"))
        yield title, page
        if title in asked:
            yield asked[title], page


def _judge(page: dict[str, object]) -> Thumbnail | str | None:
    """What a page of ``prop=imageinfo`` says; ``None`` where that is still to come."""
    infos = as_list(page.get("imageinfo"))
    if not infos:
        # An empty repository: nobody has it.  None at all: the answer did not get so far.
        repository = page.get("imagerepository")
        if page.get("invalid") or repository == "":
            return MISSING
        return None
    info = infos[0]
    if info.get("filemissing"):
        return MISSING
    mime, kind = as_text(info.get("mime")), as_text(info.get("mediatype"))
    if kind not in _PICTURES or mime in _DOCUMENTS:
        return NOT_A_PICTURE
    if kind == "BITMAP" and min(as_number(info.get("width")), as_number(info.get("height"))) < (
        MIN_SIDE
    ):
        return TOO_SMALL
    url = as_text(info.get("thumburl"))
    if not url and as_number(info.get("size")) <= MAX_ORIGINAL_BYTES:
        url = as_text(info.get("url"))
    if not url:
        return NO_THUMBNAIL
    title = as_text(info.get("canonicaltitle")) or as_text(page.get("title"))
    try:
        name = canonical_title(title.partition(":")[2])
    except RequestError:
        return MISSING
    return Thumbnail(url, name, as_text(info.get("sha1")))
