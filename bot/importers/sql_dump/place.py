"""Where in a dump a reader is, and all that it must know to go on from there."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from bot.importers.model import Position

VERSION = 1


@dataclass(slots=True)
class Place:
    """A place between two rows or two statements.

    ``asked`` is which table and columns the reader was asked for.  ``offset`` counts the bytes of
    the unpacked file before the place, ``crc`` is their CRC-32, ``line`` the number of its line,
    from 1.  ``inside`` is what it is in the middle of, with ``columns``.  ``known`` are the columns
    of tables of that name, by schema, as CREATE TABLE gave them; ``found`` is whether there were
    rows, and ``schema`` of which.  ``search`` is the schema of names without one.
    ``plain_strings`` and ``unfinished`` are the lexer's.
    """

    asked: tuple[str, str, str]
    offset: int = 0
    line: int = 1
    crc: int = 0
    inside: Literal["copy", "insert"] | None = None
    columns: tuple[str, ...] = ()
    known: dict[str | None, tuple[str, ...]] = field(default_factory=dict)
    found: bool = False
    schema: str | None = None
    search: str | None = None
    plain_strings: bool = True
    unfinished: bool = False

    def position(self) -> Position:
        """The place as something that JSON holds."""
        position = asdict(self)
        position["version"] = VERSION
        position["asked"] = list(self.asked)
        position["columns"] = list(self.columns)
        position["known"] = [[schema, list(columns)] for schema, columns in self.known.items()]
        return position

    @classmethod
    def of(cls, position: Mapping[str, Any]) -> "Place":
        """The place that a position stands for. Raises :class:`ValueError` for what is none."""
        fields = dict(position)
        if fields.pop("version", None) != VERSION:
            raise ValueError("a position of another version")
        try:
            place = cls(**fields)
            table, hash_column, page_column = fields["asked"]
            place.asked = table, hash_column, page_column
            place.columns = tuple(place.columns)
            place.known = {schema: tuple(columns) for schema, columns in fields["known"]}
        except (KeyError, TypeError) as error:
            raise ValueError(str(error)) from None
        return place
