"""The source of a wiki against a wiki on loopback, on its good days and its bad ones."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.errors import ConfigurationError, DownloadFailedError
from bot.images import Unreadable
from bot.importers.mediawiki import MediaWikiSource
from bot.importers.mediawiki.files import Files, Thumbnail
from bot.importers.model import Position, Skipped, SourcePicture
from bot.net import IPAddress
from bot.net.mediawiki import MAX_TITLES, MediaWikiClient, Patience, parse_api_url
from bot.titles import PageName, page_url
from tests.loopback_mediawiki import (
    LoopbackWiki,
    Trouble,
    WikiFile,
    answers,
    complains,
    drips,
    drops,
    loopback_wiki,
    stalls,
)

CONTACT = "tester@example.org"
HASTY = Patience(answer=0.3, picture=0.3)


@pytest.fixture
async def wiki() -> AsyncIterator[LoopbackWiki]:
    async with loopback_wiki() as running:
        yield running
        assert running.faults == []
        assert running.most_requests <= 1
        assert running.most_downloads <= 2
        assert all(
            agent is not None
            and agent.startswith("whereis-bot/")
            and agent.endswith(f"({CONTACT})")
            for agent in running.agents
        )


@pytest.fixture
def animals(wiki: LoopbackWiki) -> LoopbackWiki:
    """Five articles, some of which show the same files."""
    wiki.shows("Ant", "Ant.png", "Flag of France.svg", "Map.png")
    wiki.shows("Bear", "Bear 1.png", "Bear 2.png", "Bear 3.png", "Map.png")
    wiki.shows("Cat")
    wiki.shows("Dog", "Dog.png", "Gone.png", "Map.png")
    wiki.shows("Éléphant d'Asie", "Éléphant.jpg")
    wiki.redirects = {"Kitten": "Cat", "Puppy": "Dog"}
    wiki.categories = {"Large animals": ["Bear", "Éléphant d'Asie"]}
    del wiki.files["Gone.png"]
    return wiki


class Waits(list[float]):
    """Waits for nothing, and remembers what for."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


@asynccontextmanager
async def opened(
    wiki: LoopbackWiki,
    *,
    waits: Waits | None = None,
    patience: Patience | None = None,
    **selection: Any,
) -> AsyncIterator[MediaWikiSource]:
    client = MediaWikiClient(
        contact=CONTACT, sleep=Waits() if waits is None else waits, patience=patience
    )
    chosen = selection or {"everything": True}
    async with (
        client,
        MediaWikiSource(wiki.api, contact=CONTACT, client=client, **chosen) as source,
    ):
        yield source


async def all_of(
    source: MediaWikiSource, after: Position | None = None
) -> list[SourcePicture | Skipped]:
    return [item async for item in source.items(after)]


def shown(items: Sequence[SourcePicture | Skipped]) -> list[tuple[str, str | None]]:
    """The page and the file of each picture."""
    return [(item.pages[0].title, item.file) for item in items if isinstance(item, SourcePicture)]


def skipped(items: Sequence[SourcePicture | Skipped]) -> list[tuple[str, str]]:
    return [(item.name, item.reason) for item in items if isinstance(item, Skipped)]


def alike(items: Sequence[SourcePicture | Skipped]) -> list[SourcePicture | Skipped]:
    """Items as they are after a way through JSON, as they go to the database and back."""
    for item in items:
        assert json.loads(json.dumps(item.position)) == item.position
    return list(items)


ALL_ANIMALS = [
    ("Ant", "Ant.png"),
    ("Ant", "Flag_of_France.svg"),
    ("Ant", "Map.png"),
    ("Bear", "Bear_1.png"),
    ("Bear", "Bear_2.png"),
    ("Bear", "Bear_3.png"),
    ("Bear", "Map.png"),
    ("Dog", "Dog.png"),
    ("Dog", "Map.png"),
    ("Éléphant_d'Asie", "Éléphant.jpg"),
]


async def test_all_articles_give_their_pictures(animals: LoopbackWiki) -> None:
    async with opened(animals) as source:
        items = await all_of(source)
        assert shown(items) == ALL_ANIMALS
        assert skipped(items) == [("File:Gone.png", "no such file on the wiki")]
        assert source.kind == "mediawiki"
        assert source.repeats
        assert source.total is None


@pytest.mark.parametrize("images", [1, 2, 3, 500])
@pytest.mark.parametrize("infos", [1, 50])
async def test_answers_in_small_pieces_give_the_same(
    animals: LoopbackWiki, images: int, infos: int
) -> None:
    animals.images, animals.infos = images, infos
    async with opened(animals) as source:
        assert shown(await all_of(source)) == ALL_ANIMALS


