"""What somebody asks of the program, from its beginning to its end, under a short random id.

The id stands in every line that is logged meanwhile, and people are told it when something goes
wrong.  A request knows what became of it and how long its steps took; nothing of what was asked.
"""

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from bot.metrics import Metrics, Outcome, Step

Way = Literal["text", "edit", "slash", "menu", "click", "web", "watch"]
"""By which way somebody asks."""

log = logging.getLogger(__name__)

_current: ContextVar["Request | None"] = ContextVar("request", default=None)


class Request:
    """One request.

    ``server`` is the id of the Discord server that it came from.  ``outcomes`` counts what became
    of it, ``steps`` adds up seconds; several pictures may be under way at once, so that they can be
    more than the request took.
    """

    def __init__(self, way: Way, metrics: Metrics, server: int | None = None) -> None:
        self.id = new_id()
        self.way = way
        self.server = server
        self.outcomes: Counter[str] = Counter()
        self.steps: dict[str, float] = {}
        self.task = asyncio.current_task()
        self._metrics = metrics
        self._started = time.perf_counter()
        self._holds = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """What belongs to the request; when the last of it is over, so is the request."""
        self.hold()
        try:
            yield
        finally:
            self.release()

    def hold(self) -> None:
        """Begin with something that belongs to the request."""
        self._holds += 1

    def release(self) -> None:
        """End it."""
        self._holds -= 1
        if self._holds == 0:
            self._finish()

    def _finish(self) -> None:
        seconds = time.perf_counter() - self._started
        self._metrics.requests.labels(self.way).observe(seconds)
        outcomes = dict(sorted(self.outcomes.items())) or {"done": 1}
        steps = {name: round(spent, 4) for name, spent in self.steps.items()}
        fields: dict[str, object] = {
            "way": self.way,
            "outcomes": outcomes,
            "seconds": round(seconds, 4),
            "steps": steps,
        }
        if self.server is not None:
            fields["server"] = self.server
        said = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
        parts = ", ".join(f"{name} {spent:.3f}" for name, spent in steps.items())
        log.info(
            "%s request: %s, in %.3f s%s",
            self.way,
            said,
            seconds,
            f" ({parts})" if parts else "",
            extra={"fields": fields},
        )


def new_id() -> str:
    """Eight characters that are unlikely to be there twice in a day."""
    return secrets.token_hex(4)


def current() -> Request | None:
    """The request that this is done for, if it is done for one."""
    return _current.get()


@contextmanager
def asked(way: Way, metrics: Metrics) -> Iterator[Request]:
    """A request for the length of a block."""
    request = Request(way, metrics)
    with during(request), request.held():
        yield request


@contextmanager
def during(request: Request | None) -> Iterator[None]:
    """Have what is logged in a block belong to a request that was begun elsewhere."""
    token = _current.set(request)
    try:
        yield
    finally:
        _current.reset(token)


def begin(way: Way, metrics: Metrics, server: int | None = None) -> Request:
    """Begin a request that ends with the task that this is called in; one that has begun there
    goes on."""
    task = asyncio.current_task()
    request = _current.get()
    if request is None or request.task is not task:
        request = Request(way, metrics, server)
        _current.set(request)
        join()
    return request


def join() -> None:
    """Have the task that this is called in belong to the request that it was started in."""
    request, task = _current.get(), asyncio.current_task()
    if request is not None and task is not None:
        request.hold()
        task.add_done_callback(lambda _: request.release())


def note(outcome: str) -> None:
    """Note what became of the request that this is done for, or of a part of it."""
    request = _current.get()
    if request is not None:
        request.outcomes[outcome] += 1


def count_search(metrics: Metrics, outcome: Outcome) -> None:
    """Count what became of a picture, if it is searched for in a request."""
    request = _current.get()
    if request is not None:
        request.outcomes[outcome] += 1
        metrics.searches.labels(request.way, outcome).inc()


@contextmanager
def timed(metrics: Metrics, step: Step) -> Iterator[None]:
    """Measure a step, whether it is done for a request or not."""
    started = time.perf_counter()
    try:
        yield
    finally:
        spent = time.perf_counter() - started
        metrics.steps.labels(step).observe(spent)
        request = _current.get()
        if request is not None:
            request.steps[step] = request.steps.get(step, 0.0) + spent
