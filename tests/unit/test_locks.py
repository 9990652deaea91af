"""The locks hold all that the project asks for, and no address it came from."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = tuple(sorted(path.stem for path in (ROOT / "requirements").glob("*.txt")))

PIN = re.compile(
    r"(?P<name>[a-z0-9]+(?:-[a-z0-9]+)*)==(?P<version>[0-9][0-9a-z.+!]*)(?P<marker> ; [^\\]+)? \\"
)
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pins_of(lock: str) -> dict[str, str]:
    """Name → version."""
    found = PIN.finditer(text_of(f"requirements/{lock}.txt"))
    return {pin["name"]: pin["version"] for pin in found}


def wanted_by(lock: str) -> list[Requirement]:
    """What a lock has to hold, as ``pyproject.toml`` says it."""
    pyproject = tomllib.loads(text_of("pyproject.toml"))
    project, groups = pyproject["project"], pyproject["dependency-groups"]
    extras = project["optional-dependencies"]
    run = [*project["dependencies"], *extras["heif"]]
    everything = [*run, *(line for extra in extras.values() for line in extra)]
    everything += [line for name in ("test", "lint", "build") for line in groups[name]]
    wanted = {
        "run": run,
        "zim": [*run, *extras["zim"]],
        "demo": [*run, *extras["demo"]],
        "preview": [*run, *extras["preview"]],
        "build": [*groups["build"], *pyproject["build-system"]["requires"]],
        "lock": groups["lock"],
        "dev": everything,
        "bench": [*everything, *groups["bench"]],
        "quality": [*everything, *groups["bench"], *groups["quality"]],
    }
    return [Requirement(line) for line in wanted[lock]]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_names_versions_and_hashes_alone(lock: str) -> None:
    text = text_of(f"requirements/{lock}.txt")
    assert "://" not in text
    header, *body = text.splitlines()
    assert header.startswith("# ")
    for number, line in enumerate(body, start=2):
        assert PIN.fullmatch(line) or HASH.fullmatch(line), f"line {number}: {line}"
    assert len(pins_of(lock)) >= 1


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_all_that_the_project_asks_for(lock: str) -> None:
    pins = pins_of(lock)
    for requirement in wanted_by(lock):
        name = canonicalize_name(requirement.name)
        assert name in pins, f"{name} is not locked; run `make lock`"
        assert requirement.specifier.contains(pins[name], prereleases=True), name


def test_no_two_locks_differ() -> None:
    everything = pins_of("quality")
    for lock in set(LOCKS) - {"lock"}:
        assert pins_of(lock).items() <= everything.items(), lock


def test_the_lock_serves_every_python_we_name() -> None:
    # A backport that only Python 3.13 needs tells whether the lock was made for more than one.
    lock = text_of("requirements/run.txt")
    assert re.search(r"^audioop-lts==\S+ ; python_full_version >= '3\.13'", lock, re.MULTILINE)
