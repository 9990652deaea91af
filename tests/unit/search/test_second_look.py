"""What comparing two pictures says, against the plainest way to reckon it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.images import Probe, View
from bot.images.look_layout import Look, pack, unpack
from bot.search.second_look import (
    WITH_LOOK,
    WITH_PHASH,
    numbers,
    same_look,
    second_look,
)
from db.records import Candidate

HASHES = st.integers(-(2**63), 2**63 - 1)
LOOKS = st.builds(
    Look,
    st.tuples(*[st.integers(-8, 7)] * 64),
    st.tuples(*[st.integers(-4, 3)] * 32),
    st.integers(-127, 127),
)
STRIPES = Look(tuple((-3, -1, 1, 3, 3, 1, -1, -3) * 8), (0, 2) * 16, 13)


def stored(
    look: Look | None, dhash: int = 0, phash: int | None = 0, distance: int = 0
) -> Candidate:
    """A stored picture, found at a distance."""
    return Candidate(
        image_id=1,
        collection_id=1,
        dhash=dhash,
        phash=phash,
        file=None,
        page_count=1,
        distance=distance,
        probe=0,
        look=None if look is None else pack(look),
    )


def asked(look: Look, phash: int = 0) -> Probe:
    """A view of a picture that is asked about."""
    return Probe(View(), 0, phash, pack(look))


def score(query: Look, other: Look | None, phash: int = 0, distance: int = 0) -> float:
    """The score of two pictures."""
    (looked,) = second_look([(asked(query, phash), stored(other, distance=distance))])
    assert looked.score is not None
    return looked.score


@given(st.lists(LOOKS, min_size=1, max_size=5))
def test_the_numbers_are_those_that_were_packed(looks: list[Look]) -> None:
    found = numbers([pack(look) for look in looks])
    for place, look in enumerate(looks):
        assert tuple(found.grid[place].ravel().tolist()) == look.grid
        assert tuple(found.colour[place].tolist()) == look.colour
        assert int(found.shape[place]) == look.shape
        assert unpack(pack(look)) == look


@given(LOOKS)
def test_a_picture_is_most_like_itself(look: Look) -> None:
    assert score(look, look) == pytest.approx(WITH_LOOK.constant)
    assert same_look(pack(look), pack(look))


@given(LOOKS, LOOKS, HASHES, st.integers(0, 14))
def test_nothing_scores_higher_than_the_same(
    query: Look, other: Look, phash: int, distance: int
) -> None:
    assert score(query, other, phash, distance) <= WITH_LOOK.constant + 1e-4


@given(LOOKS, LOOKS, HASHES)
def test_many_are_compared_as_each_alone(query: Look, other: Look, phash: int) -> None:
    pairs = [
        (asked(query, phash), stored(other)),
        (asked(query, phash), stored(None)),
        (asked(query), stored(query)),
        (asked(query), stored(None, phash=None)),
    ]
    together = second_look(pairs)
    alone = [second_look([pair])[0] for pair in pairs]
    for one, same in zip(together, alone, strict=True):
        assert one.phash_distance == same.phash_distance
        assert (one.score is None) == (same.score is None)
        assert one.score is None or math.isclose(one.score, same.score or 0, abs_tol=1e-4)


def test_what_is_not_stored_is_not_compared() -> None:
    (with_phash, bare) = second_look(
        [(asked(STRIPES, 0b111), stored(None)), (asked(STRIPES), stored(None, phash=None))]
    )
    assert with_phash.score == pytest.approx(WITH_PHASH.constant - 3 * WITH_PHASH.phash)
    assert (bare.score, bare.phash_distance) == (None, None)
    assert second_look([]) == []


def test_another_colour_is_another_picture_and_none_may_be_the_same() -> None:
    blue = replace_colour((3, -2) * 16)
    grey = replace_colour((0, 0) * 16)

    assert score(STRIPES, blue) < score(STRIPES, STRIPES) - 3
    same = score(STRIPES, STRIPES)
    assert (score(STRIPES, blue) + same) / 2 < score(grey, STRIPES) < same
    assert not same_look(pack(STRIPES), pack(blue))
    assert not same_look(pack(STRIPES), pack(grey))


def test_another_shape_is_another_picture() -> None:
    wide = STRIPES._replace(shape=STRIPES.shape + 20)
    assert score(STRIPES, wide) < score(STRIPES, STRIPES) - 5


def test_a_crop_is_nearer_than_its_cells_are() -> None:
    # A ramp, and the same ramp without a tenth on each side: the same levels once stretched again.
    whole = tuple(round(-7 + 14 * column / 7) for _ in range(8) for column in range(8))
    crop = tuple(round(-7 + 14 * (0.1 + 0.8 * column / 7)) for _ in range(8) for column in range(8))
    query, other = STRIPES._replace(grid=crop), STRIPES._replace(grid=whole)
    far = STRIPES._replace(grid=tuple(-value for value in whole))
    assert score(query, other) > score(STRIPES, STRIPES) - 2
    assert score(query, far) < score(query, other) - 5


def replace_colour(colour: tuple[int, ...]) -> Look:
    """The striped picture in other colours."""
    return STRIPES._replace(colour=colour)
