"""The rows that leave the database, as immutable values."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

CollectionKind = Literal["wiki", "server"]
Action = Literal["add", "remove"]


@dataclass(frozen=True, slots=True)
class Collection:
    """A wiki, or the pictures that one Discord server added itself."""

    id: int
    name: str
    kind: CollectionKind
    guild_id: int | None
    page_url_template: str
    as_of: date | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored picture near a query.

    ``dhash`` and ``phash`` are 64-bit hashes as signed integers (``phash`` is ``None`` for rows
    that came from a dump); ``distance`` is the Hamming distance of the dHashes, 0–64.
    """

    image_id: int
    collection_id: int
    dhash: int
    phash: int | None
    file: str | None
    page_count: int
    distance: int


@dataclass(frozen=True, slots=True)
class PageRow:
    """A page that shows a picture. ``url`` is set where the collection's template does not serve."""

    id: int
    image_id: int
    title: str
    url: str | None


@dataclass(frozen=True, slots=True)
class NewAppearance:
    """A picture and the page that shows it, to be stored."""

    dhash: int
    phash: int | None
    file: str | None
    title: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something, and where: Discord's ids, or ``None`` for the command line."""

    user_id: int | None
    guild_id: int | None = None
    channel_id: int | None = None
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class Addition:
    """One line of the audit: a page was added to a picture, or taken from it."""

    id: int
    action: Action
    collection_id: int
    image_id: int
    dhash: int
    file: str | None
    title: str
    url: str | None
    user_id: int | None
    created_at: datetime
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class CollectionStats:
    """How much a collection holds."""

    collection: Collection
    images: int
    pages: int
    appearances: int


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """The state of the search index.

    ``operators`` tells where ``<@`` comes from: our extension, or the SQL stand-in.
    """

    operators: Literal["extension", "standin"]
    extension_version: str | None
    kind: Literal["bktree"] | None
    valid: bool
    size_bytes: int
    images: int
    building: float | None
