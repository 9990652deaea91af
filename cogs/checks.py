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

from bot.client import WhereisBot
from bot.errors import NotAllowedError

T = TypeVar("T")
Asks = commands.Context[Any] | discord.Interaction[Any]

ONLY_IN_SERVERS = (
    "This looks after a server's own pictures, so it works in a server and not in private messages."
)
ONLY_MODERATORS = "Only moderators may do that: it needs the permission *Manage Server*{role}."
ONLY_OWNERS = "Only the bot's owner may do that."
NO_VOICE = (
    "My answer needs the permissions *Send Messages* and *Embed Links* in that channel. Nothing "
    "was done; ask a moderator for them, or ask me elsewhere."
)

ELSEWHERE = "That belongs to another place. Ask again where you want it."

log = logging.getLogger(__name__)


class RefusedError(NotAllowedError, commands.CheckFailure, app_commands.CheckFailure):
    """A check said no.

    It is a check failure to both command frameworks, so that each hands it to the presenter of
    errors as its own, and carries the sentence that the person reads.
    """


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


def _user_id(user: discord.abc.User) -> int:
    return user.id


async def is_owner(bot: WhereisBot, user: discord.abc.User) -> bool:
    """Whether a user owns the bot; no, when Discord can't be asked."""
    try:
        return await bot.is_owner(user)
    except discord.HTTPException as error:
        log.warning("Discord did not say who owns the bot: %s", error)
        return False


def manages(
    user: discord.abc.User, guild: discord.abc.Snowflake | None, moderator_role: str | None
) -> bool:
    """Whether a user manages a server: by *Manage Server*, or by the role set in the settings.

    ``moderator_role`` is a role's name or id; the role that everyone has never counts.
    """
    if guild is None or not isinstance(user, discord.Member) or user.guild.id != guild.id:
        return False
    if user.guild_permissions.manage_guild:
        return True
    if not moderator_role:
        return False
    return any(
        moderator_role in (role.name, str(role.id)) for role in user.roles if not role.is_default()
    )


async def is_moderator(
    bot: WhereisBot, user: discord.abc.User, guild: discord.abc.Snowflake | None
) -> bool:
    """Whether a user may change a server's own pictures: its moderators and the bot's owner."""
    return manages(user, guild, bot.options.moderator_role) or await is_owner(bot, user)


async def require_moderator(
    bot: WhereisBot, user: discord.abc.User, guild: discord.abc.Snowflake | None
) -> None:
    """Raise :class:`RefusedError` for anyone else; the bot's owner passes in DMs too."""
    if await is_moderator(bot, user, guild):
        return
    if guild is None:
        raise RefusedError(ONLY_IN_SERVERS)
    role = bot.options.moderator_role
    raise RefusedError(
        ONLY_MODERATORS.format(role=f" or the moderators' role of the bot ({role})" if role else "")
    )


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
