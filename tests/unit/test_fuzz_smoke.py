"""The fuzzer's targets run, are repeatable, and find what is planted."""

import itertools
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.images import (
    Fingerprint,
    Limits,
    Unreadable,
    Workers,
    cairo_available,
    fingerprint,
    reasons,
)
from bot.images.signature import format_of
from tests.fuzz.damage import damage, mended_png
from tests.fuzz.model import ROOT, Settings, Target
from tests.fuzz.reading import DecodeTarget
from tests.fuzz.running import fuzz, replay, targets
from tests.fuzz.seeds import drawn_seeds, folder_seeds
from tests.fuzz.structure import layout_of
from tests.fuzz.texts import TextTarget, Words

READING = ("decode", "svg")
TEXT = sorted(set(targets()) - set(READING))


def made(name: str) -> Target:
    return targets()[name](Settings())


@pytest.mark.parametrize("name", TEXT)
async def test_a_target_of_text_finds_nothing_in_a_short_run(name: str, tmp_path: Path) -> None:
    tally = await fuzz(made(name), tmp_path, seed=1, tries=300)
    assert tally.tried == sum(tally.statuses.values()) == 300
    assert [kept.finding for kept in tally.kept] == []
    # If all inputs went one way, the target would try one thing only.
    assert len(tally.statuses) > 1


@pytest.mark.skipif(not cairo_available(), reason="no cairo library here")
@pytest.mark.parametrize("name", READING)
async def test_a_target_of_pictures_finds_nothing_in_a_short_run(name: str, tmp_path: Path) -> None:
    tally = await fuzz(made(name), tmp_path, seed=1, tries=60)
    assert tally.tried == 60
    assert not tally.failed, [kept.finding for kept in tally.kept]
    assert {"read", "damaged"} <= set(tally.statuses)


@pytest.mark.parametrize("name", ["decode", "svg", "links", "messages"])
def test_a_seed_gives_the_same_inputs_again(name: str) -> None:
    def inputs(seed: int) -> list[bytes]:
        dice = random.Random(seed)
        target = made(name)
        return [target.draw(dice) for _ in range(60)]

    assert inputs(5) == inputs(5)
    assert inputs(5) != inputs(6)


async def test_a_planted_fault_in_a_parser_is_found_and_made_small(tmp_path: Path) -> None:
    def upper_case_is_a_fault(text: str) -> str:
        assert "A" not in text or "http" not in text
        return "fine"

    target = TextTarget(Words("planted", upper_case_is_a_fault, ("http", "bAd", "word")))
    tally = await fuzz(target, tmp_path, seed=1, tries=500)
    assert tally.failed
    (kept,) = tally.kept
    assert sorted(kept.path.read_text(encoding="utf-8")) == sorted("Ahttp")
    assert "AssertionError" in kept.finding.explanation
    assert "AssertionError" in kept.path.with_suffix(".txt").read_text(encoding="utf-8")

    again = await replay(target, kept.path.read_bytes())
    assert again.finding is not None
    assert again.finding.where == kept.finding.where


