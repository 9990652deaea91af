"""The benchmark of the page says what it measured."""

import argparse

import pytest

from bench.web import DOCUMENT, MARKS, Measured, Rate, parse, report


def measured(weight: int, *, browser: bool) -> Measured:
    rates = [
        Rate("the query alone", (1.0, 2.0, 3.0, 30.0), 2.0),
        Rate("over HTTP", (2.0, 4.0), 2.0),
    ]
    visits = ([100.0, 120.0, 300.0], [200.0, 210.0, 400.0]) if browser else ([], [])
    return Measured({"page": weight}, rates, rates, *visits)


def printed(what: Measured) -> str:
    options = argparse.Namespace(rows=1000, pictures=2, at_once=3)
    return report(what, "python -m bench.web", options)


def test_each_way_stands_beside_the_first() -> None:
    text = printed(measured(1234, browser=True))
    assert "| the query alone | 2 | 2.50 | 25.9 | 30.0 | 1.00 |" in text
    assert "| over HTTP | 1 | 3.00 | 3.90 | 4.00 | 0.50 |" in text
    assert "weighs 1,234 bytes (page 1,234)" in text
    assert "reached" in text
    assert "there in 120 ms" in text
    assert "210 ms after it was chosen" in text


def test_what_was_not_reached_or_not_measured_is_not_claimed() -> None:
    text = printed(measured(60_000, browser=False))
    assert "missed" in text
    assert "Chromium" not in text


def test_its_place_in_the_documentation_is_there() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert all(text.count(mark) == 1 for mark in MARKS)


@pytest.mark.parametrize("words", ["--rows 999", "--at-once 0", "--visits 0", "--pictures 0"])
def test_nothing_is_measured_with_nothing(words: str) -> None:
    with pytest.raises(SystemExit):
        parse(words.split())
