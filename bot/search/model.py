"""What is asked and what is answered: immutable values."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from bot.images import Fingerprint, View
from bot.titles import display_title
from db.records import Candidate

Status = Literal["found", "none", "plain", "unreadable"]
Confidence = Literal["exact", "close", "possible"]

PAGES_SHOWN = 10

AS_IT_IS = View()


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose pictures are searched: all wikis, and the own pictures of one server.

    ``everything`` adds every server's own pictures; only an operator at the command line asks so.
    ``names`` narrows the search to those collections.
    """

    guild_id: int | None = None
    everything: bool = False
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Radii:
    """How far a search reaches, in bits of Hamming distance between dHashes (0–64).

    ``whole`` is the radius around the picture as it is, ``framed`` that around what is left without
    a border or an interface and around later pictures, and ``turned`` that around its turns.
    ``unverified`` bounds them all for pictures of which nothing but a dHash is stored.
    """

    whole: int = 16
    framed: int = 8
    turned: int = 4
    unverified: int = 4


@dataclass(frozen=True, slots=True)
class Page:
    """A page that shows a picture. ``id`` orders the pages of one picture."""

    id: int
    title: str
    url: str

    @property
    def name(self) -> str:
        """The title as people write it."""
        return display_title(self.title)


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored picture and the first of its pages; ``api_url`` as in :class:`Match`."""

    image_id: int
    file: str | None
    pages: tuple[Page, ...]
    api_url: str | None


@dataclass(frozen=True, slots=True)
class Match:
    """A stored picture that looks like the query, and the first of its pages.

    ``view`` says what was done to the query for it.  ``distance`` and ``phash_distance`` are
    Hamming distances, 0–64; ``phash_distance`` is ``None`` where nothing but a dHash is stored.
    ``strangers`` is how many other pictures are expected to look as much alike, in an index of this
    size.  ``alike`` are further stored pictures that look the same as this one.  ``api_url`` is
    where the API of the wiki is, if that is known.  ``collection_as_of`` is the day of the data,
    where its source tells, and ``collection_imported_on`` that of the last import.
    """

    image_id: int
    collection: str
    collection_as_of: date | None
    file: str | None
    distance: int
    phash_distance: int | None
    confidence: Confidence
    page_count: int
    pages: tuple[Page, ...]
    view: View = AS_IT_IS
    strangers: float = 0.0
    alike: tuple[int, ...] = ()
    api_url: str | None = None
    collection_imported_on: date | None = None


@dataclass(frozen=True, slots=True)
class Likeness:
    """A stored picture that looks like another one, and how much; numbers as :class:`Match` has."""

    picture: Candidate
    distance: int
    phash_distance: int | None
    confidence: Confidence
    strangers: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found. ``reason`` says why there is no match, in a sentence for people.

    ``fingerprint`` is that of the picture, ``None`` where none was read; ``dhash`` is what was
    searched for, a signed 64-bit integer.
    """

    status: Status
    reason: str | None
    elapsed_ms: float
    matches: tuple[Match, ...] = ()
    fingerprint: Fingerprint | None = None
    dhash: int | None = None
