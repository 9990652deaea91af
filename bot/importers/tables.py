"""CSV files, read line by line: a table may be larger than memory."""

import csv
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from bot.errors import ConfigurationError

# Of one line of the table, the line breaks inside its "…" included.
MAX_LINE_BYTES = 1024 * 1024
TOO_MANY_COLUMNS = 'more columns than the first line names; put "…" around commas'

_BOM = b"\xef\xbb\xbf"


class Row(NamedTuple):
    """A line of a table: the number of its (last) line in the file, from 1 on, and its fields.

    ``fields`` are those of the columns that were asked for, in their order; one that is missing is
    empty.  ``too_long`` says that there are more fields than columns.
    """

    line: int
    fields: tuple[str, ...]
    too_long: bool


def rows(
    table: Path, needed: Sequence[str], optional: Sequence[str] = ()
) -> Generator[Row, None, None]:
    """The lines below the first, which names the columns; empty lines are passed over.

    UTF-8 with or without a byte order mark; any line breaks but those of old Macs.  Raises
    :class:`ConfigurationError`, with what to do, when it comes to something that is not so.
    """
    try:
        if not table.is_file():
            raise ConfigurationError(f"There is no file {table}. Check the path.")
        with table.open("rb") as file:
            yield from _rows(table, file, needed, optional)
    except OSError as error:
        raise ConfigurationError(f"{table} can't be read: {error.strerror}.") from None


def check(table: Path, needed: Sequence[str], optional: Sequence[str] = ()) -> None:
    """Raise the :class:`ConfigurationError` that :func:`rows` would begin with, if any."""
    next(iter(rows(table, needed, optional)), None)


def _rows(
    table: Path, file: BinaryIO, needed: Sequence[str], optional: Sequence[str]
) -> Iterator[Row]:
    lines = _Lines(table, file)
    reader = csv.reader(lines, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if not set(needed) <= set(names):
            columns = ",".join(needed)
            raise ConfigurationError(
                f"The first line of {table} must name the columns: {columns}"
                + (f" or {columns},{','.join(optional)}." if optional else ".")
            )
        places = [names.index(name) if name in names else None for name in (*needed, *optional)]
        for values in reader:
            lines.begin()
            if values:
                count = len(values)
                fields = tuple(
                    values[place] if place is not None and place < count else "" for place in places
                )
                yield Row(reader.line_num, fields, count > len(names))
    except csv.Error as error:
        raise ConfigurationError(
            f"{table} is no CSV file: {error} (line {reader.line_num}). "
            "Correct that line, and start again."
        ) from None


class _Lines:
    """The lines of a file as text; a line that never ends is not read into memory."""

    def __init__(self, table: Path, file: BinaryIO) -> None:
        self._table = table
        self._file = file
        self._number = 0
        self._size = 0

    def begin(self) -> None:
        """The next line begins a new row."""
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_LINE_BYTES + 1)
        if not line:
            raise StopIteration
        self._number += 1
        self._size += len(line)
        if self._size > MAX_LINE_BYTES:
            raise ConfigurationError(
                f"Line {self._number} of {self._table} is longer than "
                f"{MAX_LINE_BYTES // 1024} KB. Is a quotation mark missing before it?"
            )
        if self._number == 1:
            line = line.removeprefix(_BOM)
        try:
            return line.decode()
        except UnicodeDecodeError:
            raise ConfigurationError(
                f"{self._table} is not UTF-8 text (line {self._number}). Save it as UTF-8."
            ) from None
