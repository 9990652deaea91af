"""The source of a wiki against a MediaWiki as its makers made it, where one is installed."""

import hashlib
import io
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.errors import ConfigurationError, DownloadFailedError
from bot.images import Fingerprint, Limits, Unreadable, fingerprint
from bot.importers.mediawiki import MediaWikiSource
from bot.importers.model import Skipped, SourcePicture
from bot.net.mediawiki import MediaWikiClient, Patience, parse_api_url
from bot.titles import page_url
from tests.drawing import draw, encode

SCRIPT = Path(__file__).parents[2] / "scripts" / "stock-mediawiki"
PROGRAM = Path(os.environ.get("MEDIAWIKI", "/usr/share/mediawiki"))
PHP_NEEDS = ("gd", "intl", "mbstring", "pdo_sqlite", "xml")
CONTACT = "tester@example.org"

PICTURES = {
    "Wide.png": encode(draw(1, (800, 600))),
    "Photo of Ünïcödé.jpg": encode(draw(2, (1000, 500)), "JPEG", quality=90),
    "Small.png": encode(draw(3, (200, 150))),
    "Shared.png": encode(draw(4, (640, 640))),
    "Bullet.png": encode(draw(5, (16, 16))),
}
OTHERS = {
    "Paper.pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
    "Drawing.svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="600" '
    b'height="400"><rect width="300" height="200" fill="red"/></svg>',
}
PAGES = {
    "First article": "[[File:Wide.png]] [[File:Shared.png|thumb]] [[File:Paper.pdf]] "
    "[[File:Bullet.png]] [[Category:Shown here]]",
    "Second article": "[[File:Photo of Ünïcödé.jpg]] [[File:Shared.png]] [[File:Nowhere.png]]",
    "Über Größe & mehr": "[[File:Former name.png]] [[File:Drawing.svg]] [[Category:Shown here]]",
    "Words alone": "No picture. [[Category:Shown here]]",
    "Alias": "#REDIRECT [[Second article]]",
    "File:Former name.png": "#REDIRECT [[File:Small.png]]",
}


@dataclass(frozen=True)
class StockWiki:
    api: str
    lines: list[str]


def _why_not() -> str | None:
    php = shutil.which("php")
    if php is None or not (PROGRAM / "maintenance" / "install.php").is_file():
        return "no stock MediaWiki is installed: scripts/stock-mediawiki says what to install"
    listed = subprocess.run([php, "-m"], capture_output=True, text=True, check=True).stdout.lower()
    missing = [name for name in PHP_NEEDS if name not in listed.split()]
    return f"PHP lacks {', '.join(missing)}" if missing else None


@pytest.fixture(scope="module")
def wiki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StockWiki]:
    if reason := _why_not():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("stock")
    for name, files in {
        "pictures": PICTURES | OTHERS,
        "pages": {f"{title}.txt": text.encode() for title, text in PAGES.items()},
    }.items():
        (folder / name).mkdir()
        for file, data in files.items():
            (folder / name / file).write_bytes(data)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        str(SCRIPT),
        str(folder / "wiki"),
        str(port),
        str(folder / "pictures"),
        str(folder / "pages"),
    ]
    lines: list[str] = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        for line in server.stderr:
            lines.append(line)
            if "Development Server" in line:
                break
        else:
            pytest.fail("".join(lines))
        # It writes a line for each request, which somebody has to take.
        reader = threading.Thread(target=lines.extend, args=(server.stderr,))
        reader.start()
        try:
            yield StockWiki(f"http://127.0.0.1:{port}/api.php", lines)
        finally:
            server.terminate()
            reader.join()


async def read(
    wiki: StockWiki, **selection: Any
) -> tuple[list[SourcePicture | Skipped], dict[str, bytes | Unreadable]]:
    """What a selection gives, and the bytes of each picture by its file's name."""
    chosen = selection or {"everything": True}
    async with MediaWikiSource(wiki.api, contact=CONTACT, **chosen) as source:
        items = [item async for item in source.items(None)]
        for place, item in enumerate(items, 1):
            assert [rest async for rest in source.items(item.position)] == items[place:]
        pictures = {item.key: item for item in items if isinstance(item, SourcePicture)}
        loaded = await source.load(list(pictures.values()))
    files = [picture.file or "" for picture in pictures.values()]
    return items, dict(zip(files, loaded, strict=True))


def shown(items: list[SourcePicture | Skipped]) -> set[tuple[str, str | None]]:
    return {(item.pages[0].title, item.file) for item in items if isinstance(item, SourcePicture)}


FIRST = {("First_article", "Wide.png"), ("First_article", "Shared.png")}
SECOND = {("Second_article", "Photo_of_Ünïcödé.jpg"), ("Second_article", "Shared.png")}
THIRD = {("Über_Größe_&_mehr", "Small.png"), ("Über_Größe_&_mehr", "Drawing.svg")}


