"""Where the parts of the bot and of the page are put together, in one ``async with``.

``bot.core`` has those that every command needs.
"""

import platform
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from bot.cards import PATIENCE, CardService
from bot.changes import keeping_up
from bot.client import BotOptions, Services, WhereisBot, connect
from bot.config import Settings
from bot.core import chances, open_core, radii
from bot.errors import ConfigurationError
from bot.flow import AT_ONCE, Admission, Bounds, Work, until_told
from bot.health import Readiness, serve_health
from bot.images import Workers
from bot.lag import measure_lag
from bot.metrics import Metrics, Sample
from bot.net import Fetcher
from bot.net.mediawiki import MediaWikiClient
from bot.privacy import PrivacyService
from bot.rules import RulesService
from bot.shards import Gate
from bot.watch import WatchService
from bot.web import WebOptions, serve_web
from db import Database, PoolStatus


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
    settings: Settings,
    *,
    say: Callable[[str], None],
    patience: float = 0.0,
    metrics: Metrics | None = None,
) -> AsyncIterator[App]:
    """Open the core and what the bot has besides, and close them in reverse.

    A database that is away is waited for with ``patience``, in seconds.  ``say`` is told in a
    sentence what takes long, ``metrics`` how everything does.  Raises
    :class:`bot.errors.DatabaseError`.
    """
    metrics = metrics or Metrics()
    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(
            open_core(settings, say=say, patience=patience, metrics=metrics)
        )
        database = core.database
        await _tell_of(database, metrics)
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
                database.sightings,
                core.workers,
                core.search,
                radii(settings),
                chances(settings),
                metrics=metrics,
            ),
            privacy=PrivacyService(database.members),
            cards=await _cards(settings, database, stack, metrics),
            turns=Admission(max(AT_ONCE, core.workers.capacity), bounds(settings)),
            work=Work(),
        )
        _tell_of_turns(services, metrics)
        yield App(database, core.workers, services, options(settings), metrics)


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

    def pools() -> dict[str, PoolStatus]:
        replica = database.replica_pool
        return {"primary": database.pool} | ({"replica": replica} if replica else {})

    def read(number: Callable[[PoolStatus], float]) -> Callable[[], list[Sample]]:
        return lambda: [((server,), number(pool)) for server, pool in pools().items()]

    metrics.read("whereis_database_pool_connections", read(lambda pool: pool.size))
    metrics.read("whereis_database_pool_idle", read(lambda pool: pool.idle))
    metrics.read("whereis_database_pool_waiting", read(lambda pool: pool.waiting))
    metrics.read("whereis_database_pool_limit", read(lambda pool: pool.limit))
    metrics.number("whereis_database_read_only", lambda: database.state == "read-only")
    metrics.read("whereis_replica_behind_seconds", lambda: _known(database.replica_behind))
    metrics.read(
        "whereis_database_errors",
        lambda: [
            ((server, kind), count)
            for server, kinds in database.failures.items()
            for kind, count in sorted(kinds.items())
        ],
    )


def _tell_of_turns(services: Services, metrics: Metrics) -> None:
    """Have read how many wait."""
    turns, work = services.turns, services.work
    metrics.number("whereis_turns_waiting", lambda: turns.waiting)
    metrics.number("whereis_turns_in_background", lambda: turns.in_background)
    metrics.number("whereis_turns_taken", lambda: turns.running)
    metrics.read(
        "whereis_turns_refused",
        lambda: [((why,), count) for why, count in sorted(turns.refused.items())],
    )
    metrics.number("whereis_work", lambda: len(work))


def _known(number: float | None) -> list[Sample]:
    return [] if number is None else [((), number)]


async def _cards(
    settings: Settings, database: Database, stack: AsyncExitStack, metrics: Metrics
) -> CardService | None:
    """What tells of matches, unless the operator would rather ask no wiki."""
    if not settings.cards:
        return None
    client = MediaWikiClient(contact=settings.contact, patience=PATIENCE)
    return CardService(database.cards, await stack.enter_async_context(client), metrics=metrics)


def bounds(settings: Settings) -> Bounds:
    """How many pictures may wait: two questions of one member, and a quarter of all of a server."""
    of_user = 2 * settings.max_pictures
    return Bounds(of_user, max(settings.queue // 4, of_user), settings.queue)


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
    async with until_told() as stop, AsyncExitStack() as stack:
        readiness, metrics = await stack.enter_async_context(_watched(settings))
        app = await stack.enter_async_context(
            open_app(settings, say=say, patience=settings.database_wait, metrics=metrics)
        )
        app.workers.warm_up()
        _look_at_database(app, readiness)
        await stack.enter_async_context(_web(app, settings, say))
        readiness.begin()
        await stop.wait()
        readiness.end()
        app.services.turns.stop()
        await app.services.work.finish()


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
    async with until_told() as stop, AsyncExitStack() as stack:
        readiness, metrics = await stack.enter_async_context(_watched(settings))
        app = await stack.enter_async_context(
            open_app(settings, say=say, patience=settings.database_wait, metrics=metrics)
        )
        app.workers.warm_up()
        database, services = app.database, app.services
        gate = Gate(database.turns)
        bot = WhereisBot(services, app.options, shards=settings.shards, gate=gate, metrics=metrics)

        async def discord() -> str | None:
            return None if bot.connected else "not connected"

        _look_at_database(app, readiness)
        readiness.check("discord", discord)
        if settings.web_with_bot:
            await stack.enter_async_context(_web(app, settings, say))
        await stack.enter_async_context(
            keeping_up(database.changes, services.rules, services.privacy)
        )
        readiness.begin()
        await connect(bot, token.get_secret_value(), stop, stopping=readiness.end)


@asynccontextmanager
async def _web(app: App, settings: Settings, say: Callable[[str], None]) -> AsyncIterator[None]:
    services = app.services
    async with serve_web(
        services.search,
        services.fetcher,
        web_options(settings),
        cards=services.cards,
        metrics=app.metrics,
        turns=services.turns,
        work=services.work,
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