async def test_a_file_is_asked_for_once_and_has_one_key(animals: LoopbackWiki) -> None:
    animals.images = 2
    async with opened(animals) as source:
        items = await all_of(source)
    maps = {i.key for i in items if isinstance(i, SourcePicture) and i.file == "Map.png"}
    assert len(maps) == 1
    asked = "|".join(a["titles"] for a in animals.asked if a.get("prop") == "imageinfo")
    assert asked.split("|").count("File:Map.png") == 1


async def test_a_category_gives_the_articles_in_it(animals: LoopbackWiki) -> None:
    locations = set()
    for name in ("Large animals", "Large_animals", "Category:Large animals", "kat: Large animals"):
        async with opened(animals, category=name) as source:
            assert {page for page, _ in shown(await all_of(source))} == {"Bear", "Éléphant_d'Asie"}
            locations.add(source.location)
    assert locations == {f"{animals.api} category Kategorie:Large animals"}
    asked = [a for a in animals.asked if a.get("generator") == "categorymembers"]
    assert {(a["gcmnamespace"], a["gcmtype"]) for a in asked} == {("0", "page")}


async def test_a_category_without_pages_is_refused(animals: LoopbackWiki) -> None:
    for name in ("Small animals", "", "A|B"):
        with pytest.raises(ConfigurationError):
            async with opened(animals, category=name):
                pass


@pytest.mark.parametrize("images", [1, 500])
async def test_a_file_of_titles_is_looked_up(
    animals: LoopbackWiki, tmp_path: Path, images: int
) -> None:
    animals.images = images
    titles = tmp_path / "titles.txt"
    titles.write_bytes(
        b"\xef\xbb\xbfbear\r\n\n# a remark\nPuppy\nUnicorn\nSpecial:Version\nElsewhere:Page\n"
        b"A<b\nA|b\n\xff\xfe\n" + b"x" * 20_000 + b"\nCat"
    )
    async with opened(animals, pages_file=titles) as source:
        items = await all_of(source)
    assert [entry for entry in ALL_ANIMALS if entry[0] in ("Bear", "Dog")] == shown(items)
    reasons = dict(skipped(items))
    assert len(reasons) == len(skipped(items))
    assert reasons.pop("x" * 60) == "not a title that a page can have"
    assert reasons == {
        "Unicorn": "no such page",
        "Special:Version": "a special page, which shows no pictures of its own",
        "Elsewhere:Page": "a page of another wiki",
        "A<b": "not a title that a page can have",
        "A|b": "not a title that a page can have",
        "��": "a line that is no UTF-8 text",
        "File:Gone.png": "no such file on the wiki",
    }


async def test_many_titles_are_asked_for_fifty_at_a_time(
    wiki: LoopbackWiki, tmp_path: Path
) -> None:
    names = [f"Page {number:03} with a räther lông title" for number in range(120)]
    for name in names:
        wiki.shows(name, "Same.png")
    titles = tmp_path / "titles.txt"
    titles.write_text("\n".join(names), "utf-8")
    async with opened(wiki, pages_file=titles) as source:
        assert len(await all_of(source)) == 120
    sizes = [len(a["titles"].split("|")) for a in wiki.asked if a.get("prop") == "images"]
    assert sizes == [50, 50, 20]
    # So many titles are too much for a link.
    assert "POST" in wiki.methods


async def test_no_file_of_titles_is_refused(wiki: LoopbackWiki, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        async with opened(wiki, pages_file=tmp_path / "none.txt"):
            pass


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 100])
async def test_the_limit_is_a_number_of_pages(
    animals: LoopbackWiki, tmp_path: Path, limit: int
) -> None:
    titles = tmp_path / "titles.txt"
    titles.write_text("\n".join(["# first", *sorted(animals.pages)]), "utf-8")
    allowed = {page.replace(" ", "_") for page in sorted(animals.pages)[:limit]}
    expected = [entry for entry in ALL_ANIMALS if entry[0] in allowed]
    async with opened(animals, everything=True, limit=limit) as source:
        assert shown(await all_of(source)) == expected
    async with opened(animals, pages_file=titles, limit=limit) as source:
        assert shown(await all_of(source)) == expected


async def test_the_limit_counts_across_batches(wiki: LoopbackWiki) -> None:
    for number in range(130):
        wiki.shows(f"Page {number:03}", "Same.png")
    async with opened(wiki, everything=True, limit=120) as source:
        assert len(await all_of(source)) == 120


@pytest.mark.parametrize("images", [1, 2, 500])
@pytest.mark.parametrize("limit", [None, 4])
@pytest.mark.parametrize("selection", ["everything", "category", "pages_file"])
async def test_a_resumed_import_gives_the_same_rest_from_every_position(
    animals: LoopbackWiki, tmp_path: Path, images: int, selection: str, limit: int | None
) -> None:
    animals.images = images
    titles = tmp_path / "titles.txt"
    titles.write_text("\n".join(["Unicorn", *animals.pages, "Basilisk"]), "utf-8")
    selections: dict[str, dict[str, Any]] = {
        "everything": {"everything": True},
        "category": {"category": "Large animals"},
        "pages_file": {"pages_file": titles},
    }
    chosen = selections[selection]
    async with opened(animals, limit=limit, **chosen) as source:
        items = alike(await all_of(source))
        assert len(items) > 3
        for place, item in enumerate(items, 1):
            assert await all_of(source, item.position) == items[place:]


