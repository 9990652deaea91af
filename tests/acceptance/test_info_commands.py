"""``help``, ``stats`` and ``about``, typed and chosen, in servers and in private."""

from datetime import date
from urllib.parse import parse_qs, urlsplit

import discord
import pytest

from bot.client import BotOptions, permissions
from tests.acceptance.staff import bots_owner, moderator, refused, refused_privately, told
from tests.acceptance.world import Library, Town, embed_of, png

MODERATORS = ("addimage", "removeimage", "images", "undo")


def shown(message: discord.Message) -> str:
    """The whole text of a message's embed."""
    embed = embed_of(message)
    fields = [f"{field.name}\n{field.value}" for field in embed.fields]
    return "\n".join([embed.title or "", embed.description or "", *fields])


async def test_help_shows_a_member_what_a_member_may(town: Town) -> None:
    asked = await town.alice.send(town.channel, "!help")
    text = shown(town.answer())
    for command in ("!whereis", "/whereis", "!help", "!stats", "!about", "Search image"):
        assert command in text
    for command in (*MODERATORS, "index"):
        assert f"!{command}" not in text
    reference = town.answer().reference
    assert reference is not None
    assert reference.message_id == asked.id


async def test_help_shows_a_moderator_more_and_the_owner_all(town: Town) -> None:
    await moderator(town).send(town.channel, "!help")
    text = shown(town.answers()[-1])
    for command in MODERATORS:
        assert f"!{command}" in text
    assert "`/image add`" in text
    assert "!index" not in text
    await bots_owner(town).send(town.channel, "!help")
    text = shown(town.answers()[-1])
    for command in (*MODERATORS, "index build", "index drop"):
        assert f"!{command}" in text
    # What everybody came for is first, and the owner's own is last.
    assert text.index("!whereis") < text.index("!addimage") < text.index("!stats")
    assert text.index("!stats") < text.index("!index")
    assert "`!undo` · `/image undo`" in text


async def test_help_with_a_command_explains_it(town: Town) -> None:
    await moderator(town).send(town.channel, "!help addimage")
    text = shown(town.answer())
    assert embed_of(town.answer()).title == "!addimage"
    assert "First comes the page" in text
    assert "`!addimage <page> [links to pictures]`" in text
    assert "`!addimage Mandelbrot set`" in text
    assert "`/image add`" in text


async def test_help_with_another_name_of_a_command(town: Town) -> None:
    await town.alice.send(town.channel, "!help !ri")
    assert embed_of(town.answer()).title == "!whereis"
    assert "`!source`" in shown(town.answer())


async def test_help_does_not_tell_of_what_one_may_not(town: Town) -> None:
    await town.alice.send(town.channel, "!help addimage")
    assert "There is no command “addimage” that you may use here" in refused(town)
    await town.alice.send(town.channel, "!help whereiss")
    assert "Did you mean `!whereis`?" in refused(town)


async def test_help_of_something_hostile(town: Town) -> None:
    await town.alice.send(town.channel, "!help **@everyone** [x](https://evil.example)")
    sentence = refused(town)
    assert "@everyone" not in sentence
    assert "](https" not in sentence


async def test_help_as_a_slash_command(town: Town) -> None:
    text = told(await town.alice.slash(town.channel, "help"))
    assert "!whereis" in text
    assert "!addimage" not in text
    text = told(await moderator(town).slash(town.channel, "help", command="addimage"))
    assert "First comes the page" in text
    result = await town.alice.slash(town.channel, "help", command="nonsense")
    assert "There is no command" in refused_privately(result)
    assert town.env.errors


async def test_help_offers_the_commands_that_one_may_use(town: Town) -> None:
    offered = await town.alice.autocomplete(town.channel, "help", "command", "")
    names = {choice["value"] for choice in offered}
    assert names == {"whereis", "help", "stats", "about", "privacy"}
    offered = await moderator(town).autocomplete(town.channel, "help", "command", "!addim")
    assert {choice["value"] for choice in offered} == {"addimage", "addimages"}


