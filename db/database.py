"""Opening a database: a server, a pool, the schema, the operators."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from bot.errors import ConfigurationError, WhereisError
from db.cards import CardMemory
from db.changes import Changes
from db.connections import (
    REPLICA,
    Connections,
    PoolStatus,
    State,
    Target,
    target_of_url,
    until_there,
)
from db.curation import CurationStore
from db.embedded import EmbeddedServer, find_binaries
from db.extension_build import build_extension
from db.imports import Imports
from db.index import SearchIndex
from db.members import MembersStore
from db.migrate import prepare
from db.queries import load_statements
from db.records import ReplicaStatus, ServerInfo
from db.rules import RulesStore
from db.sightings import SightingsStore
from db.store import Store
from db.turns import Turns


def _silent(_line: str) -> None:
    pass


class Database:
    """An open database: the stores, imports, the search index, and what is known of it."""

    def __init__(
        self,
        connections: Connections,
        sql: Mapping[str, str],
        *,
        schema_version: int,
        embedded: bool,
    ) -> None:
        self.store = Store(connections, sql)
        self.curation = CurationStore(connections, sql)
        self.index = SearchIndex(connections, sql)
        self.imports = Imports(connections, sql)
        self.cards = CardMemory(connections, sql)
        self.rules = RulesStore(connections, sql)
        self.sightings = SightingsStore(connections, sql)
        self.members = MembersStore(connections, sql)
        self.changes = Changes(connections)
        self.turns = Turns(connections, sql)
        self._connections = connections
        self._sql = sql
        self._schema_version = schema_version
        self._embedded = embedded

    @property
    def state(self) -> State:
        """Whether the database is up, down, or can only be read, as far as it has been noticed."""
        return self._connections.state

    @property
    def pool(self) -> PoolStatus:
        """The connections to it."""
        return self._connections.pool

    @property
    def replica_pool(self) -> PoolStatus | None:
        """The connections to the replica, where there is one."""
        return self._connections.replica_pool

    @property
    def replica_behind(self) -> float | None:
        """How many seconds the replica is behind; ``None`` without one, or while it is away."""
        return self._connections.replica_behind

    async def replica_status(self) -> ReplicaStatus | None:
        """How the replica is, where there is one; asked now."""
        return await self._connections.replica_status()

    async def info(self) -> ServerInfo:
        """Which PostgreSQL answers, and what it has of ours."""
        row = (await self._connections.fetch(self._sql["operators"]))[0]
        return ServerInfo(
            version=row["server_version"],
            embedded=self._embedded,
            schema_version=self._schema_version,
            operators="standin" if row["installed"] is None else "extension",
            extension_version=row["installed"],
            extension_available=row["available"],
        )

    @property
    def failures(self) -> Mapping[str, Mapping[str, int]]:
        """How often the primary or the replica did not do what was asked, by kind of the error."""
        return self._connections.failures

    async def ping(self) -> None:
        """Ask for an answer. Raises :class:`bot.errors.DatabaseUnavailableError`."""
        await self._connections.fetch("SELECT 1")


@asynccontextmanager
async def open_database(
    url: str | None,
    data_dir: Path,
    *,
    read_url: str | None = None,
    pool_size: int = 8,
    statement_timeout: float = 10.0,
    patience: float = 0.0,
    say: Callable[[str], None] = _silent,
) -> AsyncIterator[Database]:
    """Open the database at ``url``, or the embedded one below ``data_dir``, ready to use.

    ``read_url`` leads to replicas of the one at ``url``.  ``statement_timeout`` is in seconds, and
    so is ``patience``, for which a server at ``url`` that is away is waited for.  ``say`` is told
    in a sentence what takes long; it may be called from another thread.  Raises
    :class:`bot.errors.DatabaseUnavailableError`, :class:`bot.errors.SchemaError`, or
    :class:`bot.errors.ConfigurationError` for a bad address.
    """
    if read_url is not None and url is None:
        raise ConfigurationError(
            "DATABASE_READ_URL is set and DATABASE_URL is not: the PostgreSQL that comes along "
            "has no replicas. Set both, or neither."
        )
    async with AsyncExitStack() as stack:
        if url is None:
            target = await stack.enter_async_context(_embedded(data_dir, say))
        else:
            target = target_of_url(url)
        replica = None if read_url is None else target_of_url(read_url, REPLICA)
        database = await stack.enter_async_context(
            connect(
                target,
                pool_size,
                statement_timeout,
                say,
                embedded=url is None,
                replica=replica,
                patience=patience,
            )
        )
        yield database


@asynccontextmanager
async def connect(
    target: Target,
    pool_size: int,
    statement_timeout: float,
    say: Callable[[str], None],
    *,
    embedded: bool,
    replica: Target | None = None,
    patience: float = 0.0,
) -> AsyncIterator[Database]:
    """Connect to a server, waited for with ``patience``, and make its database ready."""
    sql = load_statements()
    connections = Connections(target, pool_size, statement_timeout, replica=replica)

    async def make_ready() -> int:
        async with connections.single() as connection:
            return await prepare(connection, sql, say, embedded=embedded)

    version = await until_there(make_ready, patience, say)
    async with connections.opened():
        yield Database(connections, sql, schema_version=version, embedded=embedded)


@asynccontextmanager
async def _embedded(data_dir: Path, say: Callable[[str], None]) -> AsyncIterator[Target]:
    starting = asyncio.ensure_future(asyncio.to_thread(_start, data_dir, say))
    try:
        server = await asyncio.shield(starting)
    except asyncio.CancelledError:
        # The thread can't be interrupted, and must not leave a server behind.
        with suppress(WhereisError):
            await asyncio.to_thread((await starting).stop)
        raise

    async def revive() -> None:
        await asyncio.to_thread(server.revive)

    try:
        yield Target(
            server.connect_options,
            f"in {data_dir}",
            f"Its log is {server.log}.",
            revive,
        )
    finally:
        await asyncio.to_thread(server.stop)


def _start(data_dir: Path, say: Callable[[str], None]) -> EmbeddedServer:
    root = data_dir.expanduser().resolve()
    extension = build_extension(find_binaries() / "pg_config", root / "extension", say)
    server = EmbeddedServer(root, say, extension=extension)
    server.start()
    return server
