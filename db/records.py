"""The rows that leave the database, as immutable values."""

from dataclasses import dataclass
from datetime import date, datetime
from math import ceil
from typing import Literal

from bot.errors import PictureRefusedError

CollectionKind = Literal["wiki", "server"]
Action = Literal["add", "remove"]
Purpose = Literal["merge", "rename", "import"]
Operators = Literal["extension", "standin"]
IndexKind = Literal["hamming", "bktree"]

# The best one first.
INDEX_KINDS: tuple[IndexKind, ...] = ("hamming", "bktree")

# How much of the server's own memory the search index may take; the rest is for the pages of the
# tables that every search reads as well.
INDEX_SHARE = 0.75

MAX_TITLE_BYTES = 512
MAX_URL_BYTES = 2048
MAX_FILE_BYTES = 1024
MAX_LOOK_BYTES = 64

SOMEBODY = 0
"""In the audit: a member who wants nothing stored about them.  No user of Discord has this id."""

DENSITY_RADIUS = 6
"""Bits of dHash within which the neighbours of a probe are counted."""

DENSITY_CAP = 1_000
"""Pictures that a search looks at for its first probe, the nearest by dHash, and counts at most."""

FURTHER_CAP = 100
"""The same for every probe but the first."""

MOST_READ = 2_000_000
"""Hashes that a search without an index reads, where its first probe does not read as many."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A wiki, or the pictures that one Discord server added itself.

    ``as_of`` is the day of its data, ``source_name``, ``language`` and ``checksum`` what its source
    says of itself, where it came from one that does, and ``api_url`` where the wiki's API is.
    ``imported_on`` is the day of the last import that was finished.
    """

    id: int
    name: str
    kind: CollectionKind
    guild_id: int | None
    page_url_template: str
    as_of: date | None
    source_name: str | None = None
    language: str | None = None
    checksum: str | None = None
    api_url: str | None = None
    imported_on: date | None = None


