"""Which of the pictures that were posted before is the same as a new one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.images import Fingerprint, Limits, fingerprint
from bot.search import Chances
from bot.watch import Repost, first_of
from db.sightings import Seen, Sighting
from tests.drawing import draw, halved_jpeg, png

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def read(data: bytes) -> Fingerprint:
    found = fingerprint(data, Limits())
    assert isinstance(found, Fingerprint)
    return found


def posted(picture: Fingerprint, number: int, at: datetime, user_id: int = 1) -> Sighting:
    return Sighting(
        message_id=number,
        place=0,
        guild_id=1,
        watched_id=2,
        channel_id=3,
        user_id=user_id,
        dhash=picture.dhash,
        phash=picture.phash,
        look=picture.look,
        posted_at=at,
    )


def seen(picture: Sighting, *before: Sighting) -> Seen:
    def apart(one: Sighting) -> int:
        return ((one.dhash ^ picture.dhash) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()

    return Seen(tuple((one, apart(one)) for one in sorted(before, key=apart)), len(before))


def first(picture: Sighting, *before: Sighting, leeway: timedelta = HOUR) -> Repost | None:
    return first_of(picture, seen(picture, *before), Chances(), leeway=leeway)


@pytest.fixture(scope="module")
def fern() -> Fingerprint:
    return read(png(1))


@pytest.fixture(scope="module")
def copy() -> Fingerprint:
    return read(halved_jpeg(draw(1), quality=60))


def test_nothing_was_posted(fern: Fingerprint) -> None:
    assert first(posted(fern, 1, NOON)) is None


def test_a_copy_is_the_same_and_another_picture_is_not(
    fern: Fingerprint, copy: Fingerprint
) -> None:
    other = posted(read(png(2)), 8, NOON - HOUR, user_id=7)
    assert first(posted(fern, 9, NOON), other) is None
    found = first(posted(fern, 9, NOON), other, posted(copy, 7, NOON - HOUR, user_id=7))
    assert found is not None
    assert (found.message_id, found.channel_id, found.posted_at) == (7, 3, NOON - HOUR)
    assert found.confidence in ("exact", "close")


def test_a_near_hash_alone_is_not_enough(fern: Fingerprint) -> None:
    """The look of another picture behind the same hashes."""
    disguised = replace(posted(fern, 7, NOON - HOUR, user_id=7), look=read(png(2)).look)
    assert first(posted(fern, 9, NOON), disguised) is None


def test_the_earliest_is_told_whatever_is_nearest(fern: Fingerprint, copy: Fingerprint) -> None:
    found = first(
        posted(fern, 9, NOON),
        posted(fern, 8, NOON - HOUR, user_id=7),
        posted(copy, 7, NOON - 2 * HOUR, user_id=7),
    )
    assert found is not None
    assert found.message_id == 7


@pytest.mark.parametrize(
    ("ago", "leeway", "told"),
    [(HOUR, HOUR, False), (HOUR, HOUR / 2, True), (timedelta(0), timedelta(0), False)],
)
def test_ones_own(fern: Fingerprint, ago: timedelta, leeway: timedelta, told: bool) -> None:
    mine, theirs = (posted(fern, 8, NOON - ago, user_id=user) for user in (1, 2))
    new = posted(fern, 9, NOON)
    assert (first(new, mine, leeway=leeway) is not None) is told
    assert first(new, theirs, leeway=leeway) is not None
    # What others posted counts, though one's own does not.
    found = first(new, mine, posted(fern, 7, NOON - 9 * HOUR, user_id=2), leeway=leeway)
    assert found is not None
    assert found.message_id == 7


def test_a_picture_that_is_posted_again_and_again_is_no_crowd(fern: Fingerprint) -> None:
    new = posted(fern, 999, NOON)
    alone = first(new, posted(fern, 1, NOON - HOUR, user_id=7))
    often = first(new, *(posted(fern, n, NOON - HOUR, user_id=7) for n in range(1, 51)))
    assert alone is not None
    assert often is not None
    assert alone.confidence == often.confidence == "exact"
