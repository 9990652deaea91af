"""What members send: copies of stored pictures, pictures that are stored nowhere, and no pictures.

All of it is drawn here, and the same for the same seed.
"""

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from bench.hostile.files import endless
from bench.pictures import draw
from tests.fake_discord import File

Kind = Literal["copy", "stranger", "unreadable", "hostile"]

STRANGERS = 0.3
"""So many strangers there are for each copy."""

UNREADABLE = 0.06
"""The same of files that are no pictures."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as a member attaches it; ``title`` is what a right answer to a copy names."""

    file: File
    kind: Kind
    title: str = ""


def stored(folder: Path, count: int, seed: int) -> list[Path]:
    """Draw the pictures that are to be stored, each named as the page that shows it."""
    files = []
    for path in draw(folder, count, seed):
        files.append(path.with_stem(f"Painting {path.stem}"))
        path.rename(files[-1])
    return files


def sent(files: Sequence[Path], scratch: Path, seed: int) -> list[Sent]:
    """What members send, in random order: a copy of each stored picture, and the others.

    ``scratch`` is an empty folder.
    """
    dice = random.Random(f"{seed} sent")
    strangers = draw(scratch, max(1, round(len(files) * STRANGERS)), seed + 1_000_000)
    found = [
        *(Sent(_jpeg("copy", altered(path, dice)), "copy", path.stem) for path in files),
        *(Sent(_jpeg("stranger", altered(path, dice)), "stranger") for path in strangers),
    ]
    some = found[: max(1, round(len(files) * UNREADABLE))]
    found += [
        Sent(_jpeg("broken", one.file.data[: dice.randrange(2, 200)]), "unreadable") for one in some
    ]
    dice.shuffle(found)
    return found


def altered(path: Path, dice: random.Random) -> bytes:
    """A copy as people pass it on: smaller, cut by a little at times, and a JPEG anew."""
    with Image.open(path) as image:
        copy = Image.new("RGB", image.size, "white")
        copy.paste(image, mask=image if image.mode == "RGBA" else None)
    if dice.random() < 0.3:
        across, down = (round(side * dice.uniform(0, 0.02)) for side in copy.size)
        copy = copy.crop((across, down, copy.width - across, copy.height - down))
    scale = dice.uniform(0.6, 1.0)
    copy = copy.resize((round(copy.width * scale), round(copy.height * scale)))
    data = io.BytesIO()
    copy.save(data, "JPEG", quality=dice.randint(50, 90))
    return data.getvalue()


def _jpeg(name: str, data: bytes) -> File:
    return File(f"{name}.jpg", data, "image/jpeg")


def hostile() -> Sent:
    """A drawing that never ends: who reads it has to be killed."""
    name, _, data = next(endless())
    return Sent(File(name, data, "image/svg+xml"), "hostile")
