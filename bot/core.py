"""What every command stands on: the database, the processes that read pictures, the services.

It knows neither Discord nor HTTP, whose libraries take longer to import than most commands run.
``bot.app`` puts the rest on top of it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bot.config import Settings
from bot.images import Limits, Workers
from bot.ingest import Curation, IngestService
from bot.metrics import Metrics
from bot.search import Chances, Radii, SearchService
from db import Database, open_database


@dataclass(frozen=True, slots=True)
class Core:
    """What is open while a command runs."""

    database: Database
    workers: Workers
    search: SearchService
    ingest: IngestService
    curation: Curation


@asynccontextmanager
async def open_core(
    settings: Settings,
    *,
    say: Callable[[str], None],
    patience: float = 0.0,
    metrics: Metrics | None = None,
) -> AsyncIterator[Core]:
    """Open the database, the workers and the services, and close them in reverse.

    A database that is away is waited for with ``patience``, in seconds.  ``say`` is told in a
    sentence what takes long, ``metrics`` how everything does.  Raises
    :class:`bot.errors.DatabaseError`.
    """
    metrics = metrics or Metrics()
    url, read_url = settings.database_url, settings.database_read_url
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            open_database(
                url.get_secret_value() if url else None,
                settings.data_dir,
                read_url=read_url.get_secret_value() if read_url else None,
                pool_size=settings.pool_size,
                statement_timeout=settings.statement_timeout,
                patience=patience,
                say=say,
            )
        )
        workers = await stack.enter_async_context(
            Workers(limits(settings), settings.workers, metrics=metrics)
        )
        search = SearchService(
            database.store, workers, radii(settings), chances(settings), metrics=metrics
        )
        ingest = IngestService(
            database.store,
            database.imports,
            workers,
            search,
            settings.page_url_template,
            metrics=metrics,
        )
        curation = Curation(database.store, database.curation, workers, search, metrics=metrics)
        yield Core(database, workers, search, ingest, curation)


def limits(settings: Settings) -> Limits:
    """What reading one picture may cost."""
    return Limits(
        max_bytes=settings.max_bytes,
        max_pixels=settings.max_pixels,
        timeout=settings.decode_timeout,
        memory=settings.decode_memory,
    )


def radii(settings: Settings) -> Radii:
    """How far a search reaches."""
    return Radii(whole=settings.radius, unverified=settings.radius_unverified)


def chances(settings: Settings) -> Chances:
    """Up to what chance of being wrong a match is called a word."""
    return Chances(
        exact=settings.chance_exact,
        close=settings.chance_close,
        possible=settings.chance_possible,
        unverified=settings.chance_unverified,
    )
