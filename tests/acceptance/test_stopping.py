"""A stop while people are answered: theirs ends, what is new is told, and nothing is silent."""

import asyncio

import pytest
import pytest_asyncio
from simcord import Env

from bot.client import Services
from bot.errors import RestartingError
from cogs.stopping import LEFT, LEFT_STEP
from tests.acceptance.holding import Held, post, until
from tests.acceptance.ruling import private_words, refused_only, rule
from tests.acceptance.staff import moderator, refused_privately, told
from tests.acceptance.world import Library, Town, embed_of, png

RESTARTING = RestartingError().sentence


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def known(library: Library) -> None:
    """A picture that the bot knows."""
    await library.add(png(1), "Mandelbrot_set")


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch, known: None) -> Held:
    """Holds every search."""
    return Held(monkeypatch)


async def test_what_is_under_way_is_answered_and_what_is_new_is_told(
    env: Env, town: Town, held: Held, services: Services
) -> None:
    asked = post(town, town.alice)
    await held.begun()
    finishing = asyncio.create_task(services.work.finish(patience=60))
    await until(lambda: services.work.stopping)

    post(town, town.alice)
    await until(lambda: len(town.answers()) == 1)
    assert town.answers()[-1].content == RESTARTING
    post(town, town.alice, "!help", pictures=0)
    await until(lambda: len(town.answers()) == 2)
    assert town.answers()[-1].content == RESTARTING
    assert not finishing.done()

    held.go_on.set()
    await finishing
    await env.settle()
    (answer,) = [m for m in town.answers() if m.reference and m.reference.message_id == asked]
    assert embed_of(answer).title == "Mandelbrot set"
    refused_only(env)


async def test_slash_commands_menus_and_clicks_are_told_as_well(
    env: Env, town: Town, services: Services
) -> None:
    posted = await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    await services.work.finish()
    for result in (
        await town.alice.slash(town.channel, "whereis", picture=("a.png", png(1))),
        await town.alice.context_menu(town.channel, "Search image", posted),
        await town.alice.click(town.answer(), label="Delete"),
    ):
        assert refused_privately(result) == RESTARTING
    assert town.answers()
    refused_only(env)


async def test_where_the_bot_is_not_wanted_it_is_told_in_private(
    env: Env, town: Town, services: Services
) -> None:
    other = town.guild.create_text_channel("bots")
    await rule(services, town, channels=frozenset({other.id}))
    await services.work.finish()
    await town.alice.send(town.channel, "!whereis")
    assert not town.answers()
    assert private_words(town.alice.user.dm_channel) == [RESTARTING]
    refused_only(env)


async def test_what_takes_too_long_is_told(
    env: Env, town: Town, held: Held, services: Services
) -> None:
    asked = post(town, town.alice)
    await held.begun()
    interaction = asyncio.create_task(
        town.join("bob").slash(town.channel, "whereis", picture=("a.png", png(1)))
    )
    await held.begun()
    await services.work.finish(patience=0)
    result = await interaction
    assert [message.content for message in town.answers()] == [LEFT, LEFT]
    assert told(result) == LEFT
    replied_to = [m.reference.message_id for m in town.answers() if m.reference is not None]
    assert asked in replied_to


async def test_a_step_that_takes_too_long_is_to_be_looked_at(
    env: Env, town: Town, held: Held, services: Services
) -> None:
    post(town, moderator(town), "!removeimage")
    await held.begun()
    await services.work.finish(patience=0)
    assert town.answer().content == LEFT_STEP


async def test_a_set_of_pictures_is_stored_as_far_as_it_came(
    env: Env, town: Town, services: Services
) -> None:
    mod = moderator(town)
    services.turns.stop()
    await mod.send(town.channel, "!addimages", attachments=[("a.png", png(1)), ("b.png", png(2))])
    assert embed_of(town.answer()).title == "Nothing added"
    (why,) = [field for field in embed_of(town.answer()).fields if field.name == "Not added: 2"]
    assert why.value == f"• a.png, b.png: {RESTARTING}"
