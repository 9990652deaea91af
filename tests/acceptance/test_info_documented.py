"""Every command that the bot has is in ``docs/commands.md``, and that names no other."""

import re
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.client import WhereisBot

pytestmark = pytest.mark.usefixtures("env")

DOCUMENT = Path(__file__).parents[2] / "docs" / "commands.md"


@pytest.fixture
def document() -> str:
    """The documentation of the commands."""
    return DOCUMENT.read_text(encoding="utf-8")


def text_names(bot: WhereisBot) -> set[str]:
    """Every name of every text command, aliases included."""
    names = set()
    for command in bot.walk_commands():
        parent = f"{command.full_parent_name} ".lstrip()
        names |= {parent + name for name in (command.name, *command.aliases)}
    return names


def slash_commands(bot: WhereisBot) -> list[app_commands.Command[Any, ..., Any]]:
    """Every slash command; a group is none."""
    return [c for c in bot.tree.walk_commands() if isinstance(c, app_commands.Command)]


async def test_text_commands(bot: WhereisBot, document: str) -> None:
    names = text_names(bot)
    assert {"whereis", "ri", "addimage", "index rebuild"} <= names
    for name in names:
        assert f"`!{name}`" in document or f"`!{name} " in document, name
    first_words = {name.split()[0] for name in names}
    mentioned = set(re.findall(r"(?:^|[`\s(])!(\w+)", document))
    assert mentioned == first_words


async def test_slash_commands(bot: WhereisBot, document: str) -> None:
    found = slash_commands(bot)
    names = {command.qualified_name for command in found}
    assert {"whereis", "image add", "help"} <= names
    for command in found:
        name = command.qualified_name
        assert f"`/{name}`" in document or f"`/{name} " in document, name
    mentioned = set(re.findall(r"`/(\w+)", document))
    assert mentioned == {name.split()[0] for name in names}


async def test_the_options_of_slash_commands(bot: WhereisBot, document: str) -> None:
    for command in slash_commands(bot):
        for parameter in command.parameters:
            pattern = rf"\b{parameter.display_name}\b"
            assert re.search(pattern, document), (command.qualified_name, parameter.display_name)


@pytest.mark.parametrize("kind", [discord.AppCommandType.message, discord.AppCommandType.user])
async def test_menus(bot: WhereisBot, document: str, kind: discord.AppCommandType) -> None:
    for menu in bot.tree.get_commands(type=kind):
        assert f"**{menu.name}**" in document


async def test_every_command_tells_how_it_works(bot: WhereisBot) -> None:
    for command in bot.walk_commands():
        assert command.help, command.qualified_name
        assert command.extras.get("example"), command.qualified_name


async def test_each_slash_form_that_the_help_names_is_there(bot: WhereisBot) -> None:
    slash = {command.qualified_name for command in slash_commands(bot)}
    named = {c.extras["slash"] for c in bot.walk_commands() if "slash" in c.extras}
    assert named
    assert named <= slash
