"""Walking through the pictures of a collection that look alike, pair by pair."""

import asyncio
from dataclasses import dataclass

from bot.search import Confidence, SearchService
from db.curation import CurationStore, Pair
from db.records import Candidate, Collection, StoredPicture
from db.rows import LARGEST_ID

LOOKED_AT = 200
"""Pictures that are looked at in one go."""

SECONDS = 5.0
"""How long one go takes at most, but for the picture that is being looked at."""

AT_A_TIME = 50


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a walk is: at the picture of this id, or the next older one.

    ``passed`` are the older pictures that this one was shown with already.
    """

    upto: int = LARGEST_ID
    passed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Twins:
    """Two stored pictures that look alike: numbers as :class:`bot.search.Match` has them."""

    newer: StoredPicture
    older: StoredPicture
    distance: int
    phash_distance: int | None
    confidence: Confidence
    strangers: float
    pair: Pair


@dataclass(frozen=True, slots=True)
class Walked:
    """What a go came to: a pair, or none within what one go looks at; ``finished`` at the end.

    ``bookmark`` is where the next go begins, ``looked`` how many pictures this one looked at.
    """

    twins: Twins | None
    bookmark: Bookmark
    looked: int
    finished: bool


class Review:
    """Finds pictures of one collection that look alike, by the search's own second look.

    One go looks at so many pictures, and takes so many ``seconds``.
    """

    def __init__(self, store: CurationStore, search: SearchService) -> None:
        self._store = store
        self._search = search
        self.looked_at = LOOKED_AT
        self.seconds = SECONDS

    async def next_pair(
        self, collection: Collection, bookmark: Bookmark, *, again: bool = False
    ) -> Walked:
        """Go on to the next pair, from newer pictures to older ones.

        Each pair comes once.  Those that were kept apart are left out, unless ``again``.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + self.seconds
        looked = 0
        while True:
            pictures = await self._store.walk(collection.id, upto=bookmark.upto, limit=AT_A_TIME)
            for picture in pictures:
                if picture.image_id != bookmark.upto:
                    bookmark = Bookmark(picture.image_id)
                looked += 1
                twins = await self._twin(collection, picture, bookmark.passed, again=again)
                if twins is not None:
                    passed = bookmark.passed | {twins.older.image_id}
                    return Walked(twins, Bookmark(bookmark.upto, passed), looked, finished=False)
                bookmark = Bookmark(picture.image_id - 1)
                if looked >= self.looked_at or clock() >= until:
                    return Walked(None, bookmark, looked, finished=False)
            if len(pictures) < AT_A_TIME:
                return Walked(None, bookmark, looked, finished=True)

    async def keep_apart(self, collection: Collection, twins: Twins) -> None:
        """Note that a pair is two pictures, so that it is not asked about again."""
        await self._store.keep_apart(collection.id, twins.pair)

    async def _twin(
        self, collection: Collection, picture: Candidate, passed: frozenset[int], *, again: bool
    ) -> Twins | None:
        found = [
            likeness
            for likeness in await self._search.alike(picture)
            if likeness.picture.image_id < picture.image_id
            and likeness.picture.image_id not in passed
        ]
        if not found:
            return None
        pairs = [(picture, likeness.picture) for likeness in found]
        kept = await self._store.kept_apart(collection.id, pairs)
        ids = [each.image_id for each in (picture, *(older for _, older in pairs))]
        shown = await self._store.stored(collection.id, ids)
        for likeness, pair, is_kept in zip(found, pairs, kept, strict=True):
            newer, older = (shown.get(each.image_id) for each in pair)
            # Somebody else may have removed one meanwhile.
            if newer is None or older is None or (is_kept and not again):
                continue
            return Twins(
                newer,
                older,
                likeness.distance,
                likeness.phash_distance,
                likeness.confidence,
                likeness.strangers,
                pair,
            )
        return None
