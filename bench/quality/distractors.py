"""A million pictures that nobody searches for, with the statistics of real ones.

    python -m bench.quality.distractors --corpus FOLDER --cache FOLDER --count 1000000

Each is drawn at 64 × 64 pixels from crops of two real pictures: one over the other by a soft or a
hard mask, lit from a side, mirrored, with contrast, saturation and gamma of its own.  A crop is at
most a little over half as wide and high as its picture, so none is a copy of that.  What they are
drawn from is kept with them: a search for one of those pictures must not count them as strangers.

They are shrunk by the arithmetic of the product, and kept in files of ``CHUNK`` pictures, each
made from its number alone: what was interrupted goes on where it stopped.

Prints, as Markdown, how close pairs of them are, next to pairs of real pictures.
"""

import argparse
import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.quality.looks import Looks, grey_of, looks_at, together
from bench.quality.pictures import Picture

Dice = np.random.Generator
Pixels = NDArray[np.float32]

SIDE = 64
CHUNK = 20_000
CROPS = 4_000  # for the pictures of a chunk: each takes part in about ten of them
SOURCE = 256  # pixels of the long side of what is cropped
AT_ONCE = 500

# Of an encyclopedia's pictures, how many are photographs, drawings of one thing on plain ground,
# graphics (maps, charts, flags), collages of two pictures, nearly plain ones, and sheets: pictures
# that are made by the dozen on one form, such as locator maps, with a detail that differs.
SHARES = {
    "photo": 0.70, "object": 0.12, "graphic": 0.07, "collage": 0.04, "plainish": 0.03, "sheet": 0.04
}  # fmt: skip
PHOTO, OBJECT, GRAPHIC, COLLAGE, PLAINISH, SHEET = range(len(SHARES))
FORMS = 2_000
GREY = 0.12  # have no colour


@dataclass(frozen=True, slots=True)
class Distractors:
    """``n`` pictures: their looks, what they were drawn from, and their PDQ hashes.

    ``parents`` (n, 2) are places in the list of pictures that they were drawn from; ``style`` (n)
    is a place in :data:`SHARES`; ``pdq`` (n, 4) is that of the 64 × 64 pixels.
    """

    looks: Looks
    parents: NDArray[np.int16]
    style: NDArray[np.int8]
    pdq: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.parents)


