"""What the HTTP API answers, each answer held against its OpenAPI document."""

import json
from typing import Any

import pytest

from bot.errors import DatabaseUnavailableError
from bot.search import Scope, answer_json
from tests.drawing import draw, encode, halved_jpeg, png
from tests.loopback_site import PICTURE, Site, moved, ok, site_on
from tests.visiting import GUILD, LIMIT, World, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_picture_that_is_sent(world: World) -> None:
    copy = halved_jpeg(draw(1))
    async with visiting(world) as visitor:
        found = await visitor.search(copy, "copy.jpg")
    assert (found["image"], found["status"], found["reason"]) == ("copy.jpg", "found", None)
    (match,) = found["matches"]
    assert (match["image_id"], match["collection"]) == (world.everest, "enwiki")
    assert (match["confidence"], match["page_count"]) == ("exact", 12)
    assert match["pages"][0] == {
        "title": "Mount_Everest",
        "url": "https://wiki.example/Mount_Everest",
    }


async def test_the_document_is_that_of_the_command_line(world: World) -> None:
    copy = halved_jpeg(draw(1))
    told = answer_json("copy.jpg", await world.search.search(copy, Scope()))
    async with visiting(world) as visitor:
        found = await visitor.search(copy, "copy.jpg")
    assert {**found, "elapsed_ms": 0} == json.loads(json.dumps({**told, "elapsed_ms": 0}))


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (png(99), "none"),
        (encode(draw(1).point(lambda _: 200)), "plain"),
        (png(1)[:300], "unreadable"),
        (b"no picture", "unreadable"),
        (b"", "unreadable"),
    ],
)
async def test_each_status_is_an_answer(world: World, data: bytes, status: str) -> None:
    async with visiting(world) as visitor:
        found = await visitor.search(data)
    assert (found["status"], found["matches"]) == (status, [])
    assert (found["reason"] is None) == (status == "none")
    assert (found["hash"] is None) == (found["look"] is None) == (status == "unreadable")


@pytest.mark.parametrize("kind", ["json", "data"])
async def test_a_link(world: World, kind: str) -> None:
    async with site_on("127.0.0.1") as site, visiting(world) as visitor:
        site.answers["/a.png"] = ok(png(1))
        body: dict[str, Any] = {kind: {"url": site.url("/a.png")}}
        document = await visitor.ask("search", method="POST", **body)
    (found,) = document["queries"]
    assert (found["image"], found["status"]) == (site.url("/a.png"), "found")


async def refused(world: World, site: Site, answer: bytes, url: str | None = None) -> str:
    site.answers["/"] = answer
    async with visiting(world) as visitor:
        document = await visitor.ask(
            "search", method="POST", json={"url": url or site.url()}, expect=422
        )
    assert "127.0.0" not in document["error"]["message"]
    return str(document["error"]["code"])


async def test_links_that_are_not_followed(world: World) -> None:
    async with site_on("127.0.0.1") as site, site_on("127.0.0.2") as inside:
        inside.answers["/"] = ok(PICTURE)
        address = inside.url(host="127.0.0.2")
        assert await refused(world, site, b"", address) == "link_refused"
        assert await refused(world, site, moved(address)) == "link_refused"
        assert await refused(world, site, b"", "http://169.254.169.254/") == "link_refused"
        assert await refused(world, site, b"", "file:///etc/passwd") == "link_refused"
        assert await refused(world, site, b"", "\ud83d no link") == "link_refused"
        assert await refused(world, site, ok(bytes(LIMIT + 1))) == "link_too_large"
        assert await refused(world, site, b"HTTP/1.1 404 None\r\n\r\n") == "link_failed"
        assert inside.requests == []


async def test_a_hash_in_either_form(world: World) -> None:
    async with visiting(world) as visitor:
        digits = (await visitor.search(png(1)))["hash"]
        value = int(digits, 16)
        signed = value - 2**64 if value >= 2**63 else value
        for form in (digits, digits.upper(), f"0x{digits}", f"{signed:020}"):
            document = await visitor.ask("search", params={"hash": form, "radius": "4"})
            (found,) = document["queries"]
            assert (found["image"], found["hash"], found["status"]) == (form, digits, "found")
            (match,) = found["matches"]
            assert (match["image_id"], match["distance"]) == (world.everest, 0)


async def test_a_hash_alone_is_never_exact_and_is_bounded_by_its_radius(world: World) -> None:
    async with visiting(world) as visitor:
        digits = (await visitor.search(png(1)))["hash"]
        near = f"{int(digits, 16) ^ 0b111:016x}"

        async def found(radius: int | None) -> list[tuple[int, str]]:
            params = {"hash": near} | ({} if radius is None else {"radius": str(radius)})
            (query,) = (await visitor.ask("search", params=params))["queries"]
            return [(match["distance"], match["confidence"]) for match in query["matches"]]

        assert await found(2) == []
        assert await found(3) == [(3, "possible")]
        assert await found(None) == [(3, "possible")]
        assert await found(16) == [(3, "possible")]


