"""Collections as files, and back; also files that others made."""

import base64
import csv
import gzip
import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import RequestError
from bot.ingest.exchange import FIELDS, MOST_BYTES, MOST_ROWS, ListFormat, body, head, read_list
from db.records import ExportRow, NewAppearance

NOW = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
LOOK = bytes(range(45))
ROW = ExportRow(7, 3, -5, 6, LOOK, "fern.png", "Barnsley_fern", None, NOW)

FORMATS: tuple[ListFormat, ...] = ("csv", "jsonl")
INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Lo")),
    min_size=1,
    max_size=20,
).map(lambda text: text.replace("_", "x"))
FORMULAS = st.builds(lambda marks, text: marks + text, st.text("'=+-@", max_size=4), TEXT)


def written(form: ListFormat, *rows: ExportRow) -> bytes:
    return head(form) + body(rows, form)


def of(row: ExportRow) -> NewAppearance:
    return NewAppearance(row.dhash, row.phash, row.file, row.title, row.url, row.look)


def reasons(data: str | bytes) -> list[tuple[int, str]]:
    found = read_list(data if isinstance(data, bytes) else data.encode())
    return [(line, reason) for line, reason in found.refused]


def test_the_columns_of_a_csv() -> None:
    (names, cells) = csv.reader(StringIO(written("csv", ROW).decode()))
    assert tuple(names) == FIELDS
    assert dict(zip(names, cells, strict=True)) == {
        "image_id": "7",
        "dhash": "-5",
        "dhash_hex": "0xfffffffffffffffb",
        "phash": "6",
        "phash_hex": "0x0000000000000006",
        "look": base64.b64encode(LOOK).decode(),
        "file": "fern.png",
        "title": "Barnsley_fern",
        "url": "",
        "added_at": "2026-05-01T12:30:00+00:00",
    }


def test_the_fields_of_json_lines() -> None:
    row = json.loads(written("jsonl", ROW))
    assert tuple(row) == FIELDS
    assert (row["dhash"], row["dhash_hex"], row["url"]) == (-5, "0xfffffffffffffffb", None)


@pytest.mark.parametrize("form", FORMATS)
@given(
    dhash=INT64,
    phash=st.none() | INT64,
    look=st.none() | st.binary(min_size=45, max_size=45),
    file=st.none() | FORMULAS,
    title=FORMULAS,
)
def test_what_was_written_is_read_as_it_was(
    form: ListFormat,
    dhash: int,
    phash: int | None,
    look: bytes | None,
    file: str | None,
    title: str,
) -> None:
    rows = [
        ExportRow(1, 1, dhash, phash, look, file, title, None, NOW),
        ExportRow(1, 2, dhash, phash, look, file, "B", "https://example.org/a,%22b?c=d", NOW),
    ]
    for data in (written(form, *rows), gzip.compress(written(form, *rows))):
        found = read_list(data)
        assert found.appearances == tuple(map(of, rows))
        assert found.refused == ()


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", "''@x"])
def test_no_cell_is_a_formula(title: str) -> None:
    row = replace(ROW, title=title, file=title, look=b"\xfb" * 45)
    assert base64.b64encode(b"\xfb" * 45).startswith(b"+")
    _, cells = csv.reader(StringIO(written("csv", row).decode()))
    texts = [cell for name, cell in zip(FIELDS, cells, strict=True) if name != "dhash"]
    assert not [cell for cell in texts if cell.startswith(("=", "+", "-", "@"))]


def test_an_apostrophe_of_ones_own_stays() -> None:
    found = read_list(b"title,dhash\n's-Hertogenbosch,1\n'=a,2\n=b,3\n")
    assert [each.title for each in found.appearances] == ["'s-Hertogenbosch", "=a", "=b"]


