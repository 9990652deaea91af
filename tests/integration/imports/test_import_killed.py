"""An import that is killed in the middle goes on as if nothing had been, whatever it imports."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from db import Database
from tests.drawing import draw, encode
from tests.integration.imports.conftest import HEAD, TAIL, Rows, Start, Watch, some_rows, stored
from tests.loopback_mediawiki import loopback_wiki
from tests.zims import File, picture, write_zim

PIECE = 2 * 1024 * 1024
# More than are staged at a time, and more than are merged at a time.
ROWS = 24_000
ROWS_TO_MERGE = 45_000
PADDING = 9 * "_kommun"

# The command of that name, with a fetcher that may go to this machine.
FOLLOW_LINKS = """
import asyncio, json, os
from pathlib import Path
from bot import report
from bot.app import open_app
from bot.config import Settings
from bot.importers.url_list import UrlListSource
from bot.net import Fetcher

async def main():
    async with (
        open_app(Settings.load(), say=print) as app,
        Fetcher(allow_address=lambda _: True, allowed_ports=range(65536)) as fetcher,
    ):
        target = await app.services.ingest.wiki_collection("links")
        async with UrlListSource(Path("links.csv"), fetcher, target.page_url_template) as source:
            result = await app.services.ingest.import_pictures(source, target)
    print(json.dumps(report.import_json("links", result)))

