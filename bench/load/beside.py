"""The same pictures without the bot: read alone, looked up alone, and searched for alone.

::

    python -m bench.load.beside FOLDER

In a process of its own, so that it waits for nobody's event loop.  The pictures are the files of
the folder by their names, and the database is that of ``DATABASE_URL``.  Once it is ready, and for
each line ``{"do": "decode", "picture": 0}`` on standard input, it prints a line of JSON:
milliseconds, or ``null`` for a picture that nobody can read.  What can be done is ``decode``,
``query`` (the near statement, for all views of the picture) and ``search`` (both, and the pages).
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, cast

from bench.load.pictures import Sent
from bot.images import Limits, Unreadable, Workers
from bot.search import Radii, Scope, SearchService
from db import Database, open_database
from db.records import NearFound, NearProbe
from db.store import Store

Deed = Literal["decode", "query", "search"]


@dataclass(frozen=True, slots=True)
class Question:
    """The arguments of :meth:`db.store.Store.near` for a picture."""

    probes: Sequence[NearProbe]
    collection_ids: Sequence[int]
    limit_each: int


class Noting:
    """A store that notes what is asked near it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: Question | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def near(
        self, probes: Sequence[NearProbe], collection_ids: Sequence[int], *, limit_each: int
    ) -> NearFound:
        """As the store has it."""
        self.asked = Question(probes, collection_ids, limit_each)
        return await self._store.near(probes, collection_ids, limit_each=limit_each)


class Alone:
    """What is done with some pictures, one at a time."""

    def __init__(self, database: Database, workers: Workers, pictures: Sequence[bytes]) -> None:
        self._store = database.store
        self._workers = workers
        self._search = SearchService(self._store, workers, Radii())
        self._pictures = pictures
        self._questions: list[Question | None] = []

    async def prepare(self) -> None:
        """Search for every picture once, and keep what is asked of the database for it."""
        for data in self._pictures:
            noting = Noting(self._store)
            await SearchService(cast(Store, noting), self._workers, Radii()).search(data, Scope())
            self._questions.append(noting.asked)

    async def do(self, deed: Deed, picture: int) -> float | None:
        """How many milliseconds it takes; ``None`` for a file that is no picture."""
        question = self._questions[picture]
        if question is None:
            return None
        began = time.perf_counter()
        match deed:
            case "decode":
                read = await self._workers.query(self._pictures[picture])
                assert not isinstance(read, Unreadable)
            case "query":
                await self._store.near(
                    question.probes, question.collection_ids, limit_each=question.limit_each
                )
            case "search":
                await self._search.search(self._pictures[picture], Scope())
        return (time.perf_counter() - began) * 1000


class Beside:
    """The other end of such a process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._one_at_a_time = asyncio.Lock()

    async def do(self, deed: Deed, picture: int) -> float | None:
        """As :meth:`Alone.do` has it."""
        assert self._process.stdin is not None
        async with self._one_at_a_time:
            line = json.dumps({"do": deed, "picture": picture})
            self._process.stdin.write(f"{line}\n".encode())
            return cast("float | None", await self.next_line())

    async def next_line(self) -> object:
        """What it says next."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise SystemExit("The process beside the bot has ended; its words are above.")
        return json.loads(line)

    @classmethod
    @asynccontextmanager
    async def running(
        cls, address: str, folder: Path, pictures: Sequence[Sent]
    ) -> AsyncIterator[Self]:
        """A process for these pictures, which are written into an empty folder."""
        for number, picture in enumerate(pictures):
            (folder / f"{number:06}").write_bytes(picture.file.data)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bench.load.beside",
            str(folder),
            env={**os.environ, "DATABASE_URL": address},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            beside = cls(process)
            await beside.next_line()
            yield beside
        finally:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()


async def serve(address: str, pictures: Sequence[bytes]) -> None:
    """Do what is asked on standard input until it ends."""
    async with (
        open_database(address, Path("unused")) as database,
        Workers(Limits(), 1) as workers,
    ):
        alone = Alone(database, workers, pictures)
        await alone.prepare()
        print("true", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            wanted = json.loads(line)
            taken = await alone.do(wanted["do"], wanted["picture"])
            print(json.dumps(taken), flush=True)


if __name__ == "__main__":
    files = sorted(Path(sys.argv[1]).iterdir())
    asyncio.run(serve(os.environ["DATABASE_URL"], [path.read_bytes() for path in files]))
