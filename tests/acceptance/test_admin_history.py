"""``!history`` and ``/image history``: who did what, and when."""

import logging

import asyncpg
import pytest

from bot.client import BotOptions, Services
from bot.errors import WhereisError
from bot.ingest import Actor, NewPicture
from cogs.checks import OnCooldownError
from cogs.errors import root_of
from tests.acceptance.staff import (
    allow_slash,
    bots_owner,
    description,
    moderator,
    other_town,
    refused,
    refused_privately,
    told,
)
from tests.acceptance.world import Library, Town, buttons_of, embed_of, png


async def test_what_was_added_removed_and_taken_back(town: Town, library: Library) -> None:
    ada, bob = moderator(town, "ada"), moderator(town, "bob")
    await ada.send(town.channel, "!addimage Barnsley fern", attachments=[("fern.png", png(1))])
    await ada.send(town.channel, "!addimage Julia set", attachments=[("julia.png", png(2))])
    await bob.send(town.channel, "!undo")
    own = await library.server(town.guild.id)
    (fern,) = await library.database.store.listing(own.id)
    await bob.send(town.channel, f"!removeimage {fern.image_id}")
    await ada.send(town.channel, "!history")
    assert embed_of(town.answers()[-1]).title == "What was done to this server's own pictures"
    assert embed_of(town.answers()[-1]).footer.text == "Page 1 · newest first"
    lines = description(town).splitlines()
    assert len(lines) == 6
    assert lines[0] == f"**Removed** **#{fern.image_id}** · fern.png from Barnsley fern"
    assert lines[1].startswith(f"\u2003by <@{bob.id}> <t:")
    assert lines[2].endswith(" · julia.png to Julia set")
    assert lines[2].startswith("**Added** **#")
    assert lines[3].startswith(f"\u2003by <@{ada.id}> <t:")
    assert f" · **undone** by <@{bob.id}> <t:" in lines[3]
    assert lines[4] == f"**Added** **#{fern.image_id}** · fern.png to Barnsley fern"
    assert "undone" not in lines[5]
    assert buttons_of(town.answers()[-1]) == {}
    stored = town.env.backend.get_message(town.channel.id, town.answers()[-1].id)
    assert stored.ping_user_ids == []


async def test_nothing_yet(town: Town) -> None:
    await moderator(town).send(town.channel, "!history")
    assert description(town) == "Nothing was added or removed by hand."


async def test_an_addition_at_the_command_line_is_the_operators(
    town: Town, library: Library, services: Services
) -> None:
    # What `whereis-bot add` does.
    wiki = await library.wiki()
    picture = NewPicture(png(1), "fern.png")
    await services.ingest.add([picture], "Fern", None, wiki, Actor(user_id=None))
    await bots_owner(town).send(town.channel, "!history --collection enwiki")
    assert " · fern.png to Fern\n\u2003by the operator <t:" in description(town)


async def test_leafing_there_and_back(town: Town, library: Library) -> None:
    own = await library.server(town.guild.id)
    for number in range(23):
        await library.add(png(1), f"Page_{number:02}", to=own)
    mod = moderator(town)
    await mod.send(town.channel, "!history")
    seen = [description(town)]
    for _ in range(2):
        await mod.click(town.answer(), label="Older")
        seen.append(description(town))
    assert buttons_of(town.answer())["Older"].disabled
    pages = [line.split()[-1] for part in seen for line in part.splitlines()[::2]]
    assert pages == [f"{number:02}" for number in range(22, -1, -1)]
    # What is done meanwhile moves nothing.
    await library.add(png(2), "Meanwhile", to=own)
    await mod.click(town.answer(), label="Newer")
    assert description(town) == seen[1]


async def test_so_many_at_a_time(town: Town, library: Library) -> None:
    own = await library.server(town.guild.id)
    for number in range(3):
        await library.add(png(1), f"Page {number}", to=own)
    mod = moderator(town)
    await mod.send(town.channel, "!history 2")
    assert len(description(town).splitlines()) == 4
    assert not buttons_of(town.answer())["Older"].disabled
    result = await mod.slash(town.channel, "image history", count=1)
    assert result.ephemeral
    assert "Page 2" in told(result)
    assert "Page 1" not in told(result)


@pytest.mark.parametrize("words", ["0", "11", "-1", "all", "9" * 30, "1 2"])
async def test_words_that_are_no_number(town: Town, words: str) -> None:
    await moderator(town).send(town.channel, f"!history {words}")
    assert refused(town) == "Write nothing behind it, or a number from 1 to 10."