async def test_a_resumed_import_may_have_another_limit(animals: LoopbackWiki) -> None:
    animals.images = 1
    # What comes last by title has the lowest id, and file links are told in the order of ids.
    animals.newest_first = True
    async with opened(animals, everything=True, limit=4) as source:
        wanted = await all_of(source)
    async with opened(animals, everything=True, limit=3) as source:
        begun = await all_of(source)
    for place in (1, 2, 5):
        async with opened(animals, everything=True, limit=4) as source:
            rest = await all_of(source, begun[place - 1].position)
        assert sorted(shown([*begun[:place], *rest])) == sorted(shown(wanted))


async def test_a_resumed_import_over_several_batches(wiki: LoopbackWiki) -> None:
    for number in range(110):
        wiki.shows(f"Page {number:03}", "Same.png", f"Own {number}.png")
    wiki.images = 70
    async with opened(wiki, everything=True, limit=105) as source:
        items = await all_of(source)
        assert len(items) == 210
        for place in (1, 69, 70, 71, 99, 100, 101, 139, 140, 141, 200, 209, 210):
            assert await all_of(source, items[place - 1].position) == items[place:]


async def test_pages_that_change_meanwhile_do_not_shift_what_follows(
    animals: LoopbackWiki,
) -> None:
    async with opened(animals) as source:
        items = await all_of(source)
        third = items[2]
        # Two files less before the place where it goes on.
        animals.pages["Ant"] = ["Map.png"]
        assert await all_of(source, third.position) == items[3:]


async def test_a_position_of_another_kind_is_refused(animals: LoopbackWiki) -> None:
    good = {"continue": {}, "size": 1, "pages": 0, "line": 0, "after": [1, "File:A.png"]}
    bad: list[Position] = [
        {},
        {**good, "continue": {"gapcontinue": 1}},
        {**good, "size": -1},
        {**good, "after": None},
        {**good, "after": ["1", "File:A.png"]},
    ]
    async with opened(animals) as source:
        for position in bad:
            with pytest.raises(ConfigurationError, match="anew"):
                await all_of(source, position)


async def test_a_place_that_the_wiki_forgot_says_so(animals: LoopbackWiki) -> None:
    position = {
        "continue": {"imcontinue": "junk", "continue": "||"},
        "size": 50,
        "pages": 0,
        "line": 0,
        "after": [1, "File:A.png"],
    }
    async with opened(animals) as source:
        with pytest.raises(DownloadFailedError, match="start the import anew"):
            await all_of(source, position)


async def test_what_the_wiki_says_of_itself(animals: LoopbackWiki) -> None:
    animals.server = "//wiki.example.org"
    async with opened(animals) as source:
        assert source.about is not None
        assert (source.about.name, source.about.language) == ("Loopback", "de")
        assert source.about.as_of == datetime.now(UTC).date()
        assert source.location == f"{animals.api} all"
        template = source.about.page_url_template
        assert template == "http://wiki.example.org/wiki/{title}"
        assert page_url(template, "A b") == "http://wiki.example.org/wiki/A_b"


@pytest.mark.parametrize(
    ("server", "path", "template"),
    [
        (None, "/index.php?title=$1", "/index.php?title={title}"),
        (None, "/wiki/", None),
        ("javascript:alert(1)//", "/$1", None),
        ("http://user:secret@wiki.example", "/$1", None),
    ],
)
async def test_links_of_pages(
    animals: LoopbackWiki, server: str | None, path: str, template: str | None
) -> None:
    animals.server, animals.article_path = server, path
    async with opened(animals) as source:
        expected = None if template is None else f"{animals.origin}{template}"
        assert source.about is not None
        assert source.about.page_url_template == expected


