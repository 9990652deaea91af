"""How often strangers look alike: what was met, and what that makes of larger indexes.

Of each question everything that the database finds is scored, and the best of what is another
picture kept.  Scores that are rarer are met more rarely by a factor for each step, so the rate of
any score, in an index of any size, follows from a rate and a steepness.

The product says of each match how many strangers it expects to look as much alike.  If that is
right, a stranger for which it expects ``x`` or fewer is met once in ``1 / x`` questions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.quality.answers import Judge, Recorder, Replay, Searcher
from bench.quality.counting import wilson
from bench.quality.index import DISTRACTOR
from bench.quality.library import Shown
from bench.quality.questions import Question
from bench.report import table
from bot.images import Probe, Unreadable, View
from bot.search import Chances
from bot.search.confidence import FEWEST
from bot.search.second_look import second_look
from db.store import Store

EVERYTHING = Chances(math.inf, math.inf, math.inf, math.inf)
STEPS = (-6, -4, -3, -2, -1, 0, 1, 2, 3, 4)
EXPECTED = (1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2, 1.0)
SIZES = (100_000, 1_000_000, 5_000_000, 20_000_000, 30_000_000)

# Below, other laws hold: what is as far away has not been looked for, or is all there is.
LEAST_SCORE = -6.0
LEAST_RARITY = 0.0

# The tail is what this share of the questions meets, or what this many do.
_TAIL = 0.05
_FEWEST = 20

_NOTHING = -math.inf


@dataclass(frozen=True, slots=True)
class Met:
    """What one question met of other pictures.

    ``whole`` is the best score of a distractor that is near the whole picture, ``parts`` of one
    that is near any other view; minus infinity where there is none.  ``expected`` is the least
    number of strangers that the product expects for a distractor, ``beside`` for a file of the
    wiki; infinity where there is none.
    """

    kind: Shown
    held: bool
    whole: float
    parts: float
    expected: float
    beside: float


@dataclass(frozen=True, slots=True)
class Tail:
    """Beyond ``start`` a ``share`` of ``exp(-steepness · (s - start))`` of the questions goes."""

    start: float
    share: float
    steepness: float
    beyond: int

    def at(self, score: float) -> float:
        """How many in a question reach a score."""
        return self.share * math.exp(-self.steepness * (score - self.start))

    def score(self, rate: float) -> float:
        """The score that so many in a question reach."""
        return self.start + math.log(self.share / rate) / self.steepness


class Meetings:
    """Puts questions to the database once, and looks at all that it finds."""

    def __init__(self, store: Store, judge: Judge) -> None:
        self._recorder = Recorder(store)
        self._judge = judge
        self._searcher = Searcher(self._recorder)  # type: ignore[arg-type]
        replay = Replay(store, self._recorder)
        self._again = Searcher(replay, chances=EVERYTHING)  # type: ignore[arg-type]

    async def met(self, question: Question) -> Met | None:
        """What a question meets; nothing if the picture is too plain or can't be read."""
        if isinstance(question.query, Unreadable) or question.query.fingerprint.plain:
            return None
        await self._searcher.ask(question)
        answer = await self._again.ask(question)
        expected = beside = math.inf
        for match in answer.matches:
            title = match.pages[0].title
            if self._judge.owner(title, question.group) != "wrong":
                continue
            if title.startswith(DISTRACTOR):
                expected = min(expected, match.strangers)
            else:
                beside = min(beside, match.strangers)
        whole, parts = self._scores(question)
        return Met(question.kind, question.held, whole, parts, expected, beside)

    def _scores(self, question: Question) -> tuple[float, float]:
        assert not isinstance(question.query, Unreadable)
        own = question.query.fingerprint
        probes = (Probe(View(), own.dhash, own.phash, own.look), *question.query.probes)
        strangers = [
            one for one in self._recorder.found.candidates
            if (one.file or "").startswith(DISTRACTOR)
            and self._judge.owner(one.file or "", question.group) == "wrong"
        ]  # fmt: skip
        looked = second_look([(probes[one.probe], one) for one in strangers])
        whole = parts = _NOTHING
        for one, found in zip(strangers, looked, strict=True):
            if found.score is None:
                continue
            if one.probe == 0:
                whole = max(whole, found.score)
            else:
                parts = max(parts, found.score)
        return whole, parts


