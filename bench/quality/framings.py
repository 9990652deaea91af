"""How often the picture within a picture is found, and what that takes.

    python -m bench.quality.framings --corpus FOLDER

Of each picture of the half that tunes, the altered copies that have something around it are looked
at.  It counts as found when the dHash of a box is near that of the picture.

Prints Markdown.
"""

import argparse
import io
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from bench.quality.alterations import Alteration, alterations
from bench.quality.pictures import Picture, load
from bench.report import table
from bench.server import say
from bot.images.framing import borders, proposals
from bot.images.hashes import dhash
from bot.images.probes import reduced

GROUPS = ("border", "screenshot", "caption", "photographed")
RADII = (6, 10, 12)


@dataclass(slots=True)
class Found:
    """For one alteration: bits between the picture and the nearest of what was looked at.

    ``stored`` is as ``proposed`` if an index also held each picture without its own borders.
    """

    plain: list[int] = field(default_factory=list)
    trimmed: list[int] = field(default_factory=list)
    proposed: list[int] = field(default_factory=list)
    stored: list[int] = field(default_factory=list)
    boxes: list[int] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)


def views(image: Image.Image) -> tuple[list[Image.Image], list[Image.Image], float]:
    """What is within borders, and what is proposed, cut out of the copy that the product looks
    into; and milliseconds of computing.
    """
    copy = reduced(image)
    pixels = np.asarray(copy.convert("RGB"))
    begun = time.process_time()
    inner = borders(pixels)
    boxes = proposals(pixels)
    spent = (time.process_time() - begun) * 1000
    return [copy.crop(box) for box in inner], [copy.crop(box) for box in boxes], spent


def measure(pictures: Sequence[Picture], chosen: Sequence[Alteration]) -> dict[str, Found]:
    """By the name of the alteration."""
    results = {alteration.name: Found() for alteration in chosen}
    for number, picture in enumerate(pictures):
        image = picture.open()
        wanted = dhash(image.convert("L"))
        own, _, _ = views(image)
        inner = [dhash(view.convert("L")) for view in own]
        for alteration in chosen:
            file = alteration.apply(image, picture.name)
            altered = Image.open(io.BytesIO(file)).convert("RGB")
            trimmed, proposed, spent = views(altered)
            plain = _bits(wanted, altered)
            within = min([plain, *(_bits(wanted, view) for view in trimmed)])
            found = results[alteration.name]
            found.plain.append(plain)
            found.trimmed.append(within)
            found.proposed.append(min([within, *(_bits(wanted, view) for view in proposed)]))
            every = [altered, *trimmed, *proposed]
            bare = [_bits(other, view) for other in inner for view in every]
            found.stored.append(min([found.proposed[-1], *bare]))
            found.boxes.append(len(proposed))
            found.milliseconds.append(spent)
        if number % 50 == 49:
            say(f"{number + 1} of {len(pictures)} pictures")
    return results


def _bits(wanted: int, view: Image.Image) -> int:
    return ((wanted ^ dhash(view.convert("L"))) & (2**64 - 1)).bit_count()


def report(kind: str, results: dict[str, Found]) -> str:
    head = [
        kind, "pictures", *(f"whole, within {radius}" for radius in RADII),
        *(f"trimmed, within {radius}" for radius in RADII),
        *(f"with boxes, within {radius}" for radius in RADII),
        *(f"stored without borders too, within {radius}" for radius in RADII),
        "boxes", "ms: median", "ms: p95",
    ]  # fmt: skip
    rows = []
    for name, found in results.items():
        shares = [
            f"{sum(bits <= radius for bits in way) / len(way):.1%}"
            for way in (found.plain, found.trimmed, found.proposed, found.stored)
            for radius in RADII
        ]
        spent = sorted(found.milliseconds)
        rows.append(
            [name, str(len(found.plain)), *shares, f"{statistics.fmean(found.boxes):.1f}",
             f"{statistics.median(spent):.1f}", f"{spent[int(len(spent) * 0.95)]:.1f}"]
        )  # fmt: skip
    return table(head, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality.framings", description="Find pictures within pictures."
    )
    parser.add_argument("--corpus", type=Path, help="folder with a manifest.csv")
    parser.add_argument("--most", type=int, default=10_000, help="pictures of each kind")
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    chosen = [one for one in alterations() if one.group in GROUPS]
    pictures = [picture for picture in load(options.corpus) if picture.tuning]
    for kind in dict.fromkeys(picture.kind for picture in pictures):
        some = [picture for picture in pictures if picture.kind == kind][: options.most]
        print(report(kind, measure(some, chosen)), end="\n\n")


if __name__ == "__main__":
    main()
