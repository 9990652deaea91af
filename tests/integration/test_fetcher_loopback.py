"""The fetcher against servers on loopback that do what servers on the Internet do, and worse."""

import asyncio
import gzip
import socket
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import IPv4Address

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.errors import DownloadFailedError, DownloadTooLargeError, FetchError, RefusedURLError
from bot.net import Download, Fetcher, IPAddress

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
LIMIT = 100_000
ANY_PORT = range(1, 65536)
HOME = IPv4Address("127.0.0.1")

Handler = Callable[[asyncio.StreamWriter], Awaitable[None]]


def at_home(address: IPAddress) -> bool:
    return address == HOME


class Site:
    """A web server of raw answers by path; it remembers each request as it came."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answers: dict[str, bytes | Handler] = {}
        self.requests: list[bytes] = []
        self.open = 0
        self.most_open = 0

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(request)
            answer = self.answers[request.split(b" ")[1].decode()]
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def site_on(address: str, port: int = 0) -> AsyncIterator[Site]:
    site = Site(port)
    handlers: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.get_running_loop().create_task(site.serve(reader, writer)))

    server = await asyncio.start_server(connected, address, port)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        for task in handlers:
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with site_on("127.0.0.1") as running:
        yield running


@pytest.fixture
async def inside() -> AsyncIterator[Site]:
    """A server on an address that the fetcher must not reach."""
    async with site_on("127.0.0.2") as running:
        running.answers["/"] = ok(b"secret")
        yield running


class Names(AbstractResolver):
    """A name server of ours: per name, the answers it gives one after the other."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = answers

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        queue = self.answers[host.partition(".")[0]]
        addresses = queue.pop(0) if len(queue) > 1 else queue[0]
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0
            )
            for address in addresses
        ]

    async def close(self) -> None:
        pass


def ok(body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def moved(target: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()


def page(picture: str) -> bytes:
    html = f"<!DOCTYPE html><head><meta property='og:image' content='{picture}'></head>"
    return ok(html.encode(), "Content-Type: text/html")


async def fetch(
    url: str,
    *,
    timeout: float = 5.0,  # noqa: ASYNC109 (it is the setting under test)
    max_bytes: int = LIMIT,
    allow_address: Callable[[IPAddress], bool] = at_home,
    resolver: AbstractResolver | None = None,
) -> Download:
    async with Fetcher(
        max_bytes=max_bytes,
        timeout=timeout,
        user_agent="whereis-test/1",
        allow_address=allow_address,
        allowed_ports=ANY_PORT,
        resolver=resolver,
    ) as fetcher:
        return await fetcher.fetch(url)


async def fails(kind: type[FetchError], url: str, **options: float) -> str:
    with pytest.raises(kind) as caught:
        await fetch(url, **options)  # type: ignore[arg-type]
    sentence = caught.value.sentence
    assert sentence.endswith(".")
    for leak in ("127.0.0", "Error", "Errno", "aiohttp", "localhost"):
        assert leak not in sentence
    return sentence


async def test_a_file_is_downloaded(site: Site) -> None:
    site.answers["/a.png"] = ok(PICTURE, "Content-Type: image/png")
    assert await fetch(site.url("/a.png")) == Download(PICTURE, site.url("/a.png"))


@pytest.mark.parametrize("claimed", ["text/html", "application/json", "nonsense", ""])
async def test_the_bytes_say_what_it_is_and_not_the_header(site: Site, claimed: str) -> None:
    site.answers["/a"] = ok(PICTURE, f"Content-Type: {claimed}")
    assert (await fetch(site.url("/a"))).data == PICTURE


async def test_nothing_tells_who_asks(site: Site) -> None:
    site.answers["/start"] = (
        moved("/end").removesuffix(b"\r\n") + b"Set-Cookie: id=1; Path=/\r\n\r\n"
    )
    site.answers["/end"] = ok(PICTURE)
    await fetch(site.url("/start"))
    for request in site.requests:
        names = {line.partition(b":")[0].lower() for line in request.split(b"\r\n")[1:] if line}
        assert names == {b"host", b"user-agent", b"accept", b"accept-encoding", b"connection"}
        assert b"whereis-test/1" in request


async def test_proxies_of_the_environment_are_not_used(
    site: Site, inside: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.2:{inside.port}")
    site.answers["/a"] = ok(PICTURE)
    assert (await fetch(site.url("/a"))).data == PICTURE
    assert inside.requests == []


async def test_an_address_that_is_not_public_is_never_contacted(site: Site) -> None:
    async with Fetcher(allowed_ports=ANY_PORT) as fetcher:
        for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]"):
            with pytest.raises(RefusedURLError):
                await fetcher.fetch(site.url(host=host))
    assert site.requests == []


async def test_ports_other_than_the_webs_are_refused(site: Site) -> None:
    async with Fetcher(allow_address=at_home) as fetcher:
        with pytest.raises(RefusedURLError):
            await fetcher.fetch(site.url())
    assert site.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(site: Site, status: int) -> None:
    site.answers["/a/start"] = moved("../b/end", status)
    site.answers["/b/end"] = ok(PICTURE)
    assert (await fetch(site.url("/a/start"))).url == site.url("/b/end")


async def test_five_redirects_and_not_six(site: Site) -> None:
    for number in range(6):
        site.answers[f"/{number}"] = moved(f"/{number + 1}")
    site.answers["/6"] = ok(PICTURE)
    assert (await fetch(site.url("/1"))).data == PICTURE
    assert "redirected" in await fails(DownloadFailedError, site.url("/0"))


async def test_a_redirect_loop_ends(site: Site) -> None:
    site.answers["/"] = moved("/")
    await fails(DownloadFailedError, site.url())
    assert len(site.requests) == 6


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.2:{port}/",
        "//127.0.0.2:{port}/",
        "http://2130706434:{port}/",
        "http://0x7f.0.0.2:{port}/",
        "http://[::ffff:127.0.0.2]:{port}/",
        "http://user:pw@127.0.0.1:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "javascript:alert(1)",
        "http://[::1",
    ],
)
async def test_each_redirect_is_judged(site: Site, inside: Site, target: str) -> None:
    site.answers["/"] = moved(target.format(port=inside.port))
    await fails(RefusedURLError, site.url())
    assert inside.requests == []


