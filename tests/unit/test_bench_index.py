"""What the benchmark makes of its measurements, without measuring."""

import dataclasses
import json
import random
from argparse import ArgumentTypeError

import numpy as np
import pytest

from bench.database import BKTREE, HAMMING, METHODS, SEQUENTIAL, settings_for
from bench.hashes import at_random
from bench.index import BEGIN, DOCUMENT, END, WAYS, as_json, names, parse, put_between
from bench.outside import Faiss, Truth, look_at_all, numpy_scan
from bench.report import Setting, report, short, table
from bench.results import (
    CLOSEST,
    SEARCHES,
    TARGETS,
    Cold,
    Search,
    Target,
    Timings,
    Way,
    Work,
    figures,
    late,
    times,
)

SETTING = Setting(
    command="python -m bench.index",
    machine="a machine",
    server="PostgreSQL 18",
    kernel="avx2",
    settings={"jit": "off"},
    rows=30_000_000,
    distinct=18_000_000,
    most_repeated=200_000,
    queries=4,
    pairs={3: 23.4, 6: 83.0},
    table_bytes=1_300_000_000,
    read_once=16.0,
    notes=("faiss is not here",),
)


def timings(*milliseconds: float, pages: int = 10, worst: float | None = None) -> Timings:
    longest = max(milliseconds) if worst is None else worst
    return Timings(milliseconds, (200,) * len(milliseconds), (pages,), longest)


def measured(name: str, factor: float, searches: tuple[Search, ...] = SEARCHES) -> Way:
    """A way that takes so many milliseconds times the radius, or one."""
    found = {s.name: timings(*[factor * max(s.radius, 1)] * 4) for s in searches}
    return Way(name, found)


def every_way() -> dict[str, Way]:
    tree = dataclasses.replace(
        measured("bktree", 40),
        built=Work(200, 1, 1000, 30),
        inserted=Work(10, 5, 1100, 3),
        cold=(Cold(9, 4000, None), Cold(9, 2000, None)),
        first=(9.0,),
    )
    ours = dataclasses.replace(
        measured("hamming", 1),
        built=Work(50, 1, 400, 30),
        inserted=Work(20, 5, 450, 3),
        grown=timings(6.0, 6.0),
        cold=(Cold(2, 100, 900_000), Cold(2, 300, 700_000)),
        first=(4.0, 16.0, 5.0),
    )
    scan = measured("faiss", 10, SEARCHES[:-1])
    return {w.name: w for w in (measured("sequential", 1000), tree, ours, scan)}


def test_a_target_is_met_or_says_by_how_much_it_was_missed() -> None:
    least = Target("speed", "speed", 200)
    assert least.verdict(200) == "met"
    assert least.verdict(100) == "missed by 2.00 ×"
    most = Target("size", "size", 0.5, at_least=False)
    assert most.verdict(0.5) == "met"
    assert most.verdict(0.75) == "missed by 1.50 ×"
    assert most.verdict(None) == "not measured"


def test_every_target_has_a_figure_of_its_own() -> None:
    reached = figures(every_way())
    assert len({target.figure for target in TARGETS}) == len(TARGETS)
    assert {target.figure for target in TARGETS} <= reached.keys()


def test_figures_are_the_ratios_that_they_are_called() -> None:
    reached = figures(every_way())
    # The whole pass takes 8 s; hamming takes 3 ms at radius 3.
    assert reached["sequential/3"] == pytest.approx(8000 / 3)
    assert reached["bktree/6"] == pytest.approx(40)
    # Radius 20 takes hamming 20 ms; a scan at radius 3 takes faiss 30.
    assert reached["worst"] == pytest.approx(20 / 30)
    assert reached["late"] == pytest.approx(1)
    assert reached["first"] == 16
    assert reached["size"] == pytest.approx(0.4)
    assert reached["build"] == pytest.approx(0.25)
    assert reached["insert"] == pytest.approx(0.5)
    assert reached["grown"] == pytest.approx(2)
    assert reached["cold"] == pytest.approx(15)


def test_what_was_not_measured_has_no_figure() -> None:
    ways = every_way()
    assert figures({k: v for k, v in ways.items() if k != "hamming"}) == {}
    alone = figures({"hamming": ways["hamming"]})
    assert alone.keys() == {"late", "first", "grown"}


def test_ways_are_compared_on_the_queries_that_both_were_put() -> None:
    slow, fast = timings(10, 30, 20), timings(1, 3, 2, 100, 100, 100)
    assert times(slow, fast) == pytest.approx(10)


def test_the_95th_percentile_leaves_out_a_twentieth() -> None:
    assert late(tuple(float(n) for n in range(100))) == 95
    assert late((7.0,)) == 7


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.5, "0.50"), (12.34, "12.3"), (99.96, "100.0"), (1234.5, "1,234"), (0.034, "0.03")],
)
def test_figures_are_short(value: float, shown: str) -> None:
    assert short(value) == shown


