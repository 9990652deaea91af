"""A server's own rules hold for commands in the chat, slash commands and the menu alike."""

from collections.abc import Awaitable, Callable

import discord
import pytest
import pytest_asyncio
from simcord import InteractionResult

from bot.client import BotOptions, Services, WhereisBot
from tests.acceptance.ruling import private_words, refused_only, restrict, rule, title_of
from tests.acceptance.staff import refused, refused_privately, told
from tests.acceptance.world import Library, Town, buttons_of, embed_of, png

Ask = Callable[[Town], Awaitable[InteractionResult]]

UNKNOWN = "I don't know this picture"


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def known(library: Library) -> None:
    """A picture that is known for certain, and one that is known by something like it."""
    await library.add(png(1), "Fern", look=True)
    await library.add(png(2), "Moss", bits_off=8)


async def by_text(town: Town, seed: int = 1) -> discord.Message:
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(seed))])
    return town.answers()[-1]


async def by_slash(town: Town, seed: int = 1, **options: object) -> InteractionResult:
    picture = ("a.png", png(seed))
    return await town.alice.slash(town.channel, "whereis", picture=picture, **options)


async def by_menu(town: Town, seed: int = 1) -> InteractionResult:
    posted = await town.join("bob").send(town.channel, "look", attachments=[("a.png", png(seed))])
    return await town.alice.context_menu(town.channel, "Search image", posted)


ASKED = pytest.mark.parametrize("ask", [by_slash, by_menu], ids=["slash", "menu"])


# ------------------------------------------------------------------------------------------- where


async def test_elsewhere_a_command_in_the_chat_is_answered_in_private(
    town: Town, services: Services
) -> None:
    there = town.guild.create_text_channel("pictures")
    await rule(services, town, channels=frozenset({there.id}))
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    assert not town.answers()
    (said,) = private_words(town.alice.user.dm_channel)
    assert f"answer in <#{there.id}> alone" in said
    refused_only(town.env)

    await town.alice.send(there, "!whereis", attachments=[("a.png", png(1))])
    assert title_of(town.answer(there)) == "Fern"


@ASKED
async def test_elsewhere_what_discord_can_hide_is_answered_to_the_asker_alone(
    town: Town, services: Services, ask: Ask
) -> None:
    there = town.guild.create_text_channel("pictures")
    await rule(services, town, channels=frozenset({there.id}))
    result = await ask(town)
    assert "Exact match" in told(result)
    assert result.ephemeral

    await rule(services, town, channels=frozenset({town.channel.id}))
    assert not (await ask(town)).ephemeral


async def test_a_category_stands_for_its_channels(town: Town, services: Services) -> None:
    category = town.guild.create_category("Art")
    there = town.guild.create_text_channel("pictures", category=category)
    await rule(services, town, channels=frozenset({category.id}))
    await town.alice.send(there, "!whereis", attachments=[("a.png", png(1))])
    assert title_of(town.answer(there)) == "Fern"


@pytest.mark.parametrize("name", ["help", "stats", "about"])
async def test_the_bot_speaks_of_itself_where_it_is_wanted(
    town: Town, services: Services, name: str
) -> None:
    there = town.guild.create_text_channel("pictures")
    await rule(services, town, channels=frozenset({there.id}))
    await town.alice.send(town.channel, f"!{name}")
    assert not town.answers()
    assert len(private_words(town.alice.user.dm_channel)) == 1
    refused_only(town.env)
    assert (await town.alice.slash(town.channel, name)).ephemeral
    assert not (await town.alice.slash(there, name)).ephemeral


# ------------------------------------------------------------------------------------- who sees it


@ASKED
async def test_a_private_answer_is_for_the_asker(town: Town, services: Services, ask: Ask) -> None:
    await rule(services, town, style="private")
    result = await ask(town)
    assert result.ephemeral
    assert "Exact match" in told(result)


