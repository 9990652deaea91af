"""The lines of a COPY block, reduced to two columns all at once, or looked at one by one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bot.importers.sql_dump.escapes import from_copy
from bot.importers.sql_dump.model import BadLine, Checked
from bot.importers.sql_dump.tape import MAX_LENGTH

TOO_FEW = "too few columns"
TOO_MANY = "too many columns"
NO_HASH = "no hash"
NO_NUMBER = "hash is no number"
OUT_OF_RANGE = "hash out of range"
NO_PAGE = "no page"
NOT_UTF8 = "not UTF-8"
HOLDS_NUL = "holds a NUL"
STRAY_RETURN = "a stray carriage return"
STRAY_BACKSLASH = "a stray backslash"
TOO_LONG = "line too long"

_NULL = b"\\N"
_SPACE = b" \t\n\v\f\r"
_NUMBER = re.compile(rb"([+-]?)([0-9]+)")
_SHORT_NUMBER = re.compile(rb"-?[0-9]{1,18}")
# A backslash that escapes the end of a field or of a line, or one as in \. , which ends the data.
# COPY takes some of these, each version others; pg_dump writes none.
_STRAY = re.compile(rb"(?<!\\)(?:\\\\)*+\\[\t\n\r.]")
_STRAY_ENDS = (b"\\\n", b"\\\t", b"\\\r", b"\\.")

_PIECE = 128 * 1024
# Columns at the end of a line are looked for at each of its tabs, so it takes the product of both.
_FEW = 8


class UnusableError(ValueError):
    """A value that can't be stored; the text is the reason."""


def number_of(value: bytes) -> bytes:
    """A hash as bigint's input takes it, in plain digits.  Raises :class:`UnusableError`."""
    if _SHORT_NUMBER.fullmatch(value):
        return value
    match = _NUMBER.fullmatch(value.strip(_SPACE))
    if match is None:
        raise UnusableError(NO_NUMBER)
    digits = match[2].lstrip(b"0") or b"0"
    # Python refuses to read numbers of thousands of digits.
    number = int(match[1] + digits) if len(digits) < 20 else 1 << 64
    if not -(1 << 63) <= number < 1 << 63:
        raise UnusableError(OUT_OF_RANGE)
    return b"%d" % number


def check_page(value: bytes) -> None:
    """Raise :class:`UnusableError` for a page that can't be stored."""
    if not value:
        raise UnusableError(NO_PAGE)
    if b"\0" in value:
        raise UnusableError(HOLDS_NUL)
    if not value.isascii():
        try:
            value.decode("utf-8")
        except UnicodeDecodeError:
            raise UnusableError(NOT_UTF8) from None


@dataclass(frozen=True, slots=True)
class Layout:
    """How many columns the lines have, and which of them are the hash and the page."""

    width: int
    hash_at: int
    page_at: int

    def reducer(self) -> Callable[[bytes], bytes]:
        """A function that reduces whole lines to their hash and page.

        Each line stays one line, and comes out as two columns that COPY may take only if it has
        exactly ``width``; any other comes out with one column, with more than two, or with an empty
        hash.
        """
        beyond = self.width - 2
        if (self.hash_at, self.page_at) == (0, 1) and not beyond:
            return _as_it_is
        if (self.hash_at, self.page_at) == (0, 1) and beyond <= _FEW:
            # Takes away as many columns as there may be, so of one too few it leaves one.
            last = re.compile(rb"(?:\t[^\t\n]*+){1,%d}\n" % beyond)
            return partial(_by_pieces, partial(last.sub, b"\n"))
        if (self.hash_at, self.page_at) == (beyond, beyond + 1):
            first = re.compile(rb"\n(?:[^\t\n]*+\t){1,%d}" % beyond)
            return _behind_line_feeds(first, b"\n")
        groups = [b"[^\\t\\n]*+"] * self.width
        groups[self.hash_at] = b"(?P<h>[^\\t\\n]*+)"
        groups[self.page_at] = b"(?P<p>[^\\t\\n]*+)"
        line = re.compile(rb"\n(?:" + b"\\t".join(groups) + rb"(?=\n)|[^\n]++|(?=\n))")
        return _behind_line_feeds(line, rb"\n\g<h>\t\g<p>")

    def check(self, lines: bytes, first: int) -> Checked:
        """Look at each of some whole lines, of which the first has the number ``first``."""
        rows: list[bytes] = []
        bad: list[BadLine] = []
        stray = any(end in lines for end in _STRAY_ENDS)
        for number, line in enumerate(lines.split(b"\n")[:-1], first):
            try:
                rows.append(self._row(line, stray=stray))
            except UnusableError as error:
                bad.append(BadLine.of(number, str(error), line))
        return b"".join(rows), tuple(bad)

    def _row(self, line: bytes, *, stray: bool) -> bytes:
        if len(line) > MAX_LENGTH:
            raise UnusableError(TOO_LONG)
        if stray and _STRAY.search(line + b"\n"):
            raise UnusableError(STRAY_BACKSLASH)
        fields = line.split(b"\t")
        if len(fields) != self.width:
            raise UnusableError(TOO_FEW if len(fields) < self.width else TOO_MANY)
        dhash, page = fields[self.hash_at], fields[self.page_at]
        if dhash == _NULL or not dhash:
            raise UnusableError(NO_HASH)
        if page == _NULL:
            raise UnusableError(NO_PAGE)
        if b"\r" in dhash or b"\r" in page:
            raise UnusableError(STRAY_RETURN)
        number = number_of(from_copy(dhash))
        check_page(page)
        if b"\\" in page:
            check_page(from_copy(page))
        return b"%b\t%b\n" % (number, page)


def needs_check(rows: bytes, lines: bytes) -> bool:
    """Whether reduced lines must be looked at one by one before COPY sees them.

    For COPY might take them, and store what is no hash or no page, or take two for one; what it is
    sure to refuse may stay.
    """
    if b"\r" in lines or b"\t\n" in rows:
        return True
    if b"\\" not in lines:
        return False
    return b"\\N" in rows or (
        any(end in lines for end in _STRAY_ENDS) and _STRAY.search(lines) is not None
    )


def may_be_long(lines: bytes) -> bool:
    """Whether some line may be longer than is allowed; false only if none is."""
    half = MAX_LENGTH // 2
    return any(
        lines.find(b"\n", start, start + half) < 0
        for start in range(0, len(lines) - half + 1, half)
    )


def _as_it_is(lines: bytes) -> bytes:
    return lines


def _behind_line_feeds(pattern: re.Pattern[bytes], by: bytes) -> Callable[[bytes], bytes]:
    # A line feed before each line is what the engine finds fastest.
    return partial(_by_pieces, lambda lines: pattern.sub(by, b"\n" + lines)[1:])


def _by_pieces(reduce: Callable[[bytes], bytes], lines: bytes) -> bytes:
    """Reduce so many lines at once as the processor's cache holds, with what the engine makes."""
    pieces: list[bytes] = []
    start = 0
    while start < len(lines):
        end = lines.rfind(b"\n", start, start + _PIECE) + 1
        if not end:
            end = lines.index(b"\n", start) + 1
        pieces.append(reduce(lines[start:end]))
        start = end
    return b"".join(pieces)