def test_a_table_is_markdown() -> None:
    assert table(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |"


def test_the_report_says_what_was_reached_and_what_was_not() -> None:
    text = report(SETTING, every_way())
    assert "| times as fast as the sequential scan, radius 3 | ≥ 2,200× | 2,667× | met |" in text
    assert "| slowest first query of a connection | ≤ 15 ms | 16.0 ms | missed by 1.07 × |" in text
    assert "- faiss is not here" in text
    assert "`jit = off`" in text
    assert "23 within 3, 83 within 6" in text
    assert "| 95th percentile" in text
    assert "set for 30,000,000 rows" not in text
    lines = [line for line in text.splitlines() if line.startswith("| within 3 |")]
    assert lines[0] == (
        "| within 3 | 3,000 (3,000, 3,000) | 120 (120, 120) | 3.00 (3.00, 3.00) |"
        " 30.0 (30.0, 30.0) |"
    )


def test_the_report_stands_without_any_of_the_ways() -> None:
    ways = every_way()
    small = dataclasses.replace(SETTING, rows=5000, kernel=None)
    for left_out in ways:
        text = report(small, {name: way for name, way in ways.items() if name != left_out})
        assert "set for 30,000,000 rows" in text
        assert "not measured" in text or left_out == "sequential"
    assert "not measured" in report(small, {"sequential": ways["sequential"]})


def test_all_that_was_measured_can_be_written_as_json() -> None:
    read = json.loads(json.dumps(as_json(SETTING, every_way())))
    assert read["ways"]["hamming"]["built"]["size"] == 400
    assert {"met", "missed by 1.07 ×"} <= {target["verdict"] for target in read["targets"]}


def test_what_is_printed_goes_between_the_marks() -> None:
    document = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert put_between(document, "new\n") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    with pytest.raises(ValueError, match="There is no"):
        put_between(f"{END} {BEGIN}", "new")
    assert BEGIN in put_between(DOCUMENT.read_text("utf-8"), "new")


def test_ways_are_chosen_by_name() -> None:
    assert names("hamming,faiss") == {"hamming", "faiss"}
    assert parse(["--skip", "bktree"]).only == frozenset(WAYS)
    with pytest.raises(ArgumentTypeError, match="no way called tree: say some of sequential"):
        names("hamming,tree")


def test_too_few_rows_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--rows", "10"])
    assert "at least 1,000 rows" in capsys.readouterr().err


def test_the_buffers_hold_the_table_and_an_index() -> None:
    assert settings_for(1_000)["shared_buffers"] == "256MB"
    assert settings_for(30_000_000)["shared_buffers"] == "4110MB"


def test_each_way_asks_in_its_own_words() -> None:
    three = Search("within", 3)
    assert SEQUENTIAL.query(three).endswith("::bit(64)) <= 3 LIMIT 200")
    assert BKTREE.query(three) == HAMMING.query(three)
    assert HAMMING.query(Search("count", 8)).startswith("SELECT count(*)")
    assert HAMMING.query(CLOSEST).endswith("ORDER BY hash <-> $1::bigint LIMIT 10")
    assert [method.name for method in METHODS.values()] == list(METHODS)


def brute(hashes: list[int], center: int) -> list[int]:
    return sorted(((hash_ ^ center) & (2**64 - 1)).bit_count() for hash_ in hashes)


def test_the_truth_is_what_plain_code_finds() -> None:
    hashes = at_random(3_000, seed=4)
    centers = [*(int(hash_) for hash_ in hashes[:3]), -1, 0, 2**63 - 1]
    truth = look_at_all(hashes, centers)
    for place, center in enumerate(centers):
        apart = brute(hashes.tolist(), center)
        assert truth.nearest(place) == apart[:10]
        for radius in (0, 20, 32, 64):
            found = sum(distance <= radius for distance in apart)
            assert truth.rows(place, Search("count", radius), None) == found
            assert truth.rows(place, Search("within", radius), 200) == min(found, 200)
            assert numpy_scan(hashes, Search("within", radius))(center) == found
    assert truth.rows(0, CLOSEST, None) == 10


def test_truths_add_up() -> None:
    hashes = at_random(500, seed=5)
    centers = [random.Random(1).getrandbits(63)]
    both = look_at_all(hashes[:200], centers) + look_at_all(hashes[200:], centers)
    whole: Truth = look_at_all(hashes, centers)
    assert np.array_equal(both.histograms[0], whole.histograms[0])


def test_faiss_finds_what_is_within_the_radius() -> None:
    pytest.importorskip("faiss", reason="only the lock of the benchmarks has faiss")
    hashes = at_random(2_000, seed=6)
    faiss = Faiss(hashes)
    for center in (int(hashes[0]), -5):
        for radius in (0, 24, 30):
            wanted = sum(distance <= radius for distance in brute(hashes.tolist(), center))
            assert faiss.ready(Search("within", radius))(center) == wanted
    assert faiss.ready(CLOSEST)(0) == 10
