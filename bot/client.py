"""The Discord bot itself: its intents, what it may mention (nothing), and the cogs it loads."""

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.cards import CardService
from bot.errors import ConfigurationError, DisconnectedError, DownloadFailedError
from bot.flow import Admission, Stop, Work
from bot.gateway import OUT_OF_REACH, stay, tolerate
from bot.ingest import Curation, IngestService
from bot.metrics import Metrics
from bot.net import Fetcher, traced
from bot.privacy import PrivacyService
from bot.requests import begin
from bot.rules import RulesService
from bot.search import SearchService
from bot.watch import WatchService
from db.index import SearchIndex

COGS = (
    "cogs.errors",
    "cogs.stopping",
    "cogs.search",
    "cogs.admin",
    "cogs.bulk",
    "cogs.settings",
    "cogs.watch",
    "cogs.privacy",
    "cogs.info",
)
LOGIN_TIMEOUT = 10.0

# Seconds for Discord to agree that the connection ends.
CLOSING = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What the cogs call; they decide nothing themselves.

    ``turns`` is taken for each picture that is read, and ``work`` notes what is being answered.
    """

    search: SearchService
    ingest: IngestService
    index: SearchIndex
    fetcher: Fetcher
    curation: Curation
    rules: RulesService
    watch: WatchService
    privacy: PrivacyService
    cards: CardService | None = None
    turns: Admission = field(default_factory=Admission)
    work: Work = field(default_factory=Work)


@dataclass(frozen=True, slots=True)
class BotOptions:
    """How the bot behaves in Discord, where a server has no rules of its own.

    ``owner_ids`` are Discord users besides the application's own owners.  ``moderator_role`` is a
    role's name or id, which lets its holders do what *Manage Server* does.  A member may search
    ``cooldown_uses`` times in ``cooldown_seconds``.  ``max_pictures`` of one message are searched,
    each of at most ``max_bytes``; a download takes at most ``fetch_timeout`` seconds.
    """

    prefix: str = "!"
    owner_ids: frozenset[int] = frozenset()
    moderator_role: str | None = None
    cooldown_uses: int = 5
    cooldown_seconds: float = 30.0
    max_pictures: int = 5
    max_bytes: int = 25 * 1024 * 1024
    fetch_timeout: float = 10.0


def intents() -> discord.Intents:
    """What the bot hears: messages and their content, and nothing about presence or members."""
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.guild_messages = True
    wanted.dm_messages = True
    wanted.message_content = True
    wanted.emojis_and_stickers = True
    return wanted


def permissions() -> discord.Permissions:
    """Exactly what the invite link asks for."""
    return discord.Permissions(
        view_channel=True,
        send_messages=True,
        send_messages_in_threads=True,
        embed_links=True,
        read_message_history=True,
    )


class WhereisTree(app_commands.CommandTree["WhereisBot"]):
    """Slash commands and menus. Each use of one is a request."""

    async def interaction_check(self, interaction: discord.Interaction["WhereisBot"], /) -> bool:
        """Begin a request; what may be used is for the commands to say."""
        if interaction.type is discord.InteractionType.application_command:
            data: dict[str, Any] = dict(interaction.data or {})
            kind = data.get("type")
            slash = kind == discord.AppCommandType.chat_input.value
            begin("slash" if slash else "menu", self.client.metrics, interaction.guild_id)
        return True


class WhereisBot(commands.Bot):
    """The bot. It carries the services; what it does is in the cogs."""

    def __init__(
        self, services: Services, options: BotOptions, *, metrics: Metrics | None = None
    ) -> None:
        self.metrics = metrics or Metrics()
        super().__init__(
            command_prefix=_prefixes,
            intents=intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            help_command=None,
            case_insensitive=True,
            strip_after_prefix=True,
            max_messages=1000,
            tree_cls=WhereisTree,
            http_trace=traced(self._note_discord_request),
        )
        self.services = services
        self.options = options
        tolerate(self)
        self._connected = False
        self.metrics.read("whereis_gateway_up", lambda: [((self._shard,), self.connected)])
        self.metrics.read("whereis_gateway_latency_seconds", self._latencies)
        self.metrics.number("whereis_guilds", lambda: len(self.guilds))

    @property
    def connected(self) -> bool:
        """Whether there is a connection to Discord, over which it has said what there is."""
        return self._connected and self.is_ready() and not self.is_closed()

    @property
    def _shard(self) -> str:
        return str(self.shard_id or 0)

    async def setup_hook(self) -> None:
        """Read the rules, load the cogs and tell Discord about the commands."""
        await self.services.rules.load()
        await self.services.privacy.load()
        # Some are there already where an earlier log-in came so far.
        for name in COGS:
            if name not in self.extensions:
                await self.load_extension(name)
        synced = await self.tree.sync()
        log.info("%d application commands are known to Discord", len(synced))

    async def on_ready(self) -> None:
        """Say that the bot is there."""
        log.info("ready as %s in %d servers", self.user, len(self.guilds))

    async def on_connect(self) -> None:
        """Note a new connection to Discord."""
        self._connected = True
        self.metrics.gateway_events.labels("connect").inc()

    async def on_resumed(self) -> None:
        """Note that a connection goes on where it broke off."""
        self._connected = True
        self.metrics.gateway_events.labels("resume").inc()

    async def on_disconnect(self) -> None:
        """Note that a connection is lost, or that one could not be made."""
        self._connected = False
        self.metrics.gateway_events.labels("disconnect").inc()

    async def invoke(self, ctx: commands.Context["WhereisBot"], /) -> None:  # type: ignore[override]
        """Have a text command done, as a request."""
        if ctx.command is not None:
            begin("text", self.metrics, ctx.guild.id if ctx.guild is not None else None)
        await super().invoke(ctx)

    def _latencies(self) -> list[tuple[tuple[str, ...], float]]:
        # No number before the first heartbeat, and none that is one while there is no answer.
        return [((self._shard,), self.latency)] if math.isfinite(self.latency) else []

    def _note_discord_request(self, part: str, status: int | None) -> None:
        self.metrics.discord_requests.labels(part, "none" if status is None else status).inc()

    def prefix_of(self, guild: discord.abc.Snowflake | None) -> str:
        """What commands begin with in a server, or in private messages."""
        own = self.services.rules.of(None if guild is None else guild.id).prefix
        return own or self.options.prefix

    async def is_owner(self, user: discord.abc.User, /) -> bool:
        """Whether a user owns the bot: named in the settings, or the application's owner."""
        return user.id in self.options.owner_ids or await super().is_owner(user)


