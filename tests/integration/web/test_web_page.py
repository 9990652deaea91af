"""The page as it is without JavaScript: what is sent, what is shown, and what is allowed to it."""

import re
from html.parser import HTMLParser

import pytest

from bot.web.page import assets
from tests.drawing import draw, halved_jpeg, png
from tests.visiting import HOSTILE, LIMIT, Visitor, World, form, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Seen(HTMLParser):
    """A page as a browser reads it: its links, its elements, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.links: list[dict[str, str | None]] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "a":
            self.links.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        self.text += data


async def post(visitor: Visitor, data: bytes, status: int = 200) -> Seen:
    async with visitor.session.post(f"{visitor.address}search", data=form(data)) as answer:
        assert answer.status == status
        assert answer.content_type == "text/html"
        assert answer.headers["Cache-Control"] == "no-store"
        return Seen(await answer.text())


async def get(visitor: Visitor, path: str, status: int = 200) -> Seen:
    async with visitor.session.get(visitor.address + path) as answer:
        assert answer.status == status
        return Seen(await answer.text())


async def test_a_picture_is_found(world: World) -> None:
    async with visiting(world) as visitor:
        seen = await post(visitor, halved_jpeg(draw(1)))
        assert "Exact match: Mount Everest" in seen.text
        assert "This is the same picture." in seen.text
        assert "Mountain 08" in seen.text
        (best,) = (e for tag, e in seen.elements if e.get("class") == "card")
        assert best["data-image-id"] == str(world.everest)
        links = {link["href"]: link for link in seen.links}
        article = links["https://wiki.example/Mount_Everest"]
        assert article["rel"] == "noopener noreferrer nofollow"
        every = await get(visitor, f"pages/{world.everest}")
        assert f"/pages/{world.everest}" in links
        assert "Mountain 10" in every.text
        (share,) = (link["href"] for link in seen.links if "data-share" in link)
        shared = await get(visitor, str(share).lstrip("/"))
        alone = await get(visitor, str(share).lstrip("/").partition("&")[0])
    assert "Exact match: Mount Everest" in shared.text
    assert "went by a fingerprint" in shared.text
    assert "Possible match: Mount Everest" in alone.text
    assert "went by a hash alone" in alone.text


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (png(99), "I don't know this picture"),
        (png(1)[:300], "I could not read this picture"),
        (b"", "I could not read this picture"),
    ],
)
async def test_a_picture_is_not_found(world: World, data: bytes, says: str) -> None:
    async with visiting(world) as visitor:
        seen = await post(visitor, data)
    assert says in seen.text
    assert not [e for _, e in seen.elements if e.get("class") == "match"]


async def test_what_goes_wrong_is_said_on_the_page(world: World) -> None:
    async with visiting(world) as visitor:
        assert "larger than 195 kB" in (await post(visitor, bytes(LIMIT + 1), 413)).text
        assert "nothing at this address" in (await get(visitor, "nowhere", 404)).text
        assert "no picture 3 here" in (await get(visitor, f"pages/{world.secret}", 404)).text
        assert "16 hexadecimal digits" in (await get(visitor, "?hash=x", 422)).text
        fields = {"url": "http://127.0.0.9/"}
        async with visitor.session.post(f"{visitor.address}search", data=fields) as answer:
            assert answer.status == 422
            assert "private or local address" in await answer.text()


async def test_titles_are_shown_and_do_nothing(world: World) -> None:
    async with visiting(world) as visitor:
        seen = await post(visitor, png(2))
    assert "<script>alert(1)</script>\"'&gnp" in seen.text
    assert "\u202e" not in seen.text
    assert [tag for tag, _ in seen.elements].count("script") == 1
    for link in seen.links:
        assert re.match(r"https?://|/|#", link["href"] or ""), link
    assert HOSTILE not in seen.text


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>.png", '"><script>', "\u202egnp.exe"]
)
async def test_names_of_files_do_nothing(world: World, name: str) -> None:
    async with visiting(world) as visitor:
        url = f"{visitor.address}search"
        async with visitor.session.post(url, data=form(png(1), name)) as answer:
            seen = Seen(await answer.text())
        assert [tag for tag, _ in seen.elements].count("script") == 1
        assert not [e for _, e in seen.elements if "onerror" in e]
        found = await visitor.search(png(1), name)
    assert "\u202e" not in found["image"]


async def test_nothing_may_run_or_be_fetched_but_what_is_ours(world: World) -> None:
    async with visiting(world) as visitor:
        for method, path in (
            ("GET", ""),
            ("GET", "?hash=0"),
            ("GET", "nowhere"),
            ("GET", "api/v1/search"),
            ("PUT", "search"),
            ("GET", assets()["app.js"].path.lstrip("/")),
        ):
            async with visitor.session.request(method, visitor.address + path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert policy.startswith("default-src 'none'; ")
                assert "unsafe" not in policy
                assert "frame-ancestors 'none'" in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert answer.headers["Server"] == "whereis"
                assert "Set-Cookie" not in answer.headers


async def test_files_are_kept_as_long_as_they_are_the_same(world: World) -> None:
    async with visiting(world) as visitor:
        for name, asset in assets().items():
            url = visitor.address.rstrip("/") + asset.path
            async with visitor.session.get(url) as answer:
                assert answer.status == 200
                assert "immutable" in answer.headers["Cache-Control"]
                assert answer.content_type == asset.content_type
                assert await answer.read() == asset.data
            other = f"static/{'0' * 16}/{name}"
            await get(visitor, other, 404)
        await get(visitor, "static/%2e%2e/page.py", 404)
        await get(visitor, "static/x/..%2f..%2fpage.py", 404)
        async with visitor.session.get(visitor.address) as answer:
            tag = answer.headers["ETag"]
        headers = {"If-None-Match": tag}
        async with visitor.session.get(visitor.address, headers=headers) as answer:
            assert (answer.status, await answer.read()) == (304, b"")


async def test_other_methods(world: World) -> None:
    async with visiting(world) as visitor:
        async with visitor.session.head(visitor.address) as answer:
            assert (answer.status, await answer.read()) == (200, b"")
        async with visitor.session.head(f"{visitor.address}api/v1/search?hash=0") as answer:
            assert (answer.status, await answer.read()) == (200, b"")
        async with visitor.session.options(f"{visitor.address}api/v1/search") as answer:
            assert answer.status == 204
            assert "POST" in answer.headers["Allow"]
            assert "Access-Control-Allow-Origin" not in answer.headers
        async with visitor.session.options(f"{visitor.address}search") as answer:
            assert answer.status == 405
        url = f"{visitor.address}search"
        async with visitor.session.get(url, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/")


async def test_a_servers_own_picture_is_not_found(world: World) -> None:
    async with visiting(world) as visitor:
        seen = await post(visitor, png(3))
    assert "I don't know this picture" in seen.text
    assert "Secret" not in seen.text
