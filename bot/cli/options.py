"""What several commands share."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import click

from bot.shards import Shards, parse_shards

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_COLLECTION = "local"


def into_collection(command: F) -> F:
    """The option that says where pictures go."""
    return click.option(
        "--collection",
        default=DEFAULT_COLLECTION,
        show_default=True,
        metavar="NAME",
        help="Where they go; it is made if it is not there.",
    )(command)


def which_shards(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> Shards | None:
    """The shards that ``text`` names, for an option. Raises :class:`click.BadParameter`."""
    if text is None:
        return None
    try:
        return parse_shards(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None


def run_to_end(work: Coroutine[Any, Any, Any]) -> Any:
    """Do what a command does."""
    return asyncio.run(work)
