"""What the tests of the store share: hashes, questions, and counting what is really there."""

import asyncpg

from db.records import Actor, Collection, NearFound, NearProbe
from db.store import Store

TEMPLATE = "https://en.wikipedia.org/wiki/{title}"
MODERATOR = Actor(user_id=7, guild_id=70, channel_id=700, message_id=7000)


def hamming(a: int, b: int) -> int:
    return ((a ^ b) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


def signed(bits: int) -> int:
    return bits - (1 << 64) if bits >= 1 << 63 else bits


def flipped(value: int, *bits: int) -> int:
    for bit in bits:
        value = signed((value & 0xFFFF_FFFF_FFFF_FFFF) ^ (1 << bit))
    return value


async def near(
    store: Store,
    collection_ids: list[int],
    dhash: int,
    radius: int,
    *,
    phash: int = 0,
    limit: int = 10_000,
) -> NearFound:
    """A search for one hash, with the same radius for all pictures."""
    probe = NearProbe(dhash, phash, radius, radius)
    return await store.near([probe], collection_ids, limit_each=limit)


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
