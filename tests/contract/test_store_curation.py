"""Merging, renaming, exporting and pairs kept apart, on every kind of server."""

from dataclasses import replace

import pytest

from bot.errors import NotFoundError
from db import Database
from db.curation import CurationStore
from db.records import Actor, Collection, ExportRow, NewAppearance, Renaming
from db.store import Store
from tests.contract.checks import MODERATOR, counted, shrunk_to_nothing, stats_of

LOOK = bytes(range(45))

CAT = NewAppearance(-1, 10, "cat.png", "Cat", look=LOOK)
KITTEN = NewAppearance(-2, 11, "kitten.png", "Kitten", "https://cats/1")


@pytest.fixture
def curation(opened: Database) -> CurationStore:
    return opened.curation


async def add(store: Store, collection: Collection, *new: NewAppearance) -> list[int]:
    return [added.image_id for added in await store.add(collection.id, new, MODERATOR)]


async def everything(curation: CurationStore, collection: Collection) -> list[tuple[object, ...]]:
    """All that a collection holds, without its ids and times."""
    rows = await curation.rows(collection.id)
    return sorted(
        (row.dhash, row.phash or 0, row.look or b"", row.file or "", row.title, row.url or "")
        for row in rows
    )


# Merging


async def test_merging_moves_the_pages_and_is_one_step(
    kept: Store, curation: CurationStore, url: str, ours: Collection
) -> None:
    cat, kitten, _, _ = await add(
        kept, ours, CAT, KITTEN, replace(KITTEN, title="Cat", url=None), replace(CAT, title="Pet")
    )
    before = await everything(curation, ours)
    lines = await curation.merge(ours.id, kitten, cat, Actor(8, 70, 700, 7001))
    assert [(line.action, line.image_id, line.title) for line in lines] == [
        ("add", cat, "Kitten"),
        ("remove", kitten, "Cat"),
        ("remove", kitten, "Kitten"),
    ]
    assert {(line.purpose, line.user_id) for line in lines} == {("merge", 8)}
    assert await everything(curation, ours) == sorted(
        (-1, 10, LOOK, "cat.png", title, address)
        for title, address in (("Cat", ""), ("Pet", ""), ("Kitten", "https://cats/1"))
    )
    assert await counted(url, ours) == (1, 3, 3) == await stats_of(kept, ours)

    undone = await kept.undo(ours.id, Actor(9), message_id=7001)
    assert sorted(line.id for line in undone) == sorted(line.id for line in lines)
    assert {line.undone_by for line in undone} == {9}
    assert await everything(curation, ours) == before
    assert await counted(url, ours) == (2, 3, 4) == await stats_of(kept, ours)
    with pytest.raises(NotFoundError, match="undone already"):
        await kept.undo(ours.id, MODERATOR, message_id=7001)


async def test_merging_what_is_on_the_same_page(
    kept: Store, curation: CurationStore, url: str, ours: Collection
) -> None:
    cat, kitten = await add(kept, ours, CAT, replace(KITTEN, title="Cat", url=None))
    (line,) = await curation.merge(ours.id, kitten, cat, MODERATOR)
    assert (line.action, line.image_id, line.title) == ("remove", kitten, "Cat")
    assert await counted(url, ours) == (1, 1, 1) == await stats_of(kept, ours)
    await kept.undo(ours.id, MODERATOR)
    assert await counted(url, ours) == (2, 1, 2) == await stats_of(kept, ours)


async def test_merging_takes_two_pictures_of_one_collection(
    kept: Store, curation: CurationStore, url: str, ours: Collection, theirs: Collection
) -> None:
    (cat,) = await add(kept, ours, CAT)
    (other,) = await add(kept, theirs, KITTEN)
    for image_id, into in ((cat, other), (other, cat), (cat, cat), (cat, 2**70), (-1, cat)):
        for collection in (ours, theirs):
            with pytest.raises(NotFoundError):
                await curation.merge(collection.id, image_id, into, MODERATOR)
    assert await counted(url, ours) == (1, 1, 1) == await counted(url, theirs)
    assert len(await kept.additions(ours.id)) == 1


