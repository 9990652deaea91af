"""Rows of hashes come in by two ways, and what they leave behind is the same."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import ConfigurationError, NotAllowedError, RequestError
from bot.images import Workers
from bot.importers.sql_dump import SqlDump
from bot.ingest import Actor, ImportReport, IngestService, Stage
from bot.search import Radii, SearchService
from bot.titles import canonical_title
from db import Database
from db.connections import Connections, target_of_url
from db.embedded import EmbeddedServer
from db.imports import Imports
from db.queries import load_statements, read_sql
from db.records import NearProbe, NewAppearance
from db.store import Store
from tests.integration.imports.conftest import dump_text, some_rows, stored

Import = Callable[..., Awaitable[ImportReport]]

REBUILD, PIECES = 1, 10**9


@pytest.fixture(params=[REBUILD, PIECES], ids=["rebuilding", "in pieces"])
def either_way(request: pytest.FixtureRequest, database: Database) -> bool:
    """Each of the two ways; whether it is the one that builds the tables anew."""
    database.imports.worth_rebuilding = request.param
    return bool(request.param == REBUILD)


@pytest.fixture
def import_text(ingest: IngestService, tmp_path: Path) -> Import:
    """Imports the text of a dump into a wiki."""

    async def run(text: str | bytes, wiki: str = "enwiki", **options: Any) -> ImportReport:
        path = tmp_path / f"{wiki}.sql"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        collection = await ingest.wiki_collection(wiki)
        with SqlDump(str(path)) as dump:
            return await ingest.import_dump(dump, collection, **options)

    return run


async def catalogue(connection: Any) -> list[Any]:
    """All that makes the tables what they are, except for what numbers they have inside."""
    rows = await connection.fetch("""
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
            a.attidentity, pg_get_expr(d.adbin, d.adrelid), NULL
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
        UNION ALL
        SELECT c.relname, k.conname, pg_get_constraintdef(k.oid), k.convalidated, '', '', NULL
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        WHERE c.relnamespace = 'public'::regnamespace AND k.contype <> 'n'
        UNION ALL
        SELECT c.relname, x.relname, pg_get_indexdef(x.oid), i.indisvalid, '', '', NULL
        FROM pg_index i
        JOIN pg_class c ON c.oid = i.indrelid
        JOIN pg_class x ON x.oid = i.indexrelid
        WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT c.relname, c.relkind::text, array_to_string(c.reloptions, ','), true, '',
            pg_get_userbyid(c.relowner), array_to_string(c.relacl, ',')
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'S')
        UNION ALL
        SELECT n.nspname, '', '', true, '', '', NULL FROM pg_namespace n
        WHERE n.nspname !~ '^pg_(temp|toast)'
        ORDER BY 1, 2, 3
    """)
    return [tuple(row) for row in rows]


async def test_every_row_arrives_once(
    either_way: bool, import_text: Import, connection: Any
) -> None:
    rows = some_rows(3000)
    report = await import_text(dump_text(rows))
    wanted = set(rows)
    assert await stored(connection, "enwiki") == wanted
    assert (report.added, report.known) == (len(wanted), len(rows) - len(wanted))
    assert len(wanted) < len(rows)
    assert not report.skipped

    again = await import_text(dump_text(rows))
    assert (again.added, again.known) == (0, len(rows))
    assert await stored(connection, "enwiki") == wanted

    more = some_rows(3000, seed=7)
    third = await import_text(dump_text(more))
    assert third.added == len(set(more) - wanted)
    assert await stored(connection, "enwiki") == wanted | set(more)


async def test_titles_are_stored_as_titles_are(
    either_way: bool, import_text: Import, connection: Any
) -> None:
    odd = {
        "Steg_(Liechtenstein)": "Steg_(Liechtenstein)",
        "Härryda_Municipality": "Härryda_Municipality",
        "Ha\u0308rryda_Municipality": "Härryda_Municipality",
        "Mount Everest": "Mount_Everest",
        "Mount_Everest": "Mount_Everest",
        "__Mount__Everest_": "Mount_Everest",
        "AC\\\\DC": "AC\\DC",
        "100%_(song)": "100%_(song)",
        "日本": "日本",
    }
    refused = ["_", " ", "x" * 256, "a\\tb"]
    rows = [(1, title) for title in odd] + [(2, title) for title in refused]
    report = await import_text(dump_text(rows))
    assert await stored(connection, "enwiki") == {(1, title) for title in odd.values()}
    assert report.skipped.total() == len(refused)
    assert (report.added, report.known) == (
        len(set(odd.values())),
        len(odd) - len(set(odd.values())),
    )


async def test_bad_lines_are_counted_with_their_numbers(
    either_way: bool, import_text: Import, connection: Any
) -> None:
    good = some_rows(50)
    text = dump_text(good).encode()
    bad = [
        b"1\tno number\tA",
        b"2\t9223372036854775808\tB",
        b"3\t5\t\\N",
        b"4\t6",
        b"5\t7\tC\tD",
        b"6\t8\t\xff\xfe",
        b"7\t9\tE\x00F",
        b"",
    ]
    report = await import_text(text.replace(b"\n\\.\n", b"\n" + b"\n".join(bad) + b"\n\\.\n"))
    assert await stored(connection, "enwiki") == set(good)
    assert report.skipped.total() == len(bad)
    first = text[: text.index(b"\\.\n")].count(b"\n") + 1
    named = " ".join(example for examples in report.examples.values() for example in examples)
    for number in (first, first + 1, first + 4):
        assert f"line {number}" in named


async def test_other_collections_and_what_their_keepers_do_meanwhile_stay(
    database: Database, ingest: IngestService, import_text: Import, connection: Any
) -> None:
    """Searches and additions go on while the tables are being built anew."""
    database.imports.worth_rebuilding = REBUILD
    own = await ingest.server_collection(1)
    actor = Actor(5, 1)
    ours = NewAppearance(11, 12, "a.png", "Ours", look=b"ours")
    (before,) = await database.store.add(own.id, [ours], actor)
    probe = NearProbe(11, 12, 4, 4)
    searched = asyncio.Event()
    done = False

    async def search() -> int:
        times = 0
        while not done:
            near = await database.store.near([probe], [own.id], limit_each=5)
            (found,) = near.candidates
            assert (found.image_id, found.look) == (before.image_id, b"ours")
            assert near.within == (1,)
            assert (await database.store.pages(found.image_id, [own.id]))[0].title == "Ours"
            times += 1
            searched.set()
        return times

    added: list[asyncio.Task[Any]] = []

    def on_progress(_report: ImportReport, stage: Stage) -> None:
        if stage.doing == "building the keys":
            new = [NewAppearance(13 << 40, 14, None, "Meanwhile")]
            added.append(asyncio.create_task(database.store.add(own.id, new, actor)))

    searching = asyncio.create_task(search())
    await searched.wait()
    rows = some_rows(20_000)
    was = await catalogue(connection)
    await import_text(dump_text(rows), on_progress=on_progress)
    done = True
    assert await searching > 1
    (later,) = await added[0]
    assert await stored(connection, "enwiki") == set(rows)
    assert await connection.fetch("SELECT look FROM images WHERE look IS NOT NULL") == [(b"ours",)]
    assert await stored(connection, "server-1") == {(11, "Ours"), (13 << 40, "Meanwhile")}
    assert await catalogue(connection) == was
    # Ids go on behind all that were given out.
    (last,) = await database.store.add(own.id, [NewAppearance(15 << 50, 16, None, "After")], actor)
    largest = await connection.fetchval("SELECT max(id) FROM images WHERE id <> $1", last.image_id)
    assert last.image_id > largest >= later.image_id
    await database.store.remove(own.id, before.image_id, actor)
    assert await stored(connection, "server-1") == {(13 << 40, "Meanwhile"), (15 << 50, "After")}


async def test_grants_settings_and_indexes_of_an_operator_are_kept(
    database: Database, import_text: Import, connection: Any
) -> None:
    database.imports.worth_rebuilding = REBUILD
    role = f"reader_{await connection.fetchval('SELECT pg_backend_pid()')}"
    await connection.execute(f"""
        CREATE ROLE {role};
        GRANT SELECT ON images TO {role} WITH GRANT OPTION;
        GRANT SELECT ON pages TO PUBLIC;
        ALTER TABLE images SET (autovacuum_vacuum_scale_factor = 0.01, fillfactor = 90);
        CREATE INDEX "Operator's own" ON pages (lower(title));
    """)
    try:
        was = await catalogue(connection)
        rows = some_rows(500)
        await import_text(dump_text(rows))
        assert await stored(connection, "enwiki") == set(rows)
        assert await catalogue(connection) == was
        oldest = await connection.fetchval("SELECT min(id) FROM images")
        assert oldest is not None
    finally:
        await connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role};")


@pytest.mark.parametrize(
    "obstacle",
    [
        "CREATE VIEW titles AS SELECT title FROM pages",
        "CREATE TABLE mine (page_id integer REFERENCES pages)",
        "CREATE TRIGGER mine AFTER TRUNCATE ON images EXECUTE FUNCTION tsvector_update_trigger()",
        "ALTER TABLE pages ENABLE ROW LEVEL SECURITY",
        "CREATE SCHEMA whereis_rebuild",
    ],
)
async def test_what_leans_on_the_tables_is_not_broken(
    database: Database, import_text: Import, connection: Any, obstacle: str
) -> None:
    database.imports.worth_rebuilding = REBUILD
    await connection.execute(obstacle)
    was = await connection.fetchval("SELECT 'public.images'::regclass::oid")
    rows = some_rows(500)
    await import_text(dump_text(rows))
    assert await stored(connection, "enwiki") == set(rows)
    assert await connection.fetchval("SELECT 'public.images'::regclass::oid") == was


async def test_without_the_extension_the_tables_are_built_as_well(
    database_url: str, connection: Any, tmp_path: Path, workers: Workers
) -> None:
    """The operators in plain SQL have no index that could be built."""
    await connection.execute("DROP EXTENSION IF EXISTS bktree CASCADE")
    await connection.execute("DROP TYPE IF EXISTS bktree_area CASCADE")
    await connection.execute(read_sql("standin.sql"))
    rows = some_rows(500)
    path = tmp_path / "a.sql"
    path.write_text(dump_text(rows), encoding="utf-8")
    # Not opened as a database usually is, which would bring the extension back.
    connections = Connections(target_of_url(database_url), 2, 10)
    async with connections.opened():
        sql = load_statements()
        store = Store(connections, sql)
        wiki = await store.ensure_wiki("enwiki", "https://en.wikipedia.org/wiki/{title}")
        imports = Imports(connections, sql, worth_rebuilding=REBUILD)
        search = SearchService(store, workers, Radii())
        service = IngestService(store, imports, workers, search, wiki.page_url_template)
        with SqlDump(str(path)) as dump:
            await service.import_dump(dump, wiki)
        found = await store.near([NearProbe(rows[0][0], 0, 0, 0)], [wiki.id], limit_each=5)
    assert [candidate.dhash for candidate in found.candidates] == [rows[0][0]]
    assert await stored(connection, "enwiki") == set(rows)


async def test_a_table_of_the_database_is_imported(
    either_way: bool, ingest: IngestService, connection: Any
) -> None:
    rows = some_rows(2000)
    await connection.execute('CREATE TABLE "Old hashes" (page text, "Hash" bigint, x int)')
    await connection.executemany(
        'INSERT INTO "Old hashes" (page, "Hash") VALUES ($1, $2)',
        [(title, value) for value, title in rows] + [("", 5), (None, 5), ("No hash", None)],
    )
    await connection.execute('DELETE FROM "Old hashes" WHERE page = $1', rows[0][1])
    wiki = await ingest.wiki_collection("enwiki")

    async def run() -> ImportReport:
        return await ingest.import_table(
            '"Old hashes"', wiki, hash_column="Hash", page_column="page"
        )

    report = await run()
    wanted = {row for row in rows if row[1] != rows[0][1]}
    assert await stored(connection, "enwiki") == wanted
    assert report.added == len(wanted)
    assert report.skipped.total() == 3
    again = await run()
    assert (again.added, again.skipped.total()) == (0, 3)


@pytest.mark.parametrize(
    ("table", "columns", "says"),
    [
        ("nowhere", {}, "no table nowhere"),
        ("images", {"hash_column": "dhash", "page_column": "title"}, "Its columns are"),
        ("pages", {"hash_column": "title", "page_column": "title"}, "a hash is a bigint"),
        ("a view", {}, "no table a view"),
        ("some_view", {"hash_column": "dhash", "page_column": "file"}, "no plain table"),
        ("images; DROP TABLE images", {}, "no table"),
    ],
)
async def test_a_table_that_can_not_be_imported_is_refused(
    ingest: IngestService, connection: Any, table: str, columns: dict[str, Any], says: str
) -> None:
    await connection.execute("CREATE VIEW some_view AS SELECT dhash, file FROM images")
    wiki = await ingest.wiki_collection("enwiki")
    with pytest.raises(ConfigurationError, match=says):
        await ingest.import_table(table, wiki, **columns)
    assert await connection.fetchval("SELECT count(*) FROM images") == 0


async def test_one_import_of_rows_at_a_time(
    database: Database, ingest: IngestService, tmp_path: Path
) -> None:
    wiki = await ingest.wiki_collection("enwiki")
    path = tmp_path / "a.sql"
    path.write_text(dump_text(some_rows(10)), encoding="utf-8")
    async with database.imports.run(wiki.id, "dump", "another") as run, run.staging():
        with SqlDump(str(path)) as dump:
            refused = ingest.import_dump(dump, wiki)
            with pytest.raises(NotAllowedError, match="another dump"):
                await refused
    with SqlDump(str(path)) as dump:
        assert (await ingest.import_dump(dump, wiki)).seen == 10


async def test_what_another_import_left_staged_is_not_merged(
    database: Database, ingest: IngestService, import_text: Import, connection: Any
) -> None:
    cut = dump_text(some_rows(100, seed=3)).rpartition("\\.")[0]
    with pytest.raises(RequestError):
        await import_text(cut, "dewiki")
    rows = some_rows(10)
    await import_text(dump_text(rows), "enwiki")
    assert await stored(connection, "enwiki") == set(rows)
    whole = some_rows(100, seed=3)
    report = await import_text(dump_text(whole), "dewiki")
    assert await stored(connection, "dewiki") == set(whole)
    assert report.added == len(set(whole))


async def test_a_dump_that_is_cut_off_goes_on_when_it_is_whole(
    ingest: IngestService, import_text: Import, connection: Any
) -> None:
    rows = some_rows(400)
    text = dump_text(rows)
    with pytest.raises(RequestError, match="line"):
        await import_text(text[: len(text) // 2])
    assert await connection.fetchval("SELECT count(*) FROM staged") > 100
    report = await import_text(text)
    assert report.resumed
    assert await stored(connection, "enwiki") == set(rows)
    with pytest.raises(RequestError, match="--table"):
        await import_text(text.replace("public.hashes", "public.other"))


TITLES = st.lists(
    st.one_of(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
        st.text("aB_ .~!\u00a0\u200b\u0308é", max_size=8),
        st.integers(250, 260).map(lambda length: "x" * length),
    ),
    min_size=1,
    max_size=30,
    unique=True,
)


def test_titles_that_are_not_looked_at_stay_as_they_are(embedded_server: EmbeddedServer) -> None:
    """The database finds every title that is not stored as it is; and a stored one is stored so."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(**embedded_server.connect_options))

    @settings(deadline=None)
    @given(TITLES)
    def check(titles: list[str]) -> None:
        odd = loop.run_until_complete(odd_ones(titles))
        for title in titles:
            try:
                clean = canonical_title(title)
            except RequestError:
                assert title in odd
            else:
                assert clean == title or title in odd
                assert canonical_title(clean) == clean

    async def odd_ones(titles: list[str]) -> set[str]:
        await connection.execute(
            'CREATE TEMP TABLE staged_titles (title text COLLATE "C", uses int)'
        )
        try:
            await connection.copy_records_to_table(
                "staged_titles", records=[(title, 1) for title in titles]
            )
            rows = await connection.fetch(load_statements()["titles_odd"])
        finally:
            await connection.execute("DROP TABLE pg_temp.staged_titles")
        return {row["title"] for row in rows}

    try:
        check()
    finally:
        loop.run_until_complete(connection.close())
        loop.close()
