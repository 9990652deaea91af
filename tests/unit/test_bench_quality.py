"""What picture search is measured with does what it says, and the same each time."""

import io
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image

from bench.quality import copies, distractors, strangers
from bench.quality.alterations import TURNS, Alteration, alterations
from bench.quality.candidates import GROUPS, SORTS, gather, highest, report
from bench.quality.distractors import pdq_of_64
from bench.quality.fingerprints import BYTES, CANDIDATES, prints
from bench.quality.framings import views
from bench.quality.interfaces import DARK, LIGHT, chat, phone
from bench.quality.looks import by_the_obvious_way, grey_of, look, looks, looks_at
from bench.quality.models import fit, fit_tail
from bench.quality.pictures import Picture, distinct, drawn, load
from bot.images import framing
from bot.images.hashes import dhash, hashes
from bot.images.resample import shrink

ALL = {alteration.name: alteration for alteration in alterations()}


@pytest.fixture(scope="module")
def pictures() -> list[Picture]:
    return list(drawn(10))


@pytest.fixture(scope="module")
def photo(pictures: list[Picture]) -> Image.Image:
    # Light at one end and dark at the other: no border can be taken for a part of it.
    image = pictures[0].open().resize((600, 400))
    pixels = np.asarray(image).astype(np.float32) * 0.6
    pixels += np.linspace(10, 80, 600)[None, :, None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def opened(data: bytes) -> Image.Image:
    image: Image.Image = Image.open(io.BytesIO(data))
    return image


def altered(name: str, picture: Image.Image) -> Image.Image:
    return opened(ALL[name].apply(picture, "a.jpg")).convert("RGB")


def bits(one: Image.Image, other: Image.Image) -> int:
    apart = dhash(one.convert("L")) ^ dhash(other.convert("L"))
    return (apart & (2**64 - 1)).bit_count()


class TestAlterations:
    @pytest.mark.parametrize("alteration", ALL.values(), ids=list(ALL))
    def test_they_are_the_same_each_time(self, alteration: Alteration, photo: Image.Image) -> None:
        before = photo.tobytes()
        data = alteration.apply(photo, "a.jpg")
        assert data == alteration.apply(photo, "a.jpg")
        assert photo.tobytes() == before
        image = opened(data)
        image.load()
        assert image.format in {"JPEG", "WEBP", "GIF"}
        assert image.convert("RGB").tobytes() != before

    @pytest.mark.parametrize("size", [(40, 9), (9, 40), (64, 64), (120, 2)])
    @pytest.mark.parametrize("alteration", ALL.values(), ids=list(ALL))
    def test_they_bear_small_pictures(self, alteration: Alteration, size: tuple[int, int]) -> None:
        opened(alteration.apply(Image.new("RGB", size, "teal"), "small.png")).load()

    @pytest.mark.parametrize(
        ("name", "size"),
        [
            ("JPEG 30", (600, 400)), ("WebP 60", (600, 400)), ("half size", (300, 200)),
            ("quarter size", (150, 100)), ("320 pixels", (320, 213)), ("watermark", (600, 400)),
            ("crop 5 %", (570, 380)), ("crop 30 %", (420, 280)), ("letterbox", (600, 1067)),
            ("blurred border", (600, 1067)), ("turned 90", (400, 600)), ("turned 180", (600, 400)),
            ("GIF", (320, 213)), ("phone, dark", (540, 1100)), ("chat, light", (1100, 760)),
        ],
    )  # fmt: skip
    def test_they_have_the_size_they_should(
        self, name: str, size: tuple[int, int], photo: Image.Image
    ) -> None:
        image = altered(name, photo)
        assert abs(image.width - size[0]) <= 2
        assert abs(image.height - size[1]) <= 2

    @pytest.mark.parametrize("name", ["JPEG 75", "WebP 60", "half size", "grey", "darker 20 %"])
    def test_those_that_change_little_stay_near(self, name: str, photo: Image.Image) -> None:
        assert bits(photo, altered(name, photo)) <= 3

    def test_grey_has_no_colour_and_brightness_changes(self, photo: Image.Image) -> None:
        grey = np.asarray(altered("grey", photo)).astype(int)
        assert np.abs(grey - grey.mean(axis=2, keepdims=True)).max() < 3
        mean = np.asarray(photo).mean()
        assert np.asarray(altered("brighter 20 %", photo)).mean() > mean * 1.1
        assert np.asarray(altered("darker 20 %", photo)).mean() < mean * 0.9

    def test_turns_can_be_turned_back(self, photo: Image.Image) -> None:
        for name, way in TURNS.items():
            assert bits(photo.transpose(way), altered(name, photo)) <= 3, name

    def test_a_gif_has_frames(self, photo: Image.Image) -> None:
        assert getattr(opened(ALL["GIF"].apply(photo, "a.jpg")), "n_frames", 1) == 2

    def test_rotated_pictures_have_no_empty_corners(self) -> None:
        white = Image.new("RGB", (300, 200), "white")
        assert np.asarray(altered("rotated 2 degrees", white)).min() > 200

    def test_the_name_throws_the_dice(self, photo: Image.Image) -> None:
        some = {ALL["crop 20 %"].apply(photo, name) for name in ("a.jpg", "b.jpg", "c.jpg")}
        assert len(some) == 3


class TestFraming:
    @pytest.mark.parametrize("draw", [phone, chat])
    @pytest.mark.parametrize("theme", [LIGHT, DARK])
    def test_the_picture_in_a_screenshot_is_proposed(
        self, draw: Callable[..., Image.Image], theme: object, photo: Image.Image
    ) -> None:
        for seed in range(4):
            screen = draw(photo, Random(seed), theme)
            _, proposed, _ = views(screen)
            assert len(proposed) <= framing.MOST
            assert min(bits(photo, view) for view in proposed) <= 8

    @pytest.mark.parametrize("name", ["caption bar", "dark caption bar", "blurred border"])
    def test_what_bars_and_blur_surround_is_proposed(self, name: str, photo: Image.Image) -> None:
        _, proposed, _ = views(altered(name, photo))
        assert min(bits(photo, view) for view in proposed) <= 6


class TestLooks:
    def test_many_at_once_are_as_one_by_one(self) -> None:
        pixels = np.random.default_rng(1).integers(0, 256, (20, 64, 64, 3), np.uint8)
        images = [Image.fromarray(one) for one in pixels]
        at_once, single = looks_at(pixels, np.zeros(20, np.float32)), looks(images)
        assert np.array_equal(at_once.for_dhash, single.for_dhash)
        assert np.array_equal(at_once.for_phash, single.for_phash)
        assert np.abs(at_once.colour.astype(int) - single.colour).max() <= 1
        assert np.array_equal(grey_of(pixels)[0], np.asarray(images[0].convert("L")))
        obvious = by_the_obvious_way(images[0])
        assert np.array_equal(obvious.for_phash[0], at_once.for_phash[0])

    def test_hashes_are_those_of_the_product(self, photo: Image.Image) -> None:
        wanted = hashes([shrink(photo.convert("L"))])[0]
        made = prints(look(photo))
        assert made.dhash.view(np.int64)[0] == wanted.dhash
        assert made.phash.view(np.int64)[0] == wanted.phash

    def test_pdq_is_near_that_of_the_library(self, photo: Image.Image) -> None:
        library = pytest.importorskip("pdqhash")
        small = np.asarray(photo.resize((64, 64), Image.Resampling.BILINEAR))
        theirs, _ = library.compute(small)
        ours = pdq_of_64(grey_of(small[None]))[0].astype(">u8")
        assert np.count_nonzero(np.unpackbits(ours.view(np.uint8)) != theirs[::-1]) <= 10


class TestFingerprints:
    def test_a_picture_is_no_way_from_itself(self, pictures: list[Picture]) -> None:
        made = prints(looks([picture.open() for picture in pictures]))
        for name, distance in CANDIDATES.items():
            assert not distance(made, made).any(), name
            assert distance(made, made[::-1]).any(), name
        assert set(BYTES) == set(CANDIDATES)

    def test_colour_tells_flags_apart_and_says_little_of_grey(self) -> None:
        first = Image.new("RGB", (300, 200), "white")
        first.paste("red", (0, 100, 300, 200))
        second = Image.new("RGB", (300, 200), "white")
        second.paste("blue", (0, 100, 300, 200))
        one, other, grey = (
            prints(look(image)) for image in (first, second, first.convert("L").convert("RGB"))
        )
        assert CANDIDATES["colour"](one, other)[0] > 10
        assert 0 < CANDIDATES["colour"](grey, one)[0] < 10

    def test_a_model_tells_near_from_far(self) -> None:
        dice = np.random.default_rng(1)
        near, far = dice.normal(5, 2, (500, 2)), dice.normal(15, 2, (500, 2))
        model = fit(("a", "b"), near, far, np.ones(500))
        assert (model.score(near) > 0).mean() > 0.99
        assert (model.score(far) < 0).mean() > 0.99

    def test_a_model_of_the_tail_minds_those_that_come_close(self) -> None:
        dice = np.random.default_rng(1)
        true = dice.normal((5, 5), (1, 1), (2_000, 2))
        # Most strangers are told by the second distance, the last few by the first alone.
        easy, hard = dice.normal((6, 30), 1, (20_000, 2)), dice.normal((9, 5), 1, (600, 2))
        false = np.concatenate([easy, hard])
        model = fit_tail(("a", "b"), true, false, np.ones(len(false)), share=0.03)
        least = np.quantile(model.score(true), 0.05)
        assert (model.score(hard) >= least).mean() < 0.1
        assert (model.score(easy) >= least).mean() < 0.1


class TestCopies:
    def test_they_are_kept_and_compared(self, pictures: list[Picture], tmp_path: Path) -> None:
        some = [pictures[0].name, pictures[6].name]
        few = [picture for picture in pictures if picture.name in some]
        said: list[str] = []
        made = copies.kept(tmp_path, few, [0, 1], said.append)
        again = copies.kept(tmp_path, few, [0, 1], said.append)
        assert len(made.of) == 2 * (1 + len(ALL))
        assert np.array_equal(made.looks.for_phash, again.looks.for_phash)
        assert made.how[0] == -1
        turned = [place for place, name in enumerate(ALL) if name in TURNS]
        assert all(copies.PROBES[made.probe[1 + place]] == "turned" for place in turned)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(distractors, "CHUNK", 3_000)
            patch.setattr(distractors, "CROPS", 60)
            patch.setattr(distractors, "FORMS", 8)
            others = distractors.kept(tmp_path, pictures, 3_000, 1, said.append)
        text = "\n".join(report(gather(few, made, others, queries=200)))
        for title in (*ALL, *GROUPS, *SORTS):
            assert title in text

    def test_the_best_stranger_of_each_query(self) -> None:
        best = highest(np.array([1.0, 3.0, -2.0]), np.array([0, 0, 2]), 4)
        assert best.tolist() == [3.0, -np.inf, -2.0, -np.inf]


class TestStrangers:
    def test_they_are_what_plain_code_finds(self) -> None:
        dice = np.random.default_rng(1)
        stored = dice.integers(0, 2**8, 300, np.uint64)
        queries = stored[:20] ^ np.uint64(1)
        parents = dice.integers(0, 9, (300, 2)).astype(np.int16)
        found = strangers.near(queries, parents[:20], stored, parents, radius=2)
        wanted = {
            (q, s)
            for q in range(20)
            for s in range(300)
            if (int(queries[q]) ^ int(stored[s])).bit_count() <= 2
            and not set(parents[q].tolist()) & set(parents[s].tolist())
        }
        pairs = zip(found.query.tolist(), found.stored.tolist(), strict=True)
        assert wanted == set(pairs)
        assert len(wanted) > 100
        assert found.compared == 6_000
        assert set(found.weight.tolist()) == {1.0}

    def test_of_too_many_each_stands_for_several(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(strangers, "MOST_OF_ONE", 10)
        same, nobody = np.zeros(40, np.uint64), np.full((40, 1), 7, np.int16)
        found = strangers.near(same[:1], np.full((1, 1), 3, np.int16), same, nobody, radius=0)
        assert len(found.query) == 10
        assert found.weight.sum() == 40


class TestDistractors:
    def test_they_are_kept_and_go_on_where_they_stopped(
        self, pictures: list[Picture], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(distractors, "CHUNK", 60)
        monkeypatch.setattr(distractors, "CROPS", 30)
        monkeypatch.setattr(distractors, "FORMS", 8)
        said: list[str] = []
        first = distractors.kept(tmp_path, pictures, 60, 1, said.append)
        assert len(said) == 1
        more = distractors.kept(tmp_path, pictures, 100, 1, said.append)
        assert len(said) == 2
        assert len(more) == 120
        again = distractors.kept(tmp_path / "new", pictures, 100, 1, said.append)
        for made in (again, first):
            count = len(made)
            assert np.array_equal(made.looks.for_phash, more.looks.for_phash[:count])
            assert np.array_equal(made.pdq, more.pdq[:count])
            assert np.array_equal(made.parents, more.parents[:count])
        assert len(np.unique(prints(more.looks).dhash)) > 90


class TestPictures:
    def test_drawn_ones_stand_in_for_a_corpus(self, pictures: list[Picture]) -> None:
        assert {picture.kind for picture in pictures} == {"photo", "clipart"}
        assert all(picture.open().mode == "RGB" for picture in pictures)

    def test_of_identical_ones_the_first_is_kept(self, pictures: list[Picture]) -> None:
        copy = Picture("copy.jpg", "photo", pictures[0].data)
        damaged = Picture("damaged.png", "clipart", b"\x89PNG\r\n\x1a\nno more")
        assert list(distinct([*pictures, copy, damaged])) == pictures

    def test_a_name_decides_the_side(self) -> None:
        sides = [Picture(f"{number}.jpg", "photo", b"").tuning for number in range(400)]
        assert 150 < sum(sides) < 250
        assert Picture("a.jpg", "photo", b"1").tuning == Picture("a.jpg", "map", b"2").tuning

    def test_a_corpus_is_read_by_its_manifest(
        self, pictures: list[Picture], tmp_path: Path
    ) -> None:
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "b.jpg").write_bytes(pictures[0].data)
        (tmp_path / "photos" / "a.jpg").write_bytes(pictures[1].data)
        rows = ["kind,name,source", "photos,b.jpg,x", "photos,a.jpg,y", "photos,gone.jpg,y",
                "hostile,bad.jpg,z"]  # fmt: skip
        (tmp_path / "manifest.csv").write_text("\n".join(rows))
        assert [picture.name for picture in load(tmp_path)] == ["a.jpg", "b.jpg"]
        assert load(tmp_path, ["map"]) == []
