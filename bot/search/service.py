"""The search: all views of a picture in one round trip, then the pages of what is shown."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from bot.images import Fingerprint, Probe, Query, Unreadable, View, Workers
from bot.metrics import Metrics, Outcome
from bot.requests import count_search, timed
from bot.search.confidence import Chances, Surroundings, by_distance, by_score
from bot.search.grouping import Group, apart, grouped
from bot.search.model import (
    AS_IT_IS,
    PAGES_SHOWN,
    Answer,
    Confidence,
    Likeness,
    Match,
    Page,
    Radii,
    Scope,
    Status,
    Stored,
)
from bot.search.second_look import Looked, says_nothing, second_look
from bot.titles import page_url
from db.records import (
    DENSITY_RADIUS,
    Candidate,
    Collection,
    NearFound,
    NearProbe,
    PageRow,
)
from db.store import Store

MATCH_LIMIT = 25

CANDIDATES = 100
"""Stored pictures that are compared with each view: those that are nearest by their hashes."""

FILES_LISTED = 10
"""Further files of one picture whose pages are listed under it."""

CROWDED = 300
"""From how many times the neighbours of a photograph on a picture can hardly be told from them."""

NOT_LOOKED = Looked(None, None, 1.0)
"""What a second look gives where there is nothing to look at."""

PLAIN_REASON = (
    "This picture is too plain to search by sight: a blank or nearly blank picture looks like "
    "thousands of others."
)


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate with what its likeness says."""

    candidate: Candidate
    view: View
    looked: Looked
    strangers: float


