"""Every cell of the table in ``docs/permissions.md`` says what the bot does."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from simcord import Env

from tests.acceptance.permissions.actions import ACTIONS
from tests.acceptance.permissions.cells import ELSEWHERE, IN_TOWN, PRIVATE, cell_of, went_well
from tests.acceptance.world import Library

DOCUMENT = Path(__file__).parents[3] / "docs" / "permissions.md"
COLUMNS = (*IN_TOWN, ELSEWHERE, PRIVATE)
WORDS = {"yes", "apart", "owner", "no"}


def read_table() -> Mapping[tuple[str, str], str]:
    """The cells of the table by row and column."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in lines if "|" in line]
    (start,) = [place for place, row in enumerate(rows) if row[0] == "what"]
    assert tuple(rows[start][1:]) == COLUMNS
    table: dict[tuple[str, str], str] = {}
    for name, *cells in rows[start + 2 :]:
        if len(cells) != len(COLUMNS):
            break
        assert name not in {row for row, _ in table}, name
        table.update({(name, column): cell for column, cell in zip(COLUMNS, cells, strict=True)})
    return MappingProxyType(table)


TABLE = read_table()


async def test_every_action_has_a_row_and_every_row_an_action() -> None:
    assert {row for row, _ in TABLE} == set(ACTIONS)
    assert set(TABLE.values()) <= WORDS
    assert len(TABLE) == len(ACTIONS) * len(COLUMNS)


async def test_every_command_is_in_the_table() -> None:
    rows = " ".join(row for row, _ in TABLE)
    documented = (DOCUMENT.parent / "commands.md").read_text(encoding="utf-8")
    head = documented.partition("\n## ")[0]
    for written in re.findall(r"`([!/][a-z ]+)`", head):
        # Other names of the same command have no rows of their own.
        if written not in ("!source", "!ri", "!index rebuild"):
            assert f"`{written}" in rows, written


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("row", ACTIONS, scope="module")
async def test_cell(
    env: Env, library: Library, extension: Path | None, row: str, column: str
) -> None:
    if extension is None and row.startswith(("`!index build", "`!index drop")):
        pytest.skip("the extension can't be built here")
    persons = (False, True) if column == PRIVATE else (False,)
    verdicts = []
    for owner in persons:
        cursor = env.error_cursor
        cell = await cell_of(library, env, column, owner=owner)
        verdicts.append(await ACTIONS[row](cell))
        assert went_well(env, cursor)
    assert _together(verdicts) == TABLE[row, column]


def _together(verdicts: list[str]) -> str:
    """One word for everybody, or for nobody but the bot's owner, who comes last."""
    if len(set(verdicts)) == 1:
        return verdicts[0]
    assert verdicts[0] == "no", verdicts
    return "owner"
