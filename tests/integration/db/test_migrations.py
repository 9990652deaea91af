"""Making a database ready: tables once, operators however they can be had."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot.errors import SchemaError
from db import open_database
from db.embedded import EmbeddedServer
from db.migrate import Migration, load_migrations, migrate, prepare
from db.queries import load_statements, read_sql
from db.records import NearQuery, NewAppearance

TEMPLATE = "https://en.wikipedia.org/wiki/{title}"
QUERY = NearQuery(1, None, 3, 64, 64)


@pytest.fixture
def empty_url(database_url: str) -> str:
    """The address of a database with nothing in it."""

    async def empty() -> None:
        connection = await asyncpg.connect(database_url)
        await connection.execute("DROP EXTENSION IF EXISTS bktree CASCADE")
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await connection.close()

    asyncio.run(empty())
    return database_url


@pytest.fixture
async def connection(database_url: str) -> Any:
    opened = await asyncpg.connect(database_url)
    yield opened
    await opened.close()


async def test_several_start_at_once(empty_url: str, tmp_path: Path) -> None:
    said: list[str] = []

    async def start() -> int:
        async with open_database(empty_url, tmp_path, pool_size=1, say=said.append) as database:
            return (await database.info()).schema_version

    versions = await asyncio.gather(*(start() for _ in range(5)))
    assert set(versions) == {len(load_migrations())}
    connection = await asyncpg.connect(empty_url)
    applied = await connection.fetch("SELECT version, name FROM whereis_schema ORDER BY version")
    await connection.close()
    assert [tuple(row) for row in applied] == [(m.number, m.name) for m in load_migrations()]


async def test_newer_schema_is_refused(connection: Any, database_url: str, tmp_path: Path) -> None:
    await connection.execute("INSERT INTO whereis_schema VALUES (4711, 'from the future')")
    with pytest.raises(SchemaError, match=r"newer whereis \(schema 4711.*Update whereis"):
        async with open_database(database_url, tmp_path):
            pass


async def test_tables_of_another_program_are_left_alone(empty_url: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(empty_url)
    await connection.execute("CREATE TABLE images (url text); INSERT INTO images VALUES ('x')")
    with pytest.raises(SchemaError, match="tables of another program"):
        async with open_database(empty_url, tmp_path):
            pass
    assert await connection.fetchval("SELECT url FROM images") == "x"
    # Nothing is left half done.
    assert await connection.fetchval("SELECT to_regclass('public.collections')") is None
    await connection.close()


async def test_a_step_that_fails_is_taken_back(connection: Any) -> None:
    done = load_migrations()
    good = Migration(len(done) + 1, "good", "CREATE TABLE good (id integer)")
    bad = Migration(len(done) + 2, "bad", "CREATE TABLE bad (id integer); SELECT 1 / 0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(connection, (*done, good, bad), print)
    assert await connection.fetchval("SELECT max(version) FROM whereis_schema") == good.number
    assert await connection.fetchval("SELECT to_regclass('good')") == "good"
    assert await connection.fetchval("SELECT to_regclass('bad')") is None

    said: list[str] = []
    mended = Migration(bad.number, "bad", "CREATE TABLE bad (id integer)")
    assert await migrate(connection, (*done, good, mended), said.append) == bad.number
    assert said == [f"Updating the database to schema {bad.number}…"]


async def test_old_server_is_refused(connection: Any) -> None:
    old = (
        "SELECT 140012 AS server_version_num, '14.12' AS server_version,"
        " NULL AS installed, NULL AS available, false AS defined"
    )
    with pytest.raises(SchemaError, match=r"PostgreSQL 14\.12; whereis needs 15"):
        await prepare(connection, {**load_statements(), "operators": old}, print, embedded=False)


async def test_user_who_may_make_no_tables(empty_url: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(empty_url)
    await connection.execute("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN")
    await connection.close()
    url = empty_url.replace("postgresql://postgres@", "postgresql://reader@")
    with pytest.raises(SchemaError, match="does not let this user do that"):
        async with open_database(url, tmp_path):
            pass


async def test_user_who_may_not_install_the_extension(
    empty_url: str, extension: Path | None, tmp_path: Path
) -> None:
    if extension is None:
        pytest.skip("the extension can't be built here")
    connection = await asyncpg.connect(empty_url)
    await connection.execute("DROP ROLE IF EXISTS writer; CREATE ROLE writer LOGIN")
    await connection.execute("GRANT CREATE, USAGE ON SCHEMA public TO writer")
    url = empty_url.replace("postgresql://postgres@", "postgresql://writer@")
    said: list[str] = []
    for _ in range(2):
        async with open_database(url, tmp_path, say=said.append) as database:
            info = await database.info()
            assert (info.operators, info.extension_available) == ("standin", "2.0")
            wiki = await database.store.ensure_wiki("enwiki", TEMPLATE)
            await database.store.add_many(wiki.id, [NewAppearance(1, None, None, "One")])
            assert len(await database.store.near(QUERY, [wiki.id], limit=5)) == 1
    assert "CREATE EXTENSION bktree" in said[-1]
    await connection.close()


async def test_extension_in_another_schema(
    connection: Any, database_url: str, extension: Path | None, tmp_path: Path
) -> None:
    if extension is None:
        pytest.skip("the extension can't be built here")
    await connection.execute("CREATE SCHEMA elsewhere; ALTER EXTENSION bktree SET SCHEMA elsewhere")
    with pytest.raises(SchemaError, match="ALTER EXTENSION bktree SET SCHEMA public"):
        async with open_database(database_url, tmp_path):
            pass


async def test_the_stand_in_makes_room_for_the_extension(
    connection: Any, database_url: str, extension: Path | None, tmp_path: Path
) -> None:
    if extension is None:
        pytest.skip("the extension can't be built here")
    await connection.execute("DROP EXTENSION bktree CASCADE")
    await connection.execute(read_sql("standin.sql"))
    async with open_database(database_url, tmp_path) as database:
        assert (await database.info()).operators == "extension"
        assert (await database.index.status()).kind == "bktree"


@pytest.fixture
def data_dir(short_folders: Callable[[], Path]) -> Path:
    return short_folders() / "data"


async def open_with(data_dir: Path, extension: Path | None, said: list[str]) -> str:
    """Start a server with or without the extension; which operators its database has then."""
    server = EmbeddedServer(data_dir, print, extension=extension, settings={"fsync": "off"})
    await asyncio.to_thread(server.start)
    try:
        connection = await asyncpg.connect(**server.connect_options)
        await prepare(connection, load_statements(), said.append, embedded=True)
        await connection.execute(
            "INSERT INTO collections (kind, name, page_url_template)"
            " VALUES ('wiki', 'enwiki', '') ON CONFLICT DO NOTHING"
        )
        await connection.execute(
            "INSERT INTO images (collection_id, dhash) SELECT id, 5 FROM collections"
            " ON CONFLICT DO NOTHING"
        )
        found = await connection.fetchval(
            "SELECT count(*) FROM images WHERE dhash <@ ROW(7, 1)::bktree_area"
        )
        row = await connection.fetchrow(load_statements()["operators"])
        await connection.close()
    finally:
        await asyncio.to_thread(server.stop)
    assert found == 1
    return "standin" if row["installed"] is None else "extension"


async def test_the_extension_comes_and_goes(data_dir: Path, extension: Path | None) -> None:
    if extension is None:
        pytest.skip("the extension can't be built here")
    said: list[str] = []
    assert await open_with(data_dir, None, said) == "standin"
    assert await open_with(data_dir, extension, said) == "extension"
    assert said == []
    assert await open_with(data_dir, None, said) == "standin"
    assert "can't be loaded any more" in said[-1]
    assert await open_with(data_dir, extension, said) == "extension"
