import asyncio
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import date
from pathlib import Path

import pytest

pytest.importorskip("libzim", reason="the extra “zim” is not installed")
pytest.importorskip("selectolax", reason="the extra “zim” is not installed")

from bot.errors import ConfigurationError, WhereisError
from bot.images import Fingerprint, Limits, Unreadable, fingerprint
from bot.importers import PictureSource, Skipped, SourcePicture
from bot.importers.model import About, Position
from bot.importers.zim import ZimSource
from bot.importers.zim import walk as walking
from bot.importers.zim.archive import GONE, UNREADABLE, open_zim, verification
from bot.importers.zim.rules import ICON, INTERFACE
from bot.titles import PageName
from tests.drawing import draw, encode, png
from tests.zims import File, Redirect, picture, write_old_zim, write_zim

RAY_CHARLES = "wikipedia_en_ray_charles_maxi_2023-09.zim"
Item = SourcePicture | Skipped


async def all_of(source: PictureSource, after: Position | None = None) -> list[Item]:
    return [item async for item in source.items(after)]


async def items_of(path: Path) -> list[Item]:
    async with ZimSource(path) as source:
        return await all_of(source)


def pictures(items: Sequence[Item]) -> list[tuple[str, str]]:
    """Keys and titles."""
    return [(item.key, item.pages[0].title) for item in items if isinstance(item, SourcePicture)]


def reasons(items: Sequence[Item]) -> Counter[str]:
    return Counter(item.reason for item in items if isinstance(item, Skipped))


def old(path: Path) -> Path:
    """An archive with the old namespaces."""
    return write_old_zim(
        path / "old.zim",
        [
            File(
                "A/Ray_Charles",
                '<img src="../I/Ray.jpg.webp" width=220><img src="../I/m/220px-Band.svg.png">'
                '<img src="../I/Star.svg.png" width=11 height=11><img src="../I/gone.png">'
                '<img src="https://example.org/x.png"><img src="data:image/gif;base64,R0">'
                '<img src="../I/Ray.jpg.webp?again"><img src="../-/arrow.png" width=100>',
                title="Ray Charles",
            ),
            File(
                "A/AC/DC",
                '<img src="../../I/Also_Ray.jpg"><img src="../../I/A%252C_B.jpg"><br>'
                '<img src="../../I/A%2C_B.jpg" class="mwe-math-fallback-image-inline">',
            ),
            File("A/No_pictures", "<p>none</p>"),
            Redirect("A/Ray", "A/Ray_Charles"),
            File("A/Notes", "<img src=../I/Ray.jpg.webp>", "text/plain"),
            File("A/index", "<img src=../I/Ray.jpg.webp>", title="Main Page"),
            File("-/page", "<img src=../I/Ray.jpg.webp>"),
            picture("-/arrow.png", png(7)),
            picture("I/Ray.jpg.webp", encode(draw(1), "WEBP"), "image/webp"),
            picture("I/m/220px-Band.svg.png", png(2)),
            picture("I/Star.svg.png", png(3)),
            picture("I/A%2C_B.jpg", encode(draw(4), "WEBP"), "image/jpeg"),
            Redirect("I/Also_Ray.jpg", "I/Ray.jpg.webp"),
        ],
        {"Name": "wikipedia_en_ray", "Language": "eng", "Date": "2023-09-04"},
        "A/index",
    )


