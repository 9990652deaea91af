from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.importers.sql_dump.escapes import from_copy, from_string, to_copy
from bot.importers.sql_dump.tape import MAX_LENGTH
from tests.unit.importers.sql_dump.dumps import (
    Row,
    bad_of,
    dump,
    read,
    read_until_error,
    reasons_of,
    rows_of,
    some_rows,
)

ROWS = some_rows(100)
INTO = b"INSERT INTO public.hashes VALUES "


def write(path: Path, *statements: bytes) -> Path:
    file = path / "dump.sql"
    file.write_bytes(dump(*statements))
    return file


def values(rows: list[Row], form: str = "({n}, {h}, '{t}')") -> list[bytes]:
    return [
        form.format(n=number, h=dhash, t=title.replace("'", "''")).encode()
        for number, (dhash, title) in enumerate(rows)
    ]


def singles(rows: list[Row], into: bytes = INTO, form: str = "({n}, {h}, '{t}')") -> bytes:
    return b"".join(into + row + b";\n" for row in values(rows, form))


@pytest.mark.parametrize("size", [1, 300, 4 * 1024 * 1024])
@pytest.mark.parametrize("end", [b"", b" ON CONFLICT DO NOTHING"])
def test_one_statement_for_each_row_or_one_for_many(tmp_path: Path, size: int, end: bytes) -> None:
    rows = [*ROWS, (1, "O'Brien"), (2, "''"), (3, "a;b(--c/*"), (4, "x, y), (5, 6, z")]
    many = INTO + b"\n\t" + b",\n\t".join(values(rows)) + end + b";\n"
    for data in (singles(rows).replace(b";\n", end + b";\n"), many):
        chunks = read(write(tmp_path, data), chunk_bytes=size)
        assert rows_of(chunks) == rows
        assert not bad_of(chunks)
        assert sum(chunk.row_count for chunk in chunks) == len(rows)
        assert all(len(chunk.rows) < size + 300 for chunk in chunks)


@pytest.mark.parametrize(
    ("into", "form"),
    [
        (b"INSERT INTO public.hashes (id, hash, url) VALUES ", "({n}, {h}, '{t}')"),
        (b"INSERT INTO hashes (url, id, hash) VALUES ", "('{t}', {n}, {h})"),
        (b'INSERT INTO "public"."hashes" ("hash", "url") VALUES ', "({h}, '{t}')"),
        (b"insert  into\nhashes(url,hash)values", "('{t}',{h})"),
        (b"INSERT INTO hashes (url, hash) OVERRIDING SYSTEM VALUE VALUES ", "(E'{t}', '{h}')"),
        (b"INSERT INTO /* a /* b */ */ hashes -- c\n VALUES ", "(NULL, {h}, '{t}'::text)"),
        (INTO, "(now() + ARRAY[1, (2)], {h}, $q${t}$q$)"),
        (INTO, "('it''s, (x', {h}::bigint, '{t}')"),
        (INTO, "( DEFAULT , {h} , '{t}' )"),
    ],
)
def test_columns_and_ways_of_writing(tmp_path: Path, into: bytes, form: str) -> None:
    chunks = read(write(tmp_path, singles(ROWS, into, form)), chunk_bytes=500)
    assert rows_of(chunks) == ROWS
    assert not bad_of(chunks)


def test_without_columns_the_order_is_that_of_create_table(tmp_path: Path) -> None:
    create = b"CREATE TABLE public.hashes (\n    url text,\n    hash bigint\n);\n"
    other = b"CREATE TABLE other.hashes (\n    hash bigint,\n    a int,\n    url text\n);\n"
    file = write(tmp_path, create, other, singles(ROWS, form="('{t}', {h})"))
    assert rows_of(read(file)) == ROWS
    elsewhere = b"INSERT INTO other.hashes VALUES "
    file = write(tmp_path, create, other, singles(ROWS, elsewhere, "({h}, {n}, '{t}')"))
    assert rows_of(read(file)) == ROWS


