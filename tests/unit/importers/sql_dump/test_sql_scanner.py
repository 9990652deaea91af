"""Where statements begin and end, whatever stands in them, and in what time that is found out."""

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

import pytest

from bot.errors import ConfigurationError, RequestError
from bot.importers.sql_dump.lexer import Lexer
from bot.importers.sql_dump.place import Place
from bot.importers.sql_dump.reader import Reader
from bot.importers.sql_dump.statements import TableName, Wanted
from bot.importers.sql_dump.tape import MAX_LENGTH, Tape
from tests.unit.importers.sql_dump.dumps import (
    bad_of,
    block,
    dump,
    read,
    read_until_error,
    rows_of,
)

BLOCK = block([b"1\t2\tA"])
FALSE = block([b"1\t666\tFalse"]).decode()


class Drip:
    """Gives a few bytes at a time, and counts the times."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = data
        self._size = size
        self._at = 0

    def read(self, size: int) -> bytes:
        start, self._at = self._at, self._at + min(size, self._size)
        return self._data[start : self._at]


def reader(data: bytes, size: int, chunk_bytes: int = 4 * 1024 * 1024) -> Reader:
    wanted = Wanted.parse("hashes", "hash", "url")
    tape = Tape(Drip(data, size), size)
    return Reader(tape, wanted, Place(("hashes", "hash", "url")), "a.sql", chunk_bytes)


# Each stands between a block and another one, and holds something that looks like a third.
BETWEEN = {
    "a comment to the end of the line": "-- COPY hashes FROM stdin;\n",
    "a comment": f"/* {FALSE} */",
    "a comment in a comment": f"/* /* ' */ {FALSE} /**/ -- */\n",
    "a string": f"SELECT '{FALSE}';",
    "a string with quotes": f"SELECT 'it''s ''{FALSE}''';",
    "a string with a backslash": f"SELECT '\\', '{FALSE}\\';",
    "an E string": f"SELECT E'\\'{FALSE}\\\\', e'\\\\\\'{FALSE}''{FALSE}';",
    "a name before a string": f"SELECT type'\\' , '{FALSE}';",
    "a quoted name": f'COMMENT ON TABLE x IS NULL; ALTER TABLE "a""{FALSE}" OWNER TO me;',
    "dollars": f"DO $$ BEGIN {FALSE} END; $$;",
    "dollars with a name": f"DO $a_1$ $$ {FALSE} $a$ $b$ $a_1$;",
    "dollars in a name": "SELECT a$b$ FROM c$$d; SELECT 1;",
    "a parameter": "PREPARE p AS SELECT $1, $2;",
    "a function": f"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $_$\n{FALSE}\n$_$;",
    "a function with a body": (
        "CREATE OR REPLACE FUNCTION public.f(a int DEFAULT (1)) RETURNS int\n LANGUAGE sql\n"
        " BEGIN ATOMIC\n  INSERT INTO hashes VALUES (1, 666, 'False');\n"
        "  SELECT CASE WHEN a > 1 THEN 2 ELSE 3 END;\n"
        "  INSERT INTO hashes VALUES (1, 666, 'False');\nEND;"
    ),
    "a procedure with a body": (
        "CREATE PROCEDURE p() BEGIN ATOMIC INSERT INTO hashes VALUES (1, 666, 'False'); END;"
    ),
    "a rule": (
        "CREATE RULE r AS ON INSERT TO a DO INSTEAD (DELETE FROM b;\n"
        "INSERT INTO hashes VALUES (1, 666, 'False'););"
    ),
    "a command": "\\restrict abc'$$ /* \n",
    "an end without a block": "\\.\n",
    "empty statements": ";;; ;",
    "a transaction": "BEGIN; COMMIT;",
    "another table": FALSE.replace("hashes", "other"),
    "a table with a longer name": FALSE.replace("hashes", "hashes2"),
    "a table in capitals": FALSE.replace("public.hashes", '"Hashes"'),
    "another table of rows in CSV": FALSE.replace("hashes", "other").replace(
        "stdin", "stdin WITH (FORMAT csv)"
    ),
    "rows for a file": "COPY hashes TO '/tmp/x';COPY hashes (id, hash, url) TO stdout;",
    "a query": "COPY (SELECT * FROM hashes) TO stdout;",
    "insert into another": "INSERT INTO other VALUES (1, 666, 'False'), (1, 666, ');');",
    "a table without columns": "CREATE TABLE a (); CREATE TABLE b AS SELECT 1; CREATE TABLE;",
    "a partition": "CREATE TABLE p PARTITION OF hashes FOR VALUES FROM (1) TO (2);",
    "operators": "SELECT 1-1/2 - -3 * 4->>'a' <@ (5);",
    "odd signs": "SELECT $, \\, ), (], [;) {;",
    "settings": "SET a.b = 'c', d; SET SESSION x TO off; SET; SET LOCAL; RESET ALL;",
}


@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN.keys())
def test_only_what_is_a_statement_is_read(between: str) -> None:
    data = dump(BLOCK, between.encode(), BLOCK)
    for end in (b"\n", b"\r\n"):
        chunks = list(reader(data.replace(b"\n", end), len(data)).chunks())
        assert rows_of(chunks) == [(2, "A"), (2, "A")]
        assert not bad_of(chunks)
        assert chunks[1].position["line"] == data[: data.rindex(b"\\.\n")].count(b"\n") + 1


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_it_does_not_matter_where_a_block_of_the_file_ends(size: int) -> None:
    data = dump(BLOCK, *(between.encode() + b"\n" + BLOCK for between in BETWEEN.values()))
    whole, dripped = (list(reader(data, one).chunks()) for one in (len(data), size))
    assert [chunk.position for chunk in dripped] == [chunk.position for chunk in whole]
    assert rows_of(dripped) == rows_of(whole) == [(2, "A")] * (1 + len(BETWEEN))


UNENDED = {
    "a comment": "/* /* */",
    "a string": "SELECT 'a''",
    "an E string": "SELECT E'a\\'",
    "a quoted name": 'SELECT "a""',
    "dollars": "SELECT $a$ $b$",
    "a statement": "SELECT 1",
    "parentheses": "SELECT (1;",
    "a function": "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1;",
    "COPY": "COPY hashes FROM stdin",
    "COPY without a line": "COPY hashes FROM stdin;",
    "another table": "COPY other FROM stdin;\n1\n2\n",
    "INSERT": "INSERT INTO hashes",
    "INSERT of nothing": "INSERT INTO hashes VALUES",
    "INSERT of another": "INSERT INTO other VALUES (1, ';",
    "CREATE TABLE": "CREATE TABLE hashes (a int",
    "SET": "SET client_encoding = 'UTF8'",
}


@pytest.mark.parametrize("unended", UNENDED.values(), ids=UNENDED.keys())
@pytest.mark.parametrize("size", [1, 10_000])
def test_what_has_no_end_is_an_error_behind_the_rows(
    tmp_path: Path, unended: str, size: int
) -> None:
    file = tmp_path / "dump.sql"
    file.write_bytes(BLOCK + unended.encode())
    chunks, sentence = read_until_error(file, chunk_bytes=size)
    assert rows_of(chunks) == [(2, "A")]
    assert "ends in the middle of" in sentence
    assert "at line " in sentence


def test_settings_that_matter(tmp_path: Path) -> None:
    file = tmp_path / "dump.sql"
    file.write_bytes(dump(b"SET client_encoding = 'LATIN1';", BLOCK))
    chunks, sentence = read_until_error(file)
    assert not chunks
    assert "LATIN1, as its line 8 says" in sentence
    assert "--encoding=UTF8" in sentence
    for known in (b"'SQL_ASCII'", b"'UNICODE'", b"utf8"):
        file.write_bytes(dump(b"SET client_encoding TO %b;" % known, BLOCK))
        assert rows_of(read(file)) == [(2, "A")]


def test_a_schema_is_what_is_said_or_searched(tmp_path: Path) -> None:
    file = tmp_path / "dump.sql"
    one, two = (block([b"1\t%d\tA" % n], table=f"s{n}.hashes") for n in (1, 2))
    old = b"SET search_path = s3, pg_catalog;\n" + block([b"1\t3\tA"], table="hashes")
    file.write_bytes(dump(one, two, old))
    for number in (1, 2, 3):
        assert rows_of(read(file, table=f"s{number}.hashes")) == [(number, "A")]
    chunks, sentence = read_until_error(file)
    assert rows_of(chunks) == [(1, "A")]
    assert "s1.hashes and, from line 12 on, of s2.hashes" in sentence
    file.write_bytes(dump(block([b"1\t4\tA"], table='"my.db"."s.4"."H""x"')))
    assert rows_of(read(file, table='"s.4"."H""x"')) == [(4, "A")]


def test_names_of_tables() -> None:
    def asked(name: str) -> TableName:
        return Wanted.parse(name, "h", "p").table

    assert asked("hashes") == TableName(None, "hashes")
    assert asked("a.b") == TableName("a", "b")
    assert asked('"a.b"."c d"') == TableName("a.b", "c d")
    assert asked('"a""b"') == TableName(None, 'a"b')
    assert str(asked("a.b")) == "a.b"
    for wrong in ("", ".", "a.", ".a", "a.b.c", 'a"b', '"a'):
        with pytest.raises(ConfigurationError, match="no name of a table"):
            asked(wrong)
    with pytest.raises(ConfigurationError, match="both"):
        Wanted.parse("a", "b", "b")


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "dump.sql"
    tables = [block([b"1"], "a", f"public.t{number}") for number in range(7)]
    inserts = b"INSERT INTO u VALUES (1);\nINSERT INTO u VALUES (2);"
    file.write_bytes(dump(inserts, *tables))
    _, sentence = read_until_error(file)
    assert "u, public.t0, public.t1, public.t2, public.t3 and others" in sentence
    assert "--table" in sentence
    file.write_bytes(dump(b"CREATE TABLE public.hashes (id int, hash bigint, url text);"))
    _, sentence = read_until_error(file)
    assert "no rows at all" in sentence


def work_of(data: bytes, run: Callable[[bytes], None]) -> int:
    """How many functions are called, ours and the interpreter's."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        run(data)
    finally:
        sys.setprofile(None)
    return calls


