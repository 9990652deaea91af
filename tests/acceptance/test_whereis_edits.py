"""What happens to an answer when its question is edited or deleted."""

import asyncio

import discord
import pytest
import pytest_asyncio
from simcord import Env

from bot.search import Answer, Scope, SearchService
from tests.acceptance.world import Library, Town, Website, buttons_of, embed_of, png


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def known(library: Library) -> None:
    """Two pictures that the bot knows."""
    await library.add(png(1), "Mandelbrot_set")
    await library.add(png(2), "Julia_set")


async def test_another_link_edits_the_reply(town: Town, website: Website) -> None:
    first, second = website.put("a.png", png(1)), website.put("b.png", png(2))
    asked = await town.alice.send(town.channel, f"!whereis {first}")
    before = town.answer()
    await town.alice.edit(asked, f"!whereis {second}")
    assert town.answer().id == before.id
    assert embed_of(town.answer()).title == "Julia set"


async def test_a_forgotten_link_edits_the_question_back_away(town: Town, website: Website) -> None:
    asked = await town.alice.send(town.channel, "!whereis")
    assert embed_of(town.answer()).title == "Which picture?"
    await town.alice.edit(asked, f"!whereis {website.put('a.png', png(1))}")
    assert embed_of(town.answer()).title == "Mandelbrot set"
    assert list(buttons_of(town.answer())) == ["Delete"]


async def test_a_misspelt_command_is_answered_once_it_is_right(town: Town) -> None:
    asked = await town.alice.send(town.channel, "!wheris", attachments=[("a.png", png(1))])
    assert not town.answers()
    await town.alice.edit(asked, "!whereis")
    assert embed_of(town.answer()).title == "Mandelbrot set"


async def test_an_edit_after_minutes_is_let_be(env: Env, town: Town, website: Website) -> None:
    asked = await town.alice.send(town.channel, f"!whereis {website.put('a.png', png(1))}")
    await env.advance_time(301)
    await town.alice.edit(asked, f"!whereis {website.put('b.png', png(2))}")
    assert embed_of(town.answer()).title == "Mandelbrot set"


async def test_the_preview_of_a_link_is_no_edit(town: Town, website: Website) -> None:
    asked = await town.alice.send(town.channel, f"!whereis {website.put('a.png', png(1))}")
    preview = discord.Embed(title="A preview").to_dict()
    town.env.backend.edit_message(town.channel.id, asked.id, {"embeds": [preview]})
    await town.env.settle()
    assert website.asked_for == ["/a.png"]


async def test_the_old_buttons_no_longer_count(env: Env, town: Town, website: Website) -> None:
    asked = await town.alice.send(town.channel, f"!whereis {website.put('a.png', png(1))}")
    old = town.answer()
    await env.advance_time(250)
    await town.alice.edit(asked, f"!whereis {website.put('b.png', png(2))}")
    # The time of the old answer runs out, and takes nothing from the new one.
    await env.advance_time(400)
    assert buttons_of(town.answer()).keys() == {"Delete"}
    assert buttons_of(town.answer())["Delete"].custom_id != buttons_of(old)["Delete"].custom_id
    await town.alice.click(town.answer(), label="Delete")
    assert not town.answers()


async def test_a_deleted_reply_is_written_anew(town: Town, website: Website) -> None:
    asked = await town.alice.send(town.channel, f"!whereis {website.put('a.png', png(1))}")
    await town.alice.click(town.answer(), label="Delete")
    await town.alice.edit(asked, f"!whereis {website.put('b.png', png(2))}")
    assert embed_of(town.answer()).title == "Julia set"


async def test_a_deleted_question_leaves_its_answer_in_order(env: Env, town: Town) -> None:
    asked = await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    await town.alice.delete(asked)
    await town.alice.click(town.answer(), label="Delete")
    assert not town.answers()
    assert env.errors == []


async def test_a_question_deleted_while_it_is_answered(
    env: Env, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = SearchService.search

    async def delete_first(self: SearchService, data: bytes, scope: Scope) -> Answer:
        await asyncio.sleep(0)
        asked = next(m for m in town.channel.history() if m.content == "!whereis")
        town.env.backend.delete_message(town.channel.id, asked.id)
        return await search(self, data, scope)

    monkeypatch.setattr(SearchService, "search", delete_first)
    # The test's own way to send ends with the message it sent, which is gone by then.
    town.env.backend.create_message(
        town.channel.id,
        town.alice.id,
        "!whereis",
        attachments=town.env.backend.store_attachments(town.channel.id, [("a.png", png(1))]),
    )
    await env.settle()
    assert embed_of(town.answer()).title == "Mandelbrot set"
    (sent,) = [call.json for call in env.http_requests if call.path.endswith("/messages")]
    assert sent is not None
    assert sent["message_reference"]["fail_if_not_exists"] is False
