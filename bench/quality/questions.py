"""Altered copies of pictures as the product reads them: what a search would ask the database.

Altering and reading take far longer than searching, and do not depend on it; so both are kept,
named by the code that they depend on.
"""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from bench.quality import caching, copies
from bench.quality.alterations import Alteration, alterations
from bench.quality.library import Shown
from bench.quality.pictures import Picture
from bot.ahead import ahead
from bot.images import Query, Unreadable, Workers

AS_IT_IS = "as it is"

# Of pictures that no index holds and of which there are many: enough to see other sides of them.
FEW = ("JPEG 50", "grey", "crop 10 %", "mirrored", "phone, light", "dark caption bar")

CODE = (
    "bot/images/*.py", "bench/quality/alterations.py", "bench/quality/interfaces.py",
    "bench/quality/pictures.py", "bench/quality/questions.py",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subject:
    """A picture that is asked about. ``group`` is its number, ``None`` outside of any corpus.

    ``held`` says whether the index holds it.
    """

    picture: Picture
    kind: Shown
    group: int | None
    held: bool
    alterations: tuple[Alteration, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One file that somebody asks about. ``how`` names what was done to the picture.

    ``pdq`` are four words of its PDQ hash, zeros where ``pdqhash`` is not installed.
    """

    name: str
    kind: Shown
    group: int | None
    held: bool
    how: str
    query: Query | Unreadable
    pdq: tuple[int, int, int, int]

    @property
    def key(self) -> bytes:
        """Tells it from all others."""
        return f"{self.how}\0{self.name}".encode()


async def questions(
    subjects: Sequence[Subject], workers: Workers, cache: Path, say: Callable[[str], None]
) -> AsyncIterator[Question]:
    """All questions about some pictures, in their order."""
    folder = cache / f"questions-{caching.digest(CODE, ())}"

    async def work(subject: Subject) -> list[Question]:
        names = "\0".join((subject.picture.name, *(one.name for one in subject.alterations)))
        state = hashlib.sha256(names.encode() + subject.picture.data)
        path = folder / f"{state.hexdigest()[:24]}.pickle"
        found: list[tuple[str, Query | Unreadable, tuple[int, int, int, int]]] | None
        found = await asyncio.to_thread(caching.read, path)
        if found is None:
            found = await _read(subject, workers)
            # What can't be read today may be the fault of a machine that has too much to do.
            if not any(isinstance(query, Unreadable) for _, query, _ in found):
                caching.write(path, found)
        return [
            Question(subject.picture.name, subject.kind, subject.group, subject.held, *one)
            for one in found
        ]

    done = 0
    async for _, some in ahead(subjects, work, limit=2):
        done += 1
        if done % 50 == 0:
            say(f"Read the copies of {done:,} of {len(subjects):,} pictures")
        for question in some:
            yield question


async def _read(
    subject: Subject, workers: Workers
) -> list[tuple[str, Query | Unreadable, tuple[int, int, int, int]]]:
    files = await asyncio.to_thread(_altered, subject)
    found = await asyncio.gather(*(workers.query(data) for _, data, _ in files))
    return [(how, query, pdq) for (how, _, pdq), query in zip(files, found, strict=True)]


def _altered(subject: Subject) -> list[tuple[str, bytes, tuple[int, int, int, int]]]:
    image = subject.picture.open()
    files = [(AS_IT_IS, subject.picture.data, _pdq(image))]
    for alteration in subject.alterations:
        data = alteration.apply(image, subject.picture.name)
        with Image.open(io.BytesIO(data)) as altered:
            files.append((alteration.name, data, _pdq(altered.convert("RGB"))))
    return files


def _pdq(image: Image.Image) -> tuple[int, int, int, int]:
    one, two, three, four = copies.pdq(image).tolist()
    return one, two, three, four


def subjects(
    chosen: Sequence[tuple[int, Picture, Shown]], absent: frozenset[int], more: Sequence[Picture]
) -> list[Subject]:
    """What is asked about: pictures with their groups in all alterations, and others in a few."""
    every = alterations()
    few = tuple(one for one in every if one.name in FEW)
    return [
        *(Subject(one, kind, group, group not in absent, every) for group, one, kind in chosen),
        *(Subject(picture, "other", None, False, few) for picture in more),
    ]
