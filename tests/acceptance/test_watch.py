"""The watch: pictures that are posted again are noticed where a server wants it, and only there."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import discord
import pytest
from PIL import Image

from bot.client import Services, WhereisBot
from bot.rules import Rules
from cogs.watch._cog import Watching
from db import Database
from db.sightings import Sighting
from tests.acceptance.conftest import LoseDatabase
from tests.acceptance.ruling import restrict, rule, watch
from tests.acceptance.world import Library, Town, changed_copy, embed_of, encode, png

FIRST = png(1)


async def sightings(url: str) -> list[tuple[int, int]]:
    """All that the watch has kept: messages and who posted them."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT message_id, user_id FROM sightings ORDER BY message_id, place"
        )
    finally:
        await connection.close()
    return [(row["message_id"], row["user_id"]) for row in rows]


def reactions(message: discord.Message, town: Town) -> list[str]:
    """What a message was reacted to with; nobody does but the bot."""
    (now,) = [m for m in town.channel.history() if m.id == message.id]
    return [str(reaction.emoji) for reaction in now.reactions]


async def post(town: Town, picture: bytes, *, by: str | None = None) -> discord.Message:
    who = town.alice if by is None else town.join(by)
    return await who.send(town.channel, "look", attachments=[("a.png", picture)])


async def test_nothing_is_watched_unless_it_is_wanted(
    town: Town, database_url: str, services: Services
) -> None:
    for by in ("bob", "cora"):
        await post(town, FIRST, by=by)
    assert await sightings(database_url) == []
    assert services.rules.of(town.guild.id) == Rules()
    assert not town.answers()


async def test_a_picture_that_is_posted_again(
    town: Town, services: Services, database_url: str
) -> None:
    await watch(services, town)
    first = await post(town, FIRST)
    assert not town.answers()
    await post(town, changed_copy(1), by="bob")
    said = town.answer()
    assert f"posted here before: {first.jump_url} <t:" in said.content
    assert "the same picture" in said.content
    await post(town, png(2), by="cora")
    assert town.answers() == [said]
    assert len(await sightings(database_url)) == 3


async def test_the_first_of_several_is_named(town: Town, services: Services) -> None:
    await watch(services, town)
    first = await post(town, FIRST)
    for by in ("bob", "cora", "dan", "eve", "fay", "gil"):
        await town.env.advance_time(60)
        await post(town, FIRST, by=by)
    answers = town.answers()
    assert len(answers) == 6
    assert all(first.jump_url in answer.content for answer in answers)


async def test_a_reaction_instead_of_words(town: Town, services: Services) -> None:
    await watch(services, town, emoji="👀")
    await post(town, FIRST)
    again = await post(town, FIRST, by="bob")
    assert reactions(again, town) == ["👀"]
    assert not town.answers()


async def test_a_picture_of_the_servers_own(
    town: Town, services: Services, library: Library, database_url: str
) -> None:
    own = await library.server(town.guild.id)
    number = await library.add(FIRST, "Our_mascot", to=own, look=True)
    # Another server's, and a wiki's, are not compared with.
    await library.add(png(2), "Theirs", to=await library.server(4711), look=True)
    await library.add(png(3), "Fern", look=True)
    await watch(services, town, days=0)
    for seed in (1, 2, 3):
        await post(town, png(seed), by=f"member {seed}")
    said = town.answer().content
    assert said.startswith("This server knows it: [Our mascot](https://en.wikipedia.org/")
    assert f"(no. {number})" in said
    # Nothing is kept where nothing is remembered.
    assert await sightings(database_url) == []
    await watch(services, town, days=0, own=False)
    await post(town, FIRST, by="dan")
    assert town.answer().content == said


