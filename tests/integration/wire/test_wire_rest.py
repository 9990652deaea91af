"""What becomes of an answer to a message where REST has a bad day."""

import pytest

from cogs.errors import TROUBLE
from tests.acceptance.world import Library
from tests.drawing import png
from tests.fake_discord import OWNER, File
from tests.fake_discord.faults import (
    CANNOT_WRITE_TO_USER,
    INVALID_FORM,
    MISSING_PERMISSIONS,
    NO_READ_HISTORY,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    Fault,
    Held,
    answers,
    broken,
    dropped,
    refused,
    too_fast,
)
from tests.fake_discord.model import EMBED_LINKS, EVERYBODY
from tests.integration.wire.conftest import TITLE, Town

SEND = "POST /channels/*/messages"
TYPING = "POST /channels/*/typing"
FILE = "GET /cdn/*"

PASSING = {
    "429": too_fast(0.05),
    "429 everywhere": too_fast(0.05, everywhere=True),
    "500": broken(500),
    "502": broken(502),
    "503": broken(503),
    "lost": dropped(),
    "done, and the answer lost": dropped(after=True),
}
"""What may go well the next time."""


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_what_passes_is_waited_for_and_the_answer_comes_once(
    town: Town, fault: Fault
) -> None:
    town.discord.faults.on(SEND, fault, times=2)
    await town.is_answered()
    await town.is_answered()


async def test_a_ban_is_explained_and_not_tried_against(town: Town) -> None:
    # Without the words of Discord's own that tell for how long.
    town.discord.faults.on(SEND, answers({}, 429))
    assert TROUBLE in (await town.discord.reply_to(town.ask())).text
    assert len(town.discord.heard.asked(SEND)) == 2
    await town.is_answered()


@pytest.mark.parametrize("fault", [broken(500), broken(503), dropped()], ids=["500", "503", "lost"])
async def test_what_lasts_is_explained_as_soon_as_it_may_be(town: Town, fault: Fault) -> None:
    town.discord.faults.on(SEND, fault, times=None)
    asked = town.ask()
    await until_it_explains(town)
    town.discord.faults.clear()
    assert TROUBLE in (await town.discord.reply_to(asked)).text
    await town.is_answered()


async def until_it_explains(town: Town) -> None:
    """Wait until the bot tries to say that there is trouble."""

    def tries() -> bool:
        asked = town.discord.heard.asked(SEND)
        return any(each.body.get("content") == TROUBLE for each in asked)

    await town.discord.heard.until(tries, "explanation")


@pytest.mark.parametrize(
    "fault",
    [Held(), dropped(), broken(500), refused(MISSING_PERMISSIONS)],
    ids=["slow", "lost", "500", "refused"],
)
async def test_no_answer_waits_for_the_typing_indicator(town: Town, fault: Fault) -> None:
    town.discord.faults.on(TYPING, fault, times=None)
    await town.is_answered()


async def test_a_question_that_was_deleted_is_answered(town: Town) -> None:
    reading = Held()
    town.discord.faults.on(FILE, reading)
    asked = town.ask()
    await reading.reached.wait()
    town.discord.delete(asked)
    reading.free.set()
    assert TITLE in (await town.discord.reply_to(asked)).text
    await town.is_answered()


async def test_an_edited_question_whose_answer_was_deleted_is_answered_anew(town: Town) -> None:
    asked = town.ask()
    first = await town.discord.reply_to(asked)
    town.discord.delete(first)
    town.discord.edit(asked, "!whereis please")
    second = await town.heard()
    assert TITLE in second.text
    assert second.refers_to == asked.id


async def test_a_channel_that_was_deleted_is_no_matter_for_the_log(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    town.discord.faults.on(SEND, refused(UNKNOWN_CHANNEL))
    town.ask()
    await town.discord.heard.until_asked(SEND)
    await town.is_answered()
    assert "reference" not in caplog.text


async def test_a_message_that_is_not_quoted_is_asked_for(town: Town) -> None:
    posted = town.discord.post(town.channel, OWNER, attachments=[town.picture])
    asked = town.discord.post(town.channel, town.alice, "!whereis", reply_to=posted, quotes=False)
    assert TITLE in (await town.discord.reply_to(asked)).text


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (refused(UNKNOWN_MESSAGE), "picture"),
        (dropped(), TITLE),
        (broken(503), TITLE),
    ],
    ids=["gone", "lost", "503"],
)
async def test_a_message_that_was_replied_to_and_does_not_come(
    town: Town, fault: Fault, says: str
) -> None:
    discord = town.discord
    posted = discord.post(town.channel, OWNER, attachments=[town.picture])
    town.discord.faults.on("GET /channels/*/messages/*", fault)
    asked = discord.post(town.channel, town.alice, "!whereis", reply_to=posted, quotes=False)
    assert says in (await discord.reply_to(asked)).text
    await town.is_answered()


