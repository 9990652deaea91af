"""What somebody typed behind a command of this room, taken apart; pure."""

import re
from dataclasses import dataclass

from bot.errors import RequestError
from bot.ingest import ListFormat

MOST_MESSAGES = 200

_LAST = re.compile(r"last\s+([0-9]{1,9})(?:\s+messages?\b)?(?:\s+(.+))?", re.IGNORECASE | re.DOTALL)
_MERGE = re.compile(
    r"#?([0-9]{1,30})\s*(?:\binto\b|->|→|=>|\s)\s*#?([0-9]{1,30})", re.ASCII | re.IGNORECASE
)
_ARROW = re.compile(r"\s*(?:->|→|=>)\s*")
_NUMBERED = re.compile(r"#([0-9]{1,30})(?:\s+(.*))?", re.ASCII | re.DOTALL)
_FORMATS: dict[str, ListFormat] = {"": "csv", "csv": "csv", "json": "jsonl", "jsonl": "jsonl"}


@dataclass(frozen=True, slots=True)
class Many:
    """What ``addimages`` was asked: of how many messages, ``None`` for one; and a page if given."""

    messages: int | None
    page: str | None


@dataclass(frozen=True, slots=True)
class NewName:
    """What ``renameimage`` was asked: of which page, of which picture, and how it is called now."""

    page: str | None
    image_id: int | None
    new: str


def parse_many(text: str) -> Many:
    """Take apart ``[last N] [page]``. Raises :class:`RequestError`."""
    last = _LAST.fullmatch(text.strip())
    if last is None:
        return Many(None, text.strip() or None)
    return Many(checked_count(int(last[1])), (last[2] or "").strip() or None)


def checked_count(count: int) -> int:
    """How many messages. Raises :class:`RequestError` for too many, or none."""
    if not 1 <= count <= MOST_MESSAGES:
        raise RequestError(f"I can look at the last 1 to {MOST_MESSAGES} messages.")
    return count


def parse_format(text: str) -> ListFormat:
    """``csv``, or ``json`` for JSON lines; CSV unless told. Raises :class:`RequestError`."""
    form = _FORMATS.get(text.strip().casefold())
    if form is None:
        raise RequestError("Write nothing behind it, or `csv` or `json`.")
    return form


def parse_merge(text: str) -> tuple[int, int]:
    """Take apart ``ID into ID``. Raises :class:`RequestError`."""
    found = _MERGE.fullmatch(text.strip())
    if found is None:
        raise RequestError(
            "Say which picture goes into which, by their numbers: `7 into 12`. The second one "
            "stays."
        )
    return int(found[1]), int(found[2])


def parse_new_name(text: str) -> NewName:
    """Take apart ``[#ID] [page] -> page``. Raises :class:`RequestError`."""
    parts = _ARROW.split(text.strip())
    if len(parts) != 2 or not all(parts):
        raise RequestError(
            "Write the page as it is called, an arrow, and how it is to be called: "
            "`Old title -> New title`. A picture's number before it, as in `#12 Old title -> New "
            "title`, means that picture alone."
        )
    old, new = parts
    numbered = _NUMBERED.fullmatch(old)
    if numbered is None:
        return NewName(old, None, new)
    return NewName((numbered[2] or "").strip() or None, int(numbered[1]), new)
