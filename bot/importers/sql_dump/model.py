"""What a dump gives: chunks of rows, and the lines that give none."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.importers.model import Position

SHOWN_CHARACTERS = 80

Checked = tuple[bytes, "tuple[BadLine, ...]"]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that gives no row.

    ``number`` counts from 1 in the unpacked file.  ``reason`` is a phrase for people, and the same
    for all that are alike.  ``text`` is how the line begins, made printable.
    """

    number: int
    reason: str
    text: str

    @classmethod
    def of(cls, number: int, reason: str, line: bytes) -> "BadLine":
        """A bad line, given its bytes, or the first few hundred of them."""
        return cls(number, reason, _shown(line))


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of the table, in the order of the file.

    ``rows`` are ``row_count`` lines in COPY's text format, each of two columns, hash and page, and
    ended by a line feed.  They are as the dump has them: the database may refuse them, and then
    :meth:`checked` tells the good from the bad.  ``bad`` are the lines that are known already to
    give no row, ``position`` is where the dump goes on once this chunk is stored.
    """

    rows: bytes
    row_count: int
    bad: tuple[BadLine, ...]
    position: Position
    check: Callable[[], Checked] | None = field(default=None, repr=False, compare=False)

    def checked(self) -> Checked:
        """The rows that the database takes for certain, and every bad line of this chunk.

        It looks at each line by itself, so it is slow: a few hundred thousand lines a second.
        """
        return (self.rows, self.bad) if self.check is None else self.check()


def _shown(line: bytes) -> str:
    text = line[: 4 * SHOWN_CHARACTERS + 4].decode("utf-8", "replace")
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text[: SHOWN_CHARACTERS + 1]
    )
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[: SHOWN_CHARACTERS - 1] + "…"
