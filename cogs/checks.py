"""Who may do what: moderators of a server, and the bot's owner.

Discord's own default permissions decide what is *shown*; these checks decide what is *done*.  They
fail closed: where a permission or a role can't be seen, there is none.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import BotOptions, WhereisBot
from bot.errors import NotAllowedError
from cogs.delivery import UNSAID
from cogs.places import is_restricted, is_welcome, listed, rules_of
from cogs.text import escape, in_brief

# Who turns pages presses one button after the other.
CLICKS_PER_SEARCH = 10

T = TypeVar("T")
Asks = commands.Context[Any] | discord.Interaction[Any]

ONLY_IN_SERVERS = (
    "This looks after a server's own pictures, so it works in a server and not in private messages."
)
ONLY_MODERATORS = "Only moderators may do that: it needs the permission *Manage Server*{role}."
ONLY_MANAGERS = (
    "Who is a moderator is for those to say who have the permission *Manage Server*. Nothing was "
    "changed."
)
ONLY_OWNERS = "Only the bot's owner may do that."
NO_VOICE = (
    "My answer needs the permissions *Send Messages* and *Embed Links* in that channel. Nothing "
    "was done; ask a moderator for them, or ask me elsewhere."
)

ELSEWHERE = "That belongs to another place. Ask again where you want it."
UNWELCOME = (
    "You asked me in <#{channel}>{server}, and its moderators want me to answer in {channels} "
    "alone. Ask me there. Slash commands and the menu **Apps → Search image** I answer everywhere, "
    "but to you alone."
)
RESTRICTED = "Pictures in age-restricted channels are not searched here; so this server wants it."

log = logging.getLogger(__name__)


class RefusedError(NotAllowedError, commands.CheckFailure, app_commands.CheckFailure):
    """A check said no.

    It is a check failure to both command frameworks, so that each hands it to the presenter of
    errors as its own, and carries the sentence that the person reads.
    """


class UnwelcomeError(RefusedError):
    """A server does not want the bot to answer there; the person reads why in a private message."""


class OnCooldownError(commands.CommandOnCooldown, app_commands.AppCommandError):
    """Somebody asks too often, by whichever way; both command frameworks take it as theirs."""

    def __init__(self, cooldown: commands.Cooldown, retry_after: float) -> None:
        super().__init__(cooldown, retry_after, commands.BucketType.user)


class Pace:
    """How often one person may ask, over text, slash commands and menus together."""

    def __init__(self, uses: int, seconds: float) -> None:
        self._cooldowns: commands.CooldownMapping[discord.abc.User] = (
            commands.CooldownMapping.from_cooldown(uses, seconds, _user_id)
        )

    def count(self, user: discord.abc.User) -> None:
        """Count one time. Raises :class:`OnCooldownError` when that is too many."""
        now = discord.utils.utcnow().timestamp()
        bucket = self._cooldowns.get_bucket(user, now)
        wait = bucket.update_rate_limit(now) if bucket is not None else None
        if bucket is not None and wait:
            raise OnCooldownError(bucket, wait)


def clicks(options: BotOptions) -> Pace:
    """How often one person may press buttons and choose from menus."""
    return Pace(options.cooldown_uses * CLICKS_PER_SEARCH, options.cooldown_seconds)


def as_often_as_searches(ctx: commands.Context[WhereisBot]) -> commands.Cooldown:
    """How often a member may use a command that asks for something else than a search."""
    options = ctx.bot.options
    return commands.Cooldown(options.cooldown_uses, options.cooldown_seconds)


def _user_id(user: discord.abc.User) -> int:
    return user.id


async def is_owner(bot: WhereisBot, user: discord.abc.User) -> bool:
    """Whether a user owns the bot; no, when Discord can't be asked."""
    try:
        return await bot.is_owner(user)
    except UNSAID as error:
        log.warning("Discord did not say who owns the bot: %s", in_brief(error))
        return False


def manages(
    user: discord.abc.User, guild: discord.abc.Snowflake | None, moderator_role: str | int | None
) -> bool:
    """Whether a user manages a server: by *Manage Server*, or by a role.

    ``moderator_role`` is the name or the id of a role in the settings, or the id alone that a
    server's own rules have; the role that everyone has never counts.
    """
    if guild is None or not isinstance(user, discord.Member) or user.guild.id != guild.id:
        return False
    if user.guild_permissions.manage_guild:
        return True
    if not moderator_role:
        return False
    held = [role for role in user.roles if not role.is_default()]
    if isinstance(moderator_role, int):
        return any(role.id == moderator_role for role in held)
    return any(moderator_role in (role.name, str(role.id)) for role in held)


