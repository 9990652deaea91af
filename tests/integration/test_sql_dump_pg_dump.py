"""What pg_dump writes is read, and what is given to COPY is what the database makes of it."""

import asyncio
import bz2
import gzip
import lzma
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import ConfigurationError
from bot.importers.sql_dump import Chunk, SqlDump
from db.embedded import find_binaries

Row = tuple[int, str]

TITLES = [
    "Steg_(Liechtenstein)",
    "Härryda_Municipality",
    "富士山",
    "O'Brien_''quoted''",
    'The_"Quotes"',
    "Back\\slash\\\\es\\",
    "\\N",
    "\\.",
    "Tab\tNewline\nReturn\rCRLF\r\nEnd",
    "\\n_is_no_newline",
    "Control\x01\x02\b\f\v\x1c\x1d\x85\u2028",
    "); DROP TABLE hashes; --",
    "$$dollars$$ /* no comment",
    " ",
    "x" * 5000,
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "\\.\nCOPY public.hashes (id, hash, url) FROM stdin;\n1\t2\t3",
]
HASHES = [0, 1, -1, 2**63 - 1, -(2**63), 123456789, -987654321987654321]
ROWS = [(HASHES[number % 7], title) for number, title in enumerate(TITLES * 3)]

# What else a database has: it looks like rows of ours wherever it can.
OTHERS = """
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.other (a text, b bigint DEFAULT 1, "COPY hashes" text);
INSERT INTO elsewhere.other VALUES ('COPY public.hashes (id, hash, url) FROM stdin;', 1, E'\\\\.');
COMMENT ON TABLE elsewhere.other IS 'INSERT INTO public.hashes VALUES (1, 666, ''False'');';
CREATE FUNCTION elsewhere.old() RETURNS void LANGUAGE plpgsql AS $x$ BEGIN
COPY public.hashes (id, hash, url) FROM stdin;
INSERT INTO public.hashes VALUES (1, 666, 'False');
END $x$;
CREATE FUNCTION elsewhere.atomic(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC
INSERT INTO public.hashes VALUES (1, 666, 'False');
SELECT CASE WHEN a > 1 THEN 2 ELSE 3 END;
END;
CREATE RULE twice AS ON DELETE TO elsewhere.other
DO ALSO (INSERT INTO public.hashes VALUES (1, 666, 'False'); DELETE FROM public.hashes);
"""


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Any]:
    """A connection to a database with a table of hashes, and others."""
    opened = await asyncpg.connect(database_url)
    await opened.execute("CREATE TABLE public.hashes (id integer, hash bigint, url text)")
    await opened.executemany(
        "INSERT INTO public.hashes VALUES ($1, $2, $3)",
        [(number, *row) for number, row in enumerate(ROWS)],
    )
    await opened.execute(OTHERS)
    yield opened
    await opened.close()


