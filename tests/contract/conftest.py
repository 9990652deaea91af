"""Every kind of server that the store has to do the same on."""

import os
import pwd
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from db import Database, open_database
from db.embedded import EmbeddedServer
from db.records import Collection
from db.store import Store
from tests.conftest import HASTY, DatabasesOn, FreshDatabases
from tests.contract.checks import TEMPLATE

SYSTEM_BINARIES = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="session")
def databases_standin(
    short_folders: Callable[[], Path], databases_on: DatabasesOn
) -> Iterator[FreshDatabases]:
    server = EmbeddedServer(short_folders(), print, settings=HASTY)
    server.start()
    with databases_on(server.connect_options) as fresh:
        yield fresh
    server.stop()


@pytest.fixture(scope="session")
def databases_system(
    short_folders: Callable[[], Path], databases_on: DatabasesOn
) -> Iterator[FreshDatabases]:
    if not (SYSTEM_BINARIES / "initdb").exists():
        pytest.skip("no PostgreSQL 15 on this system")
    folder = short_folders()
    data = folder / "data"
    user: dict[str, Any] = {"cwd": "/"}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        user |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        shutil.chown(folder, nobody.pw_uid, nobody.pw_gid)

    def run(name: str, *arguments: object) -> None:
        command = [str(SYSTEM_BINARIES / name), "-D", str(data), *map(str, arguments)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **user)

    run("initdb", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
    hasty = " ".join(f"-c {name}={value}" for name, value in HASTY.items())
    settings = f"-k {folder} -c listen_addresses= {hasty}"
    run("pg_ctl", "start", "-w", "-l", folder / "log", "-o", settings)
    try:
        with databases_on({"host": str(folder), "port": 5432, "user": "postgres"}) as fresh:
            yield fresh
    finally:
        run("pg_ctl", "stop", "-w", "-m", "fast")


@pytest.fixture(params=["extension", "standin", "system 15"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    names = {
        "extension": "fresh_databases",
        "standin": "databases_standin",
        "system 15": "databases_system",
    }
    if request.param == "extension" and request.getfixturevalue("extension") is None:
        pytest.skip("the extension can't be built here")
    fresh: FreshDatabases = request.getfixturevalue(names[request.param])
    with fresh() as found:
        yield found


@pytest.fixture
async def opened(url: str, tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(url, tmp_path, pool_size=4) as database:
        yield database


@pytest.fixture
def kept(opened: Database) -> Store:
    return opened.store


@pytest.fixture
async def wiki(kept: Store) -> Collection:
    return await kept.ensure_wiki("enwiki", TEMPLATE, date(2026, 1, 31))


@pytest.fixture
async def ours(kept: Store) -> Collection:
    return await kept.ensure_server(70, TEMPLATE)


@pytest.fixture
async def theirs(kept: Store) -> Collection:
    return await kept.ensure_server(80, TEMPLATE)
