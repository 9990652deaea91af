"""Shares of questions, how sure they are, and what was wanted of them."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bench.quality.alterations import Group, alterations
from bench.quality.answers import WORDS, Result

_GROUPS: dict[str, Group] = {one.name: one.group for one in alterations()}

_Z = 1.96  # of the normal distribution: 95 % lie within


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Between what shares the true one lies, 19 times of 20, when ``hits`` were counted."""
    if not of:
        return 0.0, 1.0
    share, room = hits / of, _Z * _Z / of
    middle = (share + room / 2) / (1 + room)
    reach = _Z / (1 + room) * math.sqrt(share * (1 - share) / of + room / (4 * of))
    return max(0.0, middle - reach), min(1.0, middle + reach)


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of some questions: how many were answered in which way.

    ``wrong`` are by the words, in the order of :data:`bench.quality.answers.WORDS`: those whose
    first match is another picture.
    """

    asked: int
    first: int
    anywhere: int
    wrong: tuple[int, ...]
    plain: int
    none: int
    unreadable: int

    @property
    def stated(self) -> int:
        """How often another picture was called exact or close."""
        return sum(self.wrong[:2])


def counted(results: Iterable[Result]) -> Counted:
    """Count them."""
    some = list(results)
    return Counted(
        len(some),
        sum(one.right_first for one in some),
        sum(one.right for one in some),
        tuple(sum(one.wrong == word for one in some) for word in WORDS),
        *(sum(one.status == status for one in some) for status in ("plain", "none", "unreadable")),
    )


@dataclass(frozen=True, slots=True)
class Target:
    """At least (or at most) this share of some questions."""

    what: str
    wanted: float
    which: Callable[[Result], bool]
    hit: Callable[[Result], bool]
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class Reached:
    """How often a target's questions were hit, and whether that is enough."""

    target: Target
    hits: int
    of: int

    @property
    def share(self) -> float:
        """Of the questions."""
        return self.hits / self.of

    @property
    def met(self) -> bool:
        """Whether the share itself is as wanted, however sure it is."""
        if self.target.at_most:
            return self.share <= self.target.wanted
        return self.share >= self.target.wanted


def reached(results: Sequence[Result], targets: Sequence[Target]) -> list[Reached]:
    """Those targets of which there is a question."""
    found = []
    for target in targets:
        some = [target.hit(one) for one in results if target.which(one)]
        if some:
            found.append(Reached(target, sum(some), len(some)))
    return found


def _photo(*ways: str) -> Callable[[Result], bool]:
    return _of(("photo",), ways)


def _graphic(*ways: str) -> Callable[[Result], bool]:
    return _of(("clipart", "flag", "map"), ways)


def _of(kinds: Sequence[str], ways: Sequence[str]) -> Callable[[Result], bool]:
    """Ways are names of alterations, or groups of them."""

    def which(one: Result) -> bool:
        question = one.question
        altered = question.how in ways or _GROUPS.get(question.how) in ways
        return question.held and question.kind in kinds and altered

    return which


def _flag(one: Result) -> bool:
    """A flag that was saved anew or resized, and is not too plain to be searched for."""
    return _of(("flag",), ("saved", "resized"))(one) and one.status != "plain"


def _first(one: Result) -> bool:
    return one.right_first


def _stated(one: Result) -> bool:
    return one.stated and not one.twin


TARGETS = (
    Target("photographs: saved anew, resized, grey, watermark", 0.995,
           _photo("saved", "resized", "grey", "watermark"), _first),
    Target("photographs: brighter and darker", 0.99,
           _photo("brighter 20 %", "darker 20 %"), _first),
    Target("photographs: 5 % cropped", 0.98, _photo("crop 5 %"), _first),
    Target("photographs: 10 % cropped", 0.75, _photo("crop 10 %"), _first),
    Target("photographs: borders", 0.97, _photo("border"), _first),
    Target("photographs: mirrored, turned", 0.99, _photo("orientation"), _first),
    Target("photographs: rotated by 2 degrees", 0.97, _photo("rotation"), _first),
    Target("photographs: screenshots", 0.85, _photo("screenshot"), _first),
    Target("photographs: caption bars", 0.85, _photo("caption"), _first),
    Target("graphics: saved anew, resized", 0.98, _graphic("saved", "resized"), _first),
    Target("graphics: the same, where no twin came first", 0.98,
           lambda one: _graphic("saved", "resized")(one) and not one.twin, _first),
    Target("flags told apart: saved anew, resized, not too plain", 0.97, _flag, _first),
    Target("stored pictures: another one, no twin, stated as exact or close", 0.001,
           lambda one: one.question.held, _stated, at_most=True),
    Target("pictures that are not stored: one, no twin, stated as exact or close", 0.001,
           lambda one: not one.question.held, _stated, at_most=True),
)  # fmt: skip
