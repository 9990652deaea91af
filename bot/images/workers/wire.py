"""What goes over the pipe between the bot and a process that reads pictures.

Numbers in network order, texts in UTF-8.  Nothing here can mean anything but numbers and texts: a
decoder that a picture took over could write what it likes, so its answers are never unpickled, and
what does not fit is refused.

* a job: one byte that says which kind, the number of pictures (32 bits); then each one's length
  (32 bits) and bytes
* a frame, the other way: its length (32 bits, at most :data:`MAX_FRAME`) and its content.  To a job
  there are two: an empty one once it has been read, and the answers
* an answer: one byte that says which kind, and what that kind has
"""

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, get_args

from bot.images.look_layout import LOOK_BYTES
from bot.images.model import (
    MAX_PROBES,
    Fingerprint,
    Framing,
    Guard,
    Probe,
    Query,
    Unreadable,
    UnreadableKind,
    View,
)

MAX_FRAME = 64 * 1024
"""Bytes.  The answers to a job are some hundred bytes a picture."""

LENGTH = struct.Struct("!I")

Work = Literal["fingerprints", "query"]
"""What a job asks for: the fingerprint of each picture, or all that one is searched by."""

_NONE, _FINGERPRINT, _UNREADABLE, _QUERY = range(4)
_KINDS: tuple[UnreadableKind, ...] = get_args(UnreadableKind)
_WORK: tuple[Work, ...] = get_args(Work)
_FRAMINGS: tuple[Framing, ...] = get_args(Framing)
_LAST_ORIENTATION = 8
_FINGERPRINT_PARTS = struct.Struct(f"!qqIIB{LOOK_BYTES}s")
_PROBE_PARTS = struct.Struct(f"!BBBqq{LOOK_BYTES}s")
_SHORT = struct.Struct("!H")
_PIECE = 1024 * 1024

Answer = Fingerprint | Unreadable | None
"""None stands for a picture that has to be asked about alone."""


class MalformedError(ValueError):
    """A process wrote what no answer looks like."""


def job(work: Work, pictures: Sequence[bytes]) -> Iterator[bytes]:
    """The pieces of a job, to be written one after the other."""
    yield bytes([_WORK.index(work)]) + LENGTH.pack(len(pictures))
    for picture in pictures:
        yield LENGTH.pack(len(picture))
        yield picture


def frame(content: bytes = b"") -> bytes:
    """Content, with its length before it."""
    return LENGTH.pack(len(content)) + content


def answers(found: Iterable[Answer]) -> bytes:
    """The content of the frame that answers a job for fingerprints."""
    return b"".join(map(_answer, found))


def query_answer(found: Query | Unreadable) -> bytes:
    """The content of the frame that answers a job for a query."""
    return _answer(found)


def parse_answers(content: bytes, most: int) -> list[Answer]:
    """Answers to the first pictures of a job that had ``most``.

    Raises :class:`MalformedError`.
    """
    reader = _Reader(content)
    found: list[Answer] = []
    while not reader.at_end:
        answer = reader.answer()
        if isinstance(answer, Query):
            raise MalformedError("a query where a fingerprint was asked for")
        found.append(answer)
    if not 1 <= len(found) <= most:
        raise MalformedError(f"{len(found)} answers to {most} pictures")
    return found


def parse_query(content: bytes) -> Query | Unreadable:
    """What :func:`query_answer` packed. Raises :class:`MalformedError`."""
    reader = _Reader(content)
    answer = reader.answer()
    if not reader.at_end or not isinstance(answer, Query | Unreadable):
        raise MalformedError("no answer to a query")
    return answer


def guards(held: Iterable[Guard]) -> bytes:
    """The content of the frame that says that a process is ready."""
    return b"".join(
        _text(guard.name) + _text(guard.by) + _text(guard.missing or "") for guard in held
    )


def parse_guards(content: bytes) -> tuple[Guard, ...]:
    """What :func:`guards` packed. Raises :class:`MalformedError`."""
    reader = _Reader(content)
    found = []
    while not reader.at_end:
        found.append(Guard(reader.text(), reader.text(), reader.text() or None))
    return tuple(found)