async def test_undoing_a_merge_keeps_what_was_added_since(
    kept: Store, curation: CurationStore, url: str, ours: Collection
) -> None:
    cat, kitten = await add(kept, ours, CAT, KITTEN)
    await curation.merge(ours.id, kitten, cat, Actor(8, message_id=5))
    await add(kept, ours, replace(CAT, title="Later"))
    await kept.undo(ours.id, MODERATOR, message_id=5)
    assert {row[4] for row in await everything(curation, ours)} == {"Cat", "Kitten", "Later"}
    assert await counted(url, ours) == (2, 3, 3) == await stats_of(kept, ours)


# Renaming


@pytest.mark.parametrize(
    ("renaming", "expected"),
    [
        (Renaming("Cat", None, "Felis", None), {("Felis", None), ("Felis", "https://a/1")}),
        (Renaming("Cat", "https://a/1", "Felis", None), {("Cat", None), ("Felis", "https://a/1")}),
        (Renaming("Cat", None, "Felis", "https://b"), {("Felis", "https://b")}),
        (Renaming("Cat", None, "Cat", "https://a/1"), {("Cat", "https://a/1")}),
        (Renaming("Cat", None, "Felis", None, forget_url=True), {("Felis", None)}),
        (Renaming("Cat", None, "Cat", None, forget_url=True), {("Cat", None)}),
    ],
)
async def test_renaming_a_page(
    kept: Store,
    curation: CurationStore,
    url: str,
    ours: Collection,
    renaming: Renaming,
    expected: set[tuple[str, str | None]],
) -> None:
    await add(kept, ours, CAT, replace(CAT, url="https://a/1"), replace(KITTEN, title="Cat"))
    await add(kept, ours, replace(KITTEN, title="Other"))
    before = await everything(curation, ours)
    renaming = replace(renaming, image_id=(await curation.rows(ours.id))[0].image_id)
    lines = await curation.rename(ours.id, renaming, MODERATOR)
    assert {line.purpose for line in lines} == {"rename"}
    rows = await curation.rows(ours.id)
    assert {(row.title, row.url) for row in rows if row.dhash == CAT.dhash} == expected
    assert len([row for row in rows if row.dhash == KITTEN.dhash]) == 2
    assert await counted(url, ours) == await stats_of(kept, ours)
    await kept.undo(ours.id, MODERATOR)
    assert await everything(curation, ours) == before
    assert await counted(url, ours) == (2, 4, 4) == await stats_of(kept, ours)


async def test_renaming_on_every_picture(
    kept: Store, curation: CurationStore, url: str, ours: Collection, theirs: Collection
) -> None:
    ids = await add(kept, ours, CAT, replace(KITTEN, title="Cat", url=None))
    await add(kept, theirs, CAT)
    await curation.rename(ours.id, Renaming("Cat", None, "Felis", None), MODERATOR)
    assert [(row.image_id, row.title) for row in await curation.rows(ours.id)] == [
        (ids[0], "Felis"),
        (ids[1], "Felis"),
    ]
    assert [row.title for row in await curation.rows(theirs.id)] == ["Cat"]
    assert await counted(url, ours) == (2, 1, 2) == await stats_of(kept, ours)


async def test_nothing_to_rename(
    kept: Store, curation: CurationStore, ours: Collection, theirs: Collection
) -> None:
    await add(kept, ours, CAT)
    (other,) = await add(kept, theirs, KITTEN)
    for renaming in (
        Renaming("Dog", None, "Felis", None),
        Renaming("cat", None, "Felis", None),
        Renaming("Cat", None, "Cat", None),
        Renaming("Cat", "https://elsewhere", "Felis", None),
        Renaming("Cat", None, "Felis", None, image_id=other),
        Renaming("Kitten", None, "Felis", None, image_id=other),
        Renaming("Cat", None, "Felis", None, image_id=2**70),
    ):
        with pytest.raises(NotFoundError):
            await curation.rename(ours.id, renaming, MODERATOR)
    assert len(await kept.additions(ours.id)) == 1


# Leafing through


async def test_rows_come_in_pages(
    kept: Store, curation: CurationStore, ours: Collection, theirs: Collection
) -> None:
    for place in range(5):
        titles = [f"Page {number}" for number in range(place + 1)]
        new = replace(CAT, dhash=place, file=f"{place}.png")
        await add(kept, ours, *(replace(new, title=title) for title in titles))
        await add(kept, theirs, replace(new, title="Theirs"))
    whole = await curation.rows(ours.id)
    assert len(whole) == 15
    assert {row.title for row in whole} == {f"Page {number}" for number in range(5)}
    for limit in (1, 2, 3, 14, 15, 16):
        seen: list[ExportRow] = []
        while True:
            after = (seen[-1].image_id, seen[-1].page_id) if seen else (0, 0)
            rows = await curation.rows(ours.id, after=after, limit=limit)
            seen += rows
            if len(rows) < limit:
                break
        assert tuple(seen) == whole
    assert whole[0].look == LOOK
    assert whole[0].created_at.tzinfo is not None


