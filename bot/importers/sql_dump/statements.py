"""What the statements of a dump say, as far as it matters here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.errors import ConfigurationError
from bot.importers.sql_dump.lexer import Lexer, Token

# Statements of ours are short but for their values; what is longer is passed over.
MAX_TOKENS = 10_000

_PART = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')
_NAME = re.compile(rf"(?:{_PART.pattern})(?:\.(?:{_PART.pattern}))*")
_NO_COLUMN = (b"constraint", b"primary", b"unique", b"check", b"foreign", b"exclude", b"like")


@dataclass(frozen=True, slots=True)
class TableName:
    """The name of a table; ``schema`` is ``None`` where it is not said."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which table is asked for, and which of its columns."""

    table: TableName
    hash_column: str
    page_column: str

    @classmethod
    def parse(cls, table: str, hash_column: str, page_column: str) -> "Wanted":
        """Take a name as people write it: ``table``, ``schema.table``, ``"Quoted".table``.

        Raises :class:`ConfigurationError` for what is no name.
        """
        parts = _parts(table)
        if not 1 <= len(parts) <= 2:
            raise ConfigurationError(
                f"“{table}” is no name of a table. Say --table NAME or --table SCHEMA.NAME."
            )
        if hash_column == page_column:
            raise ConfigurationError(
                f"“{hash_column}” can't be both the column of hashes and that of pages."
            )
        schema = parts[0] if len(parts) == 2 else None
        return cls(TableName(schema, parts[-1]), hash_column, page_column)

    def matches(self, name: TableName) -> bool:
        """Whether this is the table."""
        return _same(self.table.name, name.name) and (
            self.table.schema is None
            or name.schema is None
            or _same(self.table.schema, name.schema)
        )

    def find(self, columns: Sequence[str]) -> tuple[int, int] | None:
        """Where the hash and the page are among some columns."""
        found = [
            next((place for place, name in enumerate(columns) if _same(column, name)), None)
            for column in (self.hash_column, self.page_column)
        ]
        return None if None in found else (found[0] or 0, found[1] or 0)


