"""Pictures of a list of links, downloaded from a server on loopback."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.images import Unreadable
from bot.importers.model import SourcePicture
from bot.importers.url_list import UrlListSource
from bot.net import Fetcher, IPAddress
from tests.drawing import png

TEMPLATE = "https://en.example.org/wiki/{title}"
HOME = IPv4Address("127.0.0.1")
LIMIT = 200_000
PAGE = "<!DOCTYPE html><head><meta property='og:image' content='{}'></head>"


class Names(AbstractResolver):
    """Every name is this machine's."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=str(HOME), port=port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        pass


class Site:
    """A web server that answers by path, and may keep those who ask waiting."""

    def __init__(self) -> None:
        self.port = 0
        self.answers: dict[str, bytes | str | int] = {}
        self.asked: Counter[str] = Counter()
        self.open: Counter[str] = Counter()
        self.most_open: Counter[str] = Counter()
        self.most_at_all = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.changed = asyncio.Condition()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def until_open(self, count: int) -> None:
        """Wait until so many requests are being kept waiting."""
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: self.open.total() >= count)

    async def answer(self, request: web.Request) -> web.Response:
        host = (request.host or "").partition(":")[0]
        self.asked[request.path] += 1
        self.open[host] += 1
        self.most_open[host] = max(self.most_open[host], self.open[host])
        self.most_at_all = max(self.most_at_all, self.open.total())
        try:
            async with self.changed:
                self.changed.notify_all()
            await self.gate.wait()
        finally:
            self.open[host] -= 1
        answer = self.answers.get(request.path, 404)
        if isinstance(answer, int):
            return web.Response(status=answer)
        if isinstance(answer, str):
            return web.Response(text=answer, content_type="text/html")
        return web.Response(body=answer)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", site.answer)
    runner = web.AppRunner(application, handler_cancellation=True)
    await runner.setup()
    server = web.TCPSite(runner, str(HOME), 0)
    await server.start()
    site.port = runner.addresses[0][1]
    yield site
    site.gate.set()
    await runner.cleanup()


def at_home(address: IPAddress) -> bool:
    return address == HOME


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(
        allow_address=at_home, allowed_ports=range(1, 65536), max_bytes=LIMIT, resolver=Names()
    ) as opened:
        yield opened


async def pictures_of(source: UrlListSource) -> list[SourcePicture]:
    return [item async for item in source.items(None) if isinstance(item, SourcePicture)]


def write(folder: Path, links: Sequence[str]) -> Path:
    table = folder / "list.csv"
    lines = [f"{link},Page {number}" for number, link in enumerate(links)]
    table.write_text("\n".join(["image_url,page", *lines]), encoding="utf-8")
    return table


async def load(folder: Path, fetcher: Fetcher, links: Sequence[str]) -> list[bytes | Unreadable]:
    async with UrlListSource(write(folder, links), fetcher, TEMPLATE) as source:
        return list(await source.load(await pictures_of(source)))


async def test_pictures_come_in_their_order(tmp_path: Path, site: Site, fetcher: Fetcher) -> None:
    drawn = {f"/{number}.png": png(number) for number in range(5)}
    site.answers.update(drawn)
    links = [site.url(path) for path in drawn]
    assert await load(tmp_path, fetcher, links) == list(drawn.values())


async def test_a_picture_of_several_pages_is_asked_for_once(
    tmp_path: Path, site: Site, fetcher: Fetcher
) -> None:
    site.answers["/a.png"] = png(1)
    links = [site.url("/a.png")] * 3
    assert await load(tmp_path, fetcher, links) == [png(1)] * 3
    assert site.asked == {"/a.png": 1}


async def test_the_picture_that_a_page_names(tmp_path: Path, site: Site, fetcher: Fetcher) -> None:
    site.answers.update({"/page": PAGE.format("/a.png"), "/a.png": png(2)})
    assert await load(tmp_path, fetcher, [site.url("/page")]) == [png(2)]


async def test_what_cannot_be_had_says_why_and_spares_the_rest(
    tmp_path: Path, site: Site, fetcher: Fetcher
) -> None:
    site.answers.update(
        {"/good.png": png(3), "/large.png": b"x" * (LIMIT + 1), "/none": "<!DOCTYPE html>"}
    )
    links = [
        site.url("/gone.png"),
        site.url("/large.png"),
        site.url("/none"),
        "http://127.0.0.2/a.png",
        "http://user:word@example.org/a.png",
        site.url("/good.png"),
    ]
    *told, good = await load(tmp_path, fetcher, links)
    assert good == png(3)
    reasons = [answer for answer in told if isinstance(answer, Unreadable)]
    assert [answer.kind for answer in reasons] == [
        "damaged",
        "too_large",
        "damaged",
        "damaged",
        "damaged",
    ]
    assert [answer.reason[:40] for answer in reasons] == [
        "There is nothing at that link (404). Che",
        "The file behind that link is larger than",
        "That link leads to a web page, not to a ",
        "That link leads to a private or local ad",
        "That link carries a user name or a passw",
    ]


async def test_two_at_once_from_one_host_and_eight_in_all(
    tmp_path: Path, site: Site, fetcher: Fetcher
) -> None:
    hosts = [f"h{number}.example.org" for number in range(6)]
    # The first host has the most, and those who wait for it keep nobody else from going.
    wanted = [hosts[0]] * 8 + [host for host in hosts[1:] for _ in range(3)]
    links = [site.url(f"/{number}.png", host) for number, host in enumerate(wanted)]
    site.answers.update({f"/{number}.png": b"%d" % number for number in range(len(links))})
    site.gate.clear()
    async with UrlListSource(write(tmp_path, links), fetcher, TEMPLATE) as source:
        pictures = await pictures_of(source)
        # Two groups at once share the places.
        loading = asyncio.gather(source.load(pictures[:12]), source.load(pictures[12:]))
        await site.until_open(8)
        site.gate.set()
        first, second = await loading
        assert [*first, *second] == [b"%d" % number for number in range(len(links))]
        assert site.most_at_all == 8
        assert site.most_open[hosts[0]] == 2
        assert max(site.most_open.values()) == 2
        assert not source._hosts


async def test_stopping_ends_the_downloads(tmp_path: Path, site: Site, fetcher: Fetcher) -> None:
    site.answers.update({"/0.png": png(4), "/1.png": png(5)})
    site.gate.clear()
    links = [site.url(f"/{number}.png") for number in range(6)]
    async with UrlListSource(write(tmp_path, links), fetcher, TEMPLATE) as source:
        pictures = await pictures_of(source)
        loading = asyncio.create_task(source.load(pictures))
        await site.until_open(2)
        loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading
        site.gate.set()
        # What was given up is asked for again, and nothing is in its way.
        assert await source.load(pictures[:2]) == [png(4), png(5)]
    assert set(site.asked) == {"/0.png", "/1.png"}
