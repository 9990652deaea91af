"""What is delivered twice, or clicked twice before the first click is answered, is done once."""

from collections.abc import Sequence

import discord
import pytest

from bot.errors import WhereisError
from cogs.delivery import ACKNOWLEDGED_ALREADY
from cogs.errors import root_of
from db.records import Addition
from tests.acceptance.forging import COMMAND, COMPONENT, button, command, forge, menu
from tests.acceptance.security.hostile import outgoing
from tests.acceptance.staff import moderator, told
from tests.acceptance.world import Library, Town, buttons_of, embed_of, menus_of, png


async def audit(library: Library, town: Town) -> Sequence[Addition]:
    own = await library.server(town.guild.id)
    return await library.database.store.additions(own.id, limit=100)


def looked_at(town: Town) -> None:
    """Nothing went wrong but that Discord takes one answer to an interaction."""
    for error in town.env.errors:
        cause = root_of(error)
        if isinstance(cause, discord.HTTPException):
            assert cause.code == ACKNOWLEDGED_ALREADY
        else:
            assert isinstance(cause, WhereisError), cause
    # And nobody was told that something did.
    for said in outgoing(town.env):
        assert "Something went wrong" not in (said.get("content") or "")


async def test_a_slash_command_that_removes(town: Town, library: Library) -> None:
    own = await library.server(town.guild.id)
    first = await library.add(png(1), "One", to=own)
    await library.add(png(2), "Two", to=own)
    data = command(mod := moderator(town), "image remove", id=first)
    await forge(mod, town.channel, COMMAND, data, times=2)
    looked_at(town)
    assert [line.action for line in await audit(library, town)] == ["remove", "add", "add"]


async def test_a_slash_command_that_adds(town: Town, library: Library) -> None:
    mod = moderator(town)
    data = command(mod, "image add", title="Fern", picture="0")
    files = town.env.backend.store_attachments(town.channel.id, [("a.png", png(1))])
    number = files[0]["id"]
    for option in data["options"][0]["options"]:
        if option["name"] == "picture":
            option.update(type=11, value=number)
    data["resolved"] = {"attachments": {number: files[0]}}
    await forge(mod, town.channel, COMMAND, data, times=2)
    looked_at(town)
    (line,) = await audit(library, town)
    assert (line.action, line.title, line.undone_at) == ("add", "Fern", None)


async def test_a_slash_command_that_takes_back(town: Town, library: Library) -> None:
    own = await library.server(town.guild.id)
    for seed, title in ((1, "One"), (2, "Two")):
        await library.add(png(seed), title, to=own)
    mod = moderator(town)
    await forge(mod, town.channel, COMMAND, command(mod, "image undo"), times=2)
    looked_at(town)
    assert [line.undone_at is None for line in await audit(library, town)] == [False, True]


@pytest.mark.parametrize(("times", "clicks"), [(2, 1), (1, 2), (2, 2)])
async def test_the_undo_button(town: Town, library: Library, times: int, clicks: int) -> None:
    mod = moderator(town)
    for number in (1, 2):
        files = [(f"{number}.png", png(number))]
        await mod.send(town.channel, f"!addimage Page {number}", attachments=files)
    answer = town.answers()[-1]
    data = button(str(buttons_of(answer)["Undo"].custom_id))
    await forge(mod, town.channel, COMPONENT, data, message=answer, times=times, clicks=clicks)
    looked_at(town)
    assert [line.undone_at is None for line in await audit(library, town)] == [False, True]
    # The button is gone, and pressing it nevertheless does nothing more.
    before = await audit(library, town)
    result = await forge(mod, town.channel, COMPONENT, data, message=town.answers()[-1])
    assert "Something went wrong" not in told(result)
    assert await audit(library, town) == before
    assert embed_of(town.answers()[-1]).title == "Undone: an addition"


@pytest.mark.parametrize(("times", "clicks"), [(2, 1), (1, 2)])
async def test_the_menu_of_what_to_remove(
    town: Town, library: Library, times: int, clicks: int
) -> None:
    own = await library.server(town.guild.id)
    for name in ("a.png", "b.png"):
        await library.add(png(1), "Twin", to=own, file=name)
    mod = moderator(town)
    await mod.send(town.channel, "!removeimage", attachments=[("c.png", png(1))])
    (choice,) = menus_of(town.answer())
    data = menu(choice.custom_id, choice.options[0].value)
    asked = town.answer()
    await forge(mod, town.channel, COMPONENT, data, message=asked, times=times, clicks=clicks)
    looked_at(town)
    assert [line.action for line in await audit(library, town)] == ["remove", "add", "add"]
    assert embed_of(town.answer()).title == "Picture removed"


@pytest.mark.parametrize(("times", "clicks"), [(2, 1), (1, 2)])
async def test_deleting_an_answer(town: Town, times: int, clicks: int) -> None:
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    answer = town.answer()
    data = button(str(buttons_of(answer)["Delete"].custom_id))
    result = await forge(
        town.alice, town.channel, COMPONENT, data, message=answer, times=times, clicks=clicks
    )
    looked_at(town)
    assert town.answers() == []
    assert "Something went wrong" not in told(result)


async def test_older_twice_goes_two_pages_on(town: Town, library: Library) -> None:
    own = await library.server(town.guild.id)
    for number in range(4):
        await library.add(png(1), f"Page {number}", to=own)
    mod = moderator(town)
    await mod.send(town.channel, "!history 1")
    data = button(str(buttons_of(town.answer())["Older"].custom_id))
    await forge(mod, town.channel, COMPONENT, data, message=town.answer(), clicks=2)
    assert "Page 1" in (embed_of(town.answer()).description or "")
    assert embed_of(town.answer()).footer.text == "Page 3 · newest first"
    # One click that is delivered twice is one page.
    await mod.click(town.answer(), label="Newer")
    await forge(mod, town.channel, COMPONENT, data, message=town.answer(), times=2)
    looked_at(town)
    assert embed_of(town.answer()).footer.text == "Page 3 · newest first"
