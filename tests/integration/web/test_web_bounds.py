"""What nobody may do to the server: too much, too often, too slowly, or in another's name."""

import asyncio
import re
from typing import Any

import aiohttp
import pytest

from bot.search import Answer
from bot.web import connections, serve_web
from tests.drawing import png
from tests.visiting import LIMIT, OPTIONS, Visitor, World, form, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "a-key-of-the-operators"
KEYED = {"Authorization": f"Bearer {KEY}"}


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def head(length: int | None, kind: str = "multipart/form-data; boundary=b", *more: str) -> bytes:
    """The head of a request to search."""
    lines = ["POST /api/v1/search HTTP/1.1", "Host: h", f"Content-Type: {kind}", *more]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode()


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


# ---- Too much --------------------------------------------------------------------------------


async def test_a_picture_of_more_than_the_limit(world: World) -> None:
    async with visiting(world) as visitor:
        error = await visitor.search(bytes(LIMIT + 1), expect=413)
        assert error["code"] == "too_large"
        assert (await visitor.search(bytes(LIMIT)))["status"] == "unreadable"


async def test_what_is_announced_as_too_long_is_refused_before_it_comes(world: World) -> None:
    async with visiting(world) as visitor:
        answer = await visitor.raw(head(10**12))
        assert status_of(answer) == 413
        assert b'"too_large"' in answer
        answer = await visitor.raw(head(100_000, "application/json"))
        assert status_of(answer) == 413


async def test_how_long_it_is_must_be_said(world: World) -> None:
    async with visiting(world) as visitor:
        chunked = head(None, "application/json", "Transfer-Encoding: chunked")
        assert status_of(await visitor.raw(chunked + b"ffffffff\r\n")) == 411


async def test_what_is_packed_is_not_unpacked(world: World) -> None:
    async with visiting(world) as visitor:
        answer = await visitor.raw(head(9, "application/json", "Content-Encoding: gzip"))
    assert status_of(answer) == 415
    assert b'"unsupported_encoding"' in answer


@pytest.mark.parametrize("kind", ["text/plain", "image/png", "multipart/mixed; boundary=b", ""])
async def test_what_is_no_form_and_no_json(world: World, kind: str) -> None:
    async with visiting(world) as visitor:
        answer = await visitor.raw(head(9, kind))
    assert status_of(answer) == 415
    assert b"Accept-Post: multipart/form-data" in answer


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b",
        b"--b--",
        b"\r\n" * 40,
        b"--c\r\n\r\nx\r\n--c--\r\n",
        b"--b\r\n\r\n",
        b"--b\r\nContent-Disposition: form-data; name=file\r\n\r\nabc",
        b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c--\r\n--b--\r\n",
        b"--b\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(500)) + b"\r\nx\r\n--b--\r\n",
        b"--b\r\nX: " + b"y" * 20_000 + b"\r\n\r\nx\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\ny\r\n" * 20 + b"--b--\r\n",
        b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\n" + b"y" * 20_000 + b"\r\n--b--\r\n",
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
async def test_forms_that_are_none(world: World, body: bytes) -> None:
    async with visiting(world) as visitor:
        answer = await visitor.raw(
            head(len(body), "multipart/form-data; boundary=b", "Connection: close") + body
        )
        assert status_of(answer) in (400, 413, 422), answer
        assert (await visitor.search(png(1)))["status"] == "found"


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b'{"url": 1}', b"[" * 9000, b"\xff", b'{"url": ""}', b"{}"]
)
async def test_json_that_asks_nothing(world: World, body: bytes) -> None:
    async with visiting(world) as visitor:
        answer = await visitor.raw(head(len(body), "application/json", "Connection: close") + body)
    assert status_of(answer) in (400, 422)
    assert b'"error"' in answer


