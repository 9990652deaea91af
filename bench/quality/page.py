"""Draw one page of altered pictures, each with what the product says to it.

    python -m bench.quality.page docs/pictures/quality.png

The index holds the pictures of the demonstration and some distractors.  Nothing on the page is
chosen for how it comes out: the alterations are all there are, and pictures take turns.
"""

import argparse
import asyncio
import io
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from bench.quality import distractors
from bench.quality.alterations import Alteration, alterations
from bench.quality.evaluation import SEED
from bench.quality.index import opened
from bench.quality.library import Entry, Library
from bench.quality.pictures import Picture, drawn
from bench.server import say
from bot.demo.alter import rasterised
from bot.demo.gallery import gallery
from bot.images import View
from bot.search import Answer, Radii, Scope, SearchService

COLUMNS = 6
CELL = (226, 222)
ROOM = (206, 156)
MARGIN = 16
COLOURS = 200
DISTRACTORS = 20_000

SHOWN = (
    "mandelbrot_set", "solar_system", "venn_diagram", "checker_shadow_illusion", "voronoi_diagram",
    "flag_of_south_africa", "torus", "lorenz_system", "barnsley_fern", "color_wheel",
)  # fmt: skip
LEFT_OUT = ("julia_set", "flag_of_seychelles", "lunar_phase")

_INK = (32, 34, 38)
_FAINT = (104, 110, 118)
_GOOD = {"exact": (22, 120, 60), "close": (60, 125, 30), "possible": (150, 110, 10)}
_BAD = (176, 30, 40)
_TURNED = {2: "mirrored", 3: "turned", 6: "turned", 8: "turned"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture of the page, what was done to it, and what was answered in which colour."""

    data: bytes
    title: str
    words: str
    colour: tuple[int, int, int]


async def cells(cache: Path, tell: Callable[[str], None]) -> list[Cell]:
    """Ask for everything that is on the page."""
    pictures = {one.slug: Picture(one.file, "clipart", one.draw()) for one in gallery()}
    stored = [picture for slug, picture in pictures.items() if slug not in LEFT_OUT]
    entries = [Entry(picture.name, number, picture.data) for number, picture in enumerate(stored)]
    others = distractors.kept(cache, list(drawn()), DISTRACTORS, SEED, tell)
    found = []
    async with opened(cache, Library(stored, entries, frozenset()), others, tell) as index:
        service = SearchService(index.database.store, index.workers, Radii())
        for picture, title, data in _files(pictures):
            answer = await service.search(data, Scope())
            page = next((e.title for e in entries if e.file == picture), None)
            found.append(Cell(data, title, *said(answer, page)))
    return found


def _files(pictures: dict[str, Picture]) -> Iterator[tuple[str, str, bytes]]:
    """Names of pictures, what was done to them, and files."""
    every: Sequence[Alteration] = alterations()
    for number, alteration in enumerate(every):
        picture = pictures[SHOWN[number % len(SHOWN)]]
        yield picture.name, alteration.name, alteration.apply(picture.open(), picture.name)
    for slug in LEFT_OUT:
        yield pictures[slug].name, "not in the index", pictures[slug].data
    for title, colours in (("blank", ("white", "white")), ("two colours", ("white", "navy"))):
        yield "", title, _plain(*colours)


def _plain(above: str, below: str) -> bytes:
    image = Image.new("RGB", (400, 300), above)
    image.paste(below, (0, 150, 400, 300))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def said(answer: Answer, page: str | None) -> tuple[str, tuple[int, int, int]]:
    """An answer in a few words, and their colour: red is for what should be otherwise.

    ``page`` is the one that shows the picture, ``None`` where none does.
    """
    if answer.status == "plain":
        return "too plain to search for", _FAINT
    if not answer.matches:
        return ("not found", _BAD) if page is not None else ("not known", _FAINT)
    match = answer.matches[0]
    if page not in {one.title for one in match.pages}:
        return f"{match.confidence}: another picture", _BAD
    return f"{match.confidence}{_view(match.view)}", _GOOD[match.confidence]


def _view(view: View) -> str:
    words = [_TURNED.get(view.orientation, "turned")] if view.orientation != 1 else []
    words += {"border": ["without its border"], "inside": ["inside"]}.get(view.framing, [])
    if view.frame:
        words.append("a later picture")
    return f" ({', '.join(words)})" if words else ""


def drawing(found: Sequence[Cell]) -> Image.Image:
    """The page."""
    rows = -(-len(found) // COLUMNS)
    size = (COLUMNS * CELL[0] + 2 * MARGIN, rows * CELL[1] + 2 * MARGIN)
    page = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(page)
    for place, cell in enumerate(found):
        left = MARGIN + place % COLUMNS * CELL[0]
        top = MARGIN + place // COLUMNS * CELL[1]
        with Image.open(io.BytesIO(rasterised(cell.data))) as image:
            small = _flat(image)
        small.thumbnail(ROOM, Image.Resampling.LANCZOS)
        corner = (left + (CELL[0] - small.width) // 2, top + ROOM[1] - small.height)
        page.paste(small, corner)
        edge = (corner[0] - 1, corner[1] - 1, corner[0] + small.width, corner[1] + small.height)
        pen.rectangle(edge, outline=(214, 217, 222))
        middle = left + CELL[0] / 2
        pen.text((middle, top + ROOM[1] + 14), cell.title, _INK, ImageFont.load_default(15), "mm")
        below = (middle, top + ROOM[1] + 35)
        pen.text(below, cell.words, cell.colour, ImageFont.load_default(15), "mm")
    return page


def _flat(image: Image.Image) -> Image.Image:
    coloured = image.convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, coloured).convert("RGB")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality.page", description="Draw what is found and what is not."
    )
    parser.add_argument("target", type=Path, help="where the page goes, a .png")
    parser.add_argument("--cache", type=Path, help="folder to keep the index in")
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        found = asyncio.run(cells(options.cache or Path(scratch), say))
    options.target.parent.mkdir(parents=True, exist_ok=True)
    page = drawing(found).quantize(COLOURS, Image.Quantize.MEDIANCUT)
    page.save(options.target, "PNG", optimize=True)
    for cell in found:
        print(f"{cell.title}: {cell.words}")


if __name__ == "__main__":
    main()
