"""Discord's markdown in the terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from bot.demo.markdown import render, safe


def plain(source: str, *, clickable: bool = True) -> str:
    return render(source, clickable=clickable, names={7: "ann", 8: "general"}).plain


def styled(text: Text, word: str) -> str:
    """The styles laid over a word."""
    start = text.plain.index(word)
    return " ".join(str(s.style) for s in text.spans if s.start <= start and s.end > start)


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("**bold** and *slanted* and _too_", "bold and slanted and too"),
        ("__under__ ~~gone~~ `code *as is*`", "under gone code *as is*"),
        (r"\*no\* \[link\]\(x\)", "*no* [link](x)"),
        ("snake_case_name stays", "snake_case_name stays"),
        ("5 * 3 * 2", "5 * 3 * 2"),
        ("# Heading", "Heading"),
        ("-# small", "small"),
        ("- one\n- two", "• one\n• two"),
        ("> said", "▎ said"),
        ("<@7> in <#8>, <@9>", "@ann in #general, @9"),
        ("<:parrot:123456>", ":parrot:"),
        ("<t:0:R>", "01 January 1970, 00:00 UTC"),
        ("<t:99999999999999>", "99999999999999"),
        ("<https://a.example/x>", "https://a.example/x"),
        (r"[a \[b\]](https://a.example)", "a [b]"),
        ("**[both](https://a.example)**", "both"),
        ("[x](javascript:alert)", "[x](javascript:alert)"),
    ],
)
def test_what_is_seen(source: str, seen: str) -> None:
    assert plain(source) == seen


def test_links_with_brackets_in_them() -> None:
    tree = "https://en.wikipedia.org/wiki/Pythagoras_tree_(fractal)"
    text = render(f"[tree]({tree}) and more", clickable=True)
    assert text.plain == "tree and more"
    assert f"link {tree}" in styled(text, "tree")
    assert "link" not in styled(text, "more")


def test_where_nothing_can_be_clicked_the_address_is_written_out() -> None:
    assert plain("[x](https://a.example)", clickable=False) == "x (https://a.example)"
    assert plain("https://a.example", clickable=False) == "https://a.example"


def test_emphasis_is_styled() -> None:
    text = render("**bold** *slanted*", clickable=True)
    assert "bold" in styled(text, "bold")
    assert "italic" in styled(text, "slanted")


def test_nothing_reaches_the_terminal_but_signs() -> None:
    assert plain("a\x1b[31mb\x07c\u202ed\x9be") == "a�[31mb�c�d�e"
    assert safe("tab\tand\nline") == "tab\tand\nline"


@given(st.text(max_size=200))
def test_any_text_can_be_rendered(source: str) -> None:
    seen = plain(source)
    assert "\x1b" not in seen
    assert safe(seen) == seen


def test_long_unclosed_markup_takes_no_time() -> None:
    assert plain("**" * 2000)
    assert plain("[" * 4000)
    assert plain("_a" * 2000)
