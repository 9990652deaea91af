"""Allowances and places, with a clock that goes when it is told to."""

import random

import pytest

from bot.web.limits import REMEMBERED, Allowances, Places
from bot.web.problems import ProblemError


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def may(allowances: Allowances, who: str, cost: float = 1.0) -> bool:
    try:
        allowances.use(who, cost)
    except ProblemError:
        return False
    return True


def test_a_burst_and_then_as_many_as_come_back() -> None:
    clock = Clock()
    allowances = Allowances(3, 6, clock=clock)
    assert [may(allowances, "a") for _ in range(4)] == [True, True, True, False]
    assert may(allowances, "b"), "each has an allowance of their own"
    clock.now += 9.9
    assert not may(allowances, "a")
    clock.now += 0.1
    assert [may(allowances, "a") for _ in range(2)] == [True, False]
    clock.now += 1000
    assert [may(allowances, "a") for _ in range(4)] == [True, True, True, False]


def test_a_burst_is_one_whatever_the_time() -> None:
    clock = Clock()
    # At which six thousand seconds later are a little more than that.
    clock.now = 62028.597645696216
    allowances = Allowances(1, 0.01, clock=clock)
    assert [may(allowances, "a") for _ in range(2)] == [True, False]


def test_what_costs_less_may_be_done_more_often() -> None:
    allowances = Allowances(1, 6, clock=Clock())
    assert [may(allowances, "a", 0.25) for _ in range(5)] == [True] * 4 + [False]


def test_when_to_come_again_is_said_and_true() -> None:
    clock = Clock()
    allowances = Allowances(2, 30, clock=clock)
    allowances.use("a")
    allowances.use("a")
    with pytest.raises(ProblemError) as caught:
        allowances.use("a")
    assert (caught.value.status, caught.value.headers) == (429, {"Retry-After": "2"})
    clock.now += 2
    allowances.use("a")


def test_none_is_any_number() -> None:
    allowances = Allowances(1, 0, clock=Clock())
    assert all(may(allowances, "a") for _ in range(1000))
    assert len(allowances) == 0


def test_no_more_is_done_than_a_count_of_all_times_allows() -> None:
    """Against the obvious: at every moment, all that was done since any moment before it."""
    dice = random.Random(4)
    clock = Clock()
    burst, per_minute = 4, 40
    allowances = Allowances(burst, per_minute, clock=clock)
    done: list[float] = []
    for _ in range(400):
        clock.now += dice.choice([0.0, 0.5, 1.0, 4.0])
        fits = all(
            sum(since <= time for time in done) + 1 <= burst + (clock.now - since) * per_minute / 60
            for since in {*done, clock.now}
        )
        assert may(allowances, "a") == fits
        if fits:
            done.append(clock.now)
    assert 100 < len(done) < 400


def test_those_who_rest_are_forgotten_and_never_too_many_remembered() -> None:
    clock = Clock()
    allowances = Allowances(1, 60, clock=clock)
    for number in range(REMEMBERED + 50):
        allowances.use(f"{number}")
    assert len(allowances) == REMEMBERED
    clock.now += 2
    allowances.use("one more")
    assert len(allowances) == 1


def test_places_are_given_back_whatever_happens() -> None:
    places = Places(2)
    with places.taken("a", 1):
        with pytest.raises(ProblemError) as caught, places.taken("a", 1):
            pass
        assert caught.value.status == 429
        with places.taken("b", 1):
            with pytest.raises(ProblemError) as caught, places.taken("c", 1):
                pass
            assert (caught.value.status, caught.value.code) == (503, "busy")
        with pytest.raises(ZeroDivisionError), places.taken("c", 1):
            raise ZeroDivisionError
        with places.taken("c", 1):
            pass
