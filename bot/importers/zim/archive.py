"""An archive on disk, behind the few questions that are asked of it.

Everything here blocks.  libzim raises what the C++ below it throws, so a damaged file may give any
of :data:`DAMAGE`; the format is at https://wiki.openzim.org/wiki/ZIM_file_format.
"""

import hashlib
import os
from collections.abc import Generator, Iterator
from datetime import date
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import unquote
from uuid import UUID

from bot.errors import ConfigurationError
from bot.images import Limits, Unreadable
from bot.images.reasons import too_many_bytes
from bot.importers.model import About
from bot.importers.zim.markup import MAX_PAGE_BYTES, canonical_link

DAMAGE = (RuntimeError, ValueError, LookupError, ArithmeticError, MemoryError, OSError)
GONE = Unreadable("damaged", "The archive has no such file.")
UNREADABLE = Unreadable(
    "damaged", "The archive is damaged where that file is: I could not read it."
)

_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_MAX_REDIRECTS = 8
# How many paths of pictures are remembered with what they lead to; some 20 MB at most.
_REMEMBERED = 50_000
_CHUNK = 1024 * 1024
_CHECKSUM_BYTES = 16
# How far the first pages are looked for, and how many of them are asked where they come from.
_ENTRIES_FOR_TEMPLATE = 20_000
_PAGES_FOR_TEMPLATE = 5
_LONGEST_BASE = 500
_AGAIN = "Download it again, or compare its checksum with the one beside the download."


class _Item(Protocol):
    """What of libzim's is used here; it has no types that a checker would find."""

    mimetype: str
    size: int
    content: memoryview


class _Entry(Protocol):
    path: str
    title: str
    is_redirect: bool
    _index: int

    def get_redirect_entry(self) -> "_Entry": ...

    def get_item(self) -> _Item: ...


class _Archive(Protocol):
    uuid: UUID
    all_entry_count: int
    article_count: int
    has_new_namespace_scheme: bool
    has_checksum: bool
    checksum: str
    has_main_entry: bool
    main_entry: _Entry

    def has_entry_by_path(self, path: str) -> bool: ...

    def get_entry_by_path(self, path: str) -> _Entry: ...

    def _get_entry_by_id(self, entry_id: int) -> _Entry: ...

    def get_metadata(self, name: str) -> bytes: ...


class Page(NamedTuple):
    """A page of the archive. ``path`` is that of its entry, ``name`` the same without namespace."""

    path: str
    name: str
    title: str
    size: int


class OpenZim:
    """An archive that is open."""

    def __init__(self, archive: _Archive) -> None:
        self._archive = archive
        self._modern = archive.has_new_namespace_scheme
        self.uuid = str(archive.uuid)
        self.entries = archive.all_entry_count
        self.articles = archive.article_count
        self.final = lru_cache(_REMEMBERED)(self._final)
        self._start = self._generated_start()

    def about(self) -> About:
        """What the archive says of itself; None for what is missing or garbled."""
        checksum = self._archive.checksum if self._archive.has_checksum else ""
        return About(
            name=self._metadata("Name"),
            language=self._metadata("Language"),
            as_of=_day(self._metadata("Date")),
            checksum=f"md5:{checksum}" if checksum else None,
            page_url_template=self._template(),
        )

    def has_pictures(self) -> bool:
        """False when the archive says that it was made without any."""
        tags = (self._metadata("Tags") or "").replace(" ", "").split(";")
        return "_pictures:no" not in tags and "nopic" not in tags

    def page(self, number: int) -> Page | None:
        """The page that the entry of that number is; None for an entry that is none.

        Raises :data:`DAMAGE`.
        """
        entry = self._archive._get_entry_by_id(number)
        if entry.is_redirect:
            return None
        item = entry.get_item()
        if item.mimetype.partition(";")[0].strip().lower() not in _PAGE_TYPES:
            return None
        path = entry.path
        if path == self._start:
            return None
        if self._modern:
            # The other namespaces are numbered too, and their paths look the same.
            if self._archive.get_entry_by_path(path)._index != number:
                return None
            return Page(path, path, entry.title, item.size)
        if not path.startswith("A/"):
            return None
        return Page(path, path[2:], entry.title, item.size)

    def html(self, page: Page) -> bytes:
        """What a page consists of. Raises :data:`DAMAGE`."""
        return bytes(self._archive.get_entry_by_path(page.path).get_item().content)

    def read(self, path: str, max_bytes: int) -> bytes | Unreadable:
        """What a file consists of, or why it can't be had."""
        try:
            entry = self._follow(path)
            if entry is None:
                return GONE
            item = entry.get_item()
            if item.size > max_bytes:
                return too_many_bytes(item.size, Limits(max_bytes=max_bytes))
            return bytes(item.content)
        except DAMAGE:
            return UNREADABLE

    def _final(self, path: str) -> str | None:
        """The path that ``path`` leads to through all redirects; None where it leads nowhere."""
        try:
            return _path(self._follow(path))
        except DAMAGE:
            return None

    def _follow(self, path: str) -> _Entry | None:
        if not self._archive.has_entry_by_path(path):
            return None
        return _target(self._archive.get_entry_by_path(path))

    def _generated_start(self) -> str | None:
        """The list of articles that scrapers make up for a selection: no page of the wiki."""
        try:
            start = _path(_target(self._archive.main_entry)) if self._archive.has_main_entry else ""
        except DAMAGE:
            return None
        return start if start == ("index" if self._modern else "A/index") else None

    def _template(self) -> str | None:
        """Where titles point, as one of the first pages tells by its canonical link."""
        pages = 0
        for number in range(min(self.entries, _ENTRIES_FOR_TEMPLATE)):
            try:
                page = self.page(number)
                if page is None or page.size > MAX_PAGE_BYTES:
                    continue
                html = self.html(page)
            except DAMAGE:
                continue
            if template := _template_of(canonical_link(html), page.name):
                return template
            pages += 1
            if pages >= _PAGES_FOR_TEMPLATE:
                break
        return None

    def _metadata(self, name: str) -> str | None:
        try:
            text = self._archive.get_metadata(name).decode()
        except DAMAGE:
            return None
        text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
        return text[:1000] or None


