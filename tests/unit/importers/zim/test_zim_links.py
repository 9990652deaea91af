import pytest

from bot.importers.zim.links import first_of_srcset, is_elsewhere, is_inline, paths_of, tidy


@pytest.mark.parametrize(
    ("link", "page", "path"),
    [
        ("../I/x.jpg", "A/Page", "I/x.jpg"),
        ("../../I/x.jpg", "A/AC/DC", "I/x.jpg"),
        ("../I/m/x.jpg", "A/Page", "I/m/x.jpg"),
        ("./_assets_/0a/x.jpg", "Page", "_assets_/0a/x.jpg"),
        ("_assets_/x.jpg", "Page", "_assets_/x.jpg"),
        ("../_assets_/x.jpg", "AC/DC", "_assets_/x.jpg"),
        ("x.jpg", "A/b/Page", "A/b/x.jpg"),
        ("../../../../I/x.jpg", "A/Page", "I/x.jpg"),
        ("/I/x.jpg", "A/b/Page", "I/x.jpg"),
        (".././I/./a/../x.jpg", "A/Page", "I/x.jpg"),
        ("../I/x.jpg?width=3#top", "A/Page", "I/x.jpg"),
        ("../I/x.jpg#?", "A/Page", "I/x.jpg"),
        ("../I/What%3F.jpg", "A/Page", "I/What?.jpg"),
        ("../I/C%23.jpg", "A/Page", "I/C#.jpg"),
        ("../I/Caf%C3%A9.jpg", "A/Page", "I/Café.jpg"),
        ("../I/Café.jpg", "A/Page", "I/Café.jpg"),
        ("../I/A%252C_B.jpg", "A/Page", "I/A%2C_B.jpg"),
        ("../I/a b.jpg", "A/Page", "I/a b.jpg"),
        ("../I/a%2Fb.jpg", "A/Page", "I/a/b.jpg"),
        ("../I/100%.jpg", "A/Page", "I/100%.jpg"),
        ("..", "A/b/Page", "A"),
    ],
)
def test_where_a_link_leads(link: str, page: str, path: str) -> None:
    assert paths_of(link, page)[0] == path


def test_a_path_that_was_not_encoded_is_tried_as_it_is() -> None:
    assert paths_of("../I/A%2C_B.jpg", "A/Page") == ("I/A,_B.jpg", "I/A%2C_B.jpg")
    assert paths_of("../I/x.jpg", "A/Page") == ("I/x.jpg",)


@pytest.mark.parametrize(
    ("link", "elsewhere"),
    [
        ("https://example.org/x.jpg", True),
        ("HTTP://example.org/x.jpg", True),
        ("//example.org/x.jpg", True),
        ("blob:x", True),
        ("/I/x.jpg", False),
        ("../I/a:b.jpg", False),
        ("x.jpg", False),
    ],
)
def test_links_that_lead_out(link: str, elsewhere: bool) -> None:
    assert is_elsewhere(link) is elsewhere


@pytest.mark.parametrize(
    ("link", "inline"),
    [("", True), ("data:image/gif;base64,x", True), ("DATA:x", True), ("about:blank", True),
     ("x.jpg", False), ("data.jpg", False)],
)  # fmt: skip
def test_links_that_are_pictures_themselves(link: str, inline: bool) -> None:
    assert is_inline(link) is inline


@pytest.mark.parametrize(
    ("text", "link"),
    [(None, ""), (" \n", ""), ("  x.jpg\t", "x.jpg"), ("a\n b.jpg", "a b.jpg"), ("\x00x\r", "x")],
)
def test_blanks_of_a_link(text: str | None, link: str) -> None:
    assert tidy(text) == link


@pytest.mark.parametrize(
    ("value", "link"),
    [
        (None, ""),
        ("", ""),
        (" , ", ""),
        ("x.jpg", "x.jpg"),
        ("x.jpg 1x, y.jpg 2x", "x.jpg"),
        ("\n x.jpg 220w,y.jpg 440w", "x.jpg"),
        ("x.jpg, y.jpg 2x", "x.jpg"),
        (", x.jpg 1x", "x.jpg"),
        ("a,b.jpg 1x", "a,b.jpg"),
    ],
)
def test_the_first_of_several(value: str | None, link: str) -> None:
    assert first_of_srcset(value) == link
