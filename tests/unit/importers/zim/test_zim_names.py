import pytest

from bot.importers.zim.names import better_name, original_name

CHECKSUM = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("I/Lovemetonight.jpg.webp", "Lovemetonight.jpg"),
        ("I/Lovemetonight.jpg", "Lovemetonight.jpg"),
        ("I/Foo.JPG.webp", "Foo.JPG"),
        ("I/Foo.webp", "Foo.webp"),
        ("I/Foo.webp.png", "Foo.webp"),
        ("I/Foo.webp.webp", "Foo.webp"),
        ("I/m/220px-Foo.jpg", "Foo.jpg"),
        ("I/220px-Foo.jpg.webp", "Foo.jpg"),
        ("I/220px-300px-Foo.jpg", "300px-Foo.jpg"),
        ("I/220pxFoo.jpg", "220pxFoo.jpg"),
        ("I/px-Foo.jpg", "px-Foo.jpg"),
        ("I/Foo.svg.png", "Foo.svg"),
        ("I/220px-Foo.svg.png.webp", "Foo.svg"),
        ("I/Foo.svg", "Foo.svg"),
        ("I/Foo.png", "Foo.png"),
        ("I/Foo.jpg.png", "Foo.jpg.png"),
        ("I/Letter.tif.jpg.webp", "Letter.tif"),
        ("I/lossy-page1-250px-Letter_-_NARA.tif.jpg.webp", "Letter_-_NARA.tif"),
        ("I/lossless-page2-250px-Letter.tiff.png", "Letter.tiff"),
        ("I/page3-180px-Book.pdf.jpg", "Book.pdf"),
        ("I/page3-180px-Book.djvu.jpg", "Book.djvu"),
        ("I/langde-220px-Map.svg.png", "Map.svg"),
        ("I/langzh-hant-220px-Map.svg.png", "Map.svg"),
        ("I/qlow-220px-Foo.jpg", "Foo.jpg"),
        ("I/220px--Film.webm.jpg", "Film.webm"),
        ("I/220px-seek%3D62-Film.ogv.jpg", "Film.ogv"),
        ("I/220px-Cell.stl.png", "Cell.stl"),
        ("I/Paint.xcf.png", "Paint.xcf"),
        (f"_assets_/{CHECKSUM}/Foo.jpg.webp", "Foo.jpg"),
        (f"_assets_/{CHECKSUM}/220px-Foo.svg.png", "Foo.svg"),
        ("I/A%2C_B.jpeg.webp", "A,_B.jpeg"),
        ("I/A%252C_B.jpeg.webp", "A,_B.jpeg"),
        ("I/100%_wool.jpg", "100%_wool.jpg"),
        ("I/Two words.jpg", "Two_words.jpg"),
        ("I/Cafe\u0301.png", "Café.png"),
        ("I/富士山.jpg.webp", "富士山.jpg"),
        ("I/Bennie_Jr..jpg.webp", "Bennie_Jr..jpg"),
        # What tells nothing.
        (f"I/{CHECKSUM}.jpg", None),
        (f"I/m/{CHECKSUM}", None),
        (f"I/m/{CHECKSUM}.png.webp", None),
        ("I/m/" + "0a1b2c3d" * 5 + ".svg", None),
        (f"_assets_/{CHECKSUM}_load.php_ext.icons_arrow.svg", None),
        ("I/220px-thumbnail.jpg", None),
        ("I/thumbnail.jpg.webp", None),
        ("I/noextension", None),
        ("I/page.html", None),
        ("I/.jpg", None),
        ("I/", None),
        ("", None),
        ("I/a%2Fb.jpg", None),
        ("I/a\nb.jpg", None),
        ("I/" + "a" * 300 + ".jpg", None),
    ],
)
def test_the_original_name_of_a_path(path: str, name: str | None) -> None:
    assert original_name(path) == name


@pytest.mark.parametrize(
    ("path", "resource", "link", "name"),
    [
        ("I/Foo.jpg.webp", None, None, "Foo.jpg"),
        # What the picture says of itself is right.
        ("I/Foo.jpg.webp", "./File:Bar.jpg", None, "Bar.jpg"),
        ("I/Foo.jpg.webp", "./File:Bar.jpg", "./File:Baz.jpg", "Bar.jpg"),
        ("I/Foo.jpg.webp", "./Ray_Charles", None, "Foo.jpg"),
        # A link leads to the same file, mostly.
        ("I/Foo.jpg.webp", None, "./File:Another.jpg", "Foo.jpg"),
        ("I/Foo.svg.png", None, "./File:Foo.svg.png", "Foo.svg.png"),
        ("I/Foo.svg.png", None, "./File:Foo.svg", "Foo.svg"),
        ("I/220px-Foo.jpg", None, "./File:220px-Foo.jpg", "220px-Foo.jpg"),
        (f"I/{CHECKSUM}.jpg", None, "./File:Foo.jpg", "Foo.jpg"),
        (f"I/{CHECKSUM}.jpg", None, "../A/File:Foo%20bar.jpg", "Foo_bar.jpg"),
        (f"I/{CHECKSUM}.jpg", None, "File:Foo.jpg", "Foo.jpg"),
        (f"I/{CHECKSUM}.jpg", None, "https://de.wikipedia.org/wiki/Datei:Foo.jpg", "Foo.jpg"),
        (f"I/{CHECKSUM}.jpg", None, "//ja.wikipedia.org/wiki/ファイル:Foo.jpg#x", "Foo.jpg"),
        (f"I/{CHECKSUM}.jpg", None, "/w/index.php?title=File:Foo.jpg&x=1", "Foo.jpg"),
        (f"I/{CHECKSUM}.jpg", None, "Ray_Charles", None),
        (f"I/{CHECKSUM}.jpg", None, "Talk:Ray_Charles", None),
        (f"I/{CHECKSUM}.jpg", None, "https://[", None),
        (f"I/{CHECKSUM}.jpg", None, "", None),
        (f"I/{CHECKSUM}.jpg", "", "javascript:alert(1)", None),
    ],
)
def test_a_name_from_the_markup(
    path: str, resource: str | None, link: str | None, name: str | None
) -> None:
    assert better_name(path, resource, link) == name
