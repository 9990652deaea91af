"""The command line: ``whereis-bot``.  It parses, calls a service, and prints.

Results go to stdout, everything else to stderr.  Exit status: 0 done, 1 some inputs unreadable,
2 wrong usage or configuration, 3 database unreachable, 130 stopped with Ctrl-C.
"""

import asyncio
import json
import sys
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot import doctor as checks
from bot import report
from bot.ahead import ahead
from bot.app import App, open_app, run_bot
from bot.config import Settings
from bot.errors import ConfigurationError, DatabaseError, WhereisError
from bot.importers import pictures_of
from bot.ingest import Actor, ImportReport, NewPicture
from bot.log import configure
from bot.search import Answer, Scope
from bot.titles import parse_page
from db import ServerInfo

DEFAULT_COLLECTION = "local"
INTERRUPTED = 130

out = click.echo


class Commands(click.Group):
    """A group whose commands turn this program's errors into a sentence and an exit status."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WhereisError as error:
            click.echo(f"whereis-bot: {error.sentence}", err=True)
            ctx.exit(error.exit_status)
        except KeyboardInterrupt:
            click.echo("whereis-bot: stopped; what was stored stays stored", err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("whereis-bot"), prog_name="whereis-bot")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Tell where a picture comes from: a Discord bot and its database.

    Settings come from the environment and from .env; .env.example describes each one.  Without
    DATABASE_URL the program runs a PostgreSQL of its own under WHEREIS_DATA_DIR.
    """
    ctx.obj = Settings.load()
    configure(ctx.obj.log_level, secrets=_secrets(ctx.obj))


@main.command()
@click.pass_obj
def run(settings: Settings) -> None:
    """Run the bot. It needs DISCORD_TOKEN."""
    _run(run_bot(settings, say=_say))


@main.command()
@click.option("--preview", is_flag=True, help="Open a page in the browser that looks like Discord.")
@click.pass_obj
def demo(settings: Settings, preview: bool) -> None:
    """Show the bot at work, without a token.

    Draws and indexes a small gallery, runs the real bot in a simulated Discord, and prints what a
    member would see.  On a terminal it then takes pictures of your own.
    """
    _run(_demo(settings, preview=preview))


@main.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--collection", "names", multiple=True, help="Search only this one; repeatable.")
@click.option("--limit", default=5, show_default=True, help="Matches printed for each picture.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document with every match.")
@click.pass_obj
def search(
    settings: Settings, images: tuple[Path, ...], names: tuple[str, ...], limit: int, as_json: bool
) -> None:
    """Tell where each of IMAGES comes from."""
    unreadable = _run(
        _search(
            settings,
            images,
            Scope(everything=True, names=frozenset(names)),
            limit=limit,
            as_json=as_json,
        )
    )
    sys.exit(1 if unreadable else 0)


@main.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--page", required=True, help="The title, or the address, of the page that shows it.")
@click.option("--collection", default=DEFAULT_COLLECTION, show_default=True)
@click.pass_obj
def add(settings: Settings, images: tuple[Path, ...], page: str, collection: str) -> None:
    """Add IMAGES to a collection, each shown on one page."""
    _run(_add(settings, images, page, collection))


@main.group(name="import")
def import_() -> None:
    """Fill a collection from a source."""


@import_.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--collection", default=DEFAULT_COLLECTION, show_default=True)
@click.option(
    "--page-from",
    default="name",
    show_default=True,
    help="Where titles come from: name (of the file), sidecar (a .json beside it), or FILE.csv.",
)
@click.option("--page-url-template", help="Where titles point, for a new collection.")
@click.option("--json", "as_json", is_flag=True, help="Print the final report as JSON.")
@click.pass_obj
def folder(
    settings: Settings,
    directory: Path,
    collection: str,
    page_from: str,
    page_url_template: str | None,
    as_json: bool,
) -> None:
    """Import every picture below DIRECTORY.

    It may be stopped and run again at any time: a picture that is there is not added twice.
    """
    _run(
        _import_folder(
            settings, directory, collection, page_from, page_url_template, as_json=as_json
        )
    )


@main.group()
def index() -> None:
    """Look after the search index."""


@index.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def status(settings: Settings, as_json: bool) -> None:
    """Show the index, and where the search operators come from."""
    _run(_index_status(settings, as_json=as_json))


@index.command()
@click.pass_obj
def build(settings: Settings) -> None:
    """Build the index, or build it anew; searches go on meanwhile."""
    _run(_index_build(settings))


@index.command()
@click.confirmation_option(prompt="Searches will read every picture. Drop the index?")
@click.pass_obj
def drop(settings: Settings) -> None:
    """Drop the index."""
    _run(_index_drop(settings))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def stats(settings: Settings, as_json: bool) -> None:
    """Show what is stored."""
    _run(_stats(settings, as_json=as_json))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def doctor(settings: Settings, as_json: bool) -> None:
    """Look at everything the bot needs, and say what to do about what is missing."""
    sys.exit(_run(_doctor(settings, as_json=as_json)))


async def _demo(settings: Settings, *, preview: bool) -> None:
    # The walk is for people, and its steps speak for themselves.
    configure("ERROR", secrets=_secrets(settings))
    # The simulated Discord is an extra, and only this command needs it.
    try:
        from bot.demo.show import show  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"The demo needs {error.name}, which is not installed. Install it: "
            "pip install 'whereis-bot[demo]'"
        ) from None
    # The gallery never goes into the database of a bot that is in service.
    async with _app(settings.model_copy(update={"database_url": None})) as app:
        await show(
            app.services,
            app.options,
            folder=settings.data_dir / "gallery",
            preview=preview,
            console=Console(),
        )


