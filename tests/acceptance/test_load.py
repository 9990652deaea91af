"""More is asked than can be done at once: fair turns, plain words, and nothing lost."""

from dataclasses import replace
from importlib import import_module

import pytest
import pytest_asyncio
from simcord import Env

from bot.client import BotOptions, Services
from bot.flow import Admission, Bounds
from bot.images import Workers
from bot.net import Fetcher
from db import Database
from tests.acceptance.holding import Held, post, until
from tests.acceptance.ruling import refused_only, watch
from tests.acceptance.staff import moderator, other_town, refused_privately, told
from tests.acceptance.world import Library, Town, buttons_of, embed_of, menus_of, png, services_on

ONCE_IN_A_MINUTE = BotOptions(cooldown_uses=1, cooldown_seconds=60)
TWICE_IN_A_MINUTE = BotOptions(cooldown_uses=2, cooldown_seconds=60)


@pytest.fixture
def turns() -> Admission:
    """One picture at a time; a test overrides it with ``parametrize("turns", [...])``."""
    return Admission(1, Bounds(user=3, server=4, all=6))


@pytest.fixture
def services(database: Database, workers: Workers, fetcher: Fetcher, turns: Admission) -> Services:
    """What the cogs call, with few turns."""
    return replace(services_on(database, workers, fetcher), turns=turns)


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def known(library: Library) -> None:
    """A picture that the bot knows."""
    await library.add(png(1), "Mandelbrot_set")


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch, known: None) -> Held:
    """Holds every search."""
    return Held(monkeypatch)


def words(town: Town) -> list[str]:
    """What the bot refused with in the channel, in their order."""
    return [message.content for message in town.answers() if not message.embeds]


async def test_what_does_not_fit_is_refused_and_everything_else_answered(
    env: Env, town: Town, held: Held, turns: Admission
) -> None:
    bob, cora = town.join("bob"), town.join("cora")
    asked = [post(town, town.alice)]
    await held.begun()
    asked.append(post(town, town.alice, pictures=3))
    await until(lambda: turns.waiting == 3)
    asked.append(post(town, town.alice))
    await until(lambda: len(words(town)) == 1)
    asked.append(post(town, bob))
    await until(lambda: turns.waiting == 4)
    asked.append(post(town, cora))
    await until(lambda: len(words(town)) == 2)
    assert words(town) == [
        "You have 3 pictures waiting already. Wait for the answers, then ask again.",
        "This server has enough pictures waiting already. Ask again in a minute.",
    ]
    held.go_on.set()
    await env.settle()
    answered = [m.reference.message_id for m in town.answers() if m.reference is not None]
    assert sorted(filter(None, answered)) == asked, "each has one answer"
    assert sum(bool(message.embeds) for message in town.answers()) == 3
    assert (turns.running, turns.waiting) == (0, 0)
    refused_only(env)


async def test_a_flood_of_one_server_does_not_hold_up_another(
    env: Env, town: Town, held: Held, turns: Admission
) -> None:
    village = other_town(town)
    post(town, town.alice)
    await held.begun()
    post(town, town.alice, pictures=3)
    await until(lambda: turns.waiting == 3)
    post(village, village.alice)
    await until(lambda: turns.waiting == 4)
    held.go_on.set()
    await env.settle()
    flood = town.guild.id
    assert held.of == [flood, flood, village.guild.id, flood, flood]


@pytest.mark.parametrize("turns", [Admission(1, patience=0)])
async def test_who_waits_too_long_gets_what_there_was_time_for(
    env: Env, town: Town, turns: Admission
) -> None:
    files = [("a.png", png(1)), ("b.png", png(1))]
    await town.alice.send(town.channel, "!whereis", attachments=files)
    assert embed_of(town.answer()).title == "Mandelbrot set"
    (menu,) = menus_of(town.answer())
    assert [option.description for option in menu.options][1] == "no time for it"
    await town.alice.select(town.answer(), values=["1"])
    assert embed_of(town.answer()).title == "I had no time for this picture"
    assert "did not get to it in time" in (embed_of(town.answer()).description or "")
    assert env.errors == []


