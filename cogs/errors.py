"""The one presenter of errors, for text commands, slash commands, menus and buttons alike.

People read what happened and what to do; what nobody foresaw is logged with a short reference, and
they read the reference.
"""

import logging
import math
from typing import Any, TypeGuard

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import WhereisBot
from bot.errors import (
    ConfigurationError,
    DatabaseError,
    DownloadTooLargeError,
    FetchError,
    WhereisError,
)
from bot.metrics import Outcome
from bot.net import NetworkError
from bot.requests import current, join, new_id, note
from cogs import delivery
from cogs.checks import UnwelcomeError
from cogs.delivery import ACKNOWLEDGED_ALREADY, UNKNOWN_INTERACTION, UNKNOWN_WEBHOOK, UNSAID
from cogs.text import clip, escape, in_brief

NO_READ_HISTORY = 160002
UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008

# The place is gone, or the answer, or it came too late, or was given when this reached us the first
# time.
PAST = (UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, UNKNOWN_INTERACTION, ACKNOWLEDGED_ALREADY)

MAX_CONTENT = 2000

QUIET = (commands.CommandNotFound, app_commands.CommandNotFound)
LATE = (
    "Your command reached me late, and Discord took no answer to it any more. Look whether it did "
    "what you wanted, and use it again if not."
)
TOO_MANY = 429
TROUBLE = "Discord has trouble right now. Try again in a moment."
SENTENCES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (commands.NoPrivateMessage, app_commands.NoPrivateMessage),
        "That works in a server and not in private messages.",
    ),
    ((commands.DisabledCommand,), "That command is switched off."),
    ((commands.CheckFailure, app_commands.CheckFailure), "You may not do that here."),
    (
        (app_commands.CommandSignatureMismatch,),
        "That command has changed since Discord last heard of it. Try again in an hour.",
    ),
    (
        (discord.Forbidden,),
        "I lack a permission for that here. Please ask a moderator to look at my permissions.",
    ),
)

log = logging.getLogger(__name__)


async def setup(bot: WhereisBot) -> None:
    """Add the presenter to the bot."""
    await bot.add_cog(Errors(bot))


class Reticence:
    """Keeps the answers to a flood from being one.

    That they ask too often is told to a member once, until they may ask again; whatever else goes
    wrong, ``times`` in so many ``seconds``.
    """

    def __init__(self, times: int, seconds: float) -> None:
        self._told: dict[int, float] = {}
        self._errors: commands.CooldownMapping[int] = commands.CooldownMapping.from_cooldown(
            times, seconds, lambda user_id: user_id
        )

    def tells(self, user_id: int, error: BaseException) -> bool:
        """Whether a member is told of an error of a text command."""
        now = discord.utils.utcnow().timestamp()
        if not isinstance(error, commands.CommandOnCooldown):
            return not self._errors.update_rate_limit(user_id, now)
        self._told = {user: until for user, until in self._told.items() if until > now}
        if user_id in self._told:
            return False
        self._told[user_id] = now + error.retry_after
        return True


class Errors(commands.Cog):
    """Hears of every error of a command and answers it."""

    def __init__(self, bot: WhereisBot) -> None:
        self._bot = bot
        self._original = bot.tree.on_error
        self._reticence = Reticence(bot.options.cooldown_uses, bot.options.cooldown_seconds)

    async def cog_load(self) -> None:
        """Take over the errors of slash commands and menus."""
        self._bot.tree.on_error = on_tree_error  # type: ignore[method-assign]

    async def cog_unload(self) -> None:
        """Give them back."""
        self._bot.tree.on_error = self._original  # type: ignore[method-assign]

    @commands.Cog.listener()
    async def on_command_error(
        self, ctx: commands.Context[WhereisBot], error: commands.CommandError
    ) -> None:
        """Answer an error of a text command."""
        join()
        # A hybrid command that was used as a slash command is answered as one.
        if ctx.interaction is not None:
            await present(ctx.interaction, error)
            return
        self._bot.services.work.note()
        sentence = explain(error, f"command {ctx.command}")
        _note(error)
        if sentence is None or not self._reticence.tells(ctx.author.id, root_of(error)):
            return
        if isinstance(error, commands.UserInputError) and ctx.command is not None:
            sentence = f"{sentence}\n{usage(ctx.command, ctx.clean_prefix)}"
        if isinstance(root_of(error), UnwelcomeError):
            await _try(ctx.author, clip(sentence, MAX_CONTENT))
            return
        await say(ctx, sentence)


