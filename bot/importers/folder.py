"""A folder of pictures, with titles from their names, from sidecars, or from a table."""

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Protocol

from bot.errors import ConfigurationError, RequestError
from bot.importers.model import SourcePicture
from bot.titles import canonical_title, parse_link

PICTURE_SUFFIXES = frozenset(
    {
        ".apng",
        ".avif",
        ".bmp",
        ".dib",
        ".gif",
        ".heic",
        ".heif",
        ".ico",
        ".jfif",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".png",
        ".svg",
        ".svgz",
        ".tif",
        ".tiff",
        ".webp",
    }
)
MAX_SIDECAR_BYTES = 64 * 1024
NOT_A_PICTURE = "not a picture"


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file, or a line of a table, that gave no picture. ``reason`` is a phrase for people."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class _Named:
    title: str
    url: str | None


class _UnnamedError(Exception):
    """There is no page for a file; the text is the reason."""


class _Pages(Protocol):
    """Where the pages of pictures come from."""

    def of(self, path: Path, relative: PurePath) -> tuple[_Named, ...]:
        """The pages that show a picture, at least one. Raises :class:`_UnnamedError`."""
        ...

    def belongs(self, path: Path) -> bool:
        """Whether a file that is no picture is one of those that name pages."""
        ...

    def left(self) -> Iterator[SkippedFile]:
        """What was named and never asked for."""
        ...