async def test_a_private_answer_to_a_message_is_behind_a_button(
    town: Town, services: Services
) -> None:
    await rule(services, town, style="private")
    curtain = await by_text(town)
    assert not curtain.embeds
    refusal = await town.join("bob").click(curtain, label="Show me the answer")
    assert "Only the one who asked" in refused_privately(refusal)

    result = await town.alice.click(curtain, label="Show me the answer")
    assert result.ephemeral
    assert "Exact match" in told(result)
    # The answer is Alice's now, and what led to it is gone.
    assert [m.content for m in town.channel.history(viewer=town.alice) if m == curtain] == []
    assert result.response is not None
    await town.alice.click(result.response, label="Delete")
    assert result.response is None


async def test_a_private_answer_without_a_picture(town: Town, services: Services) -> None:
    await rule(services, town, style="private")
    await town.alice.send(town.channel, "!whereis")
    result = await town.alice.click(town.answer(), label="Show me the answer")
    assert "Which picture?" in told(result)


async def test_the_button_of_a_private_answer_goes_after_a_restart(
    town: Town, services: Services, options: BotOptions
) -> None:
    await rule(services, town, style="private")
    curtain = await by_text(town)
    await town.env.restart_bot(WhereisBot(services, options))
    result = await town.alice.click(curtain, label="Show me the answer")
    assert "This answer has expired" in told(result)
    assert not buttons_of(town.answer())


async def test_a_fleeting_answer_goes(town: Town, services: Services) -> None:
    await rule(services, town, style="fleeting", minutes=3)
    answer = await by_text(town)
    assert "This answer goes in 3 minutes." in answer.content
    await town.env.advance_time(170)
    assert town.answers()
    await town.env.advance_time(15)
    assert not town.answers()


@ASKED
async def test_a_fleeting_answer_to_an_interaction_goes(
    town: Town, services: Services, ask: Ask
) -> None:
    await rule(services, town, style="fleeting", minutes=20)
    assert "This answer goes in 20 minutes." in told(await ask(town))
    # By then the interaction can't be edited any more.
    await town.env.advance_time(19 * 60)
    assert town.answers()
    await town.env.advance_time(2 * 60)
    assert not town.answers()


async def test_a_hidden_answer_is_not_fleeting(town: Town, services: Services) -> None:
    await rule(services, town, style="fleeting")
    said = told(await by_slash(town, private=True))
    assert "Exact match" in said
    assert "goes in" not in said


async def test_an_edited_question_keeps_the_time_of_its_answer(
    town: Town, services: Services
) -> None:
    await rule(services, town, style="fleeting", minutes=3)
    question = await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    await town.env.advance_time(120)
    await town.alice.edit(question, "!whereis please")
    await town.env.advance_time(70)
    assert not town.answers()


# --------------------------------------------------------------------------------- what is searched


async def test_what_is_less_sure_is_left_out(town: Town, services: Services) -> None:
    assert title_of(await by_text(town, 2)) == "Moss"
    for strictness in ("close", "exact"):
        await rule(services, town, strictness=strictness)
        answer = await by_text(town, 2)
        assert title_of(answer) == UNKNOWN
        assert "Matches that are less sure were left out" in answer.content
        assert title_of(await by_text(town)) == "Fern"
    assert UNKNOWN in told(await by_slash(town, 2))
    assert UNKNOWN in told(await by_menu(town, 2))


async def test_only_the_collections_that_are_wanted(
    town: Town, services: Services, library: Library
) -> None:
    await library.add(png(3), "Mascot", to=await library.server(town.guild.id))
    await rule(services, town, collections=frozenset({f"server-{town.guild.id}"}))
    assert title_of(await by_text(town)) == UNKNOWN
    assert UNKNOWN in told(await by_slash(town))
    assert UNKNOWN in told(await by_menu(town))
    assert title_of(await by_text(town, 3)) == "Mascot"
    await town.alice.send(town.channel, "!stats")
    assert [f.name for f in embed_of(town.answers()[-1]).fields] == ["This server's own pictures"]


