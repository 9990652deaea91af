"""``whereis-bot demo``: from nothing to every kind of answer, without a token or a terminal."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bot.config import Settings, variable_of
from bot.images import cairo_available
from tests.conftest import PutExtension


def test_the_demo_runs_through_and_runs_again(
    short_folders: Callable[[], Path], put_extension: PutExtension
) -> None:
    folder = short_folders()
    put_extension(folder / "data")
    ours = {variable_of(field) for field in Settings.model_fields}
    clean = {name: value for name, value in os.environ.items() if name not in ours}

    def demo() -> str:
        done = subprocess.run(
            [sys.executable, "-m", "bot", "demo"],
            cwd=folder,
            # A database in service must be left alone.
            env={**clean, "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/x", "COLUMNS": "100"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    first = demo()
    for words in (
        "https://en.wikipedia.org/wiki/Mandelbrot_set",
        "https://en.wikipedia.org/wiki/Ulam_spiral",
        "https://en.wikipedia.org/wiki/Lorenz_system",
        "Exact match",
        "I don't know this picture",
        "Picture added",
        "Undone",
        "Too plain",
        "could not read",
        "[\N{NO-BREAK SPACE}Undo\N{NO-BREAK SPACE}]",
    ):
        assert words in first
    # Without the cairo library the drawings in SVG are left out.
    assert cairo_available() == ("https://en.wikipedia.org/wiki/Flag_of_Nepal" in first)
    count = 76 if cairo_available() else 36
    assert f"{count} new, 0 already there" in first.replace("\n", " ")
    assert f"0 new, {count} already there" in demo().replace("\n", " ")
