"""Thumbnails of a wiki on this machine, through the server and by themselves."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot.cards import PATIENCE
from bot.errors import NotFoundError
from bot.search import Page, Stored
from bot.web import serve_web
from bot.web.problems import ProblemError
from bot.web.thumbs import AT_ONCE, LEFT_ALONE, MAX_BYTES, Thumbs
from tests.drawing import draw, encode, png
from tests.loopback_mediawiki import Trouble, WikiFile, answers, complains, drops, stalls
from tests.visiting import OPTIONS, Visitor, World, assert_described, form, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
WEBP = encode(draw(3, (33, 22)), "WEBP")


@pytest.fixture(autouse=True)
def quiet(world: World) -> Iterator[None]:
    """A wiki that has forgotten what it was asked for, and goes on as it should afterwards."""
    good = dict(world.wiki.files)
    world.wiki.downloaded.clear()
    yield
    world.wiki.files = good
    world.wiki.picture_troubles.clear()
    world.wiki.api_troubles.clear()
    world.wiki.hold = None


async def get(visitor: Visitor, image_id: int, **headers: str) -> tuple[int, Any, bytes]:
    """A thumbnail: status, headers and body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{visitor.address}thumbs/{image_id}"
    async with visitor.session.get(url, headers=named) as answer:
        return answer.status, answer.headers, await answer.read()


async def refused(visitor: Visitor, image_id: int) -> tuple[int, str]:
    """Why there is no thumbnail: the status, and the word for it."""
    status, headers, body = await get(visitor, image_id)
    assert headers["Content-Type"].startswith("application/json")
    assert headers["Cache-Control"] == "no-store"
    document = json.loads(body)
    assert_described("/thumbs/{image_id}", "GET", status, document)
    return status, document["error"]["code"]


async def test_the_file_itself_where_its_name_is_known(world: World) -> None:
    async with visiting(world) as visitor:
        status, headers, body = await get(visitor, world.nepal)
        assert (status, body) == (200, world.wiki.files["4.png"].data)
        assert headers["Content-Type"] == "image/png"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "public, max-age=86400"
        again = await get(visitor, world.nepal)
        assert again[2] == body
        status, _, nothing = await get(visitor, world.nepal, If_None_Match=headers["ETag"])
        assert (status, nothing) == (304, b"")
        url = f"{visitor.address}thumbs/{world.nepal}"
        async with visitor.session.head(url) as answer:
            assert answer.status == 200
            assert answer.headers["Content-Type"] == "image/png"
    assert world.wiki.downloaded == ["4.png"]


async def test_the_articles_picture_where_it_is_not(world: World) -> None:
    async with visiting(world) as visitor:
        status, _, body = await get(visitor, world.tibet)
        told = await visitor.ask(f"cards/{world.tibet}")
        named = await visitor.ask(f"cards/{world.nepal}")
        unknown = await visitor.ask(f"cards/{world.everest}")
    assert (status, body) == (200, world.wiki.files["Lead.png"].data)
    assert told["thumb"] == f"/thumbs/{world.tibet}"
    assert named["thumb"] == f"/thumbs/{world.nepal}"
    assert unknown["thumb"] is None
    assert named["card"]["credit"]["thumbnail"].startswith(world.wiki.origin)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (WEBP, "image/webp"),
        (encode(draw(3, (33, 22)), "JPEG"), "image/jpeg"),
        (encode(draw(3, (33, 22)), "GIF"), "image/gif"),
    ],
)
async def test_its_kind_is_what_its_bytes_say(world: World, data: bytes, kind: str) -> None:
    # The wiki of these tests calls everything HTML.
    world.wiki.files["4.png"] = WikiFile(data)
    async with visiting(world) as visitor:
        _, headers, body = await get(visitor, world.nepal)
    assert (headers["Content-Type"], body) == (kind, data)


