"""The main job on real input: a folder goes in, and altered copies of its pictures are found.

With real photographs where there are some, and with drawn pictures elsewhere.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import simcord
from PIL import Image, ImageOps

from bot.app import open_app
from bot.client import WhereisBot
from bot.config import Settings, variable_of
from bot.images import Fingerprint, Limits, fingerprint
from bot.titles import canonical_title, display_title
from tests.conftest import PutExtension, corpus_folder
from tests.drawing import halved_jpeg, png

COPIES = 50


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures: the corpus' photographs, or drawn ones."""
    corpus = corpus_folder()
    if corpus is not None:
        return corpus / "photos"
    folder = tmp_path_factory.mktemp("photographs")
    for seed in range(60):
        (folder / f"Picture {seed}.png").write_bytes(png(seed))
    return folder


@pytest.fixture(scope="module")
def copies(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Path]:
    """Fifty pictures, spread over the folder, by their copies: JPEG of quality 50, half the size.

    Blank pictures, of which the corpus has some, are no pictures of anything and are passed over.
    """
    folder = tmp_path_factory.mktemp("copies")
    originals = [p for p in sorted(photographs.iterdir()) if _is_of_something(p)]
    step = len(originals) / COPIES
    chosen = [originals[int(place * step)] for place in range(COPIES)]
    found = {}
    for number, original in enumerate(chosen):
        with Image.open(original) as picture:
            copy = folder / f"{number}.jpg"
            copy.write_bytes(halved_jpeg(ImageOps.exif_transpose(picture)))
        found[copy] = original
    return found


def _is_of_something(path: Path) -> bool:
    found = fingerprint(path.read_bytes(), Limits())
    return isinstance(found, Fingerprint) and not found.plain


@pytest.fixture(scope="module")
def settings(short_folders: Callable[[], Path], put_extension: PutExtension) -> Settings:
    """The settings of a fresh start: a new data folder, and the embedded PostgreSQL in it."""
    folder = short_folders() / "data"
    put_extension(folder)
    return Settings.load(data_dir=folder, database_url=None)


def whereis(settings: Settings, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The program, with those settings alone."""
    ours = {variable_of(field) for field in Settings.model_fields}
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    done = subprocess.run(
        [sys.executable, "-m", "bot", *map(str, arguments)],
        cwd=settings.data_dir.parent,
        env={**clean, "WHEREIS_DATA_DIR": str(settings.data_dir)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done


async def test_fifty_altered_copies_are_found_by_command_and_by_chat(
    settings: Settings, photographs: Path, copies: dict[Path, Path]
) -> None:
    assert len(copies) == COPIES
    whereis(settings, "import", "folder", photographs)

    document = json.loads(whereis(settings, "search", *copies, "--json").stdout)
    best = {q["image"]: [m["file"] for m in q["matches"][:1]] for q in document["queries"]}
    assert best == {str(copy): [original.name] for copy, original in copies.items()}

    async with open_app(settings, say=lambda _: None) as app:
        bot = WhereisBot(app.services, app.options)
        async with simcord.run(bot, settle_timeout=60) as env:
            guild = env.create_guild("Town")
            channel = guild.create_text_channel("general")
            alice = guild.add_member(env.create_user("alice"))
            for copy, original in copies.items():
                await alice.send(channel, "!whereis", attachments=[(copy.name, copy.read_bytes())])
                answer = channel.last_message
                assert answer is not None
                assert answer.author == bot.user
                (embed,) = answer.embeds
                title = display_title(canonical_title(original.stem))
                assert embed.title is not None
                assert embed.title.replace("\\", "") == title
                await env.advance_time(app.options.cooldown_seconds)