def kept(
    cache: Path, pictures: Sequence[Picture], count: int, seed: int, say: Callable[[str], None]
) -> Distractors:
    """``count`` distractors (whole chunks of them), from the cache as far as they are there."""
    folder = cache / f"distractors-{digest(pictures)}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    sources: list[Image.Image] = []
    parts = []
    for number in range(-(-count // CHUNK)):
        path = folder / f"{number:05}.npz"
        if not path.is_file():
            sources = sources or [source(picture) for picture in pictures]
            made = chunk(sources, [picture.kind == "photo" for picture in pictures], seed, number)
            _save(path, made)
            say(f"Drew {(number + 1) * CHUNK:,} of {count:,} distractors")
        parts.append(_load(path))
    return Distractors(
        together([part.looks for part in parts]),
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("parents", "style", "pdq")
        ),
    )


def digest(pictures: Sequence[Picture]) -> str:
    """Changes with the pictures and with the code that draws."""
    state = hashlib.sha256(Path(__file__).read_bytes())
    for picture in pictures:
        state.update(picture.name.encode())
    return state.hexdigest()[:8]


def _save(path: Path, made: Distractors) -> None:
    arrays = {field.name: getattr(made.looks, field.name) for field in fields(Looks)}
    scratch = path.with_suffix(f".{os.getpid()}.new")
    with scratch.open("wb") as file:
        np.savez(file, parents=made.parents, style=made.style, pdq=made.pdq, **arrays)
    scratch.rename(path)


def _load(path: Path) -> Distractors:
    with np.load(path) as stored:
        looks = Looks(*(stored[field.name] for field in fields(Looks)))
        return Distractors(looks, stored["parents"], stored["style"], stored["pdq"])


def source(picture: Picture) -> Image.Image:
    """What is cropped of a picture."""
    image = picture.open()
    image.thumbnail((SOURCE, SOURCE), Image.Resampling.BOX)
    return image


def chunk(
    sources: Sequence[Image.Image], photos: Sequence[bool], seed: int, number: int
) -> Distractors:
    """The pictures of one chunk, the same for the same number."""
    dice = np.random.default_rng((seed, number))
    which, crops = _crops(dice, CROPS, sources, photos)
    forms = _crops(np.random.default_rng((seed, 2**31)), FORMS, sources, [False] * len(sources))
    popular = 1 / np.arange(1, FORMS + 1)
    photographs = np.flatnonzero(np.array(photos)[which])
    graphics = np.flatnonzero(~np.array(photos)[which])
    style = dice.choice(len(SHARES), CHUNK, p=list(SHARES.values())).astype(np.int8)
    made, parents, hashes = [], [], []
    for start in range(0, CHUNK, AT_ONCE):
        styles = style[start : start + AT_ONCE]
        graphic = np.isin(styles, [OBJECT, GRAPHIC]) | (dice.random(len(styles)) < 0.1)
        first = _either(dice, graphic, graphics, photographs)
        second = _either(dice, styles == GRAPHIC, graphics, photographs)
        over, under = which[first], which[second]
        front, back = crops[first], crops[second]
        sheets = styles == SHEET
        form = dice.choice(FORMS, sheets.sum(), p=popular / popular.sum())
        under[sheets], back[sheets] = forms[0][form], forms[1][form]
        pixels = _blended(dice, styles, front, back)
        shapes = np.array([sources[n].width / sources[n].height for n in under])
        shapes *= np.exp2(dice.normal(0, 0.08, len(styles)) * ~sheets)
        made.append(looks_at(pixels, np.log2(shapes).astype(np.float32)))
        parents.append(np.stack([over, under], axis=1))
        hashes.append(pdq_of_64(grey_of(pixels)))
    return Distractors(
        together(made), np.concatenate(parents).astype(np.int16), style, np.concatenate(hashes)
    )


def _either(
    dice: Dice, graphic: NDArray[np.bool_], graphics: NDArray[np.int64], photos: NDArray[np.int64]
) -> NDArray[np.int64]:
    if not len(graphics) or not len(photos):
        return dice.choice(np.concatenate([graphics, photos]), len(graphic))
    return np.where(graphic, dice.choice(graphics, len(graphic)), dice.choice(photos, len(graphic)))


def _crops(
    dice: Dice, count: int, sources: Sequence[Image.Image], photos: Sequence[bool]
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """From which source each is, and its pixels, of shape (n, 64, 64, 3)."""
    weight = np.where(photos, 2.0, 1.0)
    which = dice.choice(len(sources), count, p=weight / weight.sum())
    pixels = np.empty((count, SIDE, SIDE, 3), np.uint8)
    for place, number in enumerate(which):
        image = sources[number]
        # Parts of photographs look like photographs; graphics have to keep some of their ground.
        least, most = (0.25, 0.6) if photos[number] else (0.4, 0.75)
        share = dice.uniform(least, most, 2)
        width, height = image.width * share[0], image.height * share[1]
        left = dice.uniform(0, image.width - width)
        top = dice.uniform(0, image.height - height)
        box = (left, top, left + width, top + height)
        pixels[place] = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box)
    mirrored = dice.random(count) < 0.5
    pixels[mirrored] = pixels[mirrored, :, ::-1]
    return which, pixels


def _blended(
    dice: Dice, styles: NDArray[np.int8], over: NDArray[np.uint8], under: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    count = len(styles)
    front, back = over.astype(np.float32), under.astype(np.float32)
    ground = dice.choice([255.0, 255.0, 255.0, 0.0, 235.0], count).astype(np.float32)
    bare = styles == OBJECT
    back[bare] = ground[bare, None, None, None]
    share = _masks(dice, styles)[..., None]
    mixed = back + (front - back) * share
    # Light falls from somewhere, mostly from above.
    angle = dice.normal(np.pi / 2, 0.9, count)
    strength = np.abs(dice.normal(0, 45, count)) * np.isin(styles, [PHOTO, COLLAGE])
    place = (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE - 0.5
    down = (-np.sin(angle) * strength).astype(np.float32)
    right = (np.cos(angle) * strength).astype(np.float32)
    mixed += (down[:, None, None] * place[:, None] + right[:, None, None] * place)[..., None]
    # What a picture is of tends to be lighter than what is around it.
    center = (dice.normal(6, 14, count) * (styles == PHOTO)).astype(np.float32)
    mixed -= (center[:, None, None] * 4 * (place[:, None] ** 2 + place**2))[..., None]
    contrast = np.exp(dice.normal(0, 0.25, count))
    contrast[styles == PLAINISH] *= 0.25
    contrast[styles == SHEET] = 1
    middle = mixed.mean(axis=(1, 2, 3))
    level = (middle + dice.normal(0, 20, count) * (styles != SHEET)).astype(np.float32)
    mixed -= middle[:, None, None, None]
    mixed *= contrast.astype(np.float32)[:, None, None, None]
    mixed += level[:, None, None, None]
    grey = (dice.random(count) < GREY) & (styles != SHEET)
    mixed[grey] = mixed[grey].mean(axis=3, keepdims=True)
    return mixed.clip(0, 255).astype(np.uint8)


def _masks(dice: Dice, styles: NDArray[np.int8]) -> Pixels:
    """How much of the front is seen, 0…1, of shape (n, 64, 64)."""
    count = len(styles)
    place = ((np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE - 0.5)[None]
    hard = np.isin(styles, [OBJECT, COLLAGE, SHEET])
    small = (styles == SHEET) | ((styles == OBJECT) & (dice.random(count) < 0.25))
    scatter = np.where(styles == SHEET, 0.25, np.where(small, 0.08, 0.12))
    center = (dice.normal(0, 1, (2, count)) * scatter).astype(np.float32)[..., None]
    radius = dice.uniform(0.2, 0.48, (2, count, 1)).astype(np.float32)
    radius[:, small] *= 0.55
    across, down = (place - center[0]) / radius[0], (place - center[1]) / radius[1]
    ellipse = 1 - np.hypot(across[:, None, :], down[:, :, None])
    angle = dice.uniform(0, 2 * np.pi, (count, 1)).astype(np.float32)
    shift = dice.normal(0, 0.15, (count, 1, 1)).astype(np.float32)
    edge = (np.cos(angle) * place)[:, None, :] + (np.sin(angle) * place)[:, :, None] - shift
    softness = np.where(hard, 0.02, np.exp(dice.normal(-1.5, 0.8, count)))
    # Things are seen against a ground as often as one side against the other.
    thing = small | (styles == OBJECT) | (dice.random(count) < 0.5)
    distance = np.where(thing[:, None, None], ellipse, edge)
    mask = distance / softness.astype(np.float32)[:, None, None] + 0.5
    mask = mask.clip(0, 1)
    # Neither is ever quite gone where two are mixed.
    mask[~hard] = 0.12 + 0.76 * mask[~hard]
    return np.asarray(mask, np.float32)


_LOW = np.arange(1, 17)
_WAVES = (
    np.sqrt(2 / SIDE) * np.cos(np.pi / (2 * SIDE) * _LOW[:, None] * (2 * np.arange(SIDE) + 1))
).astype(np.float32)


def pdq_of_64(grey: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """PDQ of pictures of 64 × 64 grey levels, of shape (n, 4): the 16 × 16 lowest waves but the
    constant ones of their cosine transform, each above their median or not.
    """
    count = len(grey)
    rows = grey.reshape(-1, SIDE).astype(np.float32) @ _WAVES.T
    columns = rows.reshape(count, SIDE, 16).transpose(0, 2, 1).reshape(-1, SIDE) @ _WAVES.T
    waves = columns.reshape(count, 16, 16).transpose(0, 2, 1).reshape(count, 256)
    bits = waves > np.median(waves, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(">u8").astype(np.uint64)


def parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality.distractors", description="Draw the rest of an index."
    )
    parser.add_argument("--corpus", type=Path, help="folder with a manifest.csv")
    parser.add_argument("--cache", type=Path, required=True, help="folder to keep them in")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(words)


def main(arguments: Sequence[str] | None = None) -> None:
    # Imported here: the report needs the fingerprints, which need the looks alone.
    from bench.quality.likeness import report  # noqa: PLC0415
    from bench.quality.pictures import load  # noqa: PLC0415
    from bench.server import say  # noqa: PLC0415

    options = parse(sys.argv[1:] if arguments is None else arguments)
    pictures = load(options.corpus)
    made = kept(options.cache, pictures, options.count, options.seed, say)
    print(report(pictures, made))


if __name__ == "__main__":
    main()