def pictures_of(
    folder: Path,
    page_from: str = "name",
    *,
    on_skip: Callable[[SkippedFile], None] | None = None,
) -> Iterator[SourcePicture]:
    """Every picture below ``folder``, in the order of its folders' and files' names.

    ``page_from`` tells where titles come from: ``name`` (the file's name without its extension),
    ``sidecar`` (``picture.jpg.json`` or ``picture.json`` beside it: ``{"title": …, "url": …}``), or
    the path of a CSV file with the columns ``file`` (relative to ``folder``), ``title`` and,
    optionally, ``url``; a file may have several lines there, one for each page.  ``on_skip`` is
    told of each file that gave no picture.  Hidden files are passed over, and links that lead
    outside of ``folder`` are skipped.

    Raises :class:`ConfigurationError` at once when there is no such folder, or the table can't be
    read.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"There is no folder {folder}. Check the path.")
    skip = on_skip or _ignore
    pages: _Pages
    if page_from == "name":
        pages = _FromNames()
    elif page_from == "sidecar":
        pages = _FromSidecars()
    elif page_from.lower().endswith(".csv"):
        pages = _FromTable(Path(page_from), skip)
    else:
        raise ConfigurationError(
            f"“{page_from}” is no source of titles. Say name, sidecar, or the path of a .csv file."
        )
    return _pictures(folder, pages, skip)


def _ignore(skipped: SkippedFile) -> None:
    pass


def _pictures(
    folder: Path, pages: _Pages, skip: Callable[[SkippedFile], None]
) -> Iterator[SourcePicture]:
    for path in _files(folder, skip):
        if path.suffix.lower() not in PICTURE_SUFFIXES:
            if not pages.belongs(path):
                skip(SkippedFile(path, NOT_A_PICTURE))
            continue
        try:
            named = pages.of(path, path.relative_to(folder))
        except _UnnamedError as error:
            skip(SkippedFile(path, str(error)))
            continue
        for page in named:
            yield SourcePicture(path, path.name, page.title, page.url)
    for skipped in pages.left():
        skip(skipped)


def _files(folder: Path, skip: Callable[[SkippedFile], None]) -> Iterator[Path]:
    root = folder.resolve()
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            with os.scandir(current) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError:
            skip(SkippedFile(current, "a folder that can't be opened"))
            continue
        below: list[Path] = []
        for entry in entries:
            path = current / entry.name
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                below.append(path)
            elif reason := _why_not(entry, path, root):
                skip(SkippedFile(path, reason))
            else:
                yield path
        waiting.extend(reversed(below))


def _why_not(entry: os.DirEntry[str], path: Path, root: Path) -> str | None:
    try:
        entry.name.encode()
        if entry.is_symlink() and not path.resolve(strict=True).is_relative_to(root):
            return "a link that leads outside"
        if not entry.is_file():
            return "not a file"
    except UnicodeEncodeError:
        return "a name that is no text"
    except (OSError, RuntimeError):
        # RuntimeError: a link that leads to itself, before Python 3.13.
        return "a link that leads nowhere"
    return None


class _FromNames:
    def of(self, path: Path, relative: PurePath) -> tuple[_Named, ...]:
        return (_named(path.stem, None),)

    def belongs(self, path: Path) -> bool:
        return False

    def left(self) -> Iterator[SkippedFile]:
        return iter(())


class _FromSidecars:
    def of(self, path: Path, relative: PurePath) -> tuple[_Named, ...]:
        for sidecar in (path.with_name(path.name + ".json"), path.with_suffix(".json")):
            if sidecar.is_file() and not sidecar.is_symlink():
                return (_read_sidecar(sidecar),)
        raise _UnnamedError("no .json beside it")

    def belongs(self, path: Path) -> bool:
        return path.suffix.lower() == ".json"

    def left(self) -> Iterator[SkippedFile]:
        return iter(())


class _FromTable:
    def __init__(self, table: Path, skip: Callable[[SkippedFile], None]) -> None:
        self._table = table
        self._pages = _read_table(table, skip)
        self._found: set[PurePosixPath] = set()

    def of(self, path: Path, relative: PurePath) -> tuple[_Named, ...]:
        key = PurePosixPath(relative.as_posix())
        named = self._pages.get(key)
        if named is None:
            raise _UnnamedError(f"not in {self._table.name}")
        self._found.add(key)
        return tuple(named)

    def belongs(self, path: Path) -> bool:
        return path.resolve() == self._table.resolve()

    def left(self) -> Iterator[SkippedFile]:
        for key in self._pages:
            if key not in self._found:
                yield SkippedFile(Path(key), f"in {self._table.name}, but no picture in the folder")


def _named(title: str, url: str | None) -> _Named:
    try:
        return _Named(canonical_title(title), parse_link(url) if url else None)
    except RequestError as error:
        raise _UnnamedError(error.sentence) from None


def _read_sidecar(sidecar: Path) -> _Named:
    try:
        with sidecar.open("rb") as file:
            text = file.read(MAX_SIDECAR_BYTES + 1)
    except OSError:
        raise _UnnamedError("its .json can't be read") from None
    if len(text) > MAX_SIDECAR_BYTES:
        raise _UnnamedError(f"its .json is larger than {MAX_SIDECAR_BYTES // 1024} KB")
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError):
        raise _UnnamedError("its .json is no JSON") from None
    fields = content if isinstance(content, Mapping) else {}
    title, url = fields.get("title"), fields.get("url")
    if not isinstance(title, str):
        raise _UnnamedError('its .json has no "title"')
    if url is not None and not isinstance(url, str):
        raise _UnnamedError('the "url" in its .json is no text')
    return _named(title, url)


def _read_table(
    table: Path, skip: Callable[[SkippedFile], None]
) -> dict[PurePosixPath, list[_Named]]:
    pages: dict[PurePosixPath, list[_Named]] = {}
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.DictReader(file, strict=True)
            if not {"file", "title"} <= set(lines.fieldnames or ()):
                raise ConfigurationError(
                    f"The first line of {table} must name the columns: file,title or "
                    "file,title,url."
                )
            for row in lines:
                try:
                    key, named = _read_row(row)
                except _UnnamedError as error:
                    skip(SkippedFile(table, f"line {lines.line_num}: {error}"))
                    continue
                pages.setdefault(key, []).append(named)
    except OSError as error:
        raise ConfigurationError(f"{table} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{table} is not UTF-8 text. Save it as UTF-8.") from None
    except csv.Error as error:
        raise ConfigurationError(
            f"{table} is no CSV file: {error} (line {lines.line_num})."
        ) from None
    return pages


def _read_row(row: Mapping[str | None, str | None]) -> tuple[PurePosixPath, _Named]:
    file, title, url = row["file"], row["title"], row.get("url")
    # The csv module keeps what is beyond the last column under the name None.
    if None in row:
        raise _UnnamedError('more columns than the first line names; put "…" around commas')
    if not file or title is None:
        raise _UnnamedError("it needs a file and a title")
    return PurePosixPath(file), _named(title, url)
