"""``!privacy`` and ``/privacy``: what is stored about somebody, and how it is forgotten."""

from dataclasses import replace

import asyncpg
from simcord.actors import MemberActor

from bot.client import BotOptions, Services, WhereisBot
from cogs.checks import CLICKS_PER_SEARCH
from db import Database
from db.records import SOMEBODY
from tests.acceptance.conftest import LoseDatabase
from tests.acceptance.forging import COMPONENT, button, forge
from tests.acceptance.ruling import rule, watch
from tests.acceptance.staff import moderator, refused_privately, told
from tests.acceptance.world import Library, Town, buttons_of, embed_of, png

OUT, IN = "Store nothing about me", "Let things be stored"


async def mentions(url: str, number: int) -> list[str]:
    """The columns of the whole database that hold a number."""
    connection = await asyncpg.connect(url)
    try:
        columns = await connection.fetch(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public'"
        )
        found = []
        for table, column in columns:
            if await connection.fetchval(
                f'SELECT count(*) FROM "{table}" WHERE "{column}"::text LIKE $1', f"%{number}%"
            ):
                found.append(f"{table}.{column}")
    finally:
        await connection.close()
    return sorted(found)


async def opt_out(town: Town, actor: MemberActor) -> None:
    """Have everything forgotten, by the button."""
    result = await actor.slash(town.channel, "privacy")
    assert result.ephemeral
    assert result.response is not None
    await actor.click(result.response, label=OUT)
    assert "You opted out" in told(result)


async def test_nothing_is_stored_about_who_only_asks(town: Town, database_url: str) -> None:
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    said = told(await town.alice.slash(town.channel, "privacy"))
    for line in ("0 lines of the record", "0 lines of the same", "0 pictures that you posted"):
        assert line in said
    assert await mentions(database_url, town.alice.id) == []


async def test_what_is_stored_is_counted_and_forgotten(
    town: Town, services: Services, library: Library, database: Database, database_url: str
) -> None:
    await watch(services, town)
    mod = moderator(town)
    asked = await mod.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    await mod.send(town.channel, "!addimage Moss", attachments=[("a.png", png(2))])
    undone = await mod.send(town.channel, "!undo")
    posted = await mod.send(town.channel, "look", attachments=[("a.png", png(3))])
    said = told(await mod.slash(town.channel, "privacy"))
    for line in ("2 lines of the record", "1 line of the same", "1 picture that you posted"):
        assert line in said
    assert await mentions(database_url, mod.id)

    await opt_out(town, mod)
    assert await mentions(database_url, mod.id) == ["opted_out.user_id"]
    # Their messages would tell who it was.
    for message in (asked, undone, posted):
        assert await mentions(database_url, message.id) == []
    lines = await database.store.additions((await library.server(town.guild.id)).id)
    assert [(line.user_id, line.undone_by) for line in lines] == [
        (SOMEBODY, SOMEBODY),
        (SOMEBODY, None),
    ]


async def test_all_commands_still_work(
    town: Town, services: Services, library: Library, database_url: str
) -> None:
    await watch(services, town)
    mod = moderator(town)
    await opt_out(town, mod)
    asked = [await mod.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])]
    await mod.click(town.answers()[-1], label="Undo")
    assert embed_of(town.answers()[-1]).title == "Undone: an addition"
    asked.append(await mod.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))]))
    asked.append(await mod.send(town.channel, "!undo"))
    asked.append(await mod.send(town.channel, "!whereis", attachments=[("a.png", png(1))]))
    asked.append(await mod.send(town.channel, "look", attachments=[("a.png", png(3))]))
    await mod.send(town.channel, "!history")
    said = embed_of(town.answers()[-1]).description or ""
    assert "by a member who opted out" in said
    assert "**undone** by a member who opted out" in said
    assert str(mod.id) not in said
    assert await mentions(database_url, mod.id) == ["opted_out.user_id"]
    for message in asked:
        assert await mentions(database_url, message.id) == []

    own = await library.server(town.guild.id)
    (number,) = [await library.add(png(5), "Flag", to=own)]
    await mod.send(town.channel, f"!removeimage {number}")
    await mod.click(town.answers()[-1], label="Undo")
    assert "Undone: a removal" in (embed_of(town.answers()[-1]).title or "")


async def test_who_comes_back_is_stored_again(
    town: Town, services: Services, database_url: str
) -> None:
    await watch(services, town)
    await opt_out(town, town.alice)
    result = await town.alice.slash(town.channel, "privacy")
    assert result.response is not None
    await town.alice.click(result.response, label=IN)
    assert "0 pictures that you posted" in told(result)
    assert await mentions(database_url, town.alice.id) == []
    await town.alice.send(town.channel, "look", attachments=[("a.png", png(3))])
    assert await mentions(database_url, town.alice.id) == ["sightings.user_id"]


async def test_it_holds_after_a_restart(town: Town, services: Services) -> None:
    await opt_out(town, town.alice)
    fresh = type(services.privacy)(services.privacy._store)
    assert not fresh.opted_out(town.alice.id)
    await fresh.load()
    assert fresh.opted_out(town.alice.id)


async def test_the_database_itself_writes_nothing_of_them(
    town: Town, services: Services, database: Database, database_url: str
) -> None:
    """As when somebody opts out while what they did is being written."""
    mod = moderator(town)
    await watch(services, town)
    await database.members.opt_out(mod.id)
    assert not services.privacy.opted_out(mod.id)
    await mod.send(town.channel, "!addimage Fern", attachments=[("a.png", png(1))])
    await mod.send(town.channel, "!undo")
    await mod.send(town.channel, "look", attachments=[("a.png", png(3))])
    assert await mentions(database_url, mod.id) == ["opted_out.user_id"]


