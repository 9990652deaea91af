import os
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.importers import SkippedFile, SourcePicture, pictures_of

PAGE = "https://example.org/page"


def write(folder: Path, *names: str, text: str = "") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def read(folder: Path, page_from: str = "name") -> tuple[list[SourcePicture], dict[str, str]]:
    """The pictures of a folder, and the reasons for what was skipped, by name or by line."""
    skipped: list[SkippedFile] = []
    found = list(pictures_of(folder, page_from, on_skip=skipped.append))
    return found, {item.path.name: item.reason for item in skipped}


def titles(folder: Path, page_from: str = "name") -> list[str]:
    return [picture.title for picture in read(folder, page_from)[0]]


def test_every_picture_below_a_folder_in_order(tmp_path: Path) -> None:
    write(tmp_path, "b.PNG", "a.jpg", "z/1.svg", "z/0/2.webp", "c/3.gif", "C.tiff")
    found, skipped = read(tmp_path)
    assert [str(picture.path.relative_to(tmp_path)) for picture in found] == [
        "C.tiff",
        "a.jpg",
        "b.PNG",
        "c/3.gif",
        "z/1.svg",
        "z/0/2.webp",
    ]
    assert found[1] == SourcePicture(tmp_path / "a.jpg", "a.jpg", "a", None)
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
def test_a_title_from_a_name(tmp_path: Path, name: str, title: str) -> None:
    write(tmp_path, name)
    assert titles(tmp_path) == [title]


def test_what_is_no_picture_is_told(tmp_path: Path) -> None:
    write(tmp_path, "notes.txt", "noextension", "a.jpg", "___.png", ".hidden.jpg", ".git/b.jpg")
    os.mkfifo(tmp_path / "pipe.png")
    found, skipped = read(tmp_path)
    assert [picture.file for picture in found] == ["a.jpg"]
    assert skipped == {
        "___.png": "There is no title. Type the page's title, or paste its link.",
        "noextension": "not a picture",
        "notes.txt": "not a picture",
        "pipe.png": "not a file",
    }


def test_names_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.png")).touch()
    write(tmp_path, "a\nb.png", "c.png")
    found, skipped = read(tmp_path)
    assert [picture.file for picture in found] == ["c.png"]
    assert len(skipped) == 2


