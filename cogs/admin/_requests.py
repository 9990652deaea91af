"""What somebody typed behind a command, taken apart; pure."""

import re
from dataclasses import dataclass

from bot.errors import RequestError

LARGEST_ID = 2**63 - 1

# Phones make a dash of two hyphens.
_COLLECTION = re.compile(
    r'(?:^|\s)(?:--|—|–)collection(?:[ =]\s*("[^"]*"|\S+))?(?=\s|$)', re.IGNORECASE
)
_LINK = re.compile(r"<?https?://[^\s<>]+>?", re.IGNORECASE)
_ID = re.compile(r"#?([0-9]{1,30})", re.ASCII)
_QUOTES = (('"', '"'), ("“", "”"), ("„", "“"))


@dataclass(frozen=True, slots=True)
class Addition:
    """What ``addimage`` was asked.

    ``page`` is a title or an address.  ``links`` are links to pictures, parted by spaces; it is
    empty when the pictures come another way.
    """

    page: str
    links: str
    collection: str | None


@dataclass(frozen=True, slots=True)
class Removal:
    """What ``removeimage`` was asked: a picture's number, or links to a picture."""

    image_id: int | None
    links: str
    collection: str | None


def parse_addition(text: str) -> Addition:
    """Take apart ``TITLE-or-URL [links to pictures] [--collection NAME]``.

    What comes first is the page: an address, or every word up to the first link.  All further
    links are pictures.  Raises :class:`RequestError`.
    """
    text, collection = split_collection(text)
    first = _LINK.search(text)
    if first is None:
        page, rest = text, ""
    elif not text[: first.start()].strip():
        page, rest = first.group(), text[first.end() :]
    else:
        page, rest = text[: first.start()], text[first.start() :]
    page = _unwrapped(page)
    if not page:
        raise RequestError(
            "Say which page shows the picture: its title or its address comes first, then the "
            "picture."
        )
    return Addition(page, _only_links(rest), collection)


def parse_removal(text: str) -> Removal:
    """Take apart ``[ID or link] [--collection NAME]``. Raises :class:`RequestError`."""
    text, collection = split_collection(text)
    number = _ID.fullmatch(text)
    if number is None:
        return Removal(None, _only_links(text), collection)
    # Ids are no larger than this; neither is what the database can be asked.
    return Removal(min(int(number[1]), LARGEST_ID), "", collection)


def parse_count(text: str, most: int) -> int:
    """How many of something at a time, ``most`` unless told. Raises :class:`RequestError`."""
    if not text:
        return most
    number = _ID.fullmatch(text)
    if number is None or not 1 <= int(number[1]) <= most:
        raise RequestError(f"Write nothing behind it, or a number from 1 to {most}.")
    return int(number[1])


def split_collection(text: str) -> tuple[str, str | None]:
    """The text without ``--collection NAME``, and that name. Raises :class:`RequestError`."""
    found = _COLLECTION.search(text)
    if found is None:
        return text.strip(), None
    name = (found[1] or "").strip('"').strip()
    if not name:
        raise RequestError("Say which collection: `--collection NAME`.")
    return f"{text[: found.start()]} {text[found.end() :]}".strip(), name


def _only_links(text: str) -> str:
    for word in text.split():
        if not _LINK.fullmatch(word):
            raise RequestError(
                "Behind the page, or in its place, I can take links to pictures "
                "(https://…), and something there is not one. A title goes before the links."
            )
    return text.strip()


def _unwrapped(page: str) -> str:
    page = page.strip()
    if _LINK.fullmatch(page):
        return page.strip("<>")
    for opening, closing in _QUOTES:
        if len(page) > 2 and page.startswith(opening) and page.endswith(closing):
            return page[1:-1].strip()
    return page
