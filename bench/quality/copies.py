"""Altered copies of pictures, seen as a search would see them, and kept in a cache.

A search probes with the whole picture, with what is within borders, with what may be a picture in
it, and with all of it mirrored and turned.  Of a copy, the probe is kept whose dHash is nearest to
that of the picture: that is the one that has to pass the second look.
"""

import hashlib
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.quality import interfaces
from bench.quality.alterations import TURNS, Alteration, alterations
from bench.quality.fingerprints import words
from bench.quality.framings import GROUPS, views
from bench.quality.looks import Looks, look, together
from bench.quality.pictures import Picture
from bot.images import framing
from bot.images.hashes import differences

# What brings a turned picture back.
_BACK = {
    "mirrored": Image.Transpose.FLIP_LEFT_RIGHT,
    "turned 90": Image.Transpose.ROTATE_270,
    "turned 180": Image.Transpose.ROTATE_180,
    "turned 270": Image.Transpose.ROTATE_90,
}

PROBES = ("whole", "trimmed", "proposed", "turned")


@dataclass(frozen=True, slots=True)
class Copies:
    """``n`` copies: what they are of, how they were altered, and the best probe of each.

    ``of`` (n) are places in the list of pictures, ``how`` (n) in that of alterations, and ``probe``
    (n) in :data:`PROBES`.  ``pdq`` (n, 4) are PDQ hashes, zeros where there is no ``pdqhash``.
    """

    looks: Looks
    of: NDArray[np.int16]
    how: NDArray[np.int16]
    probe: NDArray[np.int8]
    pdq: NDArray[np.uint64]


def kept(
    cache: Path,
    pictures: Sequence[Picture],
    chosen: Sequence[int],
    say: Callable[[str], None],
) -> Copies:
    """All alterations of the chosen pictures, and the pictures themselves (``how`` is -1)."""
    folder = cache / f"copies-{_digest(pictures)}"
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for done, number in enumerate(chosen):
        path = folder / f"{number:05}.npz"
        if not path.is_file():
            _save(path, copies_of(pictures[number], number, alterations()))
            if done % 20 == 19:
                say(f"Altered {done + 1} of {len(chosen)} pictures")
        parts.append(_load(path))
    return Copies(
        together([part.looks for part in parts]),
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("of", "how", "probe", "pdq")
        ),
    )


def _digest(pictures: Sequence[Picture]) -> str:
    state = hashlib.sha256(Path(__file__).read_bytes())
    for file in (alterations.__code__.co_filename, interfaces.__file__, framing.__file__):
        state.update(Path(file).read_bytes())
    for picture in pictures:
        state.update(picture.name.encode())
    return state.hexdigest()[:8]


def copies_of(picture: Picture, number: int, chosen: Sequence[Alteration]) -> Copies:
    """The picture itself, then its copies in the order of the alterations."""
    image = picture.open()
    original = look(image)
    wanted = words(differences(original.for_dhash))[0, 0]
    seen, probes, hashes = [original], [0], [pdq(image)]
    for alteration in chosen:
        altered = Image.open(io.BytesIO(alteration.apply(image, picture.name))).convert("RGB")
        found = list(_probes(altered, alteration))
        looks = together([look(view) for _, view in found])
        apart = np.bitwise_count(words(differences(looks.for_dhash))[:, 0] ^ wanted)
        best = int(np.argmin(apart))
        seen.append(looks[best : best + 1])
        probes.append(PROBES.index(found[best][0]))
        hashes.append(pdq(found[best][1]))
    count = len(seen)
    return Copies(
        together(seen),
        np.full(count, number, np.int16),
        np.arange(-1, count - 1, dtype=np.int16),
        np.array(probes, np.int8),
        np.stack(hashes),
    )


def _probes(altered: Image.Image, alteration: Alteration) -> list[tuple[str, Image.Image]]:
    found = [("whole", altered)]
    if alteration.name in TURNS:
        found.append(("turned", altered.transpose(_BACK[alteration.name])))
    if alteration.group in GROUPS:
        trimmed, proposed, _ = views(altered)
        found += [("trimmed", view) for view in trimmed]
        found += [("proposed", view) for view in proposed]
    return found


def pdq(image: Image.Image) -> NDArray[np.uint64]:
    """PDQ as four words, in the order of :func:`bench.quality.distractors.pdq_of_64`."""
    try:
        import pdqhash  # noqa: PLC0415  (for comparison alone)
    except ImportError:
        return np.zeros(4, np.uint64)
    bits, _ = pdqhash.compute(np.ascontiguousarray(np.asarray(image.convert("RGB"))))
    hashed: NDArray[np.uint64] = words(np.asarray(bits[::-1], np.bool_)[None])[0]
    return hashed


def _save(path: Path, made: Copies) -> None:
    arrays = {field.name: getattr(made.looks, field.name) for field in fields(Looks)}
    scratch = path.with_suffix(f".{os.getpid()}.new")
    with scratch.open("wb") as file:
        np.savez(file, of=made.of, how=made.how, probe=made.probe, pdq=made.pdq, **arrays)
    scratch.rename(path)


def _load(path: Path) -> Copies:
    with np.load(path) as stored:
        looks = Looks(*(stored[field.name] for field in fields(Looks)))
        return Copies(looks, stored["of"], stored["how"], stored["probe"], stored["pdq"])
