"""Lists of links: what their lines mean, and how reading them goes on."""

import asyncio
import json
import tracemalloc
from contextlib import aclosing
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.importers.model import PictureSource, Position, Skipped, SourcePicture
from bot.importers.url_list import Item, UrlListSource
from bot.net import Fetcher
from bot.titles import PageName

TEMPLATE = "https://en.example.org/wiki/{title}"
PICTURE = "https://pictures.example.org/a.png"


def source_of(table: Path) -> UrlListSource:
    # Never entered: whoever only reads the lines downloads nothing.
    return UrlListSource(table, Fetcher(), TEMPLATE)


def write(folder: Path, *lines: str, header: str = "image_url,page,title") -> Path:
    table = folder / "list.csv"
    table.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return table


async def items(table: Path, after: Position | None = None) -> list[Item]:
    async with source_of(table) as source:
        return [item async for item in source.items(after)]


async def goes_on(table: Path) -> list[Item]:
    """Everything there is, having checked that it goes on behind each item, over JSON."""
    whole = await items(table)
    for number, item in enumerate(whole, 1):
        after = json.loads(json.dumps(item.position))
        assert await items(table, after) == whole[number:], item
    return whole


async def page_of(folder: Path, page: str, title: str = "") -> PageName | str:
    """The page that a line names, or why it names none."""
    (item,) = await items(write(folder, f'{PICTURE},"{page}","{title}"'))
    return item.pages[0] if isinstance(item, SourcePicture) else item.reason


async def link_of(folder: Path, link: str) -> SourcePicture | Skipped:
    (item,) = await items(write(folder, f'"{link}",Page'))
    return item


async def test_each_line_is_a_picture_of_a_page(tmp_path: Path) -> None:
    table = write(
        tmp_path,
        f"{PICTURE},Mount Everest",
        "",
        f'{PICTURE},"Paris, Texas",',
        "http://other.example.org/picture?id=7,https://en.example.org/wiki/Ulam_spiral",
    )
    whole = await goes_on(table)
    assert whole == [
        SourcePicture(PICTURE, PICTURE, "a.png", (PageName("Mount_Everest", None),), {"line": 2}),
        SourcePicture(PICTURE, PICTURE, "a.png", (PageName("Paris,_Texas", None),), {"line": 4}),
        SourcePicture(
            "http://other.example.org/picture?id=7",
            "http://other.example.org/picture?id=7",
            None,
            (PageName("Ulam_spiral", None),),
            {"line": 5},
        ),
    ]


def test_what_a_source_says_of_itself(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to("list.csv")
    source: PictureSource = source_of(tmp_path / "list.csv")
    assert (source.kind, source.repeats, source.about, source.total) == ("urls", True, None, None)
    assert source.location == str(tmp_path.resolve() / "list.csv")
    assert source_of(tmp_path / "link.csv").location == source.location


async def test_what_a_page_is(tmp_path: Path) -> None:
    assert await page_of(tmp_path, " Mount Everest ") == ("Mount_Everest", None)
    assert await page_of(tmp_path, "https://en.m.example.org/wiki/A%20b") == ("A_b", None)
    elsewhere = "https://blog.example.net/posts/7"
    assert await page_of(tmp_path, elsewhere) == ("7", elsewhere)
    assert await page_of(tmp_path, "ftp://example.org/") == (
        "I only take links that start with http:// or https://."
    )
    assert await page_of(tmp_path, "a\nb") == "A title is one line of plain text. Type it again."


async def test_a_title_for_a_link(tmp_path: Path) -> None:
    elsewhere = "https://blog.example.net/posts/7"
    here = "https://en.example.org/wiki/Ulam_spiral"
    assert await page_of(tmp_path, elsewhere, "My trip") == ("My_trip", elsewhere)
    assert await page_of(tmp_path, f"<{elsewhere}>", "My trip") == ("My_trip", elsewhere)
    # Under another title the template would lead elsewhere, so that the link is kept.
    assert await page_of(tmp_path, here, "The spiral") == ("The_spiral", here)
    assert await page_of(tmp_path, here, "Ulam spiral") == ("Ulam_spiral", None)
    assert await page_of(tmp_path, "Ulam spiral", "The spiral") == ("Ulam_spiral", None)
    assert str(await page_of(tmp_path, elsewhere, "__")).startswith("There is no title.")
    assert str(await page_of(tmp_path, elsewhere, "x" * 300)).startswith("That title is longer")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a.png,Page", "not a web link"),
        ("ftp://example.org/a.png,Page", "not a web link"),
        ("https://,Page", "not a web link"),
        ("https:///a.png,Page", "not a web link"),
        ("https://[::1/a.png,Page", "not a web link"),
        ("https://example.org/a b.png,Page", "not a web link"),
        (r"https://example.org\a.png,Page", "not a web link"),
        ("https://example.org/" + "a" * 5000 + ",Page", "not a web link"),
        (",Page", "not a web link"),
        (PICTURE, "no page"),
        (f"{PICTURE},", "no page"),
        (f"{PICTURE}, ,Title", "no page"),
        (f"{PICTURE},Paris, Texas,", 'more columns than the first line names; put "…" around'),
    ],
)
async def test_lines_that_are_wrong_are_told(tmp_path: Path, line: str, reason: str) -> None:
    table = write(tmp_path, f"{PICTURE},A", line, f"{PICTURE},B")
    first, wrong, last = await goes_on(table)
    assert isinstance(first, SourcePicture)
    assert isinstance(last, SourcePicture)
    assert isinstance(wrong, Skipped)
    assert wrong.reason.startswith(reason)
    assert wrong.name.startswith("list.csv line 3: " + line.partition(",")[0][:60])
    assert len(wrong.name) < 120
    assert wrong.position == {"line": 3}


