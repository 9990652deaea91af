"""Importing rows of hashes: from a dump, or from a table of the same database.

Nothing is decoded here.  The rows are staged as they come, and merged in the end.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing

from bot.errors import RequestError
from bot.importers import Position
from bot.importers.sql_dump import BadLine, Chunk, SqlDump
from bot.importers.threads import in_thread
from bot.ingest.report import ImportReport, Stage
from bot.titles import canonical_title
from db.imports import Checkpoint, ImportRun, Staging

OnProgress = Callable[[ImportReport, Stage], None]


async def import_dump(
    run: ImportRun, dump: SqlDump, report: ImportReport, on_progress: OnProgress
) -> None:
    """Import the rows of a dump that has been opened; see :class:`bot.ingest.IngestService`."""
    async with run.staging() as staging:
        state = await staging.state()
        report.recall(state.skipped)
        report.resumed = state.position is not None
        if not state.complete:
            rows = state.rows
            async with aclosing(_ahead(dump, state.position)) as chunks:
                async for chunk in chunks:
                    await _stage(staging, chunk, report)
                    rows += chunk.row_count
                    on_progress(
                        report, Stage("reading rows", dump.done_bytes, dump.total_bytes, rows)
                    )
            await staging.complete()
        await _merge(run, staging, report, on_progress)


async def import_table(
    run: ImportRun,
    table: str,
    hash_column: str,
    page_column: str,
    report: ImportReport,
    on_progress: OnProgress,
) -> None:
    """Import the rows of a table; see :class:`bot.ingest.IngestService`."""
    async with run.staging() as staging:
        state = await staging.state()
        report.resumed = state.position is not None
        if not state.complete:
            await staging.copy_table(
                table,
                hash_column,
                page_column,
                lambda doing, share: on_progress(report, Stage(doing, share, 1.0)),
            )
            await staging.complete()
        report.recall((await staging.state()).skipped)
        await _merge(run, staging, report, on_progress)


async def _stage(staging: Staging, chunk: Chunk, report: ImportReport) -> None:
    """Stage a chunk; line by line if the database refuses it as it is."""

    def skip(lines: Iterable[BadLine]) -> None:
        for bad in lines:
            report.skip(f"line {bad.number}: {bad.text}", bad.reason)

    skip(chunk.bad)
    if await staging.copy(chunk.rows, chunk.position, report.skipped_json()):
        return
    rows, bad_lines = await in_thread(chunk.checked)
    told = set(chunk.bad)
    skip(bad for bad in bad_lines if bad not in told)
    if not await staging.copy(rows, chunk.position, report.skipped_json()):
        raise RequestError(
            "The database refuses rows of the dump, and it can't be told which ones. What was read "
            "before them is kept."
        )


async def _merge(
    run: ImportRun, staging: Staging, report: ImportReport, on_progress: OnProgress
) -> None:
    def show(doing: str, share: float) -> None:
        on_progress(report, Stage(doing, share, 1.0))

    merged = await staging.merge(canonical_title, show)
    for refused in merged.refused:
        report.skip_many(refused.reason, refused.rows, [title[:80] for title in refused.titles])
    report.added, report.known = merged.added, merged.known
    await run.store([], [], Checkpoint(None, 0, merged.known, report.skipped_json()))


async def _ahead(dump: SqlDump, after: Position | None) -> AsyncGenerator[Chunk, None]:
    """The chunks, each of which is made while the one before it is stored."""
    chunks = dump.chunks(after)

    def make() -> asyncio.Task[Chunk | None]:
        return asyncio.create_task(in_thread(lambda: next(chunks, None), stop=dump.stop))

    making = make()
    try:
        while (chunk := await making) is not None:
            making = make()
            yield chunk
    finally:
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
