"""What deploys the project names only what exists, and is safe where that can be seen.

There is no Docker engine to count on, so the Dockerfiles and the compose file are read here; the
commands in them that can run without an engine, run.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cli import main as cli
from bot.config import Settings, variable_of
from bot.health import Readiness, serve_health
from bot.metrics import Metrics

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILES = ("Dockerfile", "database.Dockerfile")
SETTINGS = {variable_of(field) for field in Settings.model_fields}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# ---- The images ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a Dockerfile, continuation lines joined, and the stage it is in."""

    word: str
    rest: str
    stage: int


def instructions_of(dockerfile: str) -> list[Instruction]:
    joined = re.sub(
        r"\\\n\s*", "", re.sub(r"^\s*#.*\n", "", text_of(dockerfile), flags=re.MULTILINE)
    )
    found: list[Instruction] = []
    stage = -1
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, rest = line.split(maxsplit=1)
        stage += word == "FROM"
        found.append(Instruction(word, rest.strip(), stage))
    return found


def last_stage(dockerfile: str) -> list[Instruction]:
    instructions = instructions_of(dockerfile)
    return [one for one in instructions if one.stage == instructions[-1].stage]


def only(instructions: list[Instruction], word: str) -> str:
    (found,) = (one.rest for one in instructions if one.word == word)
    return found


def is_ignored(path: str) -> bool:
    """Whether ``.dockerignore`` keeps a top-level path out; the last pattern that fits decides."""
    ignored = False
    for line in text_of(".dockerignore").splitlines():
        if line and not line.startswith("#"):
            pattern = line.removeprefix("!")
            if fnmatch(path.split("/", maxsplit=1)[0], pattern):
                ignored = not line.startswith("!")
    return ignored


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_everything_copied_into_an_image_exists(dockerfile: str) -> None:
    stages: set[str] = set()
    copies = 0
    for one in instructions_of(dockerfile):
        if one.word == "FROM" and " AS " in one.rest:
            stages.add(one.rest.split(" AS ")[1])
        if one.word != "COPY":
            continue
        copies += 1
        options = [part for part in one.rest.split() if part.startswith("--")]
        sources = [part for part in one.rest.split() if not part.startswith("--")][:-1]
        if options:
            (origin,) = options
            assert origin.removeprefix("--from=") in stages
            continue
        for source in sources:
            assert (ROOT / source).exists(), source
            assert not is_ignored(source), f".dockerignore keeps {source} out"
    assert copies >= 2


@pytest.mark.parametrize("secret", [".env", ".git", "data", "tests", ".venv"])
def test_nothing_else_reaches_an_image(secret: str) -> None:
    assert is_ignored(secret)


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_all_stages_stand_on_the_same_system(dockerfile: str) -> None:
    bases = {one.rest.split()[0] for one in instructions_of(dockerfile) if one.word == "FROM"}
    assert len(bases) == 1
    assert re.fullmatch(r"(python:3\.\d+-slim|postgres:18)-trixie", bases.pop())


def test_the_bot_runs_without_root_and_without_a_compiler() -> None:
    stage = last_stage("Dockerfile")
    assert only(stage, "USER") == "whereis"
    assert stage[-1].word == "CMD"
    commands = " ".join(one.rest for one in stage if one.word == "RUN")
    assert {"libcairo2", "libseccomp2"} <= set(commands.split())
    assert not {"gcc", "make", "build-essential", "clang"} & set(commands.split())


def test_the_images_command_is_the_projects() -> None:
    command = json.loads(only(last_stage("Dockerfile"), "CMD"))
    scripts = tomllib.loads(text_of("pyproject.toml"))["project"]["scripts"]
    assert command == ["whereis-bot", "run"]
    assert command[0] in scripts


def test_the_variables_of_the_image_are_settings() -> None:
    names = re.findall(r"(\w+)=", only(last_stage("Dockerfile"), "ENV"))
    ours = {name for name in names if name.startswith("WHEREIS_")}
    assert "WHEREIS_HEALTH_PORT" in ours
    assert ours <= SETTINGS


async def health_check(port: int) -> int:
    """The exit status of the image's HEALTHCHECK."""
    rest = only(last_stage("Dockerfile"), "HEALTHCHECK")
    program, *arguments = json.loads(rest.split("CMD ", 1)[1])
    assert program == "python"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env={
            "WHEREIS_HEALTH_PORT": str(port),
            # A proxy that some networks ask for is none of this check's business.
            "http_proxy": "http://127.0.0.1:9",
        },
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await asyncio.wait_for(process.wait(), 20)


async def test_the_health_check_asks_whether_the_bot_lives() -> None:
    # It has not begun, and is in no hurry to be ended for that.
    async with serve_health("127.0.0.1", 0, Readiness(), Metrics()) as port:
        assert await health_check(port) == 0
    assert await health_check(port) != 0


