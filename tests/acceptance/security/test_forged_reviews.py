"""Clicks under a review that no honest client sends, and those that come twice or too late."""

import discord
import pytest

from bot.client import BotOptions, Services, WhereisBot
from tests.acceptance.forging import COMMAND, COMPONENT, button, command, forge
from tests.acceptance.security.test_replays import looked_at
from tests.acceptance.staff import moderator, other_town, refused_privately, told
from tests.acceptance.world import Library, Town, buttons_of, embed_of, png


async def pairs(library: Library, town: Town) -> list[int]:
    """Two pairs that look the same; their numbers, oldest first."""
    own = await library.server(town.guild.id)
    return [
        await library.add(png(seed), f"Page {seed}", to=own, file=file, look=True)
        for seed in (1, 2)
        for file in ("a.png", "b.png")
    ]


async def numbers(library: Library, town: Town) -> list[int]:
    own = await library.server(town.guild.id)
    return sorted(image.image_id for image in await library.database.store.listing(own.id))


def custom_id(message: discord.Message, begins: str) -> str:
    (found,) = [b for label, b in buttons_of(message).items() if label == begins]
    return str(found.custom_id)


@pytest.mark.parametrize(("times", "clicks"), [(2, 1), (1, 2), (2, 2)])
async def test_a_merge_that_is_clicked_twice(
    town: Town, library: Library, times: int, clicks: int
) -> None:
    ids = await pairs(library, town)
    mod = moderator(town)
    await mod.send(town.channel, "!reviewimages")
    wanted = custom_id(town.answer(), f"Merge into #{ids[3]}")
    data = button(wanted)
    await forge(
        mod, town.channel, COMPONENT, data, message=town.answer(), times=times, clicks=clicks
    )
    looked_at(town)
    assert await numbers(library, town) == [*ids[:2], ids[3]]
    # The buttons of the first pair do nothing to the second.
    before = embed_of(town.answer())
    assert {field.name for field in before.fields} == {f"#{ids[0]}", f"#{ids[1]}"}
    result = await forge(mod, town.channel, COMPONENT, data, message=town.answer())
    assert "Something went wrong" not in told(result)
    assert await numbers(library, town) == [*ids[:2], ids[3]]
    assert embed_of(town.answer()) == before


async def test_a_slash_command_that_merges_and_comes_twice(town: Town, library: Library) -> None:
    ids = await pairs(library, town)
    mod = moderator(town)
    data = command(mod, "image merge", id=ids[0], into=ids[1])
    await forge(mod, town.channel, COMMAND, data, times=2)
    looked_at(town)
    own = await library.server(town.guild.id)
    lines = await library.database.store.additions(own.id)
    assert [line.purpose for line in lines].count("merge") == 1
    assert await numbers(library, town) == ids[1:]


async def test_who_did_not_ask_or_is_no_moderator_any_more(town: Town, library: Library) -> None:
    ids = await pairs(library, town)
    mod = moderator(town)
    await mod.send(town.channel, "!reviewimages")
    label = f"Merge into #{ids[3]}"
    for other in (town.alice, moderator(town, "other")):
        result = await other.click(town.answer(), label=label)
        assert "for the one who asked" in refused_privately(result)
    role = town.guild.roles["role of mod"]
    town.env.backend.remove_member_role(town.guild.id, mod.id, role.id)
    await town.env.settle()
    for each in (label, "Keep both", "Skip", "Stop"):
        result = await mod.click(town.answer(), label=each)
        assert "Only moderators" in refused_privately(result)
    assert town.env.errors
    assert await numbers(library, town) == ids
    assert "Skip" in buttons_of(town.answer())


async def test_a_click_from_another_server(town: Town, library: Library) -> None:
    ids = await pairs(library, town)
    mod = moderator(town)
    await mod.send(town.channel, "!reviewimages")
    elsewhere = other_town(town)
    there = elsewhere.guild.add_member(mod.user, roles=[])
    data = button(custom_id(town.answer(), f"Merge into #{ids[3]}"))
    result = await forge(
        there,
        elsewhere.channel,
        COMPONENT,
        data,
        message=town.answer(),
        message_channel=town.channel,
    )
    assert "belongs to another place" in refused_privately(result)
    assert town.env.errors
    assert await numbers(library, town) == ids


async def test_after_a_restart_the_buttons_do_nothing(
    town: Town, library: Library, services: Services, options: BotOptions
) -> None:
    ids = await pairs(library, town)
    mod = moderator(town)
    await mod.send(town.channel, "!reviewimages")
    wanted = custom_id(town.answer(), f"Merge into #{ids[3]}")
    await town.env.restart_bot(WhereisBot(services, options))
    result = await forge(mod, town.channel, COMPONENT, button(wanted), message=town.answer())
    assert "Something went wrong" not in told(result)
    assert await numbers(library, town) == ids


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**53, 2**64])
async def test_numbers_that_no_picture_has(town: Town, library: Library, number: int) -> None:
    ids = await pairs(library, town)
    mod = moderator(town)
    for data in (
        command(mod, "image merge", id=number, into=ids[0]),
        command(mod, "image merge", id=ids[0], into=number),
        command(mod, "image rename", id=number, to="Fern"),
        command(mod, "image rename", id=number, page="Page 1", to="Fern"),
    ):
        said = told(await forge(mod, town.channel, COMMAND, data))
        assert said
        assert "Something went wrong" not in said
    own = await library.server(town.guild.id)
    assert await numbers(library, town) == ids
    assert {line.purpose for line in await library.database.store.additions(own.id)} == {None}
