"""Clicks that no honest client sends: made up, from elsewhere, or by who may not any more."""

from dataclasses import replace
from typing import Any

import discord
import pytest
import pytest_asyncio
from simcord import InteractionResult
from simcord.actors import MemberActor

from bot.client import BotOptions, Services, WhereisBot
from db.records import NewAppearance
from tests.acceptance.forging import COMPONENT, button, forge, menu
from tests.acceptance.staff import moderator, other_town, refused_privately, told
from tests.acceptance.world import Library, Town, buttons_of, embed_of, menus_of, png


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def known(library: Library) -> None:
    """A picture on three leaves of pages, and one that looks the same."""
    wiki = await library.wiki()
    picture = await library.fingerprint(png(1))
    row = NewAppearance(picture.dhash, picture.phash, None, "Article 1")
    rows = [replace(row, title=f"Article {number}") for number in range(1, 26)]
    rows.append(replace(row, title="The other one", file="other.png"))
    await library.database.store.add_many(wiki.id, rows)


async def ask(town: Town, member: MemberActor | None = None, *seeds: int) -> discord.Message:
    files = [(f"{seed}.png", png(seed)) for seed in seeds or (1,)]
    await (member or town.alice).send(town.channel, "!whereis", attachments=files)
    return town.answers()[-1]


def payload(town: Town, message: discord.Message) -> dict[str, Any]:
    """What a message shows and carries now."""
    stored = town.env.backend.get_message(town.channel.id, message.id)
    return {"embeds": stored.embeds, "components": stored.components, "content": stored.content}


async def click(
    town: Town, actor: MemberActor, message: discord.Message, custom_id: str
) -> InteractionResult:
    return await forge(actor, town.channel, COMPONENT, button(custom_id), message=message)


FORGED = (
    "whereis:{bob}:{token}:delete",
    "whereis:{bob}:{token}:next",
    "whereis:{bob}:ffffffffffff:delete",
    "whereis:{bob}:ffffffffffff:next",
    "whereis:{bob}:{token}:explode",
    "whereis:{alice}:ffffffffffff:delete",
    "whereis:\u0661:ffffffffffff:delete",
    "whereis:-1:x:delete",
    "whereis:{bob}:delete",
    "whereis::::",
    "whereis",
    "",
    ":" * 100,
    "whereis:" + "9" * 85 + ":x:next",
    "a" * 100,
    "whereis:{bob}:%s:delete",
    "\u202e\0'; DROP TABLE images; --",
)


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize("restarted", [False, True])
async def test_a_made_up_button_does_nothing(
    town: Town, services: Services, options: BotOptions, forged: str, restarted: bool
) -> None:
    answer = await ask(town)
    _, asker, token, _ = str(buttons_of(answer)["Next"].custom_id).split(":")
    if restarted:
        await town.env.restart_bot(WhereisBot(services, options))
    bob = town.join("bob")
    before = payload(town, answer)
    wanted = forged.format(bob=bob.id, alice=asker, token=token)
    result = await click(town, bob, answer, wanted)
    assert payload(town, answer) == before
    assert "Something went wrong" not in told(result)


async def test_the_button_of_another_answer_does_not_delete_this_one(
    town: Town, services: Services, options: BotOptions
) -> None:
    bob = town.join("bob")
    hers, his = await ask(town), await ask(town, bob)
    for custom_id in (buttons_of(his)["Delete"].custom_id, buttons_of(hers)["Delete"].custom_id):
        await click(town, bob, hers, str(custom_id))
        assert len(town.answers()) == 2
    await town.env.restart_bot(WhereisBot(services, options))
    await click(town, bob, hers, str(buttons_of(his)["Delete"].custom_id))
    assert len(town.answers()) == 2


async def test_a_search_button_does_not_take_away_those_of_moderators(town: Town) -> None:
    mod = moderator(town)
    await mod.send(town.channel, "!addimage Fern", attachments=[("a.png", png(2))])
    before = payload(town, town.answer())
    for actor in (town.alice, mod):
        for action in ("next", "delete"):
            await click(town, actor, town.answer(), f"whereis:{actor.id}:ffffffffffff:{action}")
            assert payload(town, town.answer()) == before


async def test_after_a_restart_others_do_not_take_the_buttons_away(
    town: Town, services: Services, options: BotOptions
) -> None:
    answer = await ask(town)
    await town.env.restart_bot(WhereisBot(services, options))
    result = await town.join("bob").click(answer, label="Next")
    assert "Only the one who asked" in refused_privately(result)
    assert "Delete" in buttons_of(town.answer())


VALUES = ("999", "2", "-1", "x", "", "\u00b2", "\u0661", "1.5", "0x1", " 1", "9" * 100, "None")


@pytest.mark.parametrize("value", VALUES)
async def test_a_match_that_was_never_offered(town: Town, value: str) -> None:
    answer = await ask(town)
    (matches,) = menus_of(answer)
    before = payload(town, answer)
    data = menu(matches.custom_id, value)
    result = await forge(town.alice, town.channel, COMPONENT, data, message=answer)
    assert "not one of the choices" in refused_privately(result)
    assert town.env.errors
    assert payload(town, answer) == before
    # What is offered can still be chosen, and the pages be turned.
    await town.alice.select(answer, ["1"], custom_id=matches.custom_id)
    assert embed_of(town.answer()).title == "The other one"
    await town.alice.select(town.answer(), ["0"], custom_id=matches.custom_id)
    await town.alice.click(town.answer(), label="Next")
    assert "**Articles 11–20 of 25**" in (embed_of(town.answer()).description or "")