async def test_a_server_reads_its_own_history_alone(town: Town, library: Library) -> None:
    await moderator(town).send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    await library.add(png(2), "Wiki_page")
    elsewhere = other_town(town)
    await elsewhere.alice.send(elsewhere.channel, "!history")
    assert description(elsewhere) == "Nothing was added or removed by hand."
    name = (await library.server(town.guild.id)).name
    await elsewhere.alice.send(elsewhere.channel, f"!history --collection {name}")
    assert refused(elsewhere) == "Only the bot's owner may do that."


async def test_the_bots_owner_reads_that_of_a_wiki(town: Town, library: Library) -> None:
    await library.add(png(1), "Fern")
    owner = bots_owner(town)
    await owner.send(town.channel, "!history --collection enwiki")
    assert embed_of(town.answer()).title == "What was done to the collection enwiki"
    assert "to Fern" in description(town)
    user = owner.user
    await user.send_dm("!history 1 --collection enwiki")
    assert "to Fern" in (embed_of(town.answers(user.dm_channel)[-1]).description or "")


async def test_an_ordinary_member_may_not(town: Town) -> None:
    await town.alice.send(town.channel, "!history")
    assert "Only moderators" in refused(town)
    allow_slash(town, town.alice)
    result = await town.alice.slash(town.channel, "image history")
    assert "Only moderators" in refused_privately(result)


async def test_where_a_step_was_taken_and_taken_back(town: Town, database_url: str) -> None:
    mod = moderator(town)
    asked = await mod.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    added = town.answer()
    await mod.slash(town.channel, "image add", title="Julia", picture=("b.png", png(2)))
    undo = await mod.send(town.channel, "!undo")
    await mod.click(added, label="Undo")
    connection = await asyncpg.connect(database_url)
    try:
        first, second = await connection.fetch("SELECT * FROM additions ORDER BY id")
    finally:
        await connection.close()
    place = (mod.id, town.guild.id, town.channel.id)
    for row in (first, second):
        assert (row["user_id"], row["guild_id"], row["channel_id"]) == place
        undone = (row["undone_by"], row["undone_guild_id"], row["undone_channel_id"])
        assert undone == place
        assert row["undone_at"] > row["created_at"]
    assert first["message_id"] == asked.id
    assert second["undone_message_id"] == undo.id
    # The button was pressed later than that.
    assert first["undone_message_id"] > undo.id


async def test_the_log_tells_who_changed_the_index(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="cogs.admin")
    owner = bots_owner(town)
    await owner.send(town.channel, "!index drop")
    assert caplog.messages == []
    await owner.click(town.answer(), label="Drop the index")
    await owner.user.send_dm("!index build")
    dropped, built = caplog.messages
    assert (
        dropped == f"index drop (any kind) asked for by user {owner.id} in server {town.guild.id}"
    )
    assert built == f"index build (any kind) asked for by user {owner.id} in private messages"
    # Where the extension can't be had it is refused, and told all the same.
    assert all(isinstance(root_of(error), WhereisError) for error in town.env.errors)


@pytest.mark.parametrize("options", [BotOptions(cooldown_uses=1, cooldown_seconds=60)])
async def test_a_moderator_takes_so_many_steps_in_a_row(town: Town, library: Library) -> None:
    mod = moderator(town)
    for number in range(3):
        files = [(f"{number}.png", png(number))]
        await mod.send(town.channel, f"!addimage Page {number}", attachments=files)
    await mod.slash(town.channel, "image list")
    await mod.send(town.channel, "!addimage Page 3", attachments=[("3.png", png(3))])
    assert "one person may ask 4 times in 60 seconds" in town.answers()[-1].content
    result = await mod.slash(town.channel, "image undo")
    assert "one person may ask 4 times in 60 seconds" in refused_privately(result)
    assert all(isinstance(error, OnCooldownError) for error in town.env.errors)
    own = await library.server(town.guild.id)
    assert len(await library.database.store.listing(own.id)) == 3
    # Others are not kept waiting, and searches count by themselves.
    await moderator(town, "other").send(town.channel, "!images")
    assert "Page 2" in description(town)
    await mod.send(town.channel, "!whereis", attachments=[("a.png", png(0))])
    assert embed_of(town.answers()[-1]).title == "Page 0"
