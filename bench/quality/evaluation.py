"""The whole evaluation: an index is made, everything is asked, the answers are counted."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import Literal

import asyncpg
import numpy as np
from numpy.typing import NDArray

from bench.import_rows import url
from bench.quality import caching, chances, copies, costs, distractors, rivals
from bench.quality.answers import Judge, Result, Searcher, judged
from bench.quality.chances import Meetings, Met
from bench.quality.costs import Costs
from bench.quality.distractors import Distractors
from bench.quality.fingerprints import Words
from bench.quality.index import DISTRACTOR, Index, opened
from bench.quality.library import KINDS, PICTURE, Entry, Library, library, shown, unseen
from bench.quality.pictures import DRAWN, Picture, drawn, load
from bench.quality.questions import Question, Subject, questions, subjects
from bench.quality.rivals import MASK, Everything, Said
from bench.quality.stored_looks import stored
from bot.ahead import ahead
from bot.images.decode import DECODER_ERRORS
from bot.search import Answer
from db.embedded import DATABASE

Half = Literal["even", "odd"]
Say = Callable[[str], None]

SEED = 1
UNSEEN = 100
AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """What to evaluate.

    ``count`` distractors, a ``half`` of the pictures, of each kind at most ``limit``.  ``met`` and
    ``timed`` are how many questions chances and costs are measured with.  Without a corpus, so many
    pictures are ``drawn``.  ``pdq`` says whether it can be compared with.
    """

    corpus: Path | None
    cache: Path
    count: int = 1_000_000
    half: Half = "odd"
    limit: int | None = None
    met: int = 4_000
    timed: int = 400
    drawn: int = DRAWN
    pdq: bool = True


@dataclass(slots=True)
class Evaluation:
    """What was found. ``said`` is what the rivals say to each of the ``results``."""

    files: int = 0
    distractors: int = 0
    absent: int = 0
    results: list[Result] = field(default_factory=list)
    said: list[tuple[Said | None, ...]] = field(default_factory=list)
    met: list[Met] = field(default_factory=list)
    costs: Costs | None = None


async def evaluate(plan: Plan, say: Say) -> Evaluation:
    """Do all of it; what takes long is kept in the cache."""
    pictures = load(plan.corpus, count=plan.drawn)
    say(f"{len(pictures):,} pictures")
    shelf = library(pictures, plan.corpus)
    others = distractors.kept(plan.cache, pictures, plan.count, SEED, say)
    judge = Judge(others.parents, shelf.twins)
    found = Evaluation(absent=len(shelf.absent))
    # Before there are processes to be waited for: drawing takes its time.
    about = asked_about(plan, shelf)
    async with opened(plan.cache, shelf, others, say) as index:
        found.files, found.distractors = index.files, index.distractors
        everything = await _everything(index, shelf, others, plan, say)
        del others
        asked = [one async for one in questions(about, index.workers, plan.cache, say)]
        remembered = _Remembered(plan.cache, everything, index)
        searcher = Searcher(index.database.store)

        async def ask(question: Question) -> tuple[Answer, tuple[Said | None, ...]]:
            said = asyncio.to_thread(remembered.said, question)
            answer, others_said = await asyncio.gather(searcher.ask(question), said)
            return answer, others_said

        async for question, (answer, said) in ahead(asked, ask, limit=AT_ONCE):
            found.results.append(judged(question, answer, judge))
            found.said.append(said)
            if len(found.results) % 1_000 == 0:
                say(f"Asked {len(found.results):,} of {len(asked):,} questions")
        remembered.keep()
        meetings = Meetings(index.database.store, judge)
        for question in _some(asked, plan.met):
            met = await meetings.met(question)
            if met is not None:
                found.met.append(met)
        say(f"Looked at the neighbours of {len(found.met):,} questions")
        altered = [one for one in asked if one.held]
        found.costs = await costs.measure(index, _some(altered, plan.timed))
    return found


def _some(asked: Sequence[Question], most: int) -> list[Question]:
    """Chosen by chance, the same each time."""
    return Random(SEED).sample(list(asked), min(most, len(asked)))


def asked_about(plan: Plan, shelf: Library) -> list[Subject]:
    """The pictures of one half, and others that no index holds."""
    even = plan.half == "even"
    chosen = []
    for kind in KINDS:
        some = [
            (group, picture, kind) for group, picture in enumerate(shelf.pictures)
            if picture.tuning == even and shown(picture, blank=group in shelf.blank) == kind
        ]  # fmt: skip
        # By the digest of the name, or the first ones would be files of one source.
        some.sort(key=lambda one: hashlib.sha256(one[1].name.encode()).digest()[8:])
        chosen += some[: plan.limit]
    return subjects(chosen, shelf.absent, _more(plan, even))


def _more(plan: Plan, even: bool) -> list[Picture]:
    """Pictures that no index holds; where the index is of such that were drawn, others."""
    some: Iterator[Picture] = unseen(even)
    if plan.corpus is not None:
        some = chain(some, (picture for picture in drawn(UNSEEN) if picture.tuning == even))
    return list(islice(some, plan.limit))


async def _everything(
    index: Index, shelf: Library, others: Distractors, plan: Plan, say: Say
) -> Everything:
    """What the rivals look at: what is in the database, read from there."""
    connection = await asyncpg.connect(url(index.server, DATABASE))
    try:
        rows = await connection.fetch(
            "SELECT dhash, phash, file FROM images WHERE NOT starts_with(file, $1)", DISTRACTOR
        )
    finally:
        await connection.close()
    prints = stored(others.looks)
    pdq: Words | None = None
    if plan.pdq:
        own = await _pdq(shelf.entries, plan.cache, say)
        pdq = np.concatenate([others.pdq, np.stack([own[row["file"]] for row in rows])])
    groups = [int(row["file"].partition("/")[0].removeprefix(PICTURE)) for row in rows]

    def words(drawn_ones: NDArray[np.int64], name: str) -> Words:
        own = np.array([row[name] & MASK for row in rows], np.uint64)
        return np.concatenate([drawn_ones.view(np.uint64), own])

    return Everything(
        words(prints.dhash, "dhash"),
        words(prints.phash, "phash"),
        pdq,
        np.concatenate([np.full(len(others), -1), groups]).astype(np.int32),
        np.concatenate([others.parents, np.full((len(rows), 2), -1, np.int16)]),
    )


async def _pdq(entries: Sequence[Entry], cache: Path, say: Say) -> dict[str, Words]:
    texts = [entry.title for entry in entries]
    path = cache / f"pdq-{caching.digest(('bench/quality/pictures.py',), texts)}.pickle"
    found: dict[str, Words] | None = caching.read(path)
    if found is None:
        say("Making PDQ hashes of the wiki's files")
        found = {}
        for entry in entries:
            try:
                image = Picture(entry.file, "sky", entry.data).open()
            except DECODER_ERRORS:
                continue
            found[entry.title] = copies.pdq(image)
        caching.write(path, found)
    return found


class _Remembered:
    """What the rivals said before of the same index, and say of new questions."""

    def __init__(self, cache: Path, everything: Everything, index: Index) -> None:
        self._everything = everything
        state = hashlib.sha256(everything.dhash.tobytes() + everything.phash.tobytes())
        state.update(everything.groups.tobytes())
        code = caching.digest(("bench/quality/rivals.py",), [str(everything.pdq is None)])
        self._path = cache / f"rivals-{state.hexdigest()[:10]}-{code}.pickle"
        self._said: dict[bytes, tuple[Said | None, ...]] = caching.read(self._path) or {}

    def said(self, question: Question) -> tuple[Said | None, ...]:
        """To one question."""
        key = hashlib.sha256(repr((question.key, question.query, question.pdq)).encode()).digest()
        if key not in self._said:
            self._said[key] = rivals.ask(question, self._everything)
        return self._said[key]

    def keep(self) -> None:
        """For the next time."""
        caching.write(self._path, self._said)


def chances_report(found: Evaluation) -> str:
    """The tables of what strangers were met."""
    return chances.report(found.met, found.files + found.distractors)
