"""Settings come from the environment, and say what is wrong without saying secrets."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.app import bounds, web_options
from bot.config import Settings, clear_secrets, variable_of
from bot.errors import ConfigurationError
from bot.flow import Bounds


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable_of(field), raising=False)
    monkeypatch.chdir(tmp_path)


def test_defaults_need_nothing() -> None:
    settings = Settings.load()
    assert (settings.prefix, settings.discord_token, settings.database_url) == ("!", None, None)


def test_the_environment_and_the_file_are_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("WHEREIS_PREFIX=?\nWHEREIS_RADIUS=7\n", encoding="utf-8")
    monkeypatch.setenv("WHEREIS_RADIUS", "9")
    monkeypatch.setenv("WHEREIS_OWNER_IDS", "1, 22,")
    settings = Settings.load()
    assert settings.prefix == "?"
    assert settings.radius == 9, "the environment has the last word"
    assert settings.owner_ids == {1, 22}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("WHEREIS_RADIUS", "65"),
        ("WHEREIS_RADIUS", "-1"),
        ("WHEREIS_POOL_SIZE", "none"),
        ("WHEREIS_OWNER_IDS", "1,somebody"),
        ("WHEREIS_SHARDS", "2"),
        ("WHEREIS_SHARDS", "4/4"),
        ("WHEREIS_PAGE_URL_TEMPLATE", "https://example.org/wiki/"),
        ("WHEREIS_PAGE_URL_TEMPLATE", "javascript:{title}"),
        ("WHEREIS_LOG_LEVEL", "LOUD"),
        ("WHEREIS_WEB_KEYS", "short,long-enough-to-be-a-key"),
        ("WHEREIS_WEB_ORIGINS", "https://example.org/path"),
        ("WHEREIS_WEB_ORIGINS", "example.org"),
    ],
)
def test_a_wrong_value_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=variable):
        Settings.load()


def test_secrets_show_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "hush-token")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hush-password@h/d")
    monkeypatch.setenv("DATABASE_READ_URL", "postgresql://u:hush-other@replica/d")
    monkeypatch.setenv("WHEREIS_WEB_KEYS", "hush-key-of-one-program, hush-key-of-another")
    settings = Settings.load()
    assert "hush" not in f"{settings!r} {settings} {settings.model_dump()}"
    assert "hush-key-of-another" in settings.secrets()
    assert "postgresql://u:hush-other@replica/d" in settings.secrets()
    assert "hush" not in repr(web_options(settings))
    monkeypatch.setenv("WHEREIS_RADIUS", "hush-typo")
    with pytest.raises(ConfigurationError) as caught:
        Settings.load()
    assert "hush" not in str(caught.value)


def test_what_is_started_later_does_not_get_the_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "hush-token")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hush-password@h/d")
    monkeypatch.setenv("DATABASE_READ_URL", "postgresql://u:hush-other@replica/d")
    monkeypatch.setenv("WHEREIS_WEB_KEYS", "hush-key-of-one-program")
    settings = Settings.load()
    clear_secrets()

    assert settings.discord_token is not None
    assert not any("hush" in value for value in os.environ.values())
    code = "import os; print(*os.environ.values())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "hush" not in run.stdout
    clear_secrets()


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({}, Bounds(user=10, server=50, all=200)),
        ({"max_pictures": 1, "queue": 400}, Bounds(user=2, server=100, all=400)),
        # One question fits into an empty line, however many pictures it may have.
        ({"max_pictures": 25, "queue": 25}, Bounds(user=50, server=50, all=25)),
    ],
)
def test_how_many_pictures_may_wait(settings: dict[str, int], allowed: Bounds) -> None:
    assert bounds(Settings.load(**settings)) == allowed
