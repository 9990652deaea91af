"""Processes that read pictures: none can hold up, crash or outlive the rest."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image

from bot.images import (
    COUNTED_AS,
    JOB_BYTES,
    JOB_PICTURES,
    Fingerprint,
    Limits,
    Unreadable,
    UnreadableKind,
    Workers,
    fingerprint,
)
from bot.images.workers import serve
from bot.images.workers.pool import _next_job
from bot.metrics import Metrics
from tests.unit.images.processes import (
    Here,
    busy,
    children,
    cpu_seconds,
    endless,
    first_busy,
    warm,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

Save = Callable[..., bytes]


def killed(metrics: Metrics) -> dict[str, float]:
    """What broke its reader, by how."""
    (family,) = metrics.workers_killed.collect()
    return {
        sample.labels["reason"]: sample.value
        for sample in family.samples
        if sample.name.endswith("_total") and sample.value
    }


async def test_answers_are_those_of_the_pure_function(good: bytes) -> None:
    files = [good, good[:50], b"hello", b"<svg width='9' height='9'/>"]

    async with Workers(Limits(), processes=1) as workers:
        for data in files:
            assert await workers.fingerprint(data) == fingerprint(data, Limits())


async def test_many_at_once_are_all_answered(good: bytes) -> None:
    async with Workers(Limits(), processes=2) as workers:
        assert workers.capacity > 2
        answers = await asyncio.gather(*(workers.fingerprint(good) for _ in range(50)))

    assert answers == [fingerprint(good, Limits())] * 50


async def test_no_more_processes_than_asked_for(good: bytes, mine: Here) -> None:
    async with Workers(Limits(), processes=2) as workers:
        await warm(workers, good, 2, mine)
        await asyncio.gather(*(workers.fingerprint(good) for _ in range(20)))
        assert len(mine()) == 2


async def test_a_process_starts_when_a_picture_needs_it(good: bytes, mine: Here) -> None:
    async with Workers(Limits(), processes=2) as workers:
        assert isinstance(await workers.fingerprint(b"no picture"), Unreadable)
        assert len(mine()) == 1
        assert isinstance(await workers.fingerprint(good), Fingerprint)
        assert len(mine()) == 2


async def test_one_process_per_core_unless_told(good: bytes) -> None:
    async with Workers(Limits()) as workers:
        await workers.fingerprint(good)
        assert workers.capacity == 2 * len(os.sched_getaffinity(0)) + 2


async def test_what_is_too_large_is_not_even_sent() -> None:
    # No process is needed for these, so none is waited for.
    async with Workers(Limits(max_bytes=10), processes=1) as workers:
        async with asyncio.timeout(0.2):
            large = await workers.fingerprint(b"x" * 11)
            empty = await workers.fingerprint(b"")

    assert isinstance(large, Unreadable)
    assert large.kind == "too_large"
    assert isinstance(empty, Unreadable)
    assert empty.kind == "empty"


async def test_files(good: bytes, tmp_path: Path) -> None:
    file, empty, large, pipe = (tmp_path / name for name in ("a", "empty", "large", "pipe"))
    file.write_bytes(good)
    empty.touch()
    large.write_bytes(bytes(20_001))
    os.mkfifo(pipe)

    async with Workers(Limits(max_bytes=20_000), processes=1) as workers:
        assert await workers.fingerprint_file(file) == fingerprint(good, Limits())
        for path, kind in (
            (empty, "empty"),
            (large, "too_large"),
            (pipe, "damaged"),
            (tmp_path, "damaged"),
            (tmp_path / "missing", "damaged"),
            (Path("/dev/zero"), "damaged"),
            (Path("a\0b"), "damaged"),
        ):
            result = await workers.fingerprint_file(path)
            assert isinstance(result, Unreadable), path
            assert result.kind == kind, path


async def test_a_missing_file_is_named_by_its_problem(tmp_path: Path) -> None:
    async with Workers(Limits(), processes=1) as workers:
        result = await workers.fingerprint_file(tmp_path / "missing")

    assert isinstance(result, Unreadable)
    assert result.reason == "I can't open that file: No such file or directory."


async def test_a_slow_picture_is_ended_and_the_next_is_read(good: bytes, mine: Here) -> None:
    metrics = Metrics()
    async with Workers(Limits(timeout=0.5), processes=1, metrics=metrics) as workers:
        await warm(workers, good, 1, mine)
        started = time.monotonic()
        slow = await workers.fingerprint(endless())
        assert time.monotonic() - started < 3
        assert isinstance(await workers.fingerprint(good), Fingerprint)

    assert killed(metrics) == {"time": 1}
    assert isinstance(slow, Unreadable)
    assert slow.kind == "too_slow"
    assert "0.5 seconds" in slow.reason


async def test_waiting_for_a_process_does_not_count_as_its_time(good: bytes) -> None:
    async with Workers(Limits(timeout=0.7), processes=1) as workers:
        answers = await asyncio.gather(
            workers.fingerprint(endless()),
            workers.fingerprint(endless()),
            workers.fingerprint(good),
            workers.fingerprint(good),
        )

    assert [getattr(answer, "kind", "read") for answer in answers] == [
        "too_slow", "too_slow", "read", "read"
    ]  # fmt: skip


async def test_others_go_on_while_one_is_slow(good: bytes, mine: Here) -> None:
    async with Workers(Limits(timeout=60), processes=2) as workers:
        await warm(workers, good, 2, mine)
        async with busy(workers.fingerprint, mine) as (slow, _), asyncio.timeout(20):
            for _ in range(20):
                assert isinstance(await workers.fingerprint(good), Fingerprint)
            assert not slow.done()


async def test_a_process_that_dies_takes_only_its_own_picture_along(
    good: bytes, mine: Here
) -> None:
    async with Workers(Limits(timeout=60), processes=2) as workers:
        await warm(workers, good, 2, mine)
        async with busy(workers.fingerprint, mine) as (slow, pid), asyncio.timeout(30):
            others = asyncio.gather(*(workers.fingerprint(good) for _ in range(30)))
            os.kill(pid, signal.SIGKILL)
            died = await slow
            assert await others == [fingerprint(good, Limits())] * 30

    assert isinstance(died, Unreadable)
    assert died.kind == "damaged"


async def test_what_becomes_of_processes_is_measured(good: bytes, mine: Here) -> None:
    metrics = Metrics()
    value = metrics.registry.get_sample_value

    def state() -> tuple[float | None, ...]:
        return tuple(value(f"whereis_workers_{name}") for name in ("busy", "waiting"))

    async with Workers(Limits(timeout=60), processes=1, metrics=metrics) as workers:
        await warm(workers, good, 1, mine)
        assert value("whereis_worker_processes") == 1
        assert state() == (0, 0)
        async with busy(workers.fingerprint, mine) as (slow, pid), asyncio.timeout(30):
            other = asyncio.create_task(workers.fingerprint(good))
            await asyncio.sleep(0)
            assert state() == (1, 1)
            os.kill(pid, signal.SIGKILL)
            await asyncio.gather(slow, other)
        assert state() == (0, 0)
    assert killed(metrics) == {"crash": 1}
    assert value("whereis_worker_starts_total", {"result": "started"}) == 2
    for step in ("wait", "read"):
        count = value("whereis_step_duration_seconds_count", {"step": step})
        assert count is not None
        assert count >= 3


async def test_processes_that_die_idle_are_replaced_unnoticed(good: bytes, mine: Here) -> None:
    async with Workers(Limits(), processes=2) as workers:
        for _ in range(3):
            await warm(workers, good, 2, mine)
            for pid in mine():
                os.kill(pid, signal.SIGKILL)
            async with asyncio.timeout(20):
                answers = await asyncio.gather(*(workers.fingerprint(good) for _ in range(6)))
            assert answers == [fingerprint(good, Limits())] * 6


async def test_cancelling_frees_the_process(good: bytes, mine: Here) -> None:
    async with Workers(Limits(timeout=60), processes=1) as workers:
        await warm(workers, good, 1, mine)
        async with busy(workers.fingerprint, mine) as (slow, _):
            slow.cancel()
            async with asyncio.timeout(10):
                assert isinstance(await workers.fingerprint(good), Fingerprint)
            assert slow.cancelled()


async def test_cancelling_one_that_waits_loses_nothing(good: bytes) -> None:
    async with Workers(Limits(timeout=1), processes=1) as workers:
        tasks = [asyncio.create_task(workers.fingerprint(d)) for d in (endless(), good, good)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(answers[0], Unreadable)
    assert isinstance(answers[1], asyncio.CancelledError)
    assert isinstance(answers[2], Fingerprint)


async def test_memory_is_limited(good: bytes, save: Save) -> None:
    large = save(Image.new("RGB", (6000, 4000), "red"), "PNG")
    metrics = Metrics()

    async with Workers(Limits(memory=64 * 2**20), processes=1, metrics=metrics) as workers:
        refused = await workers.fingerprint(large)
        assert isinstance(await workers.fingerprint(good), Fingerprint)
    async with Workers(Limits(), processes=1) as workers:
        assert isinstance(await workers.fingerprint(large), Fingerprint)

    assert killed(metrics) == {"memory": 1}
    assert isinstance(refused, Unreadable)
    assert refused.kind == "too_large"
    assert "64 MB of memory" in refused.reason


async def test_many_are_answered_in_order(good: bytes) -> None:
    files = [b"", good, good[:50], b"x" * 20_001, b"hello", *[good] * 40, b"%PDF-", good[:99]]
    limits = Limits(max_bytes=20_000)

    async with Workers(limits, processes=1) as workers:
        assert await workers.fingerprint_many(files) == [fingerprint(d, limits) for d in files]
        assert await workers.fingerprint_many([]) == []
        assert await workers.fingerprint_many([good]) == [fingerprint(good, limits)]


async def test_many_times_many_are_answered(good: bytes, picture: Image.Image, save: Save) -> None:
    other = save(picture.rotate(180), "JPEG")
    wanted = [fingerprint(data, Limits()) for data in (good, other)] * 10

    async with Workers(Limits(), processes=2) as workers:
        answers = await asyncio.gather(
            *(workers.fingerprint_many([good, other] * 10) for _ in range(12)),
            *(workers.fingerprint(good) for _ in range(5)),
        )
    assert answers == [wanted] * 12 + [wanted[0]] * 5


async def test_among_many_a_slow_picture_is_slow_alone(good: bytes) -> None:
    async with Workers(Limits(timeout=0.7), processes=1) as workers:
        # The second call waits behind the first, in the process that the slow one takes along.
        (first, second), single = await asyncio.gather(
            asyncio.gather(
                workers.fingerprint_many([good, endless(), good, good[:50]]),
                workers.fingerprint_many([good] * 3),
            ),
            workers.fingerprint(good),
        )

    assert [getattr(answer, "kind", "read") for answer in first] == [
        "read", "too_slow", "read", "damaged"
    ]  # fmt: skip
    assert second == [fingerprint(good, Limits())] * 3
    assert single == second[0]


async def test_among_many_a_process_that_dies_harms_no_other(good: bytes, mine: Here) -> None:
    async with Workers(Limits(timeout=2), processes=1) as workers:
        await warm(workers, good, 1, mine)
        before = {pid: cpu_seconds(pid) for pid in mine()}
        task = asyncio.create_task(workers.fingerprint_many([good, endless(), good]))
        other = asyncio.create_task(workers.fingerprint_many([good, good]))
        os.kill(await first_busy(before), signal.SIGKILL)
        async with asyncio.timeout(30):
            answers = await task
            assert await other == [fingerprint(good, Limits())] * 2

    assert [getattr(answer, "kind", "read") for answer in answers] == ["read", "too_slow", "read"]


async def test_among_many_memory_is_limited_for_each(good: bytes, save: Save) -> None:
    large = save(Image.new("RGB", (6000, 4000), "red"), "PNG")

    async with Workers(Limits(memory=64 * 2**20), processes=1) as workers:
        answers = await workers.fingerprint_many([good, large, good])

    assert [getattr(answer, "kind", "read") for answer in answers] == ["read", "too_large", "read"]
    assert isinstance(answers[1], Unreadable)
    assert "64 MB of memory" in answers[1].reason


async def test_cancelling_many_frees_the_process(good: bytes, mine: Here) -> None:
    async with Workers(Limits(timeout=60), processes=1) as workers:
        await warm(workers, good, 1, mine)
        before = {pid: cpu_seconds(pid) for pid in mine()}
        slow = asyncio.create_task(workers.fingerprint_many([good, endless(), good]))
        behind = asyncio.create_task(workers.fingerprint_many([good, good]))
        await first_busy(before)
        slow.cancel()
        async with asyncio.timeout(10):
            assert await behind == [fingerprint(good, Limits())] * 2
            assert isinstance(await workers.fingerprint(good), Fingerprint)
        assert slow.cancelled()


async def test_cancelling_what_waits_behind_others_loses_nothing(good: bytes, mine: Here) -> None:
    async with Workers(Limits(timeout=1), processes=1) as workers:
        await warm(workers, good, 1, mine)
        before = {pid: cpu_seconds(pid) for pid in mine()}
        first = asyncio.create_task(workers.fingerprint_many([good, endless()]))
        behind = asyncio.create_task(workers.fingerprint_many([good, good]))
        await first_busy(before)
        behind.cancel()
        answers = await first
        assert isinstance(await workers.fingerprint(good), Fingerprint)

    assert [getattr(answer, "kind", "read") for answer in answers] == ["read", "too_slow"]


async def test_leaving_answers_many(good: bytes, mine: Here) -> None:
    async with Workers(Limits(timeout=60), processes=1) as workers:
        await warm(workers, good, 1, mine)
        before = {pid: cpu_seconds(pid) for pid in mine()}
        waiting = [
            asyncio.create_task(workers.fingerprint_many([endless(), good])) for _ in range(4)
        ]
        await first_busy(before)
        started = time.monotonic()
    answers = [answer for one in await asyncio.gather(*waiting) for answer in one]

    assert time.monotonic() - started < 2
    assert mine() == []
    assert all(isinstance(a, Unreadable) and "stopped" in a.reason for a in answers)


async def test_a_process_that_has_read_much_is_replaced(
    good: bytes, mine: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.images.workers.slot._PICTURES_PER_PROCESS", 25)
    async with Workers(Limits(), processes=1) as workers:
        await warm(workers, good, 1, mine)
        (before,) = mine()
        answers = await asyncio.gather(*(workers.fingerprint_many([good] * 10) for _ in range(6)))
        assert before not in mine()

    assert answers == [[fingerprint(good, Limits())] * 10] * 6


def test_a_job_leaves_to_another_what_there_is_no_time_for(
    good: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A second passes between any two looks at the clock.
    monkeypatch.setattr("bot.images.workers.serve.time.monotonic", iter(range(100)).__next__)

    answer = fingerprint(good, Limits())
    assert serve.read([good] * 9, Limits(timeout=6)) == [answer] * 4
    assert serve.read([good] * 9, Limits(timeout=0.1)) == [answer]


def test_a_job_has_no_more_than_there_is_room_for() -> None:
    small, large = b"x" * 100, b"x" * JOB_BYTES
    pictures = [small, large, large, *[small] * (JOB_PICTURES + 1), b"x" * (JOB_BYTES + 1)]
    waiting = deque(range(len(pictures)))

    jobs = []
    while waiting:
        jobs.append(len(_next_job(waiting, pictures)))
    assert jobs == [1, 1, 1, JOB_PICTURES, 1, 1]


def test_every_reason_has_words_to_count_it_by() -> None:
    assert set(COUNTED_AS) == set(get_args(UnreadableKind))
    assert len(set(COUNTED_AS.values())) == len(COUNTED_AS)
    assert not any(any(map(str.isdigit, words)) for words in COUNTED_AS.values())


def state_of(pid: int) -> tuple[str, str, set[Path]]:
    """A process's limits, status, and what its standard streams are."""
    process = Path("/proc", str(pid))
    streams = {process.joinpath("fd", number).readlink() for number in "012"}
    return (process / "limits").read_text(), (process / "status").read_text(), streams


