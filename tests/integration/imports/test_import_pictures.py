"""Pictures from a source: each is loaded and read once, stored once, and never ends the run."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from types import TracebackType
from typing import Any, Self

import pytest

from bot.errors import ConfigurationError, DownloadFailedError
from bot.images import Fingerprint, Unreadable, Workers
from bot.importers import About, Position, Skipped, SourceKind, SourcePicture
from bot.ingest import Actor, ImportReport, IngestService, Stage
from bot.ingest.pictures import BATCH, BATCH_OF_DOWNLOADS, GROUP_BYTES, MOST_IN_GROUP, TOO_PLAIN
from bot.titles import PageName
from db import Database
from db.records import NewAppearance
from tests.drawing import draw, encode, png
from tests.integration.imports.conftest import stored

GONE = Unreadable("damaged", "That file has vanished.")


class Shelf:
    """A source of pictures in memory: which picture is on which page, in order.

    A page without a picture is skipped.  ``fails_after`` so many items it ends with an error.
    """

    kind: SourceKind
    about: About | None = None
    location = "a shelf"
    repeats = True
    total: int | None = None

    def __init__(
        self,
        pictures: dict[str, bytes | Unreadable],
        shown: Sequence[tuple[str | None, str]],
        *,
        kind: SourceKind = "folder",
        fails_after: int | None = None,
    ) -> None:
        self.kind = kind
        self.loaded: Counter[str] = Counter()
        self.groups: list[int] = []
        self._pictures = pictures
        self._shown = shown
        self._fails_after = fails_after

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    async def items(self, after: Position | None) -> AsyncGenerator[SourcePicture | Skipped, None]:
        for place in range(after["place"] if after else 0, len(self._shown)):
            if place == self._fails_after:
                raise DownloadFailedError("The shelf fell over.")
            key, page = self._shown[place]
            position = {"place": place + 1}
            if key is None:
                yield Skipped(page, "an empty place", position)
            else:
                yield SourcePicture(key, key, f"{key}.png", (PageName(page, None),), position)

    async def load(self, pictures: Sequence[SourcePicture]) -> Sequence[bytes | Unreadable]:
        self.loaded.update(picture.key for picture in pictures)
        self.groups.append(len(pictures))
        await asyncio.sleep(0)
        return [self._pictures[picture.key] for picture in pictures]


def small(number: int) -> bytes:
    return encode(draw(number, (18, 14)), "BMP")


async def run(ingest: IngestService, shelf: Shelf, **options: Any) -> ImportReport:
    wiki = await ingest.wiki_collection("shelf")
    async with shelf as source:
        return await ingest.import_pictures(source, wiki, **options)


async def titles(connection: Any) -> set[str]:
    return {title for _, title in await stored(connection, "shelf")}


async def test_one_picture_on_many_pages_is_loaded_once(
    ingest: IngestService, connection: Any
) -> None:
    pictures: dict[str, bytes | Unreadable] = {str(n): small(n) for n in range(7)}
    shown = [(str(n % 7), f"Page_{n}") for n in range(2 * BATCH + 100)]
    shelf = Shelf(pictures, shown)
    seen: list[int] = []

    def on_progress(report: ImportReport, _stage: Stage) -> None:
        seen.append(report.seen)

    report = await run(ingest, shelf, on_progress=on_progress)
    assert (report.added, report.known, report.skipped.total()) == (len(shown), 0, 0)
    assert set(shelf.loaded.values()) == {1}
    assert seen == [BATCH, 2 * BATCH, 2 * BATCH + 100]
    assert await titles(connection) == {page for _, page in shown}
    images = await connection.fetchval("SELECT count(*) FROM images")
    assert images == 7

    again = await run(ingest, Shelf(pictures, shown))
    assert (again.added, again.known) == (0, len(shown))


async def test_batches_that_share_pictures_do_not_get_into_each_others_way(
    ingest: IngestService, connection: Any
) -> None:
    """Some pictures are on every page, so batches that are read at once ask for the same."""
    pictures: dict[str, bytes | Unreadable] = {str(n): small(n) for n in range(60)}
    shown = [(str(n % 60 if n % 2 else n % 3), f"Page_{n}") for n in range(700)]
    shelf = Shelf(pictures, shown, kind="urls")
    report = await run(ingest, shelf)
    assert (report.added, report.known, report.skipped.total()) == (len(shown), 0, 0)
    assert set(shelf.loaded.values()) == {1}
    assert await titles(connection) == {page for _, page in shown}


async def test_what_can_not_be_used_is_counted_and_the_rest_goes_in(
    ingest: IngestService, connection: Any
) -> None:
    pictures: dict[str, bytes | Unreadable] = {
        "good": png(1),
        "broken": png(2)[:200],
        "blank": encode(draw(3).point(lambda _: 255)),
        "gone": GONE,
        "also good": png(4),
    }
    shown = [
        ("good", "A"),
        ("broken", "B"),
        (None, "nothing"),
        ("blank", "C"),
        ("gone", "D"),
        ("broken", "E"),
        ("also good", "x" * 600),
        ("also good", "F"),
    ]
    report = await run(ingest, Shelf(pictures, shown))
    assert (report.added, report.known) == (2, 0)
    assert await titles(connection) == {"A", "F"}
    assert report.skipped.total() == 6
    assert report.skipped["an empty place"] == report.skipped[TOO_PLAIN] == 1
    assert report.examples["an empty place"] == ["nothing"]
    assert sorted(report.skipped.values()) == [1, 1, 1, 3]


async def test_an_import_that_was_stopped_goes_on_with_its_counts(
    ingest: IngestService, connection: Any
) -> None:
    pictures: dict[str, bytes | Unreadable] = {str(n): small(n) for n in range(BATCH)}
    pictures["0"] = GONE
    shown = [(str(n % BATCH), f"Page_{n}") for n in range(2 * BATCH + 50)]
    with pytest.raises(DownloadFailedError, match="fell over"):
        await run(ingest, Shelf(pictures, shown, fails_after=2 * BATCH - 1))
    # All that came before, though the last batch is not full.
    before = {page for key, page in shown[: 2 * BATCH - 1] if key != "0"}
    assert await titles(connection) == before

    shelf = Shelf(pictures, shown)
    report = await run(ingest, shelf)
    assert report.resumed
    assert (report.added, report.known) == (len(shown) - 3, 0)
    assert report.skipped.total() == 3
    assert not shelf.loaded
    assert await connection.fetchval("SELECT count(*) FROM import_pictures") == 0

    over = Shelf(pictures, shown)
    report = await run(ingest, over, start_over=True)
    assert not report.resumed
    assert (report.added, report.known) == (0, len(shown) - 3)


async def looks(connection: Any) -> dict[str, bytes | None]:
    """The looks of the pictures that are stored, by file."""
    return dict(await connection.fetch("SELECT file, look FROM images"))


async def test_looks_are_stored_also_of_what_was_read_before_a_stop(
    ingest: IngestService, workers: Workers, connection: Any
) -> None:
    pictures: dict[str, bytes | Unreadable] = {str(n): small(n) for n in range(BATCH)}
    shown = [(str(n % BATCH), f"Page_{n}") for n in range(2 * BATCH)]
    with pytest.raises(DownloadFailedError, match="fell over"):
        await run(ingest, Shelf(pictures, shown, fails_after=BATCH))
    kept = await connection.fetchval("SELECT count(*) FROM import_pictures WHERE look IS NULL")
    assert kept == 0
    # What stored them is gone; only the notes of the import know the looks.
    await connection.execute("UPDATE images SET look = NULL")
    shelf = Shelf(pictures, shown)
    await run(ingest, shelf)
    assert not shelf.loaded
    read = await workers.fingerprint_many([small(n) for n in range(BATCH)])
    assert await looks(connection) == {
        f"{n}.png": picture.look
        for n, picture in enumerate(read)
        if isinstance(picture, Fingerprint)
    }


async def test_importing_again_gives_old_pictures_their_looks(
    ingest: IngestService, connection: Any
) -> None:
    pictures: dict[str, bytes | Unreadable] = {str(n): small(n) for n in range(9)}
    shown = [(str(n % 9), f"Page_{n}") for n in range(20)]
    await run(ingest, Shelf(pictures, shown))
    before = await looks(connection)
    assert len(before) == 9
    assert None not in before.values()
    # As a version left them that knew no looks.
    await connection.execute("UPDATE images SET look = NULL")
    again = await run(ingest, Shelf(pictures, shown))
    assert (again.added, again.known) == (0, len(shown))
    assert await looks(connection) == before


async def test_a_source_that_fails_while_it_loads_fails_as_a_whole(
    ingest: IngestService, connection: Any
) -> None:
    class Falling(Shelf):
        async def load(self, pictures: Sequence[SourcePicture]) -> Sequence[bytes | Unreadable]:
            if "60" in {picture.key for picture in pictures}:
                raise DownloadFailedError("The shelf fell over.")
            return await super().load(pictures)

    pictures: dict[str, bytes | Unreadable] = {str(n): small(n) for n in range(200)}
    shown = [(str(n), f"Page_{n}") for n in range(200)]
    with pytest.raises(DownloadFailedError):
        await run(ingest, Falling(pictures, shown, kind="urls"))
    # What has to be waited for is stored in smaller batches.
    assert len(await titles(connection)) == BATCH_OF_DOWNLOADS
    assert (await run(ingest, Shelf(pictures, shown, kind="urls"))).resumed
    assert len(await titles(connection)) == 200


async def test_small_pictures_travel_together_and_large_ones_alone(ingest: IngestService) -> None:
    large = encode(draw(1, (1100, 1000)), "BMP")
    assert len(large) > GROUP_BYTES
    pictures: dict[str, bytes | Unreadable] = {str(n): large + bytes([n]) for n in range(40)}
    shelf = Shelf(pictures, [(str(n), "A") for n in range(40)], kind="urls")
    await run(ingest, shelf)
    # Those before it is known how large they are, and then one at a time.
    assert shelf.groups[-1] == 1
    assert len(shelf.groups) >= 28
    more = Shelf(
        {str(n): small(n) for n in range(3 * BATCH)},
        [(str(n), "A") for n in range(3 * BATCH)],
    )
    await run(ingest, more)
    assert max(more.groups) == MOST_IN_GROUP


async def test_an_update_removes_what_is_gone_and_nothing_else(
    ingest: IngestService, database: Database, connection: Any
) -> None:
    pictures: dict[str, bytes | Unreadable] = {str(n): small(n) for n in range(6)}
    old = [("0", "A"), ("0", "B"), ("1", "B"), ("2", "C"), ("3", "D")]
    await run(ingest, Shelf(pictures, old))
    wiki = await ingest.wiki_collection("shelf")
    await database.store.add(wiki.id, [NewAppearance(77 << 30, 5, None, "By_hand")], Actor(1))
    other = await ingest.wiki_collection("other")
    await database.store.add(other.id, [NewAppearance(78 << 30, 5, None, "Elsewhere")], Actor(1))

    new = [("0", "A"), ("1", "B"), ("1", "E"), ("4", "F")]
    with pytest.raises(DownloadFailedError):
        await run(ingest, Shelf(pictures, new, fails_after=3), update=True)
    assert await titles(connection) == {"A", "B", "C", "D", "E", "By_hand"}

    report = await run(ingest, Shelf(pictures, new), update=True)
    assert report.resumed
    assert (report.added, report.known) == (2, 2)
    assert (report.removed_images, report.removed_appearances) == (2, 3)
    assert await titles(connection) == {"A", "B", "E", "F", "By_hand"}
    assert await stored(connection, "other") == {(78 << 30, "Elsewhere")}
    assert await connection.fetchval("SELECT count(*) FROM import_seen") == 0

    again = await run(ingest, Shelf(pictures, new), update=True)
    assert (again.added, again.known, again.removed_appearances) == (0, 4, 0)
    with pytest.raises(ConfigurationError, match="nothing was removed"):
        await run(ingest, Shelf(pictures, []), update=True)
    assert len(await titles(connection)) == 5