def read_all(data: bytes) -> None:
    with suppress(RequestError):
        for _ in reader(data, 4096, 4096).chunks():
            pass


HOSTILE = {
    "open comments": b"/*",
    "comments": b"/**/",
    "lines of comments": b"--\n",
    "quotes": b"SELECT '" + b"''",
    "escaped quotes": b"E'\\'",
    "double quotes": b'"',
    "dollars": b"$a$b",
    "dollar signs": b"$",
    "one word": b"a",
    "digits": b"1",
    "spaces": b" ",
    "parentheses": b"((",
    "statements": b";",
    "commands": b"\\\n",
    "minus": b"-",
    "CREATE": b"CREATE TABLE hashes (a);",
    "schemas": b"CREATE TABLE a.hashes (a);",
    "CREATE FUNCTION": b"CREATE FUNCTION f() BEGIN ",
    "settings": b"SET search_path = a;",
    "short blocks": b"COPY hashes FROM stdin;\n\\.\n",
    "bad rows": b"INSERT INTO hashes VALUES (1);",
    "heads": b"INSERT INTO hashes ",
    "columns": b"INSERT INTO hashes (a,",
}
BEGUN = {
    "ends that are none": (b"COPY hashes FROM stdin;\n", b"\\.x\n"),
    "ends of others": (b"COPY other FROM stdin;\n", b"\\.x\n"),
    "empty lines": (b"COPY hashes FROM stdin;\n", b"\n"),
    "tabs": (b"COPY hashes FROM stdin;\n", b"\t"),
    "tabs behind": (b"COPY hashes (hash, url, a, b, c) FROM stdin;\n", b"\t"),
    "tabs around": (b"COPY hashes (a, url, b, hash, c) FROM stdin;\n", b"\t"),
    "backslashes": (b"COPY hashes FROM stdin;\n", b"\\"),
    "returns": (b"COPY hashes FROM stdin;\n1\t2\t", b"\r"),
    "zeros": (b"COPY hashes FROM stdin;\n1\t", b"0"),
    "a long line": (b"COPY other FROM stdin;\n", b"x"),
    "many rows": (b"INSERT INTO hashes VALUES ", b"(1, 2, 'A'), "),
    "many bad rows": (b"INSERT INTO hashes VALUES ", b"(1, 2, ''), "),
    "an open value": (b"INSERT INTO hashes VALUES ", b"(1, 2, "),
    "a long value": (b"INSERT INTO hashes VALUES (1, 2, '", b"x"),
    "quotes in a value": (b"INSERT INTO hashes VALUES (1, 2, '", b"''"),
    "spaces between": (b"INSERT INTO hashes VALUES (1, 2, 'A')", b" "),
    "many values": (b"INSERT INTO hashes VALUES (", b"1,"),
    "columns": (b"CREATE TABLE hashes (", b"a b,"),
}
ALL = {name: (part, part) for name, part in HOSTILE.items()} | BEGUN


