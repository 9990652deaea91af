"""The parts of the extension that don't need PostgreSQL, compiled alone and with sanitizers.

The tests themselves are C, in db/extension/test/pure, where a Makefile runs them without pytest.
"""

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from db.extension_build import extension_sources

SOURCES = extension_sources() / "test" / "pure"
PROGRAMS = sorted(source.stem for source in SOURCES.glob("test_*.c"))
EMPTY = "int main(void) { return 0; }\n"
EMPTY_TARGET = "int LLVMFuzzerTestOneInput(void) { return 0; }\n"
CROSS_COMPILER = "aarch64-linux-gnu-gcc"

# The last of these that a CPU is told to have, and the loops over hashes that it gets.
EMULATED = {
    "qemu64,-popcnt": "portable",
    "Nehalem": "popcnt",
    "Haswell": "avx2",
}

# What /proc/cpuinfo says of a CPU that a form of these loops needs.
NEEDED_FLAGS = {
    "avx512": {"avx512f", "avx512bw", "avx512vl", "avx512_vpopcntdq"},
    "avx2": {"avx2", "popcnt"},
    "popcnt": {"popcnt"},
}


@dataclass(frozen=True, slots=True)
class Build:
    """A way of compiling; the variables of the Makefile for it."""

    folder: Path
    variables: tuple[str, ...]

    def program(self, name: str) -> Path:
        """A program, up to date."""
        made = self.folder / name
        variables = [f"OUT={self.folder}", *self.variables]
        done = run(["make", "-C", SOURCES, *variables, made], os.environ)
        assert done.returncode == 0, done.stdout
        return made


def run(
    command: Sequence[str | Path], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a program; it prints to stdout alone."""
    return subprocess.run(
        command,
        env={k: v for k, v in environment.items() if not k.startswith("MAKE")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def require(*programs: str) -> None:
    """Skip the test where one of them is not installed."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program} here")


def compiles(folder: Path, code: str, *command: str) -> bool:
    """Can programs be made by this compiler with these flags?"""
    source = folder / "tried.c"
    source.write_text(code, "utf-8")
    return run([*command, "-o", folder / "tried", source], os.environ).returncode == 0


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """As a server has them."""
    require("make", "gcc")
    return Build(tmp_path_factory.mktemp("plain"), ("SANITIZE=", "CFLAGS=-O2 -g"))


@pytest.fixture(scope="session")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Watched by AddressSanitizer and UBSan."""
    require("make", "gcc")
    folder = tmp_path_factory.mktemp("sanitized")
    if not compiles(folder, EMPTY, "gcc", "-fsanitize=address,undefined"):
        pytest.skip("this compiler comes without the libraries of its sanitizers")
    return Build(folder, ())


@pytest.fixture(params=["plain", "sanitized"])
def build(request: pytest.FixtureRequest) -> Build:
    """Each of the ways of compiling in turn."""
    found: Build = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("program", PROGRAMS)
def test_holds(program: str, build: Build) -> None:
    done = run([build.program(program)], os.environ)
    assert done.returncode == 0, done.stdout


def test_uses_what_the_cpu_has(plain: Build) -> None:
    cpuinfo = Path("/proc/cpuinfo")
    if platform.machine() not in ("x86_64", "AMD64") or not cpuinfo.is_file():
        pytest.skip("it is not known what this CPU has")
    lines = [line for line in cpuinfo.read_text("utf-8").splitlines() if line.startswith("flags")]
    flags = set(lines[0].split())
    expected = [name for name, needed in NEEDED_FLAGS.items() if needed <= flags] + ["portable"]
    printed = run([plain.program("test_kernel")], os.environ).stdout.split("\n")
    assert printed == [*expected, f"best: {expected[0]}", ""]


@pytest.mark.parametrize(("cpu", "best"), EMULATED.items())
def test_does_with_what_an_older_cpu_has(
    cpu: str, best: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    require("make", "gcc", "qemu-x86_64")
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("programs for another CPU have to be compiled by another compiler")
    folder = tmp_path_factory.getbasetemp() / "static"
    build = Build(folder, ("SANITIZE=", "CFLAGS=-O2", "LDFLAGS=-static"))
    done = run(["qemu-x86_64", "-cpu", cpu, build.program("test_kernel")], os.environ)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == f"best: {best}"


def test_does_on_aarch64(tmp_path_factory: pytest.TempPathFactory) -> None:
    require("make", CROSS_COMPILER, "qemu-aarch64")
    folder = tmp_path_factory.getbasetemp() / "aarch64"
    flags = ("SANITIZE=", "CFLAGS=-O2", "LDFLAGS=-static", f"CC={CROSS_COMPILER}")
    done = run(["qemu-aarch64", Build(folder, flags).program("test_kernel")], os.environ)
    assert done.stdout.splitlines() == ["neon", "portable", "best: neon"]
    assert done.returncode == 0


def test_is_fuzzed(tmp_path: Path) -> None:
    """For a moment, so that the target goes on working; let it run for long with ``make fuzz``."""
    require("make", "clang")
    if not compiles(tmp_path, EMPTY_TARGET, "clang", "-fsanitize=fuzzer,address,undefined"):
        pytest.skip("this clang comes without libFuzzer or sanitizers")
    done = run(["make", "-C", SOURCES, f"OUT={tmp_path}", "SECONDS=2", "fuzz"], os.environ)
    assert done.returncode == 0, done.stdout
    assert "Done " in done.stdout
