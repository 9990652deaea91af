"""What the product answers to a question, and whether that is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from bench.quality.index import DISTRACTOR
from bench.quality.library import PICTURE
from bench.quality.questions import Question
from bot.images import Query, Unreadable, Workers
from bot.search import Answer, Chances, Confidence, Match, Radii, Scope, SearchService, Status
from db.records import NearFound, NearProbe, PageRow
from db.store import Store

Owner = Literal["right", "wrong", "twin", "related"]

WORDS: tuple[Confidence, ...] = ("exact", "close", "possible")


@dataclass(frozen=True, slots=True)
class Judge:
    """Tells whose picture a stored one is.

    ``parents`` (n, 2) are the groups that each distractor was drawn from.  Such a one is *related*
    to a picture that it has a piece of; no index of somebody else's holds it.  ``twins`` are pairs
    of groups that are another picture, though nobody sees it.
    """

    parents: NDArray[np.int16]
    twins: frozenset[tuple[int, int]] = frozenset()

    def owner(self, title: str, group: int | None) -> Owner:
        """Of the page with that title, for a question about a group."""
        if title.startswith(DISTRACTOR):
            number = int(title.removeprefix(DISTRACTOR))
            return "related" if group is not None and group in self.parents[number] else "wrong"
        found = int(title.partition("/")[0].removeprefix(PICTURE))
        if found == group:
            return "right"
        return "twin" if group is not None and (found, group) in self.twins else "wrong"


@dataclass(frozen=True, slots=True)
class Shown:
    """One match of an answer: whose it is, how sure the answer is, and how it was found."""

    owner: Owner
    word: Confidence
    title: str
    strangers: float
    framing: str
    orientation: int


@dataclass(frozen=True, slots=True)
class Result:
    """An answer, judged. ``matches`` are without the related ones, the best first."""

    question: Question
    status: Status
    matches: tuple[Shown, ...]
    milliseconds: float

    @property
    def right_first(self) -> bool:
        """Whether the first match is the picture that was asked about."""
        return bool(self.matches) and self.matches[0].owner == "right"

    @property
    def right(self) -> bool:
        """Whether any is."""
        return any(match.owner == "right" for match in self.matches)

    @property
    def wrong(self) -> Confidence | None:
        """The word of the first match where that is another picture."""
        if self.matches and self.matches[0].owner != "right":
            return self.matches[0].word
        return None

    @property
    def stated(self) -> bool:
        """Whether another picture is called exact or close."""
        return self.wrong in {"exact", "close"}

    @property
    def twin(self) -> bool:
        """Whether the first match is a picture that nobody tells from the right one."""
        return bool(self.matches) and self.matches[0].owner == "twin"


class Remembered:
    """Stands for the processes that read pictures: it knows what they said before."""

    def __init__(self) -> None:
        self._queries: dict[bytes, Query | Unreadable] = {}

    def put(self, question: Question) -> None:
        """What :meth:`query` answers, once, for the key of a question."""
        self._queries[question.key] = question.query

    async def query(self, key: bytes) -> Query | Unreadable:
        """As ``Workers.query`` would have it for the file that the key stands for."""
        return self._queries.pop(key)


class Searcher:
    """Puts questions to the product's own search."""

    def __init__(
        self, store: Store, radii: Radii | None = None, chances: Chances | None = None
    ) -> None:
        self._read = Remembered()
        workers = cast(Workers, self._read)
        self._service = SearchService(store, workers, radii or Radii(), chances or Chances())

    async def ask(self, question: Question) -> Answer:
        """The answer to a question that was read before."""
        self._read.put(question)
        return await self._service.search(question.key, Scope())


def judged(question: Question, answer: Answer, judge: Judge) -> Result:
    """Whose the matches are."""
    matches = tuple(_shown(match, question.group, judge) for match in answer.matches)
    kept = tuple(match for match in matches if match.owner != "related")
    status: Status = "none" if matches and not kept else answer.status
    return Result(question, status, kept, answer.elapsed_ms)


def _shown(match: Match, group: int | None, judge: Judge) -> Shown:
    title = match.pages[0].title
    return Shown(
        judge.owner(title, group), match.confidence, title, match.strangers,
        match.view.framing, match.view.orientation,
    )  # fmt: skip


class Recorder:
    """Stands for the store: it asks the store once, and can say the same again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._near: NearFound | None = None

    @property
    def found(self) -> NearFound:
        """What the database said last."""
        assert self._near is not None, "nothing was asked"
        return self._near

    async def near(
        self, probes: Sequence[NearProbe], collection_ids: Sequence[int], *, limit_each: int
    ) -> NearFound:
        """As the store says it."""
        self._near = await self._store.near(probes, collection_ids, limit_each=limit_each)
        return self._near

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


class Replay:
    """Stands for the store: says of every question what a recorder heard, and names pages."""

    def __init__(self, store: Store, recorder: Recorder) -> None:
        self._store = store
        self._recorder = recorder

    async def near(self, *_: object, **__: object) -> NearFound:
        """What was heard last."""
        return self._recorder.found

    async def pages_of(
        self, image_ids: Sequence[int], *_: object, **__: object
    ) -> Mapping[int, tuple[PageRow, ...]]:
        """A page for each picture; those of an index are called as their files."""
        files = {one.image_id: one.file or "" for one in self._recorder.found.candidates}
        return {number: (PageRow(1, number, files[number], None),) for number in image_ids}

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)