async def test_heads_that_are_too_long(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async with visiting(world) as visitor:
        for line in (b"X: " + b"y" * 9000, b"".join(b"X-%d: y\r\n" % n for n in range(100))):
            request = b"GET / HTTP/1.1\r\nHost: h\r\n" + line + b"\r\n\r\n"
            assert status_of(await visitor.raw(request)) == 400
        answer = await visitor.raw(b"GET /" + b"y" * 9000 + b" HTTP/1.1\r\n\r\n")
        assert status_of(answer) == 400
        assert b'{"error": {"code": "bad_request"' in answer
        assert b"Server: whereis" in answer
        assert b"yyy" not in answer
    assert caplog.records == []


async def test_what_goes_wrong_here_is_logged_and_not_told(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(world.search, "by_hash", broken)
    async with visiting(world) as visitor:
        document = await visitor.ask("search?hash=0", expect=500)
    said = re.fullmatch(
        r"Something went wrong here \(reference ([0-9a-f]{8})\)\.", document["error"]["message"]
    )
    assert document["error"]["code"] == "error"
    assert said is not None
    (record,) = caplog.records
    assert (record.name, record.getMessage()) == ("bot.web.connections", "an answer failed")
    assert "127.0.0.1" not in caplog.text


# ---- Too slowly ------------------------------------------------------------------------------


async def test_a_request_that_does_not_come_to_its_end(world: World) -> None:
    async with visiting(world, upload_timeout=0.1) as visitor:
        begun = b"--b\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nabc"
        answer = await visitor.raw(head(5000) + begun)
        assert status_of(answer) == 408
        assert b'"too_slow"' in answer
        answer = await visitor.raw(head(50, "application/json") + b"{")
        assert status_of(answer) == 408


async def test_a_connection_over_which_nothing_is_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_TIMEOUT", 0.05)
    async with visiting(world) as visitor:
        assert await visitor.raw(b"GET / HT") == b""
        assert (await visitor.search(png(1)))["status"] == "found", "others are served"


async def test_too_many_connections(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST", 3)
    async with visiting(world) as visitor:
        held = [await asyncio.open_connection("127.0.0.1", visitor.port) for _ in range(3)]
        assert await visitor.raw(b"GET / HTTP/1.1\r\n\r\n") == b""
        for _, writer in held:
            writer.close()


# ---- Too often -------------------------------------------------------------------------------


async def test_an_address_that_asks_too_often(world: World) -> None:
    clock = Clock()
    async with visiting(world, clock=clock, burst=2, per_minute=6) as visitor:
        for _ in range(2):
            await visitor.ask("search?hash=0")
        document = await visitor.ask("search?hash=0", expect=429)
        assert document["error"]["code"] == "too_many_requests"
        await visitor.search(png(1), expect=429)
        clock.now += 10
        await visitor.ask("search?hash=0")
        await visitor.ask("search?hash=0", expect=429)


async def test_when_to_ask_again_is_said(world: World) -> None:
    async with visiting(world, clock=Clock(), burst=1, per_minute=6) as visitor:
        url = f"{visitor.address}?hash=0"
        async with visitor.session.get(url) as answer:
            assert answer.status == 200
        async with visitor.session.get(url) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "10")
            assert answer.content_type == "text/html"
            assert "You have asked a lot." in await answer.text()
        async with visitor.session.get(visitor.address) as answer:
            assert answer.status == 200, "looking at the page itself costs nothing"


async def test_a_proxy_is_believed_as_far_as_the_operator_says(world: World) -> None:
    def from_(*addresses: str) -> dict[str, str]:
        return {"X-Forwarded-For": ", ".join(addresses)}

    async with visiting(world, clock=Clock(), burst=1, per_minute=6) as visitor:
        await visitor.ask("search?hash=0", headers=from_("203.0.113.1"))
        await visitor.ask("search?hash=0", headers=from_("203.0.113.2"), expect=429)
    async with visiting(world, clock=Clock(), burst=1, per_minute=6, proxies=1) as visitor:
        await visitor.ask("search?hash=0", headers=from_("203.0.113.1"))
        await visitor.ask("search?hash=0", headers=from_("203.0.113.2"))
        await visitor.ask("search?hash=0", headers=from_("6.6.6.6", "203.0.113.2"), expect=429)


async def test_keys(world: World) -> None:
    limits = {"burst": 1, "per_minute": 1, "key_per_minute": 60, "keys": frozenset({KEY})}
    clock = Clock()
    async with visiting(world, clock=clock, **limits) as visitor:
        await visitor.ask("search?hash=0")
        await visitor.ask("search?hash=0", expect=429)
        await visitor.ask("search?hash=0", headers=KEYED)
        await visitor.ask("search?hash=0", headers=KEYED, expect=429)
        clock.now += 1
        await visitor.ask("search?hash=0", headers=KEYED)
        # Who has tried a key is out of its allowance, and so can't try another.
        wrong = {"Authorization": "Bearer a-key-of-the-operator"}
        await visitor.ask("search?hash=0", headers=wrong, expect=429)


async def test_a_wrong_key(world: World) -> None:
    async with visiting(world, keys=frozenset({KEY})) as visitor:
        for wrong in (f"Bearer {KEY}x", f"Bearer {KEY[:-1]}", "Bearer", "bearer \xff"):
            headers = {"Authorization": wrong}
            document = await visitor.ask("search?hash=0", headers=headers, expect=401)
            assert document["error"]["code"] == "wrong_key"
        # That of a proxy, for instance, is none of ours.
        await visitor.ask("search?hash=0", headers={"Authorization": "Basic dTpw"})


# ---- Too many at once ------------------------------------------------------------------------


class Held:
    """Searches that wait until a test lets them go on."""

    def __init__(self) -> None:
        self.begun = asyncio.Semaphore(0)
        self.go_on = asyncio.Event()
        self.ended = asyncio.Event()

    async def search(self, *_: object) -> Answer:
        self.begun.release()
        try:
            await self.go_on.wait()
        finally:
            self.ended.set()
        return Answer("none", None, 0.0)


@pytest.fixture
def held(world: World, monkeypatch: pytest.MonkeyPatch) -> Held:
    """Holds every search with a picture."""
    held = Held()
    monkeypatch.setattr(world.search, "search", held.search)
    return held


async def begin(
    visitor: Visitor, held: Held, count: int, **more: Any
) -> list[asyncio.Task[dict[str, Any]]]:
    tasks = [asyncio.create_task(visitor.search(png(1), **more)) for _ in range(count)]
    for _ in tasks:
        await held.begun.acquire()
    return tasks


async def test_more_pictures_than_are_searched_at_a_time(world: World, held: Held) -> None:
    async with visiting(world, at_once=3, keys=frozenset({KEY})) as visitor:
        tasks = await begin(visitor, held, 3, headers=KEYED)
        error = await visitor.search(png(1), expect=503)
        assert error["code"] == "busy"
        await visitor.ask("search?hash=0")
        held.go_on.set()
        assert [(await task)["status"] for task in tasks] == ["none"] * 3
        assert (await visitor.search(png(1)))["status"] == "none"


async def test_one_address_leaves_room_for_others(world: World, held: Held) -> None:
    async with visiting(world, keys=frozenset({KEY})) as visitor:
        tasks = await begin(visitor, held, 4)
        error = await visitor.search(png(1), expect=429)
        assert error["code"] == "too_many_requests"
        tasks += await begin(visitor, held, 1, headers=KEYED)
        held.go_on.set()
        await asyncio.gather(*tasks)


async def test_a_visitor_who_goes_away_leaves_no_search_behind(world: World, held: Held) -> None:
    async with visiting(world, at_once=1) as visitor:
        (task,) = await begin(visitor, held, 1)
        task.cancel()
        await held.ended.wait()
        held.go_on.set()
        assert (await visitor.search(png(1)))["status"] == "none"


async def test_what_is_under_way_is_answered_when_the_server_stops(
    world: World, held: Held
) -> None:
    async with aiohttp.ClientSession() as session:
        async with serve_web(world.search, world.fetcher, OPTIONS) as address:
            visitor = Visitor(session, address)
            (task,) = await begin(visitor, held, 1)
            asyncio.get_running_loop().call_soon(held.go_on.set)
        assert (await task)["status"] == "none"
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", visitor.port)


# ---- In another's name -----------------------------------------------------------------------

ELSEWHERE = "https://elsewhere.example"


async def test_pages_of_other_sites_may_not_search(world: World) -> None:
    headers = {"Origin": ELSEWHERE, "Sec-Fetch-Site": "cross-site"}
    async with visiting(world) as visitor:
        error = await visitor.search(png(1), headers=headers, expect=403)
        assert error["code"] == "cross_origin"
        url = f"{visitor.address}search"
        async with visitor.session.post(url, data=form(png(1)), headers=headers) as answer:
            assert answer.status == 403
        url = f"{visitor.address}api/v1/search?hash=0"
        async with visitor.session.get(url, headers=headers) as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("origins", [{ELSEWHERE}, {"*"}])
async def test_sites_that_the_operator_names_may(world: World, origins: set[str]) -> None:
    headers = {"Origin": ELSEWHERE, "Sec-Fetch-Site": "cross-site"}
    async with visiting(world, origins=frozenset(origins)) as visitor:
        url = f"{visitor.address}api/v1/search"
        preflight = {**headers, "Access-Control-Request-Method": "POST"}
        async with visitor.session.options(url, headers=preflight) as answer:
            assert answer.status == 204
            assert answer.headers["Access-Control-Allow-Origin"] == ELSEWHERE
            assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
        async with visitor.session.post(url, data=form(png(1)), headers=headers) as answer:
            assert answer.status == 200
            assert answer.headers["Access-Control-Allow-Origin"] == ELSEWHERE
            assert answer.headers["Vary"] == "Origin"
        async with visitor.session.get(visitor.address, headers=headers) as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_site_that_looks_like_one_that_may(world: World) -> None:
    async with visiting(world, origins=frozenset({ELSEWHERE})) as visitor:
        for origin in (
            f"{ELSEWHERE}.evil.example",
            "null",
            f"{ELSEWHERE}:8443",
            "http://elsewhere.example",
        ):
            headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
            await visitor.search(png(1), headers=headers, expect=403)
