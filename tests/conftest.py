"""What every test may ask for."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def corpus() -> Path:
    """A folder of real pictures, where there is one; tests that need it are skipped elsewhere."""
    folder = Path(os.environ.get("WHEREIS_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not folder.is_dir():
        pytest.skip(f"no corpus of real pictures at {folder}")
    return folder
