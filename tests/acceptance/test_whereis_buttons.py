"""What can be pressed under an answer, by whom, and for how long."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import discord
import pytest
import pytest_asyncio
from simcord import Env

from bot.client import BotOptions, Services, WhereisBot
from bot.search import Scope
from db.records import Actor, NewAppearance
from tests.acceptance.world import Library, Town, buttons_of, embed_of, menus_of, png

LoseDatabase = Callable[[], Awaitable[object]]
PAGES = 25


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def known(library: Library) -> None:
    """A picture on three leaves of pages."""
    await _show_on(library, PAGES)


async def _show_on(library: Library, pages: int) -> None:
    enwiki = await library.wiki()
    picture = await library.fingerprint(png(1))
    row = NewAppearance(picture.dhash, picture.phash, None, "Article 1")
    await library.database.store.add_many(
        enwiki.id, [replace(row, title=f"Article {n}") for n in range(1, pages + 1)]
    )


async def ask(town: Town) -> discord.Message:
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    return town.answer()


def titles(message: discord.Message) -> list[str]:
    """The articles that are listed in an answer."""
    lines = (embed_of(message).description or "").splitlines()
    return [line[3:].partition("]")[0] for line in lines if line.startswith("- [")]


async def test_the_asker_turns_the_pages(town: Town) -> None:
    answer = await ask(town)
    assert embed_of(answer).title == "Article 1"
    assert titles(answer) == [f"Article {n}" for n in range(2, 11)]
    assert "… and 15 more" in (embed_of(answer).description or "")
    assert buttons_of(answer)["Previous"].disabled
    assert not buttons_of(answer)["Next"].disabled

    await town.alice.click(answer, label="Next")
    assert titles(town.answer()) == [f"Article {n}" for n in range(11, 21)]
    assert "**Articles 11–20 of 25**" in (embed_of(town.answer()).description or "")
    assert embed_of(town.answer()).title == "Article 1"

    await town.alice.click(town.answer(), label="Next")
    assert titles(town.answer()) == [f"Article {n}" for n in range(21, 26)]
    assert buttons_of(town.answer())["Next"].disabled

    await town.alice.click(town.answer(), label="Previous")
    assert titles(town.answer()) == [f"Article {n}" for n in range(11, 21)]
    await town.alice.click(town.answer(), label="Previous")
    assert titles(town.answer()) == titles(answer)


async def test_pages_that_went_away_meanwhile_end_the_turning(
    town: Town, library: Library, services: Services
) -> None:
    answer = await ask(town)
    collection = await library.wiki()
    fingerprint = await library.fingerprint(png(1))
    (match, *_) = await services.search.near(fingerprint, Scope())
    await services.ingest.remove(collection, match.image_id, Actor(None))
    result = await town.alice.click(answer, label="Next")
    assert [said.content for said in result.followups] == ["There are no more articles."]
    assert titles(town.answer()) == titles(answer)
    assert "Next" not in buttons_of(town.answer())


async def test_others_are_told_that_they_cannot_turn(town: Town) -> None:
    answer = await ask(town)
    result = await town.join("bob").click(answer, label="Next")
    assert result.ephemeral
    assert result.response is not None
    assert "Only the one who asked" in result.response.content
    assert titles(town.answer()) == titles(answer)


async def test_others_cannot_choose_either(town: Town) -> None:
    files = [("a.png", png(1)), ("b.png", png(2))]
    await town.alice.send(town.channel, "!whereis", attachments=files)
    (menu,) = menus_of(town.answer())
    result = await town.join("bob").select(town.answer(), ["1"], custom_id=menu.custom_id)
    assert result.ephemeral
    assert embed_of(town.answer()).title == "Article 1"


async def test_the_asker_deletes_the_answer(town: Town) -> None:
    await town.alice.click(await ask(town), label="Delete")
    assert not town.answers()


async def test_the_asker_deletes_a_private_answer(town: Town) -> None:
    result = await town.alice.slash(
        town.channel, "whereis", picture=("a.png", png(1)), private=True
    )
    assert result.response is not None
    await town.alice.click(result.response, label="Delete")
    assert result.response is None


@pytest.mark.parametrize("permission", ["manage_messages", "manage_guild"])
async def test_a_moderator_deletes_the_answer(town: Town, permission: str) -> None:
    answer = await ask(town)
    await town.join("mod", **{permission: True}).click(answer, label="Delete")
    assert not town.answers()


async def test_others_cannot_delete_the_answer(town: Town) -> None:
    answer = await ask(town)
    result = await town.join("bob").click(answer, label="Delete")
    assert result.ephemeral
    assert result.response is not None
    assert "or a moderator" in result.response.content
    assert town.answers()


async def test_the_buttons_go_when_nobody_presses_them(env: Env, town: Town) -> None:
    answer = await ask(town)
    await env.advance_time(599)
    assert buttons_of(town.answer())
    await town.alice.click(answer, label="Next")
    await env.advance_time(599)
    assert buttons_of(town.answer())
    await env.advance_time(2)
    assert not buttons_of(town.answer())
    assert "**Articles 11–20 of 25**" in (embed_of(town.answer()).description or "")


async def test_the_buttons_of_a_private_answer_go_too(env: Env, town: Town) -> None:
    result = await town.alice.slash(
        town.channel, "whereis", picture=("a.png", png(1)), private=True
    )
    await env.advance_time(601)
    assert result.response is not None
    assert not buttons_of(result.response.message)


async def test_a_private_answer_outlives_the_interaction_that_asked(env: Env, town: Town) -> None:
    result = await town.alice.slash(
        town.channel, "whereis", picture=("a.png", png(1)), private=True
    )
    assert result.response is not None
    await env.advance_time(590)
    await town.alice.click(result.response, label="Next")
    # By now the first interaction is older than the 15 minutes it may edit for.
    await env.advance_time(601)
    assert not buttons_of(result.response.message)


async def test_time_runs_out_on_a_deleted_answer(env: Env, town: Town) -> None:
    answer = await ask(town)
    town.env.backend.delete_message(town.channel.id, answer.id)
    await env.advance_time(601)
    assert env.errors == []


async def test_after_a_restart_a_click_is_answered(
    env: Env, town: Town, services: Services, options: BotOptions
) -> None:
    answer = await ask(town)
    await env.restart_bot(WhereisBot(services, options))
    result = await town.alice.click(answer, label="Next")
    assert [said.content for said in result.followups] == [
        "This answer has expired. Ask again with `!whereis` and you get a fresh one."
    ]
    assert result.followups[0].ephemeral
    assert not buttons_of(town.answer())


async def test_after_a_restart_the_asker_can_still_delete(
    env: Env, town: Town, services: Services, options: BotOptions
) -> None:
    answer = await ask(town)
    await env.restart_bot(WhereisBot(services, options))
    bob = town.join("bob")
    result = await bob.click(answer, label="Delete")
    assert result.ephemeral
    assert town.answers()
    await town.alice.click(answer, label="Delete")
    assert not town.answers()


async def test_the_database_goes_down_between_two_pages(
    env: Env, town: Town, lose_database: LoseDatabase
) -> None:
    answer = await ask(town)
    await lose_database()
    result = await town.alice.click(answer, label="Next")
    (said,) = result.followups
    assert said.ephemeral
    assert "index is resting" in said.content
    assert titles(town.answer()) == titles(answer)
    assert env.errors


@pytest.mark.parametrize("pages", [3000])
async def test_many_pages_are_turned_one_leaf_at_a_time(
    town: Town, library: Library, pages: int
) -> None:
    await _show_on(library, pages)
    await ask(town)
    assert "**3,000 articles**" in (embed_of(town.answer()).description or "")
    seen = titles(town.answer())
    for _ in range(4):
        await town.alice.click(town.answer(), label="Next")
        seen += titles(town.answer())
    assert len(seen) == len(set(seen)) == 49
    assert "**Articles 41–50 of 3,000**" in (embed_of(town.answer()).description or "")
