"""Where the fetcher goes, and where it never does: addresses, ports, redirects, names."""

import socket

import pytest

from bot.errors import DownloadFailedError, RefusedURLError
from bot.net import Fetcher
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
    site_on,
)


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


@pytest.mark.parametrize(
    "picture", ["http://127.0.0.2:{port}/", "file:///etc/passwd", "data:image/png;base64,AA"]
)
async def test_the_picture_of_a_page_is_judged(site: Site, inside: Site, picture: str) -> None:
    site.answers["/"] = page(picture.format(port=inside.port))
    await fails(RefusedURLError, site.url())
    assert inside.requests == []


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


@pytest.mark.parametrize("name", ["no-such-name.invalid", "no-such-name.invalid."])
async def test_a_name_is_never_tried_with_the_own_domain_behind_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def look_up(host: str, *_: object, **__: object) -> list[object]:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(DownloadFailedError, match="did not answer"):
        await fetch(f"http://{name}/")
    assert asked == ["no-such-name.invalid."]
