"""Adding, removing and undoing, on every kind of server."""

import asyncio
import random

import pytest

from bot.errors import NotFoundError
from db.records import Actor, Collection, NewAppearance
from db.store import Store
from tests.contract.checks import MODERATOR, counted, shrunk_to_nothing, stats_of


async def test_add_is_told_counted_and_audited(kept: Store, url: str, ours: Collection) -> None:
    cat = NewAppearance(1, 10, "cat.png", "Cat")
    dog = NewAppearance(2, 20, "dog.png", "Dog", "https://dogs/1")
    added = await kept.add(ours.id, [cat, dog, cat], MODERATOR)
    assert [(a.appearance, a.new) for a in added] == [(cat, True), (dog, True), (cat, False)]
    assert added[0].image_id == added[2].image_id != added[1].image_id
    assert (await stats_of(kept, ours)) == (2, 2, 2) == (await counted(url, ours))

    (again,) = await kept.add(ours.id, [dog], MODERATOR)
    assert not again.new
    lines = await kept.additions(ours.id)
    assert [(line.action, line.title, line.user_id) for line in lines] == [
        ("add", "Dog", 7),
        ("add", "Cat", 7),
    ]
    assert await kept.additions(ours.id, before=lines[0].id) == lines[1:]
    assert lines[0].undone_at is None

    image = await kept.image(added[1].image_id, [ours.id])
    assert image is not None
    assert (image.dhash, image.phash, image.file, image.distance) == (2, 20, "dog.png", 0)


async def test_pictures_differ_by_hashes_and_file(kept: Store, wiki: Collection) -> None:
    appearances = [
        NewAppearance(dhash, phash, file, "Same page")
        for dhash in (1, 2)
        for phash in (None, 0, 1)
        for file in (None, "a", "b")
    ]
    assert await kept.add_many(wiki.id, appearances + appearances) == 18
    assert await kept.add_many(wiki.id, appearances) == 0
    assert await stats_of(kept, wiki) == (18, 1, 18)


async def test_pages_differ_by_title_and_url(kept: Store, url: str, wiki: Collection) -> None:
    appearances = [
        NewAppearance(1, None, None, title, address)
        for title in ("A", "B", "a")
        for address in (None, "https://x/1", "https://x/2")
    ]
    assert await kept.add_many(wiki.id, appearances + appearances) == 9
    assert await kept.add_many(wiki.id, [*appearances, NewAppearance(2, 2, None, "A")]) == 1
    assert await stats_of(kept, wiki) == (2, 9, 10) == await counted(url, wiki)


async def test_import_in_overlapping_batches(kept: Store, url: str, wiki: Collection) -> None:
    dice = random.Random(5)
    rows = [
        NewAppearance(dice.randint(0, 60), dice.choice([None, 1]), None, f"T{dice.randint(0, 99)}")
        for _ in range(2000)
    ]
    new = [await kept.add_many(wiki.id, rows[start : start + 500]) for start in range(0, 2000, 250)]
    different = len(set(rows))
    assert sum(new) == different
    assert (await counted(url, wiki)) == await stats_of(kept, wiki)
    assert (await counted(url, wiki))[2] == different


async def test_concurrent_adds_of_one_picture(kept: Store, url: str, ours: Collection) -> None:
    same = NewAppearance(9, 9, "same.png", "Same")
    others = [NewAppearance(9, 9, "same.png", f"Page {n}") for n in range(6)]
    results = await asyncio.gather(
        *(kept.add(ours.id, [other, same], MODERATOR) for other in others),
        *(kept.add(ours.id, [same], MODERATOR) for _ in range(6)),
    )
    flat = [added for result in results for added in result]
    assert len({added.image_id for added in flat}) == 1
    assert sum(added.new for added in flat if added.appearance == same) == 1
    assert await counted(url, ours) == (1, 7, 7) == await stats_of(kept, ours)


async def test_remove_takes_the_picture_and_its_lonely_pages(
    kept: Store, url: str, ours: Collection
) -> None:
    added = await kept.add(
        ours.id,
        [
            NewAppearance(1, 1, "a", "Shared"),
            NewAppearance(1, 1, "a", "Alone"),
            NewAppearance(2, 2, "b", "Shared"),
        ],
        MODERATOR,
    )
    removed = await kept.remove(ours.id, added[0].image_id, Actor(8))
    assert [(line.action, line.title, line.user_id) for line in removed] == [
        ("remove", "Shared", 8),
        ("remove", "Alone", 8),
    ]
    assert await counted(url, ours) == (1, 1, 1) == await stats_of(kept, ours)
    assert await kept.image(added[0].image_id, [ours.id]) is None
    with pytest.raises(NotFoundError, match="no picture"):
        await kept.remove(ours.id, added[0].image_id, MODERATOR)


