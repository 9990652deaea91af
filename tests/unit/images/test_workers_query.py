"""Queries are made in the same processes, and no picture that is asked about holds up another."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from bot.images import Limits, Query, Unreadable, Workers, fingerprint, query
from bot.images.workers import serve, wire
from tests.unit.images.processes import Here, busy, endless, first_busy, warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

Save = Callable[..., bytes]


async def test_answers_are_those_of_the_pure_function(good: bytes) -> None:
    files = [good, good[:50], b"hello", b"<svg width='9' height='9'/>", b""]

    async with Workers(Limits(), processes=1) as workers:
        for data in files:
            assert await workers.query(data) == query(data, Limits())
    assert isinstance(query(good, Limits()), Query)


async def test_queries_and_fingerprints_do_not_get_mixed_up(good: bytes) -> None:
    async with Workers(Limits(), processes=2) as workers:
        answers = await asyncio.gather(
            *(workers.query(good) for _ in range(15)),
            *(workers.fingerprint(good) for _ in range(15)),
            *(workers.fingerprint_many([good] * 5) for _ in range(5)),
        )

    assert answers[:15] == [query(good, Limits())] * 15
    assert answers[15:30] == [fingerprint(good, Limits())] * 15
    assert answers[30:] == [[fingerprint(good, Limits())] * 5] * 5


async def test_what_is_too_large_is_not_even_sent() -> None:
    async with Workers(Limits(max_bytes=10), processes=1) as workers:
        async with asyncio.timeout(0.2):
            large = await workers.query(b"x" * 11)
            empty = await workers.query(b"")

    assert isinstance(large, Unreadable)
    assert large.kind == "too_large"
    assert isinstance(empty, Unreadable)
    assert empty.kind == "empty"


async def test_files(good: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(good)

    async with Workers(Limits(max_bytes=20_000), processes=1) as workers:
        assert await workers.query_file(file) == query(good, Limits())
        for path in (tmp_path / "missing", tmp_path, Path("/dev/zero")):
            found = await workers.query_file(path)
            assert isinstance(found, Unreadable), path
            assert found == await workers.fingerprint_file(path)


async def test_a_slow_picture_is_ended_and_the_next_is_read(good: bytes, mine: Here) -> None:
    async with Workers(Limits(timeout=0.5), processes=1) as workers:
        await warm(workers, good, 1, mine)
        slow, after = await asyncio.gather(workers.query(endless()), workers.query(good))

    assert isinstance(slow, Unreadable)
    assert slow.kind == "too_slow"
    assert isinstance(after, Query)


async def test_a_process_that_dies_takes_only_its_own_picture_along(
    good: bytes, mine: Here
) -> None:
    async with Workers(Limits(timeout=60), processes=1) as workers:
        await warm(workers, good, 1, mine)
        async with busy(workers.query, mine) as (slow, pid), asyncio.timeout(30):
            behind = asyncio.create_task(workers.query(good))
            os.kill(pid, signal.SIGKILL)
            died = await slow
            assert isinstance(await behind, Query)

    assert isinstance(died, Unreadable)
    assert died.kind == "damaged"


async def test_processes_that_die_idle_are_replaced_unnoticed(good: bytes, mine: Here) -> None:
    async with Workers(Limits(), processes=1) as workers:
        await warm(workers, good, 1, mine)
        for pid in mine():
            os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            assert await workers.query(good) == query(good, Limits())


async def test_cancelling_frees_the_process(good: bytes, mine: Here) -> None:
    async with Workers(Limits(timeout=60), processes=1) as workers:
        await warm(workers, good, 1, mine)
        async with busy(workers.query, mine) as (slow, _):
            slow.cancel()
            async with asyncio.timeout(10):
                assert isinstance(await workers.query(good), Query)
            assert slow.cancelled()


async def test_leaving_is_prompt_and_answers_everybody(good: bytes, mine: Here) -> None:
    async with Workers(Limits(timeout=60), processes=1) as workers:
        await warm(workers, good, 1, mine)
        waiting = [asyncio.create_task(workers.query(endless())) for _ in range(3)]
        await first_busy(dict.fromkeys(mine(), 0.0))
        started = time.monotonic()
    answers = await asyncio.gather(*waiting)

    assert time.monotonic() - started < 2
    assert mine() == []
    assert all(isinstance(a, Unreadable) and "stopped" in a.reason for a in answers)


async def test_memory_is_limited(good: bytes, save: Save) -> None:
    large = save(Image.new("RGB", (6000, 4000), "red"), "PNG")

    async with Workers(Limits(memory=64 * 2**20), processes=1) as workers:
        refused = await workers.query(large)
        assert isinstance(await workers.query(good), Query)

    assert isinstance(refused, Unreadable)
    assert refused.kind == "too_large"


async def test_the_first_picture_that_can_be_read_is_read_however_long_the_animation(
    picture: Image.Image, save: Save
) -> None:
    # Choosing colours for each frame would take most of the test's time.
    large = picture.resize((1500, 1200)).convert("P")
    frames = [large.rotate(3 * number) for number in range(20)]
    data = save(frames[0], "GIF", save_all=True, append_images=frames[1:])

    async with Workers(Limits(timeout=2), processes=1) as workers:
        found = await workers.query(data)
    assert isinstance(found, Query)
    assert isinstance(found.fingerprint, type(fingerprint(data, Limits())))


def test_what_is_asked_for_is_answered(good: bytes) -> None:
    assert wire.parse_query(serve.answer("query", [good], Limits())) == query(good, Limits())
    found = wire.parse_answers(serve.answer("fingerprints", [good] * 2, Limits()), 2)
    assert found == [fingerprint(good, Limits())] * 2
