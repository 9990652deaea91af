"""What ``lint-imports`` can't see: whether its layers have all modules, what is imported when."""

import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import bot

ROOT = Path(__file__).resolve().parents[2]


def test_every_module_of_the_product_has_its_layer() -> None:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = rules["tool"]["importlinter"]["contracts"]
    (layers,) = (one["layers"] for one in contracts if one["type"] == "layers")
    (settings,) = (one["protected_modules"] for one in contracts if one["type"] == "protected")
    placed = [name for layer in layers for name in re.split(r" *[|:] *", layer)] + settings
    modules = [f"bot.{module.name}" for module in pkgutil.iter_modules(bot.__path__)]
    assert sorted(placed) == sorted([*modules, "cogs", "db"])


def test_a_command_that_needs_neither_discord_nor_http_imports_neither() -> None:
    shown = "import sys, bot.cli; print(*sorted(sys.modules.keys() & {'aiohttp', 'discord'}))"
    done = subprocess.run(
        [sys.executable, "-c", shown], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
