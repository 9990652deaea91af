"""What the bot misses when the gateway has a bad day: nothing that Discord has kept for it."""

import asyncio
from collections.abc import AsyncIterator, Callable

import discord as library
import pytest
import pytest_asyncio

from bot.client import Services
from bot.errors import DisconnectedError
from bot.gateway import MOST_BREAKDOWNS
from tests.fake_discord import FakeDiscord, payloads
from tests.fake_discord.faults import Fault as RestFault
from tests.fake_discord.faults import Held, answers, broken, dropped
from tests.fake_discord.gateway import (
    CONNECT,
    DISPATCH,
    HEARTBEAT,
    IDENTIFY,
    INVALID_SESSION,
    RECONNECT,
    RESUME,
    Connection,
    Fault,
)
from tests.integration.wire.conftest import TITLE, Town, is_ready, running

SEND = "POST /channels/*/messages"


def closes(code: int) -> Fault:
    """Close with a code."""
    return lambda connection: connection.close(code)


def invalidates(*, resumable: bool) -> Fault:
    """Say that the session is invalid."""
    return lambda connection: connection.send({"op": INVALID_SESSION, "d": resumable})


def says(event: str, data: object) -> Fault:
    """Send an event that makes no sense."""
    return lambda connection: connection.send({"op": DISPATCH, "t": event, "s": 1, "d": data})


def is_silent(connection: Connection) -> None:
    """Say nothing any more."""
    connection.hushed = True


@pytest_asyncio.fixture(loop_scope="session")
async def starting(services: Services) -> AsyncIterator[Town]:
    """A bot that has not begun to log in."""
    async with running(services) as town:
        yield town


@pytest_asyncio.fixture(loop_scope="session")
async def impatient(services: Services) -> AsyncIterator[Town]:
    """A bot that has not begun to log in; a second of silence is the end of its connection."""
    async with running(services, heartbeat_timeout=1.0) as town:
        town.discord.rules.heartbeat = 0.2
        yield town


BEFORE_READY = {
    "refused": (CONNECT, Connection.drop),
    "closed at once": (CONNECT, closes(1001)),
    "dropped": (IDENTIFY, Connection.drop),
    "closed with 1000": (IDENTIFY, closes(1000)),
    "closed with 4000": (IDENTIFY, closes(4000)),
    "closed with 4009": (IDENTIFY, closes(4009)),
    "silent": (IDENTIFY, is_silent),
    "invalid": (IDENTIFY, invalidates(resumable=False)),
    "invalid, to be resumed": (IDENTIFY, invalidates(resumable=True)),
    "told to come again": (IDENTIFY, lambda c: c.send({"op": RECONNECT, "d": None})),
}


@pytest.mark.parametrize(("when", "fault"), BEFORE_READY.values(), ids=BEFORE_READY)
async def test_a_log_in_that_fails_is_tried_again(impatient: Town, when: int, fault: Fault) -> None:
    impatient.discord.gateway.plan(when, fault)
    await is_ready(impatient)
    await impatient.is_answered()


async def test_a_greeting_without_sense_is_no_silent_end(starting: Town) -> None:
    starting.discord.gateway.plan(IDENTIFY, says("READY", {}))
    try:
        await is_ready(starting)
    except AssertionError:
        # A client of several shards ends, so that whoever looks after it starts it again.
        with pytest.raises(DisconnectedError):
            await starting.running
    else:
        await starting.is_answered()


AFTER_READY = {
    "dropped": lambda d: d.gateway.drop(),
    "closed with 1000": lambda d: d.gateway.close(1000),
    "closed with 4000": lambda d: d.gateway.close(4000),
    "closed with 4009": lambda d: d.gateway.close(4009),
    "told to come again": lambda d: d.gateway.tell(RECONNECT),
    "invalid, to be resumed": lambda d: d.gateway.tell(INVALID_SESSION, True),
    "silent": lambda d: d.gateway.hush(),
}


@pytest.mark.parametrize("fault", AFTER_READY.values(), ids=AFTER_READY)
async def test_what_was_asked_meanwhile_is_answered_once(
    impatient: Town, fault: Callable[[FakeDiscord], None]
) -> None:
    discord = impatient.discord
    await is_ready(impatient)
    await impatient.is_answered()
    fault(discord)
    message, command = impatient.ask(), impatient.slash()
    assert TITLE in (await discord.reply_to(message)).text
    assert TITLE in (await discord.answer_to(command)).text
    await impatient.is_answered()
    assert len(impatient.said()) == 4
    assert len(discord.heard.signals("identify")) == 1
    assert discord.heard.signals("resume")


