"""What members and moderators read while the database is away, and the next request after it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import discord
import pytest
import pytest_asyncio
from simcord import Env
from simcord.actors import MemberActor

from db import Database
from tests.acceptance.staff import moderator
from tests.acceptance.world import Library, Town, embed_of, png
from tests.outages import OwnServer

RESTING = "The index is resting, try again in a moment."
READ_ONLY = (
    "Pictures can be searched but nothing can be added or changed right now. Try again in a while."
)

CUT_OFF = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

# Ends the connection when it is told to commit.
CUT_AT_COMMIT = """
    CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON additions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut();
"""


@pytest.fixture(scope="module")
def created(short_folders: Callable[[], Path]) -> Iterator[OwnServer]:
    """A server for the tests of this module, each of which leaves it running."""
    made = OwnServer(short_folders())
    made.create_now()
    yield made
    made.cluster.stop("immediate")
    shutil.rmtree(made.folder, ignore_errors=True)


@pytest_asyncio.fixture(loop_scope="session")
async def server(created: OwnServer) -> OwnServer:
    """The server, with an empty database."""
    await created.execute("TRUNCATE collections CASCADE")
    return created


@pytest.fixture
def database_url(server: OwnServer) -> str:
    """The database that the bot uses."""
    return server.url()


@pytest.fixture
def mod(town: Town) -> MemberActor:
    """A moderator."""
    return moderator(town)


async def ask(town: Town) -> discord.Message:
    """Ask about the picture that is known, and give the answer."""
    await town.alice.send(town.channel, "!whereis", attachments=[("a.png", png(1))])
    return town.answers()[-1]


async def add(town: Town, mod: MemberActor) -> discord.Message:
    """Add another picture, and give the answer."""
    await mod.send(town.channel, "!addimage Fern", attachments=[("fern.png", png(2))])
    return town.answers()[-1]


@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_the_server_goes_and_comes_back(
    env: Env, town: Town, library: Library, mod: MemberActor, server: OwnServer, how: str
) -> None:
    await library.add(png(1), "Mandelbrot_set")
    assert embed_of(await ask(town)).title == "Mandelbrot set"
    await getattr(server, how)()
    assert (await ask(town)).content == RESTING
    assert (await add(town, mod)).content == RESTING
    await server.start()
    assert embed_of(await ask(town)).title == "Mandelbrot set"
    assert embed_of(await add(town, mod)).title == "Picture added"
    assert env.errors


async def test_a_restart_between_two_questions_is_not_noticed(
    town: Town, library: Library, mod: MemberActor, server: OwnServer
) -> None:
    await library.add(png(1), "Mandelbrot_set")
    assert (await ask(town)).embeds
    await server.restart()
    assert embed_of(await add(town, mod)).title == "Picture added"
    await server.restart()
    assert (await ask(town)).embeds


async def test_nothing_can_be_added_for_a_while(
    env: Env,
    town: Town,
    library: Library,
    mod: MemberActor,
    database: Database,
    server: OwnServer,
) -> None:
    await library.add(png(1), "Mandelbrot_set")
    connection = await asyncpg.connect(server.url())
    try:
        # For all who ask from now on; this connection has made up its mind.
        await connection.execute("SET default_transaction_read_only = off")
        await connection.execute("ALTER DATABASE whereis SET default_transaction_read_only = on")
        await connection.execute(CUT_OFF)
        assert (await add(town, mod)).content == READ_ONLY
        assert embed_of(await ask(town)).title == "Mandelbrot set"
        assert database.state == "read-only"
        assert (await add(town, mod)).content == READ_ONLY
    finally:
        await connection.execute("ALTER DATABASE whereis RESET default_transaction_read_only")
        await connection.execute(CUT_OFF)
        await connection.close()
    assert embed_of(await add(town, mod)).title == "Picture added"
    assert env.errors


async def test_nobody_knows_whether_it_was_stored(
    env: Env, town: Town, mod: MemberActor, server: OwnServer
) -> None:
    await server.execute(CUT_AT_COMMIT)
    try:
        answer = await add(town, mod)
        assert "may be stored or not" in answer.content
        assert "history" in answer.content
        assert not answer.embeds
    finally:
        await server.execute("DROP FUNCTION cut CASCADE")
    assert embed_of(await add(town, mod)).title == "Picture added"
    assert env.errors
