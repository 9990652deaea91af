"""Links to files on Discord that a member wrote, fresh and expired."""

import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp.abc import AbstractResolver, ResolveResult
from simcord.http import RequestContext, router
from yarl import URL

from bot.net import Download, Fetcher
from tests.acceptance.world import Library, Town, Website, embed_of, menus_of, png

FILE = "https://cdn.discordapp.com/attachments/11/22/a.png"
OTHER = "https://media.discordapp.net/attachments/11/33/b.png"
SIGNED = "?ex=ffffffff&is=0&hm=0"


class HomeResolver(AbstractResolver):
    """Finds every name on one web server of this machine."""

    def __init__(self, place: URL) -> None:
        self._place = place

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        address, port = self._place.host or "", self._place.port or 0
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        pass


class PlainFetcher(Fetcher):
    """Nobody here has Discord's certificate, so what is secure elsewhere goes without."""

    async def fetch(self, url: str) -> Download:
        return await super().fetch(url.replace("https://", "http://", 1))


@pytest_asyncio.fixture(loop_scope="session")
async def fetcher(website: Website) -> AsyncIterator[Fetcher]:
    """A fetcher for which Discord's servers are on this machine."""
    async with PlainFetcher(
        timeout=5,
        allow_address=lambda address: address.is_loopback,
        resolver=HomeResolver(URL(website.address)),
    ) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def known(library: Library) -> None:
    """Two pictures that the bot knows."""
    await library.add(png(1), "Mandelbrot_set")
    await library.add(png(2), "Julia_set")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What Discord is asked to sign; it signs all."""
    seen: list[list[str]] = []

    def sign(ctx: RequestContext) -> dict[str, object]:
        links = ctx.fields("attachment_urls")["attachment_urls"]
        seen.append(links)
        return {
            "refreshed_urls": [{"original": link, "refreshed": link + SIGNED} for link in links]
        }

    routes = [*router._ROUTES["POST"], (["attachments", "refresh-urls"], sign)]
    monkeypatch.setitem(router._ROUTES, "POST", routes)
    return seen


def put(website: Website, link: str, data: bytes) -> None:
    """Publish what is behind one of Discord's links."""
    website.put(URL(link).path.removeprefix("/"), data)


async def test_an_expired_link_is_refreshed_and_the_answer_shows_the_new_one(
    town: Town, website: Website, asked: list[list[str]]
) -> None:
    put(website, FILE, png(1))
    await town.alice.send(town.channel, f"!whereis {FILE}?ex=1&is=0&hm=0&")
    embed = embed_of(town.answer())
    assert embed.title == "Mandelbrot set"
    assert embed.thumbnail.url == FILE + SIGNED
    assert asked == [[FILE]]


async def test_the_search_engines_get_the_new_link(
    town: Town, website: Website, asked: list[list[str]]
) -> None:
    put(website, FILE, png(5))
    await town.alice.send(town.channel, f"!whereis {FILE}?ex=1&is=0&hm=0&")
    embed = embed_of(town.answer())
    assert embed.title == "I don't know this picture"
    assert "a.png%3Fex%3Dffffffff" in (embed.description or "")
    assert asked == [[FILE]]


async def test_several_are_refreshed_at_once(
    town: Town, website: Website, asked: list[list[str]]
) -> None:
    put(website, FILE, png(1))
    put(website, OTHER, png(2))
    posted = await town.join("bob").send(town.channel, f"{FILE} and {OTHER}?ex=1")
    await town.alice.send(town.channel, "!whereis", reply_to=posted)
    (menu,) = menus_of(town.answer())
    assert [option.description for option in menu.options] == [
        "exact match: Mandelbrot set",
        "exact match: Julia set",
    ]
    assert asked == [[FILE, OTHER]]


async def test_a_link_that_still_works_is_opened_as_it_is(
    town: Town, website: Website, asked: list[list[str]]
) -> None:
    put(website, FILE, png(1))
    await town.alice.send(town.channel, f"!whereis {FILE}{SIGNED}")
    assert embed_of(town.answer()).title == "Mandelbrot set"
    assert asked == []


@pytest.mark.usefixtures("website")
async def test_where_discord_does_not_refresh_it_that_is_explained(town: Town) -> None:
    town.env.inject_error("POST", "/attachments/refresh-urls", status=403)
    await town.alice.send(town.channel, f"!whereis {FILE}")
    embed = embed_of(town.answer())
    assert embed.title == "I could not get this picture"
    assert "expired" in (embed.description or "")


async def test_a_moderator_adds_from_an_expired_link(
    town: Town, website: Website, asked: list[list[str]]
) -> None:
    put(website, FILE, png(6))
    bob = town.join("bob", manage_guild=True)
    await bob.send(town.channel, f"!addimage Our mascot {FILE}")
    assert embed_of(town.answer()).title == "Picture added"
    assert asked == [[FILE]]