async def test_files_that_are_no_pictures_are_skipped_with_why(wiki: LoopbackWiki) -> None:
    wiki.shows("Page", *(f"{name}.x" for name in "ABCDEFGHIJKL"))
    odd = {
        "A.x": WikiFile(b"", mediatype="AUDIO", mime="audio/ogg"),
        "B.x": WikiFile(b"", mediatype="VIDEO", mime="video/webm"),
        "C.x": WikiFile(b"", mediatype="OFFICE", mime="application/pdf"),
        "D.x": WikiFile(b"", mediatype="BITMAP", mime="image/vnd.djvu"),
        "E.x": WikiFile(b"", width=16, height=300),
        "F.x": WikiFile(b"", width=16, height=16, mediatype="DRAWING", mime="image/svg+xml"),
        "G.x": WikiFile(b"", repository="shared"),
        "H.x": WikiFile(b"", repository="shared", known_details=False),
        "I.x": WikiFile(b"", can_scale=False),
        "J.x": WikiFile(b"", can_scale=False, size=50_000_000),
        "K.x": WikiFile(b"", mediatype="UNKNOWN", mime="unknown/unknown"),
    }
    wiki.files |= odd
    async with opened(wiki) as source:
        items = await all_of(source)
    assert [name for _, name in shown(items)] == ["F.x", "G.x", "I.x", "L.x"]
    assert dict(skipped(items)) == {
        "File:A.x": "not a picture",
        "File:B.x": "not a picture",
        "File:C.x": "not a picture",
        "File:D.x": "not a picture",
        "File:E.x": "smaller than 32 pixels",
        "File:H.x": "a file that the wiki has from elsewhere, without its details",
        "File:J.x": "no thumbnail on the wiki",
        "File:K.x": "not a picture",
    }


async def test_names_are_without_the_namespace_in_any_language(wiki: LoopbackWiki) -> None:
    wiki.file_namespace = "Datei"
    wiki.shows("Seite", "Ein Bild: groß.png")
    async with opened(wiki) as source:
        [item] = await all_of(source)
    assert isinstance(item, SourcePicture)
    assert (item.name, item.file) == ("Datei:Ein Bild: groß.png", "Ein_Bild:_groß.png")
    assert item.pages == (PageName("Seite", None),)


async def test_a_file_that_was_renamed_has_its_present_name(wiki: LoopbackWiki) -> None:
    wiki.shows("Page", "Former name.png")
    wiki.files["Former name.png"].canonical = "Present name.png"
    async with opened(wiki) as source:
        assert shown(await all_of(source)) == [("Page", "Present_name.png")]


async def test_the_first_pictures_come_before_the_details_of_the_last(wiki: LoopbackWiki) -> None:
    wiki.shows("Page", *(f"{number:03}.png" for number in range(130)))
    async with opened(wiki) as source:
        items = source.items(None)
        for asked, many in ((1, 50), (2, 50), (3, 30)):
            for _ in range(many):
                await anext(items)
                assert sum(a.get("prop") == "imageinfo" for a in wiki.asked) == asked


async def test_what_is_remembered_of_files_is_bounded(wiki: LoopbackWiki) -> None:
    wiki.shows("Page", *(f"{number:03}.png" for number in range(130)))
    async with MediaWikiClient(contact=CONTACT) as client:
        files = Files(client, parse_api_url(wiki.api), cached=10)
        titles = [f"File:{number:03}.png" for number in range(130)]
        found = await files.of(titles)
        assert all(isinstance(found[title], Thumbnail) for title in titles)
        assert [title in files for title in titles] == [False] * 120 + [True] * 10
        await files.of([titles[120], titles[0]])
        assert titles[120] in files
        assert titles[121] not in files
    sizes = [len(a["titles"].split("|")) for a in wiki.asked]
    assert sizes == [MAX_TITLES, MAX_TITLES, 30, 1]


async def test_pictures_are_loaded_by_the_links_of_the_api_two_at_a_time(
    wiki: LoopbackWiki,
) -> None:
    wiki.shows("Page", "Ä 1.png", "B.png", "C.png", "D.png")
    wiki.files["D.png"].width = 200
    # Each waits for another, so there are two, and the fixture sees that there never are three.
    pair = asyncio.Barrier(2)
    wiki.hold = pair.wait
    async with opened(wiki) as source:
        pictures = [item for item in await all_of(source) if isinstance(item, SourcePicture)]
        loaded = await source.load(pictures)
    assert loaded == [wiki.files[name].data for name in ("B.png", "C.png", "D.png", "Ä 1.png")]
    assert wiki.most_downloads == 2
    by_file = {picture.file: picture.key for picture in pictures}
    assert by_file["D.png"].startswith(f"{wiki.origin}/images/D.png#")
    assert by_file["C.png"].startswith(f"{wiki.origin}/images/thumb/C.png#")


async def test_a_picture_that_is_gone_leaves_the_others(wiki: LoopbackWiki) -> None:
    wiki.shows("Page", "A.png", "B.png", "C.png")
    wiki.files["B.png"].data = None
    wiki.files["C.png"].data = b""
    async with opened(wiki) as source:
        pictures = [item for item in await all_of(source) if isinstance(item, SourcePicture)]
        first, second, third = await source.load(pictures)
    assert first == wiki.files["A.png"].data
    assert second == Unreadable("unknown", "The wiki has no such file (404).")
    assert third == Unreadable("empty", "The wiki's file is empty.")