async def test_what_moderators_wrote_has_no_effect(
    town: Town, services: Services, library: Library
) -> None:
    own = await library.server(town.guild.id)
    title = "@everyone [free](https://evil.example) **x**"
    await library.add(FIRST, title, to=own, look=True, url="https://our.wiki/x)[y](https://evil")
    told = town.guild.create_text_channel("log")
    await watch(services, town, log=told.id)
    await post(town, FIRST)
    for said in (town.answer().content, embed_of(town.answer(told)).fields[0].value or ""):
        assert "@\u200beveryone \\[free\\]\\(https\\://evil.example\\)" in said
        assert "](https://evil" not in said
    assert not town.answer().mention_everyone


async def test_people_may_repeat_their_own_for_a_while(
    town: Town, services: Services, bot: WhereisBot
) -> None:
    # The database goes by a clock of its own, by which all that is posted here is old.
    looking = bot.get_cog("Watching")
    assert isinstance(looking, Watching)
    looking.sweep.cancel()
    await watch(services, town, leeway=2)
    await post(town, FIRST)
    await town.env.advance_time(3600)
    await post(town, FIRST)
    assert not town.answers()
    await town.env.advance_time(3 * 3600)
    await post(town, FIRST)
    assert len(town.answers()) == 1


async def test_one_message_with_the_same_picture_twice(town: Town, services: Services) -> None:
    await watch(services, town, leeway=0)
    await town.alice.send(
        town.channel, "look", attachments=[("a.png", FIRST), ("b.png", FIRST), ("c.txt", b"c")]
    )
    assert not town.answers()
    await post(town, FIRST, by="bob")
    assert len(town.answers()) == 1


async def test_each_channel_for_itself(town: Town, services: Services) -> None:
    other = town.guild.create_text_channel("other")
    unwatched = town.guild.create_text_channel("unwatched")
    await watch(services, town, town.channel, other)
    for channel in (town.channel, other, unwatched, unwatched):
        bob = town.join(f"bob in {channel.name}")
        await bob.send(channel, "look", attachments=[("a.png", FIRST)])
        assert not town.answers(channel)


async def test_a_thread_belongs_to_its_channel(town: Town, services: Services) -> None:
    await watch(services, town)
    first = await post(town, FIRST)
    channel = town.env.bot.get_channel(town.channel.id)
    assert isinstance(channel, discord.TextChannel)
    await channel.create_thread(name="aside", type=discord.ChannelType.public_thread)
    await town.env.settle()
    (thread,) = town.channel.threads
    await town.join("bob").send(thread, "look", attachments=[("a.png", FIRST)])
    assert first.jump_url in town.answer(thread).content


async def test_a_log_channel_is_told(town: Town, services: Services) -> None:
    told = town.guild.create_text_channel("log")
    await watch(services, town, emoji="🔁", log=told.id)
    first = await post(town, FIRST)
    again = await post(town, FIRST, by="bob")
    embed = embed_of(town.answer(told))
    assert f"<@{again.author.id}> in {again.jump_url}" in (embed.description or "")
    assert first.jump_url in (embed.fields[0].value or "")
    assert town.answer(told).mentions == []


async def test_what_the_bot_may_not_do_is_no_error(town: Town, services: Services) -> None:
    assert town.guild.me is not None
    mute = discord.PermissionOverwrite(add_reactions=False, send_messages=False)
    silent = town.guild.create_text_channel("silent", overwrites={town.guild.me: mute})
    for emoji in (None, "👀"):
        await watch(services, town, silent, emoji=emoji, log=silent.id)
        for by in ("bob", "cora"):
            who = town.join(f"{by} {emoji}")
            await who.send(silent, "look", attachments=[("a.png", FIRST)])
    assert town.env.errors == []
    assert not town.answers(silent)


async def test_bots_and_webhooks_are_not_watched(
    town: Town, services: Services, database_url: str
) -> None:
    await watch(services, town)
    robot = town.guild.add_member(town.env.create_user("robot", bot=True))
    await robot.send(town.channel, "look", attachments=[("a.png", FIRST)])
    hook = town.guild.create_webhook(town.channel)
    await hook.send("look", attachments=[("a.png", FIRST)])
    assert await sightings(database_url) == []


async def test_questions_are_answered_and_not_watched(
    town: Town, services: Services, database_url: str
) -> None:
    await watch(services, town)
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", FIRST)])
    assert len(town.answers()) == 1
    assert await sightings(database_url) == []