def test_links_lead_nowhere_else(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    write(outside, "secret.jpg")
    write(inside, "real.jpg")
    (inside / "again.jpg").symlink_to("real.jpg")
    (inside / "away.jpg").symlink_to(outside / "secret.jpg")
    (inside / "broken.jpg").symlink_to("nothing.jpg")
    (inside / "loop.jpg").symlink_to("loop.jpg")
    (inside / "folder").symlink_to(outside)
    (inside / "round").symlink_to(inside)
    found, skipped = read(inside)
    assert [picture.file for picture in found] == ["again.jpg", "real.jpg"]
    assert skipped == {
        "away.jpg": "a link that leads outside",
        "broken.jpg": "a link that leads nowhere",
        "folder": "a link that leads outside",
        "loop.jpg": "a link that leads nowhere",
        "round": "not a file",
    }


def test_a_folder_that_is_a_link_is_read(tmp_path: Path) -> None:
    write(tmp_path / "real", "a.jpg")
    (tmp_path / "link").symlink_to("real")
    assert titles(tmp_path / "link") == ["a"]


@pytest.mark.parametrize("page_from", ["name", "sidecar"])
def test_no_folder(tmp_path: Path, page_from: str) -> None:
    write(tmp_path, "file")
    for path in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(ConfigurationError, match="There is no folder"):
            pictures_of(path, page_from)


def test_no_such_source_of_titles(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="sidecar"):
        pictures_of(tmp_path, "exif")


def test_titles_from_sidecars(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    write(tmp_path, "a.jpg.json", text='{"title": "Mount Everest", "more": [1]}')
    write(tmp_path, "b.json", text=f'{{"title": "Ulam_spiral", "url": "{PAGE}"}}')
    found, skipped = read(tmp_path, "sidecar")
    assert [(picture.file, picture.title, picture.url) for picture in found] == [
        ("a.jpg", "Mount_Everest", None),
        ("b.jpg", "Ulam_spiral", PAGE),
    ]
    assert skipped == {"c.jpg": "no .json beside it"}


@pytest.mark.parametrize(
    ("sidecar", "reason"),
    [
        ("", "its .json is no JSON"),
        ("{", "its .json is no JSON"),
        ("[" * 60_000, "its .json is no JSON"),
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
def test_sidecars_that_are_wrong(tmp_path: Path, sidecar: str, reason: str) -> None:
    write(tmp_path, "a.jpg", "b.jpg")
    write(tmp_path, "a.jpg.json", text=sidecar)
    write(tmp_path, "b.jpg.json", text='{"title": "B"}')
    found, skipped = read(tmp_path, "sidecar")
    assert [picture.title for picture in found] == ["B"]
    assert skipped["a.jpg"].startswith(reason)


def test_titles_from_a_table(tmp_path: Path) -> None:
    write(tmp_path, "pictures/a.jpg", "pictures/sub/b c.jpg", "pictures/d.jpg")
    table = tmp_path / "pictures" / "pages.CSV"
    table.write_text(
        "\ufefffile,title,url\n"
        "sub/b c.jpg,Ulam spiral,\n"
        f'./a.jpg,"Paris, Texas",{PAGE}\n'
        "a.jpg,Mount_Everest,\n"
        "gone.jpg,Nothing,\n"
        "../secret.jpg,Nothing,\n",
        encoding="utf-8",
    )
    found, skipped = read(tmp_path / "pictures", str(table))
    assert [(picture.file, picture.title, picture.url) for picture in found] == [
        ("a.jpg", "Paris,_Texas", PAGE),
        ("a.jpg", "Mount_Everest", None),
        ("b c.jpg", "Ulam_spiral", None),
    ]
    assert skipped == {
        "d.jpg": "not in pages.CSV",
        "gone.jpg": "in pages.CSV, but no picture in the folder",
        "secret.jpg": "in pages.CSV, but no picture in the folder",
    }


def test_a_table_without_links(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg")
    write(tmp_path, "pages.csv", text="title,file\r\nMount Everest,a.jpg\r\n")
    assert titles(tmp_path, str(tmp_path / "pages.csv")) == ["Mount_Everest"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",Title,", "line 2: it needs a file and a title"),
        ("b.jpg", "line 2: it needs a file and a title"),
        ("b.jpg,,", "line 2: There is no title"),
        ("b.jpg,B,ftp://example.org/", "line 2: I only take links"),
        ("b.jpg,Paris, Texas,", "line 2: more columns"),
    ],
)
def test_lines_that_are_wrong_are_told(tmp_path: Path, line: str, reason: str) -> None:
    write(tmp_path, "a.jpg")
    write(tmp_path, "pages.csv", text=f"file,title,url\n{line}\na.jpg,A,\n")
    found, skipped = read(tmp_path, str(tmp_path / "pages.csv"))
    assert [picture.title for picture in found] == ["A"]
    assert skipped["pages.csv"].startswith(reason)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must name the columns"),
        (b"a.jpg,A\n", "must name the columns"),
        (b"file,title\n\xff.jpg,A\n", "not UTF-8"),
        (b'file,title\na.jpg,"A\n', "is no CSV file"),
        (b"file,title\na.jpg," + b"A" * 200_000, "is no CSV file"),
    ],
)
def test_tables_that_are_none(tmp_path: Path, content: bytes, message: str) -> None:
    table = tmp_path / "pages.csv"
    table.write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        pictures_of(tmp_path, str(table))


def test_no_table(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        pictures_of(tmp_path, str(tmp_path / "pages.csv"))


def test_the_corpus(corpus: Path) -> None:
    first, skipped = read(corpus / "photos")
    assert first
    assert first == read(corpus / "photos")[0]
    assert all(" " not in picture.title for picture in first)
    assert len(first) + len(skipped) == sum(
        path.is_file() for path in (corpus / "photos").rglob("*")
    )