async def test_requests_are_made_one_at_a_time(animals: LoopbackWiki) -> None:
    animals.linger = 50
    async with opened(animals) as source:
        both = await asyncio.gather(all_of(source), all_of(source))
    assert shown(both[0]) == shown(both[1]) == ALL_ANIMALS
    assert animals.most_requests == 1


TROUBLES: list[tuple[Trouble, list[float]]] = [
    (complains("maxlag", "Waiting for a database server.", Retry_After="7"), [7.0]),
    (complains("maxlag", "Waiting for a database server.", Retry_After="1"), [5.0]),
    (complains("maxlag", "Waiting for a database server.", status=503, Retry_After="9"), [9.0]),
    (complains("ratelimited", "Too fast.", Retry_After="30"), [30.0]),
    (complains("internal_api_error_DBQueryError", "A fault."), [1.0]),
    (answers(429, Retry_After="90"), [90.0]),
    (answers(503, Retry_After="soon"), [1.0]),
    (
        answers(
            429,
            Retry_After="Fri, 01 May 2026 12:02:00 GMT",
            Date="Fri, 01 May 2026 12:00:00 GMT",
        ),
        [120.0],
    ),
    (answers(502, b"<html><body>Bad gateway</body></html>"), [1.0]),
    (answers(200, b'{"query": {"pages": ['), [1.0]),
    (answers(200, b"[" * 100_000), [1.0]),
    (drops(b'{"query": '), [1.0]),
    (answers(200, b"\x1f\x8b\x08\x00rubbish", Content_Encoding="gzip"), [1.0]),
]


@pytest.mark.parametrize(("trouble", "expected"), TROUBLES)
async def test_trouble_that_passes_costs_a_pause_and_no_picture(
    animals: LoopbackWiki, trouble: Trouble, expected: list[float]
) -> None:
    waits = Waits()
    async with opened(animals, waits=waits) as source:
        animals.api_troubles.append(trouble)
        assert shown(await all_of(source)) == ALL_ANIMALS
    assert waits == expected


@pytest.mark.parametrize("begun", [b"", b'{"query": '])
async def test_a_wiki_that_falls_silent_is_asked_again(animals: LoopbackWiki, begun: bytes) -> None:
    waits = Waits()
    async with opened(animals, waits=waits, patience=HASTY) as source:
        animals.api_troubles.append(stalls(begun))
        assert shown(await all_of(source)) == ALL_ANIMALS
        assert waits[0] == 1.0
        animals.api_troubles.extend([stalls(begun)] * 3)
        with pytest.raises(DownloadFailedError, match=r"in 0\.3 seconds"):
            await all_of(source)
    # What silence costs is bounded: three tries.
    assert len(animals.api_troubles) == 0


async def test_a_connection_that_was_kept_and_is_gone_is_made_anew(animals: LoopbackWiki) -> None:
    waits = Waits()
    async with opened(animals, waits=waits) as source:
        animals.api_troubles.append(drops())
        assert shown(await all_of(source)) == ALL_ANIMALS
        assert waits == []
        # The new one as well: that is trouble.
        animals.api_troubles.extend([drops(), drops()])
        assert shown(await all_of(source)) == ALL_ANIMALS
    assert waits == [1.0]


async def test_pauses_grow_and_have_an_end(animals: LoopbackWiki) -> None:
    waits = Waits()
    async with opened(animals, waits=waits) as source:
        animals.api_troubles.extend([answers(503)] * 100)
        with pytest.raises(DownloadFailedError) as caught:
            await all_of(source)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert caught.value.sentence == (
        "127.0.0.1 asks for a pause (503). What was stored stays, and the same command goes on "
        "from there."
    )


async def test_a_pause_longer_than_patience_ends_it_at_once(animals: LoopbackWiki) -> None:
    waits = Waits()
    async with opened(animals, waits=waits) as source:
        animals.api_troubles.append(answers(429, Retry_After="7200"))
        with pytest.raises(DownloadFailedError, match="a pause of 2 hours"):
            await all_of(source)
    assert waits == []


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (complains("readapidenied", "You need read permission."), "You need read permission"),
        (complains("x", "A\x1b[31m\nB" + "c" * 9999), r"A \[31m B"),
        (answers(403), "does not let this program in"),
        (answers(200, b"<!DOCTYPE html><html><body>Log in</body></html>"), "a web page"),
        (answers(301, Location="https://elsewhere.example/w/api.php"), "another place"),
        (answers(301, Location="//["), "another place"),
        (answers(200, b"{" + b" " * (17 * 1024 * 1024)), "more than 16 MB"),
        (drips(b" " * 65536), "more than 16 MB"),
        (drips(b" " * 65536, length=10 * 1024**3), "more than 16 MB"),
    ],
)
async def test_what_asking_again_would_not_help_is_said_at_once(
    animals: LoopbackWiki, trouble: Trouble, said: str
) -> None:
    waits = Waits()
    async with opened(animals, waits=waits) as source:
        animals.api_troubles.append(trouble)
        with pytest.raises(DownloadFailedError, match=said) as caught:
            await all_of(source)
    assert "What was stored stays" in caught.value.sentence
    assert len(caught.value.sentence) < 600
    assert caught.value.sentence.isprintable()
    assert waits == []