def new(path: Path) -> Path:
    """An archive as libzim writes it now."""
    return write_zim(
        path / "new.zim",
        [
            File(
                "Ray_Charles",
                '<link rel="canonical" href="https://en.wikipedia.org/wiki/Ray_Charles">'
                '<a href="./File:Ray.jpg"><img src="./_assets_/0a/Ray.jpg.webp"></a>'
                '<img src="_assets_/0a/220px-Band.svg.png"><img src="_mw_/arrow.png">',
                title="Ray Charles",
            ),
            File(
                "AC/DC", '<img src="../_assets_/0a/Also_Ray.jpg"><video poster=../_assets_/p.jpg>'
            ),
            File("Café", '<img src="_assets_/Caf%C3%A9%3F.png">'),
            Redirect("Ray", "Ray_Charles"),
            picture("_assets_/0a/Ray.jpg.webp", encode(draw(1), "WEBP"), "image/webp"),
            picture("_assets_/0a/220px-Band.svg.png", png(2)),
            picture("_assets_/p.jpg", png(3)),
            picture("_assets_/Café?.png", png(4)),
            picture("_mw_/arrow.png", png(5)),
            Redirect("_assets_/0a/Also_Ray.jpg", "_assets_/0a/Ray.jpg.webp"),
        ],
        {"Name": "wikipedia_en_ray", "Language": "eng", "Date": "2025-01-31"},
        "Ray_Charles",
    )


async def test_the_old_namespaces(tmp_path: Path) -> None:
    items = await items_of(old(tmp_path))
    assert pictures(items) == [
        # A redirect leads to the picture's own entry; twice encoded, the path is encoded once.
        ("I/Ray.jpg.webp", "AC/DC"),
        # Shown as a formula and as a picture, it is a picture.
        ("I/A%2C_B.jpg", "AC/DC"),
        ("I/Ray.jpg.webp", "Ray_Charles"),
        ("I/m/220px-Band.svg.png", "Ray_Charles"),
    ]
    assert [item.file for item in items if isinstance(item, SourcePicture)] == [
        "Ray.jpg",
        "A,_B.jpg",
        "Ray.jpg",
        "Band.svg",
    ]
    assert [(item.name, item.reason) for item in items if isinstance(item, Skipped)] == [
        ("I/Star.svg.png", ICON),
        ("../I/gone.png", walking.MISSING),
        ("https://example.org/x.png", walking.ELSEWHERE),
        ("-/arrow.png", INTERFACE),
    ]


async def test_the_new_namespaces(tmp_path: Path) -> None:
    items = await items_of(new(tmp_path))
    assert pictures(items) == [
        ("_assets_/0a/Ray.jpg.webp", "AC/DC"),
        ("_assets_/p.jpg", "AC/DC"),
        ("_assets_/Café?.png", "Café"),
        ("_assets_/0a/Ray.jpg.webp", "Ray_Charles"),
        ("_assets_/0a/220px-Band.svg.png", "Ray_Charles"),
    ]
    assert reasons(items) == {INTERFACE: 1}
    first = items[0]
    assert first == SourcePicture(
        "_assets_/0a/Ray.jpg.webp",
        "_assets_/0a/Ray.jpg.webp",
        "Ray.jpg",
        (PageName("AC/DC", None),),
        first.position,
    )


@pytest.mark.parametrize("make", [old, new])
async def test_it_goes_on_behind_every_item(make: Callable[[Path], Path], tmp_path: Path) -> None:
    path = make(tmp_path)
    whole = await items_of(path)
    assert len(whole) >= 6
    for number, item in enumerate(whole, 1):
        stored = json.loads(json.dumps(item.position))
        async with ZimSource(path) as source:
            assert await all_of(source, stored) == whole[number:]


async def test_the_order_and_the_estimate(tmp_path: Path) -> None:
    path = new(tmp_path)
    async with ZimSource(path) as source:
        before = source.total
        whole = await all_of(source)
        assert (before, source.total, len(whole)) == (None, 6, 6)
        assert whole == await all_of(source)
        # What was stored before counts.
        await all_of(source, whole[-1].position)
        assert source.total == 6


@pytest.mark.parametrize(
    "position",
    [
        {"entry": -1, "picture": 0},
        {"entry": "x"},
        {"entry": None, "picture": 1},
        {"entry": 1.5},
    ],
)
async def test_positions_of_something_else(position: Position, tmp_path: Path) -> None:
    async with ZimSource(new(tmp_path)) as source:
        with pytest.raises(ConfigurationError, match="not one of a ZIM"):
            await all_of(source, position)


