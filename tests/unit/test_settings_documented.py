"""``.env.example`` describes every setting there is, and none that isn't, with its true default."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.config import Settings, variable_of

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / ".env.example"

# Read by docker-compose.yml; tests/unit/test_deployment.py holds it to them.
COMPOSE_ONLY = "POSTGRES_"

FIELDS = {variable_of(field): field for field in Settings.model_fields}


@dataclass(frozen=True, slots=True)
class Line:
    """One variable of the example: ``active`` unless it is commented out."""

    name: str
    value: str
    active: bool
    comment: str


def lines() -> list[Line]:
    """The variables of the example, each with the comment over it or over its group."""
    found: list[Line] = []
    comment = ""
    for text in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"(#?)([A-Z][A-Z0-9_]*)=(.*)", text):
            found.append(Line(match[2], match[3], not match[1], comment.strip()))
        elif text.startswith("# ") and "----" not in text:
            comment += text.removeprefix("#")
        else:
            comment = ""
    return found


def settings_lines() -> list[Line]:
    return [line for line in lines() if not line.name.startswith(COMPOSE_ONLY)]


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper() in FIELDS:
            monkeypatch.delenv(name)


def test_every_setting_is_in_the_example_once() -> None:
    assert sorted(line.name for line in settings_lines()) == sorted(FIELDS)


@pytest.mark.parametrize("line", lines(), ids=lambda line: line.name)
def test_each_has_a_comment(line: Line) -> None:
    assert len(line.comment) > 20


@pytest.mark.parametrize("line", settings_lines(), ids=lambda line: line.name)
def test_the_value_shown_is_the_default(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    field = FIELDS[line.name]
    default = Settings.model_fields[field].get_default()
    monkeypatch.setenv(line.name, line.value)
    assert getattr(Settings.load(_env_file=None), field) == default
    # What is empty has no default to show; what has one shows it.
    assert bool(line.value) == (default not in (None, frozenset()))


def test_a_copy_of_the_example_changes_nothing(tmp_path: Path) -> None:
    copy = tmp_path / ".env"
    copy.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    assert Settings.load(_env_file=copy) == Settings.load(_env_file=None)


def test_only_what_must_be_filled_in_is_active() -> None:
    active = [line for line in lines() if line.active]
    assert [(line.name, line.value) for line in active] == [
        ("DISCORD_TOKEN", ""),
        ("POSTGRES_PASSWORD", ""),
    ]
