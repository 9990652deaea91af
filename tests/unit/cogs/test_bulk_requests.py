"""What is typed behind the commands for many pictures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import RequestError
from bot.ingest import ListFormat
from cogs.bulk._requests import (
    Many,
    NewName,
    parse_format,
    parse_many,
    parse_merge,
    parse_new_name,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Many(None, None)),
        ("  Fern  ", Many(None, "Fern")),
        ("last", Many(None, "last")),
        ("Last Supper", Many(None, "Last Supper")),
        ("last 50", Many(50, None)),
        ("LAST 1 Fern", Many(1, "Fern")),
        ("last 200 messages", Many(200, None)),
        ("last 20 messages Fern\nand moss", Many(20, "Fern\nand moss")),
        ("last 20 messages2", Many(20, "messages2")),
        ("the last 50", Many(None, "the last 50")),
    ],
)
def test_messages_and_a_page(text: str, expected: Many) -> None:
    assert parse_many(text) == expected


@pytest.mark.parametrize("text", ["last 0", "last 201", "last 999999999 Fern"])
def test_too_many_messages(text: str) -> None:
    with pytest.raises(RequestError, match="1 to 200"):
        parse_many(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("", "csv"), ("CSV", "csv"), (" json ", "jsonl"), ("jsonl", "jsonl")]
)
def test_formats(text: str, expected: ListFormat) -> None:
    assert parse_format(text) == expected


@pytest.mark.parametrize(
    "text", ["7 into 12", "#7 into #12", "7 12", "7->12", "#7→#12", "7 => 12", "7 INTO 12"]
)
def test_which_picture_goes_into_which(text: str) -> None:
    assert parse_merge(text) == (7, 12)


@pytest.mark.parametrize(
    "text", ["", "7", "712", "7 into", "a into b", "1 into 2 into 3", "-1 into 2", "1 into ²"]
)
def test_a_merge_that_makes_no_sense(text: str) -> None:
    with pytest.raises(RequestError, match="7 into 12"):
        parse_merge(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Julia -> Julia set", NewName("Julia", None, "Julia set")),
        ("Julia→Julia set", NewName("Julia", None, "Julia set")),
        ("1984 => Nineteen", NewName("1984", None, "Nineteen")),
        ("#12 -> Julia set", NewName(None, 12, "Julia set")),
        ("#12 Julia -> https://x.example/a", NewName("Julia", 12, "https://x.example/a")),
        ("#hash -> Tag", NewName("#hash", None, "Tag")),
    ],
)
def test_a_new_name(text: str, expected: NewName) -> None:
    assert parse_new_name(text) == expected


@pytest.mark.parametrize("text", ["", "Julia", "-> Julia", "Julia ->", "a -> b -> c", "->"])
def test_a_renaming_that_makes_no_sense(text: str) -> None:
    with pytest.raises(RequestError, match="an arrow"):
        parse_new_name(text)


@given(st.text(max_size=40) | st.text("#0123456789 ->into→last", max_size=20))
def test_anything_is_understood_or_refused(text: str) -> None:
    for parse in (parse_many, parse_format, parse_merge, parse_new_name):
        try:
            assert parse(text)
        except RequestError as refusal:
            said = refusal.sentence
        else:
            said = "."
        assert said.endswith((".", "`"))
