"""What a process writes: its answers arrive, and anything else is refused."""

import os
import threading
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.images import (
    LOOK_BYTES,
    MAX_PROBES,
    Fingerprint,
    Guard,
    Probe,
    Query,
    Unreadable,
    View,
)
from bot.images.workers import wire

HASHES = st.integers(-(2**63), 2**63 - 1)
SIZES = st.integers(0, 2**32 - 1)
LOOKS = st.binary(min_size=LOOK_BYTES, max_size=LOOK_BYTES)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
FINGERPRINTS = st.builds(Fingerprint, HASHES, HASHES, SIZES, SIZES, TEXTS, st.booleans(), LOOKS)
UNREADABLE = st.builds(
    Unreadable, st.sampled_from(["empty", "unknown", "damaged", "too_large", "too_slow"]), TEXTS
)
VIEWS = st.builds(
    View,
    st.integers(1, 8),
    st.sampled_from(["whole", "border", "inside"]),
    st.integers(0, 255),
)
QUERIES = st.builds(
    Query,
    FINGERPRINTS,
    st.lists(st.builds(Probe, VIEWS, HASHES, HASHES, LOOKS), max_size=MAX_PROBES).map(tuple),
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


@given(st.one_of(QUERIES, UNREADABLE))
def test_a_query_arrives_as_it_was(query: Query | Unreadable) -> None:
    content = wire.query_answer(query)

    assert wire.parse_query(content) == query
    assert len(content) < wire.MAX_FRAME
    for wrong in (content + b"\x00", content[:-1], content * 2):
        with pytest.raises(wire.MalformedError):
            wire.parse_query(wrong)


@given(QUERIES, st.data())
def test_what_was_changed_on_the_way_is_a_query_or_refused(
    query: Query, data: st.DataObject
) -> None:
    content = bytearray(wire.query_answer(query))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        parsed = wire.parse_query(bytes(content))
    except wire.MalformedError:
        return
    assert wire.query_answer(parsed) == bytes(content)
    if isinstance(parsed, Query):
        assert len(parsed.probes) <= MAX_PROBES
        for probe in parsed.probes:
            assert 1 <= probe.view.orientation <= 8
            assert probe.view.framing in {"whole", "border", "inside"}
            assert 0 <= probe.view.frame <= 255
            assert len(probe.look) == LOOK_BYTES


FINGERPRINT = Fingerprint(1, 2, 3, 4, "GIF", False, bytes(LOOK_BYTES))
PROBE = Probe(View(8, "inside", 255), 5, 6, bytes(LOOK_BYTES))


@pytest.mark.parametrize(
    ("offset", "value"),
    [(0, 0), (0, 9), (1, 3), (1, 255)],
    ids=["upright by no number", "turned too far", "no framing", "by far no framing"],
)
def test_a_view_that_there_is_none_of_is_refused(offset: int, value: int) -> None:
    content = bytearray(wire.query_answer(Query(FINGERPRINT, (PROBE,))))
    start = len(wire.query_answer(Query(FINGERPRINT, ())))
    assert content[start : start + 3] == bytes([8, 2, 255])
    content[start + offset] = value

    with pytest.raises(wire.MalformedError, match="view"):
        wire.parse_query(bytes(content))


def test_more_probes_than_there_may_be_are_refused() -> None:
    wire.parse_query(wire.query_answer(Query(FINGERPRINT, (PROBE,) * MAX_PROBES)))

    with pytest.raises(wire.MalformedError):
        wire.parse_query(wire.query_answer(Query(FINGERPRINT, (PROBE,) * (MAX_PROBES + 1))))


def test_one_kind_of_answer_does_not_pass_for_the_other() -> None:
    with pytest.raises(wire.MalformedError):
        wire.parse_answers(wire.query_answer(Query(FINGERPRINT, ())), 1)
    for answer in (FINGERPRINT, None):
        with pytest.raises(wire.MalformedError):
            wire.parse_query(wire.answers([answer]))


@given(st.binary(max_size=100))
def test_anything_is_an_answer_or_refused(content: bytes) -> None:
    try:
        parsed = wire.parse_answers(content, 3)
    except wire.MalformedError:
        return
    assert wire.answers(parsed) == content


@given(st.binary(max_size=200))
def test_anything_is_a_query_or_refused(content: bytes) -> None:
    try:
        parsed = wire.parse_query(content)
    except wire.MalformedError:
        return
    assert wire.query_answer(parsed) == content


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


@given(
    st.sampled_from(get_args(wire.Work)),
    st.lists(st.binary(max_size=200_000), min_size=1, max_size=5),
)
def test_a_job_is_read_as_it_was(work: wire.Work, pictures: list[bytes]) -> None:
    out, into = os.pipe()
    with os.fdopen(out, "rb", buffering=0), os.fdopen(into, "wb", buffering=0) as writer:
        pieces = b"".join(wire.job(work, pictures))
        writing = threading.Thread(target=_write_all, args=(into, pieces))
        writing.start()
        assert wire.receive_job(out) == (work, pictures)
        writing.join()
        writer.close()
        assert wire.receive_job(out) is None


def test_a_job_that_breaks_off_is_none() -> None:
    out, into = os.pipe()
    with os.fdopen(out, "rb", buffering=0):
        with os.fdopen(into, "wb", buffering=0) as writer:
            writer.write(b"".join(wire.job("query", [b"picture"]))[:-1])
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
