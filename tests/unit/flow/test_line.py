"""The line: fair, bounded and never idle, whatever joins and leaves it in whatever order."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.flow import Asker, Bounds
from bot.flow.line import Line, Place

ANN, BOB, CAT = (Asker("first", name) for name in ("ann", "bob", "cat"))
DAN = Asker("second", "dan")


def line(at_once: int = 1, *, user: int = 100, server: int = 100, all_: int = 100) -> Line:
    return Line(at_once, Bounds(user, server, all_), most_background=max(at_once // 2, 1))


def order(waiting: Line) -> list[str]:
    """Whose turns come one after the other, each being left before the next."""
    users = []
    while (place := waiting.next()) is not None:
        users.append(place.asker.user)
        waiting.leave(place)
    return users


def test_servers_have_turns_in_turn_and_so_have_their_users() -> None:
    waiting = line()
    for asker in (ANN, ANN, ANN, BOB, BOB, DAN, DAN):
        waiting.join(asker)
    assert order(waiting) == ["ann", "dan", "bob", "dan", "ann", "bob", "ann"]


def test_a_server_whose_turns_take_long_has_no_more_of_them() -> None:
    waiting = line(at_once=4)
    for _ in range(8):
        waiting.join(ANN)
    slow = [waiting.next() for _ in range(4)]
    for _ in range(4):
        waiting.join(DAN)
    assert slow[0] is not None
    waiting.leave(slow[0])
    # The second server has none and gets one; ended at once, it gets the next as well.
    for _ in range(3):
        quick = waiting.next()
        assert quick is not None
        assert quick.asker is DAN
        waiting.leave(quick)


def test_the_background_waits_for_everybody_and_leaves_room() -> None:
    waiting = line(at_once=4)
    for _ in range(4):
        waiting.join(BOB, background=True)
    assert [waiting.next() is not None for _ in range(4)] == [True, True, False, False]
    waiting.join(ANN)
    waiting.join(ANN)
    given = [waiting.next(), waiting.next(), waiting.next()]
    assert [place.asker if place else None for place in given] == [ANN, ANN, None]
    assert (waiting.waiting, waiting.in_background, waiting.running) == (0, 2, 4)


@pytest.mark.parametrize(
    ("asker", "count", "full"),
    [
        (ANN, 1, None),
        (ANN, 2, "user"),
        (BOB, 3, None),
        (BOB, 4, "user"),
        (CAT, 3, None),
        (DAN, 3, None),
        (Asker("web", "1.2.3.4", counted=False), 6, None),
        (Asker("web", "1.2.3.4", counted=False), 7, "all"),
    ],
)
def test_there_is_room_for_so_many_of_each(asker: Asker, count: int, full: str | None) -> None:
    waiting = line(user=3, server=5, all_=8)
    waiting.join(ANN)
    waiting.join(ANN)
    assert waiting.full(asker, count) == full


def test_a_server_has_no_more_than_its_room() -> None:
    waiting = line(user=3, server=5, all_=8)
    for asker in (ANN, ANN, ANN, BOB):
        waiting.join(asker)
    assert waiting.full(CAT, 1) is None
    assert waiting.full(CAT, 2) == "server"
    for _ in range(3):
        waiting.join(DAN)
    assert waiting.full(CAT, 2) == "server"
    assert waiting.full(Asker("third", "eve"), 2) == "all"
    assert waiting.full(Asker("third", "eve"), 2, background=True) is None, "it waits apart"


@pytest.mark.parametrize(
    ("asker", "server"),
    [
        (Asker.on_discord(7, 5), "server 7"),
        (Asker.on_discord(None, 5), "user 5"),
    ],
)
def test_private_messages_are_a_server_with_one_member(asker: Asker, server: str) -> None:
    assert (asker.server, asker.user) == (server, "user 5")


@dataclass
class SlowLine:
    """The same rules, by looking through everything each time."""

    at_once: int
    most_background: int
    waiting: list[Place] = field(default_factory=list)
    running: list[Place] = field(default_factory=list)
    turns: int = 0
    # When each server, and each user in it, had its last turn since it has been waiting.
    last: dict[tuple[bool, str, str | None], int] = field(default_factory=dict)
    came: dict[tuple[bool, str, str | None], int] = field(default_factory=dict)
    time: int = 0

    def keys(self, place: Place) -> list[tuple[bool, str, str | None]]:
        asker = place.asker
        return [
            (place.background, asker.server, None),
            (place.background, asker.server, asker.user),
        ]

    def join(self, place: Place) -> None:
        self.time += 1
        self.waiting.append(place)
        for key in self.keys(place):
            self.came.setdefault(key, self.time)

    def leave(self, place: Place) -> None:
        (self.running if place in self.running else self.waiting).remove(place)
        self.forget()

    def forget(self) -> None:
        """Who waits no more comes again as somebody new."""
        still = {key for place in self.waiting for key in self.keys(place)}
        self.came = {key: time for key, time in self.came.items() if key in still}

    def next(self) -> Place | None:
        self.time += 1
        if len(self.running) >= self.at_once:
            return None
        people = [place for place in self.waiting if not place.background]
        if not people and sum(p.background for p in self.running) >= self.most_background:
            return None
        if not (candidates := people or self.waiting):
            return None

        def rank(place: Place) -> tuple[int, int, int, int, int]:
            server, user = self.keys(place)
            asker = place.asker
            return (
                sum(p.asker.server == asker.server for p in self.running),
                self.came[server],
                sum(p.asker == asker for p in self.running),
                self.came[user],
                self.waiting.index(place),
            )

        chosen = min(candidates, key=rank)
        self.waiting.remove(chosen)
        self.running.append(chosen)
        for key in self.keys(chosen):
            self.came[key] = self.time
        self.forget()
        return chosen


class Comings(RuleBasedStateMachine):
    """Whatever happens, both lines agree, and what is promised holds."""

    def __init__(self) -> None:
        super().__init__()
        self.bounds = Bounds(user=4, server=6, all=9)
        self.line = Line(3, self.bounds, most_background=1)
        self.slow = SlowLine(3, 1)
        # Since when each server waits that has nothing under way, and the turns since then.
        self.without: dict[str, Counter[str]] = {}

    @rule(
        server=st.sampled_from("ABC"),
        user=st.sampled_from("uvw"),
        count=st.integers(1, 3),
        background=st.sampled_from([False, False, True]),
    )
    def come(self, server: str, user: str, count: int, background: bool) -> None:
        asker = Asker(server, user)
        alike = [p for p in self.slow.waiting if p.background == background]
        fits = (
            sum(p.asker.user == user for p in alike) + count <= self.bounds.user
            and sum(p.asker.server == server for p in alike) + count <= self.bounds.server
            and len(alike) + count <= self.bounds.all
        )
        assert (self.line.full(asker, count, background=background) is None) == fits
        for _ in range(count if fits else 0):
            self.slow.join(self.line.join(asker, background=background))

    @rule()
    def give(self) -> None:
        place = self.line.next()
        assert place is self.slow.next()
        if place is None:
            people = any(not p.background for p in self.slow.waiting)
            assert not people or len(self.slow.running) == 3, "never idle while somebody waits"
        elif not place.background:
            self._note_turn(place.asker.server)

    def _note_turn(self, server: str) -> None:
        self.without.pop(server, None)
        for turns in self.without.values():
            turns[server] += 1
            assert turns[server] == 1, "two turns while another waited that has none"

    @precondition(lambda self: self.slow.waiting)
    @rule(data=st.data())
    def go_away(self, data: st.DataObject) -> None:
        self._leave(data.draw(st.sampled_from(self.slow.waiting)))

    @precondition(lambda self: self.slow.running)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        self._leave(data.draw(st.sampled_from(self.slow.running)))

    @precondition(lambda self: self.slow.running)
    @rule()
    def end_all(self) -> None:
        for place in list(self.slow.running):
            self._leave(place)

    def _leave(self, place: Place) -> None:
        self.slow.leave(place)
        self.line.leave(place)

    @invariant()
    def nobody_is_passed_over(self) -> None:
        running = {p.asker.server for p in self.slow.running}
        wait = {p.asker.server for p in self.slow.waiting if not p.background} - running
        self.without = {server: self.without.get(server, Counter()) for server in wait}

    @invariant()
    def the_numbers_are_right(self) -> None:
        people = [p for p in self.slow.waiting if not p.background]
        assert self.line.waiting == len(people) <= self.bounds.all
        assert self.line.in_background == len(self.slow.waiting) - len(people)
        assert self.line.running == len(self.slow.running) <= 3
        for user in "uvw":
            of_user = sum(p.asker.user == user for p in people)
            assert self.line.waiting_of(user) == of_user <= self.bounds.user


Comings.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
test_it_keeps_what_it_promises = Comings.TestCase
