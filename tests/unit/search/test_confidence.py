"""How sure an answer says it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.search import Chances
from bot.search.confidence import FEWEST, Surroundings, by_distance, by_score

RATE = 2e-10
SCORES = st.floats(-30, 10)
COUNTS = st.integers(0, 100_000_000)
WITHIN = st.integers(0, 10_000)
VIEWS = st.integers(1, 20)
ORDER = {"exact": 0, "close": 1, "possible": 2, None: 3}


@given(SCORES, st.floats(0, 5), COUNTS, WITHIN, VIEWS)
def test_a_higher_score_leaves_fewer_strangers(
    score: float, more: float, images: int, within: int, views: int
) -> None:
    def strangers(score: float) -> float:
        return by_score(score, RATE, Surroundings(images, within, views=views))

    assert strangers(score + more) <= strangers(score)
    assert 0 < strangers(score) <= max(images, FEWEST)


@given(SCORES, COUNTS, st.integers(0, 50_000_000), WITHIN, VIEWS)
def test_more_pictures_leave_no_fewer(
    score: float, images: int, more: int, within: int, views: int
) -> None:
    sparse = by_score(score, RATE, Surroundings(images, 1, views=views))
    assert by_score(score, RATE, Surroundings(images + more, 1, views=views)) >= sparse
    assert by_score(score, RATE, Surroundings(images, within, views=views)) >= sparse
    assert by_score(score, RATE, Surroundings(images, 1, views=views + 1)) >= sparse


@given(st.integers(0, 63), COUNTS, WITHIN, VIEWS)
def test_each_bit_leaves_more(distance: int, images: int, within: int, views: int) -> None:
    def strangers(distance: int) -> float:
        return by_distance(distance, Surroundings(images, within, views=views))

    assert 0 < strangers(distance) < strangers(distance + 1)


def test_a_small_index_is_no_surer_than_the_one_that_was_measured() -> None:
    small = by_score(-8.0, RATE, Surroundings(10, 1))
    assert small == by_score(-8.0, RATE, Surroundings(FEWEST, 1))
    assert Chances().word(small, verified=True) is None


@pytest.mark.parametrize(
    ("strangers", "verified", "unverified"),
    [
        (1e-9, "exact", "close"),
        (2e-5, "exact", "close"),
        (3e-5, "close", "close"),
        (2e-4, "close", "close"),
        (3e-4, "possible", "possible"),
        (0.05, "possible", "possible"),
        (0.06, None, "possible"),
        (0.2, None, "possible"),
        (0.3, None, None),
    ],
)
def test_the_words(strangers: float, verified: str | None, unverified: str | None) -> None:
    assert Chances().word(strangers, verified=True) == verified
    assert Chances().word(strangers, verified=False) == unverified


@given(st.floats(0, 10), st.floats(0, 10))
def test_less_likely_a_stranger_is_never_less_sure(a: float, b: float) -> None:
    first, second = sorted([a, b])
    for verified in (True, False):
        surer = ORDER[Chances().word(first, verified=verified)]
        assert surer <= ORDER[Chances().word(second, verified=verified)]


@given(st.floats(0, 10))
def test_nothing_is_exact_without_a_second_look(strangers: float) -> None:
    assert Chances().word(strangers, verified=False) != "exact"


def test_an_operator_may_be_stricter() -> None:
    strict = Chances(exact=1e-9, close=1e-6, possible=1e-3, unverified=1e-3)
    assert strict.word(1e-5, verified=True) == "possible"
    assert strict.word(0.05, verified=True) is None


@pytest.mark.parametrize("radius", range(7))
def test_however_near_was_counted_a_photograph_has_no_crowd(radius: int) -> None:
    usual = Surroundings(20_000_000, 1, radius)
    assert by_score(0, RATE, usual) == pytest.approx(20_000_000 * RATE)
    assert by_distance(2, usual) == pytest.approx(by_distance(2, Surroundings(20_000_000, 1)))