async def test_what_cannot_be_read_or_known_again(
    town: Town, services: Services, database_url: str
) -> None:
    await watch(services, town)
    for data in (b"no picture at all", png(1)[:300], _blank()):
        await post(town, data, by=f"member {len(data)}")
    assert await sightings(database_url) == []
    assert not town.answers()


async def test_age_restricted_channels_are_left_alone(
    town: Town, services: Services, database_url: str
) -> None:
    restrict(town.env, town.channel)
    await watch(services, town)
    await post(town, FIRST)
    assert await sightings(database_url) == []
    await rule(services, town, restricted="always")
    await post(town, FIRST)
    assert len(await sightings(database_url)) == 1


async def test_a_deleted_message_takes_its_record_along(
    town: Town, services: Services, database_url: str
) -> None:
    await watch(services, town)
    first, second = await post(town, FIRST), await post(town, png(2))
    await town.alice.delete(first)
    assert [row[0] for row in await sightings(database_url)] == [second.id]
    await post(town, FIRST, by="bob")
    assert not town.answers()
    town.env.backend.bulk_delete_messages(town.channel.id, [m.id for m in town.channel.history()])
    await town.env.settle()
    assert await sightings(database_url) == []


async def test_a_message_that_is_deleted_while_it_is_looked_at(
    town: Town, services: Services, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watch(services, town)
    await post(town, FIRST)
    before = await sightings(database_url)
    look = services.watch.look

    async def meanwhile(*given: object) -> object:
        verdict = await look(*given)  # type: ignore[arg-type]
        # It has been kept and found to be known; only then its author has second thoughts.
        again = town.channel.history()[-1]
        town.env.backend.delete_message(town.channel.id, again.id)
        await asyncio.sleep(0)
        return verdict

    monkeypatch.setattr(type(services.watch), "look", staticmethod(meanwhile))
    await post(town, FIRST, by="bob")
    assert await sightings(database_url) == before
    assert not town.answers()


async def test_a_channel_that_is_gone_takes_its_records_along(
    town: Town, services: Services, database_url: str
) -> None:
    await watch(services, town)
    await post(town, FIRST)
    town.env.backend.delete_channel(town.channel.id)
    await town.env.settle()
    assert await sightings(database_url) == []
    assert not services.rules.of(town.guild.id).watch.channels


async def test_a_server_that_is_left_takes_its_records_along(
    town: Town, services: Services, database_url: str
) -> None:
    await watch(services, town)
    await post(town, FIRST)
    town.env.backend.remove_guild(town.guild.id)
    await town.env.settle()
    assert await sightings(database_url) == []


async def test_records_go_when_their_time_is_up(
    town: Town, services: Services, database: Database, database_url: str
) -> None:
    await watch(services, town, days=3)
    print_ = Sighting(
        message_id=1,
        place=0,
        guild_id=town.guild.id,
        watched_id=town.channel.id,
        channel_id=town.channel.id,
        user_id=7,
        dhash=1,
        phash=1,
        look=b"look",
        posted_at=datetime.now(UTC) - timedelta(days=2),
    )
    await database.sightings.add(print_)
    old = replace(print_, message_id=2, posted_at=datetime.now(UTC) - timedelta(days=4))
    await database.sightings.add(old)
    await database.sightings.add(replace(print_, message_id=3, guild_id=4711))
    assert await services.watch.sweep() == 2
    assert await sightings(database_url) == [(1, 7)]
    # As soon as a server remembers for a shorter time, or not at all.
    await watch(services, town, days=1)
    assert await sightings(database_url) == []


async def test_a_database_that_is_away_is_no_error(
    town: Town, services: Services, lose_database: LoseDatabase
) -> None:
    await watch(services, town)
    await lose_database()
    await post(town, FIRST)
    assert town.env.errors == []
    assert not town.answers()


def _blank() -> bytes:
    return encode(Image.new("RGB", (64, 64), "white"), "PNG")
