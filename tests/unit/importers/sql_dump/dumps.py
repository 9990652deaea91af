"""Dumps that tests write, and what must come out of them."""

import sys
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.errors import RequestError
from bot.importers.model import Position
from bot.importers.sql_dump import BadLine, Chunk, SqlDump

HEAD = b"--\n-- PostgreSQL database dump\n--\n\n\\restrict Zm9v\n\nSET client_encoding = 'UTF8';\n"
TAIL = b"\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict Zm9v\n"
COLUMNS = "id, hash, url"

Row = tuple[int, str]


def block(lines: Iterable[bytes], columns: str = COLUMNS, table: str = "public.hashes") -> bytes:
    """A COPY block with some lines."""
    body = b"".join(line + b"\n" for line in lines)
    return f"COPY {table} ({columns}) FROM stdin;\n".encode() + body + b"\\.\n"


def dump(*statements: bytes) -> bytes:
    """A whole dump."""
    return HEAD + b"\n".join(statements) + TAIL


def lines_of(rows: Sequence[Row]) -> list[bytes]:
    """The lines of rows whose titles need no escape, with numbers before them."""
    return [f"{number}\t{dhash}\t{title}".encode() for number, (dhash, title) in enumerate(rows)]


def some_rows(count: int) -> list[Row]:
    """Rows with hashes all over the range, and titles of several lengths and alphabets."""
    titles = ("Steg_(Liechtenstein)", "Härryda_Municipality", "富士山", "A", "x" * 200)
    return [
        ((number * 0x9E3779B97F4A7C15 + 2**63) % 2**64 - 2**63, f"{titles[number % 5]}_{number}")
        for number in range(count)
    ]


def read(path: Path, after: Position | None = None, **options: Any) -> list[Chunk]:
    """The chunks of a file."""
    with SqlDump(str(path), **options) as opened:
        return list(opened.chunks(after))


def read_until_error(
    path: Path, after: Position | None = None, **options: Any
) -> tuple[list[Chunk], str]:
    """The chunks of a file that can't be read to its end, and what is said of it."""
    chunks: list[Chunk] = []
    with SqlDump(str(path), **options) as opened, pytest.raises(RequestError) as raised:
        # What came before the error stays in the list.
        chunks.extend(opened.chunks(after))
    return chunks, raised.value.sentence


def joined(chunks: Iterable[Chunk]) -> bytes:
    """The rows of some chunks as they are."""
    return b"".join(chunk.rows for chunk in chunks)


def rows_of(chunks: Iterable[Chunk]) -> list[Row]:
    """The rows of some chunks, after each line was looked at."""
    return [row for chunk in chunks for row in parsed(chunk.checked()[0])]


def bad_of(chunks: Iterable[Chunk]) -> list[BadLine]:
    """The bad lines of some chunks, after each line was looked at."""
    return [line for chunk in chunks for line in chunk.checked()[1]]


def reasons_of(chunks: Iterable[Chunk]) -> dict[int, str]:
    """Why lines are bad, by their numbers."""
    return {line.number: line.reason for line in bad_of(chunks)}


def parsed(rows: bytes) -> list[Row]:
    """The rows of lines of two columns."""
    found = []
    for line in rows.split(b"\n")[:-1]:
        fields = split_line(line)
        assert fields is not None, line
        dhash, page = fields
        assert dhash is not None, line
        assert page is not None, line
        found.append((int(dhash), page.decode()))
    return found


def split_line(line: bytes) -> list[bytes | None] | None:
    """The fields of a line, one character after the other; ``None`` for a line with stray escapes.

    Written after https://www.postgresql.org/docs/current/sql-copy.html alone.
    """
    fields: list[bytes | None] = []
    field, raw, at = bytearray(), bytearray(), 0
    letters = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}

    def digits(start: int, alphabet: bytes, most: int) -> bytes:
        end = start
        while end < len(line) and end < start + most and line[end : end + 1] in _each_of(alphabet):
            end += 1
        return line[start:end]

    while at < len(line):
        one = line[at : at + 1]
        if one == b"\t":
            fields.append(None if raw == b"\\N" else bytes(field))
            field, raw, at = bytearray(), bytearray(), at + 1
            continue
        raw += one
        at += 1
        if one != b"\\":
            field += one
            continue
        two = line[at : at + 1]
        if two in (b"", b"\t", b"\r", b"."):
            return None
        hexadecimal = digits(at + 1, b"0123456789abcdefABCDEF", 2) if two == b"x" else b""
        octal = digits(at, b"01234567", 3)
        if hexadecimal:
            field.append(int(hexadecimal, 16))
            taken = 1 + len(hexadecimal)
        elif octal:
            field.append(int(octal, 8) & 255)
            taken = len(octal)
        else:
            field += letters.get(two, two)
            taken = 1
        raw += line[at : at + taken]
        at += taken
    fields.append(None if raw == b"\\N" else bytes(field))
    return fields


def _each_of(alphabet: bytes) -> set[bytes]:
    return {bytes((one,)) for one in alphabet}


def give_stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """Let standard input be these bytes."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(data)))
