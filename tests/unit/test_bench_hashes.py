"""The hashes of the benchmarks are the same each time, and like those of pictures."""

from pathlib import Path

import numpy as np
import pytest

from bench.hashes import (
    Bigints,
    altered,
    at_random,
    close_pairs,
    kept,
    like_pictures,
    pictures,
    questions,
)


@pytest.fixture(scope="module")
def rows() -> Bigints:
    return like_pictures(300_000)


def test_the_same_seed_makes_the_same_hashes(rows: Bigints) -> None:
    assert rows.dtype == np.int64
    assert np.array_equal(like_pictures(50_000), like_pictures(50_000))
    assert questions(rows, 40) == questions(rows, 40)
    other = like_pictures(50_000, seed=2)
    assert len(np.intersect1d(rows, other)) < len(rows) / 100


@pytest.mark.parametrize("count", [0, 1, 2, 999])
def test_there_are_as_many_as_were_asked_for(count: int) -> None:
    assert len(like_pictures(count)) == count
    assert sum(len(part) for part in pictures(count)) == count


def test_pairs_are_as_close_as_those_of_real_pictures() -> None:
    made = np.concatenate(list(pictures(500_000)))
    dice = np.random.default_rng(1)
    some, others = dice.choice(made, 4_000, replace=False), dice.choice(made, 40_000, replace=False)
    found = close_pairs(some, others, (3, 6, 8, 10))
    for radius, wanted in {3: 23, 6: 83, 8: 174, 10: 386}.items():
        assert wanted / 1.5 < found[radius] < wanted * 1.5, radius


def test_two_rows_in_five_are_repeats_and_few_hashes_have_many(rows: Bigints) -> None:
    repeats = np.unique(rows, return_counts=True)[1]
    assert 0.55 < len(repeats) / len(rows) < 0.66
    assert 0.003 < repeats.max() / len(rows) < 0.03
    assert np.median(repeats) == 1


def test_close_pairs_are_counted_as_plain_code_does() -> None:
    some, others = at_random(30, seed=1), at_random(50, seed=2)
    mask = 2**64 - 1
    apart = [((int(a) ^ int(b)) & mask).bit_count() for a in some for b in others]
    radii = (24, 32, 64)
    wanted = {r: sum(d <= r for d in apart) / len(apart) * 1e6 for r in radii}
    assert close_pairs(some, others, radii) == pytest.approx(wanted)


def test_altered_hashes_stay_near(rows: Bigints) -> None:
    few = rows[:50]
    for center in altered(few, 100, bits=4, seed=3):
        assert min(((center ^ int(hash_)) & (2**64 - 1)).bit_count() for hash_ in few) <= 4


def test_questions_are_about_all_kinds_of_pictures(rows: Bigints) -> None:
    asked = questions(rows, 200)
    assert len(asked) == 200
    flat = sum((center & (2**64 - 1)).bit_count() <= 8 for center in asked)
    assert flat >= 25
    stored = set(rows.tolist())
    known = sum(center in stored for center in asked)
    assert 50 <= known <= 140


@pytest.mark.parametrize("count", [1, 7, 8, 33])
def test_questions_are_as_many_as_were_asked_for(rows: Bigints, count: int) -> None:
    assert len(questions(rows, count)) == count


def test_hashes_are_kept_in_a_file(tmp_path: Path) -> None:
    said: list[str] = []
    first = kept(tmp_path / "new", 5_000, 1, said.append)
    assert np.array_equal(first, like_pictures(5_000))
    (file,) = (tmp_path / "new").iterdir()
    assert str(file) in said[0]
    np.save(file, first[::-1])
    again = kept(tmp_path / "new", 5_000, 1, said.append)
    assert np.array_equal(again, first[::-1])
    assert len(kept(tmp_path / "new", 5_001, 1, said.append)) == 5_001
    assert len(list((tmp_path / "new").iterdir())) == 2
