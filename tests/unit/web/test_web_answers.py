"""From an answer to what a visitor reads."""

from datetime import date

import pytest

from bot.images import View
from bot.search import Answer, Confidence, Match, Page
from bot.web.answers import heading_of, of_answer, of_pages, of_problem
from bot.web.desk import Listed
from bot.web.problems import ProblemError

PAGES = tuple(Page(n, f"Page_{n}", f"https://wiki.example/Page_{n}") for n in range(1, 11))


def match(
    *pages: Page,
    confidence: Confidence = "exact",
    page_count: int | None = None,
    phash_distance: int | None = 0,
    file: str | None = None,
    view: View | None = None,
    alike: tuple[int, ...] = (),
) -> Match:
    return Match(
        image_id=7,
        collection="enwiki",
        collection_as_of=date(2026, 2, 1),
        file=file,
        distance=3,
        phash_distance=phash_distance,
        confidence=confidence,
        page_count=len(pages) if page_count is None else page_count,
        pages=pages,
        view=view or View(),
        alike=alike,
    )


def found(*matches: Match) -> Answer:
    return Answer("found", None, 1.0, matches, dhash=-1)


@pytest.mark.parametrize(
    ("confidence", "phash_distance", "says"),
    [
        ("exact", 2, "Exact match</strong> This is the same picture."),
        ("close", 2, "Close match</strong> Most likely the same picture"),
        ("close", None, "Close match</strong> Very likely the same picture, though I could"),
        ("possible", None, "Possible match</strong> It looks alike"),
    ],
)
def test_how_sure_it_is_is_said_with_what_that_means(
    confidence: Confidence, phash_distance: int | None, says: str
) -> None:
    shown = of_answer(
        found(match(*PAGES[:1], confidence=confidence, phash_distance=phash_distance))
    )
    assert says in shown
    assert f'class="badge {confidence}"' in shown


def test_what_is_known_of_a_match() -> None:
    shown = of_answer(
        found(match(*PAGES[:2], file="a_b.jpg", view=View(orientation=2), alike=(8, 9)))
    )
    for part in (
        "enwiki",
        "as of 1 February 2026",
        "distance 3 of 64",
        "2 more files of it",
        "a_b.jpg",
        "mirrored",
        'href="https://wiki.example/Page_2"',
        'href="/?hash=ffffffffffffffff"',
    ):
        assert part in shown
    assert "All 2 pages" not in shown


def test_the_rest_of_many_pages_is_a_link_away() -> None:
    shown = of_answer(found(match(*PAGES, page_count=1234)))
    assert '<a href="/pages/7">All 1,234 pages that show it</a>' in shown
    more = of_pages(Listed(7, PAGES, 10))
    assert more.count("<li>") == 10
    assert '<a href="/pages/7?after=10">More pages</a>' in more
    assert "More pages" not in of_pages(Listed(7, PAGES, None))
    assert "There are no more." in of_pages(Listed(7, (), None))


def test_only_the_best_match_has_room_for_a_card() -> None:
    shown = of_answer(found(match(*PAGES[:1]), match(*PAGES[1:2])))
    assert shown.count('data-image-id="7"') == 1
    assert shown.count('class="match"') == 2


@pytest.mark.parametrize(
    ("file", "alt"), [("a.jpg", "The picture"), (None, "The article&#x27;s picture")]
)
def test_a_thumbnail_says_what_it_shows_and_keeps_its_room(file: str | None, alt: str) -> None:
    known = found(match(*PAGES[:1], file=file))
    assert (
        f'<img src="/thumbs/7" alt="{alt}" width="120" height="120" loading="lazy" '
        'decoding="async" class="thumb">'
    ) in of_answer(known, {7})
    assert "<img" not in of_answer(known, {8})


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", " https://x", "https://a@b/", "data:text/html,x", ""]
)
def test_what_is_no_web_address_is_no_link(url: str) -> None:
    shown = of_answer(found(match(Page(1, "A_title", url))))
    assert "A title" in shown
    assert shown.count("<a ") == 1, "the link to the search alone"


def test_a_picture_without_pages_has_the_name_of_its_file() -> None:
    assert heading_of(found(match(file="a.jpg"))) == "Exact match: a.jpg"
    assert heading_of(found(match())) == "Exact match: untitled"
    assert "<h3><bdi>a.jpg</bdi></h3>" in of_answer(found(match(file="a.jpg")))


@pytest.mark.parametrize("status", ["none", "plain", "unreadable"])
def test_no_match_says_why(status: str) -> None:
    reason = None if status == "none" else "Because <of> this."
    answer = Answer(status, reason, 1.0, dhash=None if status == "unreadable" else 1)  # type: ignore[arg-type]
    shown = of_answer(answer)
    assert "<ol" not in shown
    assert ("Because &lt;of&gt; this." in shown) == (status != "none")
    assert ("data-share" in shown) == (status == "none")


def test_a_problem_is_said() -> None:
    assert "a &lt; b" in of_problem(ProblemError(400, "x", "a < b"))
