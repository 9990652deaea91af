import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.importers.sql_dump import Chunk, SqlDump
from tests.unit.importers.sql_dump.dumps import (
    bad_of,
    block,
    dump,
    give_stdin,
    lines_of,
    read,
    read_until_error,
    rows_of,
    some_rows,
)

ROWS = some_rows(60)
OTHER = b"COPY other (a) FROM stdin;\n\\\\.\n1\n\\.\nINSERT INTO other VALUES (1);\n"
INSERTS = b"".join(
    f"INSERT INTO public.hashes VALUES ('{t}', {h});\n".encode() for h, t in ROWS[:20]
)
MANY = b"INSERT INTO hashes (hash, url) VALUES\n" + b",\n".join(
    f"({h}, E'{t}')".encode() for h, t in ROWS[20:40]
)
WHOLE = dump(
    b"SET standard_conforming_strings = off;\nSET search_path = public;",
    b"CREATE TABLE public.hashes (\n    url text,\n    hash bigint\n);",
    block([*lines_of(ROWS[:20]), b"bad", *lines_of(ROWS[20:])]),
    OTHER,
    INSERTS,
    b"SELECT 'it\\'s ';",
    MANY + b", (1, NULL), (2, 'a\\\\b');",
    block([f"{t}\t{h}".encode() for h, t in ROWS], "url, hash"),
    block([f"{t}\t{h}".encode() for h, t in ROWS]).replace(b" (id, hash, url)", b""),
    OTHER,
)


def write(path: Path, data: bytes = WHOLE) -> Path:
    file = path / "dump.sql"
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("size", [1, 150, 4000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_it_goes_on_behind_each_chunk(
    tmp_path: Path, thorough: bool, size: int, end: bytes
) -> None:
    file = write(tmp_path, WHOLE.replace(b"\n", end))
    chunks = read(file, chunk_bytes=size)
    assert len(rows_of(chunks)) == 60 + 20 + 21 + 60 + 60
    assert len(bad_of(chunks)) == 2
    step = 1 if thorough or size == 4000 else 5
    for number, chunk in [*enumerate(chunks, 1)][::step]:
        position = json.loads(json.dumps(chunk.position))
        rest = read(file, position, chunk_bytes=size)
        assert rows_of(rest) == rows_of(chunks[number:])
        assert bad_of(rest) == bad_of(chunks[number:])


@given(sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=12))
@settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_each_run_may_have_another_size_of_chunks(tmp_path: Path, sizes: list[int]) -> None:
    file = write(tmp_path)
    chunks: list[Chunk] = []
    for size in sizes:
        with SqlDump(str(file), chunk_bytes=size) as opened:
            chunks.extend(
                chunk
                for chunk, _ in zip(
                    opened.chunks(chunks[-1].position if chunks else None), range(2), strict=False
                )
            )
    chunks.extend(read(file, chunks[-1].position))
    expected = read(file)
    assert rows_of(chunks) == rows_of(expected)
    assert bad_of(chunks) == bad_of(expected)


def test_the_line_of_each_position(tmp_path: Path) -> None:
    for chunk in read(write(tmp_path), chunk_bytes=100):
        before = WHOLE[: chunk.position["offset"]]
        assert chunk.position["line"] == before.count(b"\n") + 1


def test_a_file_that_grew_goes_on(tmp_path: Path, thorough: bool) -> None:
    file = write(tmp_path)
    expected = read(file, chunk_bytes=500)
    for length in range(400, len(WHOLE) - 10, 97 if thorough else 293):
        file.write_bytes(WHOLE[:length])
        chunks, sentence = read_until_error(file, chunk_bytes=500)
        assert "stays stored" in sentence
        file.write_bytes(WHOLE)
        chunks += read(file, chunks[-1].position if chunks else None, chunk_bytes=500)
        assert rows_of(chunks) == rows_of(expected)
        assert bad_of(chunks) == bad_of(expected)


def test_another_file_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path)
    for chunk in read(file, chunk_bytes=1000):
        offset = chunk.position["offset"]
        for other in (
            WHOLE[:50].swapcase() + WHOLE[50:],
            WHOLE[: offset - 2] + b"x" + WHOLE[offset - 1 :],
            WHOLE[: offset - 1],
        ):
            file.write_bytes(other)
            chunks, sentence = read_until_error(file, chunk.position)
            assert not chunks
            assert "is not the file that the earlier run read" in sentence
            assert "--start-over" in sentence
        # What comes behind may be another.
        file.write_bytes(WHOLE[:offset])
        _, sentence = read_until_error(file, chunk.position)
        assert "is not the file" not in sentence


def test_another_question_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path)
    position = read(file)[0].position
    for asked in ({"table": "public.hashes"}, {"hash_column": "id"}, {"page_column": "id"}):
        chunks, sentence = read_until_error(file, position, **asked)
        assert not chunks
        assert "hashes (hash, url)" in sentence
        assert "--start-over" in sentence


@pytest.mark.parametrize(
    "position", [{}, {"version": 2}, {"version": 1}, {"version": 1, "asked": 7, "known": []}]
)
def test_a_position_of_something_else_is_refused(tmp_path: Path, position: Any) -> None:
    chunks, sentence = read_until_error(write(tmp_path), position)
    assert not chunks
    assert "--start-over" in sentence


def test_standard_input_goes_on_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    expected = read(write(tmp_path), chunk_bytes=300)
    for number in range(0, len(expected), 5):
        give_stdin(monkeypatch, WHOLE)
        position = expected[number].position
        chunks = read(Path("-"), position, chunk_bytes=300)
        assert rows_of(chunks) == rows_of(expected[number + 1 :])