STRINGS = {
    b"'a\\b'": "a\\b",
    b"'a\tb\nc\rd'": "a\tb\nc\rd",
    b"E'a\\\\b\\tc\\n\\'d''e'": "a\\b\tc\n'd'e",
    b"e'\\x41\\102\\u00e9\\U0001F600\\q'": "ABé\U0001f600q",
    b"$$a'b\\c$$": "a'b\\c",
    b"$tag$a$$b$tag$": "a$$b",
    b"'\\'": "\\",
    b"'" + b"''" * 500 + b"'": "'" * 500,
    b"'\\N'": "\\N",
    b"'\xc3\x96\xc2\x85'": "Ö\x85",
}


@pytest.mark.parametrize("text", STRINGS, ids=repr)
def test_strings(tmp_path: Path, text: bytes) -> None:
    row = b"(1, 2, " + text + b")"
    file = write(tmp_path, INTO + row + b", (1, 3, 'A'), " + row + b";")
    assert rows_of(read(file)) == [(2, STRINGS[text]), (3, "A"), (2, STRINGS[text])]


def test_strings_whose_backslashes_escape(tmp_path: Path) -> None:
    off, on = (b"SET standard_conforming_strings = %b;\n" % one for one in (b"off", b"on"))
    skipped = b"SELECT 'INSERT INTO hashes VALUES (1, 1, \\'A\\');';\n"
    escaped = INTO + b"(1, 2, 'a\\\\b\\'), (3, 4, ''c');\n"
    plain = INTO + b"(1, 2, 'a\\\\b\\'), (3, 4, 'c');\n"
    file = write(tmp_path, plain, off, escaped, skipped, on, plain)
    rows = [(2, "a\\\\b\\"), (4, "c")]
    assert rows_of(read(file)) == [*rows, (2, "a\\b'), (3, 4, 'c"), *rows]


BAD = {
    b"(1, 2)": "too few columns",
    b"()": "too few columns",
    b"(1, 2, 'A', 'B')": "too many columns",
    b"(1, NULL, 'A')": "no hash",
    b"(1, '', 'A')": "no hash",
    b"(1, 2, NULL)": "no page",
    b"(1, 2, '')": "no page",
    b"(1, 'x', 'A')": "hash is no number",
    b"(1, 1_0, 'A')": "hash is no number",
    b"(1, 1.5, 'A')": "hash is no number",
    b"(1, 1e5, 'A')": "hash is no number",
    b"(1, 9223372036854775808, 'A')": "hash out of range",
    b"(1, -9223372036854775809, 'A')": "hash out of range",
    b"(1, 2, 'A\xff')": "not UTF-8",
    b"(1, 2, E'\\xff')": "not UTF-8",
    b"(1, 2, 'A\0B')": "holds a NUL",
    b"(1, 2, lower('A'))": "a value that is no constant",
    b"(1, DEFAULT, 'A')": "a value that is no constant",
    b"(1, 2, 'A' || 'B')": "a value that is no constant",
    b"(1, 2, U&'\\00e9')": "a value that is no constant",
    b"(1, 2, E'\\U00110000')": "a value that is no constant",
    b"(1, 2, '" + b"x" * MAX_LENGTH + b"')": "line too long",
}


@pytest.mark.parametrize("size", [1, 4 * 1024 * 1024])
def test_each_bad_row_is_told_and_no_other_is_lost(tmp_path: Path, size: int) -> None:
    lines: list[bytes] = []
    for number, row in enumerate(BAD):
        lines += [row, b"(1, %d, 'Good_%d')" % (number, number)]
    for data in (
        INTO + b"\n" + b",\n".join(lines) + b";",
        b"\n" + b"".join(INTO + line + b";\n" for line in lines),
    ):
        chunks = read(write(tmp_path, data), chunk_bytes=size)
        assert rows_of(chunks) == [(number, f"Good_{number}") for number in range(len(BAD))]
        first = 9
        assert reasons_of(chunks) == dict(
            zip(range(first, first + 2 * len(BAD), 2), BAD.values(), strict=True)
        )
        assert all(len(bad.text) <= 80 for bad in bad_of(chunks))