async def test_a_page_leads_to_its_picture(site: Site) -> None:
    site.answers["/wiki/page"] = page("../images/a%20b.png?x=1&amp;y=2")
    site.answers["/images/a%20b.png?x=1&y=2"] = ok(PICTURE)
    download = await fetch(site.url("/wiki/page"))
    assert download == Download(PICTURE, site.url("/images/a%20b.png?x=1&y=2"))


async def test_a_page_is_a_page_whatever_its_header_says(site: Site) -> None:
    site.answers["/a.png"] = page("/b.png").replace(b"text/html", b"image/png")
    site.answers["/b.png"] = ok(PICTURE)
    assert (await fetch(site.url("/a.png"))).data == PICTURE


async def test_a_page_that_names_itself_is_asked_only_twice(site: Site) -> None:
    site.answers["/"] = page("/")
    assert "another web page" in await fails(DownloadFailedError, site.url())
    assert len(site.requests) == 2


async def test_a_page_without_a_picture(site: Site) -> None:
    site.answers["/"] = ok(b"<html><body>Hello</body></html>")
    assert "web page" in await fails(DownloadFailedError, site.url())


@pytest.mark.parametrize(
    "picture", ["http://127.0.0.2:{port}/", "file:///etc/passwd", "data:image/png;base64,AA"]
)
async def test_the_picture_of_a_page_is_judged(site: Site, inside: Site, picture: str) -> None:
    site.answers["/"] = page(picture.format(port=inside.port))
    await fails(RefusedURLError, site.url())
    assert inside.requests == []


async def test_a_page_longer_than_a_file_may_be_is_cut(site: Site) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(page("/a.png").replace(b"Content-Length", b"X-Length"))
        while True:
            writer.write(b"<p>more</p>" * 1000)
            await writer.drain()

    site.answers["/"] = endless
    site.answers["/a.png"] = ok(PICTURE)
    assert (await fetch(site.url(), max_bytes=1_000_000)).data == PICTURE


async def test_announced_as_too_large(site: Site) -> None:
    site.answers["/"] = ok(b"", length=LIMIT + 1)
    assert "larger than" in await fails(DownloadTooLargeError, site.url())


async def test_as_large_as_may_be(site: Site) -> None:
    site.answers["/"] = ok(b"\0" * LIMIT)
    assert len((await fetch(site.url())).data) == LIMIT


@pytest.mark.parametrize("header", ["", "Transfer-Encoding: chunked\r\n"])
async def test_a_body_that_never_ends_is_cut_off(site: Site, header: str) -> None:
    piece = b"\0" * 4096
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(f"HTTP/1.1 200 OK\r\n{header}\r\n".encode())
        while True:
            writer.write(b"1000\r\n" + piece + b"\r\n" if header else piece)
            await writer.drain()
            sent += len(piece)

    site.answers["/"] = endless
    await fails(DownloadTooLargeError, site.url())
    # What the sockets' own buffers take comes on top.
    assert sent < LIMIT + 16 * 1024 * 1024


