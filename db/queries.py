"""Named SQL statements, read from the files in ``statements``.

Values are bound ($1, $2, …), never pasted.
"""

import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

_NAME = re.compile(r"^-- name: (?P<name>\w+)$", re.MULTILINE)


def read_sql(name: str) -> str:
    """The text of one SQL file of this package."""
    return resources.files("db").joinpath(name).read_text(encoding="utf-8")


def parse_statements(text: str) -> Mapping[str, str]:
    """Split a text into its statements by their ``-- name: …`` lines.

    Raises :class:`ValueError` for a name given twice, or a name without a statement.
    """
    statements: dict[str, str] = {}
    heads = list(_NAME.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    for head, end in zip(heads, ends, strict=True):
        name = head["name"]
        lines = text[head.end() : end].splitlines()
        body = "\n".join(line for line in lines if not line.startswith("--")).strip()
        if name in statements:
            raise ValueError(f"the statement {name} is there twice")
        if not body:
            raise ValueError(f"the statement {name} is empty")
        statements[name] = body.removesuffix(";")
    return MappingProxyType(statements)


def load_statements() -> Mapping[str, str]:
    """Every statement of every file in ``statements``, by name."""
    files = resources.files("db").joinpath("statements").iterdir()
    named = sorted(file.name for file in files if file.name.endswith(".sql"))
    return parse_statements("\n".join(read_sql(f"statements/{name}") for name in named))
