"""What the doctor makes of what it finds."""

from typing import Any

import pytest
from discord.http import Route

from bot.doctor import (
    Check,
    check_cairo,
    check_database,
    check_discord,
    check_extension,
    check_index,
    check_versions,
    worst,
)
from bot.images import cairo_available
from db import ServerInfo
from db.records import IndexStatus
from tests.loopback_discord import LoopbackDiscord, loopback_discord


def server(**changes: Any) -> ServerInfo:
    """A server as it should be, but for the changes."""
    healthy: dict[str, Any] = {
        "version": "18.4",
        "embedded": True,
        "schema_version": 1,
        "operators": "extension",
        "extension_version": "2.0",
        "extension_available": "2.0",
    }
    return ServerInfo(**{**healthy, **changes})


def index(**changes: Any) -> IndexStatus:
    """An index as it should be, but for the changes."""
    healthy: dict[str, Any] = {
        "operators": "extension",
        "extension_version": "2.0",
        "kind": "bktree",
        "valid": True,
        "size_bytes": 1_000_000,
        "images": 1_000_000,
        "building": None,
    }
    return IndexStatus(**{**healthy, **changes})


@pytest.mark.parametrize(
    ("check", "verdict"),
    [
        (check_versions(), "ok"),
        (check_cairo(), "ok" if cairo_available() else "note"),
        (check_database(server()), "ok"),
        (check_extension(server()), "ok"),
        (check_extension(server(extension_version="1.0")), "note"),
        (check_extension(server(operators="standin", extension_version=None)), "note"),
        (
            check_extension(server(operators="standin", extension_version=None, embedded=False)),
            "note",
        ),
        (check_index(index()), "ok"),
        (check_index(index(building=0.5)), "note"),
        (check_index(index(valid=False)), "problem"),
        (check_index(index(kind=None)), "problem"),
        (check_index(index(kind=None, images=10)), "ok"),
    ],
)
def test_each_finding_has_a_verdict_and_what_is_wrong_a_remedy(check: Check, verdict: str) -> None:
    assert check.verdict == verdict
    assert (check.remedy is None) == (verdict == "ok")


def test_the_worst_verdict_counts() -> None:
    ok, note, problem = (Check("", v, "") for v in ("ok", "note", "problem"))
    assert worst([]) == worst([ok]) == "ok"
    assert worst([ok, note]) == "note"
    assert worst([note, problem, ok]) == "problem"


async def verdicts(token: str | None) -> dict[str, str]:
    return {check.name: check.verdict async for check in check_discord(token)}


async def test_no_token_is_a_problem() -> None:
    assert await verdicts(None) == {"token": "problem"}


async def test_a_good_token_is_tried_and_gives_the_invite(monkeypatch: pytest.MonkeyPatch) -> None:
    async with loopback_discord(monkeypatch, LoopbackDiscord()):
        checks = {check.name: check async for check in check_discord("token")}
    assert {name: check.verdict for name, check in checks.items()} == {
        "token": "ok",
        "intents": "ok",
        "invite": "ok",
    }
    assert "client_id=7" in checks["invite"].detail


async def test_a_missing_intent_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    async with loopback_discord(monkeypatch, LoopbackDiscord(flags=0)):
        assert (await verdicts("token"))["intents"] == "problem"


async def test_a_refused_token_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    async with loopback_discord(monkeypatch, LoopbackDiscord(status=401)):
        assert await verdicts("token") == {"token": "problem"}


async def test_no_network_is_not_held_against_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Route, "BASE", "http://127.0.0.1:9")
    assert await verdicts("token") == {"token": "note"}
