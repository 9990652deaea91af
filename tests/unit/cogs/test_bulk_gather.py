"""By what name pictures go that are added many at a time."""

import pytest

from bot.titles import PageName
from cogs.bulk._gather import TITLE_LIMIT, by_file, by_text

TEMPLATE = "https://en.wikipedia.org/wiki/{title}"
PICTURE = "https://example.org/a.png"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Fern", "Fern"),
        ("  **Barnsley fern**, by hand\nsecond line", "Barnsley_fern,_by_hand"),
        ("# Heading", "Heading"),
        ("> quoted: ", "quoted"),
        ("- item", "item"),
        ("||secret|| `code` ~~gone~~", "secret_code_gone"),
        ("my_cat.jpg", "my_cat.jpg"),
        ("\n\n:-)\n<@123> and <#4> <:smile:12> <t:1:R>", "and"),
        (f"look at {PICTURE} here", "look_at_here"),
        (f"<{PICTURE}>\nFern", "Fern"),
        ("\u202egnp\u2066", "gnp"),
        ("caf\u0065\u0301", "caf\u00e9"),
        ("\u732b", "\u732b"),
        ("@everyone", "@everyone"),
    ],
)
def test_a_text_names_a_page(text: str, title: str) -> None:
    assert by_text(text, TEMPLATE, {PICTURE}) == PageName(title, None)


@pytest.mark.parametrize(
    "text", ["", " ", "...", "!?", "<@1>", ":-)", "\U0001f600", PICTURE, "\u200b", "** **"]
)
def test_a_text_that_names_nothing(text: str) -> None:
    assert by_text(text, TEMPLATE, {PICTURE}) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://en.wikipedia.org/wiki/Julia_set", PageName("Julia_set", None)),
        ("<https://en.m.wikipedia.org/wiki/Julia_set>!", PageName("Julia_set", None)),
        (f"{PICTURE} https://x.example/Fern", PageName("Fern", "https://x.example/Fern")),
        ("https://x.example/a https://x.example/b", None),
        ("https://a@x.example/", None),
    ],
)
def test_an_address_names_a_page(text: str, expected: PageName | None) -> None:
    assert by_text(text, TEMPLATE, {PICTURE}) == expected


def test_a_long_text_is_cut_between_words() -> None:
    named = by_text("word " * 60, TEMPLATE)
    assert named is not None
    assert named.title.endswith("word")
    assert TITLE_LIMIT - 6 < len(named.title) <= TITLE_LIMIT
    unbroken = by_text("x" * 5000, TEMPLATE)
    assert unbroken == PageName("x" * TITLE_LIMIT, None)
    # What is too long even so names nothing.
    assert by_text("\U00020000" * 5000, TEMPLATE) is None


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Mount_Everest.jpg", "Mount_Everest"),
        ("Mount Everest.tar.png", "Mount_Everest.tar"),
        ("SPOILER_cat.png", "cat"),
        ("image", "image"),
        ("../../etc/passwd.png", "passwd"),
        ("a\u202egnp.png", "agnp"),
    ],
)
def test_a_file_names_a_page(name: str, title: str) -> None:
    assert by_file(name) == PageName(title, None)


@pytest.mark.parametrize("name", [None, "", "_.png", " .png", "\u200b.png"])
def test_a_file_that_names_nothing(name: str | None) -> None:
    assert by_file(name) is None
