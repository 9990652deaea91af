"""A disk that is full stops an import with a clear word, and it goes on when there is room."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import PutExtension
from tests.integration.imports.conftest import Start
from tests.integration.imports.test_import_killed import finished, long_dump

MEBIBYTE = 1024 * 1024

# About 130 bytes each where they are staged.
ROWS = 75_000


@pytest.fixture
def small_disk(short_folders: Callable[[], Path]) -> Iterator[Path]:
    """A file system of a size that can be changed; needs to be root."""
    folder = short_folders()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root may mount a small file system")
    if subprocess.run([mount, "-t", "tmpfs", "none", str(folder)], check=False).returncode:
        pytest.skip("no file system may be mounted here")
    folder.chmod(0o755)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def resize(disk: Path, room: int) -> None:
    """Leave so many bytes free."""
    size = shutil.disk_usage(disk).used + room
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


async def test_while_rows_are_staged(
    whereis: Start, small_disk: Path, tmp_path: Path, put_extension: PutExtension
) -> None:
    put_extension(small_disk / "data")
    (tmp_path / "hashes.sql").write_bytes(long_dump(ROWS))
    settings = {"DATABASE_URL": "", "WHEREIS_DATA_DIR": str(small_disk / "data")}
    async with whereis("stats", **settings) as process:
        _, err = await process.communicate()
        assert process.returncode == 0, err.decode()
    command = ("import", "dump", "hashes.sql", "--collection", "enwiki", "--json")

    resize(small_disk, 6 * MEBIBYTE)
    async with whereis(*command, **settings) as process:
        _, err = await process.communicate()
        assert process.returncode == 3, err.decode()
        assert "No space left on device" in err.decode()
        assert "Traceback" not in err.decode()

    resize(small_disk, 2048 * MEBIBYTE)
    async with whereis(*command, **settings) as process:
        report = await finished(process)
    # A server that can't write out what it holds when it stops begins the next time as after a
    # crash, without the staged rows; they are read again then.
    assert report["added"] + report["already_there"] == ROWS
    async with whereis("stats", "--json", **settings) as process:
        out, _ = await process.communicate()
    (collection,) = json.loads(out)["collections"]
    assert collection["appearances"] == report["added"]
