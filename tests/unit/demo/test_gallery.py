"""The gallery's pictures can be told apart, and are found again after what chats do to them."""

import re
from itertools import combinations

import pytest

from bot.demo.alter import alterations
from bot.demo.gallery import Drawing, gallery
from bot.images import Fingerprint, Limits, fingerprint

Gallery = dict[str, tuple[Drawing, bytes]]
Prints = dict[str, Fingerprint]

FORMATS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "svg": "SVG"}
# Of every kind: escape times, SVG, transparency, fine patterns, flags.
SAMPLE = ("julia_set", "sierpinski_triangle", "barnsley_fern", "ulam_spiral", "flag_of_nepal")


def distance(one: int, other: int) -> int:
    return ((one ^ other) & (2**64 - 1)).bit_count()


def test_names_are_unique_and_speak_of_the_article() -> None:
    drawings = gallery()
    for names in (
        [d.slug for d in drawings],
        [d.title for d in drawings],
        [d.file for d in drawings],
    ):
        assert len(set(names)) == len(names) >= 28
    for drawing in drawings:
        assert re.fullmatch(r"[a-z0-9_]+", drawing.slug)
        assert re.fullmatch(r"[A-Za-z0-9_]+\.(png|jpg|webp|svg)", drawing.file)
        assert " " not in drawing.title
        assert drawing.title[0].isupper()
    assert {d.slug: d.title for d in drawings}["sierpinski_triangle"] == "Sierpiński_triangle"


def test_every_picture_is_what_its_name_says(drawn: Gallery, prints: Prints) -> None:
    for slug, (drawing, _) in drawn.items():
        read = prints[slug]
        assert read.format == FORMATS[drawing.file.rpartition(".")[2]], slug
        assert min(read.width, read.height) >= 300, slug
        assert not read.plain, slug


def test_many_formats_are_among_them(prints: Prints) -> None:
    formats = [read.format for read in prints.values()]
    assert formats.count("SVG") >= 6
    assert formats.count("JPEG") >= 3
    assert formats.count("WEBP") >= 3


def test_some_are_transparent(drawn: Gallery) -> None:
    transparent = [
        slug
        for slug, (drawing, data) in drawn.items()
        # The colour type of a PNG is the tenth byte of its first chunk; 6 is RGB with alpha.
        if drawing.file.endswith(".png") and data[25] == 6
    ]
    assert len(transparent) >= 3, transparent


def test_no_two_are_alike(prints: Prints) -> None:
    for (one, a), (other, b) in combinations(prints.items(), 2):
        apart = (distance(a.dhash, b.dhash), distance(a.phash, b.phash))
        assert apart[0] > 4, (one, other, apart)
        assert apart[0] > 12 or apart[1] > 16, (one, other, apart)


@pytest.mark.parametrize("slug", ["voronoi_diagram", "barnsley_fern", "solar_system", "maze"])
def test_chance_is_seeded(drawn: Gallery, slug: str) -> None:
    slug = next(name for name in drawn if name.startswith(slug))
    drawing, data = drawn[slug]
    assert drawing.draw() == data


@pytest.mark.parametrize("name", list(alterations()))
def test_an_altered_copy_is_nearest_to_its_original(
    drawn: Gallery, prints: Prints, name: str
) -> None:
    for slug in SAMPLE:
        assert_nearest(slug, alterations()[name](drawn[slug][1]), prints)


def test_every_picture_survives_halving_and_jpeg(drawn: Gallery, prints: Prints) -> None:
    alter = alterations()["halved and saved as JPEG of quality 50"]
    for slug, (_, data) in drawn.items():
        assert_nearest(slug, alter(data), prints)


def assert_nearest(slug: str, copy: bytes, prints: Prints) -> None:
    read = fingerprint(copy, Limits())
    assert isinstance(read, Fingerprint), (slug, read)
    ranked = sorted((distance(read.dhash, other.dhash), name) for name, other in prints.items())
    assert ranked[0][1] == slug, (slug, ranked[:2])
    assert ranked[0][0] <= 8, (slug, ranked[:2])
    assert ranked[0][0] < ranked[1][0], (slug, ranked[:2])
