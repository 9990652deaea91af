"""What pg_dump writes makes the same table and index again."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.integration.extension.answers import check_answers
from tests.integration.extension.hashsets import make_set
from tests.integration.extension.methods import Method
from tests.integration.extension.servers import Server
from tests.integration.extension.tables import Pictures


async def run(server: Server, database: str, program: str, *arguments: object) -> None:
    process = await asyncio.create_subprocess_exec(
        server.binaries / program,
        *map(str, arguments),
        env=server.environment(database),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode("utf-8", "replace")


@pytest.mark.parametrize("form", ["plain", "custom"])
async def test_a_dump_makes_the_same_again(
    connection: Any,
    method: Method,
    server: Server,
    empty_database: str,
    tmp_path: Path,
    form: str,
) -> None:
    pictures = Pictures(connection, method)
    rest = "WITH (fillfactor = 77) WHERE note = 0"
    await pictures.create([*make_set("drawn", 1, 2000), *[None] * 9], rest=rest)
    defined = "SELECT pg_get_indexdef('by_hash'::regclass)"
    before = await connection.fetchval(defined)
    file = tmp_path / "dump"
    await run(server, empty_database, "pg_dump", "-F", form[0], "-f", file)

    copy = f"{empty_database}_copy"
    await connection.execute(f"CREATE DATABASE {copy}")
    if form == "plain":
        await run(
            server, copy, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f", file
        )
    else:
        await run(server, copy, "pg_restore", "--exit-on-error", "-j", 2, "-d", copy, file)
    restored = await server.connect(copy)
    assert await restored.fetchval(defined) == before
    await restored.execute("CREATE VIEW fresh AS SELECT * FROM pictures WHERE note = 0")
    await check_answers(restored, method, pictures.rows, 1, table="fresh", ways=("index", "bitmap"))
    await restored.close()
    await connection.execute(f"DROP DATABASE {copy}")
