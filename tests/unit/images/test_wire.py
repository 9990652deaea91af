"""What a process writes: its answers arrive, and anything else is refused."""

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.images import Fingerprint, Guard, Unreadable
from bot.images.workers import wire

HASHES = st.integers(-(2**63), 2**63 - 1)
SIZES = st.integers(0, 2**32 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
FINGERPRINTS = st.builds(Fingerprint, HASHES, HASHES, SIZES, SIZES, TEXTS, st.booleans())
UNREADABLE = st.builds(
    Unreadable, st.sampled_from(["empty", "unknown", "damaged", "too_large", "too_slow"]), TEXTS
)
ANSWERS = st.lists(st.one_of(FINGERPRINTS, UNREADABLE, st.none()), min_size=1, max_size=40)


@given(ANSWERS)
def test_answers_arrive_as_they_were(answers: list[wire.Answer]) -> None:
    assert wire.parse_answers(wire.answers(answers), len(answers)) == answers


@given(ANSWERS, st.data())
def test_what_was_changed_on_the_way_is_an_answer_or_refused(
    answers: list[wire.Answer], data: st.DataObject
) -> None:
    content = bytearray(wire.answers(answers))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(0, len(content))) :]
    try:
        parsed = wire.parse_answers(bytes(content), len(answers))
    except wire.MalformedError:
        return
    assert 1 <= len(parsed) <= len(answers)
    for answer in parsed:
        if isinstance(answer, Fingerprint):
            assert -(2**63) <= answer.dhash < 2**63
            assert -(2**63) <= answer.phash < 2**63


@given(st.binary(max_size=100))
def test_anything_is_an_answer_or_refused(content: bytes) -> None:
    try:
        parsed = wire.parse_answers(content, 3)
    except wire.MalformedError:
        return
    assert wire.answers(parsed) == content


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 4, b"\x03", b"\x01", b"\x02\x09\x00\x00", b"\x02\x00\x00\x01\xff"],
    ids=["none", "too many", "no kind", "cut off", "no kind of unreadable", "no text"],
)
def test_what_is_refused(content: bytes) -> None:
    with pytest.raises(wire.MalformedError):
        wire.parse_answers(content, 3)


def test_guards_arrive_as_they_were() -> None:
    guards = (Guard("fly", "gravity"), Guard("swim", "sand", "there is water"))
    assert wire.parse_guards(wire.guards(guards)) == guards
    assert wire.parse_guards(b"") == ()


@given(st.lists(st.binary(max_size=200_000), min_size=1, max_size=5))
def test_a_job_is_read_as_it_was(pictures: list[bytes]) -> None:
    out, into = os.pipe()
    with os.fdopen(out, "rb", buffering=0), os.fdopen(into, "wb", buffering=0) as writer:
        pieces = b"".join(wire.job(pictures))
        writing = threading.Thread(target=_write_all, args=(into, pieces))
        writing.start()
        assert wire.receive_job(out) == pictures
        writing.join()
        writer.close()
        assert wire.receive_job(out) is None


def test_a_job_that_breaks_off_is_none() -> None:
    out, into = os.pipe()
    with os.fdopen(out, "rb", buffering=0):
        with os.fdopen(into, "wb", buffering=0) as writer:
            writer.write(b"".join(wire.job([b"picture"]))[:-1])
        with pytest.raises(EOFError):
            wire.receive_job(out)


def test_no_answer_is_unpickled() -> None:
    # What a process that a picture took over would send to its parent, if that unpickled it.
    with pytest.raises(wire.MalformedError):
        wire.parse_answers(b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.", 1)


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
