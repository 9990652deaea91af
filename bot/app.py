"""The one place where things are put together, in one ``async with``."""

import asyncio
import logging
import platform
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from bot.cards import PATIENCE, CardService
from bot.client import BotOptions, Services, WhereisBot, connect
from bot.config import Settings
from bot.errors import ConfigurationError
from bot.health import Readiness, serve_health
from bot.images import Limits, Workers
from bot.ingest import Curation, IngestService
from bot.lag import measure_lag
from bot.metrics import Metrics
from bot.net import Fetcher
from bot.net.mediawiki import MediaWikiClient
from bot.privacy import PrivacyService
from bot.rules import RulesService
from bot.search import Chances, Radii, SearchService
from bot.watch import WatchService
from bot.web import WebOptions, serve_web
from db import Database, open_database

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class App:
    """The parts of a running program."""

    database: Database
    workers: Workers
    services: Services
    options: BotOptions
    metrics: Metrics


@asynccontextmanager
async def open_app(
    settings: Settings, *, say: Callable[[str], None], metrics: Metrics | None = None
) -> AsyncIterator[App]:
    """Open the database, the workers and the services, and close them in reverse.

    ``say`` is told in a sentence what takes long, ``metrics`` how everything does.  Raises
    :class:`bot.errors.DatabaseError`.
    """
    metrics = metrics or Metrics()
    url = settings.database_url
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            open_database(
                url.get_secret_value() if url else None,
                settings.data_dir,
                pool_size=settings.pool_size,
                statement_timeout=settings.statement_timeout,
                say=say,
            )
        )
        await _tell_of(database, metrics)
        workers = await stack.enter_async_context(
            Workers(limits(settings), settings.workers, metrics=metrics)
        )
        fetcher = await stack.enter_async_context(
            Fetcher(max_bytes=settings.max_bytes, timeout=settings.fetch_timeout)
        )
        radii = Radii(whole=settings.radius, unverified=settings.radius_unverified)
        search = SearchService(database.store, workers, radii, chances(settings), metrics=metrics)
        ingest = IngestService(
            database.store,
            database.imports,
            workers,
            search,
            settings.page_url_template,
            metrics=metrics,
        )
        services = Services(
            search,
            ingest,
            database.index,
            fetcher,
            curation=Curation(database.store, database.curation, workers, search, metrics=metrics),
            rules=RulesService(database.rules, database.sightings),
            watch=WatchService(
                database.sightings, workers, search, radii, chances(settings), metrics=metrics
            ),
            privacy=PrivacyService(database.members),
            cards=await _cards(settings, database, stack, metrics),
        )
        yield App(database, workers, services, options(settings), metrics)


async def _tell_of(database: Database, metrics: Metrics) -> None:
    """Have the state of the database read."""
    schema = str((await database.info()).schema_version)
    metrics.build.info(
        {
            "version": version("whereis-bot"),
            "schema": schema,
            "python": platform.python_version(),
        }
    )
    metrics.number("whereis_database_pool_connections", lambda: database.pool_size[0])
    metrics.number("whereis_database_pool_idle", lambda: database.pool_size[1])
    metrics.number("whereis_database_pool_limit", lambda: database.pool_size[2])
    metrics.read(
        "whereis_database_errors",
        lambda: [((kind,), count) for kind, count in sorted(database.failures.items())],
    )


async def _cards(
    settings: Settings, database: Database, stack: AsyncExitStack, metrics: Metrics
) -> CardService | None:
    """What tells of matches, unless the operator would rather ask no wiki."""
    if not settings.cards:
        return None
    client = MediaWikiClient(contact=settings.contact, patience=PATIENCE)
    return CardService(database.cards, await stack.enter_async_context(client), metrics=metrics)


def limits(settings: Settings) -> Limits:
    """What reading one picture may cost."""
    return Limits(
        max_bytes=settings.max_bytes,
        max_pixels=settings.max_pixels,
        timeout=settings.decode_timeout,
        memory=settings.decode_memory,
    )


def chances(settings: Settings) -> Chances:
    """Up to what chance of being wrong a match is called a word."""
    return Chances(
        exact=settings.chance_exact,
        close=settings.chance_close,
        possible=settings.chance_possible,
        unverified=settings.chance_unverified,
    )


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


@asynccontextmanager
async def _watched(settings: Settings) -> AsyncIterator[tuple[Readiness, Metrics]]:
    """Have the program watched over from its start on, where the operator wants it."""
    readiness, metrics = Readiness(), Metrics(process=True)
    async with AsyncExitStack() as stack:
        if settings.health_port:
            await stack.enter_async_context(
                serve_health(settings.health_host, settings.health_port, readiness, metrics)
            )
            await stack.enter_async_context(measure_lag(metrics))
        yield readiness, metrics


async def run_web(settings: Settings, *, say: Callable[[str], None]) -> None:
    """Serve the page and the HTTP API until SIGTERM or Ctrl-C.

    Raises :class:`ConfigurationError` where it can't listen.
    """
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    async with AsyncExitStack() as stack:
        readiness, metrics = await stack.enter_async_context(_watched(settings))
        app = await stack.enter_async_context(open_app(settings, say=say, metrics=metrics))
        app.workers.warm_up()
        _look_at_database(app, readiness)
        await stack.enter_async_context(_web(app, settings, say))

        def stop() -> None:
            readiness.end()
            stopped.set()

        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop)
            stack.callback(loop.remove_signal_handler, name)
        readiness.begin()
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
        readiness, metrics = await stack.enter_async_context(_watched(settings))
        app = await stack.enter_async_context(open_app(settings, say=say, metrics=metrics))
        app.workers.warm_up()
        bot = WhereisBot(app.services, app.options, metrics=metrics)

        async def discord() -> str | None:
            return None if bot.connected else "not connected"

        _look_at_database(app, readiness)
        readiness.check("discord", discord)
        if settings.web_with_bot:
            await stack.enter_async_context(_web(app, settings, say))
        readiness.begin()
        await connect(bot, token.get_secret_value(), stopping=readiness.end)


@asynccontextmanager
async def _web(app: App, settings: Settings, say: Callable[[str], None]) -> AsyncIterator[None]:
    services = app.services
    async with serve_web(
        services.search,
        services.fetcher,
        web_options(settings),
        cards=services.cards,
        metrics=app.metrics,
    ) as address:
        say(f"The page is at {address} until this program is stopped.")
        yield


def _look_at_database(app: App, readiness: Readiness) -> None:
    """Have it known whether the database answers, each time when somebody wants to know."""
    up = False

    async def database() -> str | None:
        nonlocal up
        up = False
        await app.database.ping()
        up = True
        return None

    readiness.check("database", database)
    app.metrics.number("whereis_database_up", lambda: up)