async def on_tree_error(
    interaction: discord.Interaction[Any], error: app_commands.AppCommandError
) -> None:
    """Answer an error of a slash command or a menu."""
    await present(interaction, error)


def explain(error: BaseException, where: str = "a command") -> str | None:
    """What a person reads about an error; ``None`` where there is nothing to say.

    What nobody foresaw is logged, with ``where`` it happened, under a reference that the person is
    told: the id of the request, if it is one's.
    """
    cause = root_of(error)
    if isinstance(cause, QUIET) or _is_past(cause):
        return None
    if isinstance(cause, DatabaseError):
        # Its own text is for the operator, and may name machines.
        log.error("%s: %s", where, cause)
        return cause.public
    if isinstance(cause, WhereisError) and not isinstance(cause, ConfigurationError):
        return cause.sentence
    if isinstance(cause, commands.CommandOnCooldown | app_commands.CommandOnCooldown):
        return _cooldown(cause)
    if isinstance(cause, commands.UserInputError | app_commands.TransformerError):
        return _misunderstood(cause)
    if _is_trouble(cause):
        log.warning("%s: Discord has trouble: %s", where, in_brief(cause))
        return TROUBLE
    for kinds, sentence in SENTENCES:
        if isinstance(cause, kinds):
            return sentence
    request = current()
    reference = new_id() if request is None else request.id
    log.error("%s failed (reference %s)", where, reference, exc_info=cause)
    return (
        f"Something went wrong on my side (reference {reference}). Try again; if it happens again, "
        "tell the one who runs me that reference."
    )


def outcome_of(error: BaseException) -> Outcome:
    """The word by which a request that ended in an error is counted."""
    cause = root_of(error)
    if isinstance(cause, commands.CommandOnCooldown | app_commands.CommandOnCooldown):
        return "cooldown"
    if isinstance(cause, DownloadTooLargeError):
        return "too_large"
    if isinstance(cause, FetchError):
        return "unfetched"
    if isinstance(cause, DatabaseError | ConfigurationError):
        return "failed"
    refusals = (WhereisError, commands.CheckFailure, app_commands.CheckFailure)
    return "refused" if isinstance(cause, (*refusals, commands.UserInputError)) else "failed"


def _note(error: BaseException) -> None:
    """Note how a request ended; a refusal only where nothing became of any picture."""
    request, outcome = current(), outcome_of(error)
    if request is not None and (
        not request.outcomes or (outcome == "failed" and not request.outcomes[outcome])
    ):
        note(outcome)


def root_of(error: BaseException) -> BaseException:
    """The error behind the wrappings of the command frameworks."""
    while True:
        inner = getattr(error, "original", None)
        if not isinstance(inner, BaseException):
            cause = error.__cause__
            # A check or a converter that lets one of our own errors speak for it.
            inner = cause if isinstance(cause, WhereisError) else None
        if inner is None or isinstance(error, WhereisError):
            return error
        error = inner


def usage(command: commands.Command[Any, ..., Any], prefix: str) -> str:
    """How a command is written, with its example where it has one (``extras={"example": …}``)."""
    written = f"{prefix}{command.qualified_name} {command.signature}".rstrip()
    line = f"Write it like this: `{written}`"
    example = command.extras.get("example")
    return f"{line}, for example `{prefix}{example}`" if example else line


