"""Build the extension for the embedded PostgreSQL, once, into a folder of our own.

The folder's name tells what it was built from, so a second start finds it in milliseconds, and
changed sources are built anew beside the old.  Nothing is written where Python's packages live.
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

BUILD_TIMEOUT = 300.0
KEPT_LINES = 12

# PGXS hands on the flags that its server was built with, and one names a warning that older
# compilers don't know.  These are the ones that matter.
CFLAGS = "-O2 -fPIC -fwrapv -fno-strict-aliasing"

_PATTERNS = ("Makefile", "*.control", "sql/*.sql", "src/**/*.c", "src/**/*.h")


def extension_sources() -> Path:
    """The folder of the extension's sources."""
    return Path(__file__).resolve().parent / "extension"


def build_extension(
    pg_config: Path, root: Path, say: Callable[[str], None], *, sources: Path | None = None
) -> Path | None:
    """Build the extension below ``root`` if it isn't there, and give its folder.

    The folder holds ``extension`` (control file and SQL) and ``lib``.  Where it can't be built, an
    earlier build is given, or ``None``; ``say`` is told what that means.
    """
    origin = sources or extension_sources()
    files = sorted(_source_files(origin))
    if not files:
        say(f"The sources of the extension are missing from {origin}: searches will be slower.")
        return _latest(root)
    folder = root / _name(origin, files, pg_config)
    if folder.is_dir():
        return folder
    if missing := [tool for tool in ("make", "gcc") if shutil.which(tool) is None]:
        say(
            f"Without {' and '.join(missing)} the search index can't be built: every search reads "
            "every picture, which is slow beyond a million. To mend it, run "
            "sudo apt-get install gcc make libc6-dev and start again."
        )
        return _latest(root)
    say("Building the search index extension (once)…")
    try:
        failure = _build_into(folder, origin, files, pg_config)
    except (OSError, subprocess.TimeoutExpired) as error:
        failure = f"    {error}"
    if failure is None:
        return folder
    say(
        "The search index extension could not be built, so every search reads every picture, "
        f"which is slow beyond a million. What went wrong:\n{failure}"
    )
    return _latest(root)


def _source_files(origin: Path) -> Iterator[Path]:
    # By pattern: somebody may have built in that folder, for another PostgreSQL.
    for pattern in _PATTERNS:
        yield from origin.glob(pattern)


def _name(origin: Path, files: list[Path], pg_config: Path) -> str:
    digest = hashlib.sha256(f"{pg_config}\0{platform.machine()}\0{CFLAGS}\0".encode())
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(origin)}\0{len(content)}\0".encode() + content)
    control = "".join(file.read_text("utf-8") for file in files if file.suffix == ".control")
    version = re.search(r"default_version\s*=\s*'([\w.]+)'", control)
    return f"{version[1] if version else 'unknown'}-{digest.hexdigest()[:16]}"


def _build_into(folder: Path, origin: Path, files: list[Path], pg_config: Path) -> str | None:
    """Build the extension into a folder, all or nothing; what the compiler said, if it failed."""
    root = folder.parent
    root.mkdir(parents=True, exist_ok=True)
    root.chmod(0o755)
    # Not in the system's folder for temporary files, which may be on another file system, where a
    # rename is no longer one step, or forbid to run what is in it.
    with tempfile.TemporaryDirectory(prefix=".build-", dir=root) as name:
        scratch = Path(name)
        for file in files:
            target = scratch / "source" / file.relative_to(origin)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        failure = _make(scratch / "source", pg_config)
        if failure is None:
            _lay_out(scratch / "installed", scratch / "ready")
            _publish(scratch / "ready", folder)
        return failure


def _make(source: Path, pg_config: Path) -> str | None:
    command = [
        "make",
        "--silent",
        f"--jobs={min(4, os.cpu_count() or 1)}",
        f"PG_CONFIG={pg_config}",
        f"CFLAGS={CFLAGS}",
        "with_llvm=no",
        "CC=gcc",
    ]
    # A build inside `make demo` would otherwise take over that make's flags.
    inherited = {k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MAKELEVEL"}}
    for step in (["all"], ["install", "DESTDIR=../installed"]):
        done = subprocess.run(
            command + step,
            cwd=source,
            env=inherited,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=BUILD_TIMEOUT,
            check=False,
        )
        if done.returncode:
            lines = done.stdout.decode("utf-8", "replace").splitlines()
            return "\n".join(f"    {line}" for line in lines[-KEPT_LINES:])
    return None


def _lay_out(installed: Path, ready: Path) -> None:
    """Copy what was installed into ``extension`` and ``lib``, readable by the server's user."""
    for kind, pattern in (("extension", "*.control"), ("extension", "*.sql"), ("lib", "*.so")):
        folder = ready / kind
        folder.mkdir(parents=True, exist_ok=True)
        for file in installed.rglob(pattern):
            shutil.copyfile(file, folder / file.name)
            (folder / file.name).chmod(0o644)
        folder.chmod(0o755)
    ready.chmod(0o755)


def _publish(ready: Path, folder: Path) -> None:
    try:
        ready.rename(folder)
    except OSError:
        # Another process was quicker; its build is as good as this one.
        if not folder.is_dir():
            raise


def _latest(root: Path) -> Path | None:
    try:
        built = [f for f in root.iterdir() if not f.name.startswith(".") and (f / "lib").is_dir()]
    except OSError:
        return None
    return max(built, key=lambda folder: folder.stat().st_mtime, default=None)