async def pg_dump(url: str, file: Path, *arguments: str) -> Path:
    process = await asyncio.create_subprocess_exec(
        find_binaries() / "pg_dump",
        "-d",
        url,
        "-f",
        file,
        *arguments,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode("utf-8", "replace")
    return file


async def stored(connection: Any, chunks: list[Chunk]) -> list[Row]:
    """What the database makes of some chunks, of which it takes each as it is."""
    await connection.execute(
        "DROP TABLE IF EXISTS staged;"
        "CREATE TEMP TABLE staged (n serial, dhash bigint NOT NULL, title text NOT NULL)"
    )
    for chunk in chunks:
        await copy(connection, chunk.rows)
    return await taken(connection)


async def copy(connection: Any, rows: bytes) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield rows

    await connection.copy_to_table("staged", source=source(), columns=["dhash", "title"])


async def taken(connection: Any) -> list[Row]:
    found = await connection.fetch("SELECT dhash, title FROM staged ORDER BY n")
    return [tuple(row) for row in found]


def read(file: Path, **options: Any) -> list[Chunk]:
    with SqlDump(str(file), **options) as opened:
        return list(opened.chunks(None))


FORMS = {
    "COPY": [],
    "inserts": ["--inserts"],
    "column inserts": ["--column-inserts"],
    "several rows": ["--rows-per-insert=7"],
    "all rows": ["--rows-per-insert=100000"],
    "on conflict": ["--inserts", "--on-conflict-do-nothing"],
    "quoted": ["--quote-all-identifiers"],
    "quoted inserts": ["--quote-all-identifiers", "--column-inserts"],
    "data only": ["--data-only"],
    "inserts of data only": ["--data-only", "--inserts"],
    "clean": ["--clean", "--if-exists", "--create"],
    "one table": ["--table=hashes"],
    "without the rest": ["--no-owner", "--no-privileges", "--no-comments", "--verbose"],
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("size", [200, 4 * 1024 * 1024])
async def test_every_form_of_pg_dump(
    database_url: str, connection: Any, tmp_path: Path, form: list[str], size: int
) -> None:
    file = await pg_dump(database_url, tmp_path / "dump", *form)
    chunks = read(file, chunk_bytes=size)
    assert await stored(connection, chunks) == ROWS
    assert not any(chunk.bad or chunk.checked()[1] for chunk in chunks)
    assert b"".join(chunk.checked()[0] for chunk in chunks) == b"".join(
        chunk.rows for chunk in chunks
    )
    for number, chunk in enumerate(chunks, 1):
        with SqlDump(str(file), chunk_bytes=size) as opened:
            rest = list(opened.chunks(chunk.position))
        assert b"".join(one.rows for one in rest) == b"".join(one.rows for one in chunks[number:])


@pytest.mark.parametrize("form", [[], ["--inserts"], ["--rows-per-insert=5"]])
async def test_strings_whose_backslashes_escape(
    database_url: str, connection: Any, tmp_path: Path, form: list[str]
) -> None:
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET standard_conforming_strings = off")
    file = await pg_dump(database_url, tmp_path / "dump", *form)
    assert b"standard_conforming_strings = off" in file.read_bytes()
    assert await stored(connection, read(file)) == ROWS


@pytest.mark.parametrize("form", [[], ["--inserts"], ["--column-inserts"]])
async def test_another_order_other_names_and_null(
    database_url: str, connection: Any, tmp_path: Path, form: list[str]
) -> None:
    await connection.execute(
        'CREATE SCHEMA "Old.one"; CREATE TABLE "Old.one"."Pic""tures" ('
        'page text, id serial, "Bits" bigint, rest bigint GENERATED ALWAYS AS ("Bits" % 9) STORED)'
    )
    await connection.executemany(
        'INSERT INTO "Old.one"."Pic""tures" (page, "Bits") VALUES ($1, $2)',
        [("A'\\", 7), (None, 8), ("B", None), ("", 9), ("C", -1)],
    )
    file = await pg_dump(database_url, tmp_path / "dump", *form)
    chunks = read(
        file, table='"Old.one"."Pic""tures"', hash_column="Bits", page_column="page", chunk_bytes=10
    )
    assert await stored(connection, chunks) == [(7, "A'\\"), (-1, "C")]
    assert [bad.reason for chunk in chunks for bad in chunk.bad] == [
        "no page",
        "no hash",
        "no page",
    ]


async def test_packed_by_pg_dump_and_by_others(
    database_url: str, connection: Any, tmp_path: Path
) -> None:
    plain = (await pg_dump(database_url, tmp_path / "dump")).read_bytes()
    packed = tmp_path / "packed"
    for pack in (gzip.compress, bz2.compress, lzma.compress, zstandard.compress):
        packed.write_bytes(pack(plain))
        assert await stored(connection, read(packed)) == ROWS
    assert await stored(connection, read(await pg_dump(database_url, packed, "-Z", "gzip"))) == ROWS
    packed.write_bytes(plain.replace(b"\n", b"\r\n"))
    assert await stored(connection, read(packed)) == ROWS


@pytest.mark.parametrize("form", ["custom", "tar", "directory"])
async def test_an_archive_is_refused_with_what_to_do(
    database_url: str, connection: Any, tmp_path: Path, form: str
) -> None:
    file = await pg_dump(database_url, tmp_path / "dump", "--format", form)
    with (
        pytest.raises(ConfigurationError, match=r"pg_restore -f - .*dump \| whereis"),
        SqlDump(str(file)),
    ):
        pass
    process = await asyncio.create_subprocess_exec(
        find_binaries() / "pg_restore", "-f", tmp_path / "sql", file
    )
    assert await process.wait() == 0
    assert await stored(connection, read(tmp_path / "sql")) == ROWS


FIELDS = st.lists(
    st.sampled_from(
        [b"\\", b"N", b".", b"1", b"-", b"x4", b"0", b"\r", b"\0", b"\xc3\xa9", b"\xff", b" "]
    ),
    max_size=5,
).map(b"".join)
LINES = st.lists(
    st.one_of(
        st.tuples(st.just(b"1"), st.just(b"22"), FIELDS).map(b"\t".join),
        st.tuples(st.just(b"1"), FIELDS, st.just(b"A")).map(b"\t".join),
        st.lists(FIELDS, min_size=1, max_size=4).map(b"\t".join),
    ),
    min_size=1,
    max_size=5,
)


@given(lines=LINES, columns=st.permutations(["id", "hash", "url"]), crlf=st.booleans())
@settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_copy_takes_what_is_right_and_nothing_else(
    connection: Any, tmp_path: Path, lines: list[bytes], columns: list[str], crlf: bool
) -> None:
    end = b"\r\n" if crlf else b"\n"
    lines = [line for line in lines if line.rstrip(b"\r") != b"\\."]
    head = f"COPY hashes ({', '.join(columns)}) FROM stdin;\n".encode()
    file = tmp_path / "dump"
    file.write_bytes(head + b"".join(line + end for line in lines) + b"\\.\n")
    for chunk in read(file):
        good, bad = chunk.checked()
        checked = await stored(connection, [Chunk(good, 0, (), {})])
        assert len(checked) + len(bad) == len(lines)
        try:
            fast = await stored(connection, [chunk])
        except asyncpg.DataError:
            assert bad
        else:
            assert fast == checked
