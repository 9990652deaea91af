"""What the doctor makes of what it finds."""

from dataclasses import replace
from typing import Any

import pytest
from discord.http import Route

from bot.client import try_token
from bot.doctor import (
    MEBIBYTE,
    Check,
    check_cairo,
    check_database,
    check_discord,
    check_extension,
    check_index,
    check_kind,
    check_memory,
    check_replica,
    check_sandbox,
    check_search_index,
    check_versions,
    check_zim,
    worst,
)
from bot.images import Guard, cairo_available
from db import ServerInfo
from db.records import IndexStatus, ReplicaStatus
from tests.fake_discord import discord_here


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
        "extension_version": "2.1",
        "extension_available": "2.1",
        "kind": "hamming",
        "valid": True,
        "size_bytes": 10 * MEBIBYTE,
        "images": 1_000_000,
        "building": None,
        "offered": ("hamming", "bktree"),
        "leftovers": 0,
        "shared_buffers": 128 * MEBIBYTE,
    }
    return IndexStatus(**{**healthy, **changes})


INSIDE = (Guard("open a file", "Landlock"), Guard("use the network", "seccomp"))
OPEN = (INSIDE[0], Guard("use the network", "seccomp", "the library libseccomp is missing"))

OLD = index(kind="bktree", extension_version="2.0", offered=("bktree",))


@pytest.mark.parametrize(
    ("check", "verdict"),
    [
        (check_versions(), "ok"),
        (check_cairo(), "ok" if cairo_available() else "note"),
        (check_sandbox(INSIDE), "ok"),
        (check_sandbox(OPEN), "note"),
        (check_sandbox(OPEN[1:]), "note"),
        (check_sandbox(()), "problem"),
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
        (check_index(index(leftovers=1)), "note"),
        (check_memory(index(), embedded=True), "ok"),
        (check_memory(index(size_bytes=96 * MEBIBYTE), embedded=True), "ok"),
        (check_memory(index(size_bytes=97 * MEBIBYTE), embedded=True), "note"),
        (check_memory(index(size_bytes=97 * MEBIBYTE), embedded=False), "note"),
        (check_kind(index(), embedded=True), "ok"),
        (check_kind(index(kind="bktree"), embedded=True), "note"),
        (check_kind(OLD, embedded=False), "note"),
        (check_kind(OLD, embedded=True), "note"),
        (check_kind(replace(OLD, extension_available="2.0"), embedded=False), "note"),
    ],
)
def test_each_finding_has_a_verdict_and_what_is_wrong_a_remedy(check: Check, verdict: str) -> None:
    assert check.verdict == verdict
    assert (check.remedy is None) == (verdict == "ok")


def test_what_holds_pictures_in_and_what_does_not_is_said() -> None:
    both = check_sandbox(INSIDE).detail
    assert both.endswith("can't open a file (Landlock) or use the network (seccomp)")
    one = check_sandbox(OPEN)
    assert "can't open a file (Landlock); but" in one.detail
    assert one.detail.endswith("could use the network: the library libseccomp is missing")
    assert "libseccomp2" in (one.remedy or "")


@pytest.mark.parametrize(
    ("size", "wanted"),
    [(97, "256MB"), (192, "256MB"), (193, "512MB"), (470, "768MB"), (3000, "4096MB")],
)
def test_too_little_memory_says_how_much_would_do(size: int, wanted: str) -> None:
    status = index(size_bytes=size * MEBIBYTE)
    own = check_memory(status, embedded=False).remedy or ""
    assert f"POSTGRES_SHARED_BUFFERS={wanted} in .env" in own
    assert f"shared_buffers = {wanted} in the postgresql.conf" in own
    ours = check_memory(status, embedded=True).remedy or ""
    assert f"shared_buffers = {wanted} at the end of postgres/postgresql.conf" in ours
    assert replace(status, shared_buffers=int(wanted[:-2]) * MEBIBYTE).fits