def test_the_extension_is_built_for_the_server_it_is_copied_to() -> None:
    text = text_of("database.Dockerfile")
    assert set(re.findall(r"postgres(?:ql-server-dev-|ql/|:)(\d+)", text)) == {"18"}


# ---- Compose ---------------------------------------------------------------------------------


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text_of("docker-compose.yml"))
    return loaded


def example_variables() -> dict[str, str]:
    found = re.finditer(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", text_of(".env.example"), re.MULTILINE)
    return {variable[1]: variable[2] for variable in found}


def test_each_service_is_built_from_a_file_that_exists() -> None:
    services = compose()["services"]
    assert set(services) == {"db", "bot", "web"}
    files = set()
    for service in services.values():
        context = ROOT / service["build"]["context"]
        dockerfile = service["build"].get("dockerfile", "Dockerfile")
        assert (context / dockerfile).is_file()
        assert "target" not in service["build"]
        files.add(dockerfile)
    assert files == set(DOCKERFILES)


def test_services_and_volumes_that_are_named_exist() -> None:
    services = compose()["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
    used = {
        volume.split(":")[0]
        for service in services.values()
        for volume in service.get("volumes", ())
    }
    assert used == set(compose()["volumes"])
    assert (
        f"@db:5432/{services['db']['environment']['POSTGRES_DB']}"
        in (services["bot"]["environment"]["DATABASE_URL"])
    )


def test_the_variables_of_compose_are_in_the_example_with_the_same_default() -> None:
    example = example_variables()
    found = re.findall(r"\$\{(\w+)(?::([-?])([^}]*))?\}", text_of("docker-compose.yml"))
    assert {name for name, _, _ in found} == {name for name in example if name not in SETTINGS}
    for name, kind, rest in found:
        if kind == "-":
            assert example[name] == rest
        else:
            assert kind == "?", f"{name} has neither a default nor a word on what to do"
            assert "set" in rest
            assert example[name] == ""


def test_the_bots_variables_are_settings() -> None:
    for name in ("bot", "web"):
        service = compose()["services"][name]
        assert set(service["environment"]) <= SETTINGS
        assert service["env_file"] == ".env"
        port = service["environment"]["WHEREIS_HEALTH_PORT"]
        assert f"WHEREIS_HEALTH_PORT={port}" in only(last_stage("Dockerfile"), "ENV")
    assert ".env" in text_of(".gitignore").splitlines()


def test_the_page_is_there_when_it_is_asked_for_and_knows_no_token() -> None:
    web = compose()["services"]["web"]
    assert web["profiles"] == ["web"]
    assert web["image"] == compose()["services"]["bot"]["image"]
    assert web["environment"]["DISCORD_TOKEN"] == ""
    port = web["environment"]["WHEREIS_WEB_PORT"]
    assert port != web["environment"]["WHEREIS_HEALTH_PORT"]
    assert web["ports"] == [f"127.0.0.1:{port}:{port}"]
    program, *words = web["command"]
    assert program == json.loads(only(last_stage("Dockerfile"), "CMD"))[0]
    assert words[0] in cli.commands


def test_nothing_is_published_beyond_this_machine_and_nothing_gains_rights() -> None:
    for service in compose()["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
        assert "network_mode" not in service
        assert not service.get("privileged")
        assert service["read_only"] is True
        assert "no-new-privileges:true" in service["security_opt"]
        assert service["restart"] == "unless-stopped"


def test_every_service_is_watched() -> None:
    services = compose()["services"]
    assert services["db"]["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    for name in ("bot", "web"):
        assert services[name]["depends_on"]["db"]["condition"] == "service_healthy"
        assert "healthcheck" not in services[name], "the image's own is the one that is tested"
    only(last_stage("Dockerfile"), "HEALTHCHECK")


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not here")
def test_compose_accepts_the_file(tmp_path: Path) -> None:
    for name in ("docker-compose.yml", *DOCKERFILES):
        shutil.copy(ROOT / name, tmp_path)
    example = text_of(".env.example")

    def config() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker-compose", "config"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    (tmp_path / ".env").write_text(example, encoding="utf-8")
    refused = config()
    assert refused.returncode != 0
    assert "set POSTGRES_PASSWORD in .env" in refused.stderr

    filled = example.replace("POSTGRES_PASSWORD=", "POSTGRES_PASSWORD=swordfish")
    (tmp_path / ".env").write_text(filled, encoding="utf-8")
    accepted = config()
    assert accepted.returncode == 0, accepted.stderr
    services = yaml.safe_load(accepted.stdout)["services"]
    address = "postgresql://whereis:swordfish@db:5432/whereis"
    assert services["bot"]["environment"]["DATABASE_URL"] == address
    assert services["db"]["environment"]["POSTGRES_PASSWORD"] == "swordfish"
