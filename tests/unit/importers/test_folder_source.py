"""Folders of pictures: what is found in them, in which order, and how a walk goes on."""

import asyncio
import json
import os
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.images import Unreadable
from bot.importers.folder import FolderSource, Item, _walk
from bot.importers.model import PictureSource, Position, Skipped, SourcePicture
from bot.titles import PageName
from tests.drawing import png

PAGE = "https://example.org/page"
MAX_BYTES = 100_000

not_as_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")


def write(folder: Path, *names: str, text: str = "") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def source_of(folder: Path, page_from: str | Path = "name") -> FolderSource:
    return FolderSource(folder, str(page_from), max_bytes=MAX_BYTES)


async def items(
    folder: Path, page_from: str | Path = "name", after: Position | None = None
) -> list[Item]:
    async with source_of(folder, page_from) as source:
        return [item async for item in source.items(after)]


async def read(
    folder: Path, page_from: str | Path = "name"
) -> tuple[list[SourcePicture], dict[str, str]]:
    """The pictures of a folder, and the reasons for what was skipped, by name or by line."""
    found = await items(folder, page_from)
    return (
        [item for item in found if isinstance(item, SourcePicture)],
        {item.name: item.reason for item in found if isinstance(item, Skipped)},
    )


async def titles(folder: Path, page_from: str | Path = "name") -> list[str]:
    return [page.title for picture in (await read(folder, page_from))[0] for page in picture.pages]


async def goes_on(folder: Path, page_from: str | Path = "name") -> list[Item]:
    """Everything there is, having checked that it goes on behind each item, over JSON."""
    whole = await items(folder, page_from)
    for number, item in enumerate(whole, 1):
        after = json.loads(json.dumps(item.position, allow_nan=False).encode())
        assert await items(folder, page_from, after) == whole[number:], item
    positions = [json.dumps(item.position) for item in whole]
    assert len(set(positions)) == len(positions)
    return whole


async def test_every_picture_below_a_folder_in_order(tmp_path: Path) -> None:
    write(tmp_path, "b.PNG", "a.jpg", "z/1.svg", "z/0/2.webp", "c/3.gif", "C.tiff")
    found, skipped = await read(tmp_path)
    assert [picture.key for picture in found] == [
        "C.tiff",
        "a.jpg",
        "b.PNG",
        "c/3.gif",
        "z/1.svg",
        "z/0/2.webp",
    ]
    assert found[4] == SourcePicture(
        "z/1.svg", "z/1.svg", "1.svg", (PageName("1", None),), {"path": "z/1.svg"}
    )
    assert skipped == {}


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Mount_Everest.jpg", "Mount_Everest"),
        ("Mount Everest.jpg", "Mount_Everest"),
        ("St. Mark's.jpeg", "St._Mark's"),
        ("Cafe\u0301.png", "Café"),
        ("富士山.svg", "富士山"),
    ],
)
async def test_a_title_from_a_name(tmp_path: Path, name: str, title: str) -> None:
    write(tmp_path, name)
    assert await titles(tmp_path) == [title]


async def test_what_is_no_picture_is_told(tmp_path: Path) -> None:
    write(tmp_path, "notes.txt", "noextension", "a.jpg", "___.png", ".hidden.jpg", ".git/b.jpg")
    os.mkfifo(tmp_path / "pipe.png")
    found, skipped = await read(tmp_path)
    assert [picture.file for picture in found] == ["a.jpg"]
    assert skipped == {
        "___.png": "There is no title. Type the page's title, or paste its link.",
        "noextension": "not a picture",
        "notes.txt": "not a picture",
        "pipe.png": "not a file",
    }


async def test_names_that_are_hostile(tmp_path: Path) -> None:
    odd = os.fsdecode(b"\xff")
    (tmp_path / f"{odd}.png").touch()
    (tmp_path / f"d{odd}").mkdir()
    (tmp_path / f"d{odd}" / "a.png").touch()
    long = "n" * 251 + ".png"
    write(tmp_path, "a\nb.png", "c.png", "\x1b[2J.txt", "\u202egnp.txt", "d\\e.png", long)
    whole = await goes_on(tmp_path)
    assert [item.key for item in whole if isinstance(item, SourcePicture)] == [
        "c.png",
        "d\\e.png",
        long,
    ]
    assert {item.name: item.reason for item in whole if isinstance(item, Skipped)} == {
        "\\x1b[2J.txt": "not a picture",
        "a\\nb.png": "A title is one line of plain text. Type it again.",
        "\\u202egnp.txt": "not a picture",
        "\\udcff.png": "a name that is no text",
        "d\\udcff": "a name that is no text",
    }


