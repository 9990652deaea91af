"""``whereis-bot``, run as a person runs it: a process, its output and its exit status."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.config import Settings, variable_of
from tests.drawing import draw, halved_jpeg, png
from tests.warm_program import WarmProgram, warm_program

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def program() -> Iterator[WarmProgram]:
    """The program, imported once for all tests."""
    with warm_program() as program:
        yield program


@pytest.fixture
def whereis(program: WarmProgram, database_url: str, tmp_path: Path) -> Run:
    """Runs the program in an empty folder, with a database and no other setting."""
    ours = {variable_of(field) for field in Settings.model_fields}
    clean = {name: value for name, value in os.environ.items() if name not in ours}

    def run(*arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
        return program.run(
            [str(argument) for argument in arguments],
            tmp_path,
            {**clean, "DATABASE_URL": database_url, "COLUMNS": "120", **settings},
        )

    return run


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of three pictures and other files."""
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    (folder / "Mount Everest.png").write_bytes(png(1))
    (folder / "Steg_(Liechtenstein).png").write_bytes(png(2))
    (folder / "more" / "Härryda Municipality.png").write_bytes(png(3))
    (folder / "broken.png").write_bytes(png(4)[:500])
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    return folder


def document(done: subprocess.CompletedProcess[str]) -> Any:
    """The one JSON document on stdout."""
    return json.loads(done.stdout)


def test_a_folder_goes_in_and_altered_copies_are_found(
    whereis: Run, pictures: Path, tmp_path: Path
) -> None:
    done = whereis("import", "folder", pictures, "--json")
    assert done.returncode == 0, done.stderr
    report = document(done)
    assert (report["collection"], report["added"], report["already_there"]) == ("local", 3, 0)
    skipped = {
        entry["examples"][0].rsplit("/", 1)[-1]: entry["count"] for entry in report["skipped"]
    }
    assert skipped == {"broken.png": 1, "notes.txt": 1}

    again = document(whereis("import", "folder", pictures, "--json"))
    assert (again["added"], again["already_there"]) == (0, 3)

    copy = tmp_path / "copy.jpg"
    copy.write_bytes(halved_jpeg(draw(3)))
    done = whereis("search", copy, "--json")
    assert done.returncode == 0, done.stderr
    (query,) = document(done)["queries"]
    assert query["image"] == str(copy)
    assert (query["status"], query["reason"]) == ("found", None)
    assert query["elapsed_ms"] > 0
    best = query["matches"][0]
    assert set(best) == {
        "image_id",
        "collection",
        "file",
        "distance",
        "confidence",
        "chance_wrong",
        "view",
        "alike",
        "page_count",
        "pages",
    }
    assert best["file"] == "Härryda Municipality.png"
    assert best["confidence"] == "exact"
    assert 0 < best["chance_wrong"] < 1e-4
    assert best["view"] == {"orientation": 1, "framing": "whole", "frame": 0}
    assert best["alike"] == []
    assert best["pages"] == [
        {
            "title": "Härryda_Municipality",
            "url": "https://en.wikipedia.org/wiki/H%C3%A4rryda_Municipality",
        }
    ]


def test_a_search_says_each_status_and_counts_what_it_could_not_read(
    whereis: Run, pictures: Path, tmp_path: Path
) -> None:
    whereis("import", "folder", pictures)
    stranger, blank = tmp_path / "stranger.png", tmp_path / "blank.png"
    stranger.write_bytes(png(99))
    blank.write_bytes(halved_jpeg(draw(1).point(lambda _: 200)))
    paths = [pictures / "Mount Everest.png", stranger, blank, pictures / "broken.png", "gone.png"]
    done = whereis("search", *paths, "--json")
    assert done.returncode == 1
    found = document(done)["queries"]
    assert [q["image"] for q in found] == [str(path) for path in paths]
    assert [q["status"] for q in found] == ["found", "none", "plain", "unreadable", "unreadable"]
    assert all(q["reason"] for q in found[2:])

    text = whereis("search", *paths)
    assert text.returncode == 1
    assert "Mount Everest" in text.stdout
    assert "https://en.wikipedia.org/wiki/Mount_Everest" in text.stdout
    assert "no match" in text.stdout


