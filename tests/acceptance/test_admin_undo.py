"""``!undo``, ``/image undo`` and the button under an answer."""

import discord

from cogs.views import TIMEOUT
from tests.acceptance.staff import (
    bots_owner,
    description,
    moderator,
    other_town,
    refused,
    refused_privately,
    told,
)
from tests.acceptance.world import Library, Town, buttons_of, embed_of, png


async def files_of(library: Library, town: Town) -> list[str | None]:
    """The files of the server's own pictures, newest first."""
    collection = await library.server(town.guild.id)
    return [image.file for image in await library.database.store.listing(collection.id)]


async def test_the_command_takes_back_step_after_step(town: Town, library: Library) -> None:
    mod = moderator(town)
    for number in (1, 2):
        files = [(f"{number}.png", png(number))]
        await mod.send(town.channel, f"!addimage Page {number}", attachments=files)
    await mod.send(town.channel, "!undo")
    assert embed_of(town.answers()[-1]).title == "Undone: an addition"
    assert "2\\.png on [Page 2](https://en.wikipedia.org/wiki/Page_2)" in description(town)
    assert f"<@{mod.id}>" in description(town)
    assert await files_of(library, town) == ["1.png"]
    await mod.send(town.channel, "!undo")
    assert "1\\.png on [Page 1]" in description(town)
    assert await files_of(library, town) == []
    await mod.send(town.channel, "!undo")
    assert refused(town) == "There is nothing to undo."


async def test_what_was_removed_comes_back(town: Town, library: Library) -> None:
    own = await library.server(town.guild.id)
    number = await library.add(png(1), "Fern", "Fractal", to=own, file="fern.png")
    mod = moderator(town)
    await mod.send(town.channel, f"!removeimage {number}")
    assert await files_of(library, town) == []
    await mod.send(town.channel, "!undo")
    assert embed_of(town.answers()[-1]).title == "Undone: a removal"
    assert "came back to this server's own pictures" in description(town)
    assert "[Fern](" in description(town)
    assert "[Fractal](" in description(town)
    (image,) = await library.database.store.listing(own.id)
    assert image.titles == ("Fern", "Fractal")
    # It is told by the number that it has now.
    assert f"**#{image.image_id}**" in description(town)


async def test_as_a_slash_command(town: Town, library: Library) -> None:
    mod = moderator(town)
    await mod.slash(town.channel, "image add", title="Fern", picture=("a.png", png(1)))
    assert "[Fern](" in told(await mod.slash(town.channel, "image undo"))
    assert await files_of(library, town) == []
    result = await mod.slash(town.channel, "image undo")
    assert "nothing to undo" in told(result)


async def test_words_behind_it_are_not_passed_over(town: Town, library: Library) -> None:
    mod = moderator(town)
    await mod.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    await mod.send(town.channel, "!undo 12")
    assert "only take back the last step" in refused(town)
    assert await files_of(library, town) == ["a.png"]


async def test_the_button_takes_back_an_addition(town: Town, library: Library) -> None:
    mod = moderator(town)
    await mod.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    await mod.click(town.answer(), label="Undo")
    assert embed_of(town.answer()).title == "Undone: an addition"
    assert buttons_of(town.answer()) == {}
    assert await files_of(library, town) == []


async def test_the_button_takes_back_a_removal(town: Town, library: Library) -> None:
    number = await library.add(
        png(1), "Fern", to=await library.server(town.guild.id), file="fern.png"
    )
    mod = moderator(town)
    await mod.send(town.channel, f"!removeimage #{number}")
    await mod.click(town.answer(), label="Undo")
    assert embed_of(town.answer()).title == "Undone: a removal"
    assert await files_of(library, town) == ["fern.png"]


async def test_the_button_of_a_slash_command(town: Town, library: Library) -> None:
    mod = moderator(town)
    await mod.slash(town.channel, "image add", title="Fern", picture=("a.png", png(1)))
    await mod.click(town.answer(), label="Undo")
    assert await files_of(library, town) == []


