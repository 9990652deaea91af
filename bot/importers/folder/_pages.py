"""The pages of a folder's pictures, from the pictures' names or from files beside them."""

import json
import os
import stat
from collections.abc import Generator, Mapping
from pathlib import Path, PurePosixPath
from typing import Protocol

from bot.errors import RequestError
from bot.importers.files import contents
from bot.importers.model import Skipped
from bot.titles import PageName, canonical_title, parse_link

MAX_SIDECAR_BYTES = 64 * 1024


class UnnamedError(Exception):
    """There is no page for a picture; the text is the reason."""


class Pages(Protocol):
    """Where the pages of pictures come from. Paths are relative to the folder."""

    def of(self, path: str) -> tuple[PageName, ...]:
        """The pages that show a picture, at least one. Raises :class:`UnnamedError`."""
        ...

    def belongs(self, path: str) -> bool:
        """Whether a file that is no picture is one of those that name pages."""
        ...

    def left(self, after: int) -> Generator[Skipped | None, None, None]:
        """What of a table gave nothing, from behind a line on."""
        ...


class FromNames:
    """A picture's page has the picture's name, without its extension."""

    def of(self, path: str) -> tuple[PageName, ...]:
        name = path.rpartition("/")[2]
        return (named(os.path.splitext(name)[0], None),)  # noqa: PTH122  (a hot path)

    def belongs(self, path: str) -> bool:
        return False

    def left(self, after: int) -> Generator[Skipped | None, None, None]:
        yield from ()


class FromSidecars(FromNames):
    """A picture's page is named by a ``.json`` beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, path: str) -> tuple[PageName, ...]:
        picture = PurePosixPath(path)
        for name in (f"{picture.name}.json", f"{picture.stem}.json"):
            sidecar = self._folder / picture.with_name(name)
            try:
                is_file = stat.S_ISREG(sidecar.lstat().st_mode)
            except OSError:
                # Not there; or it can't be, where .json makes the name too long.
                continue
            if is_file:
                return (_read_sidecar(sidecar),)
        raise UnnamedError("no .json beside it")

    def belongs(self, path: str) -> bool:
        return path.lower().endswith(".json")


def named(title: str, url: str | None) -> PageName:
    """A page. Raises :class:`UnnamedError` for what can be none."""
    try:
        return PageName(canonical_title(title), parse_link(url) if url else None)
    except RequestError as error:
        raise UnnamedError(error.sentence) from None


def _read_sidecar(sidecar: Path) -> PageName:
    text = contents(sidecar, MAX_SIDECAR_BYTES)
    if not isinstance(text, bytes):
        raise UnnamedError(
            {
                "too_large": f"its .json is larger than {MAX_SIDECAR_BYTES // 1024} KB",
                "empty": "its .json is no JSON",
            }.get(text.kind, "its .json can't be read")
        )
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError):
        raise UnnamedError("its .json is no JSON") from None
    fields = content if isinstance(content, Mapping) else {}
    title, url = fields.get("title"), fields.get("url")
    if not isinstance(title, str):
        raise UnnamedError('its .json has no "title"')
    if url is not None and not isinstance(url, str):
        raise UnnamedError('the "url" in its .json is no text')
    return named(title, url)
