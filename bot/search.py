"""Ask: a picture in, the pages that show it out.

The search is one query for pictures and a second, bounded one for their pages.  Every stored hash
within the radius is considered; where a second fingerprint is stored, it has the last word.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

from bot.images import Fingerprint, Unreadable, Workers
from bot.titles import display_title, page_url
from db.records import Candidate, Collection, NearQuery, PageRow
from db.store import Store

Status = Literal["found", "none", "plain", "unreadable"]
Confidence = Literal["exact", "close", "possible"]

MATCH_LIMIT = 25
PAGES_SHOWN = 10
MOST_PHASH_BITS = 12

PLAIN_REASON = (
    "This picture is too plain to search by sight: a blank or nearly blank picture looks like "
    "thousands of others."
)


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
    """How far a search reaches, in bits of Hamming distance (0–64).

    ``dhash`` is the radius around the dHash; ``phash`` the most that the second fingerprint may
    differ; ``unverified`` the dHash radius within which a picture needs no second fingerprint, or
    may have one that differs more, as symmetric pictures do.
    """

    dhash: int = 12
    phash: int = 16
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
class Match:
    """A stored picture that looks like the query, and the first of its pages.

    ``distance`` and ``phash_distance`` are Hamming distances, 0–64; the latter is ``None`` where no
    second fingerprint is stored.
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found. ``reason`` says why there is no match, in a sentence for people."""

    status: Status
    reason: str | None
    elapsed_ms: float
    matches: tuple[Match, ...] = ()
    fingerprint: Fingerprint | None = None


def hamming(a: int, b: int) -> int:
    """The number of bits in which two signed 64-bit hashes differ, 0–64."""
    return ((a ^ b) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


def confidence_of(distance: int, phash_distance: int | None) -> Confidence:
    """How sure a match is, in a word.

    *exact*: both fingerprints agree as they do after re-encoding and resizing.  *close*: as after a
    small crop or an edit.  Without a second fingerprint a match is never *exact*, for graphics
    share dHashes.
    """
    if phash_distance is None:
        return "close" if distance <= 1 else "possible"
    if distance <= 3 and phash_distance <= 8:
        return "exact"
    if distance <= 8 and phash_distance <= 12:
        return "close"
    return "possible"


class SearchService:
    """Answers where a picture comes from."""

    def __init__(self, store: Store, workers: Workers, radii: Radii) -> None:
        self._store = store
        self._workers = workers
        self._radii = radii

    async def search(self, data: bytes, scope: Scope) -> Answer:
        """Search for the picture in ``data``, the bytes of an image file.

        Raises :class:`bot.errors.DatabaseUnavailableError`; what is wrong with the picture is in
        the answer.
        """
        started = time.perf_counter()
        return await self._answer(await self._workers.fingerprint(data), scope, started)

    async def search_file(self, path: Path, scope: Scope) -> Answer:
        """Search for the picture in a file; see :meth:`search`."""
        started = time.perf_counter()
        return await self._answer(await self._workers.fingerprint_file(path), scope, started)

    async def near(self, fingerprint: Fingerprint, scope: Scope) -> tuple[Match, ...]:
        """The matches of a picture that has been read, best first, at most ``MATCH_LIMIT``."""
        collections = await self._collections(scope)
        found = await self._store.near(
            self._query(fingerprint), list(collections), limit=MATCH_LIMIT
        )
        pages = await self._store.pages_of(
            [candidate.image_id for candidate in found], list(collections), limit_each=PAGES_SHOWN
        )
        matches = (
            _match(candidate, fingerprint, collections, pages.get(candidate.image_id, ()))
            for candidate in found
        )
        return tuple(sorted(matches, key=_rank))

    async def pages(
        self, image_id: int, scope: Scope, *, after: int = 0, limit: int = PAGES_SHOWN
    ) -> tuple[Page, ...]:
        """More pages of a picture, those behind the page with id ``after``."""
        collections = await self._collections(scope)
        image = await self._store.image(image_id, list(collections))
        if image is None:
            return ()
        rows = await self._store.pages(image_id, list(collections), after=after, limit=limit)
        return _pages(rows, collections[image.collection_id])

    async def _answer(
        self, picture: Fingerprint | Unreadable, scope: Scope, started: float
    ) -> Answer:
        if isinstance(picture, Unreadable):
            answer = Answer("unreadable", picture.reason, 0.0)
        elif picture.plain:
            answer = Answer("plain", PLAIN_REASON, 0.0, fingerprint=picture)
        else:
            matches = await self.near(picture, scope)
            answer = Answer("found" if matches else "none", None, 0.0, matches, picture)
        return replace(answer, elapsed_ms=(time.perf_counter() - started) * 1000)

    async def _collections(self, scope: Scope) -> dict[int, Collection]:
        if scope.everything:
            visible = await self._store.all_collections()
        else:
            visible = await self._store.collections(scope.guild_id)
        return {c.id: c for c in visible if not scope.names or c.name in scope.names}

    def _query(self, fingerprint: Fingerprint) -> NearQuery:
        return NearQuery(
            dhash=fingerprint.dhash,
            phash=fingerprint.phash,
            radius=max(self._radii.dhash, self._radii.unverified),
            radius_phash=self._radii.phash,
            radius_unverified=self._radii.unverified,
        )


def _match(
    candidate: Candidate,
    fingerprint: Fingerprint,
    collections: dict[int, Collection],
    rows: Sequence[PageRow],
) -> Match:
    collection = collections[candidate.collection_id]
    phash_distance = (
        None if candidate.phash is None else hamming(candidate.phash, fingerprint.phash)
    )
    return Match(
        image_id=candidate.image_id,
        collection=collection.name,
        collection_as_of=collection.as_of,
        file=candidate.file,
        distance=candidate.distance,
        phash_distance=phash_distance,
        confidence=confidence_of(candidate.distance, phash_distance),
        page_count=candidate.page_count,
        pages=_pages(rows, collection),
    )


def _pages(rows: Iterable[PageRow], collection: Collection) -> tuple[Page, ...]:
    return tuple(
        Page(row.id, row.title, row.url or page_url(collection.page_url_template, row.title))
        for row in rows
    )


def _rank(match: Match) -> tuple[int, int, int]:
    """Best first: the fewest bits apart by both fingerprints together, then the older picture.

    A second fingerprint counts for no more than a missing one does: beyond that its bits are noise
    as often as a difference.
    """
    phash_bits = match.phash_distance
    if phash_bits is None or phash_bits > MOST_PHASH_BITS:
        phash_bits = MOST_PHASH_BITS
    return (match.distance + phash_bits, match.distance, match.image_id)
