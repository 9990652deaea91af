"""The rows of one table in the SQL of a dump, in chunks."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from bot.errors import RequestError
from bot.importers.sql_dump.complaints import Complaints
from bot.importers.sql_dump.copy_rows import TOO_LONG, Layout, may_be_long, needs_check
from bot.importers.sql_dump.insert_rows import After, InsertRows
from bot.importers.sql_dump.lexer import Lexer
from bot.importers.sql_dump.model import BadLine, Chunk
from bot.importers.sql_dump.place import Place
from bot.importers.sql_dump.statements import (
    Rows,
    Setting,
    Table,
    TableName,
    Wanted,
    read_statement,
)
from bot.importers.sql_dump.tape import MAX_LENGTH, Tape

# The columns of a table that nothing is said of begin with this one; hash and page follow.
FIRST_COLUMN = "id"
# No database has so many schemas with a table of one name; it bounds what a position holds.
MAX_KNOWN = 100
READ_ENCODINGS = ("utf8", "utf-8", "unicode", "sql_ascii")

# Each bad line takes some hundred bytes, and there are four million empty ones in 4 MB.
MAX_LINES = 120_000

_END_LINE = re.compile(rb"\\\.\r?(?:\n|\Z)")
_OFF = ("off", "false", "no", "0")
# Enough of a line to show it.
_BEGINNING = 400


class Reader:
    """Reads a tape from a place on.  ``location`` is what its errors call the dump."""

    def __init__(
        self, tape: Tape, wanted: Wanted, place: Place, location: str, chunk_bytes: int
    ) -> None:
        self._tape = tape
        self._wanted = wanted
        self._place = place
        self._complaints = Complaints(location, wanted)
        self._chunk_bytes = chunk_bytes
        self._lexer = Lexer(tape, plain_strings=place.plain_strings, unfinished=place.unfinished)
        self._inserts: InsertRows | None = None
        # Rows of INSERT that no chunk has yet, and about how large they are.
        self._rows: list[bytes] = []
        self._bad: list[BadLine] = []
        self._size = 0

    def chunks(self) -> Iterator[Chunk]:
        """The chunks that follow.

        Raises :class:`RequestError` for what can't be read, and at the end if it comes too early or
        the table was not found; all rows before that have been given.
        """
        while True:
            if self._place.inside == "copy":
                yield from self._flush()
                yield from self._copy()
            elif self._place.inside == "insert":
                yield from self._insert()
            else:
                self._here()
                if not self._lexer.skip_space():
                    yield from self._flush()
                    self._check_end()
                    return
                try:
                    self._statement()
                except RequestError:
                    yield from self._flush()
                    raise

    def _here(self) -> None:
        """All before this point is read, and the reader can go on from it."""
        place, lexer = self._place, self._lexer
        place.offset, place.line, place.crc = self._tape.place()
        place.plain_strings, place.unfinished = lexer.plain_strings, lexer.unfinished

    def _leave(self) -> None:
        self._place.inside, self._place.columns = None, ()

    def _flush(self) -> Iterator[Chunk]:
        rows, bad = self._rows, tuple(self._bad)
        self._rows, self._bad, self._size = [], [], 0
        if rows or bad:
            yield Chunk(b"".join(rows), len(rows), bad, self._place.position())

    def _check_end(self) -> None:
        if self._tape.failure is not None or self._lexer.cut:
            raise self._cut_off("a comment")
        if self._lexer.unfinished:
            raise self._complaints.no_last_line(self._place.line)
        if not self._place.found:
            raise self._complaints.not_found()

    def _cut_off(self, within: str) -> RequestError:
        return self._complaints.cut_off(within, self._place.line, self._tape.failure)

    # Statements.

    def _statement(self) -> None:
        # Spaces and comments are passed, so that what begins here has the number of its own line.
        self._here()
        tape = self._tape
        data, start = tape.data, tape.at
        if data.startswith(b"\\", start):
            # A command to psql, as \restrict.
            tape.skip_to(b"\n")
            return
        statement = read_statement(self._lexer)
        match statement:
            case Rows(form="copy"):
                self._begin_copy(statement)
            case Rows():
                # The next statement often begins with the same bytes; those in sight are compared.
                head = data[start : tape.at] if tape.data is data else None
                self._begin_insert(statement, head)
            case Table():
                self._remember(statement)
            case Setting():
                self._set(statement)
            case _:
                if not statement.whole:
                    raise self._cut_off("a statement")

    def _begin_copy(self, statement: Rows) -> None:
        table = self._full(statement.table)
        if not self._tape.skip_to(b"\n"):
            raise self._cut_off("a statement")
        if self._wanted.matches(table):
            self._found(statement, table)
            self._here()
        else:
            self._complaints.has_rows(table)
            self._skip_block(table)

    def _begin_insert(self, statement: Rows, head: bytes | None) -> None:
        table = self._full(statement.table)
        if self._wanted.matches(table):
            columns = self._found(statement, table)
            layout = self._layout(columns)
            if self._inserts is None or not self._inserts.serves(layout, head):
                self._inserts = InsertRows(self._tape, self._lexer, layout, head)
            return
        self._complaints.has_rows(table)
        if not statement.unread and not self._lexer.skip_statement():
            raise self._cut_off(f"table {table}")

    def _found(self, statement: Rows, table: TableName) -> tuple[str, ...]:
        place = self._place
        if statement.unread:
            raise self._complaints.unread(statement.form, place.line)
        schemas = {place.schema, table.schema} - {None}
        if len(schemas) > 1 and self._wanted.table.schema is None:
            raise self._complaints.ambiguous(place.schema, table, place.line)
        columns = statement.columns or self._columns_of(table)
        if self._wanted.find(columns) is None:
            raise self._complaints.no_columns(table, columns, place.line)
        place.inside, place.columns = statement.form, columns
        place.found, place.schema = True, table.schema or place.schema
        return columns

    def _layout(self, columns: tuple[str, ...]) -> Layout:
        found = self._wanted.find(columns)
        assert found is not None
        return Layout(len(columns), *found)

    def _columns_of(self, table: TableName) -> tuple[str, ...]:
        known = self._place.known
        if table.schema in known:
            return known[table.schema]
        if known and (table.schema is None or None in known):
            return known.get(None) or next(iter(known.values()))
        return (FIRST_COLUMN, self._wanted.hash_column, self._wanted.page_column)

    def _full(self, table: TableName) -> TableName:
        return table if table.schema is not None else replace(table, schema=self._place.search)

    def _remember(self, statement: Table) -> None:
        table = self._full(statement.table)
        known = self._place.known
        if self._wanted.matches(table) and (len(known) < MAX_KNOWN or table.schema in known):
            known[table.schema] = statement.columns

    def _set(self, setting: Setting) -> None:
        value = setting.value.strip().lower()
        if setting.name == "standard_conforming_strings":
            self._lexer.plain_strings = value not in _OFF
        elif setting.name == "search_path":
            self._place.search = setting.value or None
        elif setting.name == "client_encoding" and value not in READ_ENCODINGS:
            raise self._complaints.encoding(setting.value, self._place.line)

    # COPY.

    def _copy(self) -> Iterator[Chunk]:
        tape = self._tape
        layout = self._layout(self._place.columns)
        reduce = layout.reducer()
        while True:
            self._here()
            end = self._line_end()
            if end is None:
                if self._at_last_line():
                    break
                line, beginning = self._place.line, tape.data[tape.at : tape.at + _BEGINNING]
                if not tape.skip_to(b"\n"):
                    raise self._cut_off(f"table {self._wanted.table}")
                self._here()
                bad = BadLine.of(line, TOO_LONG, beginning)
                yield Chunk(b"", 0, (bad,), self._place.position())
                continue
            data, start = tape.data, tape.at
            marker = _block_end(data, start, end)
            stop = end if marker is None else marker.start()
            while data.count(b"\n", start, stop) > MAX_LINES:
                stop, marker = data.rfind(b"\n", start, (start + stop) // 2) + 1, None
                stop = stop or data.index(b"\n", start) + 1
            if stop > start:
                lines, line = data[start:stop], self._place.line
                tape.at = stop
                self._here()
                yield _copied(layout, reduce, lines, line, self._place)
            if marker is not None:
                tape.at = marker.end()
                break
        self._leave()

    def _skip_block(self, table: TableName) -> None:
        tape = self._tape
        while True:
            end = self._line_end()
            if end is None:
                if self._at_last_line():
                    return
                if not tape.skip_to(b"\n"):
                    raise self._cut_off(f"table {table}")
                continue
            marker = _block_end(tape.data, tape.at, end)
            tape.at = end if marker is None else marker.end()
            if marker is not None:
                return

    def _line_end(self) -> int | None:
        """The end of a chunk's last line; ``None`` if the first is too long or has no end."""
        tape, wanted = self._tape, self._chunk_bytes
        while True:
            whole = tape.fill(wanted)
            end = tape.data.rfind(b"\n", tape.at, tape.at + wanted) + 1
            if end:
                return end
            if not whole or wanted > MAX_LENGTH:
                return None
            wanted = min(2 * wanted, MAX_LENGTH + 1)

    def _at_last_line(self) -> bool:
        """Whether the block ends here, without a line feed, and so does the file."""
        tape = self._tape
        match = _END_LINE.fullmatch(tape.data, tape.at) if tape.ended else None
        if match is not None:
            tape.at = match.end()
        return match is not None

    # INSERT.

    def _insert(self) -> Iterator[Chunk]:
        tape = self._tape
        if self._inserts is None:
            self._inserts = InsertRows(tape, self._lexer, self._layout(self._place.columns), None)
        while self._place.inside == "insert":
            self._lexer.skip_space()
            self._here()
            after, size = self._inserts.run(self._rows, self._chunk_bytes - self._size)
            if size:
                self._size += size
                self._after(after)
            else:
                try:
                    self._slow_row(self._inserts)
                except RequestError:
                    yield from self._flush()
                    raise
            if self._size >= self._chunk_bytes:
                yield from self._flush()

    def _slow_row(self, inserts: InsertRows) -> None:
        tape = self._tape
        if not tape.fill(1):
            raise self._cut_off(f"table {self._wanted.table}")
        if not tape.data.startswith(b"(", tape.at):
            raise self._complaints.unread("insert", self._place.line)
        before = len(self._rows)
        after, beginning, reason = inserts.one(self._rows)
        if after is After.CUT_OFF:
            raise self._cut_off(f"table {self._wanted.table}")
        if reason is not None:
            self._bad.append(BadLine.of(self._place.line, reason, beginning))
            self._size += len(beginning)
        self._size += sum(map(len, self._rows[before:]))
        self._after(after)

    def _after(self, after: After) -> None:
        if after is After.STATEMENT:
            self._leave()
        self._here()


def _block_end(data: bytes, start: int, end: int) -> re.Match[bytes] | None:
    """The line that ends a COPY block, among whole lines."""
    found = data.find(b"\\", start, end)
    if found < 0:
        return None
    if found == start and (match := _END_LINE.match(data, start, end)):
        return match
    found = max(found - 1, start)
    while (found := data.find(b"\n\\.", found, end)) >= 0:
        if match := _END_LINE.match(data, found + 1, end):
            return match
        found += 1
    return None


def _copied(
    layout: Layout, reduce: Callable[[bytes], bytes], lines: bytes, line: int, place: Place
) -> Chunk:
    """The chunk of some lines of COPY, given where it goes on behind them."""
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n")
    rows, count = reduce(lines), place.line - line
    check = partial(layout.check, lines, line)
    position = place.position()
    if not needs_check(rows, lines) and not may_be_long(lines):
        return Chunk(rows, count, (), position, check)
    rows, bad = check()
    return Chunk(rows, rows.count(b"\n"), bad, position)