@pytest.mark.parametrize(
    "text",
    [
        "title,dhash\nA b,1\n",
        "\ufeffTitle , DHASH\r\nA b,1\r\n",
        "title;dhash;file\nA b;1;\n",
        'title,dhash_hex\n\n"A b",0x0000000000000001',
        '{"title": "A b", "dhash": 1}',
        '\n{"title": "A b", "dhash_hex": "0x0000000000000001", "phash": null}\n\n',
    ],
)
def test_files_that_others_made(text: str) -> None:
    found = read_list(text.encode())
    assert found.appearances == (NewAppearance(1, None, None, "A_b"),)
    assert found.refused == ()


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"title": ""}, "no title"),
        ({"title": "x" * 300}, "longer than"),
        ({"title": "a\u202eb\nc"}, "one line"),
        ({"dhash": ""}, "no dhash"),
        ({"dhash": "1.5"}, "dhash is no whole number"),
        ({"dhash": "-1.23457E+18"}, "dhash is no whole number"),
        ({"dhash": str(2**63)}, "dhash is no whole number"),
        ({"dhash": "\u0661"}, "dhash is no whole number"),
        ({"dhash_hex": "1"}, "dhash_hex is not 0x"),
        ({"dhash_hex": "0x0000000000000002"}, "spreadsheets round"),
        ({"phash": "x"}, "phash is no whole number"),
        ({"phash_hex": "0xg000000000000000"}, "phash_hex is not 0x"),
        ({"look": "%%"}, "no base64"),
        ({"look": "AAAA"}, "look has 3 bytes"),
        ({"file": "a\x1bb"}, "one line of text"),
        ({"file": "x" * 1100}, "longer than"),
        ({"url": "javascript:alert(1)"}, "http"),
        ({"url": "https://a@b/"}, "user name"),
    ],
)
def test_rows_that_can_not_be_used(cells: dict[str, str], reason: str) -> None:
    good = {"title": "A", "dhash": "1"}
    names = sorted({*good, *cells})
    out = StringIO()
    table = csv.DictWriter(out, names)
    table.writeheader()
    table.writerows([good, {**good, **cells}, good])
    found = read_list(out.getvalue().encode())
    assert len(found.appearances) == 2
    ((line, told),) = found.refused
    assert reason in told
    assert line in (3, 4)  # a text of two lines ends on the second
    as_json: dict[str, object] = {**good, **cells, "dhash": 1}
    if "dhash" not in cells:
        ((line, told),) = reasons(f'{{"title": "B", "dhash": 1}}\n{json.dumps(as_json)}')
        assert (line, reason in told) == (2, True)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('{"title": NaN}', "no JSON"),
        ("[1]", "no JSON object"),
        ('{"title": "A", "dhash": 1, "size": 2}', "no field “size”"),
        ('{"title": 1, "dhash": 1}', "title is no text"),
        ('{"title": "A", "dhash": true}', "dhash is no whole number"),
        ('{"title": "A", "dhash": 1.0}', "dhash is no whole number"),
        ('{"title": "A", "dhash": ' + "9" * 5000 + "}", "no JSON"),
        ('{"title": "A", "dhash": 1, "look": ["A"]}', "look is no text"),
        ('{"title": "A", "dhash": 1, "file": "\\ud800"}', "no text"),
        ('{"title": "A\\u0000", "dhash": 1}', "one line"),
    ],
)
def test_lines_that_can_not_be_used(line: str, reason: str) -> None:
    ((number, told),) = reasons('{"title": "A", "dhash": 1}\n' + line)
    assert number == 2
    assert reason in told


def test_a_row_of_another_length() -> None:
    assert reasons("title,dhash\nA\nB,1,2\n") == [
        (2, "it has 1 cells, and there are 2 columns"),
        (3, "it has 3 cells, and there are 2 columns"),
    ]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b" \n \n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\xff", "no text in UTF-8"),
        (b"title,dhash\nA,1\n\xff,2\n", r"line 3"),
        (b"title,hash\nA,1\n", "names its columns"),
        (b"dhash\n1\n", "names its columns"),
        (b"title,dhash,title\nA,1,B\n", "names its columns"),
        (b'title,dhash\n"A,1\n', "no CSV"),
        (b'title,dhash\n"A"x,1\n', "line 2"),
        (b"title,dhash\n" + b"x" * 200_000 + b",1", "no CSV"),
        (b"title,dhash\n" + b"A,1\n" * (MOST_ROWS + 1), "more than 10,000 rows"),
        (b"x" * (MOST_BYTES + 1), "larger than 8 MB"),
        (gzip.compress(b"\0" * (MOST_BYTES + 1)), "larger than 8 MB"),
        (gzip.compress(b"title,dhash\nA,1\n")[:-9], "damaged"),
        (gzip.compress(b"title,dhash\nA,1\n") + b"more", "damaged"),
        (b"\x1f\x8b\x08\xff\xff\xff", "damaged"),
    ],
)
def test_what_is_no_such_file(data: bytes, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        read_list(data)


@settings(max_examples=40)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_anything_is_read_or_refused(data: bytes) -> None:
    for start in (b"", b"title,dhash\n", b"{", b'{"title": "'):
        with suppress(RequestError):
            found = read_list(start + data)
            assert len(found.appearances) + len(found.refused) <= len(data) + 2
