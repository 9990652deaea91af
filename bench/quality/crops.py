"""What it would cost to find pictures of which a fifth or a third of each side is cut off.

    python -m bench.quality.crops --corpus FOLDER --half even

A picture could be stored several times: as a whole, and as windows of it.  A crop that lies close
to one of the windows has a dHash near to its.  Counted is, for some sets of windows, how many
crops have one of a stored picture's hashes within a radius, and how many entries of the index a
picture takes.  Crop-resistant hashing (Steinebach et al., 2014, as imagehash has it) is asked too:
there a crop counts as found if any of its segments is within the radius of a stored segment.
Prints Markdown on standard output.
"""

import argparse
import io
import statistics
import sys
from collections.abc import Mapping, Sequence
from itertools import chain, product
from pathlib import Path
from typing import NamedTuple

import imagehash
from PIL import Image

from bench.quality.alterations import alterations
from bench.quality.pictures import Picture, load
from bench.report import table
from bot.images.hashes import dhash
from bot.images.probes import reduced
from bot.search.distances import hamming

Box = tuple[float, float, float, float]

CROPS = tuple(f"crop {share} %" for share in (5, 10, 20, 30))
RADII = (6, 8, 10, 12, 14)

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

# Pixels of the longer side of what is cut into segments, which takes long.
_SEGMENTED = 300


def grid(share: float, places: int) -> tuple[Box, ...]:
    """Windows of a share of each side, at so many places along each: 2 are the corners."""
    starts = [(1 - share) * place / (places - 1) for place in range(places)]
    return tuple((x, y, x + share, y + share) for y, x in product(starts, starts))


def middle(share: float) -> Box:
    """The window in the middle."""
    room = (1 - share) / 2
    return (room, room, 1 - room, 1 - room)


SETS: dict[str, tuple[Box, ...]] = {
    "nothing else": (),
    "the middle, 80 %": (middle(0.8),),
    **{f"four corners of {share:.0%}": grid(share, 2) for share in (0.85, 0.8, 0.75, 0.7)},
    "nine windows of 80 %": grid(0.8, 3),
    "nine windows each of 80 % and 70 %": (*grid(0.8, 3), *grid(0.7, 3)),
    "25 windows each of 85, 80, 75 and 70 %": tuple(
        box for share in (0.85, 0.8, 0.75, 0.7) for box in grid(share, 5)
    ),
}
SEGMENTS = "crop-resistant hashing"


class Asked(NamedTuple):
    """How many entries a picture takes, and how far each of its crops is from the nearest."""

    entries: int
    least: Mapping[str, int]


def window(image: Image.Image, box: Box) -> Image.Image:
    """A part of a picture, of a pixel at least."""
    left, top = round(box[0] * image.width), round(box[1] * image.height)
    right, bottom = round(box[2] * image.width), round(box[3] * image.height)
    return image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


def ask(picture: Picture) -> dict[str, Asked]:
    """What each way makes of a picture and its crops."""
    image = picture.open()
    crops = {}
    for one in alterations():
        if one.name in CROPS:
            with Image.open(io.BytesIO(one.apply(image, picture.name))) as file:
                crops[one.name] = file.convert("L")
    own = {name: dhash(crop) for name, crop in crops.items()}
    grey = reduced(image).convert("L")
    hashes = {box: dhash(window(grey, box)) for box in {WHOLE, *chain(*SETS.values())}}
    found = {}
    for way, boxes in SETS.items():
        stored = [hashes[WHOLE], *(hashes[box] for box in boxes)]
        least = {name: min(hamming(crop, one) for one in stored) for name, crop in own.items()}
        found[way] = Asked(len(stored), least)
    parts = _segments(grey)
    least = {
        name: min(hamming(one, other) for one, other in product(_segments(crop), parts))
        for name, crop in crops.items()
    }
    found[SEGMENTS] = Asked(len(parts), least)
    return found


def _segments(grey: Image.Image) -> list[int]:
    small = grey.copy()
    small.thumbnail((_SEGMENTED, _SEGMENTED))
    made = imagehash.crop_resistant_hash(small, segmentation_image_size=_SEGMENTED)
    return [int(str(one), 16) for one in made.segment_hashes]


def report(answers: Sequence[dict[str, Asked]]) -> str:
    """A table: for each way the entries of a picture, and the share of crops that are found."""
    rows = []
    for way in (*SETS, SEGMENTS):
        asked = [answer[way] for answer in answers]
        cells = []
        for name in CROPS:
            least = [one.least[name] for one in asked]
            shares = (sum(bits <= radius for bits in least) / len(least) for radius in RADII)
            cells.append(" / ".join(f"{share:.0%}" for share in shares))
        entries = statistics.fmean(one.entries for one in asked)
        rows.append([way, f"{entries:.0f}", *cells])
    radii = " / ".join(map(str, RADII))
    names = (f"{name}: within {radii}" for name in CROPS)
    return table(["beside the whole is stored", "entries of a picture", *names], rows)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality.crops", description="Find crops by windows of the whole."
    )
    parser.add_argument("--corpus", type=Path, help="folder with a manifest.csv")
    parser.add_argument("--half", choices=("even", "odd"), default="odd")
    parser.add_argument("--most", type=int, default=10_000, help="how many pictures")
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    even = options.half == "even"
    photos = [one for one in load(options.corpus, ("photo",)) if one.tuning == even]
    print(report([ask(photo) for photo in photos[: options.most]]))


if __name__ == "__main__":
    main()
