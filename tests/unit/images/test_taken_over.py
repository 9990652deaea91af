"""A process that a picture has taken over can write what it likes; the bot comes to no harm."""

import resource
import sys
import time
from pathlib import Path

import pytest

from bot.images import Limits, Unreadable, Workers
from bot.images.workers import serve

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at memory as Linux tells it")

TAKEN_OVER = """
import os, pickle, signal, time
from bot.images.workers import wire


class Harm:
    def __reduce__(self):
        return os.mkdir, (os.environ["HARM"],)


def begin(pipe):
    descriptor = pipe.detach()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wire.send(descriptor, wire.guards([]))
    wire.receive_job(descriptor)
    return descriptor


def pickles(pipe, limits):
    descriptor = begin(pipe)
    wire.send(descriptor)
    wire.send(descriptor, pickle.dumps(Harm()))
    time.sleep(3600)


def bare_pickles(pipe, limits):
    descriptor = begin(pipe)
    os.write(descriptor, pickle.dumps(Harm()))
    time.sleep(3600)


def announces_4_gigabytes(pipe, limits):
    descriptor = begin(pipe)
    wire.send(descriptor)
    os.write(descriptor, b"\\xff" * 4)
    while True:
        os.write(descriptor, bytes(65536))


def floods(pipe, limits):
    descriptor = begin(pipe)
    while True:
        os.write(descriptor, b"\\x00\\x00\\xff\\xff" + bytes(65535))


def says_too_much(pipe, limits):
    descriptor = begin(pipe)
    wire.send(descriptor)
    wire.send(descriptor, b"\\x00" * 1000)
    time.sleep(3600)


def stops_in_the_middle(pipe, limits):
    descriptor = begin(pipe)
    wire.send(descriptor)
    os.write(descriptor, b"\\x00\\x00\\x00\\x20half")
    time.sleep(3600)


def says_nothing(pipe, limits):
    begin(pipe)
    time.sleep(3600)


def hangs_up(pipe, limits):
    os.close(begin(pipe))
    time.sleep(3600)
"""

TOO_SLOW = {"stops_in_the_middle", "says_nothing"}


@pytest.mark.parametrize(
    "harm",
    [
        "pickles", "bare_pickles", "announces_4_gigabytes", "floods", "says_too_much",
        "stops_in_the_middle", "says_nothing", "hangs_up",
    ],
)  # fmt: skip
async def test_its_words_do_no_harm(
    harm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken_over.py").write_text(TAKEN_OVER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("HARM", str(tmp_path / "harm"))
    import taken_over  # type: ignore[import-not-found]

    # The process finds it by its name, and so must whoever asks for it.
    monkeypatch.setitem(sys.modules, "taken_over", taken_over)
    monkeypatch.setattr(serve, "serve", getattr(taken_over, harm))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    async with Workers(Limits(timeout=1), processes=1) as workers:
        answer = await workers.fingerprint(b"a picture")

    assert isinstance(answer, Unreadable)
    assert answer.kind == ("too_slow" if harm in TOO_SLOW else "damaged")
    assert time.monotonic() - started < 30
    assert not (tmp_path / "harm").exists()
    # In kilobytes.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