def test_bounds_of_a_hash(tmp_path: Path) -> None:
    rows = [(-(2**63), "A"), (2**63 - 1, "B"), (0, "C")]
    assert rows_of(read(write(tmp_path, singles(rows)))) == rows


def test_other_tables_and_errors_come_where_they_are(tmp_path: Path) -> None:
    other = b"INSERT INTO public.other VALUES (1, 2, 'INSERT INTO hashes VALUES (1, 2, ''x'');');\n"
    file = write(tmp_path, other, singles(ROWS[:50]), other * 3, singles(ROWS[50:]))
    assert rows_of(read(file)) == ROWS
    odd = b"INSERT INTO hashes SELECT 1, 2, 'B';"
    chunks, sentence = read_until_error(write(tmp_path, other, singles(ROWS), odd))
    assert rows_of(chunks) == ROWS
    assert "a form of INSERT" in sentence
    assert "at line 111" in sentence


@pytest.mark.parametrize("row", [b"(1, 2, 'abc')", b"(1, 2, E'abc')"])
def test_a_file_that_is_cut_off_gives_its_whole_rows(tmp_path: Path, row: bytes) -> None:
    data = dump(INTO + b"(1, 2, 'A'),\n" + row)
    file = tmp_path / "dump.sql"
    begins = data.index(b",\n" + row) + 2
    for length in range(begins, begins + len(row) + 1):
        file.write_bytes(data[:length])
        chunks, sentence = read_until_error(file)
        assert rows_of(chunks) == [(2, "A")]
        assert "in the middle of table hashes, at line 9" in sentence
    file.write_bytes(data[: begins + len(row)] + b";")
    chunks, sentence = read_until_error(file)
    assert rows_of(chunks) == [(2, "A"), (2, "abc")]
    assert "the last line of a dump" in sentence


def test_values_that_have_no_end_are_an_error(tmp_path: Path) -> None:
    chunks, sentence = read_until_error(write(tmp_path, INTO + b"(1, 2, 'A'), 7;"))
    assert rows_of(chunks) == [(2, "A")]
    assert "a form of INSERT" in sentence


TITLES = st.text(
    st.sampled_from(["'", "\\", "\t", "\n", "\r", "A", "é", "$", ";", ")", ",", "-", "\u2028"]),
    min_size=1,
    max_size=12,
)


@given(
    rows=st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), TITLES), max_size=6),
    plain=st.booleans(),
    many=st.booleans(),
    size=st.sampled_from([1, 30, 5000]),
)
@settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_is_written_is_read(
    tmp_path: Path, rows: list[Row], plain: bool, many: bool, size: int
) -> None:
    written = [(h, t if plain else t.replace("\\", "\\\\")) for h, t in rows]
    data = b"SET standard_conforming_strings = %b;\n" % (b"on" if plain else b"off")
    if many and rows:
        data += INTO + b"\n\t" + b",\n\t".join(values(written)) + b";\n"
    else:
        data += singles(written) or b"INSERT INTO hashes (hash, url) VALUES (1);\n"
    chunks = read(write(tmp_path, data), chunk_bytes=size)
    assert rows_of(chunks) == rows
    assert len(bad_of(chunks)) == (not rows)


@given(st.binary(max_size=40))
def test_a_value_survives_copy(value: bytes) -> None:
    escaped = to_copy(value)
    assert not set(escaped) & {9, 10, 13}
    assert from_copy(escaped) == value


def test_a_character_that_there_is_not() -> None:
    assert from_string(b"\\u0041") == b"A"
    with pytest.raises(ValueError):
        from_string(b"\\Uffffffff")
