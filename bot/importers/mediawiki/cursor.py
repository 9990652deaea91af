"""Where an import of a wiki goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.errors import ConfigurationError
from bot.importers.model import Position

# The page's id and the title of the file; a title that has no page stands under 0.
EntryKey = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in what a wiki has.

    An API is asked for pages in batches, and answers for one batch in one or more pieces.
    ``continued`` is what the API wants to hear again for the piece (empty: the first of all),
    ``size`` how many pages the batch was asked for (0: not asked yet), ``pages`` how many came
    before the batch, ``line`` the byte in the file of titles at which the batch begins.  ``after``
    is the last entry of the piece that was given, as entries are ordered.
    """

    continued: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    pages: int = 0
    line: int = 0
    after: EntryKey | None = None

    def position(self, after: EntryKey) -> Position:
        """This place, behind an entry, as JSON holds it."""
        return {
            "continue": dict(self.continued),
            "size": self.size,
            "pages": self.pages,
            "line": self.line,
            "after": list(after),
        }


def read_cursor(position: Position) -> Cursor:
    """The place that :meth:`Cursor.position` gave.

    Raises :class:`ConfigurationError` for anything else.
    """
    continued, after = position.get("continue"), position.get("after")
    numbers = [position.get(name) for name in ("size", "pages", "line")]
    if (
        not isinstance(continued, dict)
        or not all(isinstance(text, str) for pair in continued.items() for text in pair)
        or not all(_is_count(number) for number in numbers)
        or not isinstance(after, list)
        or [type(part) for part in after] != [int, str]
    ):
        raise ConfigurationError(
            "The place where this import stopped can't be read: another version wrote it. "
            "Start the import anew."
        )
    size, pages, line = (int(number or 0) for number in numbers)
    return Cursor(continued, size, pages, line, (after[0], after[1]))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
