"""Files of one picture are one match."""

from dataclasses import dataclass

from bot.images.look_layout import Look, pack
from bot.search.grouping import apart, grouped
from db.records import Candidate

LOOK = Look((1, -1) * 32, (2, 0) * 16, 5)
OTHER_COLOURS = Look((1, -1) * 32, (-3, 3) * 16, 5)


@dataclass(frozen=True, slots=True)
class Found:
    """Something found."""

    candidate: Candidate


def found(
    image_id: int,
    dhash: int = 0,
    phash: int | None = 0,
    look: Look | None = LOOK,
    collection_id: int = 1,
) -> Found:
    """A stored picture that was found."""
    packed = None if look is None else pack(look)
    return Found(Candidate(image_id, collection_id, dhash, phash, None, 1, 0, probe=0, look=packed))


def ids(items: list[Found]) -> list[list[int]]:
    """The pictures of each match, the best first."""
    return [
        [group.best.candidate.image_id, *(one.candidate.image_id for one in group.others)]
        for group in grouped(items)
    ]


def test_files_of_one_picture_are_one_match_in_their_order() -> None:
    items = [found(5), found(9, dhash=0xFF00), found(2, dhash=1, phash=0b11), found(7)]
    assert ids(items) == [[5, 2, 7], [9]]


def test_what_is_apart_stays_apart() -> None:
    assert ids([found(1), found(2, dhash=0b1111)]) == [[1], [2]]
    assert ids([found(1), found(2, phash=0b1111111)]) == [[1], [2]]
    assert ids([found(1), found(2, look=OTHER_COLOURS)]) == [[1], [2]]
    assert ids([found(1), found(2, collection_id=2)]) == [[1], [2]]


def test_by_a_dhash_alone_nothing_is_the_same() -> None:
    assert ids([found(1, phash=None, look=None), found(2, phash=None, look=None)]) == [[1], [2]]


def test_without_a_look_they_stay_apart() -> None:
    assert ids([found(1, look=None), found(2), found(3, look=None)]) == [[1], [2], [3]]


def test_each_may_stay_for_itself() -> None:
    assert [group.best.candidate.image_id for group in apart([found(2), found(1)])] == [2, 1]


def test_nothing_found_is_no_match() -> None:
    assert grouped([]) == []