def tail(values: NDArray[np.float64], least: float) -> Tail | None:
    """What the highest of some values fall off like, where enough of them are at ``least`` so high.

    The steepness is the inverse of the mean excess, as of an exponential distribution.
    """
    finite = np.sort(values[np.isfinite(values) & (values >= least)])[::-1]
    beyond = min(len(finite) - 1, max(_FEWEST, round(len(values) * _TAIL)))
    if beyond < _FEWEST:
        return None
    start = float(finite[beyond])
    excess = float((finite[:beyond] - start).mean())
    if not excess:
        return None
    return Tail(start, beyond / len(values), 1 / excess, beyond)


def report(met: Sequence[Met], stored: int) -> str:
    """Three tables: scores, expectations, and what follows for indexes of other sizes."""
    return "\n\n".join([_scores(met), _expectations(met), _sizes(met, stored)])


def _groups(met: Sequence[Met]) -> list[tuple[str, list[Met]]]:
    photos = [one for one in met if one.kind == "photo"]
    others = [one for one in met if one.kind != "photo"]
    return [(name, some) for name, some in (("photographs", photos), ("others", others)) if some]


def _scores(met: Sequence[Met]) -> str:
    rows = []
    for name, some in _groups(met):
        for view in ("whole", "parts"):
            values = np.array([getattr(one, view) for one in some])
            fitted = tail(values, LEAST_SCORE)
            title = f"{name}, {'the whole' if view == 'whole' else 'all other views'}"
            shares = [float((values >= step).mean()) for step in STEPS]
            rows.append([f"{title}: met", f"{len(some):,}", *map(_percent, shares), "–"])
            if fitted is not None:
                rows.append(
                    [f"{title}: fitted", f"beyond {fitted.start:.1f}: {fitted.beyond}",
                     *(_percent(fitted.at(step)) if step >= fitted.start else "" for step in STEPS),
                     f"{fitted.steepness:.2f}"]
                )  # fmt: skip
    return table(
        ["a stranger of a score of at least", "asked", *map(str, STEPS), "steepness"], rows
    )


def _percent(share: float) -> str:
    return f"{share:.3%}" if share < 0.01 else f"{share:.1%}"


def _expectations(met: Sequence[Met]) -> str:
    rows = []
    for name, some in [*_groups(met), ("all", list(met))]:
        for what, values in (
            ("a distractor", [one.expected for one in some]),
            ("a file of the wiki", [one.beside for one in some]),
        ):
            cells = []
            for most in EXPECTED:
                hits = sum(value <= most for value in values)
                least, highest = wilson(hits, len(values))
                cells.append(f"{hits / len(values):.5f} ({least:.5f}–{highest:.5f})")
            rows.append([f"{name}: {what}", f"{len(some):,}", *cells])
    head = ["share of questions that meet, where so many strangers are expected,", "asked",
            *(f"at most {most:g}" for most in EXPECTED)]  # fmt: skip
    return table(head, rows)


def _sizes(met: Sequence[Met], stored: int) -> str:
    """In an index that is ``k`` times as large, ``k`` times as many are expected of each score.

    So what is called by a word there has to be ``k`` times as rare here, and is met ``k`` times as
    often.
    """
    words = Chances()
    rows = []
    for name, some in [*_groups(met), ("all", list(met))]:
        rarity = -np.log(np.maximum([one.expected for one in some], 1e-300))
        fitted = tail(rarity, LEAST_RARITY)
        if fitted is None:
            continue
        for word in ("exact", "close", "possible"):
            most = getattr(words, word)
            cells = []
            for size in SIZES:
                times = max(size, FEWEST) / max(stored, FEWEST)
                rate = min(1.0, size / stored * fitted.at(-math.log(most / times)))
                cells.append(f"{rate * 1000:.2f}")
            rows.append([f"{name}: {word} or more, by {most:g}", f"{fitted.steepness:.2f}", *cells])
    head = ["strangers in a thousand questions", "steepness", *(f"{size:,}" for size in SIZES)]
    return table(head, rows)
