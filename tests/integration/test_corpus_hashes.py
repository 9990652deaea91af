"""Real pictures of every format hash as plain code has it, and hostile files harm nobody."""

import asyncio
import io
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageOps

from bot.images import (
    LOOK_BYTES,
    Fingerprint,
    Limits,
    Unreadable,
    Workers,
    cairo_available,
    heif_available,
)
from bot.images.decode import Frame, decode
from bot.images.signature import format_of

pytestmark = pytest.mark.skipif(not cairo_available(), reason="no cairo library here")

LIMITS = Limits(timeout=30)
# Some hostile files never end.
HASTY = Limits(timeout=2)

FilesOf = Callable[[str], list[Path]]
# Of the files of a folder, one in so many is read where time matters: photographs and drawings are
# much alike to a decoder, and the files of other folders are there because they are not.
ONE_IN = {"photos": 16, "graphics": 16, "svg": 4, "exif": 4, "formats": 4, "hostile": 4}

# Files that have no hash, with what is said of them and why.
NO_HASH = {
    # cairosvg raises on these, so plain code has no hash either.
    "recursive-5.svg": "damaged",
    "recursive-on-child.svg": "damaged",
    "resvg-_95_50percent.svg": "damaged",
    # Formats that are not read on purpose: one decoder less to be attacked for each.
    "16_bit_binary.pgm": "unknown",
    "bw_gradient.imt": "unknown",
    "hopper.qoi": "unknown",
    "hopper_8bit.ppm": "unknown",
    "hopper_8bit_plain.pgm": "unknown",
    "hopper_webp_write.ppm": "unknown",
    "negative_layer_count.psd": "unknown",
    "psd-oob-write.psd": "unknown",
    "uncompressed_la.dds": "unknown",
}

# Larger than is rasterised at its own size, so a bit or two may differ.
SCALED = {"cc.svg": 2, "tc.svg": 2}


def plain_picture(data: bytes, name: str) -> Image.Image:
    """What somebody would write who had never met a hostile file."""
    if name.endswith((".svg", ".svgz")):
        import cairosvg

        data = cairosvg.svg2png(bytestring=data)
    image: Image.Image = Image.open(io.BytesIO(data))
    if image.mode == "I;16":
        levels = np.asarray(image)
        # The one TIFF among these holds 12 bits in 16.
        bits = 12 if image.format == "TIFF" and levels.max() < 4096 else 16
        return Image.fromarray((levels >> (bits - 8)).astype(np.uint8))
    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(paper, image).convert("RGB")
    return image


def signed(value: imagehash.ImageHash) -> int:
    number = int(str(value), 16)
    return number - 2**64 if number & 2**63 else number


