from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.importers.sql_dump import SqlDump, reader
from bot.importers.sql_dump.copy_rows import Layout, may_be_long, needs_check
from bot.importers.sql_dump.tape import MAX_LENGTH
from tests.unit.importers.sql_dump.dumps import (
    bad_of,
    block,
    dump,
    joined,
    lines_of,
    parsed,
    read,
    read_until_error,
    reasons_of,
    rows_of,
    some_rows,
    split_line,
)

ROWS = some_rows(100)
SIZES = (1, 100, 1000, 4 * 1024 * 1024)


def write(path: Path, data: bytes) -> Path:
    file = path / "dump.sql"
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("size", SIZES)
def test_rows_come_in_their_order_whatever_the_size_of_chunks(tmp_path: Path, size: int) -> None:
    file = write(tmp_path, dump(block(lines_of(ROWS))))
    chunks = read(file, chunk_bytes=size)
    assert joined(chunks) == b"".join(b"%d\t%b\n" % (h, t.encode()) for h, t in ROWS)
    assert sum(chunk.row_count for chunk in chunks) == 100
    assert rows_of(chunks) == ROWS
    assert not bad_of(chunks)


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        ("hash, url", "{h}\t{t}"),
        ("url, hash", "{t}\t{h}"),
        ("id, hash, url", "1\t{h}\t{t}"),
        ("id, url, hash", "1\t{t}\t{h}"),
        ("hash, id, url", "{h}\t1\t{t}"),
        ("hash, url, id", "{h}\t{t}\t\\N"),
        ("hash, url, id, a, b", "{h}\t{t}\t1\t\t3"),
        ("a, b, c, hash, url", "\t\\N\tx\t{h}\t{t}"),
        ("a, url, b, hash, c", "1\t{t}\t2\t{h}\t3"),
        ('"id", "hash", "url"', "1\t{h}\t{t}"),
        ("hash, url, " + ", ".join(f"c{n}" for n in range(20)), "{h}\t{t}" + "\tx" * 20),
    ],
)
def test_columns_in_any_order(tmp_path: Path, columns: str, line: str) -> None:
    lines = [line.format(h=dhash, t=title).encode() for dhash, title in ROWS]
    chunks = read(write(tmp_path, dump(block(lines, columns))), chunk_bytes=500)
    assert parsed(joined(chunks)) == ROWS
    assert rows_of(chunks) == ROWS


def test_the_columns_may_have_other_names(tmp_path: Path) -> None:
    lines = [b"7\tA\t8", b"9\tB\t10"]
    file = write(tmp_path, dump(block(lines, '"Bits", page, n', "w.Pictures")))
    chunks = read(file, table="W.pictures", hash_column="Bits", page_column="Page")
    assert rows_of(chunks) == [(7, "A"), (9, "B")]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    file = write(tmp_path, dump(block([b"1\t2\t3"], "id, dhash, title")))
    _, sentence = read_until_error(file)
    assert "at line 8" in sentence
    assert "id, dhash, title" in sentence
    assert "--hash-column" in sentence


