"""A file of titles, one a line, read in batches."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from bot.errors import ConfigurationError, RequestError
from bot.net.mediawiki import printable
from bot.titles import canonical_title

_MAX_LINE = 8192
_BOM = b"\xef\xbb\xbf"

NO_TITLE = "not a title that a page can have"
NO_TEXT = "a line that is no UTF-8 text"


@dataclass(frozen=True, slots=True)
class TitleBatch:
    """Some titles of a file, the lines that are none with why, and the byte behind them all."""

    titles: tuple[str, ...]
    unusable: tuple[tuple[str, str], ...]
    end: int


def digest_of(path: Path) -> str:
    """What tells this file from others: the start of its SHA-256.

    Raises :class:`ConfigurationError` where it can't be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise _unreadable(path, error) from None


def read_titles(path: Path, start: int, size: int) -> TitleBatch:
    """The titles from byte ``start`` on, at most ``size``; blocking.

    Empty lines and those that begin with ``#`` are passed over.  At the end of the file there are
    no titles.

    Raises :class:`ConfigurationError` where the file can't be read.
    """
    titles: dict[str, None] = {}
    unusable: dict[str, str] = {}
    try:
        with path.open("rb") as file:
            file.seek(start)
            while (
                len(titles) < size and len(unusable) < size and (line := file.readline(_MAX_LINE))
            ):
                while not line.endswith(b"\n") and (rest := file.readline(_MAX_LINE)):
                    # Too long a line is no title, whatever is at its end.
                    line = line[:_MAX_LINE] + b"|" + rest[-1:]
                if file.tell() == len(line):
                    line = line.removeprefix(_BOM)
                try:
                    titles[_title(line)] = None
                except UnicodeDecodeError:
                    unusable[_name(line)] = NO_TEXT
                except RequestError:
                    unusable[_name(line)] = NO_TITLE
            end = file.tell()
    except OSError as error:
        raise _unreadable(path, error) from None
    titles.pop("", None)
    return TitleBatch(tuple(titles), tuple(unusable.items()), end)


def _title(line: bytes) -> str:
    text = line.decode().strip()
    if not text or text.startswith("#"):
        return ""
    if "|" in text:
        # It parts titles in a request, and no title has it.
        raise RequestError(NO_TITLE)
    return canonical_title(text)


def _name(line: bytes) -> str:
    return printable(line[:60].decode("utf-8", "replace"))


def _unreadable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"{path} can't be read: {error.strerror}.")
