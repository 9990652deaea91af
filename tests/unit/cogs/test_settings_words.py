"""The rules of a server in words, and the menus that offer others."""

import pytest

from bot.errors import RequestError
from bot.rules import Rules, Watch, parse_language, parse_number, parse_prefix
from cogs.settings import _words as words
from cogs.settings._views import one_of


def test_no_more_collections_are_offered_than_a_menu_can_hold() -> None:
    names = [f"wiki {number}" for number in range(40)]
    options = words.collection_options(["x" * 101, *names], "server-1", frozenset({"wiki 3"}))
    assert len(options) == 25
    assert [option.label for option in options[:2]] == ["This server's own pictures", "wiki 0"]
    assert [option.value for option in options if option.default] == ["wiki 3"]


def test_names_of_collections_are_shown_plainly() -> None:
    options = words.collection_options(["\u202eevil", "\u200b"], "server-1", frozenset())
    assert [option.label for option in options[1:]] == ["evil", "untitled"]
    assert words.collection_label("[x](https://evil)", "server-1").startswith("\\[x\\]")


def test_every_value_of_a_rule_can_be_chosen() -> None:
    assert Rules().style in words.STYLES
    assert [o.value for o in words.options(words.STRICTNESS, "close") if o.default] == ["close"]
    assert all(len(o.label) <= 100 for o in words.options(words.RESTRICTED, "never"))
    assert [o.value for o in words.watch_options(Watch(emoji="👀")) if o.default] == ["👀"]
    assert [o.value for o in words.watch_options(Watch()) if o.default] == ["words"]


def test_a_watch_that_compares_with_nothing() -> None:
    lines = words.watch_words(Watch(frozenset({1}), own=False, days=0))
    assert "**Compared with** nothing, so it is off" in lines


@pytest.mark.parametrize("values", [[], ["a", "b"], ["c"], [""]])
def test_what_was_not_offered(values: list[str]) -> None:
    with pytest.raises(RequestError, match="Nothing was changed"):
        one_of(values, ("a", "b"))


@pytest.mark.parametrize("text", ["!", "w?", "§", "ß!", "picture:", "~~", "**"])
def test_prefixes(text: str) -> None:
    assert parse_prefix(f" {text}\n") == text


@pytest.mark.parametrize("text", ["a b", "`", "@", "</x:1>", "a\u200bb", "\u3164", "a" * 11, "\\"])
def test_no_prefixes(text: str) -> None:
    with pytest.raises(RequestError, match="Commands can begin with"):
        parse_prefix(text)


@pytest.mark.parametrize(
    ("text", "code"), [("en", "en"), (" ZH_min-nan ", "zh-min-nan"), ("be-tarask", "be-tarask")]
)
def test_languages(text: str, code: str) -> None:
    assert parse_language(text) == code


@pytest.mark.parametrize("text", ["e", "english", "en/../", "en-", "en.evil.example", "ën"])
def test_no_languages(text: str) -> None:
    with pytest.raises(RequestError, match="Write the language"):
        parse_language(text)


def test_nothing_stands_for_the_default() -> None:
    assert parse_prefix(" ") is None
    assert parse_language("") is None


@pytest.mark.parametrize("text", ["", "0", "6", "-1", "1.0", "²", "٣", "1" * 5000])
def test_no_numbers(text: str) -> None:
    with pytest.raises(RequestError, match="Minutes can be 1 to 5"):
        parse_number(text, "Minutes", 1, 5)


def test_numbers() -> None:
    assert parse_number(" 5 ", "Minutes", 1, 5) == 5
