"""How likely a picture that nobody asked for would look as much alike, and the words for that.

The model: among the stored pictures, those that are another picture and reach a score ``s`` of the
second look by chance are rare, and rarer the higher it is: about ``rate · exp(-STEEPNESS · s)`` of
them for each view of the query that is compared.  Where the query's surroundings are more crowded
than those of a photograph, as those of clipart are, they are as many times more.  Times the number
of stored pictures that gives how many *strangers* are to be expected; while that is small, it is
the chance that the match is wrong.  docs/quality.md says how the numbers were measured.
"""

import math
from dataclasses import dataclass

from bot.search.model import Confidence
from db.records import DENSITY_RADIUS

STEEPNESS = 1.3
"""By how much the logarithm of the rate falls from one score to the next."""

SPARSE = 6e-7
"""The share of stored pictures that lie within ``DENSITY_RADIUS`` bits of a photograph."""

PER_BIT = 3.0
"""How many times as many dHashes lie within one bit more."""

PARTS = 10
"""How many times as often another picture is like a part of the query as like the whole of it.

A letter without its dots is another letter, and the sky is much the same in any picture.
"""

FEWEST = 1_000_000
"""An index of fewer pictures counts as one of so many: below it nothing was measured."""


@dataclass(frozen=True, slots=True)
class Chances:
    """Up to how many expected strangers a match is called a word.

    Beyond ``possible`` none is shown, beyond ``unverified`` none of which nothing but a dHash is
    stored.
    """

    exact: float = 2e-5
    close: float = 2e-4
    possible: float = 0.05
    unverified: float = 0.2

    def word(self, strangers: float, *, verified: bool) -> Confidence | None:
        """What to call a match; None for one that is not shown.

        One of which nothing but a dHash is stored is never *exact*: graphics share dHashes.
        """
        if verified and strangers <= self.exact:
            return "exact"
        if strangers <= self.close:
            return "close"
        return "possible" if strangers <= (self.possible if verified else self.unverified) else None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a view of a query lies among what is stored.

    ``images`` are searched, and ``within`` of them lie within ``radius`` bits of this view, which
    is one of ``views``.  ``part`` says that it may be a part of what the query shows.
    """

    images: int
    within: int
    radius: int = DENSITY_RADIUS
    views: int = 1
    part: bool = False

    @property
    def tries(self) -> int:
        """How many times as often a stranger is met as with one view of the whole."""
        return self.views * (PARTS if self.part else 1)

    @property
    def usual(self) -> float:
        """How many would lie so near to a photograph."""
        return SPARSE * max(self.images, FEWEST) * PER_BIT ** (self.radius - DENSITY_RADIUS)

    @property
    def crowd(self) -> float:
        """How many times as many lie so near as to a photograph; 1 at least."""
        return self.nearby / self.usual

    @property
    def nearby(self) -> float:
        """How many do, besides the picture itself; no fewer than usual."""
        return max(self.within - 1, self.usual)


def by_score(score: float, rate: float, around: Surroundings) -> float:
    """How many strangers are expected to reach a score of the second look.

    ``rate`` is their share among what surrounds a photograph, at a score of 0.
    """
    images = max(around.images, FEWEST)
    strangers = around.tries * around.crowd * images * rate * math.exp(-STEEPNESS * score)
    return min(strangers, float(images))


def by_distance(distance: int, around: Surroundings) -> float:
    """How many strangers are expected within ``distance`` bits of dHash, by that alone."""
    return float(around.tries * around.nearby * PER_BIT ** (distance - around.radius))