async def test_the_button_takes_back_its_own_step_alone(town: Town, library: Library) -> None:
    first, second = moderator(town, "first"), moderator(town, "second")
    await first.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    await second.send(town.channel, "!addimage Julia", attachments=[("b.png", png(2))])
    await first.click(town.answers()[0], label="Undo")
    assert "a.png" in (embed_of(town.answers()[0]).description or "")
    assert await files_of(library, town) == ["b.png"]


async def test_the_button_after_the_command(town: Town, library: Library) -> None:
    mod = moderator(town)
    await mod.send(town.channel, "!addimage Fern", attachments=[("old.png", png(2))])
    await mod.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    await mod.send(town.channel, "!undo")
    result = await mod.click(town.answers()[1], label="Undo")
    assert told(result).endswith("That step has been undone already.")
    assert buttons_of(town.answers()[1]) == {}
    assert town.env.errors
    assert await files_of(library, town) == ["old.png"]


async def test_the_button_is_for_who_added(town: Town, library: Library) -> None:
    await moderator(town).send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    for other in (town.alice, moderator(town, "other")):
        result = await other.click(town.answer(), label="Undo")
        assert "for the one who asked" in refused_privately(result)
    assert await files_of(library, town) == ["a.png"]


async def test_the_button_asks_anew_whether_they_may(town: Town, library: Library) -> None:
    mod = moderator(town)
    await mod.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    role = town.guild.roles["role of mod"]
    town.env.backend.remove_member_role(town.guild.id, mod.id, role.id)
    await town.env.settle()
    result = await mod.click(town.answer(), label="Undo")
    assert "Only moderators" in refused_privately(result)
    assert town.env.errors
    assert await files_of(library, town) == ["a.png"]


async def test_the_button_goes_when_nobody_listens_any_more(town: Town) -> None:
    await moderator(town).send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    assert "Undo" in buttons_of(town.answer())
    await town.env.advance_time(TIMEOUT + 1)
    assert buttons_of(town.answer()) == {}
    assert embed_of(town.answer()).title == "Picture added"


async def test_a_button_whose_message_is_gone_troubles_nobody(town: Town) -> None:
    mod = town.join("mod", manage_guild=True, manage_messages=True)
    await mod.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    await mod.delete(town.answer())
    await town.env.advance_time(TIMEOUT + 1)
    assert town.env.errors == []


async def test_one_server_does_not_undo_for_another(town: Town, library: Library) -> None:
    await moderator(town).send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    elsewhere = other_town(town)
    await elsewhere.alice.send(elsewhere.channel, "!undo")
    assert refused(elsewhere) == "There is nothing to undo."
    assert await files_of(library, town) == ["a.png"]


async def test_the_bots_owner_undoes_in_a_wiki(town: Town, library: Library) -> None:
    wiki = await library.wiki("enwiki")
    await library.add(png(1), "Fern", to=wiki, file="fern.png")
    owner = bots_owner(town)
    await owner.send(town.channel, "!undo --collection enwiki")
    assert "the collection enwiki" in description(town)
    assert "the operator" in description(town)
    assert await library.database.store.listing(wiki.id) == ()


async def test_an_ordinary_member_may_not(town: Town, library: Library) -> None:
    await library.add(png(1), "Fern", to=await library.server(town.guild.id), file="fern.png")
    await town.alice.send(town.channel, "!undo")
    assert "Only moderators" in refused(town)
    assert await files_of(library, town) == ["fern.png"]


async def test_the_answer_mentions_nobody(town: Town) -> None:
    mod = moderator(town)
    await mod.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    await mod.send(town.channel, "!undo")
    for answer in town.answers():
        stored = town.env.backend.get_message(town.channel.id, answer.id)
        assert stored.ping_user_ids == []
        assert isinstance(embed_of(answer), discord.Embed)
