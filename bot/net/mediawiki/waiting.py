"""What is tried again, after how long, and how often."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# What a server that answers is given, before it is believed to go on like that.
FEW = 3
# Seconds between two tries, where the server names none.
LONGEST_STEP = 60.0
# https://www.mediawiki.org/wiki/Manual:Maxlag_parameter: at least so many seconds after such an
# error.
LAG_PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """What is put up with before giving up.

    ``tries`` of one request, at most; ``longest`` is the longest pause, in seconds, that a server
    may ask for; ``answer`` and ``picture`` are the seconds that one try of an API request or of a
    download may take.
    """

    tries: int = 10
    longest: float = 900.0
    answer: float = 120.0
    picture: float = 60.0


class TroubleError(Exception):
    """One try failed, and another may not; never leaves this package.

    ``pause`` is the least to wait before it, in seconds; ``tries`` bounds them.
    """

    def __init__(self, sentence: str, *, pause: float = 0.0, tries: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.pause = pause
        self.tries = tries


class BusyError(TroubleError):
    """The server asks for a pause."""


class UnreachableError(TroubleError):
    """There was no answer at all."""


class BrokenError(TroubleError):
    """There was an answer, but not a whole one, or one that says that the server has a fault."""


def seconds_before(tried: int, trouble: TroubleError) -> float:
    """How long to wait after the ``tried``-th try (the first is 1) ended in ``trouble``."""
    return max(trouble.pause, min(2.0 ** (tried - 1), LONGEST_STEP))


def retry_after(headers: Mapping[str, str]) -> float:
    """The seconds that ``Retry-After`` asks for, 0 where it asks for none.

    A date is compared with the server's own, for its clock may differ from ours.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        until = _date(value)
    except ValueError:
        return 0.0
    try:
        now = _date(headers.get("Date", ""))
    except ValueError:
        now = datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _date(text: str) -> datetime:
    date = parsedate_to_datetime(text)
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def in_words(seconds: float) -> str:
    """A pause, for people."""
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.0f} hours"