@pytest.mark.parametrize(
    ("status", "embedded", "says"),
    [
        (index(kind="bktree"), True, "whereis-bot index build --kind hamming"),
        (OLD, False, "ALTER EXTENSION bktree UPDATE"),
        (replace(OLD, extension_available="2.0"), False, "make -C db/extension install"),
        (replace(OLD, extension_available="2.0"), True, "apt-get install gcc"),
    ],
)
def test_how_a_better_kind_is_had(status: IndexStatus, embedded: bool, says: str) -> None:
    assert says in (check_kind(status, embedded=embedded).remedy or "")


def test_without_the_extension_nobody_is_sent_to_build_an_index_at_once() -> None:
    standin = index(operators="standin", extension_version=None, kind=None, offered=())
    assert (check_index(standin).remedy or "").startswith("whereis-bot doctor tells how")
    assert check_index(replace(standin, images=10)).verdict == "ok"
    assert check_index(index(kind=None)).remedy == "whereis-bot index build"


def test_nothing_is_said_of_the_kind_where_there_is_no_extension() -> None:
    standin = index(operators="standin", extension_version=None, kind=None, offered=())
    names = [check.name for check in check_search_index(standin, embedded=False)]
    assert names == ["index"]
    names = [check.name for check in check_search_index(index(), embedded=False)]
    assert names == ["index", "memory", "kind"]
    names = [check.name for check in check_search_index(index(kind=None), embedded=False)]
    assert names == ["index", "kind"]


def test_the_worst_verdict_counts() -> None:
    ok, note, problem = (Check("", v, "") for v in ("ok", "note", "problem"))
    assert worst([]) == worst([ok]) == "ok"
    assert worst([ok, note]) == "note"
    assert worst([note, problem, ok]) == "problem"


async def verdicts(token: str | None) -> dict[str, str]:
    return {check.name: check.verdict async for check in check_discord(token, try_token)}


async def test_no_token_is_a_problem() -> None:
    assert await verdicts(None) == {"token": "problem"}


async def test_a_good_token_is_tried_and_gives_the_invite() -> None:
    async with discord_here():
        checks = {check.name: check async for check in check_discord("token", try_token)}
    assert {name: check.verdict for name, check in checks.items()} == {
        "token": "ok",
        "intents": "ok",
        "invite": "ok",
    }
    assert "client_id=7" in checks["invite"].detail


async def test_a_missing_intent_is_a_problem() -> None:
    async with discord_here(flags=0):
        assert (await verdicts("token"))["intents"] == "problem"


async def test_a_refused_token_is_a_problem() -> None:
    async with discord_here(token="another"):
        assert await verdicts("token") == {"token": "problem"}


async def test_no_network_is_not_held_against_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Route, "BASE", "http://127.0.0.1:9")
    assert await verdicts("token") == {"token": "note"}


@pytest.mark.parametrize("missing", [None, "libzim", "selectolax"])
def test_zim_files_need_their_extra(monkeypatch: pytest.MonkeyPatch, missing: str | None) -> None:
    monkeypatch.setattr(
        "bot.importers.zim.find_spec", lambda name: None if name == missing else object()
    )
    check = check_zim()
    assert (check.verdict, check.remedy is None) == (
        ("ok", True) if missing is None else ("note", False)
    )


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        ({}, "ok", "at replica, 0.0 MB of the log behind the primary"),
        ({"behind_bytes": 200 * MEBIBYTE}, "note", "200 MB of the log behind the primary"),
        ({"standby": False}, "note", "at replica is no standby"),
        ({"problem": "It is away."}, "problem", "It is away. Searches go to the primary"),
    ],
)
def test_a_replica(changes: dict[str, Any], verdict: str, said: str) -> None:
    healthy: dict[str, Any] = {
        "shown": "at replica",
        "problem": None,
        "standby": True,
        "behind_bytes": 0,
    }
    found = check_replica(ReplicaStatus(**{**healthy, **changes}))
    assert (found.name, found.verdict) == ("replica", verdict)
    assert said in found.detail
    assert (found.remedy is None) == (verdict == "ok")
