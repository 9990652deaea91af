"""The store does the same on every kind of server: with the extension, and without."""

import asyncio
from datetime import date

import pytest

from bot.errors import NotAllowedError, NotFoundError
from db import Database
from db.records import DENSITY_RADIUS, Collection, NearFound, NewAppearance, PageRow
from db.store import Store
from tests.contract.checks import MODERATOR, TEMPLATE, counted, near, stats_of

# Collections


async def test_operators_are_told(opened: Database, request: pytest.FixtureRequest) -> None:
    info = await opened.info()
    # Nobody knows what is installed on the system's server.
    there = info.extension_available is not None
    expected = "extension" if there and "[standin]" not in request.node.name else "standin"
    assert info.operators == expected
    assert (info.extension_version is not None) == (expected == "extension")
    assert not info.embedded


async def test_ensure_wiki_is_idempotent(kept: Store, wiki: Collection) -> None:
    again = await kept.ensure_wiki("enwiki", TEMPLATE)
    assert again == wiki
    assert again.as_of == date(2026, 1, 31)
    newer = await kept.ensure_wiki("enwiki", "https://x/{title}", date(2026, 2, 28))
    assert (newer.id, newer.as_of) == (wiki.id, date(2026, 2, 28))
    assert newer.page_url_template == "https://x/{title}"
    assert await kept.collection_named("enwiki") == newer
    assert await kept.collection_named("dewiki") is None


async def test_wiki_name_may_not_look_like_a_server(kept: Store, ours: Collection) -> None:
    with pytest.raises(NotAllowedError, match="server-"):
        await kept.ensure_wiki(ours.name, TEMPLATE)


async def test_collections_of_a_server(
    kept: Store, wiki: Collection, ours: Collection, theirs: Collection
) -> None:
    assert await kept.collections(70) == (wiki, ours)
    assert await kept.collections(99) == (wiki,)
    assert await kept.collections(None) == (wiki,)
    assert set(await kept.all_collections()) == {wiki, ours, theirs}
    assert (ours.name, ours.kind, ours.guild_id) == ("server-70", "server", 70)


async def test_server_is_made_once_by_many(kept: Store) -> None:
    made = await asyncio.gather(*(kept.ensure_server(5, TEMPLATE) for _ in range(8)))
    assert len(set(made)) == 1


# Pages


async def test_pages_of_are_bounded_for_each_picture(kept: Store, wiki: Collection) -> None:
    await kept.add_many(
        wiki.id,
        [NewAppearance(1, None, None, f"Page {n:03}") for n in range(30)]
        + [NewAppearance(2, None, None, "Page 007", "https://elsewhere/7")],
    )
    one, two = (await near(kept, [wiki.id], 1, 64)).candidates
    assert (one.page_count, two.page_count) == (30, 1)
    pages = await kept.pages_of([one.image_id, two.image_id, 999], [wiki.id], limit_each=4)
    assert [page.title for page in pages[one.image_id]] == [f"Page {n:03}" for n in range(4)]
    assert [(page.title, page.url) for page in pages[two.image_id]] == [
        ("Page 007", "https://elsewhere/7")
    ]
    assert 999 not in pages

    seen: list[PageRow] = []
    while rows := await kept.pages(
        one.image_id, [wiki.id], after=seen[-1].id if seen else 0, limit=11
    ):
        assert len(rows) <= 11
        seen.extend(rows)
    assert [page.title for page in seen] == [f"Page {n:03}" for n in range(30)]


# One server never sees another's


async def test_servers_are_apart(
    kept: Store, url: str, ours: Collection, theirs: Collection
) -> None:
    same = NewAppearance(1, 1, "a", "Secret")
    (mine,) = await kept.add(ours.id, [same], MODERATOR)
    (other,) = await kept.add(theirs.id, [same], MODERATOR)
    assert mine.image_id != other.image_id
    found = await near(kept, [ours.id], 1, 64)
    assert [c.image_id for c in found.candidates] == [mine.image_id]
    assert (found.within, found.images) == ((1,), 1)
    assert await near(kept, [], 1, 64) == NearFound((), (0,), (DENSITY_RADIUS,), 0)
    assert await kept.image(other.image_id, [ours.id]) is None
    assert await kept.pages(other.image_id, [ours.id]) == ()
    assert await kept.pages_of([mine.image_id, other.image_id], [ours.id]) == {
        mine.image_id: await kept.pages(mine.image_id, [ours.id])
    }
    assert [line.image_id for line in await kept.listing(ours.id)] == [mine.image_id]
    with pytest.raises(NotFoundError):
        await kept.remove(ours.id, other.image_id, MODERATOR)
    await kept.undo(ours.id, MODERATOR)
    assert await counted(url, theirs) == (1, 1, 1) == await stats_of(kept, theirs)
    assert [line.collection_id for line in await kept.additions(theirs.id)] == [theirs.id]


# Listing


async def test_listing_is_newest_first_by_key(kept: Store, ours: Collection) -> None:
    added = await kept.add(
        ours.id, [NewAppearance(n, n, f"{n}.png", f"Page {n}") for n in range(7)], MODERATOR
    )
    first = await kept.listing(ours.id, limit=5)
    second = await kept.listing(ours.id, after=first[-1].image_id, limit=5)
    assert [line.image_id for line in (*first, *second)] == [a.image_id for a in reversed(added)]
    assert (first[0].file, first[0].titles, first[0].added_by) == ("6.png", ("Page 6",), 7)
    assert first[0].created_at.tzinfo is not None


async def test_listing_shows_three_titles(kept: Store, ours: Collection) -> None:
    await kept.add_many(ours.id, [NewAppearance(1, 1, None, f"Page {n}") for n in range(9)])
    (line,) = await kept.listing(ours.id)
    assert (line.titles, line.page_count, line.added_by, line.file) == (
        ("Page 0", "Page 1", "Page 2"),
        9,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("CAT", {"cat.png", "b.png"}),
        ("100%", {"100%.png"}),
        ("a_b", {"a_b.png"}),
        ("\\", {"back\\slash.png"}),
        ("%", {"100%.png"}),
        ("_", {"a_b.png", "b.png", "peak.png"}),
        ("a cat", {"b.png"}),
        ("a_cat", {"b.png"}),
        ("mount ever", {"peak.png"}),
        ("nowhere", set()),
        ("'; DROP TABLE images; --", set()),
    ],
)
async def test_listing_searches_literally(
    kept: Store, ours: Collection, search: str, expected: set[str]
) -> None:
    """But for underscores, which stand for spaces."""
    await kept.add_many(
        ours.id,
        [
            NewAppearance(1, 1, "cat.png", "Felis"),
            NewAppearance(2, 2, "b.png", "A Cat"),
            NewAppearance(3, 3, "100%.png", "Percent"),
            NewAppearance(4, 4, "a_b.png", "Underscore"),
            NewAppearance(5, 5, "axb.png", "1000"),
            NewAppearance(6, 6, "back\\slash.png", "Backslash"),
            NewAppearance(7, 7, "peak.png", "Mount_Everest"),
        ],
    )
    assert {line.file for line in await kept.listing(ours.id, search=search)} == expected


async def test_ids_that_no_id_can_be(kept: Store, wiki: Collection) -> None:
    for number in (0, -1, 2**31, 2**63, 10**30):
        assert await kept.image(number, [wiki.id]) is None
        assert await kept.pages(number, [wiki.id]) == ()
        assert await kept.pages_of([number], [wiki.id]) == {}
        assert await near(kept, [number], 0, 3) == NearFound((), (0,), (3,), 0)
        assert await kept.stats([number]) == ()