async def test_no_wiki_there_is_a_matter_of_the_command(animals: LoopbackWiki) -> None:
    for trouble in (answers(404), answers(200, b"<html><body></body></html>"), answers(200, b"{}")):
        animals.api_troubles.append(trouble)
        with pytest.raises(ConfigurationError):
            async with opened(animals):
                pass


async def test_a_wiki_that_never_was_there_is_soon_given_up(animals: LoopbackWiki) -> None:
    waits = Waits()
    client = MediaWikiClient(contact=CONTACT, sleep=waits)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/w/api.php"
    async with client:
        with pytest.raises(DownloadFailedError, match="can't be reached"):
            async with MediaWikiSource(address, everything=True, contact=CONTACT, client=client):
                pass
    assert waits == [1.0, 2.0]


async def test_a_wiki_that_dies_on_the_way_says_what_is_kept(animals: LoopbackWiki) -> None:
    animals.images = 2
    got: list[SourcePicture | Skipped] = []

    async def read(source: MediaWikiSource) -> None:
        async for item in source.items(None):
            got.append(item)
            if len(got) == 3:
                animals.api_troubles.extend([drops()] * 100)

    async with opened(animals) as source:
        with pytest.raises(DownloadFailedError) as caught:
            await read(source)
        assert caught.value.sentence == (
            "127.0.0.1 closed the connection without an answer. What was stored stays, and the "
            "same command goes on from there."
        )
        animals.api_troubles.clear()
        assert shown([*got, *await all_of(source, got[-1].position)]) == ALL_ANIMALS


async def test_a_wiki_that_goes_in_circles_is_left(animals: LoopbackWiki) -> None:
    endless = {"continue": {"gapcontinue": "0", "continue": "gapcontinue||"}, "batchcomplete": True}
    async with opened(animals) as source:
        animals.api_troubles.extend([answers(200, json.dumps(endless).encode())] * 3)
        with pytest.raises(DownloadFailedError, match="repeats itself"):
            await all_of(source)


@pytest.mark.parametrize("value", [None, [], "x", 7, {"pages": "x"}, {"pages": [None, {"x": 1}]}])
async def test_answers_of_a_strange_form_give_nothing(animals: LoopbackWiki, value: Any) -> None:
    async with opened(animals) as source:
        animals.api_troubles.append(answers(200, json.dumps({"query": value}).encode()))
        assert await all_of(source) == []


async def test_names_that_no_database_takes_are_not_let_in(
    animals: LoopbackWiki, tmp_path: Path
) -> None:
    """JSON can escape what UTF-8 and PostgreSQL have no place for."""
    images = [{"ns": 6, "title": title} for title in ("File:A\ud800.png", "File:B\x00.png")]
    pages = [{"pageid": 1, "title": "P\x00age", "images": images}]
    continued = {"continue": "||", "imcontinue": "\udfff\x00"}
    titles = tmp_path / "titles.txt"
    titles.write_bytes(b"A\x00b\n")
    async with opened(animals) as source:
        answer = {"query": {"pages": pages}, "continue": continued}
        animals.api_troubles.append(answers(200, json.dumps(answer).encode()))
        items = [await anext(source.items(None))]
    async with opened(animals, pages_file=titles) as source:
        items += await all_of(source)
    assert len(items) == 2
    for item in items:
        stored = f"{item.name}{json.dumps(item.position, ensure_ascii=False)}"
        assert "\x00" not in stored
        assert "\\u0000" not in stored
        stored.encode()


async def test_an_api_that_moved_on_the_same_host_is_followed_once(animals: LoopbackWiki) -> None:
    animals.api_troubles.append(answers(308, Location="/moved/api.php?lost=1"))
    async with opened(animals) as source:
        assert shown(await all_of(source)) == ALL_ANIMALS
    assert all("lost" not in asked for asked in animals.asked)


async def test_an_api_that_redirects_in_circles_is_refused(animals: LoopbackWiki) -> None:
    animals.api_troubles.extend([answers(302, Location="/w/api.php")] * 10)
    with pytest.raises(ConfigurationError, match="more than 3 times"):
        async with opened(animals):
            pass
    assert len(animals.api_troubles) == 6


async def test_what_the_api_warns_of_is_logged_once(
    animals: LoopbackWiki, caplog: pytest.LogCaptureFixture
) -> None:
    animals.warning = "Unrecognized\nparameter."
    animals.images = 2
    with caplog.at_level(logging.WARNING, "bot.net.mediawiki"):
        async with opened(animals) as source:
            await all_of(source)
    assert [record.getMessage() for record in caplog.records] == [
        "127.0.0.1 warns of main: Unrecognized parameter."
    ]


