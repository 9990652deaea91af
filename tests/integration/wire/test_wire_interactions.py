"""What becomes of answers to commands and clicks where Discord has a bad day."""

import pytest

from cogs.errors import LATE, TROUBLE
from tests.fake_discord import OWNER, Interaction
from tests.fake_discord.faults import (
    INVALID_FORM,
    UNKNOWN_INTERACTION,
    UNKNOWN_WEBHOOK,
    Fault,
    broken,
    dropped,
    refused,
)
from tests.integration.wire.conftest import TITLE, Town
from tests.integration.wire.test_wire_rest import PASSING

CALLBACK = "POST /interactions/*/callback"
ORIGINAL = "/webhooks/*/messages/@original"
FOLLOWUP = "POST /webhooks/*"


async def is_answered_once(town: Town, used: Interaction) -> None:
    """See that a command is answered in its place, once, and the next one as well."""
    for each in (used, town.slash()):
        assert TITLE in (await town.discord.answer_to(each)).text
        assert len(each.answers) == 1


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_a_command_is_acknowledged_as_soon_as_may_be(town: Town, fault: Fault) -> None:
    town.discord.faults.on(CALLBACK, fault)
    await is_answered_once(town, town.slash())


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_a_command_is_answered_as_soon_as_may_be(town: Town, fault: Fault) -> None:
    town.discord.faults.on(f"PATCH {ORIGINAL}", fault, times=2)
    await is_answered_once(town, town.slash())


async def test_a_command_that_came_too_late_is_answered_in_the_channel(town: Town) -> None:
    town.discord.faults.on(CALLBACK, refused(UNKNOWN_INTERACTION))
    used = town.slash()
    said = await town.heard()
    assert TITLE in said.text
    assert f"<@{town.alice.id}>" in said.content
    assert said.body["allowed_mentions"] == {"parse": []}
    assert not used.answers
    await town.discord.answered(town.discord.click(said, town.alice, "Delete"))
    await is_answered_once(town, town.slash())


async def test_a_menu_that_was_used_too_late_is_answered_in_the_channel(town: Town) -> None:
    posted = town.discord.post(town.channel, OWNER, attachments=[town.picture])
    town.discord.faults.on(CALLBACK, refused(UNKNOWN_INTERACTION))
    town.discord.menu(posted, town.alice, "Search image")
    assert TITLE in (await town.heard()).text


async def test_what_was_to_be_private_is_private_when_it_is_late(town: Town) -> None:
    town.discord.faults.on(CALLBACK, refused(UNKNOWN_INTERACTION))
    town.slash(private=True)
    assert TITLE in (await town.heard(town.discord.private(town.alice))).text
    assert not town.said()
    await is_answered_once(town, town.slash())


async def test_an_answer_that_took_too_long_is_given_in_the_channel(town: Town) -> None:
    town.discord.faults.on(f"PATCH {ORIGINAL}", refused(UNKNOWN_WEBHOOK))
    used = town.slash()
    await town.discord.heard.until_asked("POST /channels/*/messages")
    await town.discord.heard.until(lambda: len(town.said()) == 2, "answer in the channel")
    assert TITLE in town.said()[-1].text
    assert used.original is town.said()[0]
    await is_answered_once(town, town.slash())


async def test_an_answer_that_is_too_long_goes_in_words(town: Town) -> None:
    town.discord.faults.on(f"PATCH {ORIGINAL}", refused(INVALID_FORM))
    said = await town.discord.answer_to(town.slash())
    assert TITLE in said.content
    assert not said.embeds


@pytest.mark.parametrize("fault", [broken(500), dropped()], ids=["500", "lost"])
async def test_what_lasts_is_explained(town: Town, fault: Fault) -> None:
    town.discord.faults.on(f"PATCH {ORIGINAL}", fault, times=None)
    assert TROUBLE in (await town.discord.answer_to(town.slash())).text
    town.discord.faults.clear()
    await is_answered_once(town, town.slash())


async def test_a_step_of_a_moderator_that_came_too_late_is_told_of(town: Town) -> None:
    town.discord.faults.on(CALLBACK, refused(UNKNOWN_INTERACTION))
    town.discord.slash(town.channel, OWNER, "settings")
    assert (await town.heard(town.discord.private(OWNER))).content == LATE
    again = town.discord.slash(town.channel, OWNER, "settings")
    assert "Commands begin with" in (await town.discord.answer_to(again)).text


async def test_an_error_that_can_not_be_told_in_place_is_told_in_private(town: Town) -> None:
    town.discord.faults.on(CALLBACK, refused(UNKNOWN_INTERACTION))
    town.discord.slash(town.channel, town.alice, "settings")
    said = await town.heard(town.discord.private(town.alice))
    assert "Only moderators may do that" in said.text


async def test_a_click_that_failed_may_be_repeated(town: Town) -> None:
    said = await town.discord.answer_to(town.slash())
    town.discord.faults.on(CALLBACK, refused(UNKNOWN_INTERACTION))
    town.discord.click(said, town.alice, "Delete")
    await town.discord.heard.until_asked(CALLBACK, 2)
    await town.discord.answered(town.discord.click(said, town.alice, "Delete"))
    assert said.id not in town.channel.messages


@pytest.mark.parametrize("fault", [dropped(), dropped(after=True)], ids=["lost", "done, but lost"])
async def test_a_click_that_got_lost_is_explained(town: Town, fault: Fault) -> None:
    said = await town.discord.answer_to(town.slash())
    town.discord.faults.on(CALLBACK, fault)
    used = town.discord.click(said, town.alice, "Delete")
    await town.discord.heard.until(lambda: any(TROUBLE in a.text for a in used.answers), TROUBLE)
    assert used.answers[-1].ephemeral
    await town.discord.answered(town.discord.click(said, town.alice, "Delete"))
    assert said.id not in town.channel.messages