class SearchService:
    """Answers where a picture comes from."""

    def __init__(
        self,
        store: Store,
        workers: Workers,
        radii: Radii,
        chances: Chances | None = None,
        *,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._workers = workers
        self._radii = radii
        self._chances = chances or Chances()
        self._metrics = metrics or Metrics()

    async def search(self, data: bytes, scope: Scope, *, files_apart: bool = False) -> Answer:
        """Search for the picture in ``data``, the bytes of an image file.

        With ``files_apart`` each stored file is a match of its own.  Raises
        :class:`bot.errors.DatabaseUnavailableError`; what is wrong with the picture is in the
        answer.
        """
        started = time.perf_counter()
        with self._failures_counted():
            query = await self._workers.query(data)
            answer = await self._answer(query, scope, started, files_apart=files_apart)
        too_large = isinstance(query, Unreadable) and query.kind == "too_large"
        return self._counted(answer, "too_large" if too_large else answer.status)

    async def search_file(self, path: Path, scope: Scope) -> Answer:
        """Search for the picture in a file; see :meth:`search`."""
        started = time.perf_counter()
        return await self._answer(await self._workers.query_file(path), scope, started)

    async def near(self, fingerprint: Fingerprint, scope: Scope) -> tuple[Match, ...]:
        """The matches of a picture that has been read, best first, at most ``MATCH_LIMIT``.

        It is looked at as it is, not turned or framed.
        """
        collections = await self._collections(scope)
        matches, _ = await self._matches(Query(fingerprint, ()), collections, files_apart=True)
        return matches

    async def alike(self, stored: Candidate) -> tuple[Likeness, ...]:
        """The other pictures of its collection that look like a stored one, the likeliest first.

        Two are compared by what is stored of both.
        """
        probe = Probe(AS_IT_IS, stored.dhash, stored.phash or 0, stored.look or b"")
        asked = self._near(probe)
        if stored.phash is None:
            asked = replace(asked, radius=asked.radius_unverified)
        near = await self._store.near([asked], [stored.collection_id], limit_each=CANDIDATES)
        others = {c.image_id: c for c in near.candidates if c.image_id != stored.image_id}
        compared = tuple(_by_what_both_have(other, stored) for other in others.values())
        near = replace(near, candidates=compared)
        around = Surroundings(near.images, near.within[0], near.counted[0])
        return tuple(
            Likeness(
                others[found.candidate.image_id],
                found.candidate.distance,
                found.looked.phash_distance,
                self._word(found) or "possible",
                found.strangers,
            )
            for found in self._shown([probe], near, [around])
        )

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

    async def stored(self, image_id: int, scope: Scope) -> Stored | None:
        """A picture by its id, if it is in the scope."""
        collections = await self._collections(scope)
        image = await self._store.image(image_id, list(collections))
        if image is None:
            return None
        collection = collections[image.collection_id]
        rows = await self._store.pages(image_id, list(collections), limit=PAGES_SHOWN)
        return Stored(image_id, image.file, _pages(rows, collection), collection.api_url)

    async def by_hash(self, dhash: int, scope: Scope, *, radius: int | None = None) -> Answer:
        """Search for a picture of which nothing but its dHash is known, a signed 64-bit integer.

        There is no second look, so matches are called what those are of which nothing but a dHash
        is stored.  ``radius`` is in bits, 0–64; ``None`` means the one for such pictures.  Raises
        :class:`bot.errors.DatabaseUnavailableError`.
        """
        with self._failures_counted():
            answer = await self._by_hash(dhash, scope, radius)
        return self._counted(answer, answer.status)

    async def _by_hash(self, dhash: int, scope: Scope, radius: int | None) -> Answer:
        started = time.perf_counter()
        radius = self._radii.unverified if radius is None else radius
        collections = await self._collections(scope)
        # As far as neighbours are counted, however near is near enough.
        reach = max(radius, DENSITY_RADIUS)
        asked = NearProbe(dhash, None, reach, reach)
        near = await self._nearest([asked], collections)
        around = Surroundings(near.images, near.within[0], near.counted[0])
        found = [
            Found(candidate, AS_IT_IS, NOT_LOOKED, by_distance(candidate.distance, around))
            for candidate in near.candidates
            if candidate.distance <= radius
        ]
        shown = sorted(filter(self._word, found), key=_rank)[:MATCH_LIMIT]
        matches = await self._with_pages(apart(shown), collections)
        if around.crowd >= CROWDED and not matches:
            answer = Answer("plain", PLAIN_REASON, 0.0, dhash=dhash)
        else:
            answer = Answer("found" if matches else "none", None, 0.0, matches, dhash=dhash)
        return replace(answer, elapsed_ms=(time.perf_counter() - started) * 1000)

    async def by_look(self, dhash: int, phash: int, look: bytes, scope: Scope) -> Answer:
        """Search for a picture of which both hashes and the look are known, and nothing more.

        Hashes are signed 64-bit integers, ``look`` has ``LOOK_BYTES`` bytes.  It is looked at as it
        is, not turned or framed.  Raises :class:`bot.errors.DatabaseUnavailableError`.
        """
        started = time.perf_counter()
        # Its size and its format nobody asks for here.
        fingerprint = Fingerprint(dhash, phash, 0, 0, "", plain=False, look=look)
        with self._failures_counted():
            answer = await self._answer(Query(fingerprint, ()), scope, started)
        return self._counted(answer, answer.status)

    async def knows(self, image_id: int, scope: Scope) -> bool:
        """Whether there is a picture of that id among those that may be seen."""
        collections = await self._collections(scope)
        return await self._store.image(image_id, list(collections)) is not None

    @contextmanager
    def _failures_counted(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            count_search(self._metrics, "failed")
            raise

    def _counted(self, answer: Answer, outcome: Outcome) -> Answer:
        count_search(self._metrics, outcome)
        if answer.matches:
            self._metrics.matches.observe(len(answer.matches))
            self._metrics.best_matches.labels(answer.matches[0].confidence).inc()
        return answer

    async def _nearest(
        self, asked: Sequence[NearProbe], collections: Mapping[int, Collection]
    ) -> NearFound:
        with timed(self._metrics, "index"):
            return await self._store.near(asked, list(collections), limit_each=CANDIDATES)

    async def _answer(
        self,
        query: Query | Unreadable,
        scope: Scope,
        started: float,
        *,
        files_apart: bool = False,
    ) -> Answer:
        if isinstance(query, Unreadable):
            answer = Answer("unreadable", query.reason, 0.0)
        else:
            collections = await self._collections(scope)
            matches, around = await self._matches(query, collections, files_apart=files_apart)
            fingerprint = query.fingerprint
            if _too_plain(fingerprint, around, matches):
                answer = Answer("plain", PLAIN_REASON, 0.0)
            else:
                status: Status = "found" if matches else "none"
                answer = Answer(status, None, 0.0, matches)
            answer = replace(answer, fingerprint=fingerprint, dhash=fingerprint.dhash)
        return replace(answer, elapsed_ms=(time.perf_counter() - started) * 1000)

    async def _matches(
        self, query: Query, collections: dict[int, Collection], *, files_apart: bool
    ) -> tuple[tuple[Match, ...], Surroundings]:
        """The matches, and where the whole picture lies."""
        fingerprint = query.fingerprint
        whole = Probe(AS_IT_IS, fingerprint.dhash, fingerprint.phash, fingerprint.look)
        probes = (whole, *query.probes)
        asked = [self._near(probe) for probe in probes]
        near = await self._nearest(asked, collections)
        # Of the views besides the whole any could have met a stranger.
        around = [
            Surroundings(
                near.images,
                near.within[place],
                near.counted[place],
                views=1 if place == 0 else len(probes) - 1,
                part=probe.view.framing == "inside",
            )
            for place, probe in enumerate(probes)
        ]
        with timed(self._metrics, "look"):
            shown = self._shown(probes, near, around)
        groups = (apart(shown) if files_apart else grouped(shown))[:MATCH_LIMIT]
        return await self._with_pages(groups, collections), around[0]

    async def _with_pages(
        self, groups: Sequence[Group[Found]], collections: dict[int, Collection]
    ) -> tuple[Match, ...]:
        files = [
            found.candidate.image_id
            for group in groups
            for found in (group.best, *group.others[:FILES_LISTED])
        ]
        with timed(self._metrics, "pages"):
            pages = await self._store.pages_of(files, list(collections), limit_each=PAGES_SHOWN)
        return tuple(self._match(group, collections, pages) for group in groups)

    def _near(self, probe: Probe) -> NearProbe:
        view = probe.view
        if view.framing != "whole" or view.frame:
            radius = self._radii.framed
        elif view.orientation != 1:
            radius = self._radii.turned
        else:
            radius = self._radii.whole
        return NearProbe(probe.dhash, probe.phash, radius, min(radius, self._radii.unverified))

    def _shown(
        self, probes: Sequence[Probe], near: NearFound, around: Sequence[Surroundings]
    ) -> list[Found]:
        """Of each picture the likeliest view, where it is likely enough; the likeliest first."""
        best: dict[int, Found] = {}
        looks = second_look([(probes[candidate.probe], candidate) for candidate in near.candidates])
        for candidate, looked in zip(near.candidates, looks, strict=True):
            place = around[candidate.probe]
            strangers = (
                by_distance(candidate.distance, place)
                if looked.score is None
                else by_score(looked.score, looked.rate, place)
            )
            found = Found(candidate, probes[candidate.probe].view, looked, strangers)
            other = best.get(candidate.image_id)
            if self._word(found) and (other is None or strangers < other.strangers):
                best[candidate.image_id] = found
        return sorted(best.values(), key=_rank)

    def _word(self, found: Found) -> Confidence | None:
        return self._chances.word(found.strangers, verified=found.looked.score is not None)

    def _match(
        self,
        group: Group[Found],
        collections: dict[int, Collection],
        pages: Mapping[int, Sequence[PageRow]],
    ) -> Match:
        found, candidate = group.best, group.best.candidate
        collection = collections[candidate.collection_id]
        rows = list(pages.get(candidate.image_id, ()))
        # Pages of the other files follow where all those of the best are on the first leaf.
        if candidate.page_count < PAGES_SHOWN:
            others = (pages.get(other.candidate.image_id, ()) for other in group.others)
            shown = {row.id: row for row in (*rows, *chain.from_iterable(others))}
            rows = list(shown.values())[:PAGES_SHOWN]
        return Match(
            image_id=candidate.image_id,
            collection=collection.name,
            collection_as_of=collection.as_of,
            file=candidate.file,
            distance=candidate.distance,
            phash_distance=found.looked.phash_distance,
            confidence=self._word(found) or "possible",
            page_count=max(candidate.page_count, len(rows)),
            pages=_pages(rows, collection),
            view=found.view,
            strangers=found.strangers,
            alike=tuple(other.candidate.image_id for other in group.others),
            api_url=collection.api_url,
            collection_imported_on=collection.imported_on,
        )

    async def _collections(self, scope: Scope) -> dict[int, Collection]:
        if scope.everything:
            visible = await self._store.all_collections()
        else:
            visible = await self._store.collections(scope.guild_id)
        return {c.id: c for c in visible if not scope.names or c.name in scope.names}


def _too_plain(fingerprint: Fingerprint, around: Surroundings, matches: Sequence[Match]) -> bool:
    """Whether nothing can be said of a picture because it lies among too many others.

    What has nothing in it agrees in every way with all that has nothing in it either.
    """
    crowded = around.crowd >= CROWDED
    if not matches:
        return fingerprint.plain or crowded
    unsure = crowded and all(match.confidence == "possible" for match in matches)
    return fingerprint.plain and (unsure or says_nothing(fingerprint.look))


def _by_what_both_have(candidate: Candidate, stored: Candidate) -> Candidate:
    """A candidate without what the picture that it is compared with has not."""
    if stored.phash is None:
        return replace(candidate, phash=None, look=None)
    return candidate if stored.look is not None else replace(candidate, look=None)


def _pages(rows: Iterable[PageRow], collection: Collection) -> tuple[Page, ...]:
    return tuple(
        Page(row.id, row.title, row.url or page_url(collection.page_url_template, row.title))
        for row in rows
    )


def _rank(found: Found) -> tuple[float, int, int]:
    """Best first: the one that a stranger would least likely be, then the older picture."""
    return (found.strangers, found.candidate.distance, found.candidate.image_id)