async def test_a_rule_reaches_no_other_servers_pictures(
    town: Town, services: Services, library: Library
) -> None:
    await library.add(png(3), "Theirs", to=await library.server(4711))
    await rule(services, town, collections=frozenset({"server-4711"}))
    assert title_of(await by_text(town, 3)) == UNKNOWN


async def test_age_restricted_channels_are_searched_when_asked(
    town: Town, services: Services
) -> None:
    restrict(town.env, town.channel)
    assert title_of(await by_text(town)) == "Fern"
    await rule(services, town, restricted="never")
    await by_text(town)
    assert "age-restricted channels are not searched" in refused(town)
    refused_only(town.env)
    for ask in (by_slash, by_menu):
        assert "age-restricted channels are not" in refused_privately(await ask(town))
    refused_only(town.env)


# ------------------------------------------------------------------------------------------- people


async def test_a_prefix_of_the_servers_own(town: Town, services: Services) -> None:
    await rule(services, town, prefix="w?")
    await town.alice.send(town.channel, "!help")
    assert not town.answers()
    await town.alice.send(town.channel, "w?whereis")
    assert "`w?whereis`" in (embed_of(town.answer()).description or "")
    await town.alice.send(town.channel, "w? help whereis")
    assert title_of(town.answers()[-1]) == "w?whereis"
    assert town.env.bot.user is not None
    await town.alice.send(town.channel, f"<@{town.env.bot.user.id}> help whereis")
    assert len(town.answers()) == 3


async def test_a_prefix_holds_in_one_server(town: Town, services: Services) -> None:
    await rule(services, town, prefix="w?")
    guild = town.env.create_guild("Elsewhere")
    channel = guild.create_text_channel("general")
    await guild.add_member(town.env.create_user("bob")).send(channel, "!help")
    assert town.answers(channel)
    await town.alice.user.send_dm("!help")
    assert town.answers(town.alice.user.dm_channel)


@pytest.mark.parametrize("options", [BotOptions(moderator_role="Curators", cooldown_uses=100)])
async def test_a_moderators_role_of_the_servers_own(town: Town, services: Services) -> None:
    curators, keepers = town.guild.create_role("Curators"), town.guild.create_role("Keepers")
    curator = town.guild.add_member(town.env.create_user("cora"), roles=[curators])
    keeper = town.guild.add_member(town.env.create_user("kim"), roles=[keepers])
    await curator.send(town.channel, "!images")
    assert len(town.answers()) == 1
    await rule(services, town, moderator_role=keepers.id)
    await keeper.send(town.channel, "!images")
    assert len(town.answers()) == 2
    await curator.send(town.channel, "!images")
    assert "or the role Keepers" in refused(town)


async def test_a_role_of_a_rule_goes_by_its_id_alone(town: Town, services: Services) -> None:
    keepers = town.guild.create_role("Keepers")
    await rule(services, town, moderator_role=keepers.id)
    named_so = town.guild.create_role(str(keepers.id))
    mallory = town.guild.add_member(town.env.create_user("mallory"), roles=[named_so])
    await mallory.send(town.channel, "!images")
    assert "Only moderators" in refused(town)


async def test_rules_outlive_the_bot_and_go_when_it_leaves(town: Town, services: Services) -> None:
    before = await rule(services, town, prefix="w?", strictness="close", language="de")
    await services.rules.load()
    assert services.rules.of(town.guild.id) == before
    town.env.backend.remove_guild(town.guild.id)
    await town.env.settle()
    assert services.rules.of(town.guild.id).prefix is None
    await services.rules.load()
    assert services.rules.of(town.guild.id).prefix is None


async def test_a_channel_that_is_gone_leaves_the_rules(town: Town, services: Services) -> None:
    there = town.guild.create_text_channel("pictures")
    await rule(services, town, channels=frozenset({there.id}))
    town.env.backend.delete_channel(there.id)
    await town.env.settle()
    assert services.rules.of(town.guild.id).channels == frozenset()
