"""What several commands do."""

import json
from contextlib import AbstractAsyncContextManager
from typing import Any

import click

from bot.config import Settings
from bot.core import Core, open_core


def say(sentence: str) -> None:
    """Tell people what takes long, beside the output."""
    click.echo(sentence, err=True)


def open_with_words(settings: Settings) -> AbstractAsyncContextManager[Core]:
    """What every command stands on, saying what takes long."""
    return open_core(settings, say=say)


def print_json(document: dict[str, Any]) -> None:
    """The one document on standard output."""
    click.echo(json.dumps(document, ensure_ascii=False))
