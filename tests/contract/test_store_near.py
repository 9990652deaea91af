"""Searching by hashes, against looking at every picture, on every kind of server."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from db.records import (
    DENSITY_CAP,
    DENSITY_RADIUS,
    FURTHER_CAP,
    Candidate,
    Collection,
    NearFound,
    NearProbe,
    NewAppearance,
)
from db.store import Store
from tests.contract.checks import flipped, hamming, near, signed

PROBES = 21


@dataclass(frozen=True)
class Stored:
    """A picture, and where it lies."""

    collection: int
    dhash: int
    phash: int | None
    file: str


def rank(stored: Stored | Candidate, probe: NearProbe) -> int:
    """The less the likelier."""
    known = stored.phash is not None and probe.phash is not None
    second = hamming(stored.phash or 0, probe.phash or 0) if known else 30
    return 5 * hamming(stored.dhash, probe.dhash) + 2 * second


def is_near(stored: Stored, probe: NearProbe) -> bool:
    """Whether a search for a probe may find it."""
    radius = probe.radius_unverified if stored.phash is None else probe.radius
    return hamming(stored.dhash, probe.dhash) <= radius


def neighbours(everything: Sequence[Stored], probe: NearProbe) -> int:
    """How many are within the radius in which neighbours are counted."""
    radius = min(DENSITY_RADIUS, max(probe.radius, probe.radius_unverified))
    return sum(hamming(stored.dhash, probe.dhash) <= radius for stored in everything)


def crowds(dice: random.Random, centers: Sequence[int], collection: int) -> list[Stored]:
    """Pictures around some hashes, most of them with a second fingerprint."""
    return [
        Stored(
            collection,
            flipped(center, *dice.sample(range(64), dice.randint(0, 14))),
            dice.choice([None, *(signed(dice.getrandbits(64)) for _ in range(3))]),
            f"{place} {number}",
        )
        for place, center in enumerate(centers)
        for number in range(40)
    ]


async def store_all(store: Store, everything: Sequence[Stored]) -> None:
    """Store pictures in their collections."""
    for collection in {stored.collection for stored in everything}:
        await store.add_many(
            collection,
            [
                NewAppearance(stored.dhash, stored.phash, stored.file, "Page")
                for stored in everything
                if stored.collection == collection
            ],
        )
    await store.analyze()


def of_probe(found: NearFound, place: int) -> list[Candidate]:
    """What was found for one probe."""
    return [candidate for candidate in found.candidates if candidate.probe == place]


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
        found = await near(kept, [wiki.id], query, radius)
        expected = sorted(hamming(h, query) for h in hashes if hamming(h, query) <= radius)
        assert [c.distance for c in found.candidates] == expected
        assert {c.dhash for c in found.candidates} == {
            h for h in hashes if hamming(h, query) <= radius
        }
        assert [(c.distance, c.image_id) for c in found.candidates] == sorted(
            (c.distance, c.image_id) for c in found.candidates
        )


async def test_many_probes_equal_brute_force(
    kept: Store, wiki: Collection, ours: Collection, theirs: Collection
) -> None:
    """Each probe finds its own, as if it were asked alone, and only what may be seen."""
    dice = random.Random(8)
    centers = [signed(dice.getrandbits(64)) for _ in range(12)]
    everything = [
        stored
        for collection in (wiki, ours, theirs)
        for stored in crowds(dice, centers, collection.id)
    ]
    await store_all(kept, everything)
    visible = [stored for stored in everything if stored.collection != theirs.id]
    probes = [
        NearProbe(
            flipped(dice.choice(centers), *dice.sample(range(64), dice.randint(0, 3))),
            dice.choice([None, *(signed(dice.getrandbits(64)) for _ in range(3))]),
            dice.choice([0, 4, 6, 10, 12, 64]),
            dice.choice([0, 4, 6]),
        )
        for _ in range(PROBES)
    ]
    found = await kept.near(probes, [wiki.id, ours.id], limit_each=10_000)
    assert found.images == len(visible)
    assert [c.probe for c in found.candidates] == sorted(c.probe for c in found.candidates)
    few_enough = 0
    for place, probe in enumerate(probes):
        mine = of_probe(found, place)
        radius = max(probe.radius, probe.radius_unverified)
        bits = sorted(hamming(stored.dhash, probe.dhash) for stored in visible)
        reached = [distance for distance in bits if distance <= radius]
        most = FURTHER_CAP if place else DENSITY_CAP
        if len(reached) < most:
            few_enough += 1
            expected = sorted(stored.file for stored in visible if is_near(stored, probe))
            assert sorted(str(c.file) for c in mine) == expected
            assert found.counted[place] == min(DENSITY_RADIUS, radius)
            assert found.within[place] == neighbours(visible, probe)
        else:
            assert found.counted[place] == min(DENSITY_RADIUS, reached[most - 1])
            assert found.within[place] == sum(d <= found.counted[place] for d in reached[:most])
        assert all(c.distance == hamming(c.dhash, probe.dhash) for c in mine)
        assert mine == sorted(mine, key=lambda c: (rank(c, probe), c.image_id))
        assert {c.collection_id for c in mine} <= {wiki.id, ours.id}

    assert PROBES / 3 < few_enough < PROBES

    few = await kept.near(probes, [wiki.id, ours.id], limit_each=7)
    assert (few.within, few.images) == (found.within, found.images)
    for place in range(PROBES):
        assert of_probe(few, place) == of_probe(found, place)[:7]


async def test_near_at_the_edges_of_64_bits(kept: Store, wiki: Collection) -> None:
    edges = [0, -1, 2**63 - 1, -(2**63), 1]
    await kept.add_many(wiki.id, [NewAppearance(h, None, None, "Edge") for h in edges])
    probes = [NearProbe(query, 0, 64, 64) for query in edges]
    found = await kept.near(probes, [wiki.id], limit_each=10)
    for place, query in enumerate(edges):
        assert {(c.dhash, c.distance) for c in of_probe(found, place)} == {
            (h, hamming(h, query)) for h in edges
        }


async def test_a_picture_without_phash_must_be_nearer(kept: Store, wiki: Collection) -> None:
    await kept.add_many(
        wiki.id,
        [
            NewAppearance(flipped(0, 1, 2, 3, 4, 5), 0, "phash agrees", "P"),
            NewAppearance(flipped(0, 1, 2, 3, 4, 6), flipped(0, *range(30)), "phash differs", "P"),
            NewAppearance(flipped(0, 1, 2, 3, 4, 7), None, "unverified, far", "P"),
            NewAppearance(flipped(0, 1, 2, 3), None, "unverified, near", "P"),
            NewAppearance(flipped(0, 1), flipped(0, *range(31)), "near, phash differs", "P"),
        ],
    )

    async def files(radius: int, radius_unverified: int) -> list[str | None]:
        probe = NearProbe(0, 0, radius, radius_unverified)
        found = await kept.near([probe], [wiki.id], limit_each=10)
        return [candidate.file for candidate in found.candidates]

    assert await files(12, 4) == [
        "phash agrees",  # 5 · 5 + 2 · 0
        "near, phash differs",  # 5 · 1 + 2 · 31
        "unverified, near",  # 5 · 3 + 60
        "phash differs",  # 5 · 5 + 2 · 30
    ]
    assert await files(0, 5) == ["unverified, near", "unverified, far"]
    assert await files(4, 2) == ["near, phash differs"]


async def test_one_picture_near_several_probes(kept: Store, wiki: Collection) -> None:
    await kept.add_many(wiki.id, [NewAppearance(1, 1, None, "Page")])
    probes = [NearProbe(value, 1, 6, 0) for value in (0, -1, 1, 3)]
    found = await kept.near(probes, [wiki.id], limit_each=5)
    assert [(c.probe, c.distance) for c in found.candidates] == [(0, 1), (2, 0), (3, 1)]
    assert len({c.image_id for c in found.candidates}) == 1
    assert found.within == (1, 0, 1, 1)
    assert found.images == 1


async def test_neighbours_are_counted_though_none_may_be_shown(
    kept: Store, wiki: Collection
) -> None:
    await kept.add_many(
        wiki.id, [NewAppearance(flipped(0, *range(bits)), None, None, "P") for bits in range(9)]
    )
    found = await kept.near([NearProbe(0, 0, 12, 2)], [wiki.id], limit_each=10)
    assert [c.distance for c in found.candidates] == [0, 1, 2]
    assert found.within == (DENSITY_RADIUS + 1,)
    # A narrower search counts as far as it looks.
    found = await kept.near([NearProbe(0, 0, 3, 2)], [wiki.id], limit_each=1)
    assert [c.distance for c in found.candidates] == [0]
    assert found.within == (4,)


async def test_the_nearest_of_a_crowd_are_looked_at(
    kept: Store, wiki: Collection, theirs: Collection
) -> None:
    """Where a picture is one of thousands, what is nearest is found, and no more is counted."""
    dice = random.Random(9)
    # More than one look takes in, at 3 bits; and before and behind them what is nearer.
    crowd = {flipped(0, *dice.sample(range(64), 3)) for _ in range(DENSITY_CAP + DENSITY_CAP // 5)}
    nearer = [flipped(0, bit) for bit in range(8)]
    rows = [*nearer[:4], *crowd, *nearer[4:]]
    for collection in (theirs, wiki):
        await kept.add_many(collection.id, [NewAppearance(h, 7, None, "Page") for h in rows])
    await kept.analyze()
    assert len(rows) > DENSITY_CAP
    probes = [NearProbe(0, 7, 12, 4), NearProbe(0, 7, 6, 4), NearProbe(flipped(0, 0), 7, 0, 0)]
    found = await kept.near(probes, [wiki.id], limit_each=20)
    assert found.within == (DENSITY_CAP, FURTHER_CAP, 1)
    # So many within so few bits that no more were looked at.
    assert found.counted == (3, 3, 0)
    assert found.images == len(rows)
    for place in (0, 1):
        distances = [c.distance for c in of_probe(found, place)]
        assert distances == [1] * len(nearer) + [3] * (20 - len(nearer))
    assert {c.collection_id for c in found.candidates} == {wiki.id}


async def test_near_needs_a_probe(kept: Store, wiki: Collection) -> None:
    with pytest.raises(ValueError, match="no probe"):
        await kept.near([], [wiki.id], limit_each=1)
