"""The PostgreSQL that comes along: start, share, stop, and rise again."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from bot.errors import DatabaseUnavailableError
from db import open_database
from db.embedded import EmbeddedServer, find_binaries
from db.postmaster import postmaster_runs
from db.records import NewAppearance
from tests.conftest import PutExtension
from tests.integration.db.searching import near

TEMPLATE = "https://en.wikipedia.org/wiki/{title}"

# Another process that uses the database until it is told to leave.
NEIGHBOUR = """
import asyncio, sys
from pathlib import Path
from db import open_database

async def main():
    async with open_database(None, Path(sys.argv[1])) as database:
        print("open", flush=True)
        for line in sys.stdin:
            await database.ping()
            print("pong", flush=True)
    print("closed", flush=True)

asyncio.run(main())
"""


@pytest.fixture(scope="session")
def made_before(short_folders: Callable[[], Path], put_extension: PutExtension) -> Path:
    """A data folder as a first start leaves it."""
    folder = short_folders() / "data"
    put_extension(folder)
    server = EmbeddedServer(folder, print, settings={"fsync": "off"})
    server.start()
    server.stop()
    return folder


@pytest.fixture
def data_dir(short_folders: Callable[[], Path], made_before: Path) -> Iterator[Path]:
    """A data folder of the test's own; the server that it leaves behind is stopped."""
    above = short_folders()
    folder = above / "data"
    subprocess.run(["cp", "-a", made_before, folder], check=True)
    yield folder
    if postmaster_runs(folder / "postgres"):
        server = EmbeddedServer(folder, print)
        server.start()
        server.stop()
    shutil.rmtree(above, ignore_errors=True)


