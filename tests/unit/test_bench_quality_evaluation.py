"""The evaluation of picture search counts what it says it counts."""

import io
import math
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.quality import caching, chances, rivals, tables
from bench.quality.alterations import alterations
from bench.quality.answers import Judge, Result, Shown, judged
from bench.quality.chances import Met, tail
from bench.quality.costs import Costs
from bench.quality.costs import report as costs_report
from bench.quality.counting import TARGETS, counted, reached, wilson
from bench.quality.fingerprints import words
from bench.quality.library import left_out, library, shown, unseen
from bench.quality.looks import look
from bench.quality.page import Cell, drawing, said
from bench.quality.pictures import Picture, drawn
from bench.quality.questions import AS_IT_IS, FEW, Question, subjects
from bench.quality.rivals import RIVALS, Everything, Said
from bench.quality.stored_looks import stored
from bot.images import Fingerprint, Limits, Query, Unreadable, View, fingerprint
from bot.images.hashes import differences
from bot.search import Answer, Chances, Confidence, Match, Page

NAMES = [alteration.name for alteration in alterations()]


def question(
    how: str = "JPEG 75", kind: str = "photo", group: int | None = 3, *, held: bool = True,
    dhash: int = 0, phash: int = 0, pdq: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> Question:  # fmt: skip
    own = Fingerprint(dhash, phash, 100, 50, "JPEG", False, bytes(45))
    return Question("a.jpg", kind, group, held, how, Query(own, ()), pdq)  # type: ignore[arg-type]


def match(title: str, word: Confidence = "exact") -> Match:
    page = Page(1, title, "https://wiki.example")
    return Match(1, "wiki", None, title, 0, 0, word, 1, (page,))


def result(of: Question, *owners: tuple[str, Confidence], status: str = "found") -> Result:
    shown = tuple(Shown(o, w, "t", 0.0, "whole", 1) for o, w in owners)  # type: ignore[arg-type]
    return Result(of, status, shown, 1.0)  # type: ignore[arg-type]


class TestCounting:
    def test_wilson_agrees_with_the_usual_tables(self) -> None:
        assert wilson(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
        assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
        assert wilson(1000, 1000) == pytest.approx((0.99617, 1), abs=1e-4)
        assert wilson(0, 0) == (0, 1)

    def test_each_answer_is_counted_once(self) -> None:
        asked = question()
        some = [
            result(asked, ("right", "exact")),
            result(asked, ("wrong", "close"), ("right", "possible")),
            result(asked, ("wrong", "possible")),
            result(asked, ("wrong", "exact")),
            result(asked, status="plain"),
            result(asked, status="none"),
            result(asked, status="unreadable"),
        ]
        counts = counted(some)
        assert (counts.asked, counts.first, counts.anywhere) == (7, 1, 2)
        assert counts.wrong == (1, 1, 1)
        assert counts.stated == 2
        assert (counts.plain, counts.none, counts.unreadable) == (1, 1, 1)
        assert counts.first + sum(counts.wrong) + 3 == counts.asked

    def test_every_target_has_questions_and_can_be_missed(self) -> None:
        kinds = ("photo", "clipart", "flag", "map")
        every = [question(how, kind) for how in NAMES for kind in kinds]
        every.append(question(AS_IT_IS, held=False))
        good = [result(one, ("right", "exact")) for one in every if one.held]
        good += [result(one, status="none") for one in every if not one.held]
        bad = [result(one, ("wrong", "exact")) for one in every]
        assert [one.target for one in reached(good, TARGETS)] == list(TARGETS)
        assert all(one.met for one in reached(good, TARGETS))
        assert not any(one.met for one in reached(bad, TARGETS))

    def test_a_target_looks_at_its_own_questions_alone(self) -> None:
        crop = next(one for one in TARGETS if "10 %" in one.what)
        assert crop.which(result(question("crop 10 %")))
        assert not crop.which(result(question("crop 5 %")))
        assert not crop.which(result(question("crop 10 %", "flag")))
        assert not crop.which(result(question("crop 10 %", held=False)))
        flags = next(one for one in TARGETS if one.what.startswith("flags"))
        assert flags.which(result(question("WebP 60", "flag"), status="none"))
        assert not flags.which(result(question("WebP 60", "flag"), status="plain"))


class TestJudging:
    judge = Judge(np.array([[3, 7], [5, 9]], np.int16))

    def test_pieces_of_what_is_asked_about_are_passed_over(self) -> None:
        found = Answer("found", None, 2.0, (match("Distractor_0"), match("Picture_3/b.png")))
        one = judged(question(), found, self.judge)
        assert one.right_first
        assert one.status == "found"
        assert one.wrong is None

    def test_what_is_left_may_be_nothing(self) -> None:
        one = judged(question(), Answer("found", None, 2.0, (match("Distractor_0"),)), self.judge)
        assert (one.status, one.matches) == ("none", ())

    def test_anything_else_is_another_picture(self) -> None:
        found = Answer("found", None, 2.0, (match("Distractor_1", "close"),))
        assert judged(question(), found, self.judge).wrong == "close"
        found = Answer("found", None, 2.0, (match("Picture_33/a.jpg"),))
        assert judged(question(), found, self.judge).wrong == "exact"
        assert judged(question(group=None, held=False), found, self.judge).wrong == "exact"

    def test_twins_are_another_picture_too(self) -> None:
        judge = Judge(self.judge.parents, frozenset({(3, 4), (4, 3)}))
        found = Answer("found", None, 2.0, (match("Picture_4/a.jpg"),))
        one = judged(question(), found, judge)
        assert one.stated
        assert one.twin
        stated = next(t for t in TARGETS if t.at_most and t.which(one))
        assert not stated.hit(one)
        other = judged(question(group=5), found, judge)
        assert stated.hit(other)
        assert not other.twin


class TestRivals:
    def test_they_say_what_the_obvious_way_says(self) -> None:
        dice = np.random.default_rng(1)
        count = 400
        near = dice.integers(0, 2**10, (3, count), np.uint64)
        every = Everything(
            near[0], near[1], np.stack([near[2]] * 4, axis=1),
            np.where(np.arange(count) < 40, np.arange(count) % 20, -1).astype(np.int32),
            dice.integers(0, 20, (count, 2)).astype(np.int16),
        )  # fmt: skip
        for group in range(20):
            asked = question(group=group, dhash=int(near[0, group]), phash=5, pdq=(1, 2, 3, 4))
            for rival, one in zip(RIVALS, rivals.ask(asked, every), strict=True):
                assert one == self.obvious(asked, rival.hash, rival.radius, every)

    def obvious(self, asked: Question, name: str, radius: int, every: Everything) -> Said:
        found = []
        for place in range(len(every.groups)):
            if asked.group in every.parents[place]:
                continue
            if name == "pdq" and every.pdq is not None:
                pairs = zip(every.pdq[place].tolist(), asked.pdq, strict=True)
                apart = sum((one ^ other).bit_count() for one, other in pairs)
            else:
                assert isinstance(asked.query, Query)
                own = getattr(asked.query.fingerprint, name)
                apart = (int(getattr(every, name)[place]) ^ own).bit_count()
            if apart <= radius:
                found.append((apart, every.groups[place] == asked.group))
        if not found:
            return Said(0.0, False, False)
        first = [right for apart, right in found if apart == min(found)[0]]
        return Said(sum(first) / len(first), any(right for _, right in found), True)

    def test_one_that_has_no_hashes_is_not_asked(self) -> None:
        none = np.zeros(1, np.uint64)
        every = Everything(none, none, None, np.array([-1], np.int32), np.array([[1, 2]], np.int16))
        assert rivals.ask(question(), every)[-1] is None
        unread = Question(
            "a", "photo", 1, True, "x", Unreadable("damaged", "It is."), (0, 0, 0, 0)
        )  # fmt: skip
        assert rivals.ask(unread, every) == (None,) * len(RIVALS)
        assert rivals.sums([(None,) * len(RIVALS)], 0) is None

    def test_negative_hashes_are_the_same_bits(self) -> None:
        stored_one = np.array([2**64 - 1], np.uint64)
        every = Everything(
            stored_one, stored_one, None, np.array([3], np.int32), np.array([[-1, -1]], np.int16)
        )
        assert rivals.ask(question(dhash=-1, phash=-1), every)[0] == Said(1.0, True, True)


class TestChances:
    def test_the_tail_of_an_exponential_distribution_is_found(self) -> None:
        values = np.random.default_rng(1).exponential(1 / 1.3, 200_000) - 9
        found = tail(values, -9.0)
        assert found is not None
        assert found.steepness == pytest.approx(1.3, rel=0.03)
        assert found.at(-9 + math.log(1000) / 1.3) == pytest.approx(1e-3, rel=0.15)
        assert found.score(found.at(0.5)) == pytest.approx(0.5)

    def test_there_is_none_of_next_to_nothing(self) -> None:
        assert tail(np.full(1000, -math.inf), -9.0) is None
        assert tail(np.array([1.0, 2.0]), -9.0) is None
        assert tail(np.full(1000, 2.0), -9.0) is None
        assert tail(np.random.default_rng(1).exponential(1.0, 1000) - 90, -9.0) is None

    def test_a_larger_index_is_worse_by_as_much_as_the_fit_says(self) -> None:
        # Where expectations are right, the words mean the same at any size.
        expected = np.random.default_rng(1).random(50_000)
        met = [Met("photo", True, -1.0, -math.inf, value, math.inf) for value in expected]
        lines = chances.report(met, 1_000_000).splitlines()
        close = next(line for line in lines if line.startswith("| photographs: close"))
        values = [float(cell) for cell in close.split("|")[3:-1]]
        assert values[1:] == pytest.approx([1000 * Chances().close] * len(values[1:]), rel=0.2)


class TestLibrary:
    def test_files_of_one_picture_are_a_group(self, tmp_path: Path) -> None:
        pictures = list(drawn(4))
        folder = tmp_path / "photos"
        folder.mkdir()
        again = io.BytesIO()
        pictures[1].open().save(again, "PNG")
        other = io.BytesIO()
        Image.effect_noise((60, 60), 90).save(other, "PNG")
        files = {"again.png": again.getvalue(), "other.png": other.getvalue(), "bad.png": b"no"}
        for name, data in files.items():
            (folder / name).write_bytes(data)
        rows = "".join(f"photos,{name},x\n" for name in files)
        (tmp_path / "manifest.csv").write_text(f"kind,name,source\n{rows}")
        shelf = library(pictures, tmp_path)
        absent = {number for number, one in enumerate(pictures) if left_out(one)}
        assert shelf.absent == absent
        groups = {entry.file: entry.group for entry in shelf.entries}
        wanted = {one.name: n for n, one in enumerate(pictures) if n not in absent}
        wanted |= {"photos/again.png": 1} if 1 not in absent else {}
        assert groups == wanted | {"photos/other.png": 4}

    def test_a_blank_file_is_no_photograph(self) -> None:
        file = io.BytesIO()
        Image.new("RGB", (40, 40), "teal").save(file, "PNG")
        blank = Picture("blank.png", "photo", file.getvalue())
        shelf = library([*drawn(1), blank], None)
        assert shelf.blank == {1}
        assert [shown(blank), shown(blank, blank=True)] == ["photo", "other"]
        assert shown(Picture("a.png", "flag", b""), blank=True) == "flag"

    def test_about_a_tenth_is_left_out(self) -> None:
        names = [Picture(f"{number}.jpg", "photo", b"") for number in range(3000)]
        assert 240 < sum(map(left_out, names)) < 360

    def test_what_is_asked_about(self) -> None:
        one, other = list(drawn(2))
        more = list(islice(unseen(tuning=True), 2))
        assert all(picture.tuning for picture in more)
        some = subjects([(0, one, "photo"), (1, other, "photo")], frozenset({1}), more)
        assert [subject.held for subject in some[:3]] == [True, False, False]
        assert [len(subject.alterations) for subject in some[:3]] == [len(NAMES)] * 2 + [len(FEW)]
        assert set(FEW) <= set(NAMES)


class TestStored:
    def test_it_is_what_an_import_stores(self) -> None:
        picture = next(drawn(1))
        # Of a larger one the product looks at some pixels' colours, not at all of them.
        image = picture.open().resize((64, 48))
        file = io.BytesIO()
        image.save(file, "PNG")
        read = fingerprint(file.getvalue(), Limits())
        assert isinstance(read, Fingerprint)
        made = stored(look(image))
        assert (made.dhash[0], made.phash[0], made.looks[0]) == (read.dhash, read.phash, read.look)

    def test_words_of_both_kinds_agree(self) -> None:
        one = look(next(drawn(1)).open())
        own = words(differences(one.for_dhash))[:, 0]
        assert own.tolist() == stored(one).dhash.view(np.uint64).tolist()


class TestCaching:
    def test_what_is_written_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "more" / "a.pickle"
        assert caching.read(path) is None
        caching.write(path, [question()])
        assert caching.read(path) == [question()]
        assert [one.name for one in path.parent.iterdir()] == ["a.pickle"]

    def test_the_name_changes_with_code_and_texts(self) -> None:
        one = caching.digest(("bench/quality/caching.py",), ["a"])
        assert one == caching.digest(("bench/quality/caching.py",), ["a"])
        assert one != caching.digest(("bench/quality/caching.py",), ["b"])
        assert one != caching.digest(("bench/quality/*.py",), ["a"])


class TestTables:
    said = (Said(0.5, True, True), Said(1.0, True, True), Said(0.0, False, False), None)

    def test_all_of_them_are_tables(self) -> None:
        answered = [
            (result(question(), ("right", "exact")), self.said),
            (result(question("grey", "flag"), ("wrong", "close")), self.said),
            (result(question(group=None, held=False), status="none"), self.said),
        ]
        results = [one for one, _ in answered]
        text = "\n\n".join(
            [tables.held(answered), tables.absent(answered), tables.wrongs(results),
             tables.goals(results)]
        )  # fmt: skip
        for part in text.split("\n\n"):
            assert len({line.count("|") for line in part.splitlines()}) == 1
        assert "| grey | 1 | – | – | – | 100.0% |" in text
        assert "50.0% (50.0%)" in text
        assert "not asked" in text
        assert "**missed**" in text

    def test_costs_are_compared_at_their_percentiles(self) -> None:
        costs = Costs((1.0,) * 99 + (50.0,), (4.0,) * 99 + (900.0,), (9,) * 100)
        assert costs.times == pytest.approx(4.0)
        assert "met" in costs_report(costs)
        slow = Costs((1.0,) * 100, (6.0,) * 100, (9,) * 100)
        assert "missed" in costs_report(slow)


class TestPage:
    def test_red_is_what_should_be_otherwise(self) -> None:
        good = Answer("found", None, 1.0, (match("Picture_1/a", "close"),))
        assert said(good, "Picture_1/a")[0] == "close"
        red = said(good, "Picture_2/b")
        assert red == said(good, None)
        assert red[0].startswith("close: another")
        nothing = Answer("none", None, 1.0)
        assert said(nothing, "Picture_1/a")[1] == red[1]
        assert said(nothing, None)[1] != red[1]
        assert said(Answer("plain", "so", 1.0), None)[0] == "too plain to search for"

    def test_it_says_what_was_done(self) -> None:
        one = match("Picture_1/a")
        turned = Match(
            one.image_id, one.collection, None, one.file, 0, 0, "exact", 1, one.pages,
            view=View(2, "inside"),
        )  # fmt: skip
        words_, _ = said(Answer("found", None, 1.0, (turned,)), "Picture_1/a")
        assert words_ == "exact (mirrored, inside)"

    def test_all_cells_are_drawn(self) -> None:
        file = io.BytesIO()
        Image.new("RGB", (90, 30), "teal").save(file, "PNG")
        some = [Cell(file.getvalue(), "grey", "exact", (1, 2, 3))] * 7
        page = drawing(some)
        assert page.width > page.height
        colours = page.getcolors(page.width * page.height) or []
        teal = sum(count for count, colour in colours if colour == (0, 128, 128))
        assert teal == 7 * 90 * 30
