"""Every command and option of the command line is described in docs/cli.md, and nothing else is."""

import re
from collections.abc import Iterator

import click
import pytest

from bot.cli import main
from tests.conftest import ROOT

DOCUMENT = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def leaves(group: click.Group, name: str = "whereis-bot") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its full name."""
    for word, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


COMMANDS = dict(leaves(main))


def section_of(name: str) -> str:
    """The section of the document that is about a command."""
    for section in DOCUMENT.split("\n## ")[1:]:
        heading = section.split("\n", 1)[0]
        words = name.split()
        if f"`{name}" in heading or (
            f"`{' '.join(words[:-1])} " in heading and f"`{' '.join(words[-2:])}" in heading
        ):
            return section
    raise AssertionError(f"docs/cli.md has no section on {name}")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_and_its_options_are_described(name: str) -> None:
    section = section_of(name)
    if name.startswith("whereis-bot import "):
        section += section_of("whereis-bot import …")
    for parameter in COMMANDS[name].params:
        if isinstance(parameter, click.Option) and "--help" not in parameter.opts:
            assert parameter.opts[0] in section, f"{parameter.opts[0]} of {name}"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_and_its_options_help_themselves(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{parameter.opts[0]} of {name}"


def test_no_option_is_described_that_is_not_there() -> None:
    there = {o for c in COMMANDS.values() for p in c.params for o in p.opts}
    described = set(re.findall(r"--[a-z][a-z-]+", DOCUMENT)) - {"--help", "--version"}
    assert described <= there