async def test_links_lead_nowhere_else(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    write(outside, "secret.jpg")
    write(inside, "real.jpg")
    (inside / "again.jpg").symlink_to("real.jpg")
    (inside / "away.jpg").symlink_to(outside / "secret.jpg")
    (inside / "broken.jpg").symlink_to("nothing.jpg")
    (inside / "loop.jpg").symlink_to("loop.jpg")
    (inside / "folder").symlink_to(outside)
    (inside / "round").symlink_to(inside)
    found, skipped = await read(inside)
    assert [picture.file for picture in found] == ["again.jpg", "real.jpg"]
    assert skipped == {
        "away.jpg": "a link that leads outside",
        "broken.jpg": "a link that leads nowhere",
        "folder": "a link that leads outside",
        "loop.jpg": "a link that leads nowhere",
        "round": "not a file",
    }


async def test_a_folder_that_is_a_link_is_read(tmp_path: Path) -> None:
    write(tmp_path / "real", "a.jpg")
    (tmp_path / "link").symlink_to("real")
    assert await titles(tmp_path / "link") == ["a"]
    assert source_of(tmp_path / "link").location == source_of(tmp_path / "real").location


@pytest.mark.parametrize("page_from", ["name", "sidecar"])
async def test_no_folder(tmp_path: Path, page_from: str) -> None:
    write(tmp_path, "file")
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path / "missing", tmp_path / "file", tmp_path / "loop"):
        with pytest.raises(ConfigurationError, match="There is no folder"):
            await read(path, page_from)


async def test_a_path_that_can_be_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read: File name too long"):
        await read(tmp_path / ("n" * 300))


async def test_no_such_source_of_titles(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="sidecar"):
        await read(tmp_path, "exif")


def test_what_a_source_says_of_itself(tmp_path: Path) -> None:
    source: PictureSource = source_of(tmp_path)
    assert (source.kind, source.repeats, source.about) == ("folder", False, None)
    assert source.total is None
    locations = [source_of(tmp_path, "a.csv").location, source_of(tmp_path).location]
    locations += [source_of(tmp_path / "b").location, source_of(tmp_path, "sidecar").location]
    assert len(set(locations)) == 4
    assert all(str(tmp_path) in location for location in locations)


async def test_titles_from_sidecars(tmp_path: Path) -> None:
    long = "n" * 251 + ".jpg"
    write(tmp_path, "a.jpg", "b.jpg", "sub/c.jpg", "d.jpg", "d.json/x", long)
    write(tmp_path, "a.jpg.json", text='{"title": "Mount Everest", "more": [1]}')
    write(tmp_path, "sub/c.json", text=f'{{"title": "Ulam_spiral", "url": "{PAGE}"}}')
    (tmp_path / "b.json").symlink_to("a.jpg.json")
    found, skipped = await read(tmp_path, "sidecar")
    assert [(picture.file, *picture.pages) for picture in found] == [
        ("a.jpg", PageName("Mount_Everest", None)),
        ("c.jpg", PageName("Ulam_spiral", PAGE)),
    ]
    assert skipped == {
        "b.jpg": "no .json beside it",
        "d.jpg": "no .json beside it",
        long: "no .json beside it",
        "d.json/x": "not a picture",
    }


@pytest.mark.parametrize(
    ("sidecar", "reason"),
    [
        ("", "its .json is no JSON"),
        ("{", "its .json is no JSON"),
        ("[" * 60_000, "its .json is no JSON"),
        ("1" * 60_000, "its .json is no JSON"),
        ("[]", 'its .json has no "title"'),
        ("{}", 'its .json has no "title"'),
        ('{"title": 1}', 'its .json has no "title"'),
        ('{"title": ""}', "There is no title."),
        ('{"title": "a\\nb"}', "A title is one line"),
        ('{"title": "\\ud800"}', "A title is one line"),
        ('{"title": "a", "url": 1}', 'the "url" in its .json is no text'),
        ('{"title": "a", "url": "javascript:x"}', "I only take links"),
        ('{"title": "a", "url": "https://u:p@example.org/"}', "That link carries"),
        ('{"title": "a"}' + " " * 70_000, "its .json is larger than 64 KB"),
    ],
)
async def test_sidecars_that_are_wrong(tmp_path: Path, sidecar: str, reason: str) -> None:
    write(tmp_path, "a.jpg", "b.jpg")
    write(tmp_path, "a.jpg.json", text=sidecar)
    write(tmp_path, "b.jpg.json", text='{"title": "B"}')
    found, skipped = await read(tmp_path, "sidecar")
    assert [picture.pages[0].title for picture in found] == ["B"]
    assert skipped["a.jpg"].startswith(reason)


