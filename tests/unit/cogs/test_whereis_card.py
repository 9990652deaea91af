"""What a wiki says, within an embed's limits and without effect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import Article, Card, Credit, Place, Translation
from bot.search import Answer, Match, Page
from cogs.search import _card, _embeds
from cogs.search._embeds import Leaf, Told
from cogs.search._outcome import Outcome
from cogs.targets import Target

TARGET = Target("a.png", "https://cdn.example/a.png", None, "attachment")
TEXTS = st.text(max_size=900)
ADDRESSES = st.none() | st.text(max_size=300).map(lambda rest: f"https://a.example/{rest}")
ARTICLES = st.builds(
    Article,
    st.just("Mount Everest"),
    ADDRESSES,
    st.none() | TEXTS,
    st.none() | TEXTS,
    ADDRESSES,
    st.none() | st.builds(Place, st.floats(-90, 90), st.floats(-180, 180)),
    st.none() | st.just("Q513"),
    st.none() | st.booleans(),
    st.lists(st.builds(Translation, TEXTS, TEXTS, TEXTS, st.text(max_size=99)), max_size=3).map(
        tuple
    ),
)
CREDITS = st.none() | st.builds(Credit, TEXTS, ADDRESSES, TEXTS, TEXTS, ADDRESSES)


def match(*titles: str, file: str | None = "Everest north.jpg") -> Match:
    shown = tuple(
        Page(number, title, f"https://en.wikipedia.org/wiki/{title}")
        for number, title in enumerate(titles)
    )
    return Match(7, "enwiki", None, file, 0, 0, "exact", len(shown), shown)


def description(card: Card, found: Match, language: str | None = None, leaf: int = 0) -> str:
    outcome = Outcome(TARGET, Answer("found", None, 1.0, (found,)))
    embed = _embeds.of_outcome(outcome, None, 0, Leaf(leaf, found.pages), Told(card, language))
    assert len(embed) <= 6000
    return embed.description or ""


@given(ARTICLES, CREDITS, st.none() | TEXTS)
def test_whatever_it_says_keeps_within_the_limits(
    article: Article, credit: Credit | None, file: str | None
) -> None:
    card = Card((article,), credit)
    said = description(card, match("Mount_Everest", *(60 * ["X" * 200])[:9], file=file), "de")
    assert len(said) <= _embeds.MAX_DESCRIPTION
    assert "@everyone" not in said
    assert said.startswith("**Exact match**")


def test_a_picture_that_is_gone_is_said_to_be() -> None:
    card = Card((Article("Mount Everest", shows_file=False),))
    assert "does not show this picture any more" in description(card, match("Mount_Everest"))
    assert "#/media/" not in description(card, match("Mount_Everest"))


def test_a_further_leaf_is_a_list_alone() -> None:
    card = Card((Article("Mount Everest", extract="High."),))
    assert "High." in description(card, match("Mount_Everest"))
    assert "High." not in description(card, match("Mount_Everest"), leaf=1)


@pytest.mark.parametrize(
    ("language", "found"),
    [("de", "de"), ("DE", "de"), ("en-GB", "en"), ("pt-BR", "pt-br"), ("xx", None), (None, None)],
)
def test_the_readers_language(language: str | None, found: str | None) -> None:
    some = tuple(
        Translation(code, code, "X", "https://x.example/") for code in ("de", "en", "pt-br")
    )
    translation = _card.translation_in(some, language)
    assert (translation.language if translation else None) == found


def test_a_menu_has_room_for_what_most_people_read() -> None:
    codes = [f"x{number:02}" for number in range(40)] + ["de", "zh"]
    some = [Translation(code, code, "X", "https://x.example/") for code in codes]
    options = [option.value for option in _card.language_options(some)]
    assert len(options) == 25
    assert options == sorted(options)
    assert {"de", "zh"} <= set(options)
    assert [option.value for option in _card.language_options(some[:2])] == ["x00", "x01"]
