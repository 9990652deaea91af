"""What every test may ask for.

A run may have several processes (``-n``).  Each has servers of its own, in folders below one that
belongs to the run: it holds what is built once for all of them, and whoever began the run sees to
it that nothing is left of it.
"""

import asyncio
import fcntl
import os
import select
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest
from hypothesis import settings

from db import Database, open_database
from db.embedded import EmbeddedServer, find_binaries
from db.extension_build import build_extension
from db.postmaster import postmaster_runs
from db.store import Store

ROOT = Path(__file__).resolve().parent.parent

# Nothing that a test stores has to outlive a power cut. Many buffers make databases slow to drop.
HASTY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "256MB",
}

# A database is 300 files, which a file system in memory makes eight times as fast.
MEMORY = Path("/dev/shm")
# What the servers of a run may come to need, in bytes, with room to spare.
MEMORY_NEEDED = 4 * 1024**3

# How many examples a property is tried with, and with --thorough.
FEW, MANY = 40, 400

# Seconds that a server may take to end at once.
PATIENCE = 30.0

FreshDatabases = Callable[[], AbstractContextManager[str]]
DatabasesOn = Callable[[Mapping[str, Any]], AbstractContextManager[FreshDatabases]]
Alone = Callable[[str], AbstractContextManager[None]]
PutExtension = Callable[[Path], None]