@pytest.mark.parametrize("parts", ALL.values(), ids=ALL.keys())
def test_twice_as_much_is_twice_the_work(parts: tuple[bytes, bytes]) -> None:
    start, part = parts
    small, large = (
        work_of(start + part * (size // len(part)), read_all) for size in (5_000, 20_000)
    )
    assert large < 5 * small + 1000


# What is passed over by few calls, so that its length costs little.
AT_ONCE = {
    "quotes",
    "one word",
    "digits",
    "spaces",
    "lines of comments",
    "empty lines",
    "tabs",
    "tabs behind",
    "tabs around",
    "backslashes",
    "returns",
    "zeros",
    "a long line",
    "a long value",
    "quotes in a value",
    "spaces between",
    "many rows",
    "dollars",
}


@pytest.mark.parametrize("name", ALL)
def test_what_the_engine_does_is_bounded_too(name: str) -> None:
    """Work with the square of this length would take so long that nobody would see an end."""
    start, part = ALL[name]
    length = MAX_LENGTH * 3 // 2 if name in AT_ONCE else 50_000
    read_all(start + part * (length // len(part)) + b"\n")


def test_a_token_that_is_too_long_is_not_held() -> None:
    long = MAX_LENGTH * 3
    for start, end in ((b"'", b"'"), (b'"', b'"'), (b"$a$", b"$a$"), (b"", b" "), (b"E'", b"'")):
        tape = Tape(Drip(start + b"x" * long + end + b" word;", 1000), 1000)
        lexer = Lexer(tape)
        assert lexer.token().kind == "other"
        assert lexer.token().text == b"word"
        assert len(tape.data) < 5000
