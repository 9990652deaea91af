"""Which files an index holds, and which pictures are asked for though it does not hold them.

A corpus may have one picture in several files: as SVG and as PNG, or in a dozen formats.  They are
one *group*, and whichever of them is named is the right answer.  A tenth of the groups is kept out
of the index, the same whenever they are asked for; so is all that is drawn for that purpose.
"""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from bench.quality.pictures import KNOWN_AS, Known, Picture
from bot.demo.gallery import gallery
from bot.images.decode import DECODER_ERRORS

Shown = Literal["photo", "clipart", "flag", "map", "other"]

KINDS: tuple[Shown, ...] = ("photo", "clipart", "flag", "map", "other")

PICTURE = "Picture_"

# The others are broken or made to do harm.
_FOLDERS = ("photos", "graphics", "svg", "exif", "formats")

# Levels by which the thumbnails of twins differ, on the average and at most.
_TWIN_MEAN = 10.0
_TWIN_MOST = 50

# Levels between the darkest and the lightest pixel of each colour.
_BLANK = 16

# Drawings of which a corpus is likely to have its own: they may be known indeed.
_COMMON = ("flag", "union_jack", "taijitu", "smiley", "peace", "hazard", "chessboard", "pie_chart")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the wiki that the index is of. Files of one picture have the same ``group``."""

    file: str
    group: int
    data: bytes

    @property
    def title(self) -> str:
        """The page that shows it."""
        return f"{PICTURE}{self.group}/{self.file}"


@dataclass(frozen=True, slots=True)
class Library:
    """``pictures`` are those that are asked for; each is the group of its place among them.

    ``entries`` are the files that are stored, ``absent`` the groups that are not.  ``twins`` are
    pairs of groups that are different pictures, and that nobody tells apart by sight: the flags of
    Chad and Romania, rings of a hundred rays.  ``blank`` are groups of one colour.
    """

    pictures: Sequence[Picture]
    entries: Sequence[Entry]
    absent: frozenset[int]
    twins: frozenset[tuple[int, int]] = frozenset()
    blank: frozenset[int] = frozenset()


def left_out(picture: Picture) -> bool:
    """Whether it is one of the tenth that no index holds."""
    return hashlib.sha256(picture.name.encode()).digest()[0] % 10 == 0


def shown(picture: Picture, *, blank: bool = False) -> Shown:
    """The kind that it is reported as; a blank file is no photograph, whatever camera made it."""
    if picture.kind == "sky" or (blank and picture.kind == "photo"):
        return "other"
    return picture.kind


def library(pictures: Sequence[Picture], corpus: Path | None) -> Library:
    """The pictures as they were loaded, and every other file of the corpus that can be read."""
    known = Known()
    twins: set[tuple[int, int]] = set()

    def add(image: Image.Image) -> int:
        number = len(known)
        if number:
            mean, most = known.apart(image)
            alike = np.flatnonzero((mean <= _TWIN_MEAN) & (most <= _TWIN_MOST)).tolist()
            twins.update(pair for one in alike for pair in ((one, number), (number, one)))
        return known.add(image)

    blank = set()
    for picture in pictures:
        image = picture.open()
        number = add(image)
        levels = np.asarray(image)
        if np.ptp(levels, axis=(0, 1)).max() < _BLANK:
            blank.add(number)
    absent = frozenset(number for number, one in enumerate(pictures) if left_out(one))
    files = [Entry(picture.name, number, picture.data) for number, picture in enumerate(pictures)]
    names = {picture.name: picture.data for picture in pictures}
    stems = {picture.stem: number for number, picture in enumerate(pictures)}
    for file, picture in _others(corpus):
        if names.get(picture.name) == picture.data:
            continue
        try:
            image = picture.open()
        except DECODER_ERRORS:
            continue
        group = stems.get(KNOWN_AS.get(picture.stem, ""), known.find(image))
        files.append(Entry(file, add(image) if group is None else group, picture.data))
    entries = [file for file in files if file.group not in absent]
    return Library(pictures, entries, absent, frozenset(twins), frozenset(blank))


def _others(corpus: Path | None) -> Iterator[tuple[str, Picture]]:
    if corpus is None:
        return
    with (corpus / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            path = corpus / row["kind"] / row["name"]
            if row["kind"] in _FOLDERS and path.is_file():
                yield f"{row['kind']}/{row['name']}", Picture(path.name, "sky", path.read_bytes())


def unseen(tuning: bool | None = None) -> Iterator[Picture]:
    """Pictures that our own code draws, which no corpus has: all, or those of one half."""
    for drawing in gallery():
        if drawing.slug.startswith(_COMMON):
            continue
        if tuning is None or Picture(drawing.file, "clipart", b"").tuning == tuning:
            yield Picture(drawing.file, "clipart", drawing.draw())
