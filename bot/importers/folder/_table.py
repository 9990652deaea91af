"""The pages of a folder's pictures, from a table of any length."""

import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path, PurePosixPath

from bot.errors import ConfigurationError
from bot.importers.files import showable
from bot.importers.folder._pages import UnnamedError, named
from bot.importers.folder._walk import Given
from bot.importers.model import Skipped
from bot.importers.tables import TOO_MANY_COLUMNS, Row, rows
from bot.titles import PageName

_BATCH = 1000
# Nothing in it outlives this process, so there is nothing to write safely.
_SCHEMA = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA cache_size = -32768;
    CREATE TABLE pages (line INTEGER PRIMARY KEY, file TEXT, title TEXT, url TEXT, problem TEXT);
    BEGIN;
"""
_ADD = "INSERT INTO pages (line, file, title, url, problem) VALUES (?, ?, ?, ?, ?)"
_INDEX = "CREATE INDEX pages_of_file ON pages (file, line)"
_PAGES = "SELECT title, url FROM pages WHERE file = ? ORDER BY line"
_LINES = """
    SELECT line, file, title, url, problem, EXISTS (
        SELECT 1 FROM pages AS other WHERE other.file = this.file AND other.line < this.line
    )
    FROM pages AS this WHERE line > ? ORDER BY line
"""

# The columns of a line, in the order of the statement that adds it.
_Line = tuple[int, str | None, str | None, str | None, str | None]


class FromTable:
    """Pages as lines of a CSV file name them: ``file,title`` and, optionally, ``url``.

    The lines lie in a database of SQLite's that is on disk unless it is small, has no name there,
    and is gone with the process: a table of millions of lines takes no memory to speak of.
    """

    def __init__(self, table: Path, folder: Path) -> None:
        self._table = table
        self._folder = folder
        self._name = showable(table.name)
        # One thread at a time uses it, but not always the same one.
        self._lines = sqlite3.connect("", isolation_level=None, check_same_thread=False)

    def close(self) -> None:
        """Let go of the lines."""
        self._lines.close()

    def read(self) -> Generator[None, None, None]:
        """Read the table, with a pause now and then. Raises :class:`ConfigurationError`."""
        try:
            self._lines.executescript(_SCHEMA)
            with closing(rows(self._table, ("file", "title"), ("url",))) as lines:
                while batch := [_line(row) for row in islice(lines, _BATCH)]:
                    self._lines.executemany(_ADD, batch)
                    yield
            self._lines.execute("COMMIT")
            self._lines.execute(_INDEX)
        except sqlite3.Error as error:
            raise ConfigurationError(
                f"There is no room to sort the lines of {self._table} ({error}). "
                "Name a folder with more room in the environment: TMPDIR."
            ) from None

    def of(self, path: str) -> tuple[PageName, ...]:
        """The pages that show a picture. What is wrong with a line, :meth:`left` says."""
        pages: dict[PageName, None] = {}
        found = False
        for title, url in self._lines.execute(_PAGES, (path,)):
            found = True
            with suppress(UnnamedError):
                pages[named(title, url)] = None
        if not pages:
            raise UnnamedError(
                f"its line in {self._name} is wrong" if found else f"not in {self._name}"
            )
        return tuple(pages)

    def belongs(self, path: str) -> bool:
        """Whether that is the table."""
        return os.path.realpath(self._folder / path) == os.path.realpath(self._table)

    def left(self, after: int) -> Generator[Skipped | None, None, None]:
        """The lines that gave nothing."""
        given = Given(self._folder)
        for line, file, title, url, problem, again in self._lines.execute(_LINES, (after,)):
            name = f"{self._name} line {line}"
            reason = problem or _why_no_page(title, url)
            # Looked for, rather than remembered: it may have been given by another run, before
            # this one went on.
            if not reason and not again and file not in given:
                name = showable(file)
                reason = f"in {self._name}, but no picture in the folder"
            yield Skipped(name, reason, {"line": line}) if reason else None


def _line(row: Row) -> _Line:
    file, title, url = row.fields
    if row.too_long:
        return row.line, None, None, None, TOO_MANY_COLUMNS
    if not file or not title:
        return row.line, None, None, None, "it needs a file and a title"
    # Most paths are plain, and there may be millions.
    if "./" in file or "//" in file or file.endswith(("/", "/.")):
        file = str(PurePosixPath(file))
    return row.line, file, title, url or None, None


def _why_no_page(title: str, url: str | None) -> str | None:
    try:
        named(title, url)
    except UnnamedError as error:
        return str(error)
    return None