@dataclass(frozen=True, slots=True)
class NearProbe:
    """What to look for: hashes as signed 64-bit integers, radii in bits of dHash (0–64).

    ``phash`` is ``None`` where nothing but a dHash is known.  ``radius`` is for stored pictures
    that have a pHash, by which a match can be confirmed, and ``radius_unverified`` for those that
    have not, as in rows from a dump.
    """

    dhash: int
    phash: int | None
    radius: int
    radius_unverified: int

    def __post_init__(self) -> None:
        for bits in (self.radius, self.radius_unverified):
            if not 0 <= bits <= 64:
                raise ValueError(f"a radius is 0 to 64 bits, not {bits}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored picture near a probe.

    ``dhash`` and ``phash`` are 64-bit hashes as signed integers (``phash`` is ``None`` for rows
    that came from a dump); ``distance`` is the Hamming distance of the dHashes, 0–64.  ``probe``
    says which of the probes it is near, counted from 0.  ``look`` is its second look, if known:
    :mod:`bot.images.look_layout` says what that is.
    """

    image_id: int
    collection_id: int
    dhash: int
    phash: int | None
    file: str | None
    page_count: int
    distance: int
    probe: int = 0
    look: bytes | None = None


@dataclass(frozen=True, slots=True)
class NearFound:
    """What a search for some probes found.

    ``candidates`` come probe by probe, the likeliest of each first; a picture may be near several.
    ``within`` counts for each probe the pictures with a dHash within ``counted`` bits: that is
    ``DENSITY_RADIUS``, or less where so many are near that no more were looked at, or where even
    the probe's own wider radius is narrower.  ``images`` is how many pictures were searched.
    """

    candidates: tuple[Candidate, ...]
    within: tuple[int, ...]
    counted: tuple[int, ...]
    images: int


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

    ``look`` is the picture's second look, at most ``MAX_LOOK_BYTES``, where it has one.  Raises
    :class:`bot.errors.PictureRefusedError` for what the database can't hold: an empty title, texts
    beyond the ``MAX_…_BYTES``, or characters that are no text.
    """

    dhash: int
    phash: int | None
    file: str | None
    title: str
    url: str | None = None
    look: bytes | None = None

    def __post_init__(self) -> None:
        if self.look is not None and not 0 < len(self.look) <= MAX_LOOK_BYTES:
            raise ValueError(f"a look has 1 to {MAX_LOOK_BYTES} bytes, not {len(self.look)}")
        _check_text("title", self.title, MAX_TITLE_BYTES)
        _check_text("address", self.url, MAX_URL_BYTES)
        _check_text("file name", self.file, MAX_FILE_BYTES)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something, and where: Discord's ids, or ``None`` for the command line.

    ``user_id`` is ``SOMEBODY`` for a member who wants nothing stored about them.
    """

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

    ``added_by`` is a Discord user, if one added it, or ``SOMEBODY``.
    """

    image_id: int
    file: str | None
    page_count: int
    titles: tuple[str, ...]
    created_at: datetime
    added_by: int | None


@dataclass(frozen=True, slots=True)
class Addition:
    """One line of the audit: a page was added to a picture, or taken from it.

    ``user_id`` and ``undone_by`` are Discord users, or ``SOMEBODY``; ``None`` is the operator, and
    for ``undone_by`` also nobody, as long as ``undone_at`` is ``None``.  ``purpose`` says what the
    step was for, where it was more than adding or removing; a step of such may have lines of both.
    """

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
    undone_by: int | None = None
    purpose: Purpose | None = None


@dataclass(frozen=True, slots=True)
class Renaming:
    """A page that gets another name: on all pictures that show it, or on one (``image_id``).

    Without ``url`` every page of that ``title`` is meant, whatever its address.  Without
    ``new_url`` a page keeps the address that it has, unless ``forget_url`` says that the
    collection's template serves from now on.  Raises :class:`bot.errors.PictureRefusedError` for a
    new name that the database can't hold.
    """

    title: str
    url: str | None
    new_title: str
    new_url: str | None
    forget_url: bool = False
    image_id: int | None = None

    def __post_init__(self) -> None:
        _check_text("title", self.new_title, MAX_TITLE_BYTES)
        _check_text("address", self.new_url, MAX_URL_BYTES)


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture of a collection, to be looked at closely.

    Up to three ``titles``; who added it last, and where, as Discord's ids where they are known.
    ``message_id`` is that of the message that asked for it, or of a slash command.
    """

    image_id: int
    file: str | None
    page_count: int
    titles: tuple[str, ...]
    created_at: datetime
    added_by: int | None
    guild_id: int | None
    channel_id: int | None
    message_id: int | None


@dataclass(frozen=True, slots=True)
class ExportRow:
    """A picture and a page that shows it, as they leave a collection.

    Hashes are signed 64-bit integers; ``phash`` and ``look`` are ``None`` where nothing but a dHash
    is stored, and ``url`` where the collection's template serves.
    """

    image_id: int
    page_id: int
    dhash: int
    phash: int | None
    look: bytes | None
    file: str | None
    title: str
    url: str | None
    created_at: datetime


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

    ``operators`` tells where ``<@`` comes from: our extension, or the SQL stand-in.  ``offered``
    are the kinds of index that can be built here, the best one first.  ``building`` is a share from
    0 to 1.  ``leftovers`` counts the other search indexes, which only a change makes, and which
    stay when it is cut short.  ``shared_buffers`` is the server's own memory, in bytes.
    """

    operators: Operators
    extension_version: str | None
    extension_available: str | None
    kind: IndexKind | None
    valid: bool
    size_bytes: int
    images: int
    building: float | None
    offered: tuple[IndexKind, ...]
    leftovers: int
    shared_buffers: int

    @property
    def better(self) -> IndexKind | None:
        """A kind that can be built here and is faster than the one there is."""
        if self.kind is None or not self.offered:
            return None
        best = min(self.offered, key=INDEX_KINDS.index)
        return best if INDEX_KINDS.index(best) < INDEX_KINDS.index(self.kind) else None

    @property
    def fits(self) -> bool:
        """Whether the index stays in the server's memory, beside what else is read."""
        return self.size_bytes <= self.shared_buffers * INDEX_SHARE

    @property
    def shared_buffers_wanted(self) -> int:
        """Bytes of ``shared_buffers`` in which the index fits, in steps of 256 MiB."""
        step = 256 * 1024 * 1024
        return max(1, ceil(self.size_bytes / INDEX_SHARE / step)) * step


@dataclass(frozen=True, slots=True)
class IndexStatistics:
    """What is in an index of the kind ``hamming``.

    ``fill`` is the share of the space on leaf pages that is used, ``tail_share`` the share of the
    items on leaf pages that have taken in others since the build, both from 0 to 1.
    """

    pages: int
    leaf_pages: int
    summary_pages: int
    free_pages: int
    items: int
    groups: int
    fill: float
    tail_share: float
    dead_items: int

    def lines(self) -> tuple[str, ...]:
        """The figures in words, a line each."""
        hashes = f"{self.items:,} hash{'' if self.items == 1 else 'es'}"
        free = f", {self.free_pages:,} free" if self.free_pages else ""
        pages = f"{self.leaf_pages:,} of {self.pages:,} pages, which are {self.fill:.0%} full"
        lines = [f"{hashes} on {pages}; {self.summary_pages:,} of summaries{free}"]
        if self.tail_share:
            lines.append(f"{self.tail_share:.1%} of them are on pages that changed since the build")
        if self.dead_items:
            lines.append(f"{self.dead_items:,} of deleted pictures, which VACUUM takes away")
        return tuple(lines)


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """How the replica that answers searches is.

    ``problem`` is a sentence for the operator on why it can't be used, ``None`` if it can.
    ``standby`` is false for a server that is no replica.  ``behind_bytes`` is how much of the
    primary's log it has not replayed.
    """

    shown: str
    problem: str | None
    standby: bool
    behind_bytes: int


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
