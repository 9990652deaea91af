"""The SQL regression tests, and that every compiler warning is one too many."""

import asyncio
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from db.extension_build import CFLAGS, extension_sources
from tests.integration.extension.servers import Server, copy_sources, make

SCRIPTS = sorted((extension_sources() / "test" / "sql").glob("*.sql"))


def read_script(script: Path) -> tuple[bytes, list[str]]:
    """The commands, and the lines that psql prints for them."""
    expected = script.parent.parent / "expected" / f"{script.stem}.out"
    return script.read_bytes(), expected.read_text("utf-8").splitlines()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.stem))
async def test_prints_what_is_expected(
    script: Path, server: Server, empty_database: str, connection: object
) -> None:
    """By psql alone: not every PostgreSQL comes with a pg_regress that runs."""
    commands, expected = read_script(script)
    psql = await asyncio.create_subprocess_exec(
        server.binaries / "psql",
        *("-X", "-a", "-q"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=server.environment(empty_database),
    )
    printed, _ = await psql.communicate(commands)
    assert printed.decode("utf-8").splitlines() == expected


def test_installcheck_runs_every_script(system: Server, short_folders: Callable[[], Path]) -> None:
    sources = copy_sources(short_folders() / "source")
    environment = system.environment("postgres") | {
        "USER": "postgres",
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(
        ["make", "installcheck", f"PG_CONFIG={system.binaries / 'pg_config'}"],
        cwd=sources,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, said
    for script in SCRIPTS:
        assert script.stem in said


def test_compiles_without_warnings(server: Server, short_folders: Callable[[], Path]) -> None:
    sources = copy_sources(short_folders() / "source")
    # The embedded server's own flags name warnings that this compiler may not know.
    flags = [] if server.installed else [f"CFLAGS={CFLAGS} -Wall -Wmissing-prototypes"]
    said = make(sources, server.binaries, flags=[*flags, "COPT=-Werror"])
    assert "warning" not in said.replace("-Wmissing-format-attribute", "")
