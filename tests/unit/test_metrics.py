"""Metrics have the names, the units and the labels that the field expects, and are documented."""

import asyncio
import re
from pathlib import Path
from typing import get_args

import pytest
import yaml
from prometheus_client import exposition
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from bot.lag import measure_lag
from bot.metrics import OUTCOMES, READINGS, WAYS, Metrics
from bot.requests import Way

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "metrics.md"

# What a sample has beside the labels that are its metric's own.
OF_HISTOGRAMS = {"le"}


def families(metrics: Metrics) -> list[Metric]:
    """What ``/metrics`` gives, as Prometheus would read it."""
    text = exposition.generate_latest(metrics.registry).decode()
    return list(text_string_to_metric_families(text))


def filled() -> Metrics:
    """Metrics in which everything has happened once."""
    metrics = Metrics()
    for name, reading in READINGS.items():
        labels = tuple("0" for _ in reading.labels)
        metrics.read(name, lambda labels=labels: [(labels, 1.0)])  # type: ignore[misc]
    metrics.build.info({"version": "1", "schema": "1", "python": "3"})
    metrics.discord_requests.labels("api", 200).inc()
    metrics.web_requests.labels("/", 200).inc()
    return metrics


def documented() -> dict[str, tuple[str, set[str]]]:
    """The type and the labels of each metric, as the table has them."""
    found = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if row := re.match(r"\| `(whereis_\w+)` \| (\w+) \|([^|]*)\| [^|]+ \| [^|]+ \|$", line):
            found[row[1]] = (row[2], set(re.findall(r"`(\w+)`", row[3])))
    return found


def exposed() -> dict[str, tuple[str, set[str]]]:
    """The same of what ``/metrics`` gives."""
    found = {}
    for family in families(filled()):
        # A counter's `_created` is for OpenMetrics; this format has it as a gauge of its own.
        if family.name.endswith("_created"):
            continue
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {name for sample in family.samples for name in sample.labels} - OF_HISTOGRAMS
        found[name] = (family.type, labels)
    return found


def test_every_metric_is_documented_as_it_is() -> None:
    assert documented() == exposed()


def test_the_rules_ask_for_what_there_is() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    (groups,) = [block["groups"] for block in blocks if "groups" in block]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) >= 3
    for rule in rules:
        names = re.findall(r"whereis_\w+", rule["expr"])
        assert names
        assert {name.removesuffix("_bucket") for name in names} <= set(exposed())
        labels = re.findall(r"(\w+)=~?\"([^\"]+)\"", rule["expr"])
        for label, values in labels:
            known = {"outcome": OUTCOMES, "way": WAYS}[label]
            assert set(values.split("|")) <= set(known)


@pytest.mark.parametrize("family", families(filled()), ids=lambda family: family.name)
def test_names_are_what_the_field_expects(family: Metric) -> None:
    assert re.fullmatch(r"whereis_[a-z]+(_[a-z]+)*", family.name)
    assert family.documentation.endswith(".")
    words = family.name.split("_")
    assert not {"milliseconds", "ms", "minutes", "percent", "mb", "count", "sum"} & set(words)
    if {"duration", "latency", "lag"} & set(words):
        assert words[-1] in ("seconds", "created")
    for sample in family.samples:
        assert not {"id", "user", "name", "url", "title"} & set(sample.labels)


def test_two_do_not_share_what_they_count() -> None:
    one, other = Metrics(), Metrics()
    one.pictures_added.inc()
    assert one.registry.get_sample_value("whereis_pictures_added_total") == 1
    assert other.registry.get_sample_value("whereis_pictures_added_total") == 0


def test_what_has_not_happened_yet_is_there_as_zero() -> None:
    registry = Metrics().registry
    for way in WAYS:
        for outcome in OUTCOMES:
            labels = {"way": way, "outcome": outcome}
            assert registry.get_sample_value("whereis_searches_total", labels) == 0


def test_every_way_to_ask_has_its_place() -> None:
    # A click asks about no picture.
    assert {*WAYS, "click"} == set(get_args(Way))


def test_state_is_read_at_each_look_and_absent_until_somebody_tells_of_it() -> None:
    metrics = Metrics()
    value = metrics.registry.get_sample_value
    assert value("whereis_workers_waiting") is None
    waiting = 3
    metrics.number("whereis_workers_waiting", lambda: waiting)
    assert value("whereis_workers_waiting") == 3
    waiting = 4
    assert value("whereis_workers_waiting") == 4


def test_a_process_says_what_the_system_knows_of_it() -> None:
    names = {family.name for family in families(Metrics(process=True))}
    assert {"process_cpu_seconds", "process_resident_memory_bytes", "python_info"} <= names


async def test_the_lag_of_the_event_loop_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = Metrics()
    lags: asyncio.Queue[float] = asyncio.Queue()
    monkeypatch.setattr(metrics.loop_lag, "observe", lags.put_nowait)
    async with asyncio.timeout(20), measure_lag(metrics, every=0.0):
        assert await lags.get() >= 0
        assert await lags.get() >= 0