async def test_a_process_may_do_little(good: bytes, mine: Here) -> None:
    async with Workers(Limits(), processes=1) as workers:
        await warm(workers, good, 1, mine)
        (pid,) = mine()
        text, status, outputs = state_of(pid)

    limits = {line[:26].strip(): line[26:].split()[:2] for line in text.splitlines()}
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max file size"] == ["0", "0"]
    assert int(limits["Max open files"][1]) <= 64
    assert int(limits["Max address space"][1]) < 4 * 2**30
    assert limits["Max cpu time"][0] != "unlimited"
    assert outputs == {Path(os.devnull)}
    # SIGINT is for the parent to handle; bit 1 of the mask is signal 2.
    ignored = next(line for line in status.splitlines() if line.startswith("SigIgn"))
    assert int(ignored.split()[1], 16) & 0b10


async def test_leaving_is_prompt_and_answers_everybody(good: bytes, mine: Here) -> None:
    async with Workers(Limits(timeout=60), processes=1) as workers:
        await warm(workers, good, 1, mine)
        waiting = [asyncio.create_task(workers.fingerprint(endless())) for _ in range(4)]
        await first_busy(dict.fromkeys(mine(), 0.0))
        started = time.monotonic()
    answers = await asyncio.gather(*waiting)

    assert time.monotonic() - started < 2
    assert mine() == []
    assert all(isinstance(a, Unreadable) and "stopped" in a.reason for a in answers)