async def test_a_hash_with_its_look_is_as_sure_as_the_picture(world: World) -> None:
    async with visiting(world) as visitor:
        sent = await visitor.search(halved_jpeg(draw(1)))
        params = {"hash": sent["hash"], "look": sent["look"]}
        (found,) = (await visitor.ask("search", params=params))["queries"]
        assert {**found, "image": 0, "elapsed_ms": 0} == {**sent, "image": 0, "elapsed_ms": 0}
        assert found["matches"][0]["confidence"] == "exact"
        # The look of another picture.
        other = await visitor.search(png(99))
        params = {"hash": sent["hash"], "look": other["look"]}
        (found,) = (await visitor.ask("search", params=params))["queries"]
        assert found["matches"] == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, "bad_hash"),
        ({"hash": "0", "look": "A" * 70}, "bad_look"),
        ({"hash": ""}, "bad_hash"),
        ({"hash": "9" * 19}, "bad_hash"),
        ({"hash": "xyz"}, "bad_hash"),
        ({"hash": "1\u0662"}, "bad_hash"),
        ({"hash": "1_0"}, "bad_hash"),
        ({"hash": "0", "radius": "17"}, "bad_radius"),
        ({"hash": "0", "radius": "-1"}, "bad_radius"),
        ({"hash": "0", "radius": "many"}, "bad_radius"),
    ],
)
async def test_hashes_and_radii_that_are_none(
    world: World, params: dict[str, str], code: str
) -> None:
    async with visiting(world) as visitor:
        document = await visitor.ask("search", params=params, expect=422)
    assert document["error"]["code"] == code


async def test_all_pages_of_a_picture(world: World) -> None:
    async with visiting(world) as visitor:
        titles: list[str] = []
        after: int | None = 0
        while after is not None:
            listed = await visitor.ask(f"pages/{world.everest}?limit=5&after={after}")
            assert listed["image_id"] == world.everest
            titles += [page["title"] for page in listed["pages"]]
            after = listed["after"]
        whole = await visitor.ask(f"pages/{world.everest}")
    assert titles == ["Mount_Everest", *(f"Mountain_{number:02}" for number in range(11))]
    assert [page["title"] for page in whole["pages"]] == titles
    assert whole["after"] is None


async def test_a_servers_own_pictures_are_nowhere(world: World) -> None:
    digits = answer_json("", await world.search.search(png(3), Scope(GUILD)))
    assert digits["status"] == "found", "it is there for its server"
    async with visiting(world, keys=frozenset({"k" * 16})) as visitor:
        for headers in ({}, {"Authorization": f"Bearer {'k' * 16}"}):
            found = await visitor.search(png(3), headers=headers)
            assert (found["status"], found["hash"]) == ("none", digits["hash"])
            params = {"hash": digits["hash"], "radius": "16"}
            document = await visitor.ask("search", params=params, headers=headers)
            assert document["queries"][0]["status"] == "none"
            for number in (world.secret, 0, 987_654, 2**31, 9_999_999_999):
                for query in ("", "?after=1", "?limit=1"):
                    path = f"pages/{number}{query}"
                    document = await visitor.ask(path, headers=headers, expect=404)
                    assert document["error"] == {
                        "code": "not_found",
                        "message": f"There is no picture {number} here.",
                    }


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=101", "limit="])
async def test_bounds_of_lists_that_are_none(world: World, query: str) -> None:
    async with visiting(world) as visitor:
        document = await visitor.ask(f"pages/{world.everest}?{query}", expect=422)
    assert document["error"]["code"] == f"bad_{query.partition('=')[0]}"


async def test_every_other_address_says_so_in_the_same_form(world: World) -> None:
    async with visiting(world) as visitor:
        for method, path, status in (
            ("GET", "api/v1/nothing", 404),
            ("GET", "api/v1/pages/x", 404),
            ("GET", "api/v1/pages/1234567890123", 404),
            ("PUT", "api/v1/search", 405),
            ("POST", "api/v1/pages/1", 405),
        ):
            async with visitor.session.request(method, visitor.address + path) as answer:
                assert answer.status == status
                error = (await answer.json())["error"]
                assert error["code"] in ("not_found", "method_not_allowed")
                assert error["message"].endswith(".")


async def test_the_description_is_served(world: World) -> None:
    async with (
        visiting(world) as visitor,
        visitor.session.get(f"{visitor.address}api/v1/openapi.json") as answer,
    ):
        assert answer.status == 200
        assert (await answer.json())["openapi"] == "3.1.0"


async def test_the_database_is_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailableError("postgresql://inside is away.")

    monkeypatch.setattr(world.search, "by_hash", away)
    async with visiting(world) as visitor:
        document = await visitor.ask("search?hash=0", expect=503)
    assert document["error"]["code"] == "unavailable"
    assert "inside" not in document["error"]["message"]
