"""Servers that lie about a body, drip it, pack it, or never end it."""

import asyncio
import gzip
import random
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import zstandard

from bot.errors import DownloadFailedError, DownloadTooLargeError, FetchError
from bot.net.allowance import OVERHEAD
from bot.net.fetcher import DEFAULT_MAX_BYTES
from tests.loopback_site import LIMIT, PICTURE, Handler, Site, fails, fetch, moved, ok, page

MEGABYTE = 1024 * 1024


@contextmanager
def memory_of_at_most(limit: int) -> Iterator[None]:
    """Python may take ``limit`` bytes more than before, at any time."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < limit


def repeating(start: bytes, piece: bytes, pause: float | None = None) -> Handler:
    """A server that sends ``start``, and then ``piece`` as long as anybody listens."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()
            # Drained at once, nobody else would have a turn.
            await asyncio.sleep(pause or 0)

    return answer


@pytest.mark.parametrize("claimed", ["text/html", "application/json", "nonsense", ""])
async def test_the_bytes_say_what_it_is_and_not_the_header(site: Site, claimed: str) -> None:
    site.answers["/a"] = ok(PICTURE, f"Content-Type: {claimed}")
    assert (await fetch(site.url("/a"))).data == PICTURE


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
    assert sent < LIMIT + 16 * MEGABYTE


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
    with memory_of_at_most(32 * MEGABYTE):
        await fails(DownloadFailedError, site.url(), timeout=3.0)


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
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n\r\n" + b"x" * 16,
        b"HTTP/1.1 200 " + b"O" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + PICTURE,
        PICTURE,
        b"<html><meta property='og:image' content='/a.png'>",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 32,
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
async def test_answers_that_are_none(site: Site, answer: bytes) -> None:
    site.answers["/"] = answer
    await fails(DownloadFailedError, site.url())


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


async def test_a_large_file_that_is_unpacked_slower_than_it_comes(site: Site) -> None:
    blocks = random.Random(1)
    data = b"".join(blocks.randbytes(1000) * 30 for _ in range(850))
    packed = gzip.compress(data, 6)
    assert len(packed) > 1.5 * OVERHEAD
    site.answers["/"] = ok(packed, "Content-Encoding: gzip")
    assert (await fetch(site.url(), max_bytes=DEFAULT_MAX_BYTES)).data == data


async def test_a_bomb_is_not_unpacked(site: Site) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(90)) + packer.flush()
    assert len(bomb) < LIMIT
    site.answers["/"] = ok(bomb, "Content-Encoding: gzip")
    with memory_of_at_most(8 * MEGABYTE):
        await fails(DownloadTooLargeError, site.url())


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


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X: x\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(PICTURE)[:10], b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    ],
)
async def test_whatever_comes_drop_by_drop_takes_no_longer_than_allowed(
    site: Site, start: bytes, piece: bytes
) -> None:
    site.answers["/"] = repeating(start, piece, pause=0.01)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await fails(DownloadFailedError, site.url(), timeout=0.5)
    assert loop.time() - started < 3


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: <" + b"x" * 4000 + b">\r\n\r\n"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", b"x" * 65536),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x" * 65536),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: x\r\n" * 5000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 5000),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n", b"x" * 65536),
        (b"HTTP/1.1 404 No\r\n\r\n", b"x" * 65536),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2/\r\n\r\n", b"x" * 65536),
    ],
)
async def test_a_flood_ends_in_time_and_leaves_memory_alone(
    site: Site, start: bytes, piece: bytes
) -> None:
    site.answers["/"] = repeating(start, piece)
    loop = asyncio.get_running_loop()
    started = loop.time()
    with memory_of_at_most(16 * MEGABYTE):
        await fails(FetchError, site.url(), timeout=1.0)
    assert loop.time() - started < 4


async def test_as_much_memory_as_the_limit_and_not_what_is_sent(site: Site) -> None:
    site.answers["/"] = repeating(b"HTTP/1.1 200 OK\r\n\r\n", b"\0" * 65536)
    with memory_of_at_most(DEFAULT_MAX_BYTES + 8 * MEGABYTE):
        await fails(DownloadTooLargeError, site.url(), max_bytes=DEFAULT_MAX_BYTES)


@pytest.mark.parametrize("encoding", ["br", "zstd"])
async def test_a_bomb_that_was_not_asked_for_is_not_even_received(
    site: Site, encoding: str
) -> None:
    bomb = zstandard.compress(b"\0" * 50_000_000, 19)
    site.answers["/"] = ok(bomb, f"Content-Encoding: {encoding}")
    with memory_of_at_most(4 * MEGABYTE):
        assert "packed in a way" in await fails(DownloadFailedError, site.url())


async def test_a_deflated_bomb_is_not_unpacked(site: Site) -> None:
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(90)) + packer.flush()
    site.answers["/"] = ok(bomb, "Content-Encoding: deflate")
    with memory_of_at_most(8 * MEGABYTE):
        await fails(DownloadTooLargeError, site.url())


async def test_what_follows_a_packed_file_is_left(site: Site) -> None:
    start = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(PICTURE)
    site.answers["/"] = repeating(start, b"\0")
    assert (await fetch(site.url(), timeout=3.0)).data == PICTURE


async def test_a_page_that_is_packed_leads_to_its_picture(site: Site) -> None:
    packed = gzip.compress(page("/a.png").partition(b"\r\n\r\n")[2])
    site.answers["/"] = ok(packed, "Content-Encoding: gzip")
    site.answers["/a.png"] = ok(PICTURE)
    assert (await fetch(site.url())).data == PICTURE
