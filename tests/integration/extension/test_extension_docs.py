"""What docs/extension.md says that psql prints is what it prints."""

import asyncio
import re
from pathlib import Path

from tests.integration.extension.servers import Server

DOCS = Path(__file__).resolve().parents[3] / "docs" / "extension.md"
EXAMPLE = re.compile(r"```sql\n(?P<commands>[^`]*)```(?:\n\n```text\n(?P<printed>[^`]*)```)?")


def read_examples() -> tuple[bytes, list[str]]:
    """All examples as one script, and the lines that it prints."""
    found = list(EXAMPLE.finditer(DOCS.read_text("utf-8")))
    printed = "".join(example["printed"] or "" for example in found)
    return "".join(example["commands"] for example in found).encode(), _lines(printed)


async def test_examples_print_what_is_written(server: Server, empty_database: str) -> None:
    commands, written = read_examples()
    assert len(written) > 30
    psql = await asyncio.create_subprocess_exec(
        server.binaries / "psql",
        *("-X", "-q"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=server.environment(empty_database),
    )
    printed, _ = await psql.communicate(commands)
    assert _lines(printed.decode("utf-8")) == written


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]
