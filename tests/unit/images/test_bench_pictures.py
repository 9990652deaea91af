"""The benchmark of reading pictures measures what it says."""

from pathlib import Path

import pytest
from PIL import Image

from bench.pictures import Measured, Turn, draw, files_of, groups, main, measure, report
from bot.images import JOB_BYTES, JOB_PICTURES


def test_pictures_are_drawn_alike_for_the_same_seed(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        (tmp_path / name).mkdir()
        assert draw(tmp_path / name, 10, seed) == files_of(tmp_path / name)

    read = [
        [file.read_bytes() for file in files_of(tmp_path / n)] for n in ("one", "same", "other")
    ]
    assert read[0] == read[1]
    assert all(a != b for a, b in zip(read[0], read[2], strict=True))
    kinds = set()
    for file in files_of(tmp_path / "one"):
        with Image.open(file) as image:
            kinds.add((image.format, image.mode))
    assert kinds == {("JPEG", "RGB"), ("WEBP", "RGB"), ("PNG", "RGBA"), ("PNG", "RGB")}


def test_files_are_grouped_as_jobs_are(tmp_path: Path) -> None:
    files = [tmp_path / f"{number:03}" for number in range(JOB_PICTURES + 3)]
    for file in files:
        file.write_bytes(b"x")
    files[-1].write_bytes(bytes(JOB_BYTES))

    assert list(groups(files)) == [files[:JOB_PICTURES], files[JOB_PICTURES:-1], files[-1:]]
    assert list(groups([])) == []


def test_both_ways_read_the_same_files(tmp_path: Path) -> None:
    files = draw(tmp_path, 3)
    (tmp_path / "99999.txt").write_text("no picture")

    measured = measure("drawn", files_of(tmp_path), rounds=2, cores=1)
    assert measured.files == 4
    assert measured.bytes == sum(file.stat().st_size for file in files) + 10
    assert [turn.unread for turn in (*measured.bare, *measured.workers)] == [1] * 4
    assert all(turn.seconds > 0 for turn in (*measured.bare, *measured.workers))


def test_the_ratio_is_to_as_many_bare_loops_as_cores() -> None:
    bare = (Turn(4.0, 4.0, 0.0, 0), Turn(6.0, 6.0, 0.0, 1))
    workers = (Turn(2.0, 0.1, 3.9, 0), Turn(4.0, 0.2, 7.8, 2))
    measured = Measured("some", 100, 5_000_000, 2, bare, workers)

    assert measured.ratios == (1.0, 0.75)
    row = report([measured]).splitlines()[-1]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == [
        "some", "100", "50.0", "20.8", "2", "37.5", "0.88 (0.75–1.00)", "0.88 (0.75–1.00)",
        "2.5%", "1, 2",
    ]  # fmt: skip


def test_a_folder_without_files_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([str(tmp_path)])
    assert "no folder with files in it" in capsys.readouterr().err
