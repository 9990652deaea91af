"""What goes in and out of an import, as immutable values."""

from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

# What JSON holds.
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReadPicture:
    """What reading a picture gave, or why that was nothing.

    The hashes are signed 64-bit integers, ``look`` is the picture's second look; ``key`` is a
    digest of what its source calls it.
    """

    key: UUID
    dhash: int | None
    phash: int | None
    look: bytes | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far an import is.

    ``position`` is the source's; ``added`` and ``known`` count appearances since the last
    checkpoint, ``skipped`` is all that was passed over since the import began.
    """

    position: Json | None
    added: int
    known: int
    skipped: Json


@dataclass(frozen=True, slots=True)
class ImportState:
    """Where an import was left; ``position`` is ``None`` for one that begins."""

    position: Json | None
    added: int
    known: int
    skipped: Json


@dataclass(frozen=True, slots=True)
class StagedState:
    """How far the rows of an import are staged; ``complete`` when the source has ended."""

    position: Json | None
    rows: int
    skipped: Json
    complete: bool


class Refused(NamedTuple):
    """Why some titles can be none, how many rows have one of them, and the first few."""

    reason: str
    rows: int
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of staged rows; those of ``refused`` are in neither count."""

    added: int
    known: int
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class Removed:
    """What an update took away."""

    images: int
    appearances: int