@pytest.mark.parametrize(
    "data",
    [SVG, HTML, b"GARBAGE", b"", png(1) + bytes(MAX_BYTES)],
    ids=["svg", "html", "nothing known", "empty", "too long"],
)
async def test_what_is_no_thumbnail_is_not_handed_on(world: World, data: bytes) -> None:
    world.wiki.files["4.png"] = WikiFile(data)
    async with visiting(world) as visitor:
        assert await refused(visitor, world.nepal) == (502, "wiki_failed")
        world.wiki.files["4.png"] = WikiFile(WEBP)
        _, _, body = await get(visitor, world.nepal)
    assert body == WEBP, "nothing of it was kept"


@pytest.mark.parametrize(
    ("trouble", "expect"),
    [
        (answers(404), (404, "not_found")),
        (answers(403), (404, "not_found")),
        (answers(302, Location="http://127.0.0.9/4.png"), (404, "not_found")),
        (answers(500), (502, "wiki_failed")),
        (drops(), (502, "wiki_failed")),
        (drops(png(1)[:40]), (502, "wiki_failed")),
        (answers(429, Retry_After="3600"), (502, "wiki_failed")),
    ],
    ids=["gone", "refused", "inside", "broken", "dropped", "cut off", "a long pause"],
)
async def test_what_a_wiki_may_answer_instead(
    world: World, trouble: Trouble, expect: tuple[int, str]
) -> None:
    async with visiting(world) as visitor:
        # A connection that was used before is tried anew without a word.
        world.wiki.picture_troubles.extend([trouble] * 6)
        assert await refused(visitor, world.nepal) == expect
    world.wiki.picture_troubles.clear()
    async with visiting(world) as visitor:
        assert (await get(visitor, world.nepal))[0] == 200


async def test_what_a_visitor_may_not_see_is_not_there(world: World) -> None:
    async with visiting(world) as visitor:
        for image_id in (world.secret, 99_999, world.everest):
            assert await refused(visitor, image_id) == (404, "not_found")
    assert world.wiki.downloaded == []


async def test_thumbnails_have_an_allowance_of_their_own(world: World) -> None:
    async with visiting(world, per_minute=60, burst=1, clock=lambda: 0.0) as visitor:
        for _ in range(5):
            assert (await get(visitor, world.nepal))[0] == 200
        status, headers, _ = await get(visitor, world.nepal)
        assert status == 429
        assert "Retry-After" in headers
        assert (await visitor.search(png(4)))["status"] == "found"


async def test_pages_of_other_sites_show_them_where_the_operator_lets_them(world: World) -> None:
    elsewhere = "https://elsewhere.example"
    async with visiting(world, origins=frozenset({elsewhere})) as visitor:
        _, headers, _ = await get(visitor, world.nepal, Origin=elsewhere)
        assert headers["Access-Control-Allow-Origin"] == elsewhere
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert headers["Vary"] == "Origin"
        _, headers, _ = await get(visitor, world.nepal, Origin="https://other.example")
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_the_page_shows_them_where_the_wiki_can_be_asked(world: World) -> None:
    async with visiting(world) as visitor:
        for seed, image_id, alt in ((4, world.nepal, "The picture"), (5, world.tibet, "article")):
            async with visitor.session.post(
                f"{visitor.address}search", data=form(png(seed))
            ) as answer:
                text = await answer.text()
            assert f'<img src="/thumbs/{image_id}" alt="The ' in text
            assert alt in text
        async with visitor.session.post(f"{visitor.address}search", data=form(png(1))) as answer:
            assert "/thumbs/" not in await answer.text()


async def test_where_no_wiki_is_asked_there_are_none(world: World) -> None:
    async with serve_web(world.search, world.fetcher, OPTIONS) as address, visiting(world) as other:
        visitor = Visitor(other.session, address)
        assert await refused(visitor, world.nepal) == (404, "not_found")
        async with visitor.session.post(f"{address}search", data=form(png(4))) as answer:
            assert "/thumbs/" not in await answer.text()


# ---- By themselves ---------------------------------------------------------------------------


def stored(world: World, title: str, image_id: int = 7, file: str | None = None) -> Stored:
    """A picture of a page of the wiki."""
    page = Page(1, title, f"{world.wiki.origin}/wiki/{title}")
    return Stored(image_id, file, (page,), world.wiki.api)