def plain_hashes(data: bytes, name: str) -> tuple[int, int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = plain_picture(data, name)
        return signed(imagehash.dhash(image, 8)), signed(imagehash.phash(image, 8))


def distance(one: int, other: int) -> int:
    return ((one ^ other) & (2**64 - 1)).bit_count()


@pytest.fixture(scope="session")
def files_of(corpus: Path, thorough: bool) -> FilesOf:
    """The files of a folder of the corpus, or some of them where time matters."""

    def files(folder: str) -> list[Path]:
        found = sorted(path for path in (corpus / folder).iterdir() if path.is_file())
        return found if thorough else found[:: ONE_IN[folder]]

    return files


async def fingerprints(
    files: Sequence[Path], limits: Limits
) -> dict[Path, Fingerprint | Unreadable]:
    async with Workers(limits) as workers:
        results = await asyncio.gather(*(workers.fingerprint_file(path) for path in files))
    return dict(zip(files, results, strict=True))


async def fingerprints_in_bulk(
    files: Sequence[Path], limits: Limits
) -> dict[Path, Fingerprint | Unreadable]:
    groups = [files[start : start + 20] for start in range(0, len(files), 20)]
    async with Workers(limits) as workers:
        answers = await asyncio.gather(
            *(workers.fingerprint_many([path.read_bytes() for path in some]) for some in groups)
        )
    return dict(zip(files, chain.from_iterable(answers), strict=True))


@pytest.mark.parametrize(
    ("folder", "read", "plain", "unread"),
    [
        ("photos", 445, 3, {}),
        ("graphics", 535, 15, {}),
        ("svg", 208, 9, {"damaged": 3}),
        ("exif", 18, 0, {}),
        ("formats", 222, 84, {"unknown": 9}),
    ],
)
async def test_every_picture_hashes_as_plain_code_has_it(
    files_of: FilesOf, thorough: bool, folder: str, read: int, plain: int, unread: dict[str, int]
) -> None:
    if folder == "formats" and not heif_available():
        pytest.skip("pillow-heif is not installed")
    results = await fingerprints(files_of(folder), LIMITS)

    different = []
    for path, result in results.items():
        if isinstance(result, Unreadable):
            assert NO_HASH.get(path.name) == result.kind, (path.name, result)
            continue
        dhash, phash = await asyncio.to_thread(plain_hashes, path.read_bytes(), path.name)
        bits = distance(result.dhash, dhash) + distance(result.phash, phash)
        if bits > SCALED.get(path.name, 0):
            different.append((path.name, distance(result.dhash, dhash), bits))
    assert different == []

    counts = Counter(
        result.kind if isinstance(result, Unreadable) else "plain" if result.plain else "read"
        for result in results.values()
    )
    if thorough:
        assert counts == Counter({"read": read, "plain": plain, **unread})
    else:
        assert counts["read"] >= read // ONE_IN[folder] * 0.8
        assert set(counts) <= {"read", "plain", *unread}


@pytest.mark.parametrize(
    ("folder", "rasters"),
    [("photos", 448), ("graphics", 550), ("exif", 18), ("formats", 306), ("hostile", 110)],
)
async def test_hashes_are_those_of_imagehash_bit_for_bit(
    files_of: FilesOf, thorough: bool, folder: str, rasters: int
) -> None:
    """Whatever a decoder gave: the small pictures are made another way than imagehash does."""
    if folder == "formats" and not heif_available():
        pytest.skip("pillow-heif is not installed")
    files = files_of(folder)
    decoded = 0
    different = []
    async with Workers(HASTY if folder == "hostile" else LIMITS) as workers:
        for start in range(0, len(files), 100):
            some = files[start : start + 100]
            answers = await workers.fingerprint_many([path.read_bytes() for path in some])
            for path, answer in zip(some, answers, strict=True):
                if isinstance(answer, Unreadable) or answer.format == "SVG":
                    continue
                hashes = await asyncio.to_thread(hashes_of_decoded, path.read_bytes())
                decoded += 1
                if hashes != (answer.dhash, answer.phash):
                    different.append(path.name)
    assert different == []
    assert decoded >= (rasters if thorough else rasters // ONE_IN[folder] * 0.7)


def hashes_of_decoded(data: bytes) -> tuple[int, int]:
    kind = format_of(data)
    assert kind is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = decode(data, kind, LIMITS)
    assert isinstance(frame, Frame)
    return signed(imagehash.dhash(frame.image, 8)), signed(imagehash.phash(frame.image, 8))


@pytest.mark.parametrize("folder", ["exif", "formats", "svg"])
async def test_in_bulk_answers_are_those_of_one_at_a_time(files_of: FilesOf, folder: str) -> None:
    files = files_of(folder)
    assert await fingerprints_in_bulk(files, LIMITS) == await fingerprints(files, LIMITS)


@pytest.mark.parametrize("folder", ["exif", "formats", "hostile"])
async def test_queries_are_fingerprints_with_further_views(files_of: FilesOf, folder: str) -> None:
    limits = HASTY if folder == "hostile" else LIMITS
    alone = await fingerprints(files_of(folder), limits)

    views = 0
    async with Workers(limits) as workers:
        found = await asyncio.gather(*(workers.query_file(path) for path in alone))
    for (path, answer), asked in zip(alone.items(), found, strict=True):
        if isinstance(asked, Unreadable) or isinstance(answer, Unreadable):
            slow = "too_slow" in {getattr(answer, "kind", ""), getattr(asked, "kind", "")}
            assert slow or asked == answer, path.name
        else:
            assert asked.fingerprint == answer, path.name
            assert len(answer.look) == LOOK_BYTES
            views += len(asked.probes)
    assert views > 3 * len(alone) / 4


async def test_all_orientations_of_a_photograph_hash_alike(corpus: Path) -> None:
    results = await fingerprints(sorted((corpus / "exif").iterdir()), LIMITS)

    pictures: dict[str, list[Fingerprint]] = {}
    for path, result in results.items():
        assert isinstance(result, Fingerprint), result
        pictures.setdefault(path.stem.split("_")[0], []).append(result)
    assert {name: len(found) for name, found in pictures.items()} == {
        "Landscape": 9,
        "Portrait": 9,
    }
    for found in pictures.values():
        assert max(distance(a.dhash, b.dhash) for a in found for b in found) <= 1
        assert len({(one.width, one.height) for one in found}) == 1


async def test_hostile_files_are_answered(corpus: Path) -> None:
    limits = Limits(timeout=5)
    files = sorted((corpus / "hostile").iterdir())
    started = time.monotonic()
    async with asyncio.timeout(180):
        results = await fingerprints(files, limits)
        # And the reader is as good as new: a photograph of the same run is read at once.
        photos = sorted((corpus / "photos").glob("*.jpg"))[:1]
        async with Workers(limits) as workers:
            assert isinstance(await workers.fingerprint_file(photos[0]), Fingerprint)

        # In bulk the same: those that end a job take none of its other pictures along.
        in_bulk = await fingerprints_in_bulk(files, limits)
        slow = {
            path
            for some in (results, in_bulk)
            for path, result in some.items()
            if isinstance(result, Unreadable) and result.kind == "too_slow"
        }
        assert len(slow) <= 4
        assert [path.name for path in results.keys() - slow if in_bulk[path] != results[path]] == []

    assert len(results) == 642
    kinds = Counter(
        result.kind if isinstance(result, Unreadable) else "read" for result in results.values()
    )
    assert set(kinds) <= {"read", "empty", "unknown", "damaged", "too_large", "too_slow"}
    # None took a process along: the two that never end were ended by the clock.
    broke = [
        p.name for p, r in results.items() if isinstance(r, Unreadable) and "broke" in r.reason
    ]
    assert broke == []
    assert kinds["too_slow"] <= 4
    assert kinds["read"] >= 150
    assert time.monotonic() - started < 180
