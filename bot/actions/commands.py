"""Every command but those that serve or import."""

import sys
from collections.abc import Coroutine, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import IO, Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from bot import doctor as checks
from bot import report
from bot.actions.common import open_with_words, print_json
from bot.ahead import ahead
from bot.config import Settings
from bot.core import limits
from bot.errors import ConfigurationError, DatabaseError
from bot.images import Workers
from bot.ingest import Actor, IndexKind, ListFormat, NewPicture
from bot.search import Answer, Scope, answer_json
from bot.titles import parse_page
from db import ServerInfo


async def search(
    settings: Settings, images: tuple[Path, ...], scope: Scope, *, limit: int, as_json: bool
) -> int:
    """Search for pictures on all cores and print the answers; returns how many were unreadable."""
    console = Console()
    documents: list[dict[str, Any]] = []
    unreadable = 0
    async with open_with_words(settings) as core:

        def answer(path: Path) -> Coroutine[Any, Any, Answer]:
            return core.search.search_file(path, scope)

        async for path, found in ahead(images, answer, limit=core.workers.capacity):
            unreadable += found.status == "unreadable"
            if as_json:
                documents.append(answer_json(str(path), found))
            else:
                console.print(report.answer_text(str(path), found, limit=limit), soft_wrap=True)
    if as_json:
        print_json({"queries": documents})
    return unreadable


async def add(settings: Settings, images: tuple[Path, ...], page: str, collection: str) -> None:
    """Add pictures that one page shows, and say what they look like."""
    title, url = parse_page(page, settings.page_url_template)
    pictures = [NewPicture(_read(path, settings.max_bytes), path.name) for path in images]
    async with open_with_words(settings) as core:
        ingest = core.ingest
        target = await ingest.wiki_collection(collection)
        for outcome in await ingest.add(pictures, title, url, target, Actor(user_id=None)):
            word = "added to" if outcome.new else "already in"
            click.echo(
                f"{outcome.file}: {word} {collection} as {title} (picture {outcome.image_id})"
            )
            for match in outcome.near[:3]:
                names = ", ".join(p.name for p in match.pages[:2])
                click.echo(f"    looks like picture {match.image_id} ({match.confidence}): {names}")


async def export(settings: Settings, collection: str, form: ListFormat, out: Path | None) -> None:
    """Write a collection as a list, to a file or to standard output."""
    async with open_with_words(settings) as core:
        ingest = core.ingest
        found = await ingest.collection_named(collection)
        if found is None:
            names = ", ".join(each.name for each in await ingest.collections()) or "none yet"
            raise ConfigurationError(f"There is no collection {collection}. There are: {names}.")
        with _opened(out) as file:
            async with aclosing(core.curation.export(found, form)) as pieces:
                async for piece in pieces:
                    file.write(piece)


async def index_status(settings: Settings, *, as_json: bool) -> None:
    """Print the state of the search index."""
    async with open_with_words(settings) as core:
        found = await core.database.index.status()
        inside = await core.database.index.statistics()
        embedded = (await core.database.info()).embedded
        replica = await core.database.replica_status()
    if as_json:
        print_json(report.index_json(found, inside, replica))
    else:
        checked = checks.check_search_index(found, embedded=embedded)
        if replica is not None:
            checked = (*checked, checks.check_replica(replica))
        Console().print(report.index_text(checked, inside), soft_wrap=True)


async def index_build(settings: Settings, kind: IndexKind | None) -> None:
    """Build the search index with a progress bar."""
    async with open_with_words(settings) as core:
        with _progress() as progress:
            task = progress.add_task("building the index", total=1.0)
            found = await core.database.index.build(
                kind, lambda share: progress.update(task, completed=share)
            )
    Console().print(report.check_text(checks.check_index(found)), soft_wrap=True)


async def index_drop(settings: Settings, kind: IndexKind | None) -> None:
    """Drop the search index."""
    async with open_with_words(settings) as core:
        await core.database.index.drop(kind)
        left = (await core.database.index.status()).kind
    if left is not None:
        click.echo(f"The index of the kind {kind} is gone; searches use the one of {left}.")
        return
    click.echo(
        "The index is gone. whereis-bot index build makes it anew, and so does the next start "
        "while the database is small."
    )


async def stats(settings: Settings, *, as_json: bool) -> None:
    """Print how much each collection holds."""
    async with open_with_words(settings) as core:
        rows = await core.ingest.stats(Scope(everything=True))
    if as_json:
        print_json(report.stats_json(rows))
    else:
        Console().print(report.stats_text(rows))


async def doctor(settings: Settings, *, as_json: bool) -> int:
    """Look at everything, print it, and return the exit status."""
    console = Console()
    found: list[checks.Check] = []
    info: ServerInfo | None = None

    def note(check: checks.Check) -> None:
        found.append(check)
        if not as_json:
            console.print(report.check_text(check), soft_wrap=True)

    for check in (
        checks.check_versions(),
        checks.check_cairo(),
        checks.check_heif(),
        checks.check_zim(),
    ):
        note(check)
    async with Workers(limits(settings), processes=1) as workers:
        note(checks.check_sandbox(await workers.guards()))
    exit_status = 0
    try:
        async with open_with_words(settings) as core:
            info = await core.database.info()
            note(checks.check_database(info))
            note(checks.check_extension(info))
            status = await core.database.index.status()
            for check in checks.check_search_index(status, embedded=info.embedded):
                note(check)
            replica = await core.database.replica_status()
            if replica is not None:
                note(checks.check_replica(replica))
    except DatabaseError as error:
        exit_status = error.exit_status
        note(checks.Check("database", "problem", error.sentence, "see docs/deploy.md"))
    # No other command here has a use for Discord's library; see ``serving``.
    from bot.client import try_token  # noqa: PLC0415

    token = settings.discord_token
    async for check in checks.check_discord(token.get_secret_value() if token else None, try_token):
        note(check)
    if as_json:
        print_json(report.doctor_json(found, info))
    if exit_status == 0 and checks.worst(found) == "problem":
        exit_status = 2
    return exit_status


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


@contextmanager
def _opened(out: Path | None) -> Iterator[IO[bytes]]:
    """Where a list goes. A file of that name is there when all of it is written, and not before."""
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    unfinished = out.with_name(f"{out.name}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(out)
    except OSError as error:
        raise ConfigurationError(f"{out} can't be written: {error.strerror}.") from None
    finally:
        unfinished.unlink(missing_ok=True)


def _read(path: Path, max_bytes: int) -> bytes:
    """The bytes of a file, one more than allowed at most, so that its excess is noticed."""
    try:
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror}.") from None
