"""Files made to do harm: each is read or refused, and nothing outside is touched.

Every call to the kernel that the processes make is looked at, by strace.
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest

from bench.hostile import tracing
from bench.hostile.files import hostile_files
from bot.images import Limits, UnreadableKind, cairo_available
from tests.drawing import png

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "hostile"
STATUSES = {"read", *get_args(UnreadableKind)}

pytestmark = [
    pytest.mark.skipif(not tracing.available(), reason="strace is not here, or may not trace"),
    pytest.mark.skipif(not cairo_available(), reason="no cairo library here"),
]


@dataclass(frozen=True, slots=True)
class Seen:
    """What reading a folder of files printed, and what it asked of the kernel."""

    count: int
    told: dict[str, Any]
    trace: tracing.Trace


def look(folder: Path, log: Path) -> Seen:
    """Read all files in a folder, under strace."""
    trace = tracing.trace(["-m", "bench.hostile.reading", str(folder)], log, seconds=280)
    count = sum(file.is_file() for file in folder.rglob("*"))
    return Seen(count, json.loads(trace.printed), trace)


def check(seen: Seen) -> None:
    """Nothing was reached, nothing crashed, and all was answered in time."""
    assert seen.trace.processes > 0
    assert seen.trace.reached == []
    assert seen.told["crashed"] == []
    assert sum(seen.told["outcomes"].values()) == seen.count
    assert set(seen.told["outcomes"]) <= STATUSES
    # A picture has its time, and nothing of the time that others take.
    assert seen.told["slowest"] < Limits().timeout + 5
    assert seen.told["memory_after"] - seen.told["memory_before"] < 64 * 2**20


def test_files_that_are_drawn_to_do_harm(tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere" / "secret.png"
    secret.parent.mkdir()
    secret.write_bytes(png(1))
    folder = tmp_path / "files"
    folder.mkdir()
    for file in hostile_files("http://127.0.0.1:9", str(secret)):
        folder.joinpath(file.name).write_bytes(file.data)

    seen = look(folder, tmp_path / "trace.txt")

    check(seen)
    assert {"read", "damaged", "too_large", "too_slow", "unknown", "empty"} == set(
        seen.told["outcomes"]
    )


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the hostile files of others are not here")
def test_files_that_others_drew(tmp_path: Path) -> None:
    check(look(CORPUS, tmp_path / "trace.txt"))


READING_ELSEWHERE = """
import os, sys
from bot.images.workers import sandbox
sandbox.enter()
for attempt in (lambda: open(sys.argv[1]), lambda: os.stat(sys.argv[1])):
    try:
        attempt()
    except OSError:
        pass
"""


def test_what_is_reached_is_seen(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    trace = tracing.trace(
        ["-c", READING_ELSEWHERE, str(secret)], tmp_path / "trace.txt", seconds=60
    )

    assert trace.processes == 1
    assert [str(secret) in call for call in trace.reached] == [True, True]


def test_a_process_that_never_shuts_itself_in_is_not_counted(tmp_path: Path) -> None:
    trace = tracing.trace(["-c", "open('/etc/passwd')"], tmp_path / "trace.txt", seconds=60)
    assert trace == tracing.Trace()


def test_a_command_that_fails_is_no_trace(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        tracing.trace(["-c", "raise SystemExit(3)"], tmp_path / "trace.txt", seconds=60)