async def test_a_position_behind_the_end(tmp_path: Path) -> None:
    async with ZimSource(new(tmp_path)) as source:
        assert await all_of(source, {"entry": 10**9, "picture": 1}) == []


async def test_what_the_archive_says_of_itself(tmp_path: Path) -> None:
    path = new(tmp_path)
    source = ZimSource(path)
    assert (source.kind, source.repeats, source.about) == ("zim", True, None)
    assert source.location == str(path)
    async with source:
        checksum = hashlib.md5(path.read_bytes()[:-16]).hexdigest()
        assert source.about == About(
            "wikipedia_en_ray",
            "eng",
            date(2025, 1, 31),
            f"md5:{checksum}",
            "https://en.wikipedia.org/wiki/{title}",
        )
        assert source.location == f"{path}#{open_zim(path).uuid}"


async def test_a_replaced_file_is_another_source(tmp_path: Path) -> None:
    path = new(tmp_path)
    async with ZimSource(path) as source:
        before = source.location
    path.unlink()
    async with ZimSource(new(tmp_path)) as source:
        assert source.location != before


@pytest.mark.parametrize(
    ("metadata", "as_of", "name"),
    [
        ({}, None, None),
        ({"Date": "2023-09-04T10:00:00Z"}, date(2023, 9, 4), None),
        ({"Date": "September 2023", "Name": " "}, None, None),
        ({"Date": "2023-13-45", "Name": "a\x1b[31m\nb"}, None, "a [31m b"),
        ({"Date": "", "Name": "n" * 5000}, None, "n" * 1000),
    ],
)
async def test_metadata_that_is_missing_or_garbled(
    metadata: dict[str, str], as_of: date | None, name: str | None, tmp_path: Path
) -> None:
    path = write_zim(tmp_path / "x.zim", [File("A", "x")], metadata)
    async with ZimSource(path) as source:
        assert source.about is not None
        assert (source.about.as_of, source.about.name) == (as_of, name)
        assert source.about.language is None
        assert source.about.page_url_template is None


@pytest.mark.parametrize(
    ("path", "link", "template"),
    [
        ("AC/DC", "https://x.org/wiki/AC%2FDC", "https://x.org/wiki/{title}"),
        (
            "Café",
            "http://x.org/w/index.php?title=Caf%C3%A9",
            "http://x.org/w/index.php?title={title}",
        ),
        ("Foo", "https://x.org/wiki/Bar", None),
        ("Foo", "ftp://x.org/wiki/Foo", None),
        ("Foo", "Foo", None),
        ("Foo", "https://x.org/{a}/Foo", None),
        ("Foo", "https://x.org/" + "y" * 600 + "/Foo", None),
        ("o", "https://x.org/%66%6Fo", None),
    ],
)
async def test_where_titles_point(
    path: str, link: str, template: str | None, tmp_path: Path
) -> None:
    page = File(path, f'<link rel="canonical" href="{link}">')
    async with ZimSource(write_zim(tmp_path / "x.zim", [page])) as source:
        assert source.about is not None
        assert source.about.page_url_template == template


@pytest.mark.parametrize(
    ("path", "title", "found"),
    [
        ("Ray_Charles", "Something else", "Ray_Charles"),
        ("Ray Charles", "x", "Ray_Charles"),
        ("Ray_Charles.html", "Ray Charles", "Ray_Charles"),
        ("Index.html", "A page", "Index.html"),
        ("a" * 300, "Ray Charles", "Ray_Charles"),
        ("a\tb", "Ray Charles", "Ray_Charles"),
        ("a" * 300, "\x01\x02", None),
    ],
)
async def test_titles(path: str, title: str, found: str | None, tmp_path: Path) -> None:
    html = "<img src=/p.png><img src=/p.png?2><img src=/q.png>"
    entries = [File(path, html, title=title), picture("p.png", png(1)), picture("q.png", png(2))]
    items = await items_of(write_zim(tmp_path / "x.zim", entries))
    if found is None:
        assert reasons(items) == {walking.NO_TITLE: 1}
    else:
        assert pictures(items) == [("p.png", found), ("q.png", found)]


