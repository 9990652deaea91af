"""The project as pip installs it: away from its sources, with everything it needs."""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config import Settings, variable_of
from tests.conftest import ROOT
from tests.drawing import png

NEEDED = (
    "bot/web/static/index.html",
    "bot/web/static/style.css",
    "bot/web/static/app.js",
    "bot/web/static/icon.svg",
    "db/migrations/0001_first_tables.sql",
    "db/statements/search.sql",
    "db/standin.sql",
    "db/extension/Makefile",
    "db/extension/bktree.control",
    "db/extension/sql/bktree--2.0.sql",
    "db/extension/sql/bktree--2.0--2.1.sql",
    "db/extension/src/bktree.c",
    "db/extension/src/hamming/am.h",
    "db/extension/src/hamming/scan.c",
    "db/extension/src/tree/scan.c",
)


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return folder


def test_an_installed_wheel_searches_with_the_extension(
    distributions: Path,
    tmp_path: Path,
    short_folders: Callable[[], Path],
    extension: Path | None,
) -> None:
    (wheel,) = distributions.glob("*.whl")
    place = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", place, wheel], check=True, capture_output=True)
    assert not [name for name in NEEDED if not (place / name).is_file()]

    ours = {variable_of(field) for field in Settings.model_fields}
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    folder = short_folders()
    environment = {**clean, "PYTHONPATH": str(place), "WHEREIS_DATA_DIR": str(folder / "data")}
    (folder / "a.png").write_bytes(png(1))

    def whereis(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    whereis("add", "a.png", "--page", "Mount Everest")
    (query,) = json.loads(whereis("search", "a.png", "--json"))["queries"]
    assert query["matches"][0]["pages"][0]["title"] == "Mount_Everest"
    operators = json.loads(whereis("index", "status", "--json"))["operators"]
    assert operators == ("standin" if extension is None else "extension")


def test_the_sdist_has_what_the_tests_need(distributions: Path) -> None:
    (archive,) = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    wanted = {*NEEDED, "Makefile", "scripts/setup", "requirements/dev.txt", "tests/conftest.py"}
    assert wanted <= names