async def _search(
    settings: Settings, images: tuple[Path, ...], scope: Scope, *, limit: int, as_json: bool
) -> int:
    console = Console()
    documents: list[dict[str, Any]] = []
    unreadable = 0
    async with _app(settings) as app:

        def answer(path: Path) -> Coroutine[Any, Any, Answer]:
            return app.services.search.search_file(path, scope)

        async for path, found in ahead(images, answer, limit=app.workers.capacity):
            unreadable += found.status == "unreadable"
            if as_json:
                documents.append(report.answer_json(str(path), found))
            else:
                console.print(report.answer_text(str(path), found, limit=limit), soft_wrap=True)
    if as_json:
        _print_json({"queries": documents})
    return unreadable


async def _add(settings: Settings, images: tuple[Path, ...], page: str, collection: str) -> None:
    title, url = parse_page(page, settings.page_url_template)
    pictures = [NewPicture(_read(path, settings.max_bytes), path.name) for path in images]
    async with _app(settings) as app:
        ingest = app.services.ingest
        target = await ingest.wiki_collection(collection)
        for outcome in await ingest.add(pictures, title, url, target, Actor(user_id=None)):
            word = "added to" if outcome.new else "already in"
            out(f"{outcome.file}: {word} {collection} as {title} (picture {outcome.image_id})")
            for match in outcome.near[:3]:
                names = ", ".join(p.name for p in match.pages[:2])
                out(f"    looks like picture {match.image_id} ({match.confidence}): {names}")


async def _import_folder(
    settings: Settings,
    directory: Path,
    collection: str,
    page_from: str,
    template: str | None,
    *,
    as_json: bool,
) -> None:
    async with _app(settings) as app:
        target = await app.services.ingest.wiki_collection(collection, template)
        counted = ImportReport()
        sources = list(
            pictures_of(
                directory,
                page_from,
                on_skip=lambda skipped: counted.skip(str(skipped.path), skipped.reason),
            )
        )
        with _progress() as progress:
            total = len(sources) + counted.seen
            task = progress.add_task("reading pictures", total=total, counts="")

            def show(state: ImportReport) -> None:
                counts = (
                    f"{state.added:,} new, {state.known:,} known, {state.skipped.total():,} skipped"
                )
                progress.update(task, completed=state.seen, counts=counts)

            result = await app.services.ingest.import_pictures(
                sources, target, show, report=counted
            )
    if as_json:
        _print_json(report.import_json(collection, result))
    else:
        Console().print(report.import_text(collection, result), soft_wrap=True)


async def _index_status(settings: Settings, *, as_json: bool) -> None:
    async with _app(settings) as app:
        found = await app.database.index.status()
    if as_json:
        _print_json(report.index_json(found))
    else:
        Console().print(report.check_text(checks.check_index(found)), soft_wrap=True)


async def _index_build(settings: Settings) -> None:
    async with _app(settings) as app:
        with _progress() as progress:
            task = progress.add_task("building the index", total=1.0, counts="")
            found = await app.database.index.build(
                lambda share: progress.update(task, completed=share)
            )
    Console().print(report.check_text(checks.check_index(found)), soft_wrap=True)


async def _index_drop(settings: Settings) -> None:
    async with _app(settings) as app:
        await app.database.index.drop()
    out(
        "The index is gone. whereis-bot index build makes it anew, and so does the next start "
        "while the database is small."
    )


async def _stats(settings: Settings, *, as_json: bool) -> None:
    async with _app(settings) as app:
        rows = await app.services.ingest.stats(Scope(everything=True))
    if as_json:
        _print_json(report.stats_json(rows))
    else:
        Console().print(report.stats_text(rows))


async def _doctor(settings: Settings, *, as_json: bool) -> int:
    console = Console()
    found: list[checks.Check] = []
    info: ServerInfo | None = None

    def note(check: checks.Check) -> None:
        found.append(check)
        if not as_json:
            console.print(report.check_text(check), soft_wrap=True)

    for check in (checks.check_versions(), checks.check_cairo(), checks.check_heif()):
        note(check)
    exit_status = 0
    try:
        async with _app(settings) as app:
            info = await app.database.info()
            note(checks.check_database(info))
            note(checks.check_extension(info))
            note(checks.check_index(await app.database.index.status()))
    except DatabaseError as error:
        exit_status = error.exit_status
        note(checks.Check("database", "problem", error.sentence, "see docs/deploy.md"))
    token = settings.discord_token
    async for check in checks.check_discord(token.get_secret_value() if token else None):
        note(check)
    if as_json:
        _print_json(report.doctor_json(found, info))
    if exit_status == 0 and checks.worst(found) == "problem":
        exit_status = 2
    return exit_status


def _app(settings: Settings) -> AbstractAsyncContextManager[App]:
    return open_app(settings, say=_say)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)


def _print_json(document: dict[str, Any]) -> None:
    out(json.dumps(document, ensure_ascii=False))


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _read(path: Path, max_bytes: int) -> bytes:
    """The bytes of a file, one more than allowed at most, so that its excess is noticed."""
    try:
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from None


def _secrets(settings: Settings) -> list[str]:
    return [
        secret.get_secret_value()
        for secret in (settings.discord_token, settings.database_url)
        if secret is not None
    ]