asyncio.run(main())
"""


def long_rows(count: int = ROWS) -> Rows:
    """Rows whose titles are so long that few of them take long to read."""
    return [(value, title + PADDING) for value, title in some_rows(count)]


def long_dump(count: int = ROWS) -> bytes:
    """A dump whose first chunk is staged before it ends."""
    lines = (f"{n}\t{v}\t{page}\n" for n, (v, page) in enumerate(long_rows(count), 1))
    return f"{HEAD}{''.join(lines)}{TAIL}".encode()


async def finished(process: Any, standard_input: bytes | None = None) -> Any:
    """The final report of an import that ends well."""
    out, err = await process.communicate(standard_input)
    assert process.returncode == 0, err.decode()
    return json.loads(out)


async def kill(process: Any, how: int = signal.SIGKILL) -> None:
    process.send_signal(how)
    await process.communicate()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
async def test_while_a_dump_is_read(
    whereis: Start, watch: Watch, connection: Any, how: int
) -> None:
    dump = long_dump()
    command = ("import", "dump", "-", "--collection", "enwiki", "--json")
    async with whereis(*command) as process:
        process.stdin.write(dump[:PIECE])
        await watch.told("staged")
        await kill(process, how)
        assert process.returncode == (-how if how == signal.SIGKILL else 130)
    assert 0 < await connection.fetchval("SELECT count(*) FROM staged") < ROWS
    async with whereis(*command) as process:
        report = await finished(process, dump)
    rows = long_rows()
    assert report["resumed"] is True
    assert (report["added"], report["already_there"]) == (
        len(set(rows)),
        len(rows) - len(set(rows)),
    )
    assert await stored(connection, "enwiki") == set(rows)


async def test_while_a_dump_is_merged(
    whereis: Start, watch: Watch, connection: Any, tmp_path: Path
) -> None:
    (tmp_path / "hashes.sql").write_bytes(long_dump(ROWS_TO_MERGE))
    command = ("import", "dump", "hashes.sql", "--collection", "enwiki", "--json")
    async with whereis(*command) as process:
        await watch.told("complete")
        await kill(process)
    assert await connection.fetchval("SELECT complete FROM staged_for")
    async with whereis(*command) as process:
        report = await finished(process)
    rows = long_rows(ROWS_TO_MERGE)
    assert report["added"] == len(set(rows))
    assert await stored(connection, "enwiki") == set(rows)
    assert await connection.fetchval("SELECT count(*) FROM staged") == 0


async def test_while_a_dump_is_merged_in_pieces(
    whereis: Start, watch: Watch, connection: Any, tmp_path: Path, database: Database
) -> None:
    # One picture is there, so the tables are not built anew.
    wiki = await database.store.ensure_wiki("enwiki", "https://en.wikipedia.org/wiki/{title}")
    rows = long_rows(ROWS_TO_MERGE)
    async with database.imports.run(wiki.id, "dump", "earlier") as run, run.staging() as staging:
        value, title = rows[0]
        assert await staging.copy(f"{value}\t{title}\n".encode(), {}, {})
        await staging.merge(str, lambda _doing, _share: None)
        await run.finish()
    (tmp_path / "hashes.sql").write_bytes(long_dump(ROWS_TO_MERGE))
    command = ("import", "dump", "hashes.sql", "--collection", "enwiki", "--json")
    # Not of the import above.
    await watch.forget()
    async with whereis(*command) as process:
        await watch.told("stored")
        await kill(process)
    some = await connection.fetchval("SELECT count(*) FROM appearances")
    assert 1 < some < len(set(rows))
    async with whereis(*command) as process:
        report = await finished(process)
    assert report["added"] == len(set(rows)) - 1
    assert await stored(connection, "enwiki") == set(rows)


async def test_while_a_table_is_read(
    whereis: Start, watch: Watch, connection: Any, database_url: str
) -> None:
    rows = some_rows(220_000)
    await connection.execute("CREATE TABLE hashes (id int, hash bigint, url text)")
    await connection.copy_records_to_table("hashes", columns=["hash", "url"], records=rows)
    command = ("import", "table", "hashes", "--collection", "enwiki", "--json")
    async with whereis(*command) as process:
        await watch.told("staged")
        await kill(process)
    assert 0 < await connection.fetchval("SELECT count(*) FROM staged") < len(rows)
    async with whereis(*command) as process:
        report = await finished(process)
    assert report["added"] == len(set(rows))
    assert await stored(connection, "enwiki") == set(rows)


async def test_while_a_folder_is_read(
    whereis: Start, watch: Watch, connection: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    count = 1300
    for number in range(count):
        picture = encode(draw(number, (18, 14)), "BMP")
        (folder / f"{number:04}.bmp").write_bytes(picture)
    (folder / "0005.bmp").write_bytes(b"BM, and no picture")
    command = ("import", "folder", "pictures", "--collection", "local", "--json")
    async with whereis(*command) as process:
        await watch.told("stored")
        await kill(process)
    some = await connection.fetchval("SELECT count(*) FROM appearances")
    assert 0 < some < count - 1
    async with whereis(*command) as process:
        report = await finished(process)
    assert report["resumed"] is True
    assert (report["added"], report["already_there"]) == (count - 1, 0)
    assert [entry["count"] for entry in report["skipped"]] == [1]
    titles = {title for _, title in await stored(connection, "local")}
    assert titles == {f"{number:04}" for number in range(count) if number != 5}


async def test_while_a_zim_is_read(
    whereis: Start, watch: Watch, connection: Any, tmp_path: Path
) -> None:
    articles = 1200
    pictures = [picture(f"_assets_/{n}.png", encode(draw(n, (40, 30)))) for n in range(300)]
    pages = [
        File(f"Page_{n:04}", f'<html><body><img src="./_assets_/{n % 300}.png"></body></html>')
        for n in range(articles)
    ]
    write_zim(tmp_path / "wiki.zim", [*pages, *pictures], {"Name": "w", "Date": "2023-09-01"})
    command = ("import", "zim", "wiki.zim", "--collection", "wiki", "--json")
    async with whereis(*command) as process:
        await watch.told("stored")
        await kill(process)
    some = await connection.fetchval("SELECT count(*) FROM appearances")
    assert 0 < some < articles
    assert await connection.fetchval("SELECT count(*) FROM import_pictures") == 300
    async with whereis(*command) as process:
        report = await finished(process)
    assert (report["added"], report["already_there"]) == (articles, 0)
    titles = {title for _, title in await stored(connection, "wiki")}
    assert titles == {f"Page_{n:04}" for n in range(articles)}
    about = await connection.fetchrow("SELECT * FROM collections WHERE name = 'wiki'")
    assert (about["source_name"], str(about["as_of"])) == ("w", "2023-09-01")
    assert about["checksum"].startswith("md5:")


async def test_while_a_wiki_is_asked(whereis: Start, watch: Watch, connection: Any) -> None:
    async with loopback_wiki() as wiki:
        for number in range(120):
            wiki.shows(f"Page {number:03}", f"Own {number}.png", f"Shared {number % 5}.png")
        command = ("import", "mediawiki", wiki.api, "--all", "--collection", "wiki", "--json")
        async with whereis(*command) as process:
            await watch.told("stored")
            await kill(process)
        some = await connection.fetchval("SELECT count(*) FROM appearances")
        assert 0 < some < 240
        async with whereis(*command) as process:
            report = await finished(process)
        assert report["resumed"] is True
        assert (report["added"], report["already_there"]) == (240, 0)
        assert wiki.faults == []
        assert wiki.most_downloads <= 2
        template = await connection.fetchval("SELECT page_url_template FROM collections")
        assert template == f"{wiki.origin}/wiki/{{title}}"
    titles = {title for _, title in await stored(connection, "wiki")}
    assert titles == {f"Page_{number:03}" for number in range(120)}


async def test_while_a_list_of_links_is_followed(
    whereis: Start, watch: Watch, connection: Any, tmp_path: Path
) -> None:
    async with loopback_wiki() as wiki:
        # Any server of pictures will do.
        for number in range(120):
            wiki.shows(f"Page {number}", f"{number}.png")
        lines = [f"{wiki.origin}/images/thumb/{number}.png,Page {number}" for number in range(120)]
        table = tmp_path / "links.csv"
        table.write_text("\n".join(["image_url,page", *lines, "ftp://x,Y"]), encoding="utf-8")
        async with whereis(program=FOLLOW_LINKS) as process:
            await watch.told("stored")
            await kill(process)
        some = await connection.fetchval("SELECT count(*) FROM appearances")
        assert 0 < some < 120
        async with whereis(program=FOLLOW_LINKS) as process:
            report = await finished(process)
    assert report["resumed"] is True
    assert (report["added"], report["already_there"]) == (120, 0)
    assert [entry["count"] for entry in report["skipped"]] == [1]


async def test_when_the_connection_is_lost(
    whereis: Start, watch: Watch, connection: Any, tmp_path: Path
) -> None:
    dump = long_dump()
    command = ("import", "dump", "-", "--collection", "enwiki", "--json")
    async with whereis(*command) as process:
        process.stdin.write(dump[:PIECE])
        await watch.told("staged")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        process.stdin.write(dump[PIECE:])
        _, err = await process.communicate()
        assert process.returncode == 3, err.decode()
        assert "database" in err.decode()
        assert "Traceback" not in err.decode()
    async with whereis(*command) as process:
        report = await finished(process, dump)
    assert report["resumed"] is True
    assert await stored(connection, "enwiki") == set(long_rows())


async def test_the_same_import_twice_at_once_is_refused(
    whereis: Start, watch: Watch, connection: Any
) -> None:
    command = ("import", "dump", "-", "--collection", "enwiki")
    async with whereis(*command) as first:
        dump = long_dump()
        first.stdin.write(dump[:PIECE])
        await watch.told("staged")
        async with whereis(*command) as second:
            _, err = await second.communicate(dump)
            assert second.returncode == 1
            assert "running already" in err.decode()
