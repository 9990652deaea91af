"""Going through the articles of an archive, and on from where an import stopped."""

from collections.abc import Generator, Iterator
from typing import NamedTuple

from bot.errors import ConfigurationError, RequestError, WhereisError
from bot.importers.model import Position, Skipped, SourcePicture
from bot.importers.zim.archive import DAMAGE, OpenZim, Page
from bot.importers.zim.links import is_elsewhere, paths_of
from bot.importers.zim.markup import MAX_PAGE_BYTES, Shown, TooTangledError, pictures_in
from bot.importers.zim.names import better_name
from bot.importers.zim.rules import why_not
from bot.titles import PageName, canonical_title

DAMAGED_ENTRY = "an entry of the archive that can't be read"
NO_TITLE = "a page without a title that can be used"
TOO_LARGE = f"a page of more than {MAX_PAGE_BYTES // 1024**2} MB"
TOO_TANGLED = "a page too tangled to be read"
ELSEWHERE = "a picture elsewhere on the web"
MISSING = "a picture that the archive does not have"
LONG_PATH = "a picture with an overlong path"

# So many in a row are no damage to a file, but a disk that went away.
MOST_DAMAGED_IN_A_ROW = 1_000
_MAX_KEY_BYTES = 1_000
_MAX_LINK = 3_000
_MAX_NAME = 200

Item = SourcePicture | Skipped


class _Found(NamedTuple):
    """Something that a page shows: a picture of the archive, or the ``reason`` why it is none."""

    name: str
    file: str | None
    reason: str | None


class Walk:
    """One pass through an archive. Everything here blocks."""

    def __init__(self, zim: OpenZim, after: Position | None) -> None:
        self._zim = zim
        self._entry, self._done, self._articles, self._count = _numbers(after)
        self._damaged: list[Skipped] = []

    @property
    def estimate(self) -> int | None:
        """How many items there will be, if the articles to come are like those so far."""
        articles = self._zim.articles
        return self._count * articles // self._articles if 0 < self._articles <= articles else None

    def steps(self) -> Generator[Item | None, None, None]:
        """The items of each entry, one after the other; None for an entry that gives none.

        Raises :class:`WhereisError` when the archive can no longer be read.
        """
        for number in range(self._entry, self._zim.entries):
            try:
                page = self._zim.page(number)
                html = None if page is None or page.size > MAX_PAGE_BYTES else self._zim.html(page)
            except DAMAGE:
                self._hold_back(number)
                continue
            yield from self._held_back()
            if page is not None:
                yield from self._of_page(number, page, html)
            yield None
        yield from self._held_back()

    def _hold_back(self, number: int) -> None:
        """Tell of a damaged entry only once another can be read.

        Otherwise an import whose disk went away would resume behind all that it missed.
        """
        if number == self._entry and self._done:
            return
        self._count += 1
        self._damaged.append(Skipped(f"entry {number}", DAMAGED_ENTRY, self._position(number, 1)))
        if len(self._damaged) >= MOST_DAMAGED_IN_A_ROW:
            raise WhereisError(
                f"{MOST_DAMAGED_IN_A_ROW:,} entries of the ZIM in a row can't be read. See whether "
                "its disk is still there, and whether the file is whole; then import it again."
            )

    def _held_back(self) -> list[Skipped]:
        held, self._damaged = self._damaged, []
        return held

    def _of_page(self, number: int, page: Page, html: bytes | None) -> Iterator[Item]:
        title = _title(page)
        done = self._done if number == self._entry else 0
        if not done:
            self._articles += 1
        for index, (key, found) in enumerate(self._shown(page, title, html), 1):
            # Those before are stored already.
            if index <= done:
                continue
            self._count += 1
            position = self._position(number, index)
            if found.reason is not None or title is None:
                yield Skipped(found.name, found.reason or NO_TITLE, position)
            else:
                pages = (PageName(title, None),)
                yield SourcePicture(key, found.name, found.file, pages, position)

    def _shown(self, page: Page, title: str | None, html: bytes | None) -> list[tuple[str, _Found]]:
        """What a page shows, each once, in the page's order; pictures with their keys."""
        if html is None:
            return [("", _Found(_plain(page.path), None, TOO_LARGE))]
        if title is None:
            return [("", _Found(_plain(page.path), None, NO_TITLE))]
        try:
            pictures = pictures_in(html)
        except TooTangledError:
            return [("", _Found(_plain(page.path), None, TOO_TANGLED))]
        found: dict[tuple[str | None, str], _Found] = {}
        for shown in pictures:
            key, what = self._find(shown, page)
            place = (what.reason if key is None else None, key or shown.link)
            known = found.get(place)
            # One that is shown as an icon and as a picture is a picture.
            if known is None or (known.reason and not what.reason):
                found[place] = what
        return [(place[1], what) for place, what in found.items()]

    def _find(self, shown: Shown, page: Page) -> tuple[str | None, _Found]:
        name = _plain(shown.link)
        if is_elsewhere(shown.link):
            return None, _Found(name, None, ELSEWHERE)
        if len(shown.link) > _MAX_LINK:
            return None, _Found(name, None, MISSING)
        for path in paths_of(shown.link, page.path):
            key = self._zim.final(path)
            if key is None:
                continue
            if len(key.encode()) > _MAX_KEY_BYTES:
                return None, _Found(name, None, LONG_PATH)
            file = better_name(key, shown.resource, shown.anchor)
            return key, _Found(_plain(key), file, why_not(shown, key, file))
        return None, _Found(name, None, MISSING)

    def _position(self, number: int, done: int) -> Position:
        # The last two are for the estimate alone.
        return {"entry": number, "picture": done, "articles": self._articles, "items": self._count}


def _numbers(after: Position | None) -> tuple[int, int, int, int]:
    """Entry, items of it that are done, articles and items so far."""
    if after is None:
        return 0, 0, 0, 0
    numbers = [after.get(name, 0) for name in ("entry", "picture", "articles", "items")]
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise ConfigurationError("The stored position of this import is not one of a ZIM.")
    entry, done, articles, count = numbers
    return entry, done, articles, count


def _title(page: Page) -> str | None:
    """The title of a page: its path, which has it as the wiki writes it, or its own title."""
    name = page.name
    # Archives from before 2016 have files.
    stem = name.removesuffix(".html")
    if stem != name and stem.replace("_", " ") == page.title.replace("_", " "):
        name = stem
    for text in (name, page.title):
        try:
            return canonical_title(text)
        except RequestError:
            continue
    return None


def _plain(text: str) -> str:
    """A path or link as a report may print it."""
    text = text[:_MAX_NAME]
    return text if text.isprintable() else "".join(char for char in text if char.isprintable())