def _prefixes(bot: WhereisBot, message: discord.Message) -> list[str]:
    """What a command may begin with: the prefix, or a mention of the bot, which always works."""
    return commands.when_mentioned_or(bot.prefix_of(message.guild))(bot, message)


def _nothing() -> None:
    pass


async def connect(
    bot: WhereisBot, token: str, stop: Stop, *, stopping: Callable[[], None] = _nothing
) -> None:
    """Log in and serve until told to stop; then finish what is under way, and tell who asks anew.

    ``stopping`` is called when that begins.

    Raises :class:`bot.errors.ConfigurationError` when the token or the intents are wrong, and
    :class:`bot.errors.DisconnectedError` when Discord does not let the bot stay.
    """
    serving = asyncio.create_task(stay(bot, token))
    told = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
            return
        stopping()
        bot.services.turns.stop()
        await bot.services.work.finish()
    except discord.LoginFailure:
        raise ConfigurationError(
            "Discord does not accept the token in DISCORD_TOKEN. Reset it at "
            "https://discord.com/developers/applications (your application → Bot) and set it anew."
        ) from None
    except discord.PrivilegedIntentsRequired:
        raise ConfigurationError(
            "The bot may not read messages yet. Open "
            "https://discord.com/developers/applications, choose your application → Bot, switch "
            "on “Message Content Intent”, save, and start again."
        ) from None
    except discord.ConnectionClosed as closed:
        raise DisconnectedError(
            f"Discord closed the connection with code {closed.code}, and does not take the bot "
            "back; https://discord.com/developers/docs/topics/opcodes-and-status-codes says what "
            "the code means."
        ) from None
    finally:
        told.cancel()
        serving.cancel()
        await asyncio.wait({serving, told})
        await _close(bot)


async def _close(bot: WhereisBot) -> None:
    try:
        async with asyncio.timeout(CLOSING):
            await bot.close()
    except TimeoutError:
        log.info("Discord did not answer that the connection ends")


@dataclass(frozen=True, slots=True)
class Login:
    """What Discord says about a token."""

    application: str
    application_id: int
    message_content: bool

    @property
    def invite(self) -> str:
        """The link that invites the bot with exactly the permissions that it needs."""
        return invite_link(self.application_id)


def invite_link(application_id: int) -> str:
    """The link that invites a bot with exactly the permissions that it needs."""
    return discord.utils.oauth_url(
        application_id, permissions=permissions(), scopes=("bot", "applications.commands")
    )


async def try_token(token: str) -> Login:
    """Ask Discord who a token belongs to, without going online.

    Raises :class:`ConfigurationError` when the token is refused,
    :class:`DownloadFailedError` when Discord can't be reached.
    """
    client = discord.Client(intents=intents())
    try:
        async with client, asyncio.timeout(LOGIN_TIMEOUT):
            await client.login(token)
            info = await client.application_info()
    except discord.LoginFailure:
        raise ConfigurationError("Discord does not accept the token in DISCORD_TOKEN.") from None
    except (discord.HTTPException, *OUT_OF_REACH):
        raise DownloadFailedError("Discord could not be reached to try the token.") from None
    flags = info.flags
    return Login(
        application=info.name,
        application_id=info.id,
        message_content=flags.gateway_message_content or flags.gateway_message_content_limited,
    )