async def test_a_server_that_the_bot_was_not_told_of_is_answered(starting: Town) -> None:
    starting.discord.rules.tells_servers = False
    await starting.discord.welcomed()
    message, command = starting.ask(), starting.slash()
    assert TITLE in (await starting.discord.reply_to(message)).text
    assert TITLE in (await starting.discord.answer_to(command)).text


async def test_a_session_that_is_gone_is_begun_anew(town: Town) -> None:
    town.discord.gateway.forget()
    town.discord.gateway.tell(INVALID_SESSION, False)
    await town.discord.heard.until_signal("identify")
    await town.is_answered()


async def test_a_resumption_that_fails_is_tried_again(town: Town) -> None:
    town.discord.gateway.plan(RESUME, Connection.drop)
    town.discord.gateway.plan(RESUME, closes(4000))
    town.discord.gateway.drop()
    asked = town.ask()
    assert TITLE in (await town.discord.reply_to(asked)).text
    assert len(town.discord.heard.signals("resume")) == 3
    await town.is_answered()


async def test_a_heartbeat_without_an_answer_is_no_end(impatient: Town) -> None:
    impatient.discord.gateway.plan(HEARTBEAT, lambda _: None)
    await is_ready(impatient)
    await impatient.discord.heard.until_signal("heartbeat", 3)
    await impatient.is_answered()


async def test_an_answer_that_is_being_found_is_given_once_when_the_line_drops(town: Town) -> None:
    reading = Held()
    town.discord.faults.on("GET /cdn/*", reading, times=2)
    message, command = town.ask(), town.slash()
    await town.discord.heard.until_asked("GET /cdn/*", 2)
    town.discord.gateway.drop()
    await town.discord.heard.until_signal("resume")
    reading.free.set()
    assert TITLE in (await town.discord.reply_to(message)).text
    assert TITLE in (await town.discord.answer_to(command)).text
    await town.is_answered()
    assert len(town.said()) == 3


async def test_a_message_that_comes_twice_is_answered_once(town: Town) -> None:
    asked = town.ask()
    town.discord.gateway.dispatch("MESSAGE_CREATE", payloads.message(asked), town.guild.id)
    assert TITLE in (await town.discord.reply_to(asked)).text
    await town.discord.heard.until_asked("PATCH /channels/*/messages/*")
    await town.is_answered()
    assert len(town.said()) == 2


SENSELESS = {
    "a message": ("MESSAGE_CREATE", {"id": "1"}),
    "a message of another form": ("MESSAGE_CREATE", []),
    "a number too few": ("MESSAGE_DELETE", {"id": None, "channel_id": "1"}),
    "a server": ("GUILD_CREATE", {"id": "5"}),
    "a command": ("INTERACTION_CREATE", {"id": "1", "type": 2}),
    "an event that nobody knows": ("SOMETHING_NEW", {"id": 1}),
}


@pytest.mark.parametrize(("event", "data"), SENSELESS.values(), ids=SENSELESS)
async def test_an_event_without_sense_is_left_out(town: Town, event: str, data: object) -> None:
    town.discord.gateway.dispatch(event, data, town.guild.id)
    await town.is_answered()
    assert not town.discord.heard.signals("connect")


async def test_a_connection_that_breaks_down_again_and_again_is_given_up(starting: Town) -> None:
    for _ in range(MOST_BREAKDOWNS + 1):
        starting.discord.gateway.plan(IDENTIFY, says("READY", {}))
    with pytest.raises(DisconnectedError, match="broke down"):
        await asyncio.wait_for(starting.running, 10)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (4004, library.LoginFailure),
        (4011, library.ConnectionClosed),
        (4013, library.ConnectionClosed),
        (4014, library.PrivilegedIntentsRequired),
    ],
)
async def test_a_refusal_is_not_tried_again(
    starting: Town, code: int, error: type[Exception]
) -> None:
    await is_ready(starting)
    starting.discord.gateway.close(code)
    with pytest.raises(error):
        await asyncio.wait_for(starting.running, 10)
    assert len(starting.discord.heard.signals("connect")) == 1


OUT_OF_REACH = {
    "500": broken(500),
    "503": broken(503),
    "lost": dropped(),
    "banned": answers({}, 429),
}


@pytest.mark.parametrize("route", ["GET /users/@me", "PUT /applications/*/commands"])
@pytest.mark.parametrize("fault", OUT_OF_REACH.values(), ids=OUT_OF_REACH)
async def test_a_discord_that_is_out_of_reach_is_waited_for(
    starting: Town, route: str, fault: RestFault
) -> None:
    # A client tries an answer of 500 five times by itself, and a GET that is lost twice.
    starting.discord.faults.on(route, fault, times=6)
    await is_ready(starting)
    await starting.is_answered()