def _path(entry: _Entry | None) -> str | None:
    return None if entry is None else entry.path


def _target(entry: _Entry) -> _Entry | None:
    """What an entry leads to through redirects; None where they don't end."""
    for _ in range(_MAX_REDIRECTS):
        if not entry.is_redirect:
            return entry
        entry = entry.get_redirect_entry()
    return None


def open_zim(path: Path) -> OpenZim:
    """Open an archive.

    Raises :class:`ConfigurationError` for a file that is no archive, a damaged one, or one without
    pictures.
    """
    try:
        import_module("selectolax.lexbor")
        reader = import_module("libzim.reader")
    except ImportError:
        raise ConfigurationError(
            "Reading ZIM files needs libzim and selectolax, and they are not there. "
            "Run: pip install 'whereis-bot[zim]'"
        ) from None
    if not _parts(path):
        raise ConfigurationError(f"There is no file {text_of(path)}. Check the path.")
    try:
        zim = OpenZim(reader.Archive(path))
    except DAMAGE as error:
        raise ConfigurationError(
            f"{text_of(path)} can't be opened as a ZIM file: {_problem(error)}. {_AGAIN}"
        ) from None
    if not zim.has_pictures():
        raise ConfigurationError(
            f"{text_of(path)} was made without pictures. Kiwix calls the edition that has them "
            "“maxi”."
        )
    return zim


def verification(path: Path, checksum: str | None) -> Generator[None, None, None]:
    """Read an archive from end to end, step by step, and compare its checksum (``md5:…``).

    Raises :class:`ConfigurationError` if it is wrong, or can't be found out.
    """
    # libzim can do this, but holds the interpreter for as long as it takes: minutes, mostly.
    if checksum is None:
        raise ConfigurationError(f"{text_of(path)} has no checksum, so it can't be verified.")
    digest = hashlib.md5(usedforsecurity=False)
    tail = b""
    try:
        for chunk in _chunks(_parts(path)):
            read = tail + chunk
            digest.update(read[:-_CHECKSUM_BYTES])
            tail = read[-_CHECKSUM_BYTES:]
            yield None
    except OSError as error:
        raise ConfigurationError(f"{text_of(path)} can't be read: {error.strerror}.") from None
    if checksum != f"md5:{digest.hexdigest()}":
        raise ConfigurationError(f"{text_of(path)} is damaged: its checksum is wrong. {_AGAIN}")


def _chunks(parts: list[Path]) -> Iterator[bytes]:
    for part in parts:
        with part.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def _parts(path: Path) -> list[Path]:
    """The files that an archive consists of: itself, or ``….zimaa``, ``….zimab`` and so on."""
    base = str(path)
    if path.is_file() and not base.endswith(".zimaa"):
        return [path]
    base = base.removesuffix("aa")
    found: list[Path] = []
    letters = "abcdefghijklmnopqrstuvwxyz"
    for ending in (first + second for first in letters for second in letters):
        part = Path(base + ending)
        if not part.is_file():
            break
        found.append(part)
    return found


def _template_of(link: str | None, name: str) -> str | None:
    """``https://en.wikipedia.org/wiki/{title}`` for a link that ends with the page's name."""
    if not link or not link.startswith(("https://", "http://")):
        return None
    whole = unquote(link)
    base = whole.removesuffix(name)
    if base == whole or not link.startswith(base) or {"{", "}"} & set(base):
        return None
    return base + "{title}" if len(base) < _LONGEST_BASE and base.isprintable() else None


def _problem(error: BaseException) -> str:
    """What libzim says of a file: the first line of it, without what a terminal would obey."""
    lines = str(error).splitlines() or [type(error).__name__]
    text = "".join(char for char in lines[0] if char.isprintable())
    return text.strip(" .:")[:200]


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def text_of(path: Path) -> str:
    """A path as text that any database takes."""
    return os.fsencode(path).decode("utf-8", "replace")
