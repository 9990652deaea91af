"""The benchmark of load judges replies, plans what goes wrong, and says what it measured."""

import argparse
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.load.__main__ import DOCUMENT, MARKS, parse
from bench.load.fates import Told, raised, reason, told
from bench.load.faults import HOSTILE, NOTICED, REQUESTS, RESTART, SILENT, SOCKETS, plan
from bench.load.parts import Measured, Memory, Part, Spent, Steps
from bench.load.pictures import Kind, Sent, hostile, sent, stored
from bench.load.processes import family, usage
from bench.load.report import lost, report
from bot.images import Limits, Query, Unreadable, query
from tests.fake_discord import BOT, Channel, File, Message

NOWHERE = Channel(1, "nowhere", None)
COPY = Sent(File("copy.jpg", b""), "copy", "Painting 7")
STRANGER = Sent(File("stranger.jpg", b""), "stranger")
BROKEN = Sent(File("broken.jpg", b""), "unreadable")


def reply(title: str | None = None, text: str = "", content: str = "") -> Message:
    embeds = [{"title": title, "description": text}] if title is not None else []
    return Message(2, NOWHERE, BOT, {"content": content, "embeds": embeds})


def judged(of: Sent, said: Message | None) -> Told:
    return told(of, said, 0.5, 10.0)


@pytest.mark.parametrize(
    ("of", "said", "fate", "right"),
    [
        (COPY, reply("Painting 7", "distance 1 of 64"), "answered", True),
        (COPY, reply("Mount Everest", "distance 1 of 64"), "answered", False),
        (COPY, reply("I don't know this picture"), "answered", False),
        (COPY, reply("I could not read this picture"), "explained", False),
        (COPY, reply("I could not get this picture"), "explained", False),
        (COPY, None, "lost", False),
        (STRANGER, reply("I don't know this picture"), "answered", True),
        (STRANGER, reply("Too plain to search for"), "answered", True),
        (STRANGER, reply("Painting 7", "distance 9 of 64"), "answered", False),
        (BROKEN, reply("I could not read this picture"), "answered", True),
        (BROKEN, reply("I don't know this picture"), "answered", False),
    ],
)
def test_a_reply_is_judged_by_what_was_sent(
    of: Sent, said: Message | None, fate: str, right: bool
) -> None:
    found = judged(of, said)
    assert (found.fate, found.right) == (fate, right)


def test_an_explanation_is_counted_without_the_figures_of_the_moment() -> None:
    said = "Something went wrong on my side (reference 3fa9c1). Try again; if it happens again, …"
    assert reason(said) == "Something went wrong on my side (reference …)."
    assert judged(COPY, reply(content="I am resting.\nAsk later.")).why == "I am resting."
    failed = judged(COPY, reply("I could not read this picture", "It broke.\nSo I could not …"))
    assert failed.why == "I could not read this picture: It broke."
    assert reason("Try again in 12 seconds. Really.") == "Try again in … seconds."
    assert reason("no end to it") == "no end to it"


def test_what_is_sent_is_the_same_for_the_same_seed_and_what_it_is_said_to_be(
    tmp_path: Path,
) -> None:
    files = []
    for name in ("one", "two"):
        for kind in ("drawn", "scratch"):
            (tmp_path / name / kind).mkdir(parents=True)
        drawn = stored(tmp_path / name / "drawn", 4, 1)
        files.append(sent(drawn, tmp_path / name / "scratch", 1))
    assert files[0] == files[1]
    kinds: dict[Kind, list[Sent]] = {}
    for one in files[0]:
        kinds.setdefault(one.kind, []).append(one)
        read = query(one.file.data, Limits())
        assert isinstance(read, Unreadable if one.kind == "unreadable" else Query)
    assert {kind: len(each) for kind, each in kinds.items()} == {
        "copy": 4, "stranger": 1, "unreadable": 1,
    }  # fmt: skip
    assert {one.title for one in kinds["copy"]} == {f"Painting 0000{n}" for n in range(4)}
    assert hostile().kind == "hostile"


def test_everything_goes_wrong_at_least_once_and_the_database_twice() -> None:
    planned = plan(random.Random(1), 600)
    assert planned == plan(random.Random(1), 600) != plan(random.Random(2), 600)
    assert {each.name for each in planned} == {*REQUESTS, *SOCKETS, HOSTILE, RESTART}
    assert [each.at for each in planned] == sorted(each.at for each in planned)
    assert all(0 <= each.at < 600 for each in planned)
    assert sum(each.name == RESTART for each in planned) == 2
    (silent,) = [each for each in planned if each.name == SILENT]
    assert silent.at < 530
    sockets = [each.at for each in planned if each.name in SOCKETS and each.name != SILENT]
    assert not [at for at in sockets if silent.at < at < silent.at + NOTICED]