@asynccontextmanager
async def one_picture(
    wiki: LoopbackWiki, waits: Waits, patience: Patience | None = None
) -> AsyncIterator[tuple[MediaWikiSource, SourcePicture]]:
    wiki.shows("Page", "A.png")
    async with opened(wiki, waits=waits, patience=patience) as source:
        [picture] = await all_of(source)
        assert isinstance(picture, SourcePicture)
        yield source, picture


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (answers(429, Retry_After="40"), [40.0]),
        (answers(503), [1.0]),
        (answers(500), [1.0]),
        (drops(b"\x89PNG"), [1.0]),
    ],
)
async def test_trouble_with_a_download_that_passes(
    wiki: LoopbackWiki, trouble: Trouble, expected: list[float]
) -> None:
    waits = Waits()
    async with one_picture(wiki, waits) as (source, picture):
        wiki.picture_troubles.append(trouble)
        assert await source.load([picture]) == [wiki.files["A.png"].data]
    assert waits == expected


@pytest.mark.parametrize(
    ("trouble", "kind", "tries"),
    [
        (answers(500), "damaged", 3),
        (drops(b"\x89PNG"), "damaged", 3),
        (stalls(b"\x89PNG"), "damaged", 3),
        (drips(b"\x00" * 65536), "too_large", 1),
        (drips(b"\x00", length=10 * 1024**3), "too_large", 1),
        (answers(302, Location="http://192.0.2.1/secret"), "unknown", 1),
        (answers(302, Location="http://localhost:1/"), "unknown", 1),
        (answers(302, Location="file:///etc/passwd"), "unknown", 1),
        (answers(302, Location="/images/A.png"), "unknown", 4),
    ],
)
async def test_trouble_with_one_download_that_stays_is_that_pictures(
    wiki: LoopbackWiki, trouble: Trouble, kind: str, tries: int
) -> None:
    patience = HASTY if kind == "damaged" else None
    async with one_picture(wiki, Waits(), patience) as (source, picture):
        wiki.picture_troubles.extend([trouble] * 10)
        [got] = await source.load([picture])
    assert isinstance(got, Unreadable)
    assert got.kind == kind
    assert len(wiki.picture_troubles) == 10 - tries


@pytest.mark.parametrize("trouble", [drops(), answers(429), answers(503, Retry_After="60")])
async def test_a_server_of_pictures_that_is_gone_ends_the_import(
    wiki: LoopbackWiki, trouble: Trouble
) -> None:
    waits = Waits()
    async with one_picture(wiki, waits) as (source, picture):
        wiki.picture_troubles.extend([trouble] * 100)
        with pytest.raises(DownloadFailedError, match="What was stored stays"):
            await source.load([picture] * 5)
    assert 8 < len(waits) <= 20


async def test_one_download_told_to_wait_makes_the_other_wait(wiki: LoopbackWiki) -> None:
    wiki.shows("Page", "A.png", "B.png", "C.png")
    paused, go_on = asyncio.Event(), asyncio.Event()

    async def sleep(_: float) -> None:
        paused.set()
        await go_on.wait()

    client = MediaWikiClient(contact=CONTACT, sleep=sleep)
    async with (
        client,
        MediaWikiSource(wiki.api, everything=True, contact=CONTACT, client=client) as source,
    ):
        pictures = [item for item in await all_of(source) if isinstance(item, SourcePicture)]
        wiki.picture_troubles.append(answers(429, Retry_After="60"))
        loading = asyncio.ensure_future(source.load(pictures))
        await paused.wait()
        # The one that was under way may end; the third begins when the pause is over, and would
        # be there long before these requests of the API are.
        await all_of(source)
        await all_of(source)
        assert len(wiki.downloaded) <= 1
        go_on.set()
        assert all(isinstance(data, bytes) for data in await loading)


async def test_pictures_in_an_intranet_beside_the_api_are_not_fetched(wiki: LoopbackWiki) -> None:
    wiki.shows("Page", "A.png", "B.png", "C.png", "D.png")
    for name, link in {
        "A.png": "http://127.0.0.2/secret.png",
        "B.png": f"http://localhost:{wiki.origin.rpartition(':')[2]}/images/B.png",
        "C.png": "http://user:secret@127.0.0.1/images/C.png",
        "D.png": "gopher://example.org/",
    }.items():
        wiki.files[name].thumbnail_url = link
    async with opened(wiki) as source:
        pictures = [item for item in await all_of(source) if isinstance(item, SourcePicture)]
        got = await source.load(pictures)
    assert len(got) == 4
    assert all(isinstance(each, Unreadable) for each in got)
    assert wiki.downloaded == []


