"""What goes over the pipe between the bot and a process that reads pictures.

Numbers in network order, texts in UTF-8.  Nothing here can mean anything but numbers and texts: a
decoder that a picture took over could write what it likes, so its answers are never unpickled, and
what does not fit is refused.

* a job: the number of pictures (32 bits); then each one's length (32 bits) and bytes
* a frame, the other way: its length (32 bits, at most :data:`MAX_FRAME`) and its content.  To a job
  there are two: an empty one once it has been read, and the answers
* an answer: one byte that says which kind, and what that kind has
"""

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from bot.images.model import Fingerprint, Guard, Unreadable, UnreadableKind

MAX_FRAME = 64 * 1024
"""Bytes.  The answers to a job are some hundred bytes a picture."""

LENGTH = struct.Struct("!I")

_NONE, _FINGERPRINT, _UNREADABLE = range(3)
_KINDS: tuple[UnreadableKind, ...] = get_args(UnreadableKind)
_FINGERPRINT_PARTS = struct.Struct("!qqII?")
_SHORT = struct.Struct("!H")
_PIECE = 1024 * 1024

Answer = Fingerprint | Unreadable | None
"""None stands for a picture that has to be asked about alone."""


class MalformedError(ValueError):
    """A process wrote what no answer looks like."""


def job(pictures: Sequence[bytes]) -> Iterator[bytes]:
    """The pieces of a job, to be written one after the other."""
    yield LENGTH.pack(len(pictures))
    for picture in pictures:
        yield LENGTH.pack(len(picture))
        yield picture


def frame(content: bytes = b"") -> bytes:
    """Content, with its length before it."""
    return LENGTH.pack(len(content)) + content


def answers(found: Iterable[Answer]) -> bytes:
    """The content of the frame that answers a job."""
    return b"".join(map(_answer, found))


def parse_answers(content: bytes, most: int) -> list[Answer]:
    """Answers to the first pictures of a job that had ``most``.

    Raises :class:`MalformedError`.
    """
    reader = _Reader(content)
    found: list[Answer] = []
    while not reader.at_end:
        found.append(reader.answer())
    if not 1 <= len(found) <= most:
        raise MalformedError(f"{len(found)} answers to {most} pictures")
    return found


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


def receive_job(descriptor: int) -> list[bytes] | None:
    """Wait for a job; None when there will be no more."""
    start = os.read(descriptor, LENGTH.size)
    if not start:
        return None
    start += _read(descriptor, LENGTH.size - len(start))
    return [
        _read(descriptor, LENGTH.unpack(_read(descriptor, LENGTH.size))[0])
        for _ in range(LENGTH.unpack(start)[0])
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


def _answer(answer: Answer) -> bytes:
    if answer is None:
        return bytes([_NONE])
    if isinstance(answer, Unreadable):
        kind = _KINDS.index(answer.kind)
        return bytes([_UNREADABLE, kind]) + _text(answer.reason)
    parts = _FINGERPRINT_PARTS.pack(
        answer.dhash, answer.phash, answer.width, answer.height, answer.plain
    )
    return bytes([_FINGERPRINT]) + parts + _text(answer.format)


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

    def answer(self) -> Answer:
        kind = self._take(1)[0]
        if kind == _NONE:
            return None
        if kind == _FINGERPRINT:
            dhash, phash, width, height, plain = _FINGERPRINT_PARTS.unpack(
                self._take(_FINGERPRINT_PARTS.size)
            )
            return Fingerprint(dhash, phash, width, height, self.text(), plain)
        if kind == _UNREADABLE:
            number = self._take(1)[0]
            if number < len(_KINDS):
                return Unreadable(_KINDS[number], self.text())
        raise MalformedError("an answer of no known kind")

    def text(self) -> str:
        try:
            return self._take(_SHORT.unpack(self._take(_SHORT.size))[0]).decode()
        except UnicodeDecodeError:
            raise MalformedError("a text that is none") from None

    def _take(self, size: int) -> bytes:
        taken = self._content[self._at : self._at + size]
        if len(taken) < size:
            raise MalformedError("an answer that ends too soon")
        self._at += size
        return taken