def show(world: World, title: str, source: str) -> None:
    """Have the wiki name a lead picture of a page."""
    world.wiki.shows(title)
    world.wiki.told[title] = {"thumbnail": {"source": source}}


async def status_of(thumbs: Thumbs, asked: Stored) -> int:
    """The status that a thumbnail is refused with."""
    with pytest.raises((ProblemError, NotFoundError)) as refusal:
        await thumbs.thumb(asked)
    return getattr(refusal.value, "status", 404)


async def test_those_who_want_one_at_the_same_time_wait_for_one_download(world: World) -> None:
    gate = asyncio.Event()
    world.wiki.hold = gate.wait
    thumbs = Thumbs(world.cards)
    asked = stored(world, "Tibet")
    waiting = [asyncio.create_task(thumbs.thumb(asked)) for _ in range(5)]
    gate.set()
    got = await asyncio.gather(*waiting)
    assert {one.data for one in got} == {world.wiki.files["Lead.png"].data}
    assert world.wiki.downloaded == ["Lead.png"]


@pytest.mark.parametrize(
    "source",
    ["http://127.0.0.9/a.png", "http://localhost/a.png", "http://a.example:8080/a.png", "a:b"],
)
async def test_addresses_that_lead_inside_are_not_followed(world: World, source: str) -> None:
    title = f"Inside {len(source)}"
    show(world, title, source)
    assert await status_of(Thumbs(world.cards), stored(world, title)) == 404


async def test_a_wiki_that_does_not_answer_is_left_alone_for_a_while(world: World) -> None:
    now = [100.0]
    thumbs = Thumbs(world.cards, clock=lambda: now[0])
    show(world, "Away", f"{world.wiki.origin}/images/Lead.png")
    world.wiki.api_troubles.extend([complains("internal_api_error_DB")] * 2)
    assert await status_of(thumbs, stored(world, "Away")) == 502
    assert not world.wiki.api_troubles
    assert await status_of(thumbs, stored(world, "Tibet", 8)) == 502
    assert world.wiki.downloaded == []
    now[0] += LEFT_ALONE
    assert (await thumbs.thumb(stored(world, "Away"))).content_type == "image/png"


async def test_those_who_waited_for_a_wiki_that_is_away_ask_it_no_more(world: World) -> None:
    thumbs = Thumbs(world.cards)
    titles = [f"Queue {number}" for number in range(5)]
    for title in titles:
        show(world, title, f"{world.wiki.origin}/images/Lead.png")
    world.wiki.api_troubles.extend([complains("internal_api_error_DB")] * 20)
    asked = [stored(world, title, number) for number, title in enumerate(titles)]
    assert await asyncio.gather(*(status_of(thumbs, one) for one in asked)) == [502] * 5
    assert len(world.wiki.api_troubles) >= 20 - AT_ONCE * PATIENCE.tries


async def test_a_picture_that_does_not_come_is_not_waited_for_longer(world: World) -> None:
    world.wiki.picture_troubles.append(stalls(png(1)[:40]))
    thumbs = Thumbs(world.cards, seconds=0.2)
    assert await status_of(thumbs, stored(world, "Tibet")) == 504
    assert await status_of(thumbs, stored(world, "Tibet")) == 502, "and the next fails at once"


async def test_too_many_at_once_are_told_to_come_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    thumbs = Thumbs(world.cards)
    with monkeypatch.context() as crowd:
        crowd.setattr("bot.cards.service.MAX_WAITING", 0)
        assert await status_of(thumbs, stored(world, "Tibet")) == 503
    assert (await thumbs.thumb(stored(world, "Tibet"))).data, "and the wiki is not to blame"


async def test_wikimedia_is_not_asked_without_a_contact(world: World) -> None:
    page = Page(1, "Nepal", "https://en.wikipedia.org/wiki/Nepal")
    asked = Stored(7, None, (page,), None)
    assert not world.cards.can_ask(asked)
    assert await status_of(Thumbs(world.cards), asked) == 404
