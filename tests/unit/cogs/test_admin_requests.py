"""What people type behind the commands of moderators."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import RequestError
from cogs.admin._requests import (
    Addition,
    Removal,
    parse_addition,
    parse_count,
    parse_removal,
    split_collection,
)
from cogs.steps import file_name

PAGE = "https://en.wikipedia.org/wiki/Julia_set_(mathematics)"
PICTURE = "https://example.org/julia.png?size=large"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mandelbrot set", Addition("Mandelbrot set", "", None)),
        ("  Mandelbrot   set  ", Addition("Mandelbrot   set", "", None)),
        (f"Julia set {PICTURE}", Addition("Julia set", PICTURE, None)),
        (f"Julia set <{PICTURE}>", Addition("Julia set", f"<{PICTURE}>", None)),
        # An address that comes first is the page, never the picture.
        (PAGE, Addition(PAGE, "", None)),
        (f"<{PAGE}>", Addition(PAGE, "", None)),
        (f"{PAGE} {PICTURE}", Addition(PAGE, PICTURE, None)),
        (f"{PAGE}\n{PICTURE} {PICTURE}2", Addition(PAGE, f"{PICTURE} {PICTURE}2", None)),
        # Who is used to quotes may keep them.
        ('"Mount Everest"', Addition("Mount Everest", "", None)),
        ("“Mount Everest”", Addition("Mount Everest", "", None)),
        ('"Heroes" (album)', Addition('"Heroes" (album)', "", None)),
        ("--collection enwiki Fern", Addition("Fern", "", "enwiki")),
        ("Fern --collection=enwiki", Addition("Fern", "", "enwiki")),
        ("Fern —collection enwiki", Addition("Fern", "", "enwiki")),
        (f'Fern --collection "en wiki" {PICTURE}', Addition("Fern", PICTURE, "en wiki")),
        # A title that speaks of collections names none.
        ("Pre--collection era", Addition("Pre--collection era", "", None)),
        ("The --collections", Addition("The --collections", "", None)),
    ],
)
def test_addition(text: str, expected: Addition) -> None:
    assert parse_addition(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "which page"),
        ("   ", "which page"),
        ("--collection enwiki", "which page"),
        (f"{PAGE} and then words", "links to pictures"),
        (f"Julia set {PICTURE} Julia", "links to pictures"),
        (f"{PAGE} ftp://example.org/a.png", "links to pictures"),
        ("Fern --collection", "which collection"),
        ('Fern --collection ""', "which collection"),
    ],
)
def test_addition_that_makes_no_sense(text: str, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        parse_addition(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", Removal(12, "", None)),
        ("#12", Removal(12, "", None)),
        ("0", Removal(0, "", None)),
        ("12 --collection enwiki", Removal(12, "", "enwiki")),
        (PICTURE, Removal(None, PICTURE, None)),
        ("", Removal(None, "", None)),
        ("9" * 30, Removal(2**63 - 1, "", None)),
    ],
)
def test_removal(text: str, expected: Removal) -> None:
    assert parse_removal(text) == expected


@pytest.mark.parametrize("text", ["twelve", "-1", "1.5", "12 13", "٣", "9" * 31])
def test_removal_that_makes_no_sense(text: str) -> None:
    with pytest.raises(RequestError):
        parse_removal(text)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fern.png", "fern.png"),
        (None, None),
        ("", None),
        ("\u202e\x00", None),
        ("../../etc/passwd", "passwd"),
        ("[x](http://evil.example)", "evil.example)"),
        ("C:\\pictures\\fern.png", "fern.png"),
        ("two\nlines.png", "two lines.png"),
        ("x" * 500, "x" * 199 + "…"),
    ],
)
def test_the_name_of_a_file(name: str | None, expected: str | None) -> None:
    assert file_name(name) == expected


@given(st.text(max_size=200))
def test_anything_is_understood_or_refused(text: str) -> None:
    for parse in (parse_addition, parse_removal, split_collection):
        with suppress(RequestError):
            parse(text)


@given(st.from_regex(r"\A[A-Za-z]{1,10}( [A-Za-z]{1,10}){0,3}\Z"), st.sampled_from(["", PICTURE]))
def test_a_title_comes_through_as_typed(title: str, link: str) -> None:
    asked = parse_addition(f"{title} {link} --collection wiki")
    assert asked == Addition(title, link, "wiki")


def test_how_many_at_a_time() -> None:
    assert [parse_count(text, 10) for text in ("", "1", "10", "#3")] == [10, 1, 10, 3]
    for text in ("0", "11", "-1", "x", "\u0661", "9" * 5000, "1 2"):
        with pytest.raises(RequestError, match="a number from 1 to 10"):
            parse_count(text, 10)