async def test_a_body_longer_than_announced(site: Site) -> None:
    site.answers["/"] = ok(PICTURE + b"x" * 1_000_000, length=len(PICTURE))
    await fails(DownloadFailedError, site.url())


async def test_a_body_shorter_than_announced(site: Site) -> None:
    site.answers["/"] = ok(PICTURE, length=len(PICTURE) + 1)
    assert "broke off" in await fails(DownloadFailedError, site.url())


async def test_a_server_that_drips_is_left(site: Site) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(ok(b"", length=LIMIT))
        while True:
            writer.write(b"\0")
            await writer.drain()
            await asyncio.sleep(0.01)

    site.answers["/"] = drip
    started = asyncio.get_running_loop().time()
    assert "longer than 0.3 seconds" in await fails(DownloadFailedError, site.url(), timeout=0.3)
    assert asyncio.get_running_loop().time() - started < 3


async def test_the_time_is_that_of_all_redirects_together(site: Site) -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(moved("/"))

    site.answers["/"] = slow
    assert "longer than" in await fails(DownloadFailedError, site.url(), timeout=0.5)
    assert len(site.requests) <= 3


async def test_a_server_that_says_nothing(site: Site) -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    site.answers["/"] = silent
    await fails(DownloadFailedError, site.url(), timeout=0.2)


async def test_headers_that_never_end(site: Site) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        number = 0
        while True:
            number += 1
            writer.write(b"X-%d: %s\r\n" % (number, b"x" * 1000))
            await writer.drain()

    site.answers["/"] = endless
    tracemalloc.start()
    try:
        await fails(DownloadFailedError, site.url(), timeout=3.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 32 * 1024 * 1024


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 999999 What\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFF\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_answers_that_are_none(site: Site, answer: bytes) -> None:
    site.answers["/"] = answer
    await fails(DownloadFailedError, site.url())


async def test_a_redirect_whose_target_is_not_text(site: Site) -> None:
    site.answers["/"] = b"HTTP/1.1 302 Found\r\nLocation: http://\xff\xfe/\r\n\r\n"
    with pytest.raises(FetchError):
        await fetch(site.url())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 429, 500, 503])
async def test_an_error_of_the_server_is_told(site: Site, status: int) -> None:
    site.answers["/"] = f"HTTP/1.1 {status} No\r\nContent-Length: 2\r\n\r\nno".encode()
    assert str(status) in await fails(DownloadFailedError, site.url())


async def test_an_expired_discord_link_is_explained(site: Site) -> None:
    site.answers["/attachments/1/2/a.png?ex=1"] = b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"
    names = Names(cdn=[["127.0.0.1"]])
    with pytest.raises(DownloadFailedError, match="expired"):
        await fetch(
            site.url("/attachments/1/2/a.png?ex=1", host="cdn.discordapp.com"), resolver=names
        )


async def test_nobody_listens(site: Site) -> None:
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    with free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        assert "did not answer" in await fails(DownloadFailedError, url)


async def test_tls_that_is_none() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(ok(PICTURE))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert "secure" in await fails(DownloadFailedError, f"https://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(PICTURE)),
        ("x-gzip", gzip.compress(PICTURE)),
        ("deflate", zlib.compress(PICTURE)),
        ("identity", PICTURE),
        ("GZIP", gzip.compress(PICTURE)),
    ],
)
async def test_packed_answers_are_unpacked(site: Site, encoding: str, packed: bytes) -> None:
    site.answers["/"] = ok(packed, f"Content-Encoding: {encoding}")
    assert (await fetch(site.url())).data == PICTURE


async def test_a_packed_answer_as_large_as_may_be(site: Site) -> None:
    site.answers["/"] = ok(gzip.compress(b"\0" * 1_000_000), "Content-Encoding: gzip")
    assert len((await fetch(site.url(), max_bytes=1_000_000)).data) == 1_000_000


async def test_a_bomb_is_not_unpacked(site: Site) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(90)) + packer.flush()
    assert len(bomb) < LIMIT
    site.answers["/"] = ok(bomb, "Content-Encoding: gzip")
    tracemalloc.start()
    try:
        await fails(DownloadTooLargeError, site.url())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"not gzip at all"),
        ("gzip", gzip.compress(PICTURE)[:-20]),
        ("gzip", b""),
        ("deflate", b"\xff" * 100),
        ("br", b"x"),
        ("zstd", b"x"),
        ("gzip, gzip", gzip.compress(gzip.compress(PICTURE))),
    ],
)
async def test_packed_answers_that_can_not_be_unpacked(
    site: Site, encoding: str, body: bytes
) -> None:
    site.answers["/"] = ok(body, f"Content-Encoding: {encoding}")
    await fails(DownloadFailedError, site.url())


