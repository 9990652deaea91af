"""The rows of INSERT: at once as pg_dump writes them, by their tokens in any other form."""

import re
from collections.abc import Sequence
from enum import Enum

from bot.importers.sql_dump.copy_rows import (
    NO_HASH,
    NO_PAGE,
    TOO_FEW,
    TOO_LONG,
    TOO_MANY,
    Layout,
    UnusableError,
    check_page,
    number_of,
)
from bot.importers.sql_dump.escapes import to_copy
from bot.importers.sql_dump.lexer import Lexer, Token
from bot.importers.sql_dump.tape import Tape

NO_CONSTANT = "a value that is no constant"

# What a row takes usually is in sight; where it is not, its tokens are read.
_MARGIN = 64 * 1024
_MAX_VALUE_TOKENS = 8
_BEGINNING = 400


class After(Enum):
    """What comes behind a row."""

    ROW = 1
    STATEMENT = 2
    CUT_OFF = 3


class InsertRows:
    """Reads the rows of INSERT statements that have the same columns.

    ``head`` is how such a statement begins, up to VALUES; the next one that begins so is read on.
    """

    def __init__(self, tape: Tape, lexer: Lexer, layout: Layout, head: bytes | None) -> None:
        self._tape = tape
        self._lexer = lexer
        self._layout = layout
        self._head = head
        self._row = re.compile(_row_pattern(layout, head))

    def serves(self, layout: Layout, head: bytes | None) -> bool:
        """Whether it reads such statements."""
        return self._layout == layout and self._head == head

    def run(self, rows: list[bytes], enough: int) -> tuple[After, int]:
        """Read rows that are plain, until about ``enough`` bytes of them are there, or one is not.

        They are added to ``rows`` as lines for COPY, and the tape is left behind the last.  Gives
        what follows, and how many bytes were added.
        """
        tape, match_row = self._tape, self._row.match
        hash_first = self._layout.hash_at < self._layout.page_at
        have = 0
        while have < enough:
            tape.fill(_MARGIN)
            data, at = tape.data, tape.at
            # A row that ends beyond the margin may lack its end.
            until = len(data) if tape.ended else len(data) - _MARGIN
            over = False
            while at <= until and have < enough and (match := match_row(data, at)):
                dhash, page = match.group(1, 2) if hash_first else match.group(2, 1)
                if not (
                    (len(dhash) < 19 or _is_hash(dhash)) and (page.isascii() or _is_utf8(page))
                ):
                    break
                row = b"%b\t%b\n" % (dhash, page.replace(b"''", b"'") if b"'" in page else page)
                rows.append(row)
                have += len(row)
                at = match.end()
                if match.lastindex == 3:
                    over = True
                    break
            stuck = at == tape.at
            tape.at = at
            if over:
                return After.STATEMENT, have
            if stuck or at <= until:
                break
        return After.ROW, have

    def one(self, rows: list[bytes]) -> tuple[After, bytes, str | None]:
        """Read one row by its tokens: what follows, how it begins, and what is wrong with it.

        A row that is right is added to ``rows``.  When it is cut off, nothing is.
        """
        tape = self._tape
        tape.fill(_BEGINNING)
        beginning, start = tape.data[tape.at : tape.at + _BEGINNING], tape.place()[0]
        values, count = self._values()
        beginning = beginning[: tape.place()[0] - start]
        after = After.CUT_OFF if values is None else self._after()
        if values is None or after is After.CUT_OFF:
            return After.CUT_OFF, beginning, None
        try:
            rows.append(self._row_of(values, count))
        except UnusableError as error:
            return after, beginning, str(error)
        return after, beginning, None

    def _values(self) -> tuple[dict[int, list[Token]] | None, int]:
        """The tokens of hash and page, and how many values there are; ``None`` if it is cut off."""
        wanted: dict[int, list[Token]] = {self._layout.hash_at: [], self._layout.page_at: []}
        at = depth = 0
        while (token := self._lexer.token()).kind != "end":
            if token.is_symbol(b"(", b"["):
                depth += 1
                if depth == 1:
                    continue
            elif token.is_symbol(b")", b"]"):
                depth -= 1
                if depth <= 0:
                    return wanted, at + 1
            elif depth == 1 and token.is_symbol(b","):
                at += 1
                continue
            if at in wanted and len(wanted[at]) < _MAX_VALUE_TOKENS:
                wanted[at].append(token)
        return None, 0

    def _after(self) -> After:
        token = self._lexer.token()
        if token.is_symbol(b","):
            return After.ROW
        if token.kind == "end":
            return After.CUT_OFF
        if token.is_symbol(b";"):
            return After.STATEMENT
        # ON CONFLICT, or RETURNING.
        return After.STATEMENT if self._lexer.skip_statement() else After.CUT_OFF

    def _row_of(self, values: dict[int, list[Token]], count: int) -> bytes:
        if count != self._layout.width:
            raise UnusableError(TOO_FEW if count < self._layout.width else TOO_MANY)
        dhash = _constant(values[self._layout.hash_at])
        if not dhash:
            raise UnusableError(NO_HASH)
        number = number_of(dhash)
        page = _constant(values[self._layout.page_at])
        if page is None:
            raise UnusableError(NO_PAGE)
        check_page(page)
        return b"%b\t%b\n" % (number, to_copy(page))


def _is_hash(digits: bytes) -> bool:
    return -(1 << 63) <= int(digits) < 1 << 63


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _constant(tokens: Sequence[Token]) -> bytes | None:
    """The value of a constant, and ``None`` for NULL.  Raises :class:`UnusableError`."""
    if any(token.kind == "other" for token in tokens):
        raise UnusableError(TOO_LONG)
    sign = b""
    if tokens and tokens[0].is_symbol(b"-", b"+"):
        sign, tokens = tokens[0].text, tokens[1:]
    # A cast: '…'::text
    if len(tokens) > 3 and tokens[1].is_symbol(b":") and tokens[2].is_symbol(b":"):
        tokens = tokens[:1] if all(token.kind == "word" for token in tokens[3:]) else ()
    if len(tokens) == 1:
        if tokens[0].kind == "number" or (tokens[0].kind == "string" and not sign):
            return sign + tokens[0].text
        if tokens[0].is_word(b"null") and not sign:
            return None
    raise UnusableError(NO_CONSTANT)


def _row_pattern(layout: Layout, head: bytes | None) -> bytes:
    """A row as pg_dump writes it, and what follows it.

    The first two groups are the hash and the page, in the order of the columns; the third is there
    when the statement ends and the next does not begin with ``head``.  A page here is not empty and
    holds no character that needs an escape.  How often quotes are doubled in a value is bounded
    because the engine remembers each; nothing is matched in two ways, so what fails fails in the
    time that it takes to read it.
    """
    values = [rb"(?:[-+.\w]++|'[^'\\]*+(?:''[^'\\]*+){0,100}')"] * layout.width
    values[layout.hash_at] = rb"(-?[0-9]{1,19})"
    values[layout.page_at] = rb"'([^'\\\x00-\x1f]++(?:''[^'\\\x00-\x1f]*+){0,100})'"
    next_head = rb"(?!)" if head is None else rb"\s*+" + re.escape(head) + rb"\s*+"
    return (
        rb"\("
        + rb",\s*+".join(values)
        + rb"\)(?:\s*+,\s*+|(?: ON CONFLICT DO NOTHING)?;(?:"
        + next_head
        + rb"|()))"
    )
