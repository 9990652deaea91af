import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import tarfile
import threading
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard

from bot.errors import ConfigurationError
from bot.importers.sql_dump import SqlDump
from bot.importers.sql_dump.files import BrokenFileError, DumpFile
from tests.unit.importers.sql_dump.dumps import (
    TAIL,
    block,
    dump,
    give_stdin,
    lines_of,
    read,
    read_until_error,
    rows_of,
    some_rows,
)

ROWS = some_rows(8_000)
WHOLE = dump(block(lines_of(ROWS)))

Pack = Callable[[bytes], bytes]
PACKS: dict[str, Pack] = {
    "gzip": gzip.compress,
    # Of bzip2's blocks only whole ones are given; the smallest have 100 KB.
    "bzip2": lambda data: bz2.compress(data, 1),
    "xz": lzma.compress,
    "Zstandard": zstandard.ZstdCompressor(write_checksum=True).compress,
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    # Nothing in its name tells what it is.
    return tmp_path / "dump"


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS.keys())
def test_what_packed_it_is_recognised(file: Path, pack: Pack) -> None:
    file.write_bytes(pack(WHOLE))
    with SqlDump(str(file), chunk_bytes=100_000) as opened:
        assert opened.location == str(file)
        assert opened.total_bytes == file.stat().st_size
        done = []
        rows = []
        for chunk in opened.chunks(None):
            done.append(opened.done_bytes)
            rows += rows_of([chunk])
        assert rows == ROWS
        assert done == sorted(done)
        assert done[0] < file.stat().st_size
        assert opened.done_bytes == file.stat().st_size


def test_a_plain_file(file: Path) -> None:
    for mark in (b"", b"\xef\xbb\xbf"):
        file.write_bytes(mark + WHOLE)
        chunks = read(file, chunk_bytes=100_000)
        assert rows_of(chunks) == ROWS
        rest = read(file, chunks[2].position, chunk_bytes=100_000)
        assert rows_of(rest) == rows_of(chunks[3:])


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS.keys())
def test_a_file_of_several_parts(file: Path, pack: Pack) -> None:
    cuts = [0, 1, 70_000, 70_001, 200_000, len(WHOLE)]
    parts = [WHOLE[start:end] for start, end in pairwise(cuts)]
    file.write_bytes(b"".join(pack(part) for part in [b"", *parts, b""]))
    assert rows_of(read(file)) == ROWS


@pytest.mark.parametrize("name", ["gzip", "xz"])
def test_zero_bytes_may_fill_up_a_file(file: Path, name: str) -> None:
    packed = PACKS[name](WHOLE)
    file.write_bytes(packed + bytes(40_000))
    assert rows_of(read(file)) == ROWS
    file.write_bytes(packed + bytes(20_000) + packed[:-8])
    _, sentence = read_until_error(file)
    assert "no end" in sentence


def test_a_frame_that_is_skipped(file: Path) -> None:
    packed = PACKS["Zstandard"](WHOLE)
    file.write_bytes(b"\x51\x2a\x4d\x18\x03\x00\x00\x00abc" + packed)
    assert rows_of(read(file)) == ROWS