async def test_a_gzipped_file_stays_as_it_is(site: Site) -> None:
    packed = gzip.compress(b"<svg/>")
    site.answers["/a.svgz"] = ok(packed)
    assert (await fetch(site.url("/a.svgz"))).data == packed


async def test_only_the_allowed_addresses_of_a_name_are_used(site: Site) -> None:
    site.answers["/"] = ok(PICTURE)
    names = Names(mixed=[["127.0.0.2", "10.0.0.1", "127.0.0.1", "169.254.169.254"]])
    async with site_on("127.0.0.2", site.port) as neighbour:
        neighbour.answers["/"] = ok(b"secret")
        download = await fetch(site.url(host="mixed.example"), resolver=names)
    assert download.data == PICTURE
    assert neighbour.requests == []


async def test_a_name_that_leads_inside_is_refused(inside: Site) -> None:
    names = Names(inside=[["127.0.0.2", "10.0.0.1"]])
    with pytest.raises(RefusedURLError, match="private or local"):
        await fetch(inside.url(host="inside.example"), resolver=names)
    assert inside.requests == []


async def test_a_name_that_changes_its_mind_is_refused(site: Site, inside: Site) -> None:
    names = Names(sly=[["127.0.0.1"], ["127.0.0.2"]])
    site.answers["/"] = moved(f"http://sly.example:{inside.port}/")
    with pytest.raises(RefusedURLError, match="private or local"):
        await fetch(site.url(host="sly.example"), resolver=names)
    assert len(site.requests) == 1
    assert inside.requests == []


async def test_the_connection_itself_is_judged(site: Site) -> None:
    verdicts = iter([True, False])
    with pytest.raises(RefusedURLError, match="private or local"):
        await fetch(site.url(), allow_address=lambda _: next(verdicts))
    assert site.requests == []


async def test_names_that_no_name_server_knows() -> None:
    with pytest.raises(DownloadFailedError, match="did not answer"):
        await fetch("http://no-such-name.invalid/")


async def test_only_so_many_at_a_time(site: Site) -> None:
    release = asyncio.Event()
    full = asyncio.Event()

    async def wait(writer: asyncio.StreamWriter) -> None:
        if site.open == 2:
            full.set()
        await release.wait()
        writer.write(ok(PICTURE))

    site.answers["/"] = wait
    async with (
        Fetcher(allow_address=at_home, allowed_ports=ANY_PORT, max_concurrent=2) as fetcher,
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(fetcher.fetch(site.url())) for _ in range(6)]
        await full.wait()
        release.set()
    assert [task.result().data for task in tasks] == [PICTURE] * 6
    assert site.most_open == 2


async def test_who_waits_too_long_is_told(site: Site) -> None:
    release = asyncio.Event()
    asked = asyncio.Event()

    async def wait(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await release.wait()

    site.answers["/"] = wait
    async with AsyncExitStack() as stack:
        fetcher = await stack.enter_async_context(
            Fetcher(allow_address=at_home, allowed_ports=ANY_PORT, max_concurrent=1, timeout=0.3)
        )
        first = asyncio.create_task(fetcher.fetch(site.url()))
        await asked.wait()
        second = asyncio.create_task(fetcher.fetch(site.url()))
        results = await asyncio.gather(first, second, return_exceptions=True)
    assert all(isinstance(result, DownloadFailedError) for result in results)


async def test_cancelling_a_download_frees_its_place(site: Site) -> None:
    asked = asyncio.Event()

    async def silent(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.Event().wait()

    site.answers["/silent"] = silent
    site.answers["/"] = ok(PICTURE)
    async with Fetcher(allow_address=at_home, allowed_ports=ANY_PORT, max_concurrent=1) as fetcher:
        task = asyncio.create_task(fetcher.fetch(site.url("/silent")))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await fetcher.fetch(site.url())).data == PICTURE


async def test_outside_of_its_block_it_says_so(site: Site) -> None:
    fetcher = Fetcher(allow_address=at_home, allowed_ports=ANY_PORT)
    with pytest.raises(RuntimeError, match="async with"):
        await fetcher.fetch(site.url())
