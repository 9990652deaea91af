"""What several commands share."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import click

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


def run_to_end(work: Coroutine[Any, Any, Any]) -> Any:
    """Do what a command does."""
    return asyncio.run(work)