async def test_titles_from_a_table(tmp_path: Path) -> None:
    write(tmp_path, "pictures/a.jpg", "pictures/sub/b c.jpg", "pictures/d.jpg", "secret.jpg")
    write(tmp_path, "pictures/.hidden/e.jpg", "pictures/f.txt")
    (tmp_path / "pictures" / "round").symlink_to("sub")
    table = tmp_path / "pictures" / "pages.CSV"
    table.write_text(
        "\ufeffFile, title,url\n"
        "sub/b c.jpg,Ulam spiral,\n"
        f'./a.jpg,"Paris, Texas",{PAGE}\n'
        "a.jpg,Mount_Everest,\n"
        "a.jpg,Mount Everest,\n"
        "gone.jpg,Nothing,\n"
        "../secret.jpg,Nothing,\n"
        "gone.jpg,Nothing else,\n"
        ".hidden/e.jpg,Nothing,\n"
        "round/b c.jpg,Nothing,\n"
        "a\x00.jpg,Nothing,\n"
        f"{tmp_path}/pictures/a.jpg,Nothing,\n"
        "f.txt,Nothing,\n",
        encoding="utf-8",
    )
    found, skipped = await read(tmp_path / "pictures", table)
    assert [(picture.key, *picture.pages) for picture in found] == [
        ("a.jpg", PageName("Paris,_Texas", PAGE), PageName("Mount_Everest", None)),
        ("sub/b c.jpg", PageName("Ulam_spiral", None)),
    ]
    absent = "in pages.CSV, but no picture in the folder"
    assert skipped == {
        "d.jpg": "not in pages.CSV",
        "f.txt": absent,
        "round": "not a file",
        "gone.jpg": absent,
        "../secret.jpg": absent,
        ".hidden/e.jpg": absent,
        "round/b c.jpg": absent,
        "a\\x00.jpg": absent,
        f"{tmp_path}/pictures/a.jpg": absent,
    }
    whole = await goes_on(tmp_path / "pictures", table)
    # Of a picture that is not there, one word is enough.
    assert [item.name for item in whole].count("gone.jpg") == 1


async def test_a_table_without_links(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg")
    write(tmp_path, "pages.csv", text="title,file\r\n\r\nMount Everest,a.jpg\r\n")
    assert await titles(tmp_path, tmp_path / "pages.csv") == ["Mount_Everest"]


async def test_a_table_of_many_lines(tmp_path: Path) -> None:
    write(tmp_path, *(f"{number}.jpg" for number in range(10)))
    lines = "".join(f"{number}.jpg,Page {number}\n" for number in reversed(range(2500)))
    write(tmp_path, "pages.csv", text="file,title\n" + lines)
    found, skipped = await read(tmp_path, tmp_path / "pages.csv")
    assert [picture.pages[0].title for picture in found] == [f"Page_{n}" for n in range(10)]
    assert len(skipped) == 2490


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",Title,", "it needs a file and a title"),
        ("b.jpg", "it needs a file and a title"),
        ("b.jpg,,", "it needs a file and a title"),
        ("b.jpg,__,", "There is no title"),
        ("b.jpg,B,ftp://example.org/", "I only take links"),
        ("b.jpg,Paris, Texas,", "more columns"),
    ],
)
async def test_lines_that_are_wrong_are_told(tmp_path: Path, line: str, reason: str) -> None:
    write(tmp_path, "a.jpg")
    write(tmp_path, "pages.csv", text=f"file,title,url\n{line}\na.jpg,A,\n")
    found, skipped = await read(tmp_path, tmp_path / "pages.csv")
    assert [picture.pages[0].title for picture in found] == ["A"]
    assert list(skipped) == ["pages.csv line 2"]
    assert skipped["pages.csv line 2"].startswith(reason)


