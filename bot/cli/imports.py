"""``whereis-bot import``: six kinds of sources, one way in."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from bot.actions import imports
from bot.actions.imports import Into
from bot.cli.options import into_collection, run_to_end
from bot.config import Settings

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(name="import")
def import_() -> None:
    """Fill a collection from a source.

    An import may be stopped at any time, with Ctrl-C or harder. The same command goes on where it
    was, and run once more it adds nothing that is there already. Searches work meanwhile.
    """


def _checked_template(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> str | None:
    if value is not None and (
        not value.startswith(("https://", "http://")) or "{title}" not in value
    ):
        raise click.BadParameter("say a web address with {title} in it")
    return value


def into(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that every source has, handed on as one ``Into``."""

    @wraps(command)
    def wrapped(
        *arguments: Any,
        collection: str,
        page_url_template: str | None,
        as_of: datetime | None,
        start_over: bool,
        as_json: bool,
        **options: Any,
    ) -> Any:
        target = Into(
            collection,
            page_url_template,
            as_of.date() if as_of else None,
            start_over=start_over,
            as_json=as_json,
        )
        return command(*arguments, into=target, **options)

    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the final report as JSON."),
        click.option(
            "--start-over",
            is_flag=True,
            help="Begin anew where an earlier run was stopped; what it stored stays.",
        ),
        click.option(
            "--page-url-template",
            callback=_checked_template,
            metavar="ADDRESS",
            help="Where titles point, with {title} in it; the collection keeps it.",
        ),
        click.option(
            "--as-of",
            type=click.DateTime(["%Y-%m-%d"]),
            metavar="YYYY-MM-DD",
            help="The day of the data, which answers tell; for a source that does not say it.",
        ),
        into_collection,
    ):
        wrapped = option(wrapped)
    return wrapped


def hash_columns(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name the columns of a table of hashes."""
    for option in (
        click.option(
            "--page-column",
            default="url",
            show_default=True,
            metavar="NAME",
            help="The column with the pages' titles.",
        ),
        click.option(
            "--hash-column",
            default="hash",
            show_default=True,
            metavar="NAME",
            help="The column with the dHashes.",
        ),
    ):
        command = option(command)
    return command


@import_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "--table",
    default="hashes",
    show_default=True,
    metavar="NAME",
    help="The table in the dump, with its schema if need be.",
)
@hash_columns
@into
@click.pass_obj
def dump(
    settings: Settings, file: str, table: str, hash_column: str, page_column: str, into: Into
) -> None:
    """Import the rows of a PostgreSQL dump of hashes.

    FILE is what pg_dump wrote, as text: plain, or packed with gzip, bzip2, xz or zstd. A dash is
    standard input. It is read, never executed.
    """
    run_to_end(imports.dump(settings, file, table, hash_column, page_column, into))


@import_.command(short_help="Import the rows of a table in the same database.")
@click.argument("name")
@hash_columns
@into
@click.pass_obj
def table(settings: Settings, name: str, hash_column: str, page_column: str, into: Into) -> None:
    """Import the rows of a table of hashes that is in the same database already."""
    run_to_end(imports.table(settings, name, hash_column, page_column, into))


@import_.command(short_help="Import the pictures of a ZIM file, as Kiwix offers them.")
@click.argument("file", type=FILE)
@click.option(
    "--update",
    is_flag=True,
    help="Remove in the end what the collection has and this file has not.",
)
@into
@click.pass_obj
def zim(settings: Settings, file: Path, update: bool, into: Into) -> None:
    """Import the pictures of every article of a ZIM file, as Kiwix offers them.

    It needs the extra “zim”: pip install 'whereis-bot[zim]'.
    """
    run_to_end(imports.zim(settings, file, into, update=update))


@import_.command()
@click.argument("api_url")
@click.option("--category", metavar="NAME", help="The pages of a category.")
@click.option("--pages", type=FILE, metavar="FILE", help="The pages whose titles a file lists.")
@click.option("--all", "everything", is_flag=True, help="Every page of the wiki.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after so many pages.")
@into
@click.pass_obj
def mediawiki(
    settings: Settings,
    api_url: str,
    category: str | None,
    pages: Path | None,
    everything: bool,
    limit: int | None,
    into: Into,
) -> None:
    """Import pictures from a MediaWiki, by its action API.

    API_URL is the address of its api.php. Say which pages: --category, --pages or --all.
    """
    if [category is not None, pages is not None, everything].count(True) != 1:
        raise click.UsageError("Say which pages: one of --category, --pages and --all.")
    run_to_end(
        imports.mediawiki(
            settings,
            api_url,
            into,
            category=category,
            pages_file=pages,
            everything=everything,
            limit=limit,
        )
    )


@import_.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--page-from",
    default="name",
    metavar="WHENCE",
    show_default=True,
    help="Where titles come from: name (of the file), sidecar (a .json beside it), or FILE.csv.",
)
@into
@click.pass_obj
def folder(settings: Settings, directory: Path, page_from: str, into: Into) -> None:
    """Import every picture below DIRECTORY."""
    run_to_end(imports.folder(settings, directory, page_from, into))


@import_.command()
@click.argument("file", type=FILE)
@into
@click.pass_obj
def urls(settings: Settings, file: Path, into: Into) -> None:
    """Import pictures that a list links to.

    FILE is a CSV with the columns image_url, page and, if need be, title.
    """
    run_to_end(imports.urls(settings, file, into))
