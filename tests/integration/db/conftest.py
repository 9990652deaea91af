"""What the tests of the search index share."""

import random
from typing import Any

import asyncpg
import pytest

from db import Database
from db.records import INDEX_KINDS, Collection, IndexKind
from db.store import Store
from tests.integration.db.searching import ROWS, TEMPLATE


@pytest.fixture
async def connection(database_url: str) -> Any:
    """A connection to this test's own database that plans as the pool's do."""
    opened = await asyncpg.connect(
        database_url, server_settings={"plan_cache_mode": "force_custom_plan"}
    )
    yield opened
    await opened.close()


@pytest.fixture(params=INDEX_KINDS)
async def kind(request: pytest.FixtureRequest, database: Database) -> IndexKind:
    """Each kind of index that can be had here."""
    wanted: IndexKind = request.param
    if wanted not in (await database.index.status()).offered:
        pytest.skip(f"no index of the kind {wanted} can be had here")
    return wanted


@pytest.fixture
async def wiki(store: Store) -> Collection:
    """A collection."""
    return await store.ensure_wiki("enwiki", TEMPLATE)


@pytest.fixture
async def hashes(store: Store, wiki: Collection, connection: Any) -> list[int]:
    """Many pictures, some of them near each other, as copies are."""
    dice = random.Random(6)
    made = [dice.getrandbits(64) - (1 << 63) for _ in range(ROWS)]
    for place in range(0, ROWS, 10):
        bits = dice.sample(range(63), dice.randint(0, 8))
        made[place + 1] = made[place] ^ sum(1 << bit for bit in bits)
    # Row by row into the search index would take most of a test's time.
    found = await connection.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'images'"
        " AND indexdef ~ 'USING (hamming|spgist)'"
    )
    for index in found:
        await connection.execute(f"DROP INDEX {index['indexname']}")
    await connection.execute(
        "INSERT INTO images (collection_id, dhash, file)"
        " SELECT $1, h, n::text FROM unnest($2::bigint[]) WITH ORDINALITY AS made (h, n)",
        wiki.id,
        made,
    )
    for index in found:
        await connection.execute(index["indexdef"])
    await connection.execute("UPDATE collections SET images = $1", ROWS)
    await store.analyze()
    return made