def receive_job(descriptor: int) -> tuple[Work, list[bytes]] | None:
    """Wait for a job; None when there will be no more."""
    start = os.read(descriptor, 1)
    if not start:
        return None
    (count,) = LENGTH.unpack(_read(descriptor, LENGTH.size))
    return _WORK[start[0]], [
        _read(descriptor, LENGTH.unpack(_read(descriptor, LENGTH.size))[0]) for _ in range(count)
    ]


def send(descriptor: int, content: bytes = b"") -> None:
    """Write a frame."""
    left = memoryview(frame(content))
    while left:
        left = left[os.write(descriptor, left) :]


def _read(descriptor: int, size: int) -> bytes:
    pieces = []
    while size:
        piece = os.read(descriptor, min(size, _PIECE))
        if not piece:
            raise EOFError("the pipe was closed in the middle of a job")
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _answer(answer: Answer | Query) -> bytes:
    if answer is None:
        return bytes([_NONE])
    if isinstance(answer, Query):
        probes = b"".join(map(_probe, answer.probes))
        return bytes([_QUERY, len(answer.probes)]) + _fingerprint(answer.fingerprint) + probes
    if isinstance(answer, Unreadable):
        kind = _KINDS.index(answer.kind)
        return bytes([_UNREADABLE, kind]) + _text(answer.reason)
    return bytes([_FINGERPRINT]) + _fingerprint(answer)


def _fingerprint(of: Fingerprint) -> bytes:
    parts = _FINGERPRINT_PARTS.pack(of.dhash, of.phash, of.width, of.height, of.plain, of.look)
    return parts + _text(of.format)


def _probe(probe: Probe) -> bytes:
    view = probe.view
    framing = _FRAMINGS.index(view.framing)
    return _PROBE_PARTS.pack(
        view.orientation, framing, view.frame, probe.dhash, probe.phash, probe.look
    )


def _text(text: str) -> bytes:
    encoded = text.encode()
    return _SHORT.pack(len(encoded)) + encoded


class _Reader:
    """Takes one thing after the other off some bytes. Raises :class:`MalformedError`."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._content)

    def answer(self) -> Answer | Query:
        kind = self._byte()
        if kind == _NONE:
            return None
        if kind == _FINGERPRINT:
            return self._fingerprint()
        if kind == _QUERY:
            count = self._byte()
            if count <= MAX_PROBES:
                return Query(self._fingerprint(), tuple(self._probe() for _ in range(count)))
        if kind == _UNREADABLE:
            number = self._byte()
            if number < len(_KINDS):
                return Unreadable(_KINDS[number], self.text())
        raise MalformedError("an answer of no known kind")

    def _fingerprint(self) -> Fingerprint:
        dhash, phash, width, height, plain, look = _FINGERPRINT_PARTS.unpack(
            self._take(_FINGERPRINT_PARTS.size)
        )
        if plain > 1:
            raise MalformedError("neither plain nor not")
        return Fingerprint(dhash, phash, width, height, self.text(), bool(plain), look)

    def _probe(self) -> Probe:
        orientation, framing, frame, dhash, phash, look = _PROBE_PARTS.unpack(
            self._take(_PROBE_PARTS.size)
        )
        if not 1 <= orientation <= _LAST_ORIENTATION or framing >= len(_FRAMINGS):
            raise MalformedError("a view that there is none of")
        return Probe(View(orientation, _FRAMINGS[framing], frame), dhash, phash, look)

    def text(self) -> str:
        try:
            return self._take(_SHORT.unpack(self._take(_SHORT.size))[0]).decode()
        except UnicodeDecodeError:
            raise MalformedError("a text that is none") from None

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, size: int) -> bytes:
        taken = self._content[self._at : self._at + size]
        if len(taken) < size:
            raise MalformedError("an answer that ends too soon")
        self._at += size
        return taken