@pytest.mark.parametrize("turns", [Admission(1, patience=0)])
async def test_who_waits_too_long_for_everything_is_told(
    env: Env, town: Town, held: Held, turns: Admission
) -> None:
    post(town, town.alice)
    await held.begun()
    post(town, town.join("bob"))
    await until(lambda: len(words(town)) == 1)
    assert words(town)[0].startswith("So much is asked at the moment that I did not get to it")
    held.go_on.set()
    await env.settle()
    refused_only(env)


async def test_the_watch_waits_for_those_who_ask(
    env: Env, town: Town, held: Held, turns: Admission, services: Services
) -> None:
    await watch(services, town)
    bob, cora = town.join("bob"), town.join("cora")
    post(town, bob, "look")
    await env.settle()
    post(town, town.alice)
    await held.begun()
    post(town, cora, "look")
    await until(lambda: turns.in_background == 1)
    post(town, town.alice)
    await until(lambda: turns.waiting == 1)
    held.go_on.set()
    await env.settle()
    assert len(town.answers()) == 3
    assert sum("posted here before" in m.content for m in town.answers()) == 1


async def test_the_pictures_of_moderators_take_turns_as_well(
    env: Env, town: Town, held: Held, turns: Admission
) -> None:
    mod = moderator(town)
    post(town, town.alice)
    await held.begun()
    post(town, mod, "!addimage Julia set", pictures=3)
    await until(lambda: turns.waiting == 3)
    post(town, mod, "!removeimage")
    await until(lambda: len(words(town)) == 1)
    assert words(town)[0].startswith("You have 3 pictures waiting already.")
    held.go_on.set()
    await env.settle()
    assert embed_of(town.answers()[-1]).title == "3 pictures added"
    refused_only(env)


# ---------------------------------------------------------------------------------- floods of words


@pytest.mark.parametrize("options", [ONCE_IN_A_MINUTE])
async def test_who_asks_too_often_is_told_once_and_later_once_more(
    env: Env, town: Town, options: BotOptions
) -> None:
    for _ in range(4):
        await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    assert len(words(town)) == 1
    assert "Try again in" in words(town)[0]
    for _ in range(2):
        result = await town.alice.slash(town.channel, "whereis", picture=("a.png", png(1)))
        assert "Try again in" in refused_privately(result)
    assert len(env.errors) == 3
    await env.advance_time(61)
    for _ in range(3):
        await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    assert len(words(town)) == 2
    assert sum(bool(message.embeds) for message in town.answers()) == 2
    assert len(env.errors) == 5


@pytest.mark.parametrize("options", [TWICE_IN_A_MINUTE])
async def test_whatever_else_is_refused_is_told_as_often_as_one_may_search(
    env: Env, town: Town, options: BotOptions
) -> None:
    for _ in range(4):
        await town.alice.send(town.channel, "!addimage Fern")
    assert len(words(town)) == 2
    await town.join("bob").send(town.channel, "!addimage Fern")
    assert len(words(town)) == 3
    refused_only(env)


@pytest.mark.parametrize("options", [ONCE_IN_A_MINUTE])
async def test_nobody_presses_buttons_without_end(
    env: Env, town: Town, options: BotOptions
) -> None:
    bob = town.join("bob")
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    results = [await bob.click(town.answer(), label="Delete") for _ in range(11)]
    said = [refused_privately(result) for result in results]
    assert all(one.startswith("Only the one who asked") for one in said[:10])
    assert said[10].startswith("That was quick.")
    assert len(env.errors) == 1
    await town.alice.click(town.answer(), label="Delete")
    assert not town.answers()


async def test_buttons_of_the_oldest_answers_expire(
    env: Env, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every bot loads its cogs anew.
    monkeypatch.setattr(import_module("cogs.search._cog"), "LIVE", 1)
    for _ in range(2):
        files = [("a.png", png(1)), ("b.png", png(1))]
        await town.alice.send(town.channel, "!whereis", attachments=files)
    oldest, newest = town.answers()
    result = await town.alice.select(oldest, values=["1"])
    assert "This answer has expired." in told(result)
    assert not buttons_of(town.answers()[0])
    await town.alice.select(newest, values=["1"])
    assert buttons_of(town.answers()[1])
