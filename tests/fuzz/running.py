"""Inputs are tried for a while, and counted; those that found something are kept."""

import hashlib
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.messages import MESSAGE_TARGET
from tests.fuzz.model import Finding, FindingKind, Outcome, Settings, Target
from tests.fuzz.parsers import TEXT_TARGETS
from tests.fuzz.reading import DecodeTarget, DrawingTarget
from tests.fuzz.texts import TextTarget, Words

# Of findings with one cause, the first is kept. Another cause behind so many is not looked for.
_CAUSES = 20

_SHRINKING_TRIES = 2000


@dataclass(frozen=True, slots=True)
class Kept:
    """A finding, and where the input that led to it was saved."""

    finding: Finding
    path: Path


@dataclass(slots=True)
class Tally:
    """What became of a target's inputs."""

    tried: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    found: Counter[FindingKind] = field(default_factory=Counter)
    kept: list[Kept] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether a promise was broken; that a library crashed is no failure of ours."""
        return self.found["failure"] > 0


def targets() -> dict[str, Callable[[Settings], Target]]:
    """How each target is made, by name."""
    made: dict[str, Callable[[Settings], Target]] = {
        DecodeTarget.name: DecodeTarget,
        DrawingTarget.name: DrawingTarget,
    }
    for words in (*TEXT_TARGETS, MESSAGE_TARGET):
        made[words.name] = _maker(words)
    return made


def _maker(words: Words) -> Callable[[Settings], Target]:
    return lambda _: TextTarget(words)


async def fuzz(
    target: Target,
    folder: Path,
    seed: int,
    *,
    seconds: float | None = None,
    tries: int | None = None,
) -> Tally:
    """Try inputs for a time, or a number of them, or both; ``folder`` is where they are saved.

    The inputs depend on the target and on ``seed``; how many there are, on the time.
    """
    dice = random.Random(f"{target.name} {seed}")
    tally = Tally()
    begun = time.monotonic()
    async with target:
        for _ in itertools.count() if tries is None else range(tries):
            if seconds is not None and time.monotonic() - begun >= seconds:
                break
            data = target.draw(dice)
            outcome = await target.attempt(data)
            tally.tried += 1
            tally.statuses[outcome.status] += 1
            tally.slowest = max(tally.slowest, outcome.seconds)
            if outcome.finding is not None:
                await _keep(target, folder, data, outcome.finding, tally)
    tally.seconds = time.monotonic() - begun
    return tally


async def replay(target: Target, data: bytes) -> Outcome:
    """Try one saved input."""
    async with target:
        return await target.attempt(data)


async def _keep(target: Target, folder: Path, data: bytes, finding: Finding, tally: Tally) -> None:
    tally.found[finding.kind] += 1
    known = {kept.finding.where for kept in tally.kept}
    if finding.where in known or len(known) >= _CAUSES:
        return
    if target.shrinks:
        data, finding = await _smallest(target, data, finding)
    tally.kept.append(Kept(finding, _saved(target.name, folder, data, finding)))


def _saved(name: str, folder: Path, data: bytes, finding: Finding) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(data).hexdigest()[:12]
    path = folder / f"{name}-{finding.kind}-{digest}"
    path.write_bytes(data)
    path.with_suffix(".txt").write_text(f"{finding.where}\n\n{finding.explanation}\n", "utf-8")
    return path


async def _smallest(target: Target, data: bytes, finding: Finding) -> tuple[bytes, Finding]:
    """An input with pieces left out, as long as what it finds has the same cause."""
    left = _SHRINKING_TRIES
    smaller = True
    while smaller and left > 0:
        smaller = False
        for shorter in itertools.islice(_shorter(data), left):
            left -= 1
            found = (await target.attempt(shorter)).finding
            if found is not None and found.where == finding.where:
                data, finding, smaller = shorter, found, True
                break
    return data, finding


def _shorter(data: bytes) -> Iterator[bytes]:
    """A text without each of its halves, quarters, eighths, … and letters."""
    text = data.decode("utf-8", "surrogatepass")
    length = len(text) // 2
    while length:
        for start in range(0, len(text), length):
            rest = text[:start] + text[start + length :]
            yield rest.encode("utf-8", "surrogatepass")
        length //= 2
