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
from bot.metrics import Metrics, Sample
from bot.net import Fetcher, traced
from bot.privacy import PrivacyService
from bot.requests import begin
from bot.rules import RulesService
from bot.search import SearchService
from bot.shards import SINGLE, Gate, Shards, Starts
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
# Codes by which the gateway refuses a shard: there is no such one, or there are too few.
INVALID_SHARD, SHARDING_REQUIRED = 4010, 4011

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


class WhereisBot(commands.AutoShardedBot):
    """The bot. It carries the services; what it does is in the cogs.

    It has the ``shards`` given, or all of as many as Discord advises where there are ``None``; each
    waits at the ``gate`` until it may say who it is.
    """

    def __init__(
        self,
        services: Services,
        options: BotOptions,
        *,
        shards: Shards | None = SINGLE,
        gate: Gate | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self.metrics = metrics or Metrics()
        given: dict[str, Any] = {}
        if shards is not None:
            given = {"shard_ids": list(shards.ids), "shard_count": shards.count}
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
            **given,
        )
        self.services = services
        self.options = options
        self._gate = gate or Gate()
        tolerate(self)
        # The shards that have a connection, over which Discord has said what there is.
        self._up: set[int] = set()
        self.metrics.read(
            "whereis_gateway_up",
            lambda: [((str(shard),), shard in self._up) for shard in sorted(self.shards)],
        )
        self.metrics.read("whereis_gateway_latency_seconds", self._latencies)
        self.metrics.number("whereis_guilds", lambda: len(self.guilds))

    @property
    def connected(self) -> bool:
        """Whether all shards have a connection, over which Discord has said what there is."""
        return self.is_ready() and not self.is_closed() and self._up >= self.shards.keys()

    async def setup_hook(self) -> None:
        """Read the rules, load the cogs and tell Discord about the commands."""
        await self.services.rules.load()
        await self.services.privacy.load()
        # Some are there already where an earlier log-in came so far.
        for name in COGS:
            if name not in self.extensions:
                await self.load_extension(name)
        # They are the same for all processes, and Discord counts how often it is told.
        if self.shard_ids is None or 0 in self.shard_ids:
            synced = await self.tree.sync()
            log.info("%d application commands are known to Discord", len(synced))

    async def launch_shard(self, gateway: Any, shard_id: int, *, initial: bool = False) -> None:
        """Connect a shard once it is its turn: a connection that only waits is taken for dead."""
        await self._gate.take(shard_id, self._starts)
        await super().launch_shard(gateway, shard_id, initial=initial)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Note that a shard says who it is; one that begins anew waits for its turn here."""
        await self._gate.use(shard_id or 0, self._starts)

    async def _starts(self) -> Starts:
        try:
            limits = await self.fetch_session_start_limits()
        except (discord.GatewayNotFound, *OUT_OF_REACH) as error:
            log.warning(
                "Discord did not say how many shards may start at once: %s", type(error).__name__
            )
            return Starts()
        return Starts(limits.max_concurrency, limits.remaining, limits.reset_after / 1000)

    async def close(self) -> None:
        """Leave Discord, and let other processes have their turn."""
        try:
            await super().close()
        finally:
            await self._gate.close()

    async def on_ready(self) -> None:
        """Say that the bot is there."""
        shards = ", ".join(str(number) for number in sorted(self.shards))
        log.info(
            "ready as %s in %d servers, with shard %s of %s",
            self.user,
            len(self.guilds),
            shards,
            self.shard_count,
        )

    async def on_shard_connect(self, shard_id: int) -> None:
        """Note a new connection to Discord."""
        self._up.add(shard_id)
        self.metrics.gateway_events.labels("connect").inc()

    async def on_shard_resumed(self, shard_id: int) -> None:
        """Note that a connection goes on where it broke off."""
        self._up.add(shard_id)
        self.metrics.gateway_events.labels("resume").inc()

    async def on_shard_disconnect(self, shard_id: int) -> None:
        """Note that a connection is lost, or that one could not be made."""
        self._up.discard(shard_id)
        self.metrics.gateway_events.labels("disconnect").inc()

    async def invoke(self, ctx: commands.Context["WhereisBot"], /) -> None:  # type: ignore[override]
        """Have a text command done, as a request."""
        if ctx.command is not None:
            begin("text", self.metrics, ctx.guild.id if ctx.guild is not None else None)
        await super().invoke(ctx)

    def _latencies(self) -> list[Sample]:
        # No number before the first heartbeat, and none that is one while there is no answer.
        return [((str(shard),), spent) for shard, spent in self.latencies if math.isfinite(spent)]

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

    Raises :class:`bot.errors.ConfigurationError` when the token, the intents or the shards are
    wrong, and :class:`bot.errors.DisconnectedError` when Discord does not let the bot stay.
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
        if closed.code in (INVALID_SHARD, SHARDING_REQUIRED):
            raise ConfigurationError(
                "Discord does not take these shards: there is none of that number, or there are "
                "too few for the servers that the bot is in. Start all processes of the bot with "
                "more shards (--shards or WHEREIS_SHARDS), or with none given in a single process, "
                "which then has as many as Discord advises."
            ) from None
        raise DisconnectedError(
            f"Discord closed the connection with code {closed.code}, and does not take the bot "
            "back; https://discord.com/developers/docs/topics/opcodes-and-status-codes says what "
            "the code means."
        ) from None
    finally:
        told.cancel()
        serving.cancel()
        await asyncio.wait({serving, told}, timeout=CLOSING)
        # A shard that connects anew takes no notice of that, and ends when all is closed.
        await _close(bot)
        await asyncio.wait({serving, told}, timeout=CLOSING)


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