@pytest.mark.parametrize("name", PACKS)
def test_a_packed_file_that_is_cut_off(file: Path, name: str) -> None:
    packed = PACKS[name](WHOLE)
    for length in (len(packed) // 2, len(packed) - 1):
        file.write_bytes(packed[:length])
        chunks, sentence = read_until_error(file, chunk_bytes=100_000)
        rows = rows_of(chunks)
        assert rows == ROWS[: len(rows)]
        assert "is cut off at line" in sentence
        assert f"{name} data have no end" in sentence
        assert "goes on from there" in sentence
        # Once it is whole, the same goes on.
        file.write_bytes(packed)
        after = chunks[-1].position if chunks else None
        assert rows + rows_of(read(file, after)) == ROWS
    assert rows


@pytest.mark.parametrize("name", PACKS)
def test_all_that_was_there_is_given_before_it_is_cut_off(file: Path, name: str) -> None:
    packed = PACKS[name](WHOLE) + PACKS[name](b"x")[:-1]
    file.write_bytes(packed)
    opened = DumpFile(str(file))
    pieces: list[bytes] = []
    with pytest.raises(BrokenFileError) as raised:
        pieces.extend(iter(lambda: opened.read(1000), b""))
    opened.close()
    assert b"".join(pieces).rstrip(b"x") == WHOLE
    assert raised.value.cut_off


@pytest.mark.parametrize("name", PACKS)
def test_a_packed_file_that_is_damaged(file: Path, name: str) -> None:
    packed = bytearray(PACKS[name](WHOLE))
    packed[len(packed) // 2 : len(packed) // 2 + 200] = bytes(range(200))
    file.write_bytes(packed)
    chunks, sentence = read_until_error(file)
    # Some of what is damaged may come through before its checksum does.
    assert rows_of(chunks)[:2000] == ROWS[:2000]
    assert "can't be read beyond line" in sentence
    assert f"{name} can't unpack it" in sentence
    file.write_bytes(PACKS[name](WHOLE) + b"something else")
    chunks, sentence = read_until_error(file)
    assert rows_of(chunks) == ROWS
    assert "can't unpack it" in sentence


def test_what_unpacks_to_much_is_never_held(file: Path) -> None:
    big = 64 * 1024 * 1024
    for pack in PACKS.values():
        file.write_bytes(pack(b"SELECT 1;\n" + b" " * big))
        tracemalloc.start()
        _, sentence = read_until_error(file)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert "no rows" in sentence
        assert peak < big


def test_memory_stays_small(file: Path) -> None:
    with file.open("wb") as out:
        out.write(WHOLE[: WHOLE.index(b"COPY")])
        for _ in range(8):
            out.write(block(lines_of(ROWS * 5)))
        out.write(TAIL)
    tracemalloc.start()
    count = 0
    with SqlDump(str(file)) as opened:
        for chunk in opened.chunks(None):
            count += chunk.row_count
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 40 * len(ROWS)
    assert peak < 40 * 1024 * 1024


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_standard_input(monkeypatch: pytest.MonkeyPatch, pack: Pack) -> None:
    give_stdin(monkeypatch, pack(WHOLE))
    with SqlDump("-") as opened:
        assert (opened.location, opened.total_bytes) == ("-", None)
        assert rows_of(opened.chunks(None)) == ROWS
        assert opened.done_bytes == len(pack(WHOLE))
    assert not sys.stdin.buffer.closed


def test_standard_input_of_a_process(file: Path) -> None:
    file.write_bytes(gzip.compress(WHOLE))
    script = (
        "from bot.importers.sql_dump import SqlDump\n"
        "with SqlDump('-') as opened:\n"
        "    print(sum(chunk.row_count for chunk in opened.chunks(None)))\n"
    )
    with file.open("rb") as data:
        done = subprocess.run(
            [sys.executable, "-c", script], stdin=data, capture_output=True, check=True, text=True
        )
    assert done.stdout == f"{len(ROWS)}\n"


def test_a_pipe_has_no_size(file: Path) -> None:
    os.mkfifo(file)
    writer = threading.Thread(target=file.write_bytes, args=(WHOLE,))
    writer.start()
    with SqlDump(str(file)) as opened:
        assert opened.total_bytes is None
        assert rows_of(opened.chunks(None)) == ROWS
    writer.join()


def tar_of(name: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return out.getvalue()


REFUSED = {
    b"PGDMP\x01\x10": "pg_restore -f - {file} | whereis-bot import dump -",
    tar_of("toc.dat"): "pg_restore",
    b"": "is empty",
    b"\n \n": "is empty",
    "SET x = 1;".encode("utf-16"): "UTF-16",
    b"id,hash,url\n1,2,A\n": "no dump in SQL",
    b'{"hash": 1}': "no dump in SQL",
    b"\x89PNG\r\n\x1a\n": "no dump in SQL",
    b"PK\x03\x04": "no dump in SQL",
    b"selection of pictures": "no dump in SQL",
    tar_of("selected"): "no dump in SQL",
}


@pytest.mark.parametrize("data", REFUSED, ids=lambda data: repr(data[:20]))
def test_what_is_no_dump_is_refused_at_once(
    file: Path, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pack in (bytes, *PACKS.values()):
        file.write_bytes(pack(data))
        with pytest.raises(ConfigurationError) as raised, SqlDump(str(file)):
            pass
        assert REFUSED[data].format(file=file) in raised.value.sentence
        assert str(file) in raised.value.sentence
    give_stdin(monkeypatch, data)
    with pytest.raises(ConfigurationError) as raised, SqlDump("-"):
        pass
    assert REFUSED[data].format(file="FILE") in raised.value.sentence


def test_what_can_not_be_opened_is_refused_at_once(tmp_path: Path) -> None:
    for path, said in (
        (tmp_path / "none.sql", "can't be opened: No such file"),
        (tmp_path, "is a folder"),
        (Path("a\0b"), "can't be opened"),
    ):
        with pytest.raises(ConfigurationError, match=said), SqlDump(str(path)):
            pass
    (tmp_path / "toc.dat").write_bytes(b"PGDMP")
    with pytest.raises(ConfigurationError, match="pg_restore"), SqlDump(str(tmp_path)):
        pass
    broken = tmp_path / "broken.gz"
    broken.write_bytes(gzip.compress(b"SELECT 1;")[:8])
    with pytest.raises(ConfigurationError, match="gzip data have no end"), SqlDump(str(broken)):
        pass


@pytest.mark.parametrize(
    "start",
    [
        b"-- nothing but a comment",
        b"/* a */ SELECT 1;",
        b"\\restrict abc\nSELECT 1;",
        b"\r\n\r\n-- a\r\nset x = 1;",
        b"copy hashes from stdin;\n\\.\n",
        b"INSERT INTO hashes VALUES (1,2,'A');",
    ],
)
def test_how_a_dump_may_begin(file: Path, start: bytes) -> None:
    file.write_bytes(start)
    with SqlDump(str(file)) as opened:
        assert opened.total_bytes == len(start)