_RUN_FOLDER = pytest.StashKey[Path]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """An option of our own."""
    parser.addoption(
        "--thorough",
        action="store_true",
        help="repeat what is left to chance many times more than it takes to see that it works",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Have a folder for the run; its other processes are told which."""
    # Before any test is imported, which takes over what is set.
    settings.register_profile("few", max_examples=FEW, deadline=None)
    settings.register_profile("many", max_examples=MANY, deadline=None)
    settings.load_profile("many" if config.getoption("--thorough") else "few")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As a shell has it for what it starts in the background. What a test starts, and then
        # interrupts, would inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    given = getattr(config, "workerinput", {}).get("run_folder")
    folder = Path(given or tempfile.mkdtemp(prefix="whereis-", dir=_roomy_memory()))
    if given is None:
        # The users that servers run as must come to what is theirs below it.
        folder.chmod(0o711)
    config.stash[_RUN_FOLDER] = folder


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell another process of this run, before it starts, what it shares with the rest."""
    node.workerinput["run_folder"] = str(node.config.stash[_RUN_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind, also of a process that died or was interrupted."""
    if not hasattr(config, "workerinput") and _RUN_FOLDER in config.stash:
        folder = config.stash[_RUN_FOLDER]
        # Not by rglob, which stumbles over what a server takes away meanwhile.
        for data, _, files in os.walk(folder):
            if "postmaster.pid" in files:
                _end_server(Path(data))
        shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, object, object]:
    """Spell out what is no character, and so can't go from one process of a run to another."""
    return _encodable((yield))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes that are no text by their argument.

    What is compressed has the time in it, and all processes must have the same names for tests.
    """
    return argname if isinstance(val, bytes) and not val.isascii() else None


@pytest.fixture(scope="session")
def thorough(pytestconfig: pytest.Config) -> bool:
    """Whether time does not matter."""
    return bool(pytestconfig.getoption("--thorough"))


def corpus_folder() -> Path | None:
    """A folder of real pictures, where there is one."""
    folder = Path(os.environ.get("WHEREIS_CORPUS", ROOT.parent / "shared" / "corpus"))
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def corpus() -> Path:
    """A folder of real pictures; tests that need it are skipped where there is none."""
    folder = corpus_folder()
    if folder is None:
        pytest.skip("there is no corpus of real pictures here")
    return folder


@pytest.fixture(scope="session")
def run_folder(pytestconfig: pytest.Config) -> Path:
    """The folder that all processes of this run share."""
    return pytestconfig.stash[_RUN_FOLDER]


@pytest.fixture(scope="session")
def alone(run_folder: Path) -> Alone:
    """Lets one process of the run at a time do what is called by a name."""

    @contextmanager
    def hold(name: str) -> Iterator[None]:
        with (run_folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    return hold


@pytest.fixture(scope="session")
def short_folders(run_folder: Path) -> Iterator[Callable[[], Path]]:
    """Makes folders whose paths leave room for a socket's name; pytest's own are too long."""
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="", dir=run_folder)))
        return made[-1]

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def extension(run_folder: Path, alone: Alone) -> Path | None:
    """The extension, built for the embedded PostgreSQL; ``None`` where there is no compiler."""
    with alone("extension"):
        return build_extension(find_binaries() / "pg_config", run_folder / "extension", print)


@pytest.fixture(scope="session")
def put_extension(extension: Path | None) -> PutExtension:
    """Puts the extension into a data folder, as if the program had built it there earlier."""

    def put(data_dir: Path) -> None:
        if extension is not None:
            shutil.copytree(extension.parent, data_dir / "extension")

    return put


@pytest.fixture
def built_for_benchmarks(extension: Path | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets benchmarks have the extension without building it again."""
    if extension is None:
        pytest.skip("the extension can't be built here")
    monkeypatch.setattr("bench.server.build_extension", lambda *_: extension)


@pytest.fixture(scope="session")
def embedded_server(
    short_folders: Callable[[], Path], extension: Path | None
) -> Iterator[EmbeddedServer]:
    """A PostgreSQL that all tests share; none of them may make it crash."""
    server = EmbeddedServer(short_folders(), print, extension=extension, settings=HASTY)
    server.start()
    yield server
    server.stop()
    lines = server.log.read_text("utf-8", "replace").splitlines()
    crash = [line for line in lines if "PANIC:" in line or "terminated by signal" in line]
    assert not crash, "\n".join(crash)


@pytest.fixture(scope="session")
def databases_on() -> DatabasesOn:
    """Given how to connect to a server, gives a way to have fresh, migrated databases on it."""
    return _databases_on


@pytest.fixture(scope="session")
def fresh_databases(embedded_server: EmbeddedServer) -> Iterator[FreshDatabases]:
    """A way to have fresh, migrated databases on the shared server, by URL."""
    with _databases_on(embedded_server.connect_options) as fresh:
        yield fresh


@pytest.fixture
def database_url(fresh_databases: FreshDatabases) -> Iterator[str]:
    """The address of a database of this test's own, migrated and empty."""
    with fresh_databases() as url:
        yield url


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """This test's own database, open."""
    async with open_database(database_url, tmp_path, pool_size=4) as opened:
        yield opened


@pytest.fixture
def store(database: Database) -> Store:
    """The store of this test's own database."""
    return database.store


@contextmanager
def _databases_on(options: Mapping[str, Any]) -> Iterator[FreshDatabases]:
    numbers = count(1)
    template = f"template_{os.urandom(4).hex()}"

    def url_of(name: str) -> str:
        host, port, user = (quote(str(options[key])) for key in ("host", "port", "user"))
        return f"postgresql://{user}@/{name}?host={host}&port={port}"

    async def migrate() -> None:
        async with open_database(url_of(template), Path("unused")):
            pass

    with _connection(options) as execute:

        @contextmanager
        def fresh() -> Iterator[str]:
            name = f"test_{next(numbers)}_{os.urandom(4).hex()}"
            # As files: nobody is at work in the template, and there is less to log.
            execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
            try:
                yield url_of(name)
            finally:
                execute(f"DROP DATABASE {name} WITH (FORCE)")

        execute(f"CREATE DATABASE {template}")
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, migrate()).result()
        yield fresh


@contextmanager
def _connection(options: Mapping[str, Any]) -> Iterator[Callable[[str], None]]:
    """Executes statements beside all databases of tests.

    In a thread of its own, so that it disturbs no event loop of a test; and on one connection, of
    which each costs more than what is done on it.
    """
    # Whose factory is named, it sets no loop for this thread.
    runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
    with ThreadPoolExecutor(1) as thread, runner:

        def run(work: Coroutine[Any, Any, Any]) -> Any:
            return thread.submit(runner.run, work).result()

        connection = run(asyncpg.connect(**{**options, "database": "postgres"}))
        try:
            yield lambda statement: run(connection.execute(statement))
        finally:
            run(connection.close())


def _roomy_memory() -> Path | None:
    """A file system in memory that all folders of a run may lie in, if there is one."""
    try:
        state = os.statvfs(MEMORY)
    except OSError:
        return None
    # Containers often have one that is tiny, and that no library can be loaded from.
    roomy = state.f_bavail * state.f_frsize >= MEMORY_NEEDED
    usable = not state.f_flag & os.ST_NOEXEC and os.access(MEMORY, os.W_OK)
    return MEMORY if roomy and usable else None


def _encodable(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_encodable(key): _encodable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_encodable, value))
    return value


def _end_server(data: Path) -> None:
    if not postmaster_runs(data):
        return
    pid = int((data / "postmaster.pid").read_text("ascii").partition("\n")[0])
    with suppress(ProcessLookupError):
        watched = os.pidfd_open(pid)
        os.kill(pid, signal.SIGQUIT)
        # A process's descriptor can be read from once it has ended.
        select.select([watched], [], [], PATIENCE)
        os.close(watched)