async def test_undo_walks_back_through_the_steps(kept: Store, url: str, ours: Collection) -> None:
    await kept.add(ours.id, [NewAppearance(1, 1, "a", "One")], MODERATOR)
    (second,) = await kept.add(ours.id, [NewAppearance(1, 1, "a", "Two")], MODERATOR)
    await kept.remove(ours.id, second.image_id, Actor(8))
    assert await shrunk_to_nothing(kept, ours)

    restored = await kept.undo(ours.id, Actor(9))
    assert [(line.action, line.title) for line in restored] == [
        ("remove", "One"),
        ("remove", "Two"),
    ]
    assert all(line.undone_at is not None for line in restored)
    assert {(line.user_id, line.undone_by) for line in restored} == {(8, 9)}
    (newest, *_) = await kept.additions(ours.id, limit=1)
    assert newest == restored[-1]
    assert await counted(url, ours) == (1, 2, 2) == await stats_of(kept, ours)
    assert await kept.image(restored[0].image_id, [ours.id]) is not None

    (undone,) = await kept.undo(ours.id, MODERATOR)
    assert (undone.action, undone.title) == ("add", "Two")
    assert await counted(url, ours) == (1, 1, 1) == await stats_of(kept, ours)

    await kept.undo(ours.id, MODERATOR)
    assert await shrunk_to_nothing(kept, ours)
    assert await counted(url, ours) == (0, 0, 0)
    with pytest.raises(NotFoundError, match="nothing to undo"):
        await kept.undo(ours.id, MODERATOR)
    assert all(line.undone_at is not None for line in await kept.additions(ours.id))


async def test_undo_of_what_one_message_asked_for(kept: Store, ours: Collection) -> None:
    await kept.add(ours.id, [NewAppearance(1, 1, "a", "One")], Actor(7, message_id=1))
    await kept.add(ours.id, [NewAppearance(2, 2, "b", "Two")], Actor(7, message_id=2))
    (undone,) = await kept.undo(ours.id, MODERATOR, message_id=1)
    assert undone.title == "One"
    with pytest.raises(NotFoundError, match="undone already"):
        await kept.undo(ours.id, MODERATOR, message_id=1)
    assert await stats_of(kept, ours) == (1, 1, 1)


async def test_undo_leaves_what_an_import_brought(kept: Store, url: str, ours: Collection) -> None:
    await kept.add_many(ours.id, [NewAppearance(1, 1, "a", "Imported")])
    await kept.add(
        ours.id,
        [NewAppearance(1, 1, "a", "Imported"), NewAppearance(1, 1, "a", "Added")],
        MODERATOR,
    )
    await kept.undo(ours.id, MODERATOR)
    assert await counted(url, ours) == (1, 1, 1) == await stats_of(kept, ours)


async def test_undo_of_an_add_that_is_gone_already(kept: Store, url: str, ours: Collection) -> None:
    (first,) = await kept.add(ours.id, [NewAppearance(1, 1, "a", "One")], Actor(7, message_id=1))
    await kept.remove(ours.id, first.image_id, Actor(7, message_id=2))
    (undone,) = await kept.undo(ours.id, MODERATOR, message_id=1)
    assert (undone.action, undone.image_id) == ("add", first.image_id)
    assert await counted(url, ours) == (0, 0, 0) == await stats_of(kept, ours)


async def test_undo_of_a_removal_that_came_back_already(
    kept: Store, url: str, ours: Collection
) -> None:
    one = NewAppearance(1, 1, "a", "One")
    await kept.add_many(ours.id, [one])
    (line,) = await kept.listing(ours.id)
    await kept.remove(ours.id, line.image_id, MODERATOR)
    await kept.add_many(ours.id, [one])
    await kept.undo(ours.id, MODERATOR)
    assert await counted(url, ours) == (1, 1, 1) == await stats_of(kept, ours)


async def test_writing_to_no_collection(kept: Store) -> None:
    with pytest.raises(NotFoundError, match="no such collection"):
        await kept.add(4711, [NewAppearance(1, 1, "a", "One")], MODERATOR)
    with pytest.raises(NotFoundError, match="no such collection"):
        await kept.undo(2**70, MODERATOR)


async def test_nothing_to_add(kept: Store, ours: Collection) -> None:
    assert await kept.add(ours.id, [], MODERATOR) == ()
    assert await kept.add_many(ours.id, []) == 0
    assert await kept.additions(ours.id) == ()