async def test_walking_newest_first(
    kept: Store, curation: CurationStore, ours: Collection, theirs: Collection
) -> None:
    ids = [(await add(kept, ours, replace(CAT, dhash=place)))[0] for place in range(4)]
    (other,) = await add(kept, theirs, KITTEN)
    assert [c.image_id for c in await curation.walk(ours.id, upto=2**31 - 1, limit=3)] == [
        *reversed(ids[1:])
    ]
    (first, *_) = await curation.walk(ours.id, upto=ids[1], limit=9)
    assert (first.image_id, first.dhash, first.phash, first.look) == (ids[1], 1, 10, LOOK)
    assert await curation.walk(ours.id, upto=0, limit=9) == ()
    assert other not in {c.image_id for c in await curation.walk(ours.id, upto=other, limit=9)}


async def test_what_is_stored_of_pictures(
    kept: Store, curation: CurationStore, ours: Collection, theirs: Collection
) -> None:
    cat, kitten = await add(kept, ours, CAT, KITTEN)
    (other,) = await add(kept, theirs, CAT)
    found = await curation.stored(ours.id, [cat, kitten, other, 2**70])
    assert set(found) == {cat, kitten}
    assert (found[cat].file, found[cat].titles, found[cat].page_count) == ("cat.png", ("Cat",), 1)
    assert (found[cat].added_by, found[cat].guild_id) == (7, 70)
    assert (found[cat].channel_id, found[cat].message_id) == (700, 7000)
    # Who merged or renamed is not who added.
    await curation.merge(ours.id, kitten, cat, Actor(8))
    await curation.rename(ours.id, Renaming("Cat", None, "Felis", None), Actor(8))
    assert (await curation.stored(ours.id, [cat]))[cat].added_by == 7
    assert [line.added_by for line in await kept.listing(ours.id)] == [7]
    await kept.add_many(ours.id, [replace(CAT, file="imported.png")])
    (newest, *_) = await kept.listing(ours.id)
    stored = (await curation.stored(ours.id, [newest.image_id]))[newest.image_id]
    assert (stored.added_by, stored.message_id) == (None, None)


async def test_a_purpose_is_written_down(kept: Store, ours: Collection) -> None:
    await kept.add(ours.id, [CAT], MODERATOR, "import")
    await kept.add(ours.id, [KITTEN], MODERATOR)
    assert [line.purpose for line in await kept.additions(ours.id)] == [None, "import"]
    await kept.undo(ours.id, MODERATOR)
    (undone,) = await kept.undo(ours.id, MODERATOR)
    assert (undone.purpose, undone.title) == ("import", "Cat")
    assert await shrunk_to_nothing(kept, ours)


# Pairs kept apart


async def test_pairs_are_kept_apart_whatever_their_numbers(
    kept: Store, curation: CurationStore, ours: Collection, theirs: Collection
) -> None:
    await add(kept, ours, CAT, KITTEN, replace(CAT, file=None))
    nameless, kitten, cat = await curation.walk(ours.id, upto=2**31 - 1, limit=3)
    assert await curation.kept_apart(ours.id, []) == ()
    pairs = [(cat, kitten), (cat, nameless), (kitten, cat)]
    assert await curation.kept_apart(ours.id, pairs) == (False, False, False)
    for _ in range(2):
        await curation.keep_apart(ours.id, (cat, kitten))
    assert await curation.kept_apart(ours.id, pairs) == (True, False, True)
    assert await curation.kept_apart(theirs.id, pairs) == (False, False, False)
    # It is the same picture when it comes back with another number.
    await kept.remove(ours.id, cat.image_id, MODERATOR)
    await kept.undo(ours.id, MODERATOR)
    (again, *_) = await curation.walk(ours.id, upto=2**31 - 1, limit=1)
    assert again.image_id != cat.image_id
    assert await curation.kept_apart(ours.id, [(kitten, again)]) == (True,)
