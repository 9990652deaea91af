"""The benchmark of partitions says what it measured."""

import pytest

from bench.partitions import DOCUMENT, MARKS, Measured, Way, parse, report


def a_way(milliseconds: float) -> Way:
    taken = {kind: [milliseconds] * 8 for kind in ("narrow", "wide")}
    return Way(1000, 60_000, 15_000, 63_000, 40_000, taken)


def test_each_way_stands_beside_one_table() -> None:
    ways = {"whole": a_way(2.0), "by_id": a_way(3.0), "by_dhash": a_way(5.0)}
    measured = Measured(ways, {"by_id": ["images: UNIQUE (dhash)"], "by_dhash": []}, 32)
    text = report(measured, "python -m bench.partitions", parse([]))
    assert "| within 16: median, ms | 2.00 | 3.00 | 5.00 |" in text
    assert "| within 16: times as long, by medians | 1.00 | 1.50 | 2.50 |" in text
    assert "| search index, bytes a picture | 15.0 | 15.0 | 15.0 |" in text
    assert "| its pages, bytes a picture | 40.0 | 40.0 | 40.0 |" in text
    assert "- by `hash (id)`: `images: UNIQUE (dhash)`" in text
    assert "- by `hash (dhash)`" not in text


def test_its_place_in_the_documentation_is_there() -> None:
    document = DOCUMENT.read_text("utf-8")
    assert all(mark in document for mark in MARKS)


@pytest.mark.parametrize("words", ["--rows 10", "--partitions 1", "--queries 1", "--rounds 0"])
def test_too_little_is_refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(words.split())
    assert "have to be" in capsys.readouterr().err