async def test_a_picture_whose_line_is_wrong(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg", "b.jpg")
    write(tmp_path, "pages.csv", text="file,title\na.jpg,__\nb.jpg,__\nb.jpg,B\n")
    whole = await goes_on(tmp_path, tmp_path / "pages.csv")
    assert [item.name for item in whole] == [
        "a.jpg",
        "b.jpg",
        "pages.csv line 2",
        "pages.csv line 3",
    ]
    assert isinstance(whole[0], Skipped)
    assert whole[0].reason == "its line in pages.csv is wrong"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must name the columns: file,title or file,title,url"),
        (b"a.jpg,A\n", "must name the columns"),
        (b"file,title\n\xff.jpg,A\n", r"not UTF-8 text \(line 2\)"),
        ("file,title\n".encode("utf-16"), "not UTF-8"),
        (b'file,title\na.jpg,"A\n', "is no CSV file"),
        (b"file,title\na.jpg," + b"A" * 200_000, "is no CSV file"),
        (b"file,title\na.jpg,A\rb.jpg,B\r", "is no CSV file"),
        (b"file,title\na.jpg" + b"," * 1_100_000, "Line 2 of .* is longer than 1024 KB"),
        (b"file,title\na.jpg" + b',"\n"' * 300_000, "is longer than 1024 KB"),
    ],
)
async def test_tables_that_are_none(tmp_path: Path, content: bytes, message: str) -> None:
    table = tmp_path / "pages.csv"
    table.write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        await read(tmp_path, table)


