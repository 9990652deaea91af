"""The options of ``whereis-bot run``."""

from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.config import Settings
from bot.shards import Shards


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command with settings; gives its result, and the shards that the bot would have."""
    begun: list[Shards | None] = []

    async def run_bot(settings: Settings, **_: object) -> None:
        begun.append(settings.shards)

    monkeypatch.setattr("bot.app.run_bot", run_bot)

    def invoke(settings: Settings, *options: str) -> tuple[Any, list[Shards | None]]:
        return CliRunner().invoke(main.commands["run"], options, obj=settings), begun

    return invoke


@pytest.mark.parametrize(
    ("setting", "options", "shards"),
    [
        (None, (), None),
        ("0/2", (), Shards((0,), 2)),
        (None, ("--shards", "0-1/4"), Shards((0, 1), 4)),
        ("0/2", ("--shards", "1/2"), Shards((1,), 2)),
    ],
)
def test_the_option_wins(
    run: Any, setting: str | None, options: tuple[str, ...], shards: Shards | None
) -> None:
    result, begun = run(Settings.load(_env_file=None, shards=setting), *options)
    assert (result.exit_code, begun) == (0, [shards])


def test_a_wrong_one_is_said_and_nothing_begins(run: Any) -> None:
    result, begun = run(Settings.load(_env_file=None), "--shards", "4/4")
    assert (result.exit_code, begun) == (2, [])
    assert "Invalid value for '--shards': of 4 shards the last is 3" in result.stderr
