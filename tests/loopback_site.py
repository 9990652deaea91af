"""Web servers on loopback that answer byte for byte as a test says, and a fetcher to go there."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from ssl import SSLContext

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.errors import FetchError
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
async def site_on(
    address: str, port: int = 0, tls: SSLContext | None = None
) -> AsyncIterator[Site]:
    """A running server; over TLS where ``tls`` has its certificate."""
    site = Site(port)
    handlers: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.get_running_loop().create_task(site.serve(reader, writer)))

    server = await asyncio.start_server(connected, address, port, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        for task in handlers:
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


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