def test_one_picture_is_added_by_title_or_by_address(whereis: Run, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(png(1))
    done = whereis("add", picture, "--page", "Mount Everest", "--collection", "mountains")
    assert done.returncode == 0, done.stderr
    assert "added to mountains as Mount_Everest" in done.stdout
    assert (
        "already in"
        in whereis("add", picture, "--page", "Mount_Everest", "--collection", "mountains").stdout
    )
    whereis("add", picture, "--page", "https://example.org/peaks/K2", "--collection", "peaks")
    matches = document(whereis("search", picture, "--json"))["queries"][0]["matches"]
    assert {m["collection"]: m["pages"][0]["url"] for m in matches} == {
        "mountains": "https://en.wikipedia.org/wiki/Mount_Everest",
        "peaks": "https://example.org/peaks/K2",
    }
    narrowed = document(whereis("search", picture, "--collection", "peaks", "--json"))
    assert [m["collection"] for m in narrowed["queries"][0]["matches"]] == ["peaks"]


def test_what_can_not_be_added_is_refused_with_the_reason(whereis: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(png(1)[:300])
    done = whereis("add", broken, "--page", "X")
    assert done.returncode == 1
    assert "broken.png was not added" in done.stderr
    assert whereis("add", tmp_path / "gone.png", "--page", "X").returncode == 2


def test_stats_and_doctor_tell_how_things_stand(whereis: Run, pictures: Path) -> None:
    whereis("import", "folder", pictures, "--collection", "alps", "--as-of", "2025-03-01")
    stats = document(whereis("stats", "--json"))
    imported_on = date.fromisoformat(stats["collections"][0].pop("imported_on"))
    assert abs(imported_on - datetime.now(UTC).date()) <= timedelta(days=1)
    assert stats["collections"] == [
        {
            "name": "alps",
            "kind": "wiki",
            "as_of": "2025-03-01",
            "source_name": None,
            "language": None,
            "checksum": None,
            "images": 3,
            "pages": 3,
            "appearances": 3,
        }
    ]
    assert "alps" in whereis("stats").stdout

    done = whereis("doctor", "--json")
    assert done.returncode == 2, "no token is a problem"
    report = document(done)
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["token"]["verdict"] == "problem"
    assert checks["token"]["remedy"]
    assert checks["database"]["verdict"] == "ok"
    assert report["database"]["schema_version"] >= 1
    if report["database"]["operators"] == "extension":
        assert [checks[name]["verdict"] for name in ("index", "memory")] == ["ok", "ok"]
        # What else can be had depends on the extension that could be built.
        assert (checks["kind"]["verdict"] == "ok") == (checks["kind"]["remedy"] is None)
    assert "DISCORD_TOKEN" in whereis("doctor").stdout


def test_the_index_is_shown_built_changed_and_dropped(
    whereis: Run, pictures: Path, extension: Path | None
) -> None:
    whereis("import", "folder", pictures, "--collection", "alps")
    status = document(whereis("index", "status", "--json"))
    if extension is None:
        assert (status["operators"], status["offered"]) == ("standin", [])
        refused = whereis("index", "build")
        assert (refused.returncode, "doctor" in refused.stderr) == (1, True)
        return
    best = status["offered"][0]
    assert (status["kind"], status["valid"], status["images"]) == (best, True, 3)
    assert (status["better"], status["leftovers"], status["fits_in_memory"]) == (None, 0, True)

    for kind in [*reversed(status["offered"]), None]:
        done = whereis("index", "build", *(("--kind", kind) if kind else ()))
        assert done.returncode == 0, done.stderr
        assert (kind or best) in done.stdout
        status = document(whereis("index", "status", "--json"))
        assert (status["kind"], status["valid"], status["leftovers"]) == (kind or best, True, 0)
        assert status["better"] == (best if (kind or best) != best else None)
        inside = status["statistics"]
        assert (inside is None) == ((kind or best) != "hamming")
        if inside is not None:
            assert inside["items"] == 3
        said = whereis("index", "status").stdout
        assert ("3 hashes on" in said) == (inside is not None)
        assert (f"index build --kind {best}" in said) == (status["better"] is not None)
        assert "shared_buffers" in said

    wrong = whereis("index", "drop", "--yes", "--kind", "bktree")
    assert (wrong.returncode == 0) == (best == "bktree")
    dropped = whereis("index", "drop", "--yes")
    assert (dropped.returncode, "gone" in dropped.stdout) == (0, True), dropped.stderr


def test_an_unreachable_database_is_exit_status_3_and_shows_no_password(whereis: Run) -> None:
    url = "postgresql://someone:hush@127.0.0.1:9/nowhere"
    for arguments in (["stats"], ["search", "a.png"], ["doctor"]):
        done = whereis(*arguments, DATABASE_URL=url)
        assert done.returncode == 3, (arguments, done.stdout, done.stderr)
        assert "hush" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "settings", "says"),
    [
        (["search"], {}, "IMAGES"),
        (["index", "build", "--kind", "oak"], {}, "oak"),
        (["fly"], {}, "fly"),
        (["import", "folder", "nowhere"], {}, "nowhere"),
        (["stats"], {"WHEREIS_RADIUS": "99"}, "WHEREIS_RADIUS"),
        (["run"], {}, "DISCORD_TOKEN"),
    ],
)
def test_wrong_usage_is_exit_status_2(
    whereis: Run, arguments: list[str], settings: dict[str, str], says: str
) -> None:
    done = whereis(*arguments, **settings)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_collection_goes_out_as_a_list(whereis: Run, pictures: Path, tmp_path: Path) -> None:
    whereis("import", "folder", pictures)
    done = whereis("export", "local", "--format", "jsonl")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["title"] for row in rows} == {
        "Mount_Everest",
        "Steg_(Liechtenstein)",
        "Härryda_Municipality",
    }
    done = whereis("export", "local", "--out", "list.csv")
    assert (done.returncode, done.stdout) == (0, "")
    lines = (tmp_path / "list.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("image_id,dhash,")
    done = whereis("export", "nothing")
    assert done.returncode == 2
    assert "There are: local." in done.stderr
    done = whereis("export", "local", "--out", "there/is/no/folder.csv")
    assert done.returncode == 2
    assert "can't be written" in done.stderr
    assert not list(tmp_path.glob("*.part"))
