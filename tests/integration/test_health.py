import asyncio
import json

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families as families

from bot.errors import ConfigurationError, DatabaseUnavailableError
from bot.health import Readiness, serve_health
from bot.metrics import Metrics

LOOPBACK = "127.0.0.1"


async def ask(
    port: int, path: str, method: str = "GET", accept: str = "*/*"
) -> tuple[int, str, str]:
    """A request over a real socket: the status, the head and the body of the answer."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    request = (
        f"{method} {path} HTTP/1.1\r\nHost: h\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    )
    writer.write(request.encode())
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return int(head.split(" ")[1]), head, body


async def ready(port: int) -> tuple[int, object]:
    """What ``/readyz`` says."""
    status, _, body = await ask(port, "/readyz")
    return status, json.loads(body)


def begun(*, timeout: float = 5.0) -> Readiness:
    readiness = Readiness(timeout=timeout)
    readiness.begin()
    return readiness


async def hangs() -> str | None:
    await asyncio.Event().wait()
    raise AssertionError


async def is_away() -> str | None:
    raise DatabaseUnavailableError("The database is away.")


async def is_well() -> str | None:
    return None


async def test_it_is_not_ready_before_it_has_begun_nor_once_it_stops() -> None:
    readiness = Readiness()
    readiness.check("database", is_well)
    async with serve_health(LOOPBACK, 0, readiness, Metrics()) as port:
        starting = {"ready": False, "reasons": {"program": "starting"}}
        assert await ready(port) == (503, starting)
        readiness.begin()
        assert await ready(port) == (200, {"ready": True, "reasons": {}})
        readiness.end()
        # What is told to stop while it starts begins no more.
        readiness.begin()
        stopping = {"ready": False, "reasons": {"program": "stopping"}}
        assert await ready(port) == (503, stopping)


async def test_it_says_what_is_not_well() -> None:
    readiness = begun(timeout=0.05)
    readiness.check("discord", is_well)
    readiness.check("database", is_away)
    readiness.check("clock", hangs)
    async with serve_health(LOOPBACK, 0, readiness, Metrics()) as port:
        status, said = await ready(port)
    assert status == 503
    assert said == {
        "ready": False,
        "reasons": {
            "database": "The database is away.",
            "clock": "no answer within 0.05 seconds",
        },
    }


async def test_it_lives_whatever_is_not_well() -> None:
    readiness = Readiness()
    readiness.check("database", is_away)
    readiness.check("clock", hangs)
    async with serve_health(LOOPBACK, 0, readiness, Metrics()) as port:
        status, _, body = await ask(port, "/healthz")
    assert (status, json.loads(body)) == (200, {"alive": True})


async def test_the_metrics_are_read_when_they_are_asked_for() -> None:
    metrics, readiness = Metrics(), begun()
    up = False

    async def database() -> str | None:
        nonlocal up
        up = True
        return None

    readiness.check("database", database)
    metrics.number("whereis_database_up", lambda: up)
    metrics.searches.labels("web", "found").inc()
    async with serve_health(LOOPBACK, 0, readiness, metrics) as port:
        status, head, body = await ask(port, "/metrics")
    assert status == 200
    assert "Content-Type: text/plain; version=0.0.4; charset=utf-8" in head
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families(body)
        for sample in family.samples
    }
    assert samples["whereis_database_up",] == 1
    assert samples["whereis_searches_total", "found", "web"] == 1


async def test_open_metrics_for_who_asks_for_it() -> None:
    metrics = Metrics()
    accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
    async with serve_health(LOOPBACK, 0, begun(), metrics) as port:
        status, head, body = await ask(port, "/metrics", accept=accept)
    assert status == 200
    assert "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8" in head
    assert body.endswith("# EOF\n")
    assert "whereis_searches" in {family.name for family in open_families(body)}  # type: ignore[no-untyped-call]


async def test_nothing_else_is_there() -> None:
    async with serve_health(LOOPBACK, 0, begun(), Metrics()) as port:
        assert (await ask(port, "/"))[0] == 404
        assert (await ask(port, "/healthz", method="POST"))[0] == 405


@pytest.mark.parametrize("host", [LOOPBACK, "192.0.2.1"])
async def test_where_it_can_not_listen(host: str) -> None:
    async with serve_health(LOOPBACK, 0, begun(), Metrics()) as port:
        with pytest.raises(ConfigurationError, match="WHEREIS_HEALTH_PORT"):
            async with serve_health(host, port, begun(), Metrics()):
                pass


async def test_it_listens_where_it_is_told_to_and_ends() -> None:
    async with serve_health(LOOPBACK, 0, begun(), Metrics()) as port:
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.2", port)
    with pytest.raises(OSError):
        await asyncio.open_connection(LOOPBACK, port)
    async with serve_health("127.0.0.2", 0, begun(), Metrics()) as port:
        _, writer = await asyncio.open_connection("127.0.0.2", port)
        writer.close()