async def test_every_article_and_its_pictures_as_the_wiki_scales_them(wiki: StockWiki) -> None:
    items, loaded = await read(wiki)
    assert shown(items) == FIRST | SECOND | THIRD
    assert {(item.name, item.reason) for item in items if isinstance(item, Skipped)} == {
        ("File:Paper.pdf", "not a picture"),
        ("File:Bullet.png", "smaller than 32 pixels"),
        ("File:Nowhere.png", "no such file on the wiki"),
    }
    drawn = {
        name.replace(" ", "_"): data for name, data in PICTURES.items() if name != "Bullet.png"
    }
    assert loaded.keys() == drawn.keys() | {"Drawing.svg"}
    sums = {
        item.file: item.key.rpartition("#")[2] for item in items if isinstance(item, SourcePicture)
    }
    for name, data in drawn.items():
        got = loaded[name]
        assert isinstance(got, bytes)
        # The thumbnail, not the file, but for one that is small already.
        assert Image.open(io.BytesIO(got)).width == (200 if name == "Small.png" else 330)
        theirs, ours = fingerprint(got, Limits()), fingerprint(data, Limits())
        assert isinstance(theirs, Fingerprint)
        assert isinstance(ours, Fingerprint)
        assert (theirs.dhash ^ ours.dhash).bit_count() <= 3
        assert sums[name] == hashlib.sha1(data).hexdigest()


async def test_a_category_and_a_file_of_titles(wiki: StockWiki, tmp_path: Path) -> None:
    for name in ("Shown here", "Category:shown_here"):
        items, _ = await read(wiki, category=name)
        assert shown(items) == FIRST | THIRD
    titles = tmp_path / "titles.txt"
    titles.write_text("# some\nalias\nÜber_Größe & mehr\nNo such page\n<>\nSpecial:Version\n")
    items, _ = await read(wiki, pages_file=titles)
    assert shown(items) == SECOND | THIRD
    reasons = {item.name: item.reason for item in items if isinstance(item, Skipped)}
    assert reasons == {
        "No such page": "no such page",
        "<>": "not a title that a page can have",
        "Special:Version": "a special page, which shows no pictures of its own",
        "File:Nowhere.png": "no such file on the wiki",
    }


async def test_a_limit_and_many_titles(wiki: StockWiki, tmp_path: Path) -> None:
    items, _ = await read(wiki, everything=True, limit=1)
    assert shown(items) == FIRST
    titles = tmp_path / "titles.txt"
    # More than a link holds, so they are posted.
    absent = [f"Ünbekännter Tïtel mit der Nümmer {number:03}" for number in range(60)]
    titles.write_text("\n".join([*absent, "First article"]))
    items, _ = await read(wiki, pages_file=titles)
    assert shown(items) == FIRST
    assert sum(isinstance(item, Skipped) and item.reason == "no such page" for item in items) == 60
    assert any("POST /api.php" in line for line in wiki.lines)


async def test_small_pieces_of_the_real_api(
    wiki: StockWiki, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.importers.mediawiki.selection.MAX_TITLES", 2)
    monkeypatch.setattr(
        "bot.importers.mediawiki.selection._IMAGES", {"prop": "images", "imlimit": "1"}
    )
    items, _ = await read(wiki)
    assert shown(items) == FIRST | SECOND | THIRD


async def test_what_it_says_of_itself_and_links_that_lead_to_its_pages(wiki: StockWiki) -> None:
    api = parse_api_url(wiki.api)
    async with (
        MediaWikiClient(contact=CONTACT) as client,
        MediaWikiSource(wiki.api, everything=True, contact=CONTACT, client=client) as source,
    ):
        assert source.about is not None
        assert (source.about.name, source.about.language) == ("Stock wiki", "en")
        assert source.about.page_url_template is not None
        link = page_url(source.about.page_url_template, "Über_Größe_&_mehr")
        page = await client.download(link, api=api)
    assert isinstance(page, bytes)
    assert "Über Größe &amp; mehr</" in page.decode()


async def test_its_lag_is_waited_for(wiki: StockWiki) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    # A wiki of one server says that its lag is -1.
    async with MediaWikiClient(
        contact=CONTACT, sleep=sleep, max_lag=-2, patience=Patience(tries=3)
    ) as client:
        with pytest.raises(DownloadFailedError, match="maxlag"):
            await client.query(parse_api_url(wiki.api), {"meta": "siteinfo"})
    assert waits == [5.0, 5.0]


async def test_a_page_of_the_wiki_is_no_api(wiki: StockWiki) -> None:
    address = wiki.api.replace("/api.php", "/index.php")
    with pytest.raises(ConfigurationError, match="Special:Version"):
        async with MediaWikiSource(address, everything=True, contact=CONTACT):
            pass