async def test_leaving_at_once_is_prompt(mine: Here) -> None:
    started = time.monotonic()
    async with Workers(Limits(), processes=2):
        pass

    assert time.monotonic() - started < 5
    assert mine() == []


async def test_outside_its_block_it_says_so(good: bytes) -> None:
    workers = Workers(Limits(), processes=1)

    with pytest.raises(RuntimeError, match="async with"):
        await workers.fingerprint(good)


async def test_a_process_that_cannot_start_is_an_answer_and_a_log_line(
    good: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # Python has nothing of that name to run, so the process ends before it is ready.
    monkeypatch.setattr("bot.images.workers.serve.serve", signal.strsignal)
    metrics = Metrics()

    with caplog.at_level(logging.WARNING):
        async with Workers(Limits(), processes=1, metrics=metrics) as workers:
            result = await workers.fingerprint(good)

    failed = metrics.registry.get_sample_value("whereis_worker_starts_total", {"result": "failed"})
    # Once for the picture, and perhaps once more to have one ready for the next.
    assert failed in (1, 2)

    assert isinstance(result, Unreadable)
    assert "not the file's fault" in result.reason
    assert "did not start" in caplog.text


ORPHANS = """
import asyncio, sys
from bot.images import Limits, Workers

async def main():
    async with Workers(Limits(timeout=600), processes=2) as workers:
        await workers.fingerprint(b"hello")
        slow = asyncio.create_task(workers.fingerprint(sys.stdin.buffer.read()))
        await asyncio.sleep(0.5)
        print("busy", flush=True)
        await slow

asyncio.run(main())
"""


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_its_parent(kind: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHANS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.write(endless())
        parent.stdin.close()
        assert parent.stdout.readline() == b"busy\n"
        below = children(parent.pid)
        assert len(below) >= 3
        parent.send_signal(kind)
        parent.wait(10)

    deadline = time.monotonic() + 10
    while (alive := [pid for pid in below if _alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert alive == []


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"
