"""What an operator sees of the page and the API: numbers, and a log that names no visitor."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bot.metrics import Metrics
from tests.drawing import png
from tests.logs import logged
from tests.loopback_site import site_on
from tests.visiting import LIMIT, World, form, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

MARK = "zqmark"

Counts = dict[tuple[str, ...], float]


def counted(metrics: Metrics, name: str) -> Counts:
    return {
        tuple(sample.labels.values()): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == name
    }


@contextmanager
def moving(world: World, name: str) -> Iterator[Callable[[], Counts]]:
    """Gives what has been counted in a block."""
    before = counted(world.metrics, name)

    def moved() -> Counts:
        now = counted(world.metrics, name)
        moves = {labels: count - before.get(labels, 0) for labels, count in now.items()}
        return {labels: count for labels, count in moves.items() if count}

    yield moved


async def test_pictures_by_what_became_of_them(world: World) -> None:
    with moving(world, "whereis_searches_total") as moved:
        async with visiting(world) as visitor:
            await visitor.search(png(1))
            await visitor.search(png(77))
            await visitor.search(b"nonsense")
            await visitor.ask("search?hash=0")
            await visitor.search(bytes(LIMIT + 1), expect=413)
            await visitor.ask("search", method="POST", json={"url": "http://10.1.2.3/"}, expect=422)
            await visitor.ask("search?hash=nonsense", expect=422)
        async with visiting(world, burst=1, per_minute=0.01) as visitor:
            await visitor.ask("search?hash=0")
            await visitor.ask("search?hash=0", expect=429)
        assert moved() == {
            ("web", "found"): 1,
            ("web", "none"): 3,
            ("web", "unreadable"): 1,
            ("web", "unfetched"): 1,
            ("web", "refused"): 2,
            ("web", "cooldown"): 1,
        }


async def test_requests_by_their_route_and_status(world: World) -> None:
    with moving(world, "whereis_web_requests_total") as moved:
        async with visiting(world) as visitor:
            await visitor.search(png(1))
            await visitor.ask(f"pages/{world.everest}")
            await visitor.ask(f"pages/{world.secret}", expect=404)
            for path in (MARK, f"static/{MARK}/{MARK}", ""):
                await visitor.session.get(f"{visitor.address}{path}")
        assert moved() == {
            ("/api/v1/search", "200"): 1,
            ("/api/v1/pages/{image_id}", "200"): 1,
            ("/api/v1/pages/{image_id}", "404"): 1,
            ("none", "404"): 1,
            ("/static/{digest}/{name}", "404"): 1,
            ("/", "200"): 1,
        }


async def test_each_answer_has_the_id_that_its_line_in_the_log_has(world: World) -> None:
    with logged(form="json") as read:
        async with visiting(world) as visitor:
            address = visitor.address
            answers = [
                await visitor.session.post(f"{address}search", data=form(png(1), f"{MARK}.png")),
                await visitor.session.get(f"{address}?hash=0&{MARK}={MARK}"),
                await visitor.session.get(
                    f"{address}{MARK}", headers={"X-Request-ID": MARK, "User-Agent": MARK}
                ),
            ]
        ids = [answer.headers["X-Request-ID"] for answer in answers]
        lines = [json.loads(line) for line in read().splitlines()]
    ended = [line for line in lines if line["logger"] == "bot.requests"]
    assert [(line["request"], line["way"]) for line in ended] == [(one, "web") for one in ids]
    assert [line["outcomes"] for line in ended] == [{"found": 1}, {"none": 1}, {"refused": 1}]
    assert {"wait", "read"}.isdisjoint(ended[1]["steps"])
    assert {"index", "look", "pages"} <= set(ended[0]["steps"])
    assert "server" not in ended[0]


async def test_nothing_of_what_is_asked_is_in_the_log(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by chance")

    with logged() as read:
        async with site_on("127.0.0.1") as site, visiting(world) as visitor:
            link = site.url(f"/{MARK}.png?{MARK}")
            for path in ("api/v1/search", "search"):
                url = f"{visitor.address}{path}"
                await visitor.session.post(url, data=form(png(2), f"{MARK}.png"))
                await visitor.session.post(url, data={"url": link})
                await visitor.session.post(url, data=MARK.encode())
                await visitor.session.get(f"{url}/{MARK}?hash={MARK}")
            monkeypatch.setattr(world.search, "search", broken)
            answer = await visitor.session.post(
                f"{visitor.address}search", data=form(png(2), f"{MARK}.png")
            )
            assert answer.status == 500
            reference = answer.headers["X-Request-ID"]
            assert f"(reference {reference})" in await answer.text()
        text = read()
    assert MARK not in text
    assert f"bot.web.connections [{reference}]: an answer failed" in text
    assert "127.0.0.1" not in text