async def say(ctx: commands.Context[Any], sentence: str) -> discord.Message | None:
    """Reply with a sentence; where the bot may not write, tell the person in a private message."""
    content = clip(sentence, MAX_CONTENT)
    reference = ctx.message.to_reference(fail_if_not_exists=False)
    try:
        return await delivery.say(
            ctx.channel, content=content, reference=reference, mention_author=False
        )
    except discord.Forbidden as error:
        if error.code == NO_READ_HISTORY:
            return await _try(ctx.channel, content)
        where = f"in #{escape(str(ctx.channel))}" if ctx.guild else "there"
        return await _try(ctx.author, clip(f"I may not write {where}. {content}", MAX_CONTENT))
    except UNSAID as error:
        log.warning("could not answer in channel %s: %s", ctx.channel.id, in_brief(error))
        return None


async def present(interaction: discord.Interaction[Any], error: BaseException) -> None:
    """Answer an error of an interaction, to the one who started it alone."""
    name = interaction.command.qualified_name if interaction.command else "button"
    sentence = explain(error, f"interaction {name}")
    _note(error)
    if sentence is not None:
        await whisper(interaction, sentence)
    elif _is_late(error, interaction):
        await _try(interaction.user, LATE)


async def whisper(interaction: discord.Interaction[Any], sentence: str) -> None:
    """Say something that only the one who clicked or asked reads."""
    content = clip(sentence, MAX_CONTENT)
    try:
        await delivery.persistently(lambda: _whisper(interaction, content))
    except UNSAID as failure:
        log.warning("could not answer interaction %s: %s", interaction.id, in_brief(failure))
        if _is_late(failure, interaction):
            await _try(interaction.user, content)


async def _whisper(interaction: discord.Interaction[Any], content: str) -> None:
    if not interaction.response.is_done():
        try:
            await interaction.response.send_message(content, ephemeral=True)
        except discord.HTTPException as error:
            if error.code != ACKNOWLEDGED_ALREADY:
                raise
        else:
            return
    await interaction.followup.send(content, ephemeral=True)


def _is_late(error: BaseException, interaction: discord.Interaction[Any]) -> bool:
    """Whether Discord takes no answer to a command any more; to a click it says so itself."""
    cause = root_of(error)
    return (
        isinstance(cause, discord.HTTPException)
        and cause.code in (UNKNOWN_INTERACTION, UNKNOWN_WEBHOOK)
        and interaction.type is discord.InteractionType.application_command
    )


async def _try(place: discord.abc.Messageable, content: str) -> discord.Message | None:
    try:
        return await delivery.say(place, content=content)
    except UNSAID as error:
        log.warning("could not answer: %s", in_brief(error))
        return None


def _is_trouble(error: BaseException) -> TypeGuard[Exception]:
    banned = isinstance(error, discord.HTTPException) and error.status == TOO_MANY
    return banned or isinstance(error, discord.DiscordServerError | NetworkError)


def _is_past(error: BaseException) -> bool:
    return isinstance(error, discord.HTTPException) and error.code in PAST


def _cooldown(error: commands.CommandOnCooldown | app_commands.CommandOnCooldown) -> str:
    seconds = max(math.ceil(error.retry_after), 1)
    rate, per = error.cooldown.rate, error.cooldown.per
    return (
        f"That was quick. So that everybody gets a turn, one person may ask {_times(rate)} in "
        f"{per:g} seconds. Try again in {seconds} second{'' if seconds == 1 else 's'}."
    )


def _misunderstood(error: commands.UserInputError | app_commands.TransformerError) -> str:
    match error:
        case commands.MissingRequiredArgument():
            return f"Something is missing: {_spoken(error.param.name)}."
        case commands.MissingRequiredAttachment():
            return "Something is missing: an attached picture."
        case commands.BadUnionArgument() | commands.BadLiteralArgument():
            return f"I don't understand what you wrote for {_spoken(error.param.name)}."
        case app_commands.TransformerError():
            return f"I don't understand “{escape(str(error.value), 100)}”."
    return f"I don't understand that: {escape(str(error), 200) or 'check what you wrote.'}"


def _times(count: float) -> str:
    return "once" if count == 1 else f"{count:g} times"


def _spoken(name: str) -> str:
    return f"*{escape(name.replace('_', ' '))}*"
