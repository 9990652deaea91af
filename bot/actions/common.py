"""What several commands do."""

import json
from contextlib import AbstractAsyncContextManager
from typing import Any

import click

from bot.app import App, open_app
from bot.config import Settings


def say(sentence: str) -> None:
    """Tell people what takes long, beside the output."""
    click.echo(sentence, err=True)


def open_with_words(settings: Settings) -> AbstractAsyncContextManager[App]:
    """The program, saying what takes long."""
    return open_app(settings, say=say)


def print_json(document: dict[str, Any]) -> None:
    """The one document on standard output."""
    click.echo(json.dumps(document, ensure_ascii=False))
