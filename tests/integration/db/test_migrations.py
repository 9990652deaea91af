"""Making a database ready: tables once, operators however they can be had."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot.errors import DatabaseError, SchemaError
from db import open_database
from db.embedded import EmbeddedServer
from db.extension_build import extension_sources
from db.migrate import Migration, is_newer, load_migrations, migrate, prepare
from db.queries import load_statements, read_sql
from db.records import Actor, NewAppearance
from tests.integration.db.searching import near

TEMPLATE = "https://en.wikipedia.org/wiki/{title}"


def newest_version() -> str:
    """The version of the extension that comes along."""
    control = (extension_sources() / "bktree.control").read_text(encoding="utf-8")
    (version,) = re.findall(r"default_version = '(.+)'", control)
    return str(version)


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


async def test_a_database_without_looks_is_updated_in_place(empty_url: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(empty_url)
    await migrate(connection, load_migrations()[:3], print)
    await connection.execute(
        "INSERT INTO collections (kind, name, guild_id, page_url_template, images, pages,"
        f" appearances) VALUES ('server', 'server-1', 1, '{TEMPLATE}', 1, 1, 1);"
        "INSERT INTO images (collection_id, dhash, phash, page_count, file)"
        " VALUES (1, 1, 2, 1, 'a.png');"
        "INSERT INTO pages (collection_id, title) VALUES (1, 'One');"
        "INSERT INTO appearances VALUES (1, 1);"
        "INSERT INTO additions (batch, action, collection_id, image_id, dhash, phash, file, title)"
        " VALUES (1, 'add', 1, 1, 1, 2, 'a.png', 'One');"
        "INSERT INTO imports (collection_id, kind, location) VALUES (1, 'folder', '/pictures');"
        "INSERT INTO import_pictures (import_id, key, dhash, phash)"
        " VALUES (1, gen_random_uuid(), 1, 2)"
    )
    pages = "SELECT pg_relation_filenode('images'), pg_relation_filenode('additions')"
    before = await connection.fetchrow(pages)
    said: list[str] = []
    async with open_database(empty_url, tmp_path, pool_size=1, say=said.append) as database:
        assert (await database.info()).schema_version == len(load_migrations())
        (found,) = await near(database.store, 1, 1, 0)
        assert (found.phash, found.file, found.look) == (2, "a.png", None)
        # Neither table was written anew.
        assert await connection.fetchrow(pages) == before
        # A running import reads its pictures again, and so comes by their looks.
        assert await connection.fetchval("SELECT count(*) FROM import_pictures") == 0

        same = NewAppearance(1, 2, "a.png", "One", look=b"seen")
        assert await database.store.add_many(1, [same]) == 0
        (found,) = await near(database.store, 1, 1, 0)
        assert found.look == b"seen"
        await database.store.undo(1, Actor(1))
        assert await near(database.store, 1, 1, 0) == ()
    await connection.close()
    assert "Updating the database to schema 4…" in said


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


async def test_the_audit_of_an_older_schema_is_kept(empty_url: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(empty_url)
    assert await migrate(connection, load_migrations()[:2], print) == 2
    await connection.execute(
        "INSERT INTO collections (kind, name, page_url_template) VALUES ('wiki', 'enwiki', $1)",
        TEMPLATE,
    )
    await connection.execute(
        "INSERT INTO additions (batch, action, collection_id, image_id, dhash, title, user_id,"
        " undone_at, undone_by) VALUES (1, 'add', 1, 5, 77, 'One', 7, now(), 8)"
    )
    await connection.close()
    async with open_database(empty_url, tmp_path, say=lambda _: None) as database:
        wiki = await database.store.collection_named("enwiki")
        assert wiki is not None
        (line,) = await database.store.additions(wiki.id)
    assert (line.title, line.user_id, line.undone_by) == ("One", 7, 8)
    assert line.undone_at is not None


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
            assert (info.operators, info.extension_available) == ("standin", newest_version())
            wiki = await database.store.ensure_wiki("enwiki", TEMPLATE)
            await database.store.add_many(wiki.id, [NewAppearance(1, None, None, "One")])
            assert len(await near(database.store, wiki.id, 1, 3, limit=5)) == 1
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
        status = await database.index.status()
        assert status.kind == status.offered[0]


@pytest.fixture
async def old_url(connection: Any, database_url: str, extension: Path | None) -> str:
    """The address of a database with pictures, the extension in version 2.0, and its index."""
    if extension is None or newest_version() == "2.0":
        pytest.skip("no newer extension can be had here")
    await connection.execute(
        "DROP EXTENSION bktree CASCADE; CREATE EXTENSION bktree VERSION '2.0';"
        "CREATE INDEX images_dhash_bktree ON images USING spgist (dhash bktree_ops);"
        "INSERT INTO collections (kind, name, page_url_template)"
        f" VALUES ('wiki', 'enwiki', '{TEMPLATE}')"
    )
    await connection.execute(
        "INSERT INTO images (collection_id, dhash) SELECT id, n FROM collections,"
        " generate_series(1, 1000) n"
    )
    return database_url


async def test_an_old_extension_is_updated_and_the_old_index_stays(
    old_url: str, connection: Any, tmp_path: Path
) -> None:
    said: list[str] = []

    async def start() -> tuple[str | None, str | None, int]:
        async with open_database(old_url, tmp_path, pool_size=1, say=said.append) as database:
            info = await database.info()
            status = await database.index.status()
            assert status.valid
            assert (status.better, status.offered) == ("hamming", ("hamming", "bktree"))
            found = await near(database.store, 1, 1, 3, limit=5000)
            return info.extension_version, status.kind, len(found)

    before = await connection.fetchval("SELECT 'images_dhash_bktree'::regclass::oid")
    expected = sum((n ^ 1).bit_count() <= 3 for n in range(1, 1001))
    started = await asyncio.gather(*(start() for _ in range(4)))
    assert set(started) == {(newest_version(), "bktree", expected)}
    assert await connection.fetchval("SELECT 'images_dhash_bktree'::regclass::oid") == before
    assert said == []


async def test_user_who_may_not_update_the_extension(
    old_url: str, connection: Any, tmp_path: Path
) -> None:
    await connection.execute(
        "DROP ROLE IF EXISTS keeper; CREATE ROLE keeper LOGIN;"
        "GRANT CREATE, USAGE ON SCHEMA public TO keeper;"
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO keeper"
    )
    url = old_url.replace("postgresql://postgres@", "postgresql://keeper@")
    said: list[str] = []
    async with open_database(url, tmp_path, say=said.append) as database:
        assert (await database.info()).extension_version == "2.0"
        assert (await database.index.status()).kind == "bktree"
    (sentence,) = said
    assert "ALTER EXTENSION bktree UPDATE" in sentence
    assert f"2.0 in this database and {newest_version()} on the server" in sentence


async def test_who_made_the_extension_may_update_it(
    old_url: str, connection: Any, tmp_path: Path
) -> None:
    await connection.execute(
        "DROP ROLE IF EXISTS maker; CREATE ROLE maker LOGIN;"
        "DROP EXTENSION bktree CASCADE;"
        "GRANT CREATE, USAGE ON SCHEMA public TO maker;"
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO maker"
    )
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(
        f"GRANT CREATE ON DATABASE {name} TO maker; ALTER TABLE images OWNER TO maker;"
        "SET ROLE maker; CREATE EXTENSION bktree VERSION '2.0'"
    )
    url = old_url.replace("postgresql://postgres@", "postgresql://maker@")
    said: list[str] = []
    async with open_database(url, tmp_path, say=said.append) as database:
        assert (await database.info()).extension_version == newest_version()
        assert (await database.index.status()).kind == "hamming"
        assert (await database.index.build()).valid
        assert await database.index.statistics() is not None
    assert said == []


@pytest.mark.parametrize(
    ("available", "installed", "newer"),
    [
        ("2.1", "2.0", True),
        ("2.10", "2.9", True),
        ("2.0.1", "2.0", True),
        ("2.0", "2.0", False),
        ("2.0", "2.1", False),
        (None, "2.0", False),
    ],
)
def test_only_a_newer_extension_is_an_update(
    available: str | None, installed: str, newer: bool
) -> None:
    assert is_newer(available, installed) is newer


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


async def test_a_server_that_lost_the_library_is_told_how_to_give_it_up(
    data_dir: Path, extension: Path | None
) -> None:
    if extension is None:
        pytest.skip("the extension can't be built here")
    assert await open_with(data_dir, extension, []) == "extension"
    server = EmbeddedServer(data_dir, print, settings={"fsync": "off"})
    await asyncio.to_thread(server.start)
    try:
        connection = await asyncpg.connect(**server.connect_options)
        with pytest.raises(DatabaseError, match="give it up") as caught:
            await prepare(connection, load_statements(), print, embedded=False)
        await connection.execute(str(caught.value).partition(", run ")[2])
        await prepare(connection, load_statements(), print, embedded=False)
        row = await connection.fetchrow(load_statements()["operators"])
        assert (row["installed"], row["kinds"]) == (None, [])
        assert await connection.fetchval("SELECT count(*) FROM images") == 1
        await connection.close()
    finally:
        await asyncio.to_thread(server.stop)


async def test_a_library_that_is_older_than_the_index(
    connection: Any, database_url: str, extension: Path | None
) -> None:
    if extension is None or newest_version() == "2.0":
        pytest.skip("no newer extension can be had here")
    await connection.execute(
        "UPDATE pg_proc SET prosrc = 'not_there_yet'"
        " WHERE proname IN ('hamming_handler', 'hamming_kernel')"
    )
    # What a connection has read of an index it keeps; another has to ask.
    another = await asyncpg.connect(database_url)
    said: list[str] = []
    try:
        with pytest.raises(asyncpg.UndefinedFunctionError):
            await another.fetch("SELECT FROM images")
        await prepare(another, load_statements(), said.append, embedded=True)
        assert await another.fetch("SELECT FROM images") == []
        row = await another.fetchrow(load_statements()["operators"])
    finally:
        await another.close()
    assert row["installed"] is None
    assert "can't be loaded any more" in said[-1]
