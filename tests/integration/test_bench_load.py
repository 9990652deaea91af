"""The benchmarks of load and of partitions run from end to end."""

from pathlib import Path

import pytest

from bench.load import __main__ as load
from bench.load import parts
from bench.load.faults import RESTART, Planned
from bench.load.report import everything, lost, report
from bench.partitions import main as measure_partitions

SMALL = "--rows 1000 --pictures 4 --servers 2 --members 1,3 --seconds 0.2 --busy 2 --minutes 0.005"


async def test_every_member_is_answered_and_each_step_is_measured(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "FLOODING", 3)
    options = load.parse([*SMALL.split(), "--cache", str(tmp_path)])
    measured = await load.measure(database_url, None, tmp_path, options)

    assert lost(measured) == measured.twice == 0
    assert not measured.tracebacks
    assert all(one.fate == "answered" for one in everything(measured))
    assert [part.members for part in measured.parts] == [1, 3]
    assert all(one.right for part in measured.parts for one in part.heard)
    assert all(min(step.decode, step.query, step.search) > 0 for step in measured.steps)
    assert all(memory.bot > 0 and memory.workers > 0 for memory in measured.memory)
    assert "and 0 were lost" in report(measured, "load", "a machine", options)


async def test_what_goes_wrong_is_accounted_for(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stored_nowhere(*_: str) -> None:
        """Spare the time of an import."""

    monkeypatch.setattr(load, "whereis", stored_nowhere)
    names = ("404 of the CDN", "429 to a reply", "the gateway's connection is cut", RESTART)
    monkeypatch.setattr(parts, "plan", lambda *_: [Planned(0.0, name) for name in names])
    options = load.parse([*SMALL.split(), "--cache", str(tmp_path), "--faults"])
    measured = await load.measure(database_url, None, tmp_path, options)

    # There is no server here that could be restarted.
    assert measured.faults == dict.fromkeys(names[:3], 1)
    assert lost(measured) == measured.twice == 0
    assert not measured.steps
    assert not measured.parts
    explained = [one.why for one in everything(measured) if one.fate == "explained"]
    assert len(explained) == 1
    assert explained[0].startswith("I could not get this picture: ")


@pytest.mark.usefixtures("built_for_benchmarks")
def test_partitions_find_the_same(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    measure_partitions(
        f"--rows 1000 --partitions 2 --queries 8 --rounds 1 --cache {tmp_path}".split()
    )
    printed = capfd.readouterr().out
    assert "32 answers were compared, and none differed" in printed
    assert "- by `hash (id)`: `images: UNIQUE NULLS NOT DISTINCT" in printed
    assert "`images: PRIMARY KEY (id)`" in printed
    assert "FOREIGN KEY (image_id)" in printed
