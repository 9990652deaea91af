"""What a target of the fuzzer is, and what a try of one gives."""

import random
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from bot.images import Limits

ROOT = Path(__file__).resolve().parents[2]

FindingKind = Literal["failure", "crash"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a try brought to light.

    A *failure* is a promise of ours that was broken.  A *crash* is a reader process that died: that
    is what those processes are for, and the answer was right, but a library has a fault.
    ``where`` is equal for findings of one cause; ``explanation`` is for whoever mends it.
    """

    kind: FindingKind
    where: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input: a word to count it by, how long it took, and what was found."""

    status: str
    seconds: float
    finding: Finding | None = None


class Target(Protocol):
    """Something that is given input after input, inside its ``async with``."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        ...

    @property
    def share(self) -> float:
        """Its part of the time, in comparison with the others'."""
        ...

    @property
    def shrinks(self) -> bool:
        """Whether a smaller input that finds the same is looked for."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def draw(self, dice: random.Random) -> bytes:
        """The next input; it depends on ``dice``, and on what became of those before."""
        ...

    async def attempt(self, data: bytes) -> Outcome:
        """Try one input.  Never raises for what the product does with it: that is a finding."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """What targets are made with: limits of the readers, and a folder of more files, if any."""

    limits: Limits = field(default_factory=Limits)
    folder: Path | None = None


def failure(error: BaseException) -> Finding:
    """The finding that an exception is, named by the line of ours that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _is_ours(frame.filename)] or frames
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "nowhere"
    text = "".join(traceback.format_exception(error))
    return Finding("failure", f"{type(error).__name__} at {place}", text)


def _is_ours(file: str) -> bool:
    path = Path(file)
    return path.is_relative_to(ROOT) and not path.is_relative_to(sys.prefix)
