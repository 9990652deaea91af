"""The real bot with its real services, in a simulated Discord.

One event loop and one set of worker processes serve all acceptance tests; each test has a database
of its own, and a new bot.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio
import simcord
from aiohttp import web

from bot.client import BotOptions, Services, WhereisBot
from bot.images import Limits, Workers
from bot.metrics import Metrics
from bot.net import Fetcher, IPAddress
from db import Database, open_database
from db.embedded import EmbeddedServer
from tests.acceptance.world import Library, Town, Website, png, services_on

HERE = Path(__file__).parent
MAX_BYTES = 2 * 1024 * 1024

LoseDatabase = Callable[[], Awaitable[None]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests of this folder in one event loop, which the worker processes live in."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(loop_scope="session")
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database of one test, open in the event loop of these tests."""
    async with open_database(database_url, tmp_path, pool_size=4) as opened:
        yield opened


@pytest.fixture
def lose_database(database_url: str, embedded_server: EmbeddedServer) -> LoseDatabase:
    """Makes the database go away under the running bot."""
    name = urlsplit(database_url).path.removeprefix("/")

    async def lose() -> None:
        connection = await asyncpg.connect(
            **{**embedded_server.connect_options, "database": "postgres"}
        )
        try:
            await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
            )
        finally:
            await connection.close()

    return lose


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def workers() -> AsyncIterator[Workers]:
    """The processes that read pictures, warm."""
    async with Workers(Limits(max_bytes=MAX_BYTES, timeout=20), 1) as pool:
        await pool.fingerprint(png(0))
        yield pool


@pytest_asyncio.fixture(loop_scope="session")
async def fetcher() -> AsyncIterator[Fetcher]:
    """A fetcher that goes to this machine alone."""
    async with Fetcher(
        max_bytes=MAX_BYTES,
        timeout=5,
        allow_address=_is_loopback,
        allowed_ports=range(1, 65536),
    ) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def website() -> AsyncIterator[Website]:
    """A web server that serves what a test puts there, and 404 for the rest."""
    site = Website("")

    async def serve(request: web.BaseRequest) -> web.Response:
        site.asked_for.append(request.path)
        if request.path not in site.files:
            return web.Response(status=404)
        kind, data = site.files[request.path]
        return web.Response(body=data, content_type=kind)

    runner = web.ServerRunner(web.Server(serve))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    site.address = f"http://{host}:{port}"
    try:
        yield site
    finally:
        await runner.cleanup()


@pytest.fixture
def metrics() -> Metrics:
    """What is measured of the bot and its services."""
    return Metrics()


@pytest.fixture
def services(database: Database, workers: Workers, fetcher: Fetcher, metrics: Metrics) -> Services:
    """What the cogs call."""
    return services_on(database, workers, fetcher, metrics)


@pytest.fixture
def options() -> BotOptions:
    """How the bot behaves; a test overrides it with ``parametrize("options", [...])``."""
    return BotOptions(cooldown_uses=100, max_bytes=MAX_BYTES, fetch_timeout=5)


@pytest.fixture
def bot(services: Services, options: BotOptions, metrics: Metrics) -> WhereisBot:
    """The bot, not yet running."""
    return WhereisBot(services, options, metrics=metrics)


@pytest_asyncio.fixture(loop_scope="session")
async def env(bot: WhereisBot) -> AsyncIterator[simcord.Env]:
    """The bot, running in a Discord that holds nothing yet.

    An error of the bot that a test does not look at (``env.errors``) fails the test.
    """
    # Not `simcord.run`, which wants to be left in the task that entered it.
    running = simcord.Env(bot, settle_timeout=20)
    await running.start()
    try:
        yield running
    finally:
        await running.shutdown()
    running._raise_errors_since(running._errors_acknowledged)


@pytest.fixture
def library(database: Database, workers: Workers) -> Library:
    """What puts pictures into the database."""
    return Library(database, workers)


@pytest.fixture
def town(env: simcord.Env) -> Town:
    """A server with one channel, and Alice in it."""
    guild = env.create_guild("Town")
    channel = guild.create_text_channel("general")
    return Town(env, guild, channel, guild.add_member(env.create_user("alice")))


def _is_loopback(address: IPAddress) -> bool:
    return address.is_loopback