async def test_no_table(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("pages.csv", "pipe.csv"):
        with pytest.raises(ConfigurationError, match="There is no file"):
            await read(tmp_path, tmp_path / name)


async def test_it_goes_on_behind_every_item(tmp_path: Path) -> None:
    # Names that compare differently as paths and as steps down, and files beside like folders.
    write(tmp_path, "a.jpg", "a/b.jpg", "a/b/c.jpg", "a/b/d.txt", "a b/x.jpg", "a!.jpg", "ä/1.png")
    write(tmp_path, "b/a/deep/er/1.jpg", "b/a.jpg", "b/notes", "A.jpg/inside.jpg", "z.jpg")
    (tmp_path / "empty").mkdir()
    assert len(await goes_on(tmp_path)) == 12


async def test_it_goes_on_where_something_has_gone_or_come(tmp_path: Path) -> None:
    write(tmp_path, "a/1.jpg", "a/2.jpg", "a/3.jpg", "b/1.jpg", "b/c/1.jpg", "c.jpg")
    whole = await items(tmp_path)
    rest = {item.name: [later.name for later in whole[n:]] for n, item in enumerate(whole, 1)}
    (tmp_path / "a" / "2.jpg").unlink()
    assert [i.name for i in await items(tmp_path, after={"path": "a/2.jpg"})] == rest["a/2.jpg"]
    (tmp_path / "b" / "c" / "1.jpg").unlink()
    (tmp_path / "b" / "c").rmdir()
    assert await items(tmp_path, after={"path": "b/c/1.jpg"}) == []
    write(tmp_path, "a/25.jpg", "a/0.jpg")
    after = {"path": "a/2.jpg"}
    assert [i.name for i in await items(tmp_path, after=after)][:2] == ["a/25.jpg", "a/3.jpg"]
    # What was a file is a folder now, and comes with the folders.
    (tmp_path / "c.jpg").unlink()
    write(tmp_path, "c.jpg/new.jpg")
    assert [i.name for i in await items(tmp_path, after={"path": "c.jpg"})][-1] == "c.jpg/new.jpg"


async def test_folders_before_the_position_are_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a/1/1.jpg", "b/1/1.jpg", "b/2/1.jpg", "c/1.jpg")
    opened: list[str] = []
    scandir = os.scandir

    def watched(path: Path) -> object:
        opened.append(Path(path).relative_to(tmp_path).as_posix())
        return scandir(path)

    walking = _walk.walk(tmp_path, _walk.place_of({"path": "b/2/0.jpg"}))
    monkeypatch.setattr(os, "scandir", watched)
    assert [entry.path for entry in walking if entry] == ["b/2/1.jpg", "c/1.jpg"]
    assert opened == [".", "b", "b/2", "c"]


def refuse_to_scan(monkeypatch: pytest.MonkeyPatch, refused: Callable[[Path], bool]) -> None:
    """Folders that root, too, can't open."""
    scandir = os.scandir

    def scan(path: Path) -> object:
        if refused(Path(path)):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", scan)


async def test_a_folder_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a/1.jpg", "b/1.jpg", "b/sub/1.jpg", "c/1.jpg")
    with monkeypatch.context() as patched:
        refuse_to_scan(patched, lambda path: path.name == "b")
        whole = await goes_on(tmp_path)
        assert whole[1] == Skipped("b", "a folder that can't be opened", {"path": "b/"})
        assert [item.name for item in whole] == ["a/1.jpg", "b", "c/1.jpg"]
    # Once it can be, what is in it comes behind the word that it could not.
    names = [item.name for item in await items(tmp_path, after=whole[1].position)]
    assert names == ["b/1.jpg", "b/sub/1.jpg", "c/1.jpg"]


@not_as_root
async def test_a_folder_without_permission(tmp_path: Path) -> None:
    write(tmp_path, "a/1.jpg", "b/1.jpg")
    (tmp_path / "a").chmod(0)
    try:
        whole = await goes_on(tmp_path)
    finally:
        (tmp_path / "a").chmod(0o700)
    assert [item.name for item in whole] == ["a", "b/1.jpg"]


async def test_the_whole_folder_goes_away(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    write(folder, "a.jpg")
    async with source_of(folder) as source:
        folder.rename(tmp_path / "elsewhere")
        with pytest.raises(ConfigurationError, match="can't be read: No such file"):
            await anext(aiter(source.items(None)))


async def test_a_folder_of_many_files_comes_in_order(tmp_path: Path) -> None:
    names = [f"{number}.jpg" for number in range(2500)]
    write(tmp_path, *names)
    async with source_of(tmp_path) as source:
        found = [item.name async for item in source.items(None)]
        assert found == sorted(names)
        middle = found.index("1500.jpg")
        rest = [item.name async for item in source.items({"path": "1500.jpg"})]
        assert rest == found[middle + 1 :]


async def test_how_many_there_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.jpg", "sub/b.jpg", "sub/notes.txt", ".hidden/c.jpg", ".d.jpg")
    write(tmp_path, "a.json", "sub/b.json", text='{"title": "A"}')
    for page_from in ("name", "sidecar"):
        async with source_of(tmp_path, page_from) as source:
            count = source._count
            assert count is not None
            expected = len([item async for item in source.items(None)])
            assert (await count.found(), source.total) == (expected, expected)
    monkeypatch.setattr(_walk, "MOST_COUNTED", 3)
    async with source_of(tmp_path) as source:
        count = source._count
        assert count is not None
        assert (await count.found(), source.total) == (None, None)


async def test_the_bytes_of_a_group(tmp_path: Path) -> None:
    drawn = png(1)
    (tmp_path / "a.png").write_bytes(drawn)
    (tmp_path / "b.png").write_bytes(b"x" * MAX_BYTES)
    (tmp_path / "c.png").write_bytes(b"x" * (MAX_BYTES + 1))
    write(tmp_path, "empty.png", "gone.png", "pipe.png", "folder.png")
    async with source_of(tmp_path) as source:
        pictures = [p async for p in source.items(None) if isinstance(p, SourcePicture)]
        # Between the walk and the reading, files change.
        for name in ("gone.png", "pipe.png", "folder.png"):
            (tmp_path / name).unlink()
        os.mkfifo(tmp_path / "pipe.png")
        (tmp_path / "folder.png").mkdir()
        loaded = dict(zip((p.key for p in pictures), await source.load(pictures), strict=True))
        assert await source.load([pictures[1], pictures[0]]) == [b"x" * MAX_BYTES, drawn]
        assert await source.load([]) == []
    assert loaded["a.png"] == drawn
    told = {key: data for key, data in loaded.items() if isinstance(data, Unreadable)}
    assert {key: data.kind for key, data in told.items()} == {
        "c.png": "too_large",
        "empty.png": "empty",
        "folder.png": "damaged",
        "gone.png": "damaged",
        "pipe.png": "damaged",
    }
    assert told["gone.png"].reason == "I can't open that file: No such file or directory."
    assert told["pipe.png"].reason == "I can't open that file: it is not a file."


async def test_one_may_stop_in_the_middle(tmp_path: Path) -> None:
    write(tmp_path, *(f"{number}.jpg" for number in range(500)))
    write(tmp_path, "pages.csv", text="file,title\n" + "1.jpg,A\nnone.jpg,B\n" * 1000)
    async with source_of(tmp_path, tmp_path / "pages.csv") as source:
        async with aclosing(source.items(None)) as some:
            first = await anext(some)
        assert first.name == "0.jpg"
        # And again, while a thread is at work.
        reading = asyncio.ensure_future(anext(aiter(source.items(first.position))))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert (await anext(aiter(source.items(first.position)))).name == "1.jpg"


async def test_the_corpus(corpus: Path) -> None:
    photos = corpus / "photos"
    first = await items(photos)
    assert first
    assert first == await items(photos)
    pictures = [item for item in first if isinstance(item, SourcePicture)]
    assert all(" " not in page.title for picture in pictures for page in picture.pages)
    assert len(first) == sum(path.is_file() for path in photos.rglob("*"))
    async with source_of(photos) as source:
        loaded = await source.load(pictures[:20])
    assert [len(data) for data in loaded if isinstance(data, bytes)] == [
        (photos / picture.key).stat().st_size
        for picture in pictures[:20]
        if (photos / picture.key).stat().st_size <= MAX_BYTES
    ]
