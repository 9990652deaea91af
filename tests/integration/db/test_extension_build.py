"""Building the extension into a folder of our own."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from db.embedded import find_binaries
from db.extension_build import build_extension

# An extension like ours, of one file that is compiled in a moment.
SMALL = {
    "Makefile": """
EXTENSION = bktree
MODULE_big = bktree
DATA = $(wildcard sql/bktree--*.sql)
OBJS = src/bktree.o
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)
""",
    "bktree.control": "default_version = '7.1'\nmodule_pathname = '$libdir/bktree'\n",
    "sql/bktree--7.1.sql": "SELECT 1;\n",
    "src/bktree.c": '#include "postgres.h"\n#include "fmgr.h"\nPG_MODULE_MAGIC;\n',
}


@pytest.fixture
def pg_config() -> Path:
    if shutil.which("make") is None or shutil.which("gcc") is None:
        pytest.skip("no compiler on this machine")
    return find_binaries() / "pg_config"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """The sources of a small extension."""
    for name, text in SMALL.items():
        file = tmp_path / "sources" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return tmp_path / "sources"


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_is_built_once(tmp_path: Path, pg_config: Path, sources: Path) -> None:
    built = tmp_path / "built"
    said: list[str] = []
    folder = build_extension(pg_config, built, said.append, sources=sources)
    assert folder is not None
    assert names(folder) >= {"extension/bktree.control", "lib/bktree.so"}
    assert len(said) == 1
    assert [path.name for path in built.iterdir()] == [folder.name]
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o004, f"{path} is closed to the server's user"

    started = time.perf_counter()
    assert build_extension(pg_config, built, said.append, sources=sources) == folder
    assert time.perf_counter() - started < 1
    assert len(said) == 1


def test_is_built_anew_when_the_sources_change(
    tmp_path: Path, pg_config: Path, sources: Path
) -> None:
    first = build_extension(pg_config, tmp_path / "built", print, sources=sources)
    with (sources / "src" / "bktree.c").open("a") as file:
        file.write("\n/* changed */\n")
    second = build_extension(pg_config, tmp_path / "built", print, sources=sources)
    assert first is not None
    assert second is not None
    assert first != second
    assert names(first) == names(second)
    assert names(first) == {
        "extension/bktree.control",
        "extension/bktree--7.1.sql",
        "lib/bktree.so",
    }


def test_what_somebody_built_in_the_sources_is_not_used(
    tmp_path: Path, pg_config: Path, sources: Path
) -> None:
    for name in ("bktree.so", "src/bktree.o"):
        (sources / name).write_bytes(b"for another PostgreSQL")
    folder = build_extension(pg_config, tmp_path / "built", print, sources=sources)
    assert folder is not None
    assert (folder / "lib" / "bktree.so").read_bytes().startswith(b"\x7fELF")


def test_sources_that_do_not_compile(tmp_path: Path, pg_config: Path, sources: Path) -> None:
    good = build_extension(pg_config, tmp_path / "built", print, sources=sources)
    (sources / "src" / "bktree.c").write_text("this is no C\n")
    said: list[str] = []
    assert build_extension(pg_config, tmp_path / "empty", said.append, sources=sources) is None
    assert "error" in said[-1]
    assert "every search reads every picture" in said[-1]
    # An earlier build does, where there is one.
    assert build_extension(pg_config, tmp_path / "built", said.append, sources=sources) == good
    assert list((tmp_path / "empty").iterdir()) == []


def test_without_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    pg_config = find_binaries() / "pg_config"
    assert build_extension(pg_config, tmp_path / "built", said.append) is None
    (sentence,) = said
    assert "make and gcc" in sentence
    assert "apt-get install" in sentence


def test_inside_another_make(
    tmp_path: Path, pg_config: Path, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAKEFLAGS", "n -- DESTDIR=/nowhere")
    monkeypatch.setenv("MAKELEVEL", "1")
    assert build_extension(pg_config, tmp_path / "built", print, sources=sources) is not None


def test_built_by_several_at_once(tmp_path: Path, pg_config: Path, sources: Path) -> None:
    built = tmp_path / "built"

    def build() -> Path | None:
        return build_extension(pg_config, built, print, sources=sources)

    with ThreadPoolExecutor(3) as threads:
        (folder,) = {run.result() for run in [threads.submit(build) for _ in range(3)]}
    assert folder is not None
    assert list(built.iterdir()) == [folder]
