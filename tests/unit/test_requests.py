import asyncio
import logging
import re

import pytest

from bot.metrics import Metrics
from bot.requests import (
    Request,
    asked,
    begin,
    count_search,
    current,
    during,
    join,
    new_id,
    note,
    timed,
)


@pytest.fixture(autouse=True)
def _log_everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bot.requests")


def done(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage().partition(", in ")[0] for record in caplog.records]


def test_ids_are_short_and_random() -> None:
    ids = {new_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch("[0-9a-f]{8}", one) for one in ids)


async def test_one_that_is_begun_ends_with_its_task(caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics()

    async def task() -> None:
        begin("text", metrics, 7)
        count_search(metrics, "found")
        assert done(caplog) == []

    await asyncio.create_task(task())
    await asyncio.sleep(0)
    assert done(caplog) == ["text request: 1 found"]
    assert current() is None
    value = metrics.registry.get_sample_value
    assert value("whereis_request_duration_seconds_count", {"way": "text"}) == 1
    labels = {"way": "text", "outcome": "found"}
    assert value("whereis_searches_total", labels) == 1


async def test_it_lasts_as_long_as_the_last_task_that_joins_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    metrics, told = Metrics(), asyncio.Event()
    later: list[asyncio.Task[None]] = []

    async def answer_an_error() -> None:
        join()
        await told.wait()
        note("failed")

    async def task() -> None:
        begin("slash", metrics)
        later.append(asyncio.create_task(answer_an_error()))

    await asyncio.create_task(task())
    await asyncio.sleep(0)
    assert done(caplog) == []
    told.set()
    await later[0]
    await asyncio.sleep(0)
    assert done(caplog) == ["slash request: 1 failed"]


async def test_one_begins_once_in_a_task_and_anew_in_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    metrics = Metrics()

    async def look() -> Request:
        return begin("watch", metrics)

    async def task() -> tuple[Request, Request]:
        edit = begin("edit", metrics)
        assert begin("text", metrics) is edit
        return edit, await asyncio.create_task(look())

    first, second = await asyncio.create_task(task())
    await asyncio.sleep(0)
    assert first is not second
    assert sorted(done(caplog)) == ["edit request: 1 done", "watch request: 1 done"]


async def test_one_that_fails_ends_as_well(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        with asked("web", Metrics()):
            note("failed")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert done(caplog) == ["web request: 1 failed"]
    assert current() is None


async def test_steps_add_up_and_are_measured_where_nobody_asks() -> None:
    metrics = Metrics()
    with timed(metrics, "read"):
        pass
    with asked("web", metrics) as request:
        with timed(metrics, "read"):
            pass
        before = request.steps["read"]
        with pytest.raises(ZeroDivisionError), timed(metrics, "read"):
            raise ZeroDivisionError
        assert request.steps["read"] > before
    labels = {"step": "read"}
    count = metrics.registry.get_sample_value("whereis_step_duration_seconds_count", labels)
    assert count == 3


async def test_what_nobody_asked_for_counts_as_no_search() -> None:
    metrics = Metrics()
    count_search(metrics, "found")
    note("found")
    for family in metrics.registry.collect():
        if family.name == "whereis_searches":
            assert all(not s.value for s in family.samples if s.name.endswith("_total"))
            return
    raise AssertionError


async def test_one_can_be_taken_up_again() -> None:
    with asked("web", Metrics()) as request:
        pass
    with during(request):
        assert current() is request
    assert current() is None
