"""The files below a folder, one after the other, in an order that stays the same.

The files of a folder come by name, then its folders by name, each with all that is below it.  Names
compare by their characters' numbers.
"""

import os
from collections.abc import Callable, Generator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from bot.errors import ConfigurationError
from bot.importers.files import is_picture_name
from bot.importers.model import Position

MOST_COUNTED = 1_000_000
# After so many entries of a folder there is a pause, for whoever wants to stop.
_PAUSE = 1000
# How many folders are remembered, where many are asked for.
_FOLDERS_KEPT = 1024
_NO_TEXT = "a name that is no text"

# The names that lead to an entry, each with whether it is a folder's: a file's comes before.  Such
# places compare as the walk goes.
Place = tuple[tuple[bool, str], ...]


class Entry(NamedTuple):
    """A file; or a file or a folder that can't be read, and the ``reason``.

    ``path`` is relative to where the walk began, with ``/`` between the names.
    """

    path: str
    is_folder: bool = False
    reason: str | None = None

    @property
    def position(self) -> Position:
        """Where the walk goes on after it, in JSON; ``/`` at the end tells a folder."""
        path = f"{self.path}/" if self.is_folder else self.path
        return {"path": path} if _is_text(path) else {"bytes": os.fsencode(path).hex()}


def place_of(position: Position) -> Place | None:
    """The place of an entry by its position; None for an empty one, the start."""
    if "bytes" in position:
        path = os.fsdecode(bytes.fromhex(position["bytes"]))
    elif "path" in position:
        path = position["path"]
    else:
        return None
    *folders, last = path.split("/")
    above = tuple((True, name) for name in folders)
    return (*above, (False, last)) if last else above


def walk(root: Path, after: Place | None = None) -> Generator[Entry | None, None, None]:
    """What is below ``root``, a path without links, from behind ``after`` on; None for a pause.

    Hidden files and folders are passed over.  Folders before ``after`` are not opened.  Raises
    :class:`ConfigurationError` when ``root`` itself can't be read.
    """
    waiting: list[tuple[str, Place | None]] = [("", after)]
    while waiting:
        path, behind = waiting.pop()
        listing = _Listing()
        reason = None
        if not _is_text(path):
            reason = _NO_TEXT
        else:
            try:
                yield from listing.read(root / path, behind)
            except OSError as error:
                if not path:
                    raise ConfigurationError(
                        f"The folder {root} can't be read: {error.strerror}."
                    ) from None
                reason = "a folder that can't be opened"
        if reason is not None:
            # An empty place: it was told of this folder itself before.
            if behind != ():
                yield Entry(path, is_folder=True, reason=reason)
            continue
        prefix = f"{path}/" if path else ""
        for name in listing.files:
            reason = _why_not(name, root, path) if name in listing.odd else None
            yield Entry(prefix + name, reason=reason)
        for name in reversed(listing.folders):
            same = behind and behind[0] == (True, name)
            waiting.append((prefix + name, behind[1:] if behind and same else None))


class Given:
    """Tells whether the walk gives a picture by a relative path; many may be asked for in a row."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._is_walked = lru_cache(_FOLDERS_KEPT)(self._walks)

    def __contains__(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        if not is_picture_name(name) or name.startswith(".") or path.startswith("/"):
            return False
        return self._is_walked(folder) and _why_not(name, self._root, folder) is None

    def _walks(self, folder: str) -> bool:
        if not folder:
            return True
        if any(part[:1] in ("", ".") for part in folder.split("/")):
            return False
        path = self._root / folder
        try:
            return os.path.realpath(path) == str(path) and path.is_dir()
        except (OSError, ValueError):
            return False


def count(root: Path, counts: Callable[[str], bool]) -> Generator[int | None, None, None]:
    """How many entries the walk gives, up to :data:`MOST_COUNTED`; beyond, nothing but pauses.

    ``counts`` says by its relative path whether a file is one.
    """
    number = seen = 0
    waiting = [""]
    while waiting:
        path = waiting.pop()
        prefix = f"{path}/" if path else ""
        try:
            with os.scandir(root / path) as scan:
                for entry in scan:
                    seen += 1
                    if seen % _PAUSE == 0:
                        yield None
                    if seen > MOST_COUNTED:
                        return
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(prefix + entry.name)
                    else:
                        number += counts(prefix + entry.name)
        except OSError:
            number += 1
    yield number


class _Listing:
    """What one folder holds; names alone, for there may be millions of them."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.folders: list[str] = []
        # Files that may be none, or lead elsewhere: they are looked at when it is their turn.
        self.odd: set[str] = set()

    def read(self, folder: Path, behind: Place | None) -> Generator[None, None, None]:
        """Read the folder, but for what comes before ``behind``."""
        first = behind[0] if behind else (False, "")
        with os.scandir(folder) as scan:
            for number, entry in enumerate(scan, 1):
                if number % _PAUSE == 0:
                    yield
                name = entry.name
                if name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if (True, name) >= first:
                        self.folders.append(name)
                elif (False, name) > first:
                    self.files.append(name)
                    if not entry.is_file(follow_symlinks=False) or not _is_text(name):
                        self.odd.add(name)
        self.files.sort()
        self.folders.sort()


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _why_not(name: str, root: Path, folder: str) -> str | None:
    """Why a file can't be taken, if so."""
    path = root / folder / name
    try:
        if not _is_text(name):
            return _NO_TEXT
        if path.is_symlink() and not path.resolve(strict=True).is_relative_to(root):
            return "a link that leads outside"
        if not path.is_file():
            return "not a file"
    except (OSError, ValueError, RuntimeError):
        # ValueError: a name with a zero byte, which a table may tell of.  RuntimeError: a link that
        # leads to itself, before Python 3.13.
        return "a link that leads nowhere"
    return None