async def test_loading(tmp_path: Path) -> None:
    big = encode(draw(5, (900, 900)), "BMP")
    path = write_old_zim(
        tmp_path / "x.zim",
        [
            picture("I/a.jpg", encode(draw(1), "WEBP"), "image/jpeg"),
            picture("I/b.png", png(2)),
            picture("I/big.bmp", big, "image/bmp"),
            picture("I/broken.png", png(3)),
            picture("I/empty.png", b""),
            Redirect("I/loop.png", "I/loop2.png"),
            Redirect("I/loop2.png", "I/loop.png"),
        ],
        damaged=["I/broken.png"],
    )

    def wanted(key: str) -> SourcePicture:
        return SourcePicture(key, key, None, (PageName("X", None),), {})

    keys = ["big.bmp", "b.png", "gone.png", "a.jpg", "broken.png", "empty.png", "loop.png", "b.png"]
    async with ZimSource(path, max_bytes=100_000) as source:
        assert await source.load([]) == []
        loaded = await source.load([wanted(f"I/{key}") for key in keys])
    too_large, b, gone, a, broken, empty, loop, again = loaded
    assert b == again == png(2)
    assert isinstance(too_large, Unreadable)
    assert too_large.kind == "too_large"
    assert (gone, broken, empty, loop) == (GONE, UNREADABLE, b"", GONE)
    # What is in a file tells its format, not its name.
    assert isinstance(a, bytes)
    read = fingerprint(a, Limits())
    assert isinstance(read, Fingerprint)
    assert read.format == "WEBP"


async def test_damage_is_counted_and_passed_over(tmp_path: Path) -> None:
    html = "<img src=../I/a.png><img src=../I/loop.png><img src=../I/odd.png>"
    path = write_old_zim(
        tmp_path / "x.zim",
        [
            File("A/1", html),
            File("A/2", html),
            File("A/3", html),
            File("A/4", html),
            picture("I/a.png", png(1)),
            picture("I/odd.png", png(2)),
            Redirect("I/loop.png", "I/loop.png"),
        ],
        damaged=["A/2", "I/odd.png"],
        dangling=["A/3"],
    )
    items = await items_of(path)
    assert pictures(items) == [(f"I/{name}.png", title) for title in "14" for name in ("a", "odd")]
    assert reasons(items) == {walking.DAMAGED_ENTRY: 2, walking.MISSING: 2}
    for number, item in enumerate(items, 1):
        async with ZimSource(path) as source:
            assert await all_of(source, item.position) == items[number:]


async def test_an_archive_that_goes_away_is_an_error_and_skips_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(walking, "MOST_DAMAGED_IN_A_ROW", 3)
    pages = [File(f"A/{number}", "<img src=../I/a.png>") for number in range(6)]
    path = write_old_zim(
        tmp_path / "x.zim",
        [*pages, picture("I/a.png", png(1))],
        damaged=["A/0", "A/2", "A/3", "A/4", "A/5"],
    )
    found: list[Item] = []
    async with ZimSource(path) as source:
        with pytest.raises(WhereisError, match="in a row can't be read"):
            found.extend([item async for item in source.items(None)])
        async with aclosing(source.items(None)) as items:
            async for item in items:
                found.append(item)
                if len(found) == 2:
                    break
    assert pictures(found) == [("I/a.png", "1")]
    assert reasons(found) == {walking.DAMAGED_ENTRY: 1}


