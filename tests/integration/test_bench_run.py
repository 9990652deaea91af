"""Benchmarks run from start to end, and each way finds what is true."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from bench.index import main
from bench.results import SEARCHES

pytestmark = pytest.mark.usefixtures("built_for_benchmarks")


def test_the_benchmark_measures_and_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "measured.json"
    main(
        "--rows 2000 --queries 9 --patience 0.1 --skip faiss --warm"
        f" --cache {tmp_path} --json {written}".split()
    )
    printed = capsys.readouterr().out
    assert "## 2,000 rows" in printed
    assert "What is read with nothing cached was skipped." in printed
    assert "| within 3 |" in printed

    measured = json.loads(written.read_text("utf-8"))
    assert measured["setting"]["settings"]["wal_level"] == "replica"
    ways = measured["ways"]
    assert {"sequential", "bktree", "hamming", "numpy"} == ways.keys()
    for name in ("sequential", "bktree", "hamming"):
        assert ways[name]["searches"].keys() == {search.name for search in SEARCHES}
        assert ways[name]["inserted"]["rows"] == 200
    for name in ("bktree", "hamming"):
        assert ways[name]["built"]["log_bytes"] > ways[name]["built"]["size"] / 2
        assert len(ways[name]["first"]) == 9
        assert len(ways[name]["grown"]["milliseconds"]) == 9
    assert len(list(tmp_path.glob("dhashes-*.npy"))) == 1


def test_the_benchmark_of_imports_measures_and_prints(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # No name that a statement could import.
    import_module("bench.import").main(
        f"--rows 5000 --rounds 1 --drawn 12 --pictures 20 --cache {tmp_path}".split()
    )
    printed = capfd.readouterr().out
    assert "5,000 rows" in printed
    for line in ("`whereis-bot import dump`", "`import folder`", "`import zim`", "the same again"):
        assert f"| {line}" in printed
    assert str(tmp_path) not in printed
