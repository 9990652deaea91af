"""Importing pictures: each is read once, on all cores, and stored in batches with a checkpoint.

While one batch is stored the next is being read.  Of a source whose pictures are on many pages,
what reading gave is kept in the database until the import is finished.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import NamedTuple
from uuid import UUID

from bot.ahead import ahead
from bot.errors import ConfigurationError, PictureRefusedError, WhereisError
from bot.images import COUNTED_AS, Fingerprint, Unreadable, Workers
from bot.importers import PictureSource, Skipped, SourceKind, SourcePicture
from bot.ingest.report import ImportReport, Stage
from db.imports import Checkpoint, ImportRun, ReadPicture
from db.records import NewAppearance

OnProgress = Callable[[ImportReport, Stage], None]
Item = SourcePicture | Skipped

# Of a source on this machine; and of one that has to be waited for, where a batch that is lost
# costs more.
BATCH = 500
BATCH_OF_DOWNLOADS = 50
DOWNLOADED: frozenset[SourceKind] = frozenset({"mediawiki", "urls"})

# Batches under way at once: one is stored, others are being read.
BATCHES = 3

# What one process is given at a time: small pictures by the dozen, and large ones singly, so that
# few bytes wait in memory.
GROUP_BYTES = 2 * 1024 * 1024
MOST_IN_GROUP = 32

TOO_PLAIN = "too plain to be found again"


async def import_pictures(
    run: ImportRun,
    source: PictureSource,
    workers: Workers,
    report: ImportReport,
    on_progress: OnProgress,
) -> None:
    """Import what a source has that has been entered; see :class:`bot.ingest.IngestService`."""
    state = run.state
    report.recall(state.skipped)
    report.added, report.known = state.added, state.known
    report.resumed = state.position is not None
    reader = _Reader(run, source, workers)
    size = BATCH_OF_DOWNLOADS if source.kind in DOWNLOADED else BATCH
    failures: list[WhereisError] = []
    async with (
        aclosing(source.items(state.position)) as items,
        aclosing(_batches(items, size, failures)) as batches,
        aclosing(ahead(batches, reader.read, limit=BATCHES)) as reading,
    ):
        async for batch, read in reading:
            await _store(run, batch, read, report)
            reader.forget(batch)
            done = report.seen
            on_progress(report, Stage("reading pictures", done, source.total, done))
    for failure in failures:
        raise failure


async def remove_unseen(run: ImportRun, report: ImportReport, on_progress: OnProgress) -> None:
    """Take away what an update did not come across.

    Raises :class:`ConfigurationError` when it came across nothing at all.
    """
    if not report.added + report.known:
        raise ConfigurationError(
            "There is no picture in it that could be stored, so nothing was removed. An update "
            "would have removed everything; check that this is the right file."
        )
    async for removed in run.remove_unseen():
        report.removed_images += removed.images
        report.removed_appearances += removed.appearances
        on_progress(report, Stage("removing what is gone", report.seen, None))


async def _batches(
    items: AsyncIterator[Item], size: int, failures: list[WhereisError]
) -> AsyncGenerator[list[Item], None]:
    """Batches of items.  When the source fails, what came before is not lost with it."""
    batch: list[Item] = []
    try:
        async for item in items:
            batch.append(item)
            if len(batch) >= size:
                yield batch
                batch = []
    except WhereisError as failure:
        failures.append(failure)
    if batch:
        yield batch


async def _store(
    run: ImportRun, batch: Sequence[Item], read: "_Read", report: ImportReport
) -> None:
    appearances: list[NewAppearance] = []
    for item in batch:
        if isinstance(item, Skipped):
            report.skip(item.name, item.reason)
            continue
        picture = read.pictures[_digest(item)]
        if picture.dhash is None:
            report.skip(item.name, picture.reason or TOO_PLAIN)
            continue
        for page in item.pages:
            try:
                appearances.append(
                    NewAppearance(
                        picture.dhash,
                        picture.phash,
                        item.file,
                        page.title,
                        page.url,
                        picture.look,
                    )
                )
            except PictureRefusedError as error:
                report.skip(item.name, error.sentence)
    new = await run.store(
        appearances,
        read.to_keep,
        Checkpoint(batch[-1].position, 0, 0, report.skipped_json()),
    )
    report.added += new
    report.known += len(appearances) - new


class _Read(NamedTuple):
    """The pictures of a batch, and those among them that later batches may ask for again."""

    pictures: Mapping[UUID, ReadPicture]
    to_keep: Sequence[ReadPicture]


class _Reader:
    """Has pictures read, each key once, and knows those that are not stored yet."""

    def __init__(self, run: ImportRun, source: PictureSource, workers: Workers) -> None:
        self._run = run
        self._source = source
        self._workers = workers
        self._under_way: dict[UUID, asyncio.Future[ReadPicture]] = {}
        # What is loaded and not yet hashed is bounded by this, and by the size of a group.
        self._at_once = workers.capacity
        self._room = asyncio.Semaphore(self._at_once)
        # Not known yet; the first groups are small.
        self._mean_bytes = GROUP_BYTES / 4

    async def read(self, batch: Sequence[Item]) -> _Read:
        """Read the pictures of a batch that have not been read."""
        pictures = {_digest(item): item for item in batch if isinstance(item, SourcePicture)}
        new = [key for key in pictures if key not in self._under_way]
        loop = asyncio.get_running_loop()
        # At once, so that no other batch asks for them as well.
        self._under_way |= {key: loop.create_future() for key in new}
        # Another batch may be stored and forgotten meanwhile.
        reading = {key: self._under_way[key] for key in pictures}
        try:
            known = await self._run.read(new) if self._source.repeats and new else {}
            for key, picture in known.items():
                reading[key].set_result(picture)
            waiting = deque(key for key in new if key not in known)
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._at_once, len(waiting))):
                    group.create_task(self._read_some(waiting, pictures, reading))
            found = {key: await future for key, future in reading.items()}
            fresh = [found[key] for key in new if key not in known]
            return _Read(found, fresh if self._source.repeats else ())
        except BaseExceptionGroup as failed:
            # The source as a whole failed, for one group as for the others.
            raise failed.exceptions[0] from None
        finally:
            for key in new:
                if not reading[key].done():
                    reading[key].cancel()

    def forget(self, batch: Sequence[Item]) -> None:
        """Leave the pictures of a batch that has been stored to the database."""
        for item in batch:
            if isinstance(item, SourcePicture):
                self._under_way.pop(_digest(item), None)

    async def _read_some(
        self,
        waiting: deque[UUID],
        pictures: Mapping[UUID, SourcePicture],
        reading: Mapping[UUID, asyncio.Future[ReadPicture]],
    ) -> None:
        """Read group after group of what waits, until there is nothing left."""
        while waiting:
            async with self._room:
                size = max(1, min(MOST_IN_GROUP, int(GROUP_BYTES / self._mean_bytes)))
                group = [waiting.popleft() for _ in range(min(size, len(waiting)))]
                outcomes = await self._read_group([pictures[key] for key in group])
            for key, outcome in zip(group, outcomes, strict=True):
                reading[key].set_result(_outcome(key, outcome))

    async def _read_group(
        self, pictures: Sequence[SourcePicture]
    ) -> list[Fingerprint | Unreadable]:
        loaded = await self._source.load(pictures)
        found = [data for data in loaded if isinstance(data, bytes)]
        if found:
            mean = sum(map(len, found)) / len(found)
            self._mean_bytes += (max(mean, 1.0) - self._mean_bytes) / 2
        fingerprints = iter(await self._workers.fingerprint_many(found))
        return [data if isinstance(data, Unreadable) else next(fingerprints) for data in loaded]


def _outcome(key: UUID, read: Fingerprint | Unreadable) -> ReadPicture:
    if isinstance(read, Unreadable):
        return ReadPicture(key, None, None, None, COUNTED_AS[read.kind])
    if read.plain:
        return ReadPicture(key, None, None, None, TOO_PLAIN)
    return ReadPicture(key, read.dhash, read.phash, read.look, None)


def _digest(picture: SourcePicture) -> UUID:
    """A key of the same length for each picture, whatever its source calls it."""
    return UUID(bytes=hashlib.blake2b(picture.key.encode(), digest_size=16).digest())
