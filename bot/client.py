"""The Discord bot itself: its intents, what it may mention (nothing), and the cogs it loads."""

import logging
from dataclasses import dataclass

import discord
from discord.ext import commands

from bot.ingest import IngestService
from bot.net import Fetcher
from bot.search import SearchService
from db.index import SearchIndex

COGS = ("cogs.errors", "cogs.search", "cogs.admin", "cogs.info")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What the cogs call; they decide nothing themselves."""

    search: SearchService
    ingest: IngestService
    index: SearchIndex
    fetcher: Fetcher


@dataclass(frozen=True, slots=True)
class BotOptions:
    """How the bot behaves in Discord.

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


class WhereisBot(commands.Bot):
    """The bot. It carries the services; what it does is in the cogs."""

    def __init__(self, services: Services, options: BotOptions) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned_or(options.prefix),
            intents=intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            help_command=None,
            case_insensitive=True,
            strip_after_prefix=True,
            max_messages=1000,
        )
        self.services = services
        self.options = options

    async def setup_hook(self) -> None:
        """Load the cogs and tell Discord about the commands."""
        for name in COGS:
            await self.load_extension(name)
        synced = await self.tree.sync()
        log.info("%d application commands are known to Discord", len(synced))

    async def on_ready(self) -> None:
        """Say that the bot is there."""
        log.info("ready as %s in %d servers", self.user, len(self.guilds))

    async def is_owner(self, user: discord.abc.User, /) -> bool:
        """Whether a user owns the bot: named in the settings, or the application's owner."""
        return user.id in self.options.owner_ids or await super().is_owner(user)
