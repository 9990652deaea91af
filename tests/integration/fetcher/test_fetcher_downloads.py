"""What a link leads to: files, pages, errors; and how many at a time."""

import asyncio
import logging
import socket
from contextlib import AsyncExitStack

import pytest

from bot.errors import DownloadFailedError, FetchError, RefusedURLError
from bot.net import Download, Fetcher
from tests.loopback_site import (
    ANY_PORT,
    PICTURE,
    Names,
    Site,
    at_home,
    fails,
    fetch,
    moved,
    ok,
    page,
)


async def test_a_file_is_downloaded(site: Site) -> None:
    site.answers["/a.png"] = ok(PICTURE, "Content-Type: image/png")
    assert await fetch(site.url("/a.png")) == Download(PICTURE, site.url("/a.png"))


async def test_nothing_tells_who_asks(site: Site) -> None:
    asks = b"Set-Cookie: id=1; Path=/\r\nWWW-Authenticate: Basic\r\n\r\n"
    site.answers["/start"] = moved(site.url("/page", "b.example")).removesuffix(b"\r\n") + asks
    site.answers["/page"] = page("/end").replace(b"\r\n\r\n", b"\r\n" + asks, 1)
    site.answers["/end"] = ok(PICTURE)
    names = Names(a=[["127.0.0.1"]], b=[["127.0.0.1"]])
    await fetch(site.url("/start", "a.example"), resolver=names)
    assert len(site.requests) == 3
    for request in site.requests:
        assert fields_of(request) == {
            b"host", b"user-agent", b"accept", b"accept-encoding", b"connection"
        }  # fmt: skip
        assert b"whereis-test/1" in request


async def test_a_redirect_to_itself_brings_no_cookie_back(site: Site) -> None:
    site.answers["/"] = moved("/").removesuffix(b"\r\n") + b"Set-Cookie: id=1; Path=/\r\n\r\n"
    await fails(DownloadFailedError, site.url())
    assert len(site.requests) == 6
    assert not any(b"cookie" in fields_of(request) for request in site.requests)


async def test_it_says_which_program_asks(site: Site) -> None:
    site.answers["/"] = ok(PICTURE)
    async with Fetcher(allow_address=at_home, allowed_ports=ANY_PORT) as fetcher:
        await fetcher.fetch(site.url())
    assert b"\r\nUser-Agent: whereis-bot" in site.requests[0]


def fields_of(request: bytes) -> set[bytes]:
    """The names of a request's header fields, in small letters."""
    return {line.partition(b":")[0].lower() for line in request.split(b"\r\n")[1:] if line}


async def test_no_link_gets_into_the_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    site.answers["/a?token=geheim"] = moved("/b?token=geheim")
    site.answers["/b?token=geheim"] = page("/c?token=geheim")
    site.answers["/c?token=geheim"] = ok(PICTURE, length=5)
    sentences = [
        await fails(DownloadFailedError, site.url(f"/{path}?token=geheim")) for path in "abcd"
    ]
    sentences.append(await fails(RefusedURLError, "http://127.0.0.2:80/?token=geheim"))
    for text in (caplog.text, *sentences):
        assert "geheim" not in text


async def test_proxies_of_the_environment_are_not_used(
    site: Site, inside: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.2:{inside.port}")
    site.answers["/a"] = ok(PICTURE)
    assert (await fetch(site.url("/a"))).data == PICTURE
    assert inside.requests == []


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


@pytest.mark.parametrize("status", [403, 404, 410, 415])
async def test_discords_copy_that_is_gone_is_explained(site: Site, status: int) -> None:
    path = "/external/x/https/example.com/a.png"
    site.answers[path] = f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()
    names = Names(**{"images-ext-1": [["127.0.0.1"]]})
    with pytest.raises(DownloadFailedError, match="its copy of that picture"):
        await fetch(site.url(path, host="images-ext-1.discordapp.net"), resolver=names)


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