@pytest.mark.parametrize("values", [(), ("5",), ("x",)])
async def test_a_picture_that_was_never_sent(town: Town, values: tuple[str, ...]) -> None:
    answer = await ask(town, town.alice, 1, 2)
    pictures = menus_of(answer)[0]
    data = menu(pictures.custom_id, *values)
    result = await forge(town.alice, town.channel, COMPONENT, data, message=answer)
    assert "not one of the choices" in refused_privately(result)
    assert town.env.errors
    await town.alice.select(answer, ["1"], custom_id=pictures.custom_id)
    assert embed_of(town.answer()).title == "I don't know this picture"


async def test_a_page_is_turned_while_another_picture_is_chosen(town: Town) -> None:
    answer = await ask(town, town.alice, 1, 2)
    pictures = menus_of(answer)[0]
    following = str(buttons_of(answer)["Next"].custom_id)
    await town.alice.select(answer, ["1"], custom_id=pictures.custom_id)
    # This click was on its way already; the picture that is shown now has no pages.
    result = await click(town, town.alice, town.answer(), following)
    assert "Something went wrong" not in told(result)
    assert embed_of(town.answer()).title == "I don't know this picture"


async def own_twins(library: Library, town: Town) -> list[int]:
    """Two of the server's own pictures that look the same."""
    own = await library.server(town.guild.id)
    return [await library.add(png(3), "Mascot", to=own, file=name) for name in ("a.png", "b.png")]


async def numbers(library: Library, town: Town) -> set[int]:
    own = await library.server(town.guild.id)
    return {image.image_id for image in await library.database.store.listing(own.id)}


async def test_a_picture_that_the_menu_does_not_offer_is_not_removed(
    town: Town, library: Library
) -> None:
    twins = await own_twins(library, town)
    elsewhere = other_town(town)
    not_offered = [
        await library.add(png(4), "Another of ours", to=await library.server(town.guild.id)),
        await library.add(png(5), "Theirs", to=await library.server(elsewhere.guild.id)),
        await library.add(png(6), "Of the wiki"),
    ]
    mod = moderator(town)
    await mod.send(town.channel, "!removeimage", attachments=[("a.png", png(3))])
    asked = town.answer()
    (choice,) = menus_of(asked)
    before = await numbers(library, town), await numbers(library, elsewhere)
    for value in (*map(str, not_offered), *VALUES):
        data = menu(choice.custom_id, value)
        result = await forge(mod, town.channel, COMPONENT, data, message=asked)
        assert "not one of the choices" in refused_privately(result)
    assert (await numbers(library, town), await numbers(library, elsewhere)) == before
    assert town.env.errors
    # The menu is still there for what it offers.
    await mod.select(asked, [str(twins[0])], custom_id=choice.custom_id)
    assert await numbers(library, town) == before[0] - {twins[0]}


@pytest.mark.parametrize("words", ["!removeimage", "!history 1"])
async def test_who_is_no_moderator_any_more(town: Town, library: Library, words: str) -> None:
    await own_twins(library, town)
    mod = moderator(town)
    files = [("a.png", png(3))] if words == "!removeimage" else []
    await mod.send(town.channel, words, attachments=files)
    answer = town.answer()
    role = town.guild.roles["role of mod"]
    town.env.backend.remove_member_role(town.guild.id, mod.id, role.id)
    await town.env.settle()
    before = payload(town, answer), await numbers(library, town)
    if files:
        (choice,) = menus_of(answer)
        value = choice.options[0].value
        result = await mod.select(answer, [value], custom_id=choice.custom_id)
    else:
        result = await mod.click(answer, label="Older")
    assert "Only moderators" in refused_privately(result)
    assert town.env.errors
    assert (payload(town, answer), await numbers(library, town)) == before


async def test_a_moderator_of_another_server_clicks_from_there(
    town: Town, library: Library
) -> None:
    await own_twins(library, town)
    elsewhere = other_town(town)
    mod = moderator(town)
    role = elsewhere.guild.create_role("chief", permissions=discord.Permissions(manage_guild=True))
    there = elsewhere.guild.add_member(mod.user, roles=[role])
    await mod.send(town.channel, "!addimage Fern", attachments=[("f.png", png(2))])
    await mod.send(town.channel, "!removeimage", attachments=[("a.png", png(3))])
    added, asked = town.answers()
    town.env.backend.remove_member_role(town.guild.id, mod.id, town.guild.roles["role of mod"].id)
    await town.env.settle()
    before = await numbers(library, town)
    (choice,) = menus_of(asked)
    undo = button(str(buttons_of(added)["Undo"].custom_id))
    for message, data in (
        (added, undo),
        (asked, menu(choice.custom_id, choice.options[0].value)),
    ):
        result = await forge(
            there,
            elsewhere.channel,
            COMPONENT,
            data,
            message=message,
            message_channel=town.channel,
        )
        assert "belongs to another place" in refused_privately(result)
    assert town.env.errors
    assert await numbers(library, town) == before
