"""From an outcome to an embed: words, and Discord's limits."""

from dataclasses import replace
from datetime import date

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import DownloadFailedError, DownloadTooLargeError, RefusedURLError
from bot.search import Answer, Confidence, Match, Page
from cogs.search import _embeds
from cogs.search._embeds import Leaf
from cogs.search._outcome import Outcome
from cogs.targets import Origin, Target

TARGET = Target("a.png", "https://cdn.example/a.png", None, "attachment")


def pages(*titles: str, first: int = 1) -> tuple[Page, ...]:
    return tuple(
        Page(first + n, title, f"https://en.wikipedia.org/wiki/{title}")
        for n, title in enumerate(titles)
    )


def match(
    *titles: str,
    count: int | None = None,
    confidence: Confidence = "exact",
    distance: int = 0,
    phash: int | None = 0,
    collection: str = "enwiki",
    as_of: date | None = None,
    file: str | None = None,
) -> Match:
    return Match(
        image_id=7,
        collection=collection,
        collection_as_of=as_of,
        file=file,
        distance=distance,
        phash_distance=phash,
        confidence=confidence,
        page_count=len(titles) if count is None else count,
        pages=pages(*titles),
    )


def found(*matches: Match, elapsed: float = 12.3) -> Outcome:
    return Outcome(TARGET, Answer("found", None, elapsed, matches))


def text_of(embed: discord.Embed) -> str:
    return embed.description or ""


def test_one_article() -> None:
    embed = _embeds.of_outcome(found(match("Mandelbrot_set")), None)
    assert embed.to_dict() == {
        "type": "rich",
        "flags": 0,
        "title": "Mandelbrot set",
        "url": "https://en.wikipedia.org/wiki/Mandelbrot_set",
        "color": 0x2E9E5B,
        "description": (
            "**Exact match** – this is the same picture.\nShown on **1 article** · distance 0 of 64"
        ),
        "thumbnail": {"url": "https://cdn.example/a.png"},
        "footer": {"text": "enwiki · searched in 12 ms"},
    }


def test_a_match_by_outlines_alone_is_not_called_certain() -> None:
    outcome = found(match("Flag", confidence="close", phash=None))
    assert "outlines alone" in text_of(_embeds.of_outcome(outcome, None))


def test_a_leaf_far_inside_three_hundred_thousand_pages() -> None:
    flag = match(*(f"P{n}" for n in range(10)), count=300_000)
    assert _embeds.leaves(flag) == 30_000
    first = text_of(_embeds.of_outcome(found(flag), None))
    assert "Shown on **300,000 articles**" in first
    assert "… and 299,990 more" in first
    leaf = Leaf(29_999, pages(*(f"Q{n}" for n in range(10)), first=900))
    last = _embeds.of_outcome(found(flag), None, 0, leaf)
    assert "**Articles 299,991–300,000 of 300,000**" in text_of(last)
    assert text_of(last).count("\n- [Q") == 10
    assert last.title == "P0"


@pytest.mark.parametrize(
    ("count", "expected"), [(0, 1), (1, 1), (10, 1), (11, 2), (20, 2), (21, 3)]
)
def test_leaves(count: int, expected: int) -> None:
    assert _embeds.leaves(match("A", count=count)) == expected


def test_a_picture_whose_pages_are_gone_is_named_by_its_file() -> None:
    embed = _embeds.of_outcome(found(match(file="Old_logo.svg")), None)
    assert embed.title == "Old\\_logo.svg"
    assert embed.url is None
    assert "No article shows it" in text_of(embed)


@pytest.mark.parametrize(
    ("collection", "guild_id", "expected"),
    [
        ("enwiki", 5, "enwiki as of 1 June 2024 · "),
        ("server-5", 5, "This server's own pictures, no. 7 · "),
        ("server-5", None, "server-5 as of 1 June 2024 · "),
    ],
)
def test_the_footer_names_the_collection(
    collection: str, guild_id: int | None, expected: str
) -> None:
    outcome = found(match("A", collection=collection, as_of=date(2024, 6, 1)))
    footer = _embeds.of_outcome(outcome, guild_id).footer.text or ""
    assert footer.startswith(expected)


def test_the_footer_tells_the_day_of_the_import_where_that_of_the_data_is_unknown() -> None:
    imported = replace(match("A"), collection_imported_on=date(2024, 6, 1))
    assert (_embeds.of_outcome(found(imported), 5).footer.text or "").startswith(
        "enwiki imported on 1 June 2024 · "
    )
    never = _embeds.of_outcome(found(match("A")), 5).footer.text or ""
    assert never.startswith("enwiki · ")