async def test_pages_that_are_too_much(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(walking, "MAX_PAGE_BYTES", 500_000)
    entries: list[File | Redirect] = [
        File("Deep", "<div>" * 90_000 + "<img src=p.png>"),
        File("Large", "<img src=p.png>" + "x" * 500_000),
        File("Long", f"<img src={'a' * 5_000}><img src=long><img src=p.png>"),
        File("Many", "<img src=p.png>" * 20_000 + "<img src=q.png>"),
        picture("p.png", png(1)),
        picture("q.png", png(1)),
        picture("l" * 1_200, png(1)),
        Redirect("long", "l" * 1_200),
    ]
    items = await items_of(write_zim(tmp_path / "x.zim", entries))
    assert pictures(items) == [("p.png", "Long"), ("p.png", "Many"), ("q.png", "Many")]
    assert reasons(items) == {
        walking.TOO_TANGLED: 1,
        walking.TOO_LARGE: 1,
        walking.MISSING: 1,
        walking.LONG_PATH: 1,
    }
    assert all(len(item.name) <= 200 for item in items)


async def test_a_split_archive(tmp_path: Path) -> None:
    whole = old(tmp_path)
    expected = await items_of(whole)
    data = whole.read_bytes()
    third = len(data) // 3
    for number, ending in enumerate(("aa", "ab", "ac")):
        end = None if number == 2 else (number + 1) * third
        (tmp_path / f"split.zim{ending}").write_bytes(data[number * third : end])
    for name in ("split.zim", "split.zimaa"):
        async with ZimSource(tmp_path / name, verify=True) as source:
            assert await all_of(source) == expected
    (tmp_path / "split.zimac").unlink()
    with pytest.raises(ConfigurationError, match="can't be opened"):
        await items_of(tmp_path / "split.zim")


async def test_verifying(tmp_path: Path) -> None:
    path = old(tmp_path)
    async with ZimSource(path, verify=True) as source:
        assert len(pictures(await all_of(source))) == 4
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data)
    assert len(pictures(await items_of(path))) == 4
    source = ZimSource(path, verify=True)
    with pytest.raises(ConfigurationError, match="its checksum is wrong"):
        await source.__aenter__()
    with pytest.raises(ConfigurationError, match="is not open"):
        await all_of(source)
    with pytest.raises(ConfigurationError, match="has no checksum"):
        next(verification(path, None))