class Names(AbstractResolver):
    """A name server that knows one address for every name."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("judgements", [[False], [True, False]])
async def test_names_of_inside_addresses_are_not_connected_to(
    wiki: LoopbackWiki, judgements: list[bool]
) -> None:
    """Judged when the name is looked up, and again when the connection is made."""
    waiting = iter(judgements)

    def allow(address: IPAddress) -> bool:
        assert str(address) == "127.0.0.1"
        return next(waiting)

    waits = Waits()
    async with MediaWikiClient(
        contact=CONTACT, sleep=waits, resolver=Names(), allow_address=allow
    ) as client:
        api = parse_api_url(wiki.api)
        got = await client.download("http://pictures.example/a.png", api=api)
        # The operator's own wiki is another matter, by its name as well.
        named = parse_api_url(wiki.api.replace("127.0.0.1", "wiki.example"))
        assert await client.query(named, {"meta": "siteinfo"})
    assert isinstance(got, Unreadable)
    assert "is not on the public Internet" in got.reason
    assert list(waiting) == []
    assert waits == []


async def test_a_host_that_refuses_everything_is_left(wiki: LoopbackWiki) -> None:
    wiki.shows("Page", "A.png")
    async with opened(wiki) as source:
        [picture] = await all_of(source)
        assert isinstance(picture, SourcePicture)
        for _ in range(3):
            wiki.picture_troubles.extend([answers(403)] * 19)
            assert len(await source.load([picture] * 19)) == 19
            assert await source.load([picture]) == [wiki.files["A.png"].data]
        wiki.picture_troubles.extend([answers(403)] * 100)
        with pytest.raises(DownloadFailedError, match="does not want this program"):
            await source.load([picture] * 30)


async def test_an_import_that_is_cancelled_leaves_nothing_behind(wiki: LoopbackWiki) -> None:
    wiki.shows("Page", *(f"{letter}.png" for letter in "ABCDEF"))
    begun = asyncio.Event()

    async def hold() -> None:
        begun.set()
        await asyncio.Event().wait()

    wiki.hold = hold
    before = asyncio.all_tasks()
    async with opened(wiki) as source:
        pictures = [item for item in await all_of(source) if isinstance(item, SourcePicture)]
        loading = asyncio.ensure_future(source.load(pictures))
        await begun.wait()
        loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading
        wiki.hold = None
        assert await source.load(pictures[:1]) == [wiki.files["A.png"].data]
    ours = {task for task in asyncio.all_tasks() - before if "aiohttp" not in repr(task.get_coro())}
    assert ours == set()


async def test_a_load_that_fails_leaves_no_other_running(wiki: LoopbackWiki) -> None:
    wiki.shows("Page", "A.png", "B.png", "C.png")
    both = asyncio.Barrier(2)

    async def hold_the_second(_: object) -> None:
        await both.wait()
        await asyncio.Event().wait()

    async def refuse_the_first(request: web.Request) -> web.StreamResponse | None:
        await both.wait()
        return await answers(429, Retry_After="99999")(request)

    async with opened(wiki) as source:
        pictures = [item for item in await all_of(source) if isinstance(item, SourcePicture)]
        wiki.picture_troubles.extend([refuse_the_first, hold_the_second])
        before = asyncio.all_tasks()
        with pytest.raises(DownloadFailedError, match="a pause of 28 hours"):
            await source.load(pictures)
        left = [task for task in asyncio.all_tasks() - before if "download" in repr(task)]
        assert left == []


async def test_without_a_contact_wikimedia_is_not_spoken_to(wiki: LoopbackWiki) -> None:
    for host in ("en.wikipedia.org", "commons.wikimedia.org", "www.wikidata.org", "wikipedia.org"):
        with pytest.raises(ConfigurationError, match="WHEREIS_CONTACT"):
            async with MediaWikiSource(f"https://{host}/w/api.php", everything=True, contact=None):
                pass
    # A wiki of somebody else's may show Wikimedia's files.
    wiki.shows("Page", "A.png")
    wiki.files["A.png"].thumbnail_url = "https://upload.wikimedia.org/a.png"
    async with MediaWikiSource(wiki.api, everything=True, contact="") as source:
        [picture] = await all_of(source)
        assert isinstance(picture, SourcePicture)
        with pytest.raises(ConfigurationError, match="WHEREIS_CONTACT"):
            await source.load([picture])
    [agent] = wiki.agents
    assert agent is not None
    assert agent.endswith(" (no contact given)")
    wiki.agents.clear()


@pytest.mark.parametrize(
    "selection",
    [
        {},
        {"everything": True, "category": "A"},
        {"category": "A", "pages_file": Path("titles.txt")},
        {"everything": True, "limit": 0},
    ],
)
def test_a_selection_that_makes_no_sense_is_refused(selection: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        MediaWikiSource("https://wiki.example/w/api.php", contact=CONTACT, **selection)
