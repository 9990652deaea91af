"""What an operator measures: counters, histograms, and state that is read when somebody looks.

docs/metrics.md describes each of them; a test compares the two.  Labels have few values, all of
them words of this program: no ids, no names, nothing that anybody wrote.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

Step = Literal["fetch", "wait", "read", "index", "look", "pages", "send"]
"""What an answer is made of: the download, the wait for a process and its reading of the picture,
the query of the index, the second look, the query of pages, and sending."""

Outcome = Literal[
    "found",
    "none",
    "plain",
    "unreadable",
    "too_large",
    "unfetched",
    "failed",
    "refused",
    "cooldown",
]
"""What became of a picture that was asked about."""

Killed = Literal["time", "memory", "crash"]
"""Why a process that reads pictures was given up, or gave a picture up."""

CardOutcome = Literal["told", "absent", "remembered", "failed", "busy"]
"""What became of a question to a wiki."""

WAYS = ("text", "edit", "slash", "menu", "web", "watch")
"""The ways by which pictures are asked about."""

STEPS: tuple[Step, ...] = get_args(Step)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
CARD_OUTCOMES: tuple[CardOutcome, ...] = get_args(CardOutcome)

# Seconds.  A query of the index takes one of the first, a slow website one of the last.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_LAGS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
_COUNTS = (1, 2, 5, 10, 25)

Sample = tuple[tuple[str, ...], float]
"""The values of the labels, and the number."""

Read = Callable[[], Iterable[Sample]]


@dataclass(frozen=True, slots=True)
class Reading:
    """State that is read at each look: what it is, its labels, and whether it only ever grows."""

    about: str
    labels: tuple[str, ...] = ()
    grows: bool = False


READINGS: Mapping[str, Reading] = MappingProxyType(
    {
        "whereis_worker_processes": Reading("Processes that read pictures, at most."),
        "whereis_workers_busy": Reading("Processes that read a picture now, or begin anew."),
        "whereis_workers_waiting": Reading("Pictures that wait for a process."),
        "whereis_turns_waiting": Reading("Pictures of people that wait for their turn."),
        "whereis_turns_in_background": Reading("Pictures of the background that wait for a turn."),
        "whereis_turns_taken": Reading("Pictures whose turn it is."),
        "whereis_turns_refused": Reading(
            "Questions that got no turn, by what there was too much of.", ("why",), grows=True
        ),
        "whereis_work": Reading("Commands, clicks and requests that are being answered."),
        "whereis_watch_waiting": Reading("Messages that wait for the watch."),
        "whereis_database_up": Reading("Whether the database answered at this look (1) or not."),
        "whereis_database_read_only": Reading("Whether the database can only be read (1) or not."),
        "whereis_database_pool_connections": Reading("Connections to the database.", ("server",)),
        "whereis_database_pool_idle": Reading("Those of them that nobody uses.", ("server",)),
        "whereis_database_pool_waiting": Reading("Those who wait for a connection.", ("server",)),
        "whereis_database_pool_limit": Reading("How many connections there may be.", ("server",)),
        "whereis_replica_behind_seconds": Reading("How far the replica is behind the primary."),
        "whereis_database_errors": Reading(
            "What the database did not do, by the kind of the error.",
            ("server", "kind"),
            grows=True,
        ),
        "whereis_gateway_up": Reading("Whether a shard is connected to Discord.", ("shard",)),
        "whereis_gateway_latency_seconds": Reading(
            "How long Discord took to answer a shard's last heartbeat.", ("shard",)
        ),
        "whereis_guilds": Reading("Servers that the bot is in."),
    }
)


class Metrics:
    """All that is measured, in a registry of its own.

    ``process`` adds what Python and the system say of this process.
    """

    def __init__(self, *, process: bool = False) -> None:
        self.registry = CollectorRegistry()
        self._state = _State()
        self.registry.register(self._state)
        if process:
            ProcessCollector(registry=self.registry)
            PlatformCollector(registry=self.registry)
            GCCollector(registry=self.registry)
        self.build = Info("whereis_build", "The version that runs.", registry=self.registry)
        self.searches = self._counter(
            "whereis_searches", "Pictures that were asked about.", "way", "outcome"
        )
        self.best_matches = self._counter(
            "whereis_best_matches", "Pictures that were found, by how sure that is.", "confidence"
        )
        self.matches = Histogram(
            "whereis_search_matches",
            "Matches of a picture that was found.",
            buckets=_COUNTS,
            registry=self.registry,
        )
        self.steps = self._seconds(
            "whereis_step_duration_seconds", "How long each step of an answer took.", "step"
        )
        self.requests = self._seconds(
            "whereis_request_duration_seconds", "How long requests took, answered or not.", "way"
        )
        self.pictures_added = self._counter(
            "whereis_pictures_added", "Pictures that people put into collections."
        )
        self.pictures_removed = self._counter(
            "whereis_pictures_removed", "Pictures that people took out of collections."
        )
        self.workers_killed = self._counter(
            "whereis_workers_killed", "Pictures that broke their reader, by how.", "reason"
        )
        self.worker_starts = self._counter(
            "whereis_worker_starts", "Starts of processes that read pictures.", "result"
        )
        self.gateway_events = self._counter(
            "whereis_gateway_events", "What became of connections to Discord.", "event"
        )
        self.discord_requests = self._counter(
            "whereis_discord_requests", "Requests to Discord, by its answer.", "part", "status"
        )
        self.cards = self._counter(
            "whereis_cards", "Questions to wikis about a match, by what came of them.", "outcome"
        )
        self.card_seconds = self._seconds(
            "whereis_card_duration_seconds", "How long wikis took to answer, all tries together."
        )
        self.web_requests = self._counter(
            "whereis_web_requests", "Requests to the page and the API.", "route", "status"
        )
        self.loop_lag = Histogram(
            "whereis_event_loop_lag_seconds",
            "How much later than asked for the event loop woke up.",
            buckets=_LAGS,
            registry=self.registry,
        )
        self._begin_at_zero()

    def read(self, name: str, read: Read) -> None:
        """Have a state of :data:`READINGS` read in this way from now on."""
        self._state.reads[name] = read

    def number(self, name: str, read: Callable[[], float]) -> None:
        """As :meth:`read`, of a single number."""
        self.read(name, lambda: [((), read())])

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, registry=self.registry)

    def _seconds(self, name: str, about: str, *labels: str) -> Histogram:
        return Histogram(name, about, labels, buckets=_SECONDS, registry=self.registry)

    def _begin_at_zero(self) -> None:
        # The first of anything would else be no rise, and go unnoticed.
        for way in WAYS:
            self.requests.labels(way)
            for outcome in OUTCOMES:
                self.searches.labels(way, outcome)
        self.requests.labels("click")
        for step in STEPS:
            self.steps.labels(step)
        for confidence in ("exact", "close", "possible"):
            self.best_matches.labels(confidence)
        for reason in get_args(Killed):
            self.workers_killed.labels(reason)
        for result in ("started", "failed"):
            self.worker_starts.labels(result)
        for event in ("connect", "resume", "disconnect"):
            self.gateway_events.labels(event)
        for came_of_it in CARD_OUTCOMES:
            self.cards.labels(came_of_it)


class _State(Collector):
    """Gives what the parts of the program say of themselves at this moment."""

    def __init__(self) -> None:
        self.reads: dict[str, Read] = {}

    def describe(self) -> Iterable[Metric]:
        return [_family(name, reading) for name, reading in READINGS.items()]

    def collect(self) -> Iterable[Metric]:
        for name, reading in READINGS.items():
            family = _family(name, reading)
            read = self.reads.get(name)
            for labels, value in read() if read is not None else ():
                family.add_metric(labels, value)
            yield family


def _family(name: str, reading: Reading) -> GaugeMetricFamily | CounterMetricFamily:
    kind = CounterMetricFamily if reading.grows else GaugeMetricFamily
    return kind(name, reading.about, labels=reading.labels)