async def test_a_line_does_not_write_to_the_terminal(tmp_path: Path) -> None:
    item = await link_of(tmp_path, "\x1b[2Jhttp://example.org/\u202e")
    assert item.name == "list.csv line 2: \\x1b[2Jhttp://example.org/\\u202e"


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/wiki/Mount_Everest.jpg", "Mount_Everest.jpg"),
        ("/a/Caf%C3%A9%20au%20lait.PNG?width=300#top", "Café au lait.PNG"),
        ("/a/富士山.svg", "富士山.svg"),
        ("/a/picture", None),
        ("/a/page.html", None),
        ("/a.png/", None),
        ("/", None),
        ("", None),
        ("/%FF.png", None),
        ("/a%2Fb.png", None),
        ("/a%5Cb.png", None),
        ("/..%2f..%2fa.png", None),
        ("/a%00.png", None),
        ("/a%0Ab.png", None),
        ("/.png", None),
        ("/" + "n" * 300 + ".png", None),
        ("/picture?file=a.png", None),
    ],
)
async def test_the_name_of_a_file(tmp_path: Path, path: str, file: str | None) -> None:
    item = await link_of(tmp_path, f"https://example.org{path}")
    assert isinstance(item, SourcePicture)
    assert item.file == file
    assert item.key == f"https://example.org{path}"


async def test_columns_in_any_order_with_others_between(tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_bytes(
        b"\xef\xbb\xbfid,Page , image_url\r\n"
        b"1,A,https://example.org/a.png\r\n"
        b'2,"B",https://example.org/b.png'
    )
    whole = await goes_on(table)
    pictures = [item for item in whole if isinstance(item, SourcePicture)]
    assert [(picture.file, picture.pages[0].title) for picture in pictures] == [
        ("a.png", "A"),
        ("b.png", "B"),
    ]
    assert [item.position for item in whole] == [{"line": 2}, {"line": 3}]


async def test_a_line_that_is_several(tmp_path: Path) -> None:
    table = write(tmp_path, f'{PICTURE},"A\nb"', f"{PICTURE},C")
    assert [item.position for item in await goes_on(table)] == [{"line": 3}, {"line": 4}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must name the columns: image_url,page or image_url,page,title"),
        (b"https://example.org/a.png,A\n", "must name the columns"),
        (b"image_url;page\nhttps://example.org/a.png;A\n", "must name the columns"),
        ("image_url,page\n".encode("utf-16"), "not UTF-8"),
    ],
)
async def test_tables_that_are_none(tmp_path: Path, content: bytes, message: str) -> None:
    table = tmp_path / "list.csv"
    table.write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        await items(table)


async def test_no_table(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "list.csv"):
        with pytest.raises(ConfigurationError, match="There is no file"):
            await items(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"https://example.org/\xff.png,A\n", r"not UTF-8 text \(line 302\). Save it as UTF-8"),
        (b'https://example.org/a.png,"A"b\n', r"no CSV file: .* \(line 302\)"),
        (b'https://example.org/a.png,"A\n', "no CSV file"),
        (b"x" * 1_100_000, "Line 302 of .* is longer"),
    ],
)
async def test_a_broken_line_stops_what_comes_behind_it_alone(
    tmp_path: Path, line: bytes, message: str
) -> None:
    table = write(tmp_path, *(f"{PICTURE},Page {number}" for number in range(300)))
    good = table.read_bytes()
    table.write_bytes(good + line)
    async with source_of(table) as source, aclosing(source.items(None)) as some:
        found = [await anext(some) for _ in range(300)]
        with pytest.raises(ConfigurationError, match=message):
            await anext(some)
    # It is corrected, and goes on where it was.
    table.write_bytes(good + b"https://example.org/a.png,A\n")
    (last,) = await items(table, found[-1].position)
    assert last.position == {"line": 302}


async def test_it_goes_on_in_a_table_that_grew_or_shrank(tmp_path: Path) -> None:
    table = write(tmp_path, f"{PICTURE},A", f"{PICTURE},B")
    assert await items(table, {"line": 3}) == []
    assert await items(table, {"line": 99}) == []
    write(tmp_path, f"{PICTURE},A", f"{PICTURE},B", f"{PICTURE},C")
    (last,) = await items(table, {"line": 3})
    assert last.position == {"line": 4}


@pytest.mark.parametrize("end", ["", "\n"])
async def test_how_many_lines_there_are(tmp_path: Path, end: str) -> None:
    table = write(tmp_path, *(f"{PICTURE},Page {number}" for number in range(5)))
    table.write_text(table.read_text().removesuffix("\n") + end)
    async with source_of(table) as source:
        count = source._count
        assert count is not None
        assert (await count.found(), source.total) == (5, 5)


async def test_a_long_table_takes_no_memory(tmp_path: Path) -> None:
    table = write(tmp_path, *(f"https://example.org/{n}.png,Page {n}" for n in range(20_000)))
    async with source_of(table) as source:
        assert source._count
        await source._count.found()
        tracemalloc.start()
        try:
            count = 0
            async for _ in source.items(None):
                count += 1
            behind = [item async for item in source.items({"line": 19_999})]
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (count, len(behind)) == (20_000, 2)
    assert most < table.stat().st_size


async def test_one_may_stop_in_the_middle(tmp_path: Path) -> None:
    table = write(tmp_path, *(f"{PICTURE},Page {number}" for number in range(1000)))
    async with source_of(table) as source:
        async with aclosing(source.items(None)) as some:
            first = await anext(some)
        reading = asyncio.ensure_future(anext(aiter(source.items(first.position))))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert (await anext(aiter(source.items(first.position)))).position == {"line": 3}
