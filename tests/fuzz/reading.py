"""The targets that read pictures, in the processes and with the limits that the bot has."""

import asyncio
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, get_args

from bot.images import Fingerprint, Limits, Unreadable, UnreadableKind, Workers, reasons
from tests.drawing import png
from tests.fuzz.damage import damage
from tests.fuzz.drawings import drawing
from tests.fuzz.model import ROOT, Finding, Outcome, Settings, failure
from tests.fuzz.seeds import Seed, drawn_seeds, folder_seeds

Answer = Fingerprint | Unreadable

FORMATS = frozenset(
    {"AVIF", "BMP", "GIF", "HEIF", "ICO", "JPEG", "MPO", "PNG", "SVG", "TIFF", "WEBP"}
)

# Beyond a reader's own time: to end its process, and to notice.
GRACE = 6.0

# So many inputs are asked again in one call, as an import does.
TOGETHER = 12

# Damaged files that still read are damaged further; so many are kept.
_KEPT = 300


class Reading:
    """Reads files in a process of :class:`bot.images.Workers`.

    The answer has to be a fingerprint or a reason that there is, in the time that there is; another
    file has to be read as ever after each that broke or held up a process; and files that are
    asked together get the answers that each got alone.
    """

    shrinks = False

    def __init__(self, settings: Settings) -> None:
        self._limits = settings.limits
        self._workers = Workers(settings.limits, processes=1)
        self._good = png(1)
        self._expected: Answer | None = None
        self._asked: list[tuple[bytes, Answer]] = []
        self._kept: list[bytes] = []

    async def __aenter__(self) -> Self:
        await self._workers.__aenter__()
        self._expected = await self._workers.fingerprint(self._good)
        if _kinds(self._expected):
            raise RuntimeError(f"no picture can be read here: {self._expected}")
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._workers.__aexit__(exc_type, exc, traceback)

    async def attempt(self, data: bytes) -> Outcome:
        """Read one file, and every now and then the last few together."""
        begun = time.monotonic()
        try:
            answer = await self._workers.fingerprint(data)
            seconds = time.monotonic() - begun
            finding = self._judged(answer, seconds)
            if answer == reasons.CRASHED:
                finding = await asyncio.to_thread(_looked_into, data, self._limits)
            if answer == reasons.CRASHED or _is_slow(answer):
                finding = finding or await self._recovered()
            else:
                self._asked.append((data, answer))
            if len(self._asked) >= TOGETHER:
                finding = finding or await self._together()
        except Exception as error:  # noqa: BLE001  (any is a finding)
            return Outcome("raised", time.monotonic() - begun, failure(error))
        if isinstance(answer, Fingerprint):
            self._keep(data)
            return Outcome("read" if not answer.plain else "read, plain", seconds, finding)
        crashed = answer == reasons.CRASHED
        return Outcome("crashed" if crashed else answer.kind, seconds, finding)

    def _judged(self, answer: Answer, seconds: float) -> Finding | None:
        if seconds > self._limits.timeout + GRACE:
            return Finding("failure", "late", f"The answer took {seconds:.1f} s: {answer}")
        if isinstance(answer, Fingerprint):
            hashes = (answer.dhash, answer.phash)
            sound = all(-(2**63) <= value < 2**63 for value in hashes)
            sound = sound and min(answer.width, answer.height) >= 1 and answer.format in FORMATS
            # A drawing may be of any size, because it is rasterised at less.
            many = answer.width * answer.height > self._limits.max_pixels
            sound = sound and not (many and answer.format != "SVG")
            return None if sound else Finding("failure", "odd fingerprint", str(answer))
        if answer.kind not in get_args(UnreadableKind) or not answer.reason:
            return Finding("failure", "odd reason", str(answer))
        if answer in (reasons.STOPPED, reasons.NOT_STARTED):
            return Finding("failure", "no reader", answer.reason)
        return None

    async def _recovered(self) -> Finding | None:
        """Whether another picture is read as before."""
        answer = await self._workers.fingerprint(self._good)
        if answer == self._expected:
            return None
        return Finding("failure", "no recovery", f"After it, a good picture gave {answer}")

    async def _together(self) -> Finding | None:
        asked, self._asked = self._asked, []
        answers = await self._workers.fingerprint_many([data for data, _ in asked])
        for (data, alone), answer in zip(asked, answers, strict=True):
            # Memory and time are shared, so those two answers may differ.
            if answer != alone and "too_slow" not in _kinds(answer, alone):
                told = f"Alone: {alone}\nTogether: {answer}\nThe file begins {data[:40]!r}."
                return Finding("failure", "alone or together", told)
        return None

    def _keep(self, data: bytes) -> None:
        self._kept.append(data)
        del self._kept[:-_KEPT]

    def _begin_with(self, dice: random.Random, seeds: Sequence[Seed]) -> bytes:
        if self._kept and dice.random() < 0.3:
            return dice.choice(self._kept)
        return dice.choice(seeds).data


class DecodeTarget(Reading):
    """Damaged files of every format."""

    name = "decode"
    share = 6.0

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._drawn = drawn_seeds()
        self._found = folder_seeds(settings.folder) if settings.folder else ()
        self._parts = [seed.data for seed in (*self._drawn, *self._found)]

    def draw(self, dice: random.Random) -> bytes:
        """A seed, or what became of one, damaged."""
        seeds = self._found if self._found and dice.random() < 0.6 else self._drawn
        return damage(self._begin_with(dice, seeds), dice, self._parts)


class DrawingTarget(Reading):
    """Drawings by grammar, and some with damage to their text."""

    name = "svg"
    share = 4.0

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._pictures = [seed.data for seed in drawn_seeds()]

    def draw(self, dice: random.Random) -> bytes:
        """A new drawing, or one that could be drawn with something done to it."""
        if self._kept and dice.random() < 0.15:
            return damage(dice.choice(self._kept), dice, self._kept)
        return drawing(dice, self._pictures)


def _kinds(*answers: Answer) -> set[str]:
    return {answer.kind for answer in answers if isinstance(answer, Unreadable)}


def _is_slow(answer: Answer) -> bool:
    return isinstance(answer, Unreadable) and answer.kind == "too_slow"


def _looked_into(data: bytes, limits: Limits) -> Finding:
    """Why a process died: the file is read again in one of our own, which leaves word of it."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        run = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.alone", file.name, repr(limits.timeout)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=limits.timeout + 60,
        )
    words = run.stderr[-4000:]
    if run.returncode < 0:
        name = signal.Signals(-run.returncode).name
        return Finding("crash", f"{name} in {_innermost(words)}", words)
    if run.returncode > 0:
        last = (words.strip().splitlines() or ["it said nothing"])[-1]
        return Finding("failure", f"raised {last[:80]}", words)
    # What it died of is then in what we do with the answer, or in how we end it.
    return Finding("failure", "died for nothing", f"The file alone gives {run.stdout.strip()}")


def _innermost(words: str) -> str:
    """The place that Python was at, of the words of :mod:`faulthandler`."""
    for line in words.splitlines():
        head, _, rest = line.strip().partition(", line ")
        if head.startswith("File ") and rest:
            return f"{Path(head[5:].strip(chr(34))).name}:{rest}"
    return "a library"