BAD = {
    b"": "too few columns",
    b"7": "too few columns",
    b"7\t8": "too few columns",
    b"7\t\\.": "a stray backslash",
    b"7\t8\tA\tB": "too many columns",
    b"7\t\t\t": "too many columns",
    b"7\t\tA": "no hash",
    b"7\t\\N\tA": "no hash",
    b"7\t8\t": "no page",
    b"7\t8\t\\N": "no page",
    b"7\tx\tA": "hash is no number",
    b"7\t1_000\tA": "hash is no number",
    b"7\t1.5\tA": "hash is no number",
    b"7\t0x10\tA": "hash is no number",
    b"7\t\xd9\xa1\tA": "hash is no number",
    b"7\t9223372036854775808\tA": "hash out of range",
    b"7\t-9223372036854775809\tA": "hash out of range",
    b"7\t" + b"9" * 10_000 + b"\tA": "hash out of range",
    b"7\t8\tA\xff": "not UTF-8",
    b"7\t8\t\\xff": "not UTF-8",
    b"7\t8\t\xc3\\xa9": "not UTF-8",
    b"7\t8\t\xed\xa0\x80": "not UTF-8",
    b"7\t8\tA\0B": "holds a NUL",
    b"7\t8\t\\0": "holds a NUL",
    b"7\t8\t\\x00": "holds a NUL",
    b"7\t8\tA\rB": "a stray carriage return",
    b"7\t8\tA\r\r": "a stray carriage return",
    b"7\t8\tA\\\rB": "a stray backslash",
    b"7\t8\tA\\": "a stray backslash",
    b"7\t8\\\tA": "a stray backslash",
    b"7\t8\tA\\.": "a stray backslash",
    b"7\t8\t\\.B": "a stray backslash",
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("crlf", [False, True])
def test_each_bad_line_is_told_and_no_row_is_lost(tmp_path: Path, size: int, crlf: bool) -> None:
    lines: list[bytes] = []
    for number, line in enumerate(BAD):
        lines += [line, b"1\t%d\tGood_%d" % (number, number)]
    data = dump(block(lines))
    if crlf:
        data = data.replace(b"\n", b"\r\n")
    chunks = read(write(tmp_path, data), chunk_bytes=size)
    assert rows_of(chunks) == [(number, f"Good_{number}") for number in range(len(BAD))]
    expected = dict(zip(range(9, 9 + 2 * len(BAD), 2), BAD.values(), strict=True))
    assert reasons_of(chunks) == expected


@pytest.mark.parametrize("line", BAD, ids=repr)
def test_a_chunk_is_refused_or_the_bad_line_is_found_at_once(tmp_path: Path, line: bytes) -> None:
    (chunk,) = read(write(tmp_path, dump(block([b"1\t2\tA", line, b"3\t4\tB"]))))
    good = b"2\tA\n4\tB\n"
    if chunk.bad:
        assert (chunk.rows, chunk.row_count) == (good, 2)
    else:
        assert len(chunk.rows.split(b"\n")) == 4
        assert not copy_may_take(chunk.rows.split(b"\n")[1])
    assert chunk.checked() == (good, tuple(bad_of([chunk])))
    assert [bad.reason for bad in bad_of([chunk])] == [BAD[line]]


def copy_may_take(line: bytes) -> bool:
    """Whether COPY takes a line for a hash and a page; a generous guess."""
    fields = split_line(line)
    if fields is None or len(fields) != 2 or not fields[0]:
        return fields is None
    dhash = fields[0].strip()
    try:
        number = int(dhash.decode("ascii", "surrogateescape").replace("_", "x"))
        page = fields[1] or b""
        page.decode()
        line.decode()
    except ValueError:
        return False
    return -(2**63) <= number < 2**63 and b"\0" not in page and len(dhash) < 4000


def test_hashes_as_bigint_takes_them(tmp_path: Path) -> None:
    spelled = {
        b"0007": 7,
        b"+7": 7,
        b" -7 ": -7,
        b"-0": 0,
        b"\\x37": 7,
        b"\\067": 7,
        b"9223372036854775807": 2**63 - 1,
        b"-9223372036854775808": -(2**63),
        b"0" * 5000 + b"1": 1,
    }
    chunks = read(write(tmp_path, dump(block([b"1\t%b\tA" % one for one in spelled]))))
    assert rows_of(chunks) == [(number, "A") for number in spelled.values()]
    assert not bad_of(chunks)


def test_titles_keep_what_is_escaped(tmp_path: Path) -> None:
    escaped = {
        rb"Tab\tLine\nReturn\rBack\\slash": "Tab\tLine\nReturn\rBack\\slash",
        rb"\x41\101\7\b\f\v\q": "AA\x07\b\f\vq",
        rb"\\N": "\\N",
        rb"\\.": "\\.",
        rb"A\\": "A\\",
        rb"A\\\\": "A\\\\",
        rb"\xc3\xa9": "é",
        "Öß\u2028\u0085\x1c\x0b".encode(): "Öß\u2028\u0085\x1c\x0b",
        b"'\"$$": "'\"$$",
    }
    chunks = read(write(tmp_path, dump(block([b"1\t2\t%b" % one for one in escaped]))))
    assert rows_of(chunks) == [(2, title) for title in escaped.values()]
    assert not bad_of(chunks)


def test_several_blocks_and_those_of_other_tables(tmp_path: Path) -> None:
    other = block([b"1\t2\t3", b"\\.x", b"COPY public.hashes (id, hash, url) FROM stdin;", b"'"])
    file = write(
        tmp_path,
        dump(
            other.replace(b"hashes (", b"other (", 1),
            block(lines_of(ROWS[:50])),
            block([], table="hashes"),
            other.replace(b"hashes (", b"more (", 1),
            block([b"bad"]),
            block([f"{t}\t{h}".encode() for h, t in ROWS[50:]], "url, hash"),
        ),
    )
    chunks = read(file, chunk_bytes=300)
    assert rows_of(chunks) == ROWS
    number = file.read_bytes().split(b"\n").index(b"bad") + 1
    assert reasons_of(chunks) == {number: "too few columns"}


def test_without_columns_the_order_is_that_of_create_table(tmp_path: Path) -> None:
    data = block(lines_of(ROWS)).replace(b" (id, hash, url)", b"")
    assert rows_of(read(write(tmp_path, dump(data)))) == ROWS
    create = (
        b"CREATE TABLE public.other (x bigint);\n"
        b"CREATE UNLOGGED TABLE IF NOT EXISTS public.hashes (\n  CONSTRAINT c CHECK (hash <> 0),\n"
        b"  note numeric(5,2) DEFAULT 1.0 /* , no */ NOT NULL,\n  hash bigint, -- , nor this\n"
        b"  \"url\" text DEFAULT 'a,b',\n  PRIMARY KEY (hash, url)\n) WITH (fillfactor=70);"
    )
    assert rows_of(read(write(tmp_path, dump(create, data)))) == ROWS
    swapped = create.replace(b"hash bigint", b"url text").replace(b'"url" text', b"hash bigint")
    chunks = read(write(tmp_path, dump(swapped, data)))
    assert set(reasons_of(chunks).values()) == {"hash is no number"}


def test_a_line_that_is_too_long(tmp_path: Path) -> None:
    long = b"1\t2\t" + b"x" * MAX_LENGTH
    lines = [b"1\t2\tA", long, b"1\t3\tB", long * 6, b"1\t4\tC"]
    for size in (1000, 4 * 1024 * 1024):
        chunks = read(write(tmp_path, dump(block(lines))), chunk_bytes=size)
        assert rows_of(chunks) == [(2, "A"), (3, "B"), (4, "C")]
        assert reasons_of(chunks) == {10: "line too long", 12: "line too long"}
        assert all(len(bad.text) <= 80 for bad in bad_of(chunks))
        assert all(len(chunk.rows) < 100 for chunk in chunks)


def test_a_chunk_never_has_too_many_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    most = 10_000
    monkeypatch.setattr(reader, "MAX_LINES", most)
    long = b"1\t2\t" + b"x" * 700_000
    lines = [long, *[b""] * (2 * most), long, b"1\t3\tB"]
    chunks = read(write(tmp_path, dump(block(lines))))
    assert [dhash for dhash, _ in rows_of(chunks)] == [2, 2, 3]
    assert len(bad_of(chunks)) == 2 * most
    assert all(len(chunk.bad) + chunk.row_count <= most for chunk in chunks)
    assert bad_of(chunks)[-1].number == 9 + 2 * most


def test_a_long_line_is_never_overlooked() -> None:
    for before in (0, 1, MAX_LENGTH // 2 - 1, MAX_LENGTH // 2, MAX_LENGTH // 2 + 1):
        assert may_be_long(b"x" * before + b"\n" + b"x" * (MAX_LENGTH + 1) + b"\n")
    assert not may_be_long((b"x" * 1000 + b"\n") * 4000)


@pytest.mark.parametrize("cut", [b"1\t2\tA\n1\t3\tB", b"1\t2\tA\n1\t3\tB\n"])
def test_a_file_that_is_cut_off_gives_its_whole_lines(tmp_path: Path, cut: bytes) -> None:
    data = dump(block([cut]))
    file = write(tmp_path, data[: data.index(cut) + len(cut)])
    chunks, sentence = read_until_error(file)
    whole = cut.count(b"\n")
    assert len(rows_of(chunks)) == whole
    assert f"in the middle of table hashes, at line {9 + whole}" in sentence
    assert "stays stored" in sentence


def test_the_last_line_needs_no_line_feed(tmp_path: Path) -> None:
    file = write(tmp_path, block([b"1\t2\tA"])[:-1])
    assert rows_of(read(file)) == [(2, "A")]
    file.write_bytes(block([b"1\t2\tA"])[:-2])
    chunks, _ = read_until_error(file)
    assert rows_of(chunks) == [(2, "A")]


def test_a_dump_without_its_last_line_is_cut_off(tmp_path: Path) -> None:
    data = dump(block([b"1\t2\tA"]))
    file = write(tmp_path, data[: data.index(b"-- PostgreSQL database dump complete")])
    chunks, sentence = read_until_error(file)
    assert rows_of(chunks) == [(2, "A")]
    assert "the last line of a dump" in sentence


def test_an_older_dump_ends_with_the_line_that_ends_it(tmp_path: Path) -> None:
    data = dump(block([b"1\t2\tA"])).replace(b"\n\\unrestrict Zm9v\n", b"")
    assert rows_of(read(write(tmp_path, data))) == [(2, "A")]


@pytest.mark.parametrize("how", [b" WITH (FORMAT csv)", b" BINARY", b" CSV"])
def test_a_form_of_copy_that_is_not_read_is_refused(tmp_path: Path, how: bytes) -> None:
    data = dump(block([b"1,2,A"])).replace(b"stdin;", b"stdin" + how + b";")
    _, sentence = read_until_error(write(tmp_path, data))
    assert "a form of COPY" in sentence


def test_one_line_stays_one_line() -> None:
    """Whatever is reduced: no line goes, none comes, and none becomes right."""
    parts = (b"", b"7", b"-8", b"A", b"\\N", b"\xff")
    lines = [
        b"\t".join(parts[(number // 6**place) % 6] for place in range(width))
        for width in range(1, 5)
        for number in range(6**width)
    ]
    data = b"".join(line + b"\n" for line in lines)
    for width in range(2, 5):
        for hash_at in range(width):
            for page_at in set(range(width)) - {hash_at}:
                layout = Layout(width, hash_at, page_at)
                reduced = layout.reducer()(data).split(b"\n")
                assert len(reduced) == len(lines) + 1
                for line, row in zip(lines, reduced, strict=False):
                    fields = line.split(b"\t")
                    if len(fields) == width:
                        assert row == fields[hash_at] + b"\t" + fields[page_at]
                    else:
                        assert not copy_may_take(row), (line, row)


# Few characters, so that they meet often.
FIELDS = st.lists(
    st.sampled_from(
        [b"\\", b"N", b".", b"1", b"-", b"x", b"4", b"\r", b"\0", b"\xc3\xa9", b"\xff"]
    ),
    max_size=5,
).map(b"".join)
LINES = st.lists(
    st.one_of(
        st.tuples(st.just(b"1"), st.just(b"22"), FIELDS).map(b"\t".join),
        st.lists(FIELDS, min_size=1, max_size=4).map(b"\t".join),
    ),
    max_size=8,
)
LAYOUTS = st.permutations(["id", "hash", "url"]).map(tuple) | st.sampled_from(
    [("hash", "url"), ("url", "hash")]
)


@given(lines=LINES, columns=LAYOUTS, size=st.sampled_from([1, 7, 40, 5000]))
@settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_it_agrees_with_reading_one_character_after_the_other(
    tmp_path: Path, lines: list[bytes], columns: tuple[str, ...], size: int
) -> None:
    lines = [line for line in lines if line.rstrip(b"\r") != b"\\."]
    chunks = read(write(tmp_path, dump(block(lines, ", ".join(columns)))), chunk_bytes=size)
    expected, bad = [], []
    for number, line in enumerate(lines, 9):
        # What stands before a line feed belongs to the end of the line.
        row = plain_row(line.removesuffix(b"\r"), columns)
        if row is None:
            bad.append(number)
        else:
            expected.append(row)
    assert rows_of(chunks) == expected
    assert [line.number for line in bad_of(chunks)] == bad
    # The fast path hides nothing: what COPY takes as it is is what looking at each line gives.
    for chunk in chunks:
        good, found = chunk.checked()
        if found and not chunk.bad:
            assert not all(map(copy_may_take, chunk.rows.split(b"\n")[:-1]))
        elif not chunk.bad:
            assert parsed(chunk.rows) == parsed(good)
        assert chunk.row_count == chunk.rows.count(b"\n")


def plain_row(line: bytes, columns: tuple[str, ...]) -> tuple[int, str] | None:
    fields = split_line(line)
    if fields is None or len(fields) != len(columns):
        return None
    raw = dict(zip(columns, line.split(b"\t"), strict=True))
    if b"\r" in raw["hash"] + raw["url"]:
        return None
    row = dict(zip(columns, fields, strict=True))
    dhash, page = row["hash"], row["url"]
    if dhash is None or not page or b"\0" in page:
        return None
    try:
        raw["url"].decode()
        return int(dhash), page.decode()
    except ValueError:
        return None


def test_a_check_is_asked_for_by_little() -> None:
    assert not needs_check(b"7\tA\\\\B\n", b"7\tA\\\\B\n")
    assert not needs_check(b"7\tA\\tB\n", b"7\tA\\tB\n")
    assert needs_check(b"7\tA\\.\n", b"7\tA\\.\n")


def test_a_dump_is_read_once(tmp_path: Path) -> None:
    with SqlDump(str(write(tmp_path, dump(block([b"1\t2\tA"]))))) as opened:
        assert len(list(opened.chunks(None))) == 1
        with pytest.raises(RuntimeError):
            next(opened.chunks(None))


def test_the_text_of_a_bad_line_is_printable(tmp_path: Path) -> None:
    chunks = read(write(tmp_path, dump(block([b"1\tx\t\x1b[31m\xff" + b"y" * 200]))))
    (bad,) = bad_of(chunks)
    assert bad.text.startswith("1\\tx\\t\\x1b[31m�yyy")
    assert bad.text.endswith("…")
    assert len(bad.text) == 80