async def test_a_command_in_the_chat_is_answered_in_private(town: Town) -> None:
    await town.alice.send(town.channel, "!privacy")
    assert town.answer().content == "I have answered in a private message."
    (answer,) = [m for m in town.alice.user.dm_channel.history() if m.embeds]
    assert embed_of(answer).title == "What is stored about you"
    await town.alice.user.click(answer, label=OUT)
    (answer,) = [m for m in town.alice.user.dm_channel.history() if m.embeds]
    assert list(buttons_of(answer)) == [IN]


async def test_where_the_bot_is_not_to_answer_it_says_nothing(
    town: Town, services: Services
) -> None:
    there = town.guild.create_text_channel("pictures")
    await rule(services, town, channels=frozenset({there.id}))
    await town.alice.send(town.channel, "!privacy")
    assert not town.answers()
    assert town.alice.user.dm_channel.history()


async def test_who_takes_no_private_messages(town: Town) -> None:
    town.env.inject_error("POST", "/users/@me/channels", status=403, code=50007)
    await town.alice.send(town.channel, "!privacy")
    assert "`/privacy` answers here" in town.answer().content


async def test_in_private(town: Town) -> None:
    await town.alice.user.send_dm("!privacy")
    (answer,) = [m for m in town.alice.user.dm_channel.history() if m.author.bot]
    assert embed_of(answer).title == "What is stored about you"


async def test_the_button_is_for_one_person(town: Town, services: Services) -> None:
    result = await town.alice.slash(town.channel, "privacy")
    assert result.response is not None
    (custom_id,) = [b.custom_id for b in buttons_of(result.response.message).values()]
    bob = town.join("bob")
    click = await forge(
        bob, town.channel, COMPONENT, button(str(custom_id)), message=result.response
    )
    assert "for the one who asked" in refused_privately(click)
    assert not services.privacy.opted_out(bob.id)
    assert not services.privacy.opted_out(town.alice.id)


async def test_the_button_works_after_a_restart(
    town: Town, services: Services, options: BotOptions
) -> None:
    """As it does in another process, which has not shown it."""
    await town.alice.send(town.channel, "!privacy")
    (answer,) = [m for m in town.alice.user.dm_channel.history() if m.embeds]
    for label in (OUT, IN):
        await town.env.restart_bot(WhereisBot(services, options))
        await town.alice.user.click(answer, label=label)
        (answer,) = [m for m in town.alice.user.dm_channel.history() if m.embeds]
        assert services.privacy.opted_out(town.alice.id) is (label == OUT)
    # The view that was made for the click looks after the new button.
    await town.alice.user.click(answer, label=OUT)
    assert services.privacy.opted_out(town.alice.id)


async def test_a_button_that_nobody_shows_works_for_oneself_alone(
    town: Town, services: Services
) -> None:
    bob = town.join("bob")
    message = await town.alice.send(town.channel, "hello")
    forged = button(f"privacy:{town.alice.id}:0123abcd:1:out")
    click = await forge(bob, town.channel, COMPONENT, forged, message=message)
    assert "for the one who asked" in refused_privately(click)
    for custom_id in (
        f"privacy:{bob.id}:0123abcd:1:away",
        f"privacy:{bob.id}:0123abcd:out",
        f"privacy:{bob.id}\n:0123abcd:1:out",
        f"privacy:{'1' * 21}:0123abcd:1:out",
    ):
        await forge(bob, town.channel, COMPONENT, button(custom_id), message=message)
    assert not services.privacy.opted_out(bob.id)
    assert not services.privacy.opted_out(town.alice.id)


async def test_clicks_that_come_too_often_are_refused_after_a_restart(
    town: Town, services: Services, options: BotOptions
) -> None:
    await town.alice.send(town.channel, "!privacy")
    (answer,) = [m for m in town.alice.user.dm_channel.history() if m.embeds]
    await town.env.restart_bot(WhereisBot(services, replace(options, cooldown_uses=1)))
    custom_id = next(iter(buttons_of(answer).values())).custom_id
    private = town.alice.user.dm_channel
    for _ in range(CLICKS_PER_SEARCH):
        await forge(town.alice.user, private, COMPONENT, button(str(custom_id)), message=answer)
    click = await forge(town.alice.user, private, COMPONENT, button(str(custom_id)), message=answer)
    assert "That was quick" in refused_privately(click)


async def test_an_outage_is_said_to_who_clicks_after_a_restart(
    town: Town, services: Services, options: BotOptions, lose_database: LoseDatabase
) -> None:
    await town.alice.send(town.channel, "!privacy")
    (answer,) = [m for m in town.alice.user.dm_channel.history() if m.embeds]
    await town.env.restart_bot(WhereisBot(services, options))
    await lose_database()
    click = await town.alice.user.click(answer, label=OUT)
    (said,) = click.followups
    assert said.ephemeral
    assert "resting" in said.content
    assert not services.privacy.opted_out(town.alice.id)


async def test_two_clicks_at_once_opt_out_once(town: Town, services: Services) -> None:
    result = await town.alice.slash(town.channel, "privacy")
    assert result.response is not None
    (custom_id,) = [b.custom_id for b in buttons_of(result.response.message).values()]
    data = button(str(custom_id))
    await forge(town.alice, town.channel, COMPONENT, data, message=result.response, clicks=2)
    assert services.privacy.opted_out(town.alice.id)
