"""What people read about errors, and what they never read."""

import inspect
import logging

import discord
import pytest
from discord import app_commands
from discord.ext import commands

from bot import errors
from bot.errors import (
    ConfigurationError,
    DatabaseBusyError,
    DatabaseError,
    DatabaseUnavailableError,
    LoginRefusedError,
    NotAllowedError,
    NotFoundError,
    ReadOnlyError,
    RefusedURLError,
    UncertainWriteError,
)
from bot.net import NetworkError
from cogs.errors import PAST, TROUBLE, explain, root_of, usage


class Answered:
    """As much of an HTTP response as discord.py's exceptions look at."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.reason = "because"


def forbidden(code: int) -> discord.Forbidden:
    return discord.Forbidden(Answered(403), {"code": code, "message": "no"})


def wrapped(error: Exception) -> list[Exception]:
    """An error as the command frameworks hand it on."""

    @app_commands.command(name="x", description="x")
    async def command(_: discord.Interaction) -> None: ...

    return [
        error,
        commands.CommandInvokeError(error),
        commands.HybridCommandError(app_commands.CommandInvokeError(command, error)),
        app_commands.CommandInvokeError(command, error),
    ]


@pytest.mark.parametrize("kind", [NotFoundError, NotAllowedError, RefusedURLError])
def test_our_own_errors_speak_for_themselves(kind: type[errors.WhereisError]) -> None:
    for error in wrapped(kind("There is no picture 5.")):
        assert explain(error) == "There is no picture 5."


def test_an_error_of_ours_behind_a_converters() -> None:
    error = commands.BadArgument("hm")
    error.__cause__ = NotFoundError("There is no such thing.")
    assert explain(error) == "There is no such thing."


def test_of_the_database_only_the_operator_reads_the_details(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for error in wrapped(DatabaseUnavailableError("db.internal:5432 refused")):
        sentence = explain(error) or ""
        assert "db.internal" not in sentence
        assert "try again" in sentence
    assert "db.internal:5432 refused" in caplog.text


@pytest.mark.parametrize(
    ("error", "read"),
    [
        (DatabaseUnavailableError, "resting, try again in a moment"),
        (DatabaseBusyError, "resting, try again in a moment"),
        (LoginRefusedError, "resting, try again in a moment"),
        (ReadOnlyError, "can be searched but nothing can be added"),
        (UncertainWriteError, "may be stored or not"),
    ],
)
def test_what_is_read_says_what_may_be_done_now(error: type[DatabaseError], read: str) -> None:
    assert read in (explain(error("db.internal:5432 refused")) or "")


@pytest.mark.parametrize("unforeseen", [KeyError("secret"), ConfigurationError("secret")])
def test_what_nobody_foresaw_has_a_reference(
    unforeseen: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        sentence = explain(commands.CommandInvokeError(unforeseen), "command whereis") or ""
    assert "secret" not in sentence
    (record,) = caplog.records
    reference = sentence.partition("reference ")[2][:6]
    assert reference in record.message
    assert "command whereis" in record.message
    assert record.exc_info is not None
    assert record.exc_info[1] is unforeseen


def test_two_failures_have_two_references() -> None:
    assert explain(KeyError()) != explain(KeyError())


def test_silence() -> None:
    assert explain(commands.CommandNotFound()) is None
    assert explain(app_commands.CommandNotFound("x", [])) is None


@pytest.mark.parametrize("code", PAST)
def test_what_is_past_is_not_spoken_of(code: int) -> None:
    past = discord.HTTPException(Answered(400), {"code": code, "message": "Past"})
    assert explain(commands.CommandInvokeError(past)) is None
    assert explain(discord.HTTPException(Answered(400), {"code": 50035, "message": "No"}))


@pytest.mark.parametrize(
    "trouble",
    [
        NetworkError("cdn.internal:443 refused"),
        discord.DiscordServerError(Answered(503), "upstream"),
        discord.HTTPException(Answered(429), "banned"),
    ],
    ids=["lost", "503", "429"],
)
def test_trouble_of_discord_is_told_as_such(
    trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert explain(commands.CommandInvokeError(trouble), "command whereis") == TROUBLE
    assert "command whereis" in caplog.text
    assert "internal" not in caplog.text


def test_an_error_of_this_machine_is_not_taken_for_discords() -> None:
    for error in (OSError("no space left"), TimeoutError()):
        assert "reference" in (explain(commands.CommandInvokeError(error)) or "")


def test_cooldowns_explain_themselves() -> None:
    bucket = app_commands.Cooldown(5, 30)
    expected = "one person may ask 5 times in 30 seconds. Try again in 12 seconds."
    for error in (
        commands.CommandOnCooldown(bucket, 11.2, commands.BucketType.user),
        app_commands.CommandOnCooldown(bucket, 11.2),
    ):
        assert (explain(error) or "").endswith(expected)
    once = app_commands.CommandOnCooldown(app_commands.Cooldown(1, 2.5), 0.01)
    assert (explain(once) or "").endswith("ask once in 2.5 seconds. Try again in 1 second.")


def test_missing_and_wrong_arguments() -> None:
    async def command(ctx: object, page_title: str) -> None: ...

    parameter = commands.Command(command).params["page_title"]
    assert explain(commands.MissingRequiredArgument(parameter)) == (
        "Something is missing: *page title*."
    )
    sentence = explain(commands.BadArgument("“**x**” is no number")) or ""
    assert "\\*\\*x\\*\\*" in sentence


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (commands.NoPrivateMessage(), "server"),
        (app_commands.NoPrivateMessage(), "server"),
        (commands.CheckFailure(), "may not"),
        (app_commands.CheckFailure(), "may not"),
        (commands.DisabledCommand(), "off"),
        (commands.CommandInvokeError(forbidden(50013)), "permission"),
    ],
)
def test_everything_else_has_a_sentence(error: Exception, word: str) -> None:
    assert word in (explain(error) or "")


def test_every_error_of_the_tree_has_an_answer() -> None:
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.WhereisError):
            assert explain(kind("A sentence."))


def test_root_of_ends_at_our_own_error() -> None:
    inner = NotFoundError("x")
    inner.__cause__ = KeyError()
    assert root_of(commands.CommandInvokeError(inner)) is inner


def test_usage_with_an_example() -> None:
    async def command(ctx: object, *, title: str) -> None: ...

    add: commands.Command[None, ..., None] = commands.Command(
        command, name="addimage", extras={"example": "addimage Mount Everest"}
    )
    assert usage(add, "!") == (
        "Write it like this: `!addimage <title>`, for example `!addimage Mount Everest`"
    )
    bare: commands.Command[None, ..., None] = commands.Command(command, name="undo", usage="")
    assert usage(bare, "?") == "Write it like this: `?undo`"