@pytest.mark.parametrize(
    ("elapsed", "expected"), [(0.02, "1 ms"), (999.4, "999 ms"), (1234.0, "1.2 s")]
)
def test_the_time_it_took(elapsed: float, expected: str) -> None:
    footer = _embeds.of_outcome(found(match("A"), elapsed=elapsed), None).footer.text or ""
    assert footer.endswith(f"searched in {expected}")


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (RefusedURLError("Why."), "I don't open this link"),
        (DownloadTooLargeError("Why."), "This picture is too large"),
        (DownloadFailedError("Why."), "I could not get this picture"),
    ],
)
def test_what_could_not_be_had(error: DownloadFailedError, title: str) -> None:
    embed = _embeds.of_outcome(Outcome(TARGET, error), None)
    assert (embed.title, embed.description) == (title, "Why.")
    assert embed.thumbnail.url is None


def test_search_engines_are_offered_the_address_encoded() -> None:
    target = Target("a", "https://cdn.example/a.png?ex=1&is=2", None, "link")
    outcome = Outcome(target, Answer("none", None, 1.0))
    assert "url=https%3A%2F%2Fcdn.example%2Fa.png%3Fex%3D1%26is%3D2)" in text_of(
        _embeds.of_outcome(outcome, None)
    )


def test_without_an_address_no_engines_and_no_thumbnail() -> None:
    outcome = Outcome(Target("a", "attachment://a", None, "embed"), Answer("none", None, 1.0))
    embed = _embeds.of_outcome(outcome, None)
    assert "http" not in text_of(embed)
    assert embed.thumbnail.url is None


@pytest.mark.parametrize(
    ("origin", "count", "found", "expected"),
    [
        ("attachment", 1, 1, None),
        ("recent", 1, 1, "You sent no picture"),
        ("attachment", 2, 3, "I looked at the first 2 of 3 pictures."),
    ],
)
def test_notes(origin: Origin, count: int, found: int, expected: str | None) -> None:
    target = Target("a", "https://a.example", None, origin, jump_url="https://discord.com/x")
    said = _embeds.note([target] * count, found)
    assert said is None if expected is None else expected in (said or "")


TEXT = st.text(max_size=600)
MATCHES = st.builds(
    Match,
    image_id=st.integers(1, 2**31 - 1),
    collection=st.text(min_size=1, max_size=200),
    collection_as_of=st.none() | st.dates(),
    file=st.none() | TEXT,
    distance=st.integers(0, 64),
    phash_distance=st.none() | st.integers(0, 64),
    confidence=st.sampled_from(["exact", "close", "possible"]),
    page_count=st.integers(0, 10**9),
    pages=st.lists(
        st.builds(
            Page,
            id=st.integers(1, 2**31 - 1),
            title=TEXT,
            url=TEXT.map(lambda path: f"https://a.example/{path}"),
        ),
        max_size=10,
    ).map(tuple),
)
OUTCOMES = st.builds(
    Outcome,
    target=st.builds(
        Target,
        name=st.none() | TEXT,
        url=TEXT,
        attachment=st.none(),
        origin=st.sampled_from(["link", "recent"]),
    ),
    answer=st.one_of(
        st.builds(
            Answer,
            status=st.just("found"),
            reason=st.none(),
            elapsed_ms=st.floats(0, 1e6),
            matches=st.lists(MATCHES, min_size=1, max_size=25).map(tuple),
        ),
        st.builds(
            Answer,
            status=st.sampled_from(["none", "plain", "unreadable"]),
            reason=st.text(min_size=1, max_size=5000),
            elapsed_ms=st.floats(0, 1e6),
        ),
        st.text(min_size=1, max_size=600).map(DownloadFailedError),
    ),
)


@given(OUTCOMES)
def test_discords_limits_hold_for_whatever_is_stored(outcome: Outcome) -> None:
    embed = _embeds.of_outcome(outcome, 1)
    assert 1 <= len(embed.title or "") <= 256
    assert 1 <= len(embed.description or "") <= 4096
    assert len(embed.footer.text or "") <= 2048
    assert len(embed) <= 6000
    assert len(_embeds.as_text(embed, "note")) <= 2000
    options = _embeds.picture_options([outcome] * 30, 0)
    if isinstance(outcome.answer, Answer):
        options += _embeds.match_options(outcome.answer.matches, 0)
    assert len(_embeds.picture_options([outcome] * 30, 0)) == 25
    for option in options:
        assert 1 <= len(option.label) <= 100
        assert 1 <= len(option.description or "") <= 100
