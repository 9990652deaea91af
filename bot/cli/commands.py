"""Every command but those that import."""

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import click

from bot import actions
from bot.cli.imports import import_
from bot.cli.options import into_collection, run_to_end, which_shards
from bot.config import Settings, clear_secrets
from bot.errors import WhereisError
from bot.ingest import IndexKind, ListFormat
from bot.log import configure
from bot.search import Scope
from bot.shards import Shards

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
    clear_secrets()
    configure(ctx.obj.log_level, secrets=ctx.obj.secrets(), form=ctx.obj.log_format)


@main.command()
@click.option(
    "--shards",
    callback=which_shards,
    metavar="WHICH/COUNT",
    help="Have only these shards of so many: 0-1/4, 2/4 or 0,2/4; other processes have the rest. "
    "By default it is WHEREIS_SHARDS, or else all of as many as Discord advises.",
)
@click.pass_obj
def run(settings: Settings, shards: Shards | None) -> None:
    """Run the bot. It needs DISCORD_TOKEN."""
    run_to_end(actions.run(settings, shards))


@main.command()
@click.pass_obj
def web(settings: Settings) -> None:
    """Serve a page on which anybody may search, and the HTTP API."""
    run_to_end(actions.web(settings))


@main.command()
@click.option("--preview", is_flag=True, help="Open a page in the browser that looks like Discord.")
@click.pass_obj
def demo(settings: Settings, preview: bool) -> None:
    """Show the bot at work, without a token.

    Draws and indexes a small gallery, runs the real bot in a simulated Discord, and prints what a
    member would see.  On a terminal it then takes pictures of your own.
    """
    run_to_end(actions.demo(settings, preview=preview))


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
    unreadable = run_to_end(
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
@into_collection
@click.pass_obj
def add(settings: Settings, images: tuple[Path, ...], page: str, collection: str) -> None:
    """Add IMAGES to a collection, each shown on one page."""
    run_to_end(actions.add(settings, images, page, collection))


@main.command()
@click.argument("collection")
@click.option(
    "--format",
    "form",
    type=click.Choice(get_args(ListFormat)),
    default="csv",
    show_default=True,
    help="CSV for spreadsheets, or JSON lines.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to this file; by default to standard output.",
)
@click.pass_obj
def export(settings: Settings, collection: str, form: ListFormat, out: Path | None) -> None:
    """Write a COLLECTION as a list: a row for each picture on a page.

    It has the fingerprints and not the pictures, which are not stored.
    """
    run_to_end(actions.export(settings, collection, form, out))


@main.group()
def index() -> None:
    """Look after the search index."""


@index.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def status(settings: Settings, as_json: bool) -> None:
    """Show the index, and where the search operators come from."""
    run_to_end(actions.index_status(settings, as_json=as_json))


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
    run_to_end(actions.index_build(settings, kind))


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
    run_to_end(actions.index_drop(settings, kind))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def stats(settings: Settings, as_json: bool) -> None:
    """Show what is stored."""
    run_to_end(actions.stats(settings, as_json=as_json))


@main.command(short_help="Look at everything the bot needs, and say what to do.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def doctor(settings: Settings, as_json: bool) -> None:
    """Look at everything the bot needs, and say what to do about what is missing."""
    sys.exit(run_to_end(actions.doctor(settings, as_json=as_json)))


main.add_command(import_)
