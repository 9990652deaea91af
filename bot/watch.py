"""The watch: whether a picture that was posted is known, to the server or to the channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import DatabaseError
from bot.images import Fingerprint, Probe, Unreadable, Workers
from bot.metrics import Metrics
from bot.requests import count_search
from bot.search import Chances, Confidence, Match, Radii, Scope, SearchService
from bot.search.confidence import Surroundings, by_score
from bot.search.grouping import grouped
from bot.search.model import AS_IT_IS
from bot.search.second_look import second_look
from db.records import DENSITY_RADIUS, Candidate
from db.rules import Watch
from db.sightings import Seen, Sighting, SightingsStore
from db.store import SERVER_PREFIX

COMPARED = 50
"""Pictures of a channel that one is compared with: those that are nearest by their dHash."""

SURE: frozenset[Confidence] = frozenset({"exact", "close"})


@dataclass(frozen=True, slots=True)
class Post:
    """A picture that was posted: where, by whom and when; ids are Discord's.

    ``place`` counts the pictures of one message from 0.  ``watched_id`` is the channel that the
    rules name, ``channel_id`` where the message is: the same, or a thread in it.
    """

    message_id: int
    place: int
    guild_id: int
    watched_id: int
    channel_id: int
    user_id: int
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class Repost:
    """The message that had the picture first, and how sure that is."""

    channel_id: int
    message_id: int
    posted_at: datetime
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the watch knows of a picture: the server's own that it is, and where it was before."""

    own: Match | None = None
    before: Repost | None = None

    @property
    def known(self) -> bool:
        """Whether there is anything to say."""
        return self.own is not None or self.before is not None


@dataclass(frozen=True, slots=True)
class _Near:
    """A sighting, as what pictures are compared with."""

    sighting: Sighting
    candidate: Candidate


class WatchService:
    """Looks at pictures that nobody asked about, and keeps what it needs to know them again."""

    def __init__(
        self,
        sightings: SightingsStore,
        workers: Workers,
        search: SearchService,
        radii: Radii,
        chances: Chances | None = None,
        *,
        metrics: Metrics | None = None,
    ) -> None:
        self._sightings = sightings
        self._workers = workers
        self._search = search
        self._radius = radii.whole
        self._chances = chances or Chances()
        self._metrics = metrics or Metrics()

    async def look(self, data: bytes, post: Post, watch: Watch) -> Verdict:
        """Compare the picture in ``data``, an image file, with what is known, and remember it.

        What can't be read, or is too plain to be known again, is not known.  Raises
        :class:`bot.errors.DatabaseUnavailableError`.
        """
        read = await self._workers.fingerprint(data)
        if isinstance(read, Unreadable) or read.plain:
            count_search(self._metrics, "unreadable" if isinstance(read, Unreadable) else "plain")
            return Verdict()
        try:
            own = await self._own(read, post.guild_id) if watch.own else None
            before = await self._before(read, post, watch) if watch.days else None
        except DatabaseError:
            count_search(self._metrics, "failed")
            raise
        verdict = Verdict(own, before)
        count_search(self._metrics, "found" if verdict.known else "none")
        return verdict

    async def forget_messages(self, guild_id: int, message_ids: Sequence[int]) -> None:
        """Forget the pictures of messages that are gone."""
        await self._sightings.forget_messages(guild_id, message_ids)

    async def forget_channel(self, guild_id: int, channel_id: int) -> None:
        """Forget the pictures of a channel or a thread that is gone."""
        await self._sightings.forget_channel(guild_id, channel_id)

    async def sweep(self) -> int:
        """Forget what is older than the rules of its server let it be; how many that were."""
        return await self._sightings.sweep()

    async def _own(self, fingerprint: Fingerprint, guild_id: int) -> Match | None:
        scope = Scope(guild_id=guild_id, names=frozenset({f"{SERVER_PREFIX}{guild_id}"}))
        matches = await self._search.near(fingerprint, scope)
        return next((match for match in matches if match.confidence in SURE), None)

    async def _before(self, read: Fingerprint, post: Post, watch: Watch) -> Repost | None:
        picture = Sighting(
            message_id=post.message_id,
            place=post.place,
            guild_id=post.guild_id,
            watched_id=post.watched_id,
            channel_id=post.channel_id,
            user_id=post.user_id,
            dhash=read.dhash,
            phash=read.phash,
            look=read.look,
            posted_at=post.posted_at,
        )
        since = post.posted_at - timedelta(days=watch.days)
        seen = await self._sightings.near(picture, since=since, radius=self._radius, limit=COMPARED)
        await self._sightings.add(picture)
        return first_of(picture, seen, self._chances, leeway=timedelta(hours=watch.leeway))


def first_of(
    picture: Sighting, seen: Seen, chances: Chances, *, leeway: timedelta
) -> Repost | None:
    """The earliest sighting that shows the same picture, if any does.

    Those by the same author within ``leeway`` don't count.  The crowd around the picture is counted
    in pictures and not in sightings: one that is posted again and again is no crowd.
    """
    near = [
        _Near(sighting, _candidate(sighting, distance)) for sighting, distance in seen.sightings
    ]
    probe = Probe(AS_IT_IS, picture.dhash, picture.phash, picture.look)
    looks = second_look([(probe, one.candidate) for one in near])
    crowd = [g for g in grouped(near) if g.best.candidate.distance <= DENSITY_RADIUS]
    around = Surroundings(seen.images, len(crowd))
    found = []
    for one, looked in zip(near, looks, strict=True):
        if looked.score is None or _excused(picture, one.sighting, leeway):
            continue
        word = chances.word(by_score(looked.score, looked.rate, around), verified=True)
        if word is not None and word in SURE:
            found.append(_repost(one.sighting, word))
    return min(found, key=lambda repost: repost.posted_at, default=None)


def _excused(picture: Sighting, before: Sighting, leeway: timedelta) -> bool:
    own = picture.user_id == before.user_id
    return own and picture.posted_at - before.posted_at <= leeway


def _candidate(sighting: Sighting, distance: int) -> Candidate:
    return Candidate(
        image_id=0,
        collection_id=0,
        dhash=sighting.dhash,
        phash=sighting.phash,
        file=None,
        page_count=0,
        distance=distance,
        look=sighting.look,
    )


def _repost(sighting: Sighting, confidence: Confidence) -> Repost:
    return Repost(sighting.channel_id, sighting.message_id, sighting.posted_at, confidence)
