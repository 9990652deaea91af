"""Second looks: stored with pictures, completed, and brought back, on every kind of server."""

import pytest

from db.records import MAX_LOOK_BYTES, Collection, NewAppearance
from db.store import Store
from tests.contract.checks import MODERATOR, near

LOOK = bytes(range(45))
OTHER = bytes(range(100, 145))


async def look_of(store: Store, collection: Collection, image_id: int) -> bytes | None:
    """A picture's look."""
    image = await store.image(image_id, [collection.id])
    assert image is not None
    return image.look


def with_look(look: bytes | None, title: str = "Page", phash: int | None = 1) -> NewAppearance:
    return NewAppearance(1, phash, "a.png", title, look=look)


async def test_a_search_gives_the_look(kept: Store, wiki: Collection) -> None:
    await kept.add_many(
        wiki.id,
        [
            with_look(LOOK),
            NewAppearance(3, 1, "b.png", "Page", look=OTHER),
            NewAppearance(7, 1, "without.png", "Page"),
        ],
    )
    found = await near(kept, [wiki.id], 1, 4)
    assert {c.file: c.look for c in found.candidates} == {
        "a.png": LOOK,
        "b.png": OTHER,
        "without.png": None,
    }


async def test_the_first_look_of_a_new_picture_counts(kept: Store, wiki: Collection) -> None:
    await kept.add_many(
        wiki.id, [with_look(None), with_look(LOOK, "Two"), with_look(OTHER, "Three")]
    )
    (line,) = await kept.listing(wiki.id)
    assert await look_of(kept, wiki, line.image_id) == LOOK


@pytest.mark.parametrize("title", ["Page", "Another"])
async def test_a_missing_look_is_filled_in(kept: Store, ours: Collection, title: str) -> None:
    """Whether the picture is met on a new page or on one that is known."""
    (first,) = await kept.add(ours.id, [with_look(None)], MODERATOR)
    assert await look_of(kept, ours, first.image_id) is None
    (second,) = await kept.add(ours.id, [with_look(LOOK, title)], MODERATOR)
    assert second.image_id == first.image_id
    assert second.new == (title == "Another")
    assert await look_of(kept, ours, first.image_id) == LOOK


async def test_an_import_fills_in_what_is_missing(kept: Store, wiki: Collection) -> None:
    await kept.add_many(wiki.id, [with_look(None), NewAppearance(2, 2, None, "Page")])
    assert await kept.add_many(wiki.id, [with_look(LOOK), with_look(OTHER)]) == 0
    looks = {c.dhash: c.look for c in (await near(kept, [wiki.id], 1, 64)).candidates}
    assert looks == {1: LOOK, 2: None}


async def test_only_the_same_picture_is_completed(
    kept: Store, ours: Collection, theirs: Collection
) -> None:
    """Both hashes and the file must agree, and the collection."""
    rows = [
        with_look(None),
        with_look(None, phash=2),
        with_look(None, phash=None),
        NewAppearance(1, 1, "b.png", "Page"),
        NewAppearance(1, 1, None, "Page"),
        NewAppearance(2, 1, "a.png", "Page"),
    ]
    for collection in (ours, theirs):
        await kept.add_many(collection.id, rows)
    await kept.add(ours.id, [with_look(LOOK, "Another")], MODERATOR)
    found = (await near(kept, [ours.id, theirs.id], 1, 64)).candidates
    assert len(found) == 2 * len(rows)
    assert [(c.collection_id, c.dhash, c.phash, c.file) for c in found if c.look is not None] == [
        (ours.id, 1, 1, "a.png")
    ]


async def test_a_look_that_is_there_stays(kept: Store, ours: Collection) -> None:
    (first,) = await kept.add(ours.id, [with_look(LOOK)], MODERATOR)
    await kept.add(ours.id, [with_look(OTHER, "Two"), with_look(None, "Three")], MODERATOR)
    assert await look_of(kept, ours, first.image_id) == LOOK


async def test_undo_of_a_removal_restores_the_look(kept: Store, ours: Collection) -> None:
    (added,) = await kept.add(ours.id, [with_look(LOOK)], MODERATOR)
    await kept.add(ours.id, [with_look(None, "Another")], MODERATOR)
    await kept.remove(ours.id, added.image_id, MODERATOR)
    assert await kept.image(added.image_id, [ours.id]) is None
    restored = await kept.undo(ours.id, MODERATOR)
    assert {line.title for line in restored} == {"Page", "Another"}
    assert await look_of(kept, ours, restored[0].image_id) == LOOK


async def test_undo_of_a_removal_completes_what_came_back(kept: Store, ours: Collection) -> None:
    (added,) = await kept.add(ours.id, [with_look(LOOK)], MODERATOR)
    await kept.remove(ours.id, added.image_id, MODERATOR)
    await kept.add_many(ours.id, [with_look(None)])
    (restored,) = await kept.undo(ours.id, MODERATOR)
    assert await look_of(kept, ours, restored.image_id) == LOOK


@pytest.mark.parametrize("size", [0, MAX_LOOK_BYTES + 1])
def test_a_look_has_bounds(size: int) -> None:
    with pytest.raises(ValueError, match="look"):
        with_look(bytes(size))
