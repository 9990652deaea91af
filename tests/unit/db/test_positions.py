"""How far a replica must be before it may answer."""

from dataclasses import dataclass

import pytest

from db.connections._positions import EVERYTHING, UNKNOWN, Positions

MOST_BEHIND = 10.0


@dataclass
class Clock:
    """Seconds, as a test says."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def positions(clock: Clock) -> Positions:
    return Positions(MOST_BEHIND, clock)


def test_nothing_is_asked_of_a_replica_while_nothing_is_known(positions: Positions) -> None:
    assert positions.needed([1, 2]) == 0
    assert positions.behind(0) == 0


def test_what_was_written_must_be_there_where_it_is_searched(positions: Positions) -> None:
    positions.wrote(1, 500)
    positions.wrote(2, 700)
    assert positions.needed([1]) == 500
    assert positions.needed([1, 2]) == 700
    assert positions.needed([3]) == positions.needed([]) == 0


def test_some_writes_must_be_there_whatever_is_searched(positions: Positions) -> None:
    positions.wrote(EVERYTHING, 500)
    assert positions.needed([3]) == positions.needed([]) == 500


def test_a_write_whose_position_is_not_known_is_ahead_of_every_replica(
    positions: Positions, clock: Clock
) -> None:
    positions.wrote(1)
    assert positions.needed([1]) == UNKNOWN
    clock.now += 2 * MOST_BEHIND + 1
    assert positions.needed([1]) == 0


def test_a_write_is_forgotten_when_no_replica_that_may_answer_can_lack_it(
    positions: Positions, clock: Clock
) -> None:
    positions.primary_is_at(400)
    positions.wrote(1, 500)
    clock.now += 1
    positions.primary_is_at(500)
    clock.now += 2 * MOST_BEHIND
    # By now the position of the primary asks for as much.
    assert positions.needed([]) == positions.needed([1]) == 500


def test_a_replica_may_be_behind_for_a_while(positions: Positions, clock: Clock) -> None:
    for position in (100, 200, 300):
        positions.primary_is_at(position)
        clock.now += 4
    # That was 12, 8 and 4 seconds ago.
    assert positions.needed([]) == 100
    assert positions.behind(300) == 0
    assert positions.behind(299) == positions.behind(200) == 4
    assert positions.behind(199) == 8
    assert positions.behind(99) == 12


def test_a_primary_that_stands_still_leaves_nobody_behind(
    positions: Positions, clock: Clock
) -> None:
    for _ in range(100):
        positions.primary_is_at(100)
        clock.now += 1
    assert positions.behind(100) == 0
    assert positions.needed([]) == 100


def test_another_primary_begins_anew(positions: Positions, clock: Clock) -> None:
    positions.primary_is_at(900)
    positions.wrote(1, 950)
    clock.now += MOST_BEHIND
    positions.primary_is_at(500)
    assert positions.needed([1]) == 0
