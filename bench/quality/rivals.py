"""What simpler searches would say: the stored picture whose hash is nearest, within a radius.

Each looks at every stored hash.  They are asked with the whole picture alone, as it came.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.quality.fingerprints import Words
from bench.quality.questions import Question
from bot.images import Unreadable

MASK = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Rival:
    """A search by one hash."""

    name: str
    hash: str
    radius: int


RIVALS = (
    Rival("dHash ≤ 3", "dhash", 3),
    Rival("dHash ≤ 10", "dhash", 10),
    Rival("pHash ≤ 8", "phash", 8),
    Rival("PDQ ≤ 31", "pdq", 31),
)


@dataclass(frozen=True, slots=True)
class Everything:
    """All ``n`` that is stored: hashes of shape (n, words), and whose they are.

    ``groups`` (n) are of files of the wiki, -1 for distractors; ``parents`` (n, 2) are groups that
    distractors were drawn from, -1 for files.  ``pdq`` is ``None`` where it can't be had.
    """

    dhash: Words
    phash: Words
    pdq: Words | None
    groups: NDArray[np.int32]
    parents: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Said:
    """What one rival says. ``right`` is how many of the nearest, which it can't tell apart, are
    right, 0…1; ``anywhere`` whether any within the radius is; ``shown`` whether there is one.
    """

    right: float
    anywhere: bool
    shown: bool


def ask(question: Question, everything: Everything) -> tuple[Said | None, ...]:
    """What the rivals say, in their order; ``None`` where one can't be asked."""
    apart = {name: _apart(question, name, everything) for name in ("dhash", "phash", "pdq")}
    return tuple(_said(question, apart[one.hash], one.radius, everything) for one in RIVALS)


def _apart(question: Question, name: str, everything: Everything) -> NDArray[np.uint8] | None:
    stored: Words | None = getattr(everything, name)
    if isinstance(question.query, Unreadable) or stored is None:
        return None
    if name == "pdq":
        apart: NDArray[np.uint8] = np.bitwise_count(stored[:, 0] ^ np.uint64(question.pdq[0]))
        for place in (1, 2, 3):
            apart += np.bitwise_count(stored[:, place] ^ np.uint64(question.pdq[place]))
        # 256 bits apart are none in a byte; no picture is the other's negative to the last bit.
        return apart
    wanted = getattr(question.query.fingerprint, name) & MASK
    return np.asarray(np.bitwise_count(stored ^ np.uint64(wanted)), np.uint8)


def _said(
    question: Question, apart: NDArray[np.uint8] | None, radius: int, everything: Everything
) -> Said | None:
    if apart is None:
        return None
    near = np.flatnonzero(apart <= radius)
    if question.group is not None:
        near = near[~(everything.parents[near] == question.group).any(axis=1)]
    if not len(near):
        return Said(0.0, False, False)
    right = everything.groups[near] == (-2 if question.group is None else question.group)
    nearest = apart[near] == apart[near].min()
    return Said(float(right[nearest].mean()), bool(right.any()), True)


def sums(said: Sequence[tuple[Said | None, ...]], place: int) -> tuple[float, float] | None:
    """Of some questions the share that one rival answers rightly first, and wrongly first."""
    some = [one[place] for one in said]
    known = [one for one in some if one is not None]
    if not known:
        return None
    right = sum(one.right for one in known) / len(known)
    return right, sum(one.shown for one in known) / len(known) - right
