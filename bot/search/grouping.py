"""One match for several files of the same picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from bot.search.distances import hamming
from bot.search.second_look import same_look
from db.records import Candidate

_SAME_DHASH = 3
_SAME_PHASH = 6


class HasCandidate(Protocol):
    """Something about a stored picture."""

    @property
    def candidate(self) -> Candidate:
        """The stored picture."""
        ...


T = TypeVar("T", bound=HasCandidate)


@dataclass(slots=True)
class Group(Generic[T]):
    """A picture, and others that look the same as it, the better ones first."""

    best: T
    others: list[T] = field(default_factory=list)


def apart(found: Sequence[T]) -> list[Group[T]]:
    """Each for itself, in their order."""
    return [Group(one) for one in found]


def grouped(found: Sequence[T]) -> list[Group[T]]:
    """Put what looks the same together, in the order of the best of each.

    Two pictures look the same when both their hashes agree as those of two files of one do, and so
    do their looks.  Pictures without a look stay apart, for graphics share hashes.
    """
    groups: list[Group[T]] = []
    for one in found:
        same = next((g for g in groups if _same(g.best.candidate, one.candidate)), None)
        if same is None:
            groups.append(Group(one))
        else:
            same.others.append(one)
    return groups


def _same(a: Candidate, b: Candidate) -> bool:
    if a.collection_id != b.collection_id or a.phash is None or b.phash is None:
        return False
    if a.look is None or b.look is None:
        return False
    if hamming(a.dhash, b.dhash) > _SAME_DHASH or hamming(a.phash, b.phash) > _SAME_PHASH:
        return False
    return same_look(a.look, b.look)
