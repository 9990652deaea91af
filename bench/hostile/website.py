"""A web server that misbehaves, on loopback, answering byte for byte."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Literal

from bench.hostile.files import raw_png

HOME = IPv4Address("127.0.0.9")
"""Where it is."""

Handler = Callable[[asyncio.StreamWriter], Awaitable[None]]
Expected = Literal["read", "refused", "failed", "too large", "unreadable"]

_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Trick:
    """A path of the website: what it tries, how it answers, and how the bot should."""

    path: str
    trick: str
    expected: Expected
    answer: bytes | Handler


@dataclass(slots=True)
class Website:
    """A running server. ``requests`` are the heads of all that it was asked, as they came."""

    port: int
    tricks: Mapping[str, Trick] = field(default_factory=dict)
    requests: list[bytes] = field(default_factory=list)

    def link(self, trick: Trick) -> str:
        """The link that leads to a trick."""
        return f"http://{HOME}:{self.port}{trick.path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            request = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(request)
            trick = self.tricks.get(request.split(b" ")[1].decode())
            answer = (
                b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n" if trick is None else trick.answer
            )
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        writer.close()


def tricks(picture: bytes, port: int, inside: str) -> tuple[Trick, ...]:
    """Everything that it tries.

    ``picture`` is a PNG that can be read; ``inside`` an address that must not be contacted.
    """
    here = f"http://{HOME}:{port}"
    page = '<!DOCTYPE html><html><head><meta property="og:image" content="{}"></head>'
    return (
        Trick("/fine", "says the truth", "read", _ok(picture)),
        Trick("/text", "lies about the type", "read", _ok(picture, "text/html")),
        Trick("/png", "lies about the type", "unreadable", _ok(b"#!/bin/sh\necho", "image/png")),
        Trick("/short", "lies about the length", "failed", _head(len(picture) + 99) + picture),
        Trick("/long", "lies about the length", "failed", _head(40) + picture),
        Trick("/huge", "lies about the length", "too large", _head(2**40) + picture),
        Trick("/minus", "lies about the length", "failed", _head(-5) + picture),
        Trick("/endless", "never ends", "too large", _endless),
        Trick("/chunks", "never ends", "too large", _chunks),
        Trick("/drip", "drips", "failed", _drip(b"HTTP/1.1 200 OK\r\n\r\n")),
        Trick("/drip-head", "drips", "failed", _drip(b"HTTP/1.1 200 OK\r\nX-A: ")),
        Trick("/heads", "headers that never end", "failed", _endless_heads),
        Trick("/interim", "answers that are none", "failed", _interim),
        Trick("/silent", "says nothing", "failed", _silent),
        Trick("/hang-up", "hangs up", "failed", b""),
        Trick("/noise", "speaks no HTTP", "failed", bytes(range(256)) * 40),
        Trick("/none", "an error", "failed", b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
        Trick("/gzip", "a bomb", "too large", _packed("gzip", gzip.compress(bytes(80_000_000)))),
        Trick("/zlib", "a bomb", "too large", _packed("deflate", zlib.compress(bytes(80_000_000)))),
        Trick("/br", "packed unasked", "failed", _packed("br", b"\x0b\x02\x80")),
        Trick("/loop", "redirects", "failed", _to("/loop")),
        *(
            Trick(f"/hop{n}", "redirects", "read" if n <= 5 else "failed",
                  _to(f"/hop{n - 1}" if n > 1 else "/fine"))
            for n in range(1, 8)
        ),
        Trick("/inside", "redirects inside", "refused", _to(inside)),
        Trick("/localhost", "redirects inside", "refused", _to("http://localhost/")),
        Trick("/metadata", "redirects inside", "refused", _to("http://169.254.169.254/latest/")),
        Trick("/file", "redirects to a file", "refused", _to("file:///etc/passwd")),
        Trick("/data", "redirects to data", "refused", _to("data:image/png;base64,AAAA")),
        Trick("/login", "redirects with a password", "refused", _to("http://a:b@example.com/")),
        Trick("/port", "redirects to a port", "refused", _to("http://example.com:22/")),
        Trick("/page", "a page", "read", _ok(page.format(f"{here}/fine").encode(), "text/html")),
        Trick("/pages", "a page that names itself", "failed",
              _ok(page.format(f"{here}/pages").encode(), "text/html")),
        Trick("/page-inside", "a page that leads inside", "refused",
              _ok(page.format(inside).encode(), "text/html")),
        Trick("/page-file", "a page that leads to a file", "refused",
              _ok(page.format("file:///etc/passwd").encode(), "text/html")),
        Trick("/bare", "a page without a picture", "failed", _ok(b"<!DOCTYPE html><p>hello")),
        Trick("/bomb", "a picture of 3.6 thousand million pixels", "unreadable",
              _ok(raw_png(60_000, 60_000, b""))),
    )  # fmt: skip


@asynccontextmanager
async def website(picture: bytes, inside: str) -> AsyncIterator[Website]:
    """The server, running."""
    site = Website(0)
    serving: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(site.serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    server = await asyncio.start_server(connected, str(HOME), 0)
    site.port = server.sockets[0].getsockname()[1]
    site.tricks = {trick.path: trick for trick in tricks(picture, site.port, inside)}
    try:
        yield site
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def _head(length: int, kind: str = "image/png") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n".encode()


def _ok(body: bytes, kind: str = "image/png") -> bytes:
    return _head(len(body), kind) + body


def _packed(encoding: str, body: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\n\r\n".encode() + body


def _to(where: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode()


async def _endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(bytes(_PIECE))
        await writer.drain()


async def _chunks(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + bytes(_PIECE) + b"\r\n")
        await writer.drain()


async def _endless_heads(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Header: value\r\n" * 100)
        await writer.drain()


async def _interim(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)
        await writer.drain()


def _drip(start: bytes) -> Handler:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.2)

    return answer


async def _silent(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()