async def is_moderator(
    bot: WhereisBot, user: discord.abc.User, guild: discord.abc.Snowflake | None
) -> bool:
    """Whether a user may change a server's own pictures: its moderators and the bot's owner."""
    return manages(user, guild, _moderator_role(bot, guild)) or await is_owner(bot, user)


def _moderator_role(bot: WhereisBot, guild: discord.abc.Snowflake | None) -> str | int | None:
    """The role of moderators: that of the server's own rules, or else that of the settings."""
    own = rules_of(bot, guild).moderator_role
    return bot.options.moderator_role if own is None else own


def _role_words(bot: WhereisBot, guild: discord.abc.Snowflake) -> str:
    role = _moderator_role(bot, guild)
    if isinstance(role, int):
        found = guild.get_role(role) if isinstance(guild, discord.Guild) else None
        return f" or the role {escape(found.name, 100)}" if found is not None else ""
    return f" or the moderators' role of the bot ({role})" if role else ""


async def require_moderator(
    bot: WhereisBot, user: discord.abc.User, guild: discord.abc.Snowflake | None
) -> None:
    """Raise :class:`RefusedError` for anyone else; the bot's owner passes in DMs too."""
    if await is_moderator(bot, user, guild):
        return
    if guild is None:
        raise RefusedError(ONLY_IN_SERVERS)
    raise RefusedError(ONLY_MODERATORS.format(role=_role_words(bot, guild)))


async def require_manager(
    bot: WhereisBot, user: discord.abc.User, guild: discord.abc.Snowflake | None
) -> None:
    """Raise :class:`RefusedError` for those who are moderators by a role: they can't pass it on."""
    if not manages(user, guild, None) and not await is_owner(bot, user):
        raise RefusedError(ONLY_MANAGERS)


async def require_owner(bot: WhereisBot, user: discord.abc.User) -> None:
    """Raise :class:`RefusedError` for everybody but the bot's owner."""
    if not await is_owner(bot, user):
        raise RefusedError(ONLY_OWNERS)


def require_server(click: discord.Interaction[Any], guild_id: int | None) -> None:
    """Raise :class:`RefusedError` for a click from anywhere but the server that it is about.

    Who is a moderator in one server must not act with that in another.
    """
    if click.guild_id != guild_id:
        raise RefusedError(ELSEWHERE)


def require_voice(ctx: commands.Context[Any]) -> None:
    """Raise :class:`RefusedError` where the answer to a text command could not be posted."""
    if ctx.interaction is not None:
        return
    permissions = ctx.bot_permissions
    in_thread = isinstance(ctx.channel, discord.Thread)
    writes = permissions.send_messages_in_threads if in_thread else permissions.send_messages
    if not (writes and permissions.embed_links):
        raise RefusedError(NO_VOICE)


def require_welcome(ctx: commands.Context[Any]) -> None:
    """Raise :class:`UnwelcomeError` for a text command where a server does not want an answer."""
    rules = rules_of(cast(WhereisBot, ctx.bot), ctx.guild)
    if ctx.interaction is None and not is_welcome(rules, ctx.channel):
        server = f" of {escape(ctx.guild.name, 100)}" if ctx.guild else ""
        raise UnwelcomeError(
            UNWELCOME.format(channel=ctx.channel.id, server=server, channels=listed(rules.channels))
        )


def require_unrestricted(
    bot: WhereisBot, guild: discord.abc.Snowflake | None, channel: object
) -> None:
    """Raise :class:`RefusedError` where a server wants no pictures for adults searched."""
    if rules_of(bot, guild).restricted == "never" and is_restricted(channel):
        raise RefusedError(RESTRICTED)


def moderators_only() -> Callable[[T], T]:
    """Let only moderators use a command, be it text, slash or both.

    Put it above or below the decorator that makes the command.
    """

    async def check(asks: Asks) -> bool:
        bot, user = _who(asks)
        await require_moderator(bot, user, asks.guild)
        return True

    return _checked(check)


def owners_only() -> Callable[[T], T]:
    """Let only the bot's owner use a command; see :func:`moderators_only`."""

    async def check(asks: Asks) -> bool:
        await require_owner(*_who(asks))
        return True

    return _checked(check)


def _who(asks: Asks) -> tuple[WhereisBot, discord.abc.User]:
    if isinstance(asks, discord.Interaction):
        return cast(WhereisBot, asks.client), asks.user
    return cast(WhereisBot, asks.bot), asks.author


def _checked(check: Callable[[Asks], Awaitable[bool]]) -> Callable[[T], T]:
    def decorate(target: T) -> T:
        # A hybrid command asks the text check in both its forms; a bare function may become either.
        if not isinstance(target, commands.Command):
            app_commands.check(check)(target)  # type: ignore[arg-type]
        if not isinstance(target, app_commands.Command):
            commands.check(check)(target)  # type: ignore[arg-type]
        return target

    return decorate
