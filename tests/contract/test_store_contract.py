"""The store does the same on every kind of server: with the extension, and without."""

import asyncio
import os
import pwd
import random
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot.errors import NotAllowedError, NotFoundError
from db import Database, open_database
from db.embedded import EmbeddedServer
from db.records import Actor, Candidate, Collection, NearQuery, NewAppearance, PageRow
from db.store import Store

TEMPLATE = "https://en.wikipedia.org/wiki/{title}"
MODERATOR = Actor(user_id=7, guild_id=70, channel_id=700, message_id=7000)
SYSTEM_BINARIES = Path("/usr/lib/postgresql/15/bin")

FreshDatabases = Callable[[], AbstractContextManager[str]]
DatabasesOn = Callable[[Mapping[str, Any]], FreshDatabases]


@pytest.fixture(scope="session")
def databases_standin(
    short_folders: Callable[[], Path], databases_on: DatabasesOn
) -> Iterator[FreshDatabases]:
    server = EmbeddedServer(short_folders(), print, settings={"fsync": "off"})
    server.start()
    yield databases_on(server.connect_options)
    server.stop()


@pytest.fixture(scope="session")
def databases_system(
    short_folders: Callable[[], Path], databases_on: DatabasesOn
) -> Iterator[FreshDatabases]:
    if not (SYSTEM_BINARIES / "initdb").exists():
        pytest.skip("no PostgreSQL 15 on this system")
    folder = short_folders()
    data = folder / "data"
    user: dict[str, Any] = {"cwd": "/"}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        user |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        shutil.chown(folder, nobody.pw_uid, nobody.pw_gid)

    def run(name: str, *arguments: object) -> None:
        command = [str(SYSTEM_BINARIES / name), "-D", str(data), *map(str, arguments)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **user)

    run("initdb", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
    settings = f"-k {folder} -c listen_addresses= -c fsync=off"
    run("pg_ctl", "start", "-w", "-l", folder / "log", "-o", settings)
    try:
        yield databases_on({"host": str(folder), "port": 5432, "user": "postgres"})
    finally:
        run("pg_ctl", "stop", "-w", "-m", "fast")


@pytest.fixture(params=["extension", "standin", "system 15"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    names = {
        "extension": "fresh_databases",
        "standin": "databases_standin",
        "system 15": "databases_system",
    }
    if request.param == "extension" and request.getfixturevalue("extension") is None:
        pytest.skip("the extension can't be built here")
    fresh: FreshDatabases = request.getfixturevalue(names[request.param])
    with fresh() as found:
        yield found


@pytest.fixture
async def opened(url: str, tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(url, tmp_path, pool_size=4) as database:
        yield database


@pytest.fixture
def kept(opened: Database) -> Store:
    return opened.store


@pytest.fixture
async def wiki(kept: Store) -> Collection:
    return await kept.ensure_wiki("enwiki", TEMPLATE, date(2026, 1, 31))


@pytest.fixture
async def ours(kept: Store) -> Collection:
    return await kept.ensure_server(70, TEMPLATE)


@pytest.fixture
async def theirs(kept: Store) -> Collection:
    return await kept.ensure_server(80, TEMPLATE)


def hamming(a: int, b: int) -> int:
    return ((a ^ b) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


def signed(bits: int) -> int:
    return bits - (1 << 64) if bits >= 1 << 63 else bits


def flipped(value: int, *bits: int) -> int:
    for bit in bits:
        value = signed((value & 0xFFFF_FFFF_FFFF_FFFF) ^ (1 << bit))
    return value


def exactly(dhash: int, radius: int, phash: int | None = None) -> NearQuery:
    return NearQuery(dhash, phash, radius, radius_phash=64, radius_unverified=64)


async def shrunk_to_nothing(store: Store, collection: Collection) -> bool:
    (stats,) = await store.stats([collection.id])
    return (stats.images, stats.pages, stats.appearances) == (0, 0, 0)


async def counted(url: str, collection: Collection) -> tuple[int, int, int]:
    """What is really there; and that every picture's page count is right."""
    connection = await asyncpg.connect(url)
    try:
        wrong = await connection.fetchval(
            "SELECT count(*) FROM images i WHERE page_count <>"
            " (SELECT count(*) FROM appearances a WHERE a.image_id = i.id)"
        )
        assert wrong == 0
        row = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM images WHERE collection_id = $1),"
            " (SELECT count(*) FROM pages WHERE collection_id = $1),"
            " (SELECT count(*) FROM appearances a JOIN images i ON i.id = a.image_id"
            "   WHERE i.collection_id = $1)",
            collection.id,
        )
    finally:
        await connection.close()
    return (row[0], row[1], row[2])


async def stats_of(store: Store, collection: Collection) -> tuple[int, int, int]:
    (stats,) = await store.stats([collection.id])
    return (stats.images, stats.pages, stats.appearances)


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


# Searching


async def test_near_equals_brute_force(kept: Store, wiki: Collection) -> None:
    dice = random.Random(3)
    centers = [signed(dice.getrandbits(64)) for _ in range(20)]
    hashes = {
        flipped(center, *dice.sample(range(64), dice.randint(0, 14)))
        for center in centers
        for _ in range(40)
    }
    await kept.add_many(wiki.id, [NewAppearance(h, None, None, "Page") for h in hashes])
    await kept.analyze()
    for radius in (0, 1, 3, 6, 9, 12, 64):
        query = dice.choice(centers)
        found = await kept.near(exactly(query, radius), [wiki.id], limit=10_000)
        expected = sorted(hamming(h, query) for h in hashes if hamming(h, query) <= radius)
        assert [c.distance for c in found] == expected
        assert {c.dhash for c in found} == {h for h in hashes if hamming(h, query) <= radius}
        assert [(c.distance, c.image_id) for c in found] == sorted(
            (c.distance, c.image_id) for c in found
        )


async def test_near_at_the_edges_of_64_bits(kept: Store, wiki: Collection) -> None:
    edges = [0, -1, 2**63 - 1, -(2**63), 1]
    await kept.add_many(wiki.id, [NewAppearance(h, None, None, "Edge") for h in edges])
    for query in edges:
        found = await kept.near(exactly(query, 64), [wiki.id], limit=10)
        assert {(c.dhash, c.distance) for c in found} == {(h, hamming(h, query)) for h in edges}


async def test_second_look(kept: Store, wiki: Collection) -> None:
    await kept.add_many(
        wiki.id,
        [
            NewAppearance(flipped(0, 1, 2, 3, 4, 5), 0, "confirmed", "P"),
            NewAppearance(flipped(0, 1, 2, 3, 4, 6), flipped(0, *range(17)), "denied", "P"),
            NewAppearance(flipped(0, 1, 2, 3, 4, 7), None, "unverified, far", "P"),
            NewAppearance(flipped(0, 1, 2, 3), None, "unverified, near", "P"),
            NewAppearance(flipped(0, 1, 2, 4), flipped(0, *range(30)), "denied, near", "P"),
        ],
    )

    async def files(query: NearQuery) -> set[str | None]:
        return {c.file for c in await kept.near(query, [wiki.id], limit=10)}

    both = NearQuery(0, 0, radius=12, radius_phash=16, radius_unverified=4)
    assert await files(both) == {"confirmed", "unverified, near", "denied, near"}
    without = NearQuery(0, None, radius=12, radius_phash=16, radius_unverified=4)
    assert await files(without) == {"unverified, near", "denied, near"}


async def test_near_pages_by_key(kept: Store, wiki: Collection) -> None:
    dice = random.Random(4)
    hashes = {flipped(0, *dice.sample(range(64), dice.randint(0, 5))) for _ in range(200)}
    await kept.add_many(
        wiki.id, [NewAppearance(h, None, f, "P") for h in hashes for f in ("a", "b")]
    )
    everything = await kept.near(exactly(0, 5), [wiki.id], limit=1000)
    paged: list[Candidate] = []
    after = None
    while page := await kept.near(exactly(0, 5), [wiki.id], limit=7, after=after):
        paged.extend(page)
        after = (page[-1].distance, page[-1].image_id)
    assert tuple(paged) == everything
    assert len(paged) == 2 * len(hashes)


async def test_pages_of_are_bounded_for_each_picture(kept: Store, wiki: Collection) -> None:
    await kept.add_many(
        wiki.id,
        [NewAppearance(1, None, None, f"Page {n:03}") for n in range(30)]
        + [NewAppearance(2, None, None, "Page 007", "https://elsewhere/7")],
    )
    one, two = await kept.near(exactly(1, 64), [wiki.id], limit=10)
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


# Writing


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


# One server never sees another's


async def test_servers_are_apart(
    kept: Store, url: str, ours: Collection, theirs: Collection
) -> None:
    same = NewAppearance(1, 1, "a", "Secret")
    (mine,) = await kept.add(ours.id, [same], MODERATOR)
    (other,) = await kept.add(theirs.id, [same], MODERATOR)
    assert mine.image_id != other.image_id
    assert [c.image_id for c in await kept.near(exactly(1, 64), [ours.id], limit=10)] == [
        mine.image_id
    ]
    assert await kept.near(exactly(1, 64), [], limit=10) == ()
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
        assert await kept.near(exactly(0, 3), [number], limit=1) == ()
        assert await kept.stats([number]) == ()
