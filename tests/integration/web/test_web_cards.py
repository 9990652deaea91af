"""What a wiki says of a picture, to visitors."""

import pytest

from tests.visiting import HOSTILE, World, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_card_of_the_api(world: World) -> None:
    async with visiting(world) as visitor:
        answer = await visitor.ask(f"cards/{world.nepal}")
        again = await visitor.ask(f"cards/{world.nepal}")
    assert answer == again
    assert answer["image_id"] == world.nepal
    (article,) = answer["card"]["articles"]
    assert (article["title"], article["extract"]) == ("Nepal", "Nepal is a country.")
    assert article["place"] == {"latitude": 28.0, "longitude": 84.0}
    assert article["shows_file"] is True
    assert answer["card"]["credit"]["author"] == "Ann"


async def test_a_picture_whose_wiki_is_not_known_has_none(world: World) -> None:
    async with visiting(world) as visitor:
        assert (await visitor.ask(f"cards/{world.everest}"))["card"] is None


async def test_a_servers_own_picture_has_none_for_a_visitor(world: World) -> None:
    async with visiting(world) as visitor:
        refused = await visitor.ask(f"cards/{world.secret}", expect=404)
        missing = await visitor.ask("cards/99999", expect=404)
    assert refused["error"]["code"] == missing["error"]["code"]


async def test_cards_are_counted_like_lists_of_pages(world: World) -> None:
    async with visiting(world, per_minute=60, burst=1, clock=lambda: 0.0) as visitor:
        for _ in range(5):
            await visitor.ask(f"cards/{world.nepal}")
        await visitor.ask(f"cards/{world.nepal}", expect=429)


async def test_a_card_in_html_is_words_alone(world: World) -> None:
    async with visiting(world) as visitor:
        async with visitor.session.get(f"{visitor.address}cards/{world.nepal}") as answer:
            text = await answer.text()
        async with visitor.session.get(f"{visitor.address}cards/{world.everest}") as answer:
            nothing = await answer.text()
    assert HOSTILE not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert text.count("<script") == nothing.count("<script")
    assert "<blockquote><bdi>Nepal is a country.</bdi></blockquote>" in text
    assert "Picture by <bdi>Ann</bdi>" in text
    assert "https://www.openstreetmap.org/?mlat=28.0" in text
    assert "blockquote" not in nothing
    assert "Nothing, or it can&#x27;t be asked now." in nothing