async def test_a_message_that_discord_never_shows_is_told_from_none(town: Town) -> None:
    discord = town.discord
    posted = discord.post(town.channel, OWNER, attachments=[town.picture])
    discord.faults.on("GET /channels/*/messages/*", broken(503), times=None)
    asked = discord.post(town.channel, town.alice, "!whereis", reply_to=posted, quotes=False)
    assert "Discord did not show me the message" in (await discord.reply_to(asked)).text


async def test_a_history_that_discord_does_not_show_is_told_from_an_empty_one(town: Town) -> None:
    discord = town.discord
    discord.post(town.channel, OWNER, attachments=[town.picture])
    discord.faults.on("GET /channels/*/messages", broken(503), times=None)
    asked = discord.post(town.channel, town.alice, "!whereis")
    assert "Discord did not show me the last messages" in (await discord.reply_to(asked)).text
    discord.faults.clear()
    asked = discord.post(town.channel, town.alice, "!whereis")
    assert TITLE in (await discord.reply_to(asked)).text


async def test_a_missing_permission_is_explained(town: Town) -> None:
    town.discord.faults.on(SEND, refused(MISSING_PERMISSIONS))
    assert "I lack a permission" in (await town.discord.reply_to(town.ask())).text
    await town.is_answered()


async def test_where_the_bot_may_not_write_it_writes_to_the_one_who_asked(town: Town) -> None:
    private = town.discord.private(town.alice)
    here = f"POST /channels/{town.channel.id}/messages"
    town.discord.faults.on(here, refused(MISSING_PERMISSIONS), times=2)
    town.ask()
    assert "I may not write in #general" in (await town.heard(private)).text
    await town.is_answered()


async def test_where_it_may_write_nowhere_the_next_is_answered(town: Town) -> None:
    here = f"POST /channels/{town.channel.id}/messages"
    private = f"POST /channels/{town.discord.private(town.alice).id}/messages"
    town.discord.faults.on(here, refused(MISSING_PERMISSIONS), times=2)
    town.discord.faults.on(private, refused(CANNOT_WRITE_TO_USER))
    town.ask()
    await town.discord.heard.until_asked(private)
    await town.is_answered()


async def test_what_is_too_long_goes_in_words(town: Town) -> None:
    town.discord.faults.on(SEND, refused(INVALID_FORM))
    reply = await town.discord.reply_to(town.ask())
    assert TITLE in reply.content
    assert not reply.embeds
    await town.is_answered()


@pytest.mark.parametrize("embeds", [True, False], ids=["an embed", "words"])
async def test_the_longest_answer_fits(town: Town, library: Library, embeds: bool) -> None:
    titles = [f"{number:02}_{'&*_' * 80}" for number in range(40)]
    collection = await library.server(town.guild.id)
    await library.add(png(2), *titles, to=collection, file="f" * 200)
    if not embeds:
        town.discord.permit(town.guild, EVERYBODY & ~EMBED_LINKS)
    pictures = [File(f"{number}{'*' * 100}.png", png(2)) for number in range(5)]
    asked = town.discord.post(town.channel, town.alice, "!whereis", attachments=pictures)
    reply = await town.discord.reply_to(asked)
    assert titles[0][:10] in reply.text.replace("\\", "").replace(" ", "_")
    assert bool(reply.embeds) == embeds
    assert len(town.discord.heard.asked(SEND)) == 1


async def test_where_it_may_not_reply_it_writes(town: Town) -> None:
    town.discord.faults.on(SEND, refused(NO_READ_HISTORY))
    town.ask()
    assert TITLE in (await town.heard()).text
    await town.is_answered()


async def test_what_is_refused_in_every_form_is_explained(town: Town) -> None:
    town.discord.faults.on(SEND, refused(INVALID_FORM), times=2)
    assert "Something went wrong" in (await town.discord.reply_to(town.ask())).text
    await town.is_answered()


async def test_a_channel_that_the_bot_has_not_been_told_of(town: Town) -> None:
    place = town.discord.channel(town.guild, "new", told=False)
    assert TITLE in (await town.discord.reply_to(town.ask(channel=place))).text
