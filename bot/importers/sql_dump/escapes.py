"""Escapes: of COPY's text format, and of strings in SQL.

https://www.postgresql.org/docs/current/sql-copy.html and …/sql-syntax-lexical.html say what they
mean.
"""

import re
import sys

# One backslash and what it speaks of, read from the left: an escaped backslash is one of these.
_IN_COPY = re.compile(rb"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|([\x00-\xff]))")
_IN_STRING = re.compile(
    rb"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([\x00-\xff]))"
    rb"|''"
)
_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_COPY_LETTERS = {**_LETTERS, b"v": b"\v"}
_TO_COPY = re.compile(rb"[\\\t\n\r]")
_SPELLED = {b"\\": b"\\\\", b"\t": b"\\t", b"\n": b"\\n", b"\r": b"\\r"}


def from_copy(field: bytes) -> bytes:
    """The value of a field of COPY's text format."""
    return _IN_COPY.sub(_copy_escape, field) if b"\\" in field else field


def to_copy(value: bytes) -> bytes:
    """A value as a field of COPY's text format."""
    return _TO_COPY.sub(lambda match: _SPELLED[match[0]], value)


def from_string(content: bytes) -> bytes:
    """The value of a string whose backslashes escape, given what stands between its quotes.

    Raises :class:`ValueError` for a character that there is not.
    """
    return _IN_STRING.sub(_string_escape, content)


def _copy_escape(match: re.Match[bytes]) -> bytes:
    hexadecimal, octal, other = match.groups()
    if hexadecimal:
        return bytes((int(hexadecimal, 16),))
    if octal:
        return bytes((int(octal, 8) & 0xFF,))
    return _COPY_LETTERS.get(other, other)


def _string_escape(match: re.Match[bytes]) -> bytes:
    hexadecimal, octal, short, long, other = match.groups()
    if hexadecimal:
        return bytes((int(hexadecimal, 16),))
    if octal:
        return bytes((int(octal, 8) & 0xFF,))
    if short or long:
        number = int(short or long, 16)
        if number > sys.maxunicode:
            raise ValueError("there is no such character")
        # A surrogate is no character; the check of the whole value finds it.
        return chr(number).encode("utf-8", "surrogatepass")
    return _LETTERS.get(other, other) if other else b"'"
