"""Strangers' words are shown letter by letter, and do nothing."""

import re
import unicodedata

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.text import clip, escape, link, plain, size, web_url

HOSTILE = st.text(
    st.sampled_from("ab1 *_~`|<>[]():\\#-+>.@/\n\u202e\u200b\u0301é漢😀"), max_size=60
)


def unescaped(text: str) -> str:
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text).replace("@\u200b", "@")


@given(st.text(max_size=200) | HOSTILE)
def test_plain_text_is_one_line_without_tricks(text: str) -> None:
    shown = plain(text)
    assert shown == shown.strip()
    assert shown == plain(shown)
    for char in shown:
        assert unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.category(char) != "Cf" or char in "\u200c\u200d"


@given(st.text(max_size=200) | HOSTILE)
def test_what_was_escaped_reads_as_before(text: str) -> None:
    assert unescaped(escape(text)) == plain(text)


@given(st.text(max_size=200) | HOSTILE)
def test_no_markup_character_is_left_unescaped(text: str) -> None:
    rest = re.sub(r"\\([^0-9A-Za-z\s])", "", escape(text))
    assert not set(rest) & set("\\*_~`|<>[]():")
    assert not re.match(r"[#+>-]|\d+[.)]", escape(text))


@given(st.text(max_size=300) | HOSTILE, st.integers(0, 80))
def test_escaped_text_keeps_its_limit_and_its_escapes_whole(text: str, limit: int) -> None:
    escaped = escape(text, limit)
    assert len(escaped) <= limit
    shown = unescaped(escaped)
    if shown != plain(text) and limit > 1:
        assert shown.endswith("…")
        assert plain(text).startswith(shown[:-1].rstrip())


@given(HOSTILE)
def test_discord_finds_no_mention_in_it(text: str) -> None:
    escaped = escape(f"@everyone <@123> <@&456> <#789> {text}")
    assert "@everyone" not in escaped
    assert discord.utils.escape_mentions(escaped) == escaped
    assert not re.search(r"<[@#][!&]?\d+>", escaped)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words", "plain words"),
        ("# heading", "\\# heading"),
        ("- item", "\\- item"),
        ("1. item", "1\\. item"),
        ("1984", "1984"),
        ("C# - a language", "C# - a language"),
        ("AC/DC", "AC/DC"),
        ("https://a.example", "https\\://a.example"),
        ("a\nb", "a b"),
        ("abc\u202edef", "abcdef"),
        ("👩\u200d🚀", "👩\u200d🚀"),
    ],
)
def test_escape_by_example(text: str, expected: str) -> None:
    assert escape(text) == expected


@pytest.mark.parametrize("text", ["\u3164", "\u2800 \u200d", "\u200c", "\u0301\ufe0f", "\u202e"])
def test_what_can_not_be_seen_is_nothing(text: str) -> None:
    assert plain(text) == ""
    assert link(text, "https://a.example") == "[untitled](https://a.example)"
    assert plain(f"a{text}").startswith("a")


def test_towers_of_marks_are_cut() -> None:
    assert plain("a" + "\u0301" * 30) == "a" + "\u0301" * 4
    assert plain("e\u0301e\u0301") == "e\u0301e\u0301"


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("ab cd", 4, "ab…"), ("abc", 1, "…"), ("abc", 0, "")],
)
def test_clip(text: str, limit: int, expected: str) -> None:
    assert clip(text, limit) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/b?c=d&e#f", "https://a.example/b?c=d&e#f"),
        ("https://a.example/Foo_(bar)", "https://a.example/Foo_%28bar%29"),
        ("https://a.example/%28x%29", "https://a.example/%28x%29"),
        ("https://a.example/Größe x", "https://a.example/Gr%C3%B6%C3%9Fe%20x"),
        ("https://a.example/@user", "https://a.example/%40user"),
        ("javascript:alert(1)", None),
        ("ftp://a.example", None),
        ("https://", None),
        ("https://wikipedia.org@evil.example/", None),
        ("https://[1", None),
        ("https://a.example/" + "x" * 2048, None),
        ("", None),
        (None, None),
    ],
)
def test_web_url(url: str | None, expected: str | None) -> None:
    assert web_url(url) == expected


def test_links() -> None:
    assert link("Foo [bar]", "https://a.example/x") == "[Foo \\[bar\\]](https://a.example/x)"
    assert link("Foo", "data:text/html,x") == "Foo"
    assert link("\u200b", "https://a.example") == "[untitled](https://a.example)"
    assert link("x" * 200, "https://a.example", 10) == "[xxxxxxxxx…](https://a.example)"


@given(HOSTILE, HOSTILE)
def test_a_link_has_one_end(title: str, path: str) -> None:
    shown = re.sub(r"\\.", "", link(title, f"https://a.example/{path}"))
    assert [shown.count(mark) for mark in "[]()"] == [1, 1, 1, 1]
    assert "](https://a.example/" in shown
    assert shown.endswith(")")


@pytest.mark.parametrize(
    ("count", "expected"),
    [(700, "700 bytes"), (20_000, "20 kB"), (25 << 20, "25 MB"), (1_600_000, "1.5 MB")],
)
def test_size(count: int, expected: str) -> None:
    assert size(count) == expected
