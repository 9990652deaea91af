"""The database that is searched: the files of a wiki, and the distractors around them.

It is made by what imports use, and kept in the cache, since a million pictures take minutes: what
it was made of is in its folder's name.  Each file is called as the page that shows it.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bench.import_rows import url
from bench.quality import caching
from bench.quality.distractors import Distractors
from bench.quality.distractors import digest as distractors_digest
from bench.quality.library import Library
from bench.quality.stored_looks import Stored, stored
from bench.server import build, running
from bot.images import Fingerprint, Limits, Workers
from db import Database, open_database
from db.embedded import DATABASE, EmbeddedServer
from db.records import NewAppearance

COLLECTION = "wiki"
TEMPLATE = "https://wiki.example/{title}"
DISTRACTOR = "Distractor_"

# What an index depends on beside the pictures.
CODE = (
    "bot/images/*.py", "db/migrations/*.sql", "db/extension/src/**/*.[ch]",
    "bench/quality/index.py", "bench/quality/stored_looks.py",
)  # fmt: skip

PATIENCE = 60.0  # seconds for one picture, on a machine that has much else to do
_BATCH = 5_000
_MARK = "complete"


@dataclass(frozen=True, slots=True)
class Index:
    """An open index: ``files`` of the wiki and ``distractors`` are what it holds."""

    server: EmbeddedServer
    database: Database
    workers: Workers
    files: int
    distractors: int


@asynccontextmanager
async def opened(
    folder: Path, library: Library, others: Distractors, say: Callable[[str], None]
) -> AsyncIterator[Index]:
    """Open the index below a folder, made before if it is not there."""
    names = [f"{entry.group} {entry.file}" for entry in library.entries]
    texts = [*names, str(len(others)), distractors_digest(library.pictures)]
    place = folder / f"index-{caching.digest(CODE, texts)}"
    mark = place / _MARK
    with running(place, build(folder), None) as server:
        async with (
            open_database(url(server, DATABASE), place, say=say, statement_timeout=60) as database,
            Workers(Limits(timeout=PATIENCE)) as workers,
        ):
            if not mark.is_file():
                await _fill(database, workers, library, others, say)
                mark.touch()
            held = (await database.index.status()).images
            yield Index(server, database, workers, held - len(others), len(others))


async def _fill(
    database: Database,
    workers: Workers,
    library: Library,
    others: Distractors,
    say: Callable[[str], None],
) -> None:
    wiki = await database.store.ensure_wiki(COLLECTION, TEMPLATE)
    await database.index.drop()
    read = await workers.fingerprint_many([entry.data for entry in library.entries])
    files = [
        NewAppearance(one.dhash, one.phash, entry.title, entry.title, look=one.look)
        for entry, one in zip(library.entries, read, strict=True)
        if isinstance(one, Fingerprint)
    ]
    say(f"{len(files):,} of {len(library.entries):,} files could be read")
    # They stand in the middle, or the order of ids would decide for them where all else is equal.
    half = len(others) // 2
    rows = _rows(stored(others.looks))
    for some in (islice(rows, half), iter(files), rows):
        while batch := list(islice(some, _BATCH)):
            await database.store.add_many(wiki.id, batch)
            if isinstance(some, islice) or some is rows:
                number = int(batch[-1].title.removeprefix(DISTRACTOR)) + 1
                if number % 100_000 < _BATCH:
                    say(f"Stored {number:,} of {len(others):,} distractors")
    await database.index.build()
    await database.store.analyze()


def _rows(prints: Stored) -> Iterator[NewAppearance]:
    dhashes, phashes = prints.dhash.tolist(), prints.phash.tolist()
    for number, (dhash, phash, look) in enumerate(zip(dhashes, phashes, prints.looks, strict=True)):
        name = f"{DISTRACTOR}{number}"
        yield NewAppearance(dhash, phash, name, name, look=look)
