"""The real pictures that quality is measured on.

A corpus is a folder with a ``manifest.csv`` whose rows begin with kind, name and source; without
one, pictures are drawn.  Half of the pictures are for choosing thresholds, the other half for
reporting; a hash of the file's name decides which, so that a picture never changes sides.
"""

import csv
import hashlib
import io
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from bench.pictures import draw
from bot.images.decode import DECODER_ERRORS
from bot.images.model import Limits, Unreadable
from bot.images.svg import rasterise

Floats = NDArray[np.float64]
Kind = Literal["photo", "clipart", "flag", "map", "sky"]

# Pictures are no larger than this when they are read: what a wiki and a chat serve.
LONGEST = 1280

# Drawings that are smaller are drawn so large.
SMALL = 300
SHOWN_AT = 640

DRAWN = 200

# Folder and source of a corpus → the kind of its pictures; what is not here is left out.
_KINDS: dict[tuple[str, str], Kind] = {
    ("photos", ""): "photo",
    ("graphics", "deb-openclipart-png"): "clipart",
    ("graphics", "deb-tuxpaint-stamps-default"): "clipart",
    ("graphics", "flags-rendered"): "flag",
    ("graphics", "deb-stellarium-data"): "sky",
    ("graphics", "deb-marble-data"): "map",
    ("svg", "country-flags"): "flag",
    ("svg", "deb-tuxpaint-stamps-default"): "clipart",
}

# Two pictures are one when the levels of their thumbnails differ by no more than this, on the
# average and at most.
_SAME_MEAN = 1.5
_SAME_MOST = 24
_THUMBNAIL = 16
_BENT = 0.1  # the logarithm of how much wider one is

# Flags that two sources have, in shades of their own.
KNOWN_AS = {
    "germany": "de", "greece": "gr", "united_kingdom": "gb-nir", "seychelles": "sc",
    "colombia": "co", "lithuania": "lt", "namibia": "na", "dominican_republic": "do",
    "papua_new_guinea": "pg", "saint_vincent_and_the_grenadines": "vc", "france_martinique": "mq",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """A file of the corpus; those for ``tuning`` are what thresholds are chosen on."""

    name: str
    kind: Kind
    data: bytes

    @property
    def stem(self) -> str:
        """Its name without the extension."""
        return self.name.rpartition(".")[0]

    @property
    def tuning(self) -> bool:
        """Even digests tune, odd ones report."""
        return hashlib.sha256(self.name.encode()).digest()[-1] % 2 == 0

    def open(self) -> Image.Image:
        """Upright, on white, of mode ``RGB``, and no longer than ``LONGEST`` pixels.

        Raises :data:`bot.images.decode.DECODER_ERRORS` for a file that can't be read.
        """
        if self.name.endswith((".svg", ".svgz")):
            image = _drawing(self.data)
        else:
            image = Image.open(io.BytesIO(self.data))
            image = ImageOps.exif_transpose(image)
        image = on_white(image)
        image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
        return image


def _drawing(data: bytes) -> Image.Image:
    """A drawing in colour; one that asks for a few pixels is drawn as large as a wiki shows it."""
    frame = rasterise(data, Limits())
    if isinstance(frame, Unreadable):
        raise ValueError(frame.reason)  # noqa: TRY004  (as decoders have it)
    if max(frame.coloured.size) >= SMALL:
        return frame.coloured
    import cairosvg  # noqa: PLC0415  (needs the cairo library)

    side = "output_width" if frame.width >= frame.height else "output_height"
    png = cairosvg.svg2png(bytestring=data, **{side: SHOWN_AT})
    return Image.open(io.BytesIO(png))


def on_white(image: Image.Image) -> Image.Image:
    """A copy of mode ``RGB``; transparency is laid on white."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image)
    return paper


def load(corpus: Path | None, kinds: Iterable[str] = (), *, count: int = DRAWN) -> list[Picture]:
    """The pictures of a corpus, or drawn ones, by name; of identical ones the first.

    ``kinds`` leaves out all others, ``count`` is how many are drawn.  What can't be read is left
    out.
    """
    found = drawn(count) if corpus is None else listed(corpus)
    wanted = set(kinds)
    chosen = [picture for picture in found if not wanted or picture.kind in wanted]
    return list(distinct(sorted(chosen, key=lambda picture: picture.name)))


def listed(corpus: Path) -> Iterator[Picture]:
    """What the manifest of a corpus lists of the kinds that are measured."""
    with (corpus / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            folder, name = row["kind"], row["name"]
            kind = _KINDS.get((folder, row["source"])) or _KINDS.get((folder, ""))
            path = corpus / folder / name
            if kind is not None and path.is_file():
                yield Picture(name, kind, path.read_bytes())


def drawn(count: int = DRAWN) -> Iterator[Picture]:
    """Pictures like those of a wiki, six photographs to four drawings."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for path in draw(Path(folder), count):
            kind: Kind = "clipart" if path.suffix == ".png" else "photo"
            yield Picture(path.name, kind, path.read_bytes())


class Known:
    """Pictures that were seen before, by their thumbnails and their shapes."""

    def __init__(self) -> None:
        self._thumbnails: list[NDArray[np.int16]] = []
        self._shapes: list[float] = []

    def __len__(self) -> int:
        return len(self._shapes)

    def find(self, image: Image.Image) -> int | None:
        """Which of those added before looks the same, by the order of adding."""
        if not self._shapes:
            return None
        mean, most = self.apart(image)
        alike = np.flatnonzero((mean <= _SAME_MEAN) & (most <= _SAME_MOST))
        return int(alike[0]) if len(alike) else None

    def apart(self, image: Image.Image) -> tuple[Floats, Floats]:
        """How many levels each of those added before is away, on the average and at most.

        Infinity where it has another shape.
        """
        apart = np.abs(np.stack(self._thumbnails) - _thumbnail(image))
        bent = np.abs(np.log2(np.array(self._shapes) / (image.width / image.height))) >= _BENT
        mean, most = apart.mean(axis=(1, 2, 3)), apart.max(axis=(1, 2, 3))
        return np.where(bent, np.inf, mean), np.where(bent, np.inf, most)

    def add(self, image: Image.Image) -> int:
        """Its number."""
        self._thumbnails.append(_thumbnail(image))
        self._shapes.append(image.width / image.height)
        return len(self._shapes) - 1


def _thumbnail(image: Image.Image) -> NDArray[np.int16]:
    return np.asarray(image.resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX), np.int16)


def distinct(pictures: Iterable[Picture]) -> Iterator[Picture]:
    """Without those that look like one before them, and those that can't be read."""
    known = Known()
    some = list(pictures)
    stems = {picture.stem for picture in some}
    for picture in some:
        if KNOWN_AS.get(picture.stem) in stems:
            continue
        try:
            image = picture.open()
        except DECODER_ERRORS:
            continue
        if known.find(image) is None:
            known.add(image)
            yield picture
