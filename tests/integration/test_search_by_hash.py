"""Searching with nothing but a dHash, in a database."""

import pytest

from bot.images import Limits, Workers
from bot.search import Answer, Radii, Scope, SearchService
from db.records import NewAppearance
from db.store import Store

TEMPLATE = "https://wiki.example/{title}"
GUILD = 7
HASH = -(2**63) + 5


@pytest.fixture
def search(store: Store) -> SearchService:
    """A search; no picture is read here, so no process is started."""
    return SearchService(store, Workers(Limits()), Radii())


def flipped(bits: int) -> int:
    return HASH ^ ((1 << bits) - 1)


async def fill(store: Store, *rows: NewAppearance) -> None:
    wiki = await store.ensure_wiki("enwiki", TEMPLATE)
    await store.add_many(wiki.id, rows)


def seen(answer: Answer) -> list[tuple[str | None, int, str]]:
    return [(match.file, match.distance, match.confidence) for match in answer.matches]


async def test_the_nearest_come_first_and_none_is_exact(
    store: Store, search: SearchService
) -> None:
    # With a second fingerprint or without: there is none to compare it with.
    await fill(
        store,
        NewAppearance(flipped(2), 9, "two", "Two"),
        NewAppearance(HASH, 9, "same", "Same"),
        NewAppearance(HASH, 9, "same", "Same too"),
        NewAppearance(flipped(5), None, "five", "Five"),
    )
    answer = await search.by_hash(HASH, Scope())
    assert (answer.status, answer.reason, answer.fingerprint) == ("found", None, None)
    assert answer.dhash == HASH
    assert seen(answer) == [("same", 0, "possible"), ("two", 2, "possible")]
    assert [page.title for page in answer.matches[0].pages] == ["Same", "Same too"]
    assert answer.matches[0].phash_distance is None
    assert 0 < answer.matches[0].strangers < answer.matches[1].strangers
    assert seen(await search.by_hash(HASH, Scope(), radius=1)) == [("same", 0, "possible")]
    assert [one.strangers for one in (await search.by_hash(HASH, Scope(), radius=1)).matches] == [
        answer.matches[0].strangers
    ], "how far is looked changes nothing in how sure it is"


async def test_a_wide_radius_finds_nothing_that_is_not_likely(
    store: Store, search: SearchService
) -> None:
    await fill(store, NewAppearance(flipped(9), None, "nine", "Nine"))
    assert (await search.by_hash(HASH, Scope(), radius=16)).status == "none"


async def test_a_crowd_is_told_from_a_match(store: Store, search: SearchService) -> None:
    await fill(store, *(NewAppearance(flipped(2), n, f"{n}", f"{n}") for n in range(3)))
    assert (await search.by_hash(HASH, Scope())).status == "found"
    await fill(store, *(NewAppearance(flipped(3), n, f"{n}", f"{n}") for n in range(200)))
    answer = await search.by_hash(HASH, Scope())
    assert (answer.status, answer.matches) == ("plain", ())
    assert answer.reason is not None


async def test_only_what_may_be_seen(store: Store, search: SearchService) -> None:
    server = await store.ensure_server(GUILD, TEMPLATE)
    await store.add_many(server.id, [NewAppearance(HASH, None, "own", "Own")])
    own = await search.by_hash(HASH, Scope(GUILD))
    (match,) = own.matches
    assert await search.knows(match.image_id, Scope(GUILD))
    for scope in (Scope(), Scope(GUILD + 1)):
        assert (await search.by_hash(HASH, scope)).status == "none"
        assert not await search.knows(match.image_id, scope)
    assert not await search.knows(match.image_id + 1, Scope(GUILD))
