"""The rows that leave the database, as immutable values."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from bot.errors import PictureRefusedError

CollectionKind = Literal["wiki", "server"]
Action = Literal["add", "remove"]
Operators = Literal["extension", "standin"]

MAX_TITLE_BYTES = 512
MAX_URL_BYTES = 2048
MAX_FILE_BYTES = 1024


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
class NearQuery:
    """What to look for: hashes as signed 64-bit integers, radii in bits (0–64).

    A stored picture is near if its dHash is within ``radius`` and its pHash, where both are known,
    within ``radius_phash``.  A dHash within ``radius_unverified`` needs no such confirmation: half
    the pHash of a symmetric picture is rounding noise, and pictures from a dump have none.
    """

    dhash: int
    phash: int | None
    radius: int
    radius_phash: int
    radius_unverified: int

    def __post_init__(self) -> None:
        for bits in (self.radius, self.radius_phash, self.radius_unverified):
            if not 0 <= bits <= 64:
                raise ValueError(f"a radius is 0 to 64 bits, not {bits}")


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
    """A page that shows a picture.

    ``url`` is set where the collection's template does not serve.
    """

    id: int
    image_id: int
    title: str
    url: str | None


@dataclass(frozen=True, slots=True)
class NewAppearance:
    """A picture and the page that shows it, to be stored.

    Raises :class:`bot.errors.PictureRefusedError` for what the database can't hold: an empty
    title, texts beyond the ``MAX_…_BYTES``, or characters that are no text.
    """

    dhash: int
    phash: int | None
    file: str | None
    title: str
    url: str | None = None

    def __post_init__(self) -> None:
        _check_text("title", self.title, MAX_TITLE_BYTES)
        _check_text("address", self.url, MAX_URL_BYTES)
        _check_text("file name", self.file, MAX_FILE_BYTES)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something, and where: Discord's ids, or ``None`` for the command line."""

    user_id: int | None
    guild_id: int | None = None
    channel_id: int | None = None
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one :class:`NewAppearance`; ``new`` is false if it was there already."""

    appearance: NewAppearance
    image_id: int
    new: bool


@dataclass(frozen=True, slots=True)
class ListedImage:
    """A picture in a collection's list, with up to three titles of the pages that show it.

    ``added_by`` is a Discord user, if one added it.
    """

    image_id: int
    file: str | None
    page_count: int
    titles: tuple[str, ...]
    created_at: datetime
    added_by: int | None


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

    operators: Operators
    extension_version: str | None
    kind: Literal["bktree"] | None
    valid: bool
    size_bytes: int
    images: int
    building: float | None


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Which PostgreSQL answers, and what it has of ours.

    ``extension_version`` is the one in use, ``extension_available`` the newest on that server;
    ``None`` where there is none.
    """

    version: str
    embedded: bool
    schema_version: int
    operators: Operators
    extension_version: str | None
    extension_available: str | None


def _check_text(what: str, value: str | None, limit: int) -> None:
    if value is None:
        return
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise PictureRefusedError(f"The {what} holds characters that are no text.") from None
    if "\0" in value:
        raise PictureRefusedError(f"The {what} holds characters that are no text.")
    if size == 0:
        raise PictureRefusedError(f"The {what} is empty.")
    if size > limit:
        raise PictureRefusedError(f"The {what} is longer than {limit} bytes. Shorten it.")