@pytest.mark.parametrize(("power", "found"), [(1, []), (2, ["slow"])])
async def test_time_that_runs_away_from_the_length_is_found(
    power: int, found: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = 0.0

    def busy(text: str) -> str:
        nonlocal work
        work += 0.1 * (len(text) / 4000) ** power
        return "fine"

    # A clock that tells the work that was done, and nothing of what the machine does besides.
    monkeypatch.setattr("time.process_time", lambda: work)
    tally = await fuzz(TextTarget(Words("planted", busy, ("x",))), tmp_path, seed=1, tries=70)
    assert [kept.finding.where for kept in tally.kept] == found


class Planted(DecodeTarget):
    """Reads pictures with workers that are wrong about some."""

    def __init__(self, answer: Unreadable | Fingerprint | Exception) -> None:
        super().__init__(Settings(limits=Limits(timeout=1)))
        self._workers = Wrong(answer, self._good)


class Wrong(Workers):
    """Answers as it is told, for every GIF."""

    def __init__(self, answer: Unreadable | Fingerprint | Exception, good: bytes) -> None:
        super().__init__(Limits(timeout=1), processes=1)
        self._answer = answer

    async def fingerprint(self, data: bytes) -> Fingerprint | Unreadable:
        """The planted answer."""
        if format_of(data) != "GIF":
            return await super().fingerprint(data)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


GIF = next(seed.data for seed in drawn_seeds() if seed.name == "gif")


@pytest.mark.parametrize(
    ("answer", "kind", "where"),
    [
        (KeyError("planted"), "failure", "KeyError at test_fuzz_smoke.py"),
        (Fingerprint(2**63, 0, 1, 1, "GIF", False, bytes(45)), "failure", "odd fingerprint"),
        (Fingerprint(0, 0, 9000, 9000, "GIF", False, bytes(45)), "failure", "odd fingerprint"),
        (Unreadable("damaged", ""), "failure", "odd reason"),
        (reasons.NOT_STARTED, "failure", "no reader"),
        # The file itself is sound, so a process of its own survives it.
        (reasons.CRASHED, "failure", "died for nothing"),
    ],
    ids=["raised", "too large a hash", "too many pixels", "no words", "not started", "crashed"],
)
async def test_a_planted_fault_of_the_readers_is_found(
    answer: Unreadable | Fingerprint | Exception, kind: str, where: str
) -> None:
    async with Planted(answer) as target:
        finding = (await target.attempt(GIF)).finding
    assert finding is not None
    assert finding.kind == kind
    assert finding.where.startswith(where)


async def test_an_answer_that_is_late_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.reading.GRACE", -1.0)
    async with Planted(KeyError()) as target:
        finding = (await target.attempt(drawn_seeds()[0].data)).finding
    assert finding is not None
    assert finding.where == "late"


async def test_an_answer_that_differs_among_others_is_found(tmp_path: Path) -> None:
    async with Planted(Fingerprint(1, 2, 3, 4, "GIF", False, bytes(45))) as target:
        outcomes = [await target.attempt(GIF) for _ in range(12)]
    assert [one.finding for one in outcomes[:-1]] == [None] * 11
    last = outcomes[-1].finding
    assert last is not None
    assert last.where == "alone or together"


def alone(code: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run the process that looks into a file, with something planted before."""
    planted = f"import sys; sys.argv[1:] = [{str(path)!r}, '1']; {code}"
    return subprocess.run(
        [sys.executable, "-c", f"{planted}\nfrom tests.fuzz import alone\nalone.main()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_what_a_process_died_of_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    path.write_bytes(GIF)
    planted = "import bot.images.reading as reading; reading.decode = lambda *_: "

    raised = alone(planted + "{}['planted']", path)
    assert raised.returncode == 0  # a LookupError is one of those that decoders raise
    assert "damaged" in raised.stdout

    raised = alone(planted + "(_ for _ in ()).throw(SystemError('planted'))", path)
    assert raised.returncode == 1
    assert "SystemError: planted" in raised.stderr

    died = alone("import ctypes; " + planted + "ctypes.string_at(0)", path)
    assert died.returncode < 0
    assert "Segmentation fault" in died.stderr
    assert "<lambda>" in died.stderr


@pytest.mark.skipif(not cairo_available(), reason="no cairo library here")
def test_every_seed_reads_and_shows_where_it_can_be_hurt() -> None:
    seeds = drawn_seeds()
    assert {format_of(seed.data) for seed in seeds} >= {
        *("AVIF", "BMP", "GIF", "GZIP", "ICO", "JPEG", "PNG", "SVG", "TIFF", "WEBP")
    }
    for seed in seeds:
        assert isinstance(fingerprint(seed.data, Limits()), Fingerprint), seed.name
        layout = layout_of(seed.data)
        assert layout.fields or seed.name == "svg", seed.name
        assert layout.blocks or seed.name in ("svg", "svgz"), seed.name


def test_damage_is_to_the_file_that_is_given() -> None:
    dice = random.Random(1)
    parts = [seed.data for seed in drawn_seeds()]
    for data in itertools.islice(itertools.cycle(parts), 500):
        assert damage(data, dice, parts)
    png = parts[0]
    broken = png[:20] + b"\1" + png[21:]
    assert mended_png(broken) != broken
    assert mended_png(png) == png


def test_a_folder_gives_its_pictures(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below/a.bin").write_bytes(GIF)
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    (tmp_path / "empty.png").touch()
    assert [(seed.name, seed.data) for seed in folder_seeds(tmp_path)] == [("a.bin", GIF)]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    result = run("--seconds=0.5", "--seed=7", "--only=text", "--only=links", f"--save={tmp_path}")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "SEED=7" in result.stdout
    assert re.search(r"^text: \d+ inputs in .* 0 crashes, 0 failures$", result.stdout, re.MULTILINE)
    assert re.search(r"^links: \d+ inputs", result.stdout, re.MULTILINE)


def test_the_command_tries_a_saved_input_again(tmp_path: Path) -> None:
    saved = tmp_path / "links-failure-1"
    saved.write_text("see https://a.example", encoding="utf-8")
    result = run("--replay", str(saved))
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("links: links, ")

    other = saved.rename(tmp_path / "something")
    refused = run("--replay", str(other))
    assert refused.returncode == 2
    assert "--only" in refused.stderr
