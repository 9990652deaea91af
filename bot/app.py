"""Where the parts of the bot and of the page are put together, in one ``async with``.

``bot.core`` has those that every command needs.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bot.cards import PATIENCE, CardService
from bot.changes import keeping_up
from bot.client import BotOptions, Services, WhereisBot, connect
from bot.config import Settings
from bot.core import chances, open_core, radii
from bot.errors import ConfigurationError, DatabaseError
from bot.health import Health, serve_health
from bot.images import Workers
from bot.net import Fetcher
from bot.net.mediawiki import MediaWikiClient
from bot.privacy import PrivacyService
from bot.rules import RulesService
from bot.shards import Gate
from bot.watch import WatchService
from bot.web import WebOptions, serve_web
from db import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class App:
    """The parts of a running program."""

    database: Database
    workers: Workers
    services: Services
    options: BotOptions


@asynccontextmanager
async def open_app(
    settings: Settings, *, say: Callable[[str], None], patience: float = 0.0
) -> AsyncIterator[App]:
    """Open the core and what the bot has besides, and close them in reverse.

    A database that is away is waited for with ``patience``, in seconds.  ``say`` is told in a
    sentence what takes long.  Raises :class:`bot.errors.DatabaseError`.
    """
    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(open_core(settings, say=say, patience=patience))
        database = core.database
        fetcher = await stack.enter_async_context(
            Fetcher(max_bytes=settings.max_bytes, timeout=settings.fetch_timeout)
        )
        services = Services(
            core.search,
            core.ingest,
            database.index,
            fetcher,
            curation=core.curation,
            rules=RulesService(database.rules, database.sightings),
            watch=WatchService(
                database.sightings, core.workers, core.search, radii(settings), chances(settings)
            ),
            privacy=PrivacyService(database.members),
            cards=await _cards(settings, database, stack),
        )
        yield App(database, core.workers, services, options(settings))


async def _cards(
    settings: Settings, database: Database, stack: AsyncExitStack
) -> CardService | None:
    """What tells of matches, unless the operator would rather ask no wiki."""
    if not settings.cards:
        return None
    client = MediaWikiClient(contact=settings.contact, patience=PATIENCE)
    return CardService(database.cards, await stack.enter_async_context(client))


def options(settings: Settings) -> BotOptions:
    """How the bot behaves in Discord."""
    return BotOptions(
        prefix=settings.prefix,
        owner_ids=settings.owner_ids,
        moderator_role=settings.moderator_role,
        cooldown_uses=settings.cooldown_uses,
        cooldown_seconds=settings.cooldown_seconds,
        max_pictures=settings.max_pictures,
        max_bytes=settings.max_bytes,
        fetch_timeout=settings.fetch_timeout,
    )


def web_options(settings: Settings) -> WebOptions:
    """How the page and the HTTP API behave."""
    return WebOptions(
        host=settings.web_host,
        port=settings.web_port,
        keys=frozenset(key.get_secret_value() for key in settings.web_keys),
        origins=settings.web_origins,
        proxies=settings.web_proxies,
        burst=settings.web_burst,
        per_minute=settings.web_per_minute,
        key_per_minute=settings.web_key_per_minute,
        at_once=settings.web_at_once,
        max_bytes=settings.max_bytes,
        upload_timeout=settings.web_upload_timeout,
    )


async def run_web(settings: Settings, *, say: Callable[[str], None]) -> None:
    """Serve the page and the HTTP API until SIGTERM or Ctrl-C.

    Raises :class:`ConfigurationError` where it can't listen.
    """
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    async with AsyncExitStack() as stack:
        app = await _open_unless_stopped(stack, settings, say)
        if app is None:
            return
        app.workers.warm_up()
        database = app.database

        async def health() -> Health:
            return await _health(database)

        if settings.health_port:
            await stack.enter_async_context(serve_health(settings.health_port, health))
        await stack.enter_async_context(_web(app, settings, say))
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stopped.set)
            stack.callback(loop.remove_signal_handler, name)
        await stopped.wait()
        log.info("told to stop")


async def run_bot(settings: Settings, *, say: Callable[[str], None]) -> None:
    """Run the bot until it is told to stop.

    Raises :class:`ConfigurationError` when Discord does not let it in.
    """
    token = settings.discord_token
    if token is None:
        raise ConfigurationError(
            "There is no bot token. Make one at https://discord.com/developers/applications "
            "(your application → Bot → Reset Token) and set DISCORD_TOKEN in .env. "
            "To try the bot without a token, run: whereis-bot demo"
        )
    async with AsyncExitStack() as stack:
        app = await _open_unless_stopped(stack, settings, say)
        if app is None:
            return
        app.workers.warm_up()
        database, services = app.database, app.services
        gate = Gate(database.turns)
        bot = WhereisBot(services, app.options, shards=settings.shards, gate=gate)

        async def health() -> Health:
            found = await _health(database)
            ready = bot.is_ready()
            return Health(ok=ready and found.ok, detail={"discord": ready, **found.detail})

        if settings.health_port:
            await stack.enter_async_context(serve_health(settings.health_port, health))
        if settings.web_with_bot:
            await stack.enter_async_context(_web(app, settings, say))
        await stack.enter_async_context(
            keeping_up(database.changes, services.rules, services.privacy)
        )
        await connect(bot, token.get_secret_value())


async def _open_unless_stopped(
    stack: AsyncExitStack, settings: Settings, say: Callable[[str], None]
) -> App | None:
    """The program, opened on the stack; ``None`` when SIGTERM came while it waited."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    told = False

    def stop() -> None:
        nonlocal told
        told = True
        if task is not None:
            task.cancel()

    loop.add_signal_handler(signal.SIGTERM, stop)
    try:
        opening = open_app(settings, say=say, patience=settings.database_wait)
        return await stack.enter_async_context(opening)
    except asyncio.CancelledError:
        if not told or task is None:
            raise
        task.uncancel()
        log.info("told to stop")
        return None
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


@asynccontextmanager
async def _web(app: App, settings: Settings, say: Callable[[str], None]) -> AsyncIterator[None]:
    services = app.services
    async with serve_web(
        services.search, services.fetcher, web_options(settings), cards=services.cards
    ) as address:
        say(f"The page is at {address} until this program is stopped.")
        yield


async def _health(database: Database) -> Health:
    try:
        await database.ping()
    except DatabaseError as error:
        return Health(ok=False, detail={"database": str(error)})
    return Health(ok=True, detail={"database": "reachable"})