@dataclass(frozen=True, slots=True)
class Rows:
    """COPY or INSERT, read up to where its rows begin.

    ``columns`` is ``None`` where they are not said.  ``unread`` is set for a form whose rows can't
    be read; of an INSERT the rest of the statement is then still to come.
    """

    form: Literal["copy", "insert"]
    table: TableName
    columns: tuple[str, ...] | None
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """CREATE TABLE."""

    table: TableName
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """SET: a name in lower case, and the first of its values as it is written."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Other:
    """A statement that says nothing; ``whole`` is whether its end was there."""

    whole: bool


Statement = Rows | Table | Setting | Other


def read_statement(lexer: Lexer) -> Statement:
    """Read the statement that begins at the next token.

    It is read to its end; COPY to the semicolon before its rows, INSERT to VALUES.
    """
    first = lexer.token()
    if first.is_symbol(b";"):
        return Other(whole=True)
    if first.is_word(b"copy"):
        return _copy(lexer)
    if first.is_word(b"insert"):
        return _insert(lexer)
    if first.is_word(b"create"):
        return _create(lexer)
    if first.is_word(b"set"):
        return _set(lexer)
    return Other(_rest(lexer, first))


class _Words:
    """The tokens of a statement up to its end, or up to a word outside of parentheses."""

    def __init__(self, lexer: Lexer, *until: bytes) -> None:
        self.tokens: list[Token] = []
        self.depth = 0
        self.stopped: Token | None = None
        while len(self.tokens) < MAX_TOKENS:
            token = lexer.token()
            if token.is_symbol(b"("):
                self.depth += 1
            elif token.is_symbol(b")"):
                self.depth = max(self.depth - 1, 0)
            if token.kind == "end" or (
                not self.depth and (token.is_symbol(b";") or token.is_word(*until))
            ):
                self.stopped = token
                break
            # A value has no place here, and might be long.
            self.tokens.append(token if len(token.text) < 1000 else Token("other", b""))
        self.tokens.append(Token("end", b""))
        self._lexer = lexer

    def rest(self) -> bool:
        """Go to the end of the statement; whether it has one."""
        if self.stopped is None:
            return self._lexer.skip_statement(self.depth)
        return _rest(self._lexer, self.stopped)


def _rest(lexer: Lexer, last: Token) -> bool:
    if last.kind == "end" or last.is_symbol(b";"):
        return last.kind != "end"
    return lexer.skip_statement(1 if last.is_symbol(b"(") else 0)


def _copy(lexer: Lexer) -> Statement:
    words = _Words(lexer)
    tokens = words.tokens
    start = 1 if tokens[0].is_word(b"binary") and tokens[1].kind in ("word", "name") else 0
    name, at = _name(tokens, start)
    columns, at = _columns(tokens, at)
    # WITH OIDS stands before FROM.
    odd = start == 1
    while tokens[at].is_word(b"with", b"oids"):
        odd, at = True, at + 1
    if not words.rest():
        return Other(whole=False)
    if name is None or not (tokens[at].is_word(b"from") and tokens[at + 1].is_word(b"stdin")):
        return Other(whole=True)
    return Rows("copy", name, columns, unread=odd or tokens[at + 2].kind != "end")


def _insert(lexer: Lexer) -> Statement:
    words = _Words(lexer, b"values", b"select", b"with", b"default", b"table")
    tokens = words.tokens
    name, at = _name(tokens, 1) if tokens[0].is_word(b"into") else (None, 0)
    columns, at = _columns(tokens, at)
    if tokens[at].is_word(b"overriding") and tokens[at + 1].is_word(b"system", b"user"):
        at += 3 if tokens[at + 2].is_word(b"value") else 2
    plain = words.stopped is not None and words.stopped.is_word(b"values")
    if name is not None and plain and tokens[at].kind == "end":
        return Rows("insert", name, columns)
    whole = words.rest()
    return Other(whole) if name is None or not whole else Rows("insert", name, columns, unread=True)


def _create(lexer: Lexer) -> Statement:
    first = lexer.token()
    kind = first
    while kind.is_word(
        b"or", b"replace", b"unlogged", b"temp", b"temporary", b"local", b"global", b"foreign"
    ):
        kind = lexer.token()
    if kind.is_word(b"function", b"procedure"):
        return Other(lexer.skip_function())
    if not kind.is_word(b"table"):
        return Other(_rest(lexer, kind))
    words = _Words(lexer)
    tokens = words.tokens
    at = 3 if [token.text for token in tokens[:3]] == [b"if", b"not", b"exists"] else 0
    name, at = _name(tokens, at)
    whole = words.rest()
    if name is None or not whole or not tokens[at].is_symbol(b"("):
        return Other(whole)
    return Table(name, tuple(_defined(tokens[at + 1 :])))


def _set(lexer: Lexer) -> Statement:
    words = _Words(lexer)
    tokens = words.tokens
    at = 1 if tokens[0].is_word(b"session", b"local") else 0
    whole = words.rest()
    if tokens[at].is_word(b"names"):
        return Setting("client_encoding", _text(tokens[at + 1]))
    if tokens[at].kind != "word" or not whole or len(tokens) < at + 3:
        return Other(whole)
    return Setting(_text(tokens[at]), _text(tokens[at + 2]))


def _name(tokens: Sequence[Token], at: int) -> tuple[TableName | None, int]:
    parts: list[str] = []
    while tokens[at].kind in ("word", "name"):
        parts.append(_text(tokens[at]))
        at += 1
        if not tokens[at].is_symbol(b"."):
            # Before the schema there may be the name of the database.
            return TableName(parts[-2] if len(parts) > 1 else None, parts[-1]), at
        at += 1
    return None, at


def _columns(tokens: Sequence[Token], at: int) -> tuple[tuple[str, ...] | None, int]:
    if not tokens[at].is_symbol(b"("):
        return None, at
    columns: list[str] = []
    while tokens[at].is_symbol(b"(", b",") and tokens[at + 1].kind in ("word", "name"):
        columns.append(_text(tokens[at + 1]))
        at += 2
    return (tuple(columns), at + 1) if tokens[at].is_symbol(b")") else (None, at)


def _defined(tokens: Sequence[Token]) -> list[str]:
    """The columns that CREATE TABLE defines, given what stands behind its parenthesis."""
    columns: list[str] = []
    depth = 0
    begins = True
    for token in tokens:
        if begins and token.kind in ("word", "name") and not token.is_word(*_NO_COLUMN):
            columns.append(_text(token))
        begins = depth == 0 and token.is_symbol(b",")
        if token.is_symbol(b"(", b"["):
            depth += 1
        elif token.is_symbol(b")", b"]"):
            depth -= 1
        if depth < 0:
            break
    return columns


def _text(token: Token) -> str:
    return token.text.decode("utf-8", "replace")


def _same(asked: str, name: str) -> bool:
    # Names that are not quoted are written in lower case by the database.
    return name in (asked, asked.lower())


def _parts(name: str) -> list[str]:
    """The parts of a name between its dots; none for what is no name."""
    if _NAME.fullmatch(name) is None:
        return []
    return [quoted.replace('""', '"') or plain for quoted, plain in _PART.findall(name)]
