"""A folder and a ZIM of the same pictures imported, against a bare loop over the files on one core.

Timed is the import itself, from the first file to the last row, with the program running; starting
Python, the database and the processes that read pictures is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import import_module
from pathlib import Path
from time import perf_counter

from bench.import_rows import url
from bench.pictures import PATIENCE, Turn, bare_loop, files_of
from bench.server import say
from bot.images import Limits, Workers
from bot.importers import PictureSource
from bot.importers.folder import FolderSource
from bot.importers.zim import ZimSource
from bot.ingest import IngestService
from bot.search import Radii, SearchService
from db import open_database
from db.embedded import EmbeddedServer

SHOWN_ON = 3
PARAGRAPHS = 40
TEMPLATE = "https://en.wikipedia.org/wiki/{title}"


@dataclass(slots=True)
class PicturesMeasured:
    """Seconds of the bare loop and of the imports, round by round."""

    files: int
    cores: int
    bare: list[Turn] = field(default_factory=list)
    imports: dict[str, list[float]] = field(default_factory=dict)

    def ratios(self, name: str) -> list[float]:
        """For each round, the rate of an import as a share of ``cores`` bare loops."""
        return [
            bare.seconds / seconds / self.cores
            for bare, seconds in zip(self.bare, self.imports[name], strict=True)
        ]


async def measure(
    server: EmbeddedServer, folder: Path, rounds: int, scratch: Path
) -> PicturesMeasured:
    """Import the files of a folder, and a ZIM of them, in turns with the bare loop."""
    files = files_of(folder)
    zim = make_zim(files, scratch / "pictures.zim")
    async with (
        open_database(url(server, "whereis"), scratch, say=say) as database,
        Workers(Limits(timeout=PATIENCE)) as workers,
    ):
        search = SearchService(database.store, workers, Radii())
        ingest = IngestService(database.store, database.imports, workers, search, TEMPLATE)
        measured = PicturesMeasured(len(files), workers.processes)
        bare_loop(files)
        # Round 0 is not counted: files come into memory, processes start.
        for number in range(rounds + 1):
            if number:
                measured.bare.append(bare_loop(files))
            for name, source in (
                ("folder", FolderSource(folder, max_bytes=Limits().max_bytes)),
                ("zim", ZimSource(zim)),
            ):
                seconds = await _import(ingest, source, f"{name}-{number}")
                if number:
                    measured.imports.setdefault(name, []).append(seconds)
            if number:
                took = {kind: seconds[-1] for kind, seconds in measured.imports.items()}
                words = ", ".join(f"{kind} {seconds:.2f} s" for kind, seconds in took.items())
                say(f"Round {number}: bare {measured.bare[-1].seconds:.2f} s, {words}")
    return measured


async def _import(ingest: IngestService, source: PictureSource, collection: str) -> float:
    target = await ingest.wiki_collection(collection)
    async with source:
        began = perf_counter()
        report = await ingest.import_pictures(source, target)
        seconds = perf_counter() - began
    if not report.added:
        raise SystemExit(f"The import of {source.location} added nothing.")
    return seconds


def make_zim(files: Sequence[Path], path: Path) -> Path:
    """A ZIM of articles of some length, in which each picture is shown several times."""
    writer = import_module("libzim.writer")

    class Item(writer.Item):  # type: ignore[misc, name-defined]
        def __init__(self, place: str, title: str, kind: str, data: bytes) -> None:
            super().__init__()
            self._place, self._title, self._kind, self._data = place, title, kind, data

        def get_path(self) -> str:
            return self._place

        def get_title(self) -> str:
            return self._title

        def get_mimetype(self) -> str:
            return self._kind

        def get_hints(self) -> dict[object, object]:
            return {writer.Hint.FRONT_ARTICLE: self._kind == "text/html"}

        def get_contentprovider(self) -> object:
            return writer.StringProvider(self._data)

    text = "<p>" + "Words and <a href='./Page_1'>links</a> as articles have them. " * 8 + "</p>"
    with writer.Creator(path) as creator:
        for number, file in enumerate(files):
            name = f"{number}_{file.name}"
            creator.add_item(Item(f"_assets_/{name}", name, "image/jpeg", file.read_bytes()))
            shown = [f"{n % len(files)}_{files[n % len(files)].name}" for n in _beside(number)]
            pictures = "".join(
                f'<p><img src="./_assets_/{escape(one)}" width="330" height="220"></p>'
                for one in shown
            )
            page = f"<html><body>{text * PARAGRAPHS}{pictures}</body></html>".encode()
            creator.add_item(Item(f"Page_{number}", f"Page {number}", "text/html", page))
        for key, value in {"Title": "Pictures", "Name": "pictures", "Date": "2026-01-31"}.items():
            creator.add_metadata(key, value)
    return path


def _beside(number: int) -> range:
    return range(number, number + SHOWN_ON)
