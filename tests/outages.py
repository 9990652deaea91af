"""Servers of a test's own, without the extension, that may go away and come back."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

from db import open_database
from db.embedded import find_binaries
from db.server_user import choose_server_user, let_in, let_read
from tests.integration.extension.clusters import Cluster
from tests.integration.extension.servers import Server

# Nothing here outlives the test, and deadlocks are noticed at once.
SETTINGS = {
    "full_page_writes": "off",
    "deadlock_timeout": "20ms",
    "max_connections": "30",
    "superuser_reserved_connections": "0",
}

# For a primary and its replicas.
REPLICATED = {"wal_level": "replica", "wal_retrieve_retry_interval": "100ms"}

# Seconds after which something that is waited for will not come.
PATIENCE = 60.0


class OwnServer:
    """A server in ``folder``, with its databases by their addresses."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        binaries = find_binaries()
        user = choose_server_user(folder / "data")
        let_in(user, binaries, print)
        let_read(user, binaries.parent)
        kit = Server(binaries, {}, False, binaries, {})
        self.cluster = Cluster(kit, folder, {**SETTINGS, **settings})

    def url(self, database: str = "whereis", user: str = "postgres") -> str:
        """The address of a database."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.folder))}&port=5432"

    async def create(self) -> None:
        """Make the data folder, start, and make the database ``whereis``, migrated."""
        await asyncio.to_thread(self.cluster.create)
        await self.start()
        await self.execute("CREATE DATABASE whereis", database="postgres")
        async with open_database(self.url(), self.folder):
            pass

    def create_now(self) -> None:
        """Like :meth:`create`, where no event loop runs; it disturbs none that waits."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, self.create()).result()

    async def start(self) -> None:
        """Start, and return when it answers."""
        await asyncio.to_thread(self.cluster.start)

    async def stop(self) -> None:
        """Stop, and return when it is gone; connections are cut off."""
        await asyncio.to_thread(self.cluster.stop)

    async def restart(self) -> None:
        """Stop and start."""
        await self.stop()
        await self.start()

    async def kill(self) -> None:
        """End every process of it."""
        await asyncio.to_thread(self.cluster.kill)

    async def execute(self, *statements: str, database: str = "whereis") -> None:
        """Run statements, each by itself."""
        connection = await self.cluster.connect(database)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    """Ask again and again until something holds, of which nobody tells."""
    async with asyncio.timeout(PATIENCE):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
