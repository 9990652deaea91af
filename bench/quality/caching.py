"""What takes long, kept in files that are named by all that it was made of."""

import hashlib
import os
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def digest(code: Iterable[str], texts: Iterable[str]) -> str:
    """Changes with the contents of files, given by patterns below the project, and with texts."""
    state = hashlib.sha256()
    for pattern in code:
        for path in sorted(ROOT.glob(pattern)):
            state.update(path.read_bytes() + b"\0")
    for text in texts:
        state.update(text.encode() + b"\0")
    return state.hexdigest()[:10]


def read(path: Path) -> Any:
    """What :func:`write` kept there; ``None`` where there is nothing.

    Reading it runs what it says: the folder has to be one's own.
    """
    return pickle.loads(path.read_bytes()) if path.is_file() else None


def write(path: Path, value: object) -> None:
    """Keep a value, all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}.new")
    scratch.write_bytes(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
    scratch.rename(path)
