"""``make`` and the scripts behind it say what they do, and refuse what they can't."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def setup(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(ROOT / "scripts/setup"), *arguments],
        env={"PATH": os.environ["PATH"], "SYSTEM": "no", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_setup_names_its_purposes() -> None:
    result = setup("dinner")
    assert result.returncode == 2
    assert "demo, preview, dev, bench, quality or lock" in result.stderr


def test_setup_refuses_an_old_python(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo Python 3.9.2 && exit\nexit 1\n')
    old.chmod(0o755)
    named = setup("demo", PYTHON=str(old))
    assert named.returncode == 2
    assert "is not a Python 3.11 or newer" in named.stderr

    for tool in ("sh", "dirname", "cat"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    found = setup("demo", PATH=str(tmp_path))
    assert found.returncode == 2
    assert "needs Python 3.11 or newer, and there is Python 3.9.2" in found.stderr


@pytest.mark.parametrize("target", ["demo", "test", "fuzz", "lint", "lock", "bench-index", "clean"])
def test_make_has_the_targets_that_its_help_names(target: str) -> None:
    shown = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert f"make {target} " in shown.stdout
    planned = subprocess.run(
        ["make", "-n", target, "ARGS=--preview"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    if target == "demo":
        assert "scripts/setup preview" in planned.stdout
        assert "whereis-bot demo --preview" in planned.stdout


def planned(*arguments: str) -> str:
    """What ``make`` would do."""
    # The make that runs these tests would hand on what it was asked itself.
    ours = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARGS"}
    return subprocess.run(
        ["make", "-n", *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in ours},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def test_fuzzing_takes_a_minute_and_new_inputs_unless_told_otherwise() -> None:
    assert "scripts/setup dev" in planned("fuzz")
    assert planned("fuzz").strip().endswith("-m tests.fuzz --seconds 60")
    told = planned("fuzz", "FUZZ_SECONDS=5", "SEED=7", "ARGS=--only svg").split()
    assert told[told.index("--seconds") :] == ["--seconds", "5", "--seed", "7", "--only", "svg"]


def test_a_change_passes_when_the_tests_and_the_checks_do() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    commands = [shlex.split(line) for line in script.read_text(encoding="utf-8").splitlines()]
    made = [command[1] for command in commands if command[:1] == ["make"]]
    assert made == ["test", "lint"]


@pytest.mark.parametrize(("tests", "checks", "status"), [(0, 0, 0), (1, 0, 1), (0, 2, 1)])
def test_the_exit_status_of_the_checks_is_honest(
    tests: int, checks: int, status: int, tmp_path: Path
) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci")
    (tmp_path / "Makefile").write_text(f"test:\n\t@exit {tests}\nlint:\n\t@exit {checks}\n")
    result = subprocess.run(
        [tmp_path / ".ci/run"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert result.returncode == status
