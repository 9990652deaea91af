"""A dump as it is used: opened, read chunk by chunk, and gone on with where an earlier run was."""

import re
from collections.abc import Iterator
from threading import Event
from types import TracebackType
from typing import Self

from bot.errors import ConfigurationError
from bot.importers.model import Position
from bot.importers.sql_dump.complaints import Complaints
from bot.importers.sql_dump.files import STDIN, DumpFile, archive_advice
from bot.importers.sql_dump.model import Chunk
from bot.importers.sql_dump.place import Place
from bot.importers.sql_dump.reader import Reader
from bot.importers.sql_dump.statements import Wanted
from bot.importers.sql_dump.tape import BLOCK_BYTES, Tape

CHUNK_BYTES = 1024 * 1024

_LOOK_BYTES = 64 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# What may stand before the first statement, and how one begins, or a command to psql.
_SQL = re.compile(
    rb"(?:\s++|--[^\n]*+(?:\n|\Z))*(?:\Z|/\*|\\[a-z]|(?:alter|analyze|begin|comment|copy|create|delete"
    rb"|do|drop|grant|insert|lock|select|set|start|truncate|update|with)\b)",
    re.IGNORECASE,
)


class SqlDump:
    """The rows of one table of a dump; used as a context manager, and read once.

    ``path`` is a file, as it is or packed with gzip, bzip2, xz or Zstandard, or ``-`` for standard
    input.  ``table`` is a name, or one with its schema; ``hash_column`` and ``page_column`` say
    which of its columns hold a hash and the title of a page.  ``chunk_bytes`` is about how much of
    the unpacked file a chunk has.

    Entering it raises :class:`ConfigurationError` for what can't be opened or is no dump in SQL.
    All of it blocks.
    """

    def __init__(
        self,
        path: str,
        *,
        table: str = "hashes",
        hash_column: str = "hash",
        page_column: str = "url",
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        self._stopped = Event()
        self._path = path
        self._wanted = Wanted.parse(table, hash_column, page_column)
        self._asked = (str(self._wanted.table), hash_column, page_column)
        self._chunk_bytes = chunk_bytes
        self._opened: DumpFile | None = None
        self._tape: Tape | None = None

    @property
    def location(self) -> str:
        """The absolute path; ``-`` for standard input."""
        return self._file.location

    @property
    def total_bytes(self) -> int | None:
        """How large the file is as it lies on the disk; ``None`` for what is no file."""
        return self._file.total_bytes

    @property
    def done_bytes(self) -> int:
        """How much of that is read."""
        return self._file.done_bytes

    def __enter__(self) -> Self:
        self._opened = DumpFile(self._path, self._stopped)
        try:
            self._tape = Tape(self._opened, min(BLOCK_BYTES, max(self._chunk_bytes, 1024)))
            self._look(self._tape)
        except ConfigurationError:
            self._opened.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def stop(self) -> None:
        """Have a reader that waits for a pipe, in another thread, give up."""
        self._stopped.set()

    def chunks(self, after: Position | None) -> Iterator[Chunk]:
        """The rows from behind the chunk with the position ``after`` on; all for ``None``.

        Raises :class:`bot.errors.RequestError` when this is not the file of that position, when it
        is cut off or damaged (all whole lines before that are given), when something in it can't
        be read, and at the end when the table was not found.
        """
        tape, self._tape = self._tape, None
        if tape is None:
            raise RuntimeError("a dump is read once")
        if tape.data.startswith(_BYTE_ORDER_MARK):
            tape.at = len(_BYTE_ORDER_MARK)
        place = Place(self._asked) if after is None else self._resume(tape, after)
        reader = Reader(tape, self._wanted, place, self.location, self._chunk_bytes)
        yield from reader.chunks()

    @property
    def _file(self) -> DumpFile:
        assert self._opened is not None, "the dump is not open"
        return self._opened

    def _resume(self, tape: Tape, after: Position) -> Place:
        complaints = Complaints(self.location, self._wanted)
        try:
            place = Place.of(after)
        except ValueError:
            raise complaints.other_file() from None
        if place.asked != self._asked:
            table, *columns = place.asked
            raise complaints.other_question(f"{table} ({', '.join(columns)})")
        left = place.offset - tape.at
        while left > 0 and tape.fill(1):
            step = min(left, len(tape.data) - tape.at)
            tape.at += step
            left -= step
        if left > 0 and tape.failure is not None:
            raise complaints.cut_off("…", tape.place()[1], tape.failure)
        if tape.place() != (place.offset, place.line, place.crc):
            raise complaints.other_file()
        return place

    def _look(self, tape: Tape) -> None:
        """Refuse what is no dump, by how it begins."""
        shown = "Standard input" if self._path == STDIN else self._path
        tape.fill(_LOOK_BYTES)
        start = tape.data[:_LOOK_BYTES]
        if tape.failure is not None and not start:
            raise ConfigurationError(f"{shown} can't be read: {tape.failure}.")
        if not start.strip():
            raise ConfigurationError(f"{shown} is empty. Give the file that pg_dump wrote.")
        if start.startswith((b"PGDMP", b"toc.dat\0")):
            raise ConfigurationError(archive_advice(self._path))
        if start.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ConfigurationError(
                f"{shown} is in UTF-16. Write it with pg_dump -f FILE, which writes UTF-8."
            )
        if _SQL.match(start, len(_BYTE_ORDER_MARK) * start.startswith(_BYTE_ORDER_MARK)) is None:
            raise ConfigurationError(
                f"{shown} is no dump in SQL. Give a file that pg_dump wrote, as it is or packed "
                "with gzip, bzip2, xz or zstd."
            )