def test_a_gateway_goes_silent_only_where_there_is_time_to_notice() -> None:
    planned = plan(random.Random(1), 60)
    assert {each.name for each in planned} == {*REQUESTS, *SOCKETS, HOSTILE, RESTART} - {SILENT}


def test_a_process_is_known_with_those_below_it() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        try:
            assert {os.getpid(), child.pid} <= family(os.getpid())
            assert family(child.pid) == {child.pid}
            assert usage(child.pid).memory > 0
        finally:
            child.kill()
    assert usage(child.pid).memory == 0
    assert usage(os.getpid()).computed > 0


def test_tracebacks_are_counted_by_what_was_raised() -> None:
    log = """\
2026-01-31 12:00:00 ERROR   bot: it failed
Traceback (most recent call last):
  File "bot.py", line 1, in run
    raise ValueError("no")
ValueError: no

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "bot.py", line 2, in run
bot.errors.DatabaseError
2026-01-31 12:00:00 INFO    bot: it goes on
"""
    assert raised(log) == {"ValueError": 1, "bot.errors.DatabaseError": 1}
    assert not raised("2026-01-31 12:00:00 INFO    bot: all is well\n")


def a_part(*heard: Told) -> Part:
    return Part(2, 10.0, heard, (3.0, 4.0, 5.0), Spent(0.02, 0.04, 0.01, 0.006))


ANSWERED = judged(COPY, reply("Painting 7", "distance 1 of 64"))
EXPLAINED = judged(COPY, reply(content="The index is resting."))


def printed(what: Measured, *words: str) -> str:
    return report(what, "python -m bench.load", "a machine", parse(words))


def test_the_steps_of_a_picture_are_set_against_its_reply() -> None:
    text = printed(Measured(steps=[Steps(50.0, 20.0, 5.0, 27.0, 8.0)]))
    assert "| from the message to the reply | 50.0 | 50.0 |" in text
    assert "such a message | 17.0 | 17.0 |" in text
    assert "17.0 ms against 20.0 ms, so that holds" in text
    assert "25.0 ms more than reading and query" in text
    slow = printed(Measured(steps=[Steps(60.0, 20.0, 5.0, 27.0, 8.0)]))
    assert "27.0 ms against 20.0 ms, so that does not hold" in slow


def test_every_message_of_every_part_is_accounted_for() -> None:
    measured = Measured(
        singly=[ANSWERED],
        parts=[a_part(ANSWERED, EXPLAINED)],
        alone=a_part(ANSWERED),
        beside_a_flood=a_part(ANSWERED),
        flood=[ANSWERED, EXPLAINED],
        long=a_part(ANSWERED, judged(STRANGER, None)),
        memory=[Memory(0.0, 50_000_000, 100_000_000), Memory(1.0, 60_000_000, 100_000_000)],
        faults={"the CDN is away": 3},
        villain=[judged(hostile(), reply("I could not read this picture"))],
        twice=1,
        tracebacks=Counter({"ValueError": 2}),
    )
    text = printed(measured)
    assert "Of 10 messages 7 were answered, 2 had it explained why not, and 1 were lost." in text
    assert "6 of 6 answers to copies name the right page." in text
    assert "Replied to twice: 1. Tracebacks in the bot's log: 2." in text
    assert "| ValueError | 2 |" in text
    assert "| The index is resting. | 2 |" in text
    assert "| no reply | 1 |" in text
    assert "| the CDN is away | 3 |" in text
    assert "| 2 | 0.20 | 500 | 500 | 500 | 4.00 | 1 | 1 | 0 |" in text
    assert "| 2 | 10.0 | 20.0 | 5.00 | 3.00 |" in text
    assert "a core has time for 28.6 replies a second." in text
    assert "has for 100 on a core of its own, and PostgreSQL for 200 a core." in text
    assert "The flood had 2 replies, 1 of which" in text
    assert "| end | 160 | 60.0 | 100 |" in text
    assert lost(measured) == 1
    assert lost(Measured(parts=[a_part(ANSWERED)])) == 0


def test_its_places_in_the_documentation_are_there() -> None:
    document = DOCUMENT.read_text("utf-8")
    assert all(mark in document for marks in MARKS.values() for mark in marks)


@pytest.mark.parametrize("words", ["--rows 10", "--members 0", "--servers 1", "--pictures 0"])
def test_too_little_is_refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(words.split())
    assert "have to be" in capsys.readouterr().err


def test_members_are_given_as_numbers() -> None:
    options: argparse.Namespace = parse(["--members", "1,8"])
    assert options.members == (1, 8)