async def test_help_in_private(town: Town) -> None:
    user = town.alice.user
    await user.send_dm("!help")
    assert "!whereis" in shown(town.answers(user.dm_channel)[-1])
    assert "!whereis" in told(await user.slash("help"))


@pytest.mark.parametrize("options", [BotOptions(prefix="?")])
async def test_help_writes_commands_as_they_are_written_here(town: Town) -> None:
    await town.alice.send(town.channel, "?help")
    assert "?whereis" in shown(town.answer())
    assert "!whereis" not in shown(town.answer())


async def test_stats_of_nothing(town: Town) -> None:
    await town.alice.send(town.channel, "!stats")
    assert "Nothing yet" in shown(town.answer())


async def test_stats_count_what_is_searched_here(town: Town, library: Library) -> None:
    wiki = await library.wiki("enwiki", date(2025, 3, 1))
    await library.add(png(1), "Mandelbrot_set", "Fractal", to=wiki)
    await library.add(png(2), "Fractal", to=wiki)
    await library.add(png(3), "Mascot", to=await library.server(town.guild.id))
    await library.add(png(4), "Secret", to=await library.server(4711))
    await town.alice.send(town.channel, "!stats")
    embed = embed_of(town.answer())
    assert embed.description == "3 pictures in 2 collections."
    assert {field.name: field.value for field in embed.fields} == {
        "enwiki": "2 pictures on 2 pages · 3 appearances · as of 1 March 2025",
        "This server's own pictures": "1 picture on 1 page · 1 appearance",
    }
    assert "4711" not in shown(town.answer())


async def test_stats_as_a_slash_command_and_in_private(town: Town, library: Library) -> None:
    await library.add(png(1), "Fern")
    await library.add(png(3), "Mascot", to=await library.server(town.guild.id))
    here = told(await town.alice.slash(town.channel, "stats"))
    assert "This server's own pictures" in here
    user = town.alice.user
    in_private = told(await user.slash("stats"))
    assert "enwiki" in in_private
    assert "own pictures" not in in_private
    await user.send_dm("!stats")
    assert "own pictures" not in shown(town.answers(user.dm_channel)[-1])


async def test_about_invites_with_exactly_the_permissions_needed(town: Town) -> None:
    await town.alice.send(town.channel, "!about")
    fields = {field.name: field.value or "" for field in embed_of(town.answer()).fields}
    link = fields["For your server"].removeprefix("[Invite me](").removesuffix(")")
    asked = parse_qs(urlsplit(link).query)
    assert asked["permissions"] == [str(permissions().value)]
    assert asked["scope"] == ["bot applications.commands"]
    assert asked["client_id"] == [str(town.env.bot.application_id)]
    assert fields["Pictures"] == "0"
    assert fields["Version"]


async def test_about_as_a_slash_command_and_in_private(town: Town) -> None:
    assert "Invite me" in told(await town.alice.slash(town.channel, "about"))
    assert "Invite me" in told(await town.alice.user.slash("about"))


@pytest.mark.parametrize("options", [BotOptions(cooldown_uses=1, cooldown_seconds=60)])
async def test_too_quick(town: Town) -> None:
    for _ in range(2):
        await town.alice.send(town.channel, "!stats")
    assert "That was quick" in town.answers()[-1].content
    result = await town.alice.slash(town.channel, "stats")
    assert "That was quick" in refused_privately(result)
    assert len(town.env.errors) == 2


async def test_nothing_is_said_where_an_embed_can_not_be(town: Town) -> None:
    silent = town.guild.create_text_channel(
        "silent",
        overwrites={town.guild.default_role: discord.PermissionOverwrite(embed_links=False)},
    )
    await town.alice.send(silent, "!help")
    assert "Embed Links" in refused(town, silent)
