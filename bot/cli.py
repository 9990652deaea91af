"""The command line: ``whereis-bot``.  It parses; :mod:`bot.actions` acts.

Results go to stdout, everything else to stderr.  Exit status: 0 done, 1 some inputs unreadable,
2 wrong usage or configuration, 3 database unreachable, 130 stopped with Ctrl-C.
"""

import asyncio
import sys
from collections.abc import Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import click

from bot import actions
from bot.app import run_bot
from bot.config import Settings
from bot.errors import WhereisError
from bot.ingest import IndexKind
from bot.log import configure
from bot.search import Scope

DEFAULT_COLLECTION = "local"
INTERRUPTED = 130


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
    configure(ctx.obj.log_level, secrets=ctx.obj.secrets())


@main.command()
@click.pass_obj
def run(settings: Settings) -> None:
    """Run the bot. It needs DISCORD_TOKEN."""
    _run(run_bot(settings, say=actions.say))


@main.command()
@click.option("--preview", is_flag=True, help="Open a page in the browser that looks like Discord.")
@click.pass_obj
def demo(settings: Settings, preview: bool) -> None:
    """Show the bot at work, without a token.

    Draws and indexes a small gallery, runs the real bot in a simulated Discord, and prints what a
    member would see.  On a terminal it then takes pictures of your own.
    """
    _run(actions.demo(settings, preview=preview))


@main.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--collection",
    "names",
    multiple=True,
    metavar="NAME",
    help="Search only this collection; may be given several times.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    metavar="N",
    help="How many matches to print for each picture.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document with every match.")
@click.pass_obj
def search(
    settings: Settings, images: tuple[Path, ...], names: tuple[str, ...], limit: int, as_json: bool
) -> None:
    """Tell where each of IMAGES comes from."""
    unreadable = _run(
        actions.search(
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
@click.option(
    "--page",
    required=True,
    metavar="TITLE",
    help="The title, or the address, of the page that shows it.",
)
@click.option(
    "--collection",
    default=DEFAULT_COLLECTION,
    show_default=True,
    metavar="NAME",
    help="Where they go; it is made if it is not there.",
)
@click.pass_obj
def add(settings: Settings, images: tuple[Path, ...], page: str, collection: str) -> None:
    """Add IMAGES to a collection, each shown on one page."""
    _run(actions.add(settings, images, page, collection))


@main.group(name="import")
def import_() -> None:
    """Fill a collection from a source."""


@import_.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--collection",
    default=DEFAULT_COLLECTION,
    show_default=True,
    metavar="NAME",
    help="Where they go; it is made if it is not there.",
)
@click.option(
    "--page-from",
    default="name",
    metavar="WHENCE",
    show_default=True,
    help="Where titles come from: name (of the file), sidecar (a .json beside it), or FILE.csv.",
)
@click.option(
    "--page-url-template",
    metavar="ADDRESS",
    help="Where titles point, with {title} in it; the collection keeps it.",
)
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
        actions.import_folder(
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
    _run(actions.index_status(settings, as_json=as_json))


@index.command()
@click.option(
    "--kind",
    type=click.Choice(get_args(IndexKind)),
    help="The kind to build; by default the one that is there, or else the best one.",
)
@click.pass_obj
def build(settings: Settings, kind: IndexKind | None) -> None:
    """Build the index, or build it anew; searches go on meanwhile.

    An index of another kind goes as soon as the new one can be used.
    """
    _run(actions.index_build(settings, kind))


@index.command()
@click.option(
    "--kind",
    type=click.Choice(get_args(IndexKind)),
    help="Drop only an index of this kind.",
)
@click.confirmation_option(
    prompt="Without an index searches read every picture. Drop it?", help="Don't ask."
)
@click.pass_obj
def drop(settings: Settings, kind: IndexKind | None) -> None:
    """Drop the index."""
    _run(actions.index_drop(settings, kind))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def stats(settings: Settings, as_json: bool) -> None:
    """Show what is stored."""
    _run(actions.stats(settings, as_json=as_json))


@main.command(short_help="Look at everything the bot needs, and say what to do.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def doctor(settings: Settings, as_json: bool) -> None:
    """Look at everything the bot needs, and say what to do about what is missing."""
    sys.exit(_run(actions.doctor(settings, as_json=as_json)))


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)