@contextmanager
def neighbour(data_dir: Path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", NEIGHBOUR, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert heard(process) == "open"
            yield process
        finally:
            process.kill()


def heard(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def told(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def postmaster_pid(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])


async def test_what_is_stored_outlives_the_server(
    short_folders: Callable[[], Path], put_extension: PutExtension
) -> None:
    data_dir = short_folders() / "new" / "folder"
    put_extension(data_dir)
    said: list[str] = []
    async with open_database(None, data_dir, say=said.append) as database:
        assert (await database.info()).embedded
        wiki = await database.store.ensure_wiki("enwiki", TEMPLATE)
        await database.store.add_many(wiki.id, [NewAppearance(1, None, None, "One")])
        assert postmaster_runs(data_dir / "postgres")
    assert not postmaster_runs(data_dir / "postgres")
    assert any("Making a database" in line for line in said)

    said.clear()
    started = time.perf_counter()
    async with open_database(None, data_dir, say=said.append) as database:
        elapsed = time.perf_counter() - started
        (found,) = await near(database.store, wiki.id, 1, 3, limit=5)
        assert found.dhash == 1
    # Where there is no compiler, that is said at each start.
    assert [line for line in said if "can't be built" not in line] == ["Starting PostgreSQL…"]
    # It takes a quarter of a second; the limit leaves room for a busy machine.
    assert elapsed < 5


async def test_extension_is_loaded_from_the_data_folder(
    data_dir: Path, extension: Path | None
) -> None:
    if extension is None:
        pytest.skip("the extension can't be built here")
    async with open_database(None, data_dir) as database:
        info = await database.info()
        status = await database.index.status()
    assert (info.operators, status.valid) == ("extension", True)
    assert status.kind == status.offered[0]
    assert not list(find_binaries().parent.rglob("*bktree*"))


async def test_only_its_user_reaches_the_socket(data_dir: Path) -> None:
    async with open_database(None, data_dir):
        socket = next((data_dir / "postgres").glob(".s.PGSQL.*[0-9]"))
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700


async def test_the_last_process_stops_it(data_dir: Path) -> None:
    async with open_database(None, data_dir):
        pid = postmaster_pid(data_dir)
        with neighbour(data_dir) as other:
            assert postmaster_pid(data_dir) == pid
            told(other, "ping")
            assert await asyncio.to_thread(heard, other) == "pong"
            other.stdin.close()  # type: ignore[union-attr]
            assert await asyncio.to_thread(heard, other) == "closed"
        assert postmaster_runs(data_dir / "postgres")
    assert not postmaster_runs(data_dir / "postgres")


async def test_whoever_started_it_may_leave_first(data_dir: Path) -> None:
    async with open_database(None, data_dir) as database:
        other = neighbour(data_dir)
        process = other.__enter__()
        await database.ping()
    try:
        told(process, "ping")
        assert heard(process) == "pong"
        process.stdin.close()  # type: ignore[union-attr]
        assert heard(process) == "closed"
        assert not postmaster_runs(data_dir / "postgres")
    finally:
        other.__exit__(None, None, None)


async def test_many_open_at_once(data_dir: Path) -> None:
    async def use() -> int:
        async with open_database(None, data_dir, pool_size=2) as database:
            await database.ping()
            return postmaster_pid(data_dir)

    async with open_database(None, data_dir):
        assert len(set(await asyncio.gather(*(use() for _ in range(4))))) == 1


async def test_a_killed_user_does_not_count(data_dir: Path) -> None:
    async with open_database(None, data_dir):
        with neighbour(data_dir) as other:
            other.kill()
            other.wait()
    assert not postmaster_runs(data_dir / "postgres")


async def test_a_server_that_nobody_uses_is_taken_over(data_dir: Path) -> None:
    with neighbour(data_dir) as other:
        other.kill()
        other.wait()
    assert postmaster_runs(data_dir / "postgres")
    pid = postmaster_pid(data_dir)
    async with open_database(None, data_dir) as database:
        await database.ping()
        assert postmaster_pid(data_dir) == pid
    assert not postmaster_runs(data_dir / "postgres")


async def test_recovers_from_being_killed(data_dir: Path) -> None:
    with neighbour(data_dir) as other:
        os.kill(postmaster_pid(data_dir), signal.SIGKILL)
        other.kill()
        other.wait()
    async with open_database(None, data_dir) as database:
        await database.ping()
    log = (data_dir / "postgres" / "server.log").read_text()
    assert "not properly shut down; automatic recovery in progress" in log


async def test_is_started_again_while_in_use(data_dir: Path) -> None:
    async with open_database(None, data_dir) as database:
        wiki = await database.store.ensure_wiki("enwiki", TEMPLATE)
        await database.store.add_many(wiki.id, [NewAppearance(1, None, None, "One")])
        killed = postmaster_pid(data_dir)
        os.kill(killed, signal.SIGKILL)
        # A process that has not noticed yet may answer before it ends; the next one is new.
        while postmaster_pid(data_dir) == killed:
            (found,) = await near(database.store, wiki.id, 1, 3, limit=5)
            assert found.dhash == 1
        assert postmaster_runs(data_dir / "postgres")


async def test_a_pid_file_with_the_number_of_another_program(data_dir: Path) -> None:
    async with open_database(None, data_dir):
        pass
    # As after a restart of a container, where the same numbers are given out again.
    stale = f"{os.getpid()}\n{data_dir / 'postgres'}\n1700000000\n5432\n\n\n  5432 1\nready\n"
    (data_dir / "postgres" / "postmaster.pid").write_text(stale)
    async with open_database(None, data_dir) as database:
        await database.ping()


async def test_data_of_another_version(data_dir: Path) -> None:
    async with open_database(None, data_dir):
        pass
    (data_dir / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(DatabaseUnavailableError, match=r"made by PostgreSQL 16.*carries 18"):
        async with open_database(None, data_dir):
            pass


async def test_a_folder_that_is_no_database(data_dir: Path) -> None:
    shutil.rmtree(data_dir / "postgres")
    (data_dir / "postgres").mkdir()
    (data_dir / "postgres" / "holiday.jpg").touch()
    with pytest.raises(DatabaseUnavailableError, match="is no PostgreSQL data folder"):
        async with open_database(None, data_dir):
            pass
    assert [file.name for file in (data_dir / "postgres").iterdir()] == ["holiday.jpg"]


async def test_data_dir_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.touch()
    with pytest.raises(DatabaseUnavailableError, match="WHEREIS_DATA_DIR"):
        async with open_database(None, file):
            pass


async def test_a_start_that_fails_shows_the_log(data_dir: Path) -> None:
    async with open_database(None, data_dir):
        pass
    with (data_dir / "postgres" / "postgresql.auto.conf").open("a") as file:
        file.write("shared_buffers = 'plenty'\n")
    with pytest.raises(DatabaseUnavailableError) as caught:
        async with open_database(None, data_dir):
            pass
    assert "did not start" in caught.value.sentence
    assert 'invalid value for parameter "shared_buffers": "plenty"' in caught.value.sentence
    assert str(data_dir / "postgres" / "server.log") in caught.value.sentence


async def test_an_operators_settings_win(data_dir: Path) -> None:
    async with open_database(None, data_dir):
        pass
    with (data_dir / "postgres" / "postgresql.auto.conf").open("a") as file:
        file.write("max_connections = 33\n")
    server = EmbeddedServer(data_dir, print)
    await asyncio.to_thread(server.start)
    try:
        connection = await asyncpg.connect(**server.connect_options)
        shown = [
            await connection.fetchval(f"SHOW {name}")
            for name in ("max_connections", "jit", "random_page_cost")
        ]
        await connection.close()
    finally:
        await asyncio.to_thread(server.stop)
    assert shown == ["33", "off", "1.1"]


@pytest.mark.parametrize(
    "name", ["with space, comma and 'quotes' $HOME", "a" * 100, "ärger", "colon:ed"]
)
async def test_any_path_will_do(data_dir: Path, name: str) -> None:
    data_dir = await asyncio.to_thread(data_dir.rename, data_dir.with_name(name))
    async with open_database(None, data_dir) as database:
        wiki = await database.store.ensure_wiki("enwiki", TEMPLATE)
        assert await near(database.store, wiki.id, 1, 3, limit=5) == ()
    socket_dir = EmbeddedServer(data_dir, print).socket_dir
    assert socket_dir == data_dir / "postgres" or not await asyncio.to_thread(socket_dir.exists)


async def test_a_long_path_has_its_socket_elsewhere(short_folders: Callable[[], Path]) -> None:
    server = EmbeddedServer(short_folders() / ("a" * 100), print)
    assert len(str(server.socket_dir)) < 60
    server.socket_dir.mkdir(mode=0o777)
    server.socket_dir.chmod(0o777)
    try:
        with pytest.raises(DatabaseUnavailableError, match="shorter path"):
            server.start()
    finally:
        server.socket_dir.rmdir()


async def test_cancelled_while_starting(data_dir: Path) -> None:
    starting = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def use() -> None:
        def say(line: str) -> None:
            if line.startswith("Starting"):
                loop.call_soon_threadsafe(starting.set)

        async with open_database(None, data_dir, say=say):
            await asyncio.Event().wait()

    task = asyncio.create_task(use())
    await starting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not postmaster_runs(data_dir / "postgres")
