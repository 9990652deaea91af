"""The evaluation runs from end to end: a database, the product's own search, all tables."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.quality import crops, distractors
from bench.quality.__main__ import main, parse, without_places
from bench.quality.alterations import alterations
from bench.quality.pictures import drawn


@pytest.mark.usefixtures("built_for_benchmarks")
def test_a_quick_run_finds_what_it_holds(
    short_folders: Callable[[], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = short_folders()
    # As many as a test has the time for.
    monkeypatch.setattr(distractors, "CHUNK", 1_000)
    monkeypatch.setattr(distractors, "CROPS", 200)
    monkeypatch.setattr("bench.quality.__main__.QUICK_DRAWN", 12)
    answers = folder / "answers.json"
    main(
        ["--quick", "--distractors", "1000", "--limit", "1", "--timed", "5", "--met", "20",
         "--cache", str(folder), "--json", str(answers)]
    )  # fmt: skip
    printed = capsys.readouterr().out
    titles = ("Targets", "Another picture stated", "Pictures that the index holds",
              "Pictures that it does not hold", "How often strangers look alike",
              "What a search costs")  # fmt: skip
    assert [line[4:] for line in printed.splitlines() if line.startswith("### ")] == list(titles)
    found = json.loads(answers.read_text())
    held = [one for one in found if one["held"]]
    assert {one["alteration"] for one in held} >= {one.name for one in alterations()}
    easy = [one for one in held if one["alteration"] in {"as it is", "JPEG 50", "half size"}]
    assert easy
    for one in easy:
        assert one["status"] == "found", one
        assert one["matches"][0]["owner"] == "right", one
    absent = [one for one in found if not one["held"]]
    assert absent
    assert not any(match["owner"] == "right" for one in absent for match in one["matches"])


def test_it_wants_something_to_measure(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--limit", "0"], ["--distractors", "0"], ["--half", "third"]):
        with pytest.raises(SystemExit):
            parse(words)
    capsys.readouterr()
    assert parse([]).distractors == 1_000_000
    assert parse(["--quick"]).distractors == 20_000


def test_no_place_of_whoever_measures_is_printed() -> None:
    words = ["--corpus", "/home/ann/pictures", "--half", "odd", "--json", "a.json"]
    assert without_places(words) == ["--corpus", "FOLDER", "--half", "odd", "--json", "FILE"]
    assert without_places([]) == []


def test_windows_find_more_crops_than_the_whole_does() -> None:
    assert crops.grid(0.8, 2)[0] == (0, 0, 0.8, 0.8)
    lines = crops.report([crops.ask(picture) for picture in drawn(1)]).splitlines()
    rows = {line.split("|")[1].strip(): line.split("|")[2:-1] for line in lines[2:]}
    assert set(rows) == {*crops.SETS, crops.SEGMENTS}

    def within(name: str) -> list[int]:
        shares = " / ".join(rows[name][1:]).replace("%", "").split("/")
        return [int(share) for share in shares]

    every = list(zip(within("nothing else"), within(list(crops.SETS)[-1]), strict=True))
    assert all(few <= many for few, many in every)
    assert int(rows["nothing else"][0]) == 1