async def test_what_is_no_archive(tmp_path: Path) -> None:
    whole = old(tmp_path).read_bytes()
    wrong = {
        "empty": b"",
        "text": b"This is no archive.\n" * 100,
        "picture": png(1),
        "header": whole[:80],
        "half": whole[: len(whole) // 2],
        "cut": whole[:-1],
    }
    for name, data in wrong.items():
        path = tmp_path / f"{name}.zim"
        path.write_bytes(data)
        with pytest.raises(ConfigurationError, match=f"{name}.zim can't be opened as a ZIM file"):
            await items_of(path)
    for path in (tmp_path, tmp_path / "missing.zim"):
        with pytest.raises(ConfigurationError, match="There is no file"):
            await items_of(path)


@pytest.mark.parametrize("tags", ["wikipedia;_pictures:no;_videos:no", "nopic;wikipedia"])
async def test_an_edition_without_pictures(tags: str, tmp_path: Path) -> None:
    path = write_zim(tmp_path / "x.zim", [File("A", "x")], {"Tags": tags})
    with pytest.raises(ConfigurationError, match=r"without pictures\..* “maxi”"):
        await items_of(path)


@pytest.mark.parametrize("package", ["libzim.reader", "selectolax.lexbor"])
async def test_without_the_extra(
    package: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = new(tmp_path)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigurationError, match=r"pip install 'whereis-bot\[zim\]'"):
        await items_of(path)


async def test_the_loop_runs_meanwhile_and_cancelling_leaves_nothing_behind(tmp_path: Path) -> None:
    html = "".join(f"<img src=p{number}.png>" for number in range(50))
    pages = [File(f"Page_{number:04}", html) for number in range(300)]
    source = ZimSource(write_zim(tmp_path / "x.zim", [*pages, picture("p1.png", png(1))]))
    seen = 0
    started = asyncio.Event()

    async def consume() -> None:
        nonlocal seen
        async with source, aclosing(source.items(None)) as items:
            async for _ in items:
                seen += 1
                started.set()

    turns = 0
    task = asyncio.create_task(consume())
    while not started.is_set():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 10
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert 0 < seen < 300 * 50
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not others
    # It can be used again.
    async with source:
        assert len(await all_of(source)) == 300 * 50


async def test_a_real_archive(corpus: Path) -> None:
    # 139 pages show 145 pictures 848 times.  702 times it is one of 8 icons of at most 25 pixels,
    # rating stars mostly: once an article, that is 229 times.  Of the 121 icons inside of what
    # MediaWiki calls "noviewer" that leaves 6, logos.  The other 134 pictures are shown 140 times,
    # and none of them twice on an article.
    async with ZimSource(corpus / "zim" / RAY_CHARLES, verify=True) as source:
        items = await all_of(source)
        assert source.about == About(
            "wikipedia_en_ray_charles",
            "eng",
            date(2023, 9, 4),
            "md5:a931dddeaddf7235745f4e7e16d63948",
            "https://en.wikipedia.org/wiki/{title}",
        )
        assert source.location.endswith("#c851c142-e9b3-82a1-6d4c-f352ef0e0ea6")
        by_key = {item.key: item for item in items if isinstance(item, SourcePicture)}
        loaded = await source.load(list(by_key.values()))
    assert reasons(items) == {ICON: 229, INTERFACE: 6}
    assert len(pictures(items)) == 140
    assert len(by_key) == 134
    assert len({item.name for item in items}) == 145
    most, pages = Counter(key for key, _ in pictures(items)).most_common(1)[0]
    assert (most, pages) == ("I/Ray_Charles_classic_piano_pose.jpg.webp", 3)
    assert ("I/Lovemetonight.jpg.webp", "(Turn_Out_the_Light_And)_Love_Me_Tonight") in pictures(
        items
    )
    files = {item.file for item in by_key.values()}
    assert len(files) == 134
    assert {
        "Ray_Charles_-_Genius_&_Friends.jpg",
        "Nixon_meeting_with_Ray_Charles_in_the_oval_office_-_NARA_-_194452.tif",
        "Willie_Nelson_Wynton_Marsalis_and_Norah_Jones_(cropped).JPG",
    } <= files
    for data in loaded:
        assert isinstance(data, bytes)
        assert isinstance(fingerprint(data, Limits()), Fingerprint)


async def test_archives_that_are_invalid(corpus: Path) -> None:
    refused: dict[str, str] = {}
    skipped: dict[str, Counter[str]] = {}
    for path in sorted((corpus / "zim").glob("invalid.*.zim")):
        name = path.name.removeprefix("invalid.").removesuffix(".zim")
        try:
            items = await items_of(path)
        except ConfigurationError as error:
            refused[name] = error.sentence
        else:
            assert not pictures(items)
            skipped[name] = reasons(items)
    assert sorted(refused) == [
        "bad_mimetype_list",
        "nonsorted_dirent_table",
        "outofbounds_clusterptrpos",
        "outofbounds_first_direntptr",
        "outofbounds_urlptrpos",
        "smaller_than_header",
    ]
    for sentence in refused.values():
        assert "can't be opened as a ZIM file: " in sentence
        assert "\n" not in sentence
    assert skipped == {
        "bad_mimetype_in_dirent": {walking.DAMAGED_ENTRY: 1},
        # The list of titles is never asked.
        "outofbounds_last_title_entry": {},
    }


async def test_an_invalid_archive_is_told_by_its_checksum(corpus: Path) -> None:
    path = corpus / "zim" / "invalid.outofbounds_last_title_entry.zim"
    with pytest.raises(ConfigurationError, match="its checksum is wrong"):
        async with ZimSource(path, verify=True):
            pass
