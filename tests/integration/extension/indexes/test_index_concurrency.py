"""Many connections read and change one table at once."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

from tests.integration.extension.answers import check_answers, read_rows
from tests.integration.extension.hashsets import make_set
from tests.integration.extension.load import Writer, compare, keep_doing, keep_writing
from tests.integration.extension.methods import HAMMING, Method
from tests.integration.extension.servers import Server

# Seconds, and many times as long for who asks for it.
LONG = {"hamming": 3.0, "spgist": 1.5}
THOROUGH = 8.0

Open = Callable[[], Coroutine[Any, Any, Any]]


@pytest.fixture
async def another(server: Server, connection: Any, empty_database: str) -> AsyncIterator[Open]:
    """Opens connections to the database."""
    opened = []

    async def connect() -> Any:
        opened.append(await server.connect(empty_database))
        return opened[-1]

    yield connect
    for each in opened:
        await each.close()


async def test_readers_see_all_they_must_while_everything_changes(
    connection: Any, another: Open, method: Method, thorough: bool
) -> None:
    # To shorten the table, vacuum would try for five seconds to get it for itself, while a rebuild
    # waits in its way.
    await connection.execute(
        "CREATE TABLE pictures (id int PRIMARY KEY, hash bigint)"
        " WITH (autovacuum_enabled = off, vacuum_truncate = off, fillfactor = 90)"
    )
    writers = [Writer(number, random.Random(number)) for number in range(5)]
    await writers[0].begin(connection, make_set("drawn", 1, 3000))
    await connection.execute(method.index())
    stop = asyncio.Event()

    def does(statement: str) -> Callable[[Any], Awaitable[None]]:
        async def step(each: Any) -> None:
            await each.execute(statement)

        return step

    async def reindex(each: Any) -> None:
        try:
            await each.execute("REINDEX INDEX CONCURRENTLY by_hash")
        except asyncpg.DeadlockDetectedError:
            # With VACUUM, which waits for no snapshot: it may give in, and leave what it began.
            await each.execute("DROP INDEX IF EXISTS by_hash_ccnew, by_hash_ccold")
        await asyncio.sleep(0.3)

    async def check(each: Any) -> None:
        # Between being looked up and being opened, the name may have gone to another index.
        with suppress(asyncpg.ObjectNotInPrerequisiteStateError):
            await each.execute("SELECT hamming_index_check('by_hash')")

    def reads(seed: int) -> Callable[[Any], Awaitable[None]]:
        dice = random.Random(seed)
        return lambda each: compare(each, dice)

    tasks = [asyncio.create_task(keep_writing(writer, await another(), stop)) for writer in writers]
    counted = {
        "vacuum": does("VACUUM pictures"),
        "reindex": reindex,
        "read": reads(1),
        "read too": reads(2),
    }
    if method is HAMMING:
        counted["check"] = check
        counted["stats"] = does("SELECT hamming_index_stats('by_hash'), pg_sleep(0.05)")
    others = {
        name: asyncio.create_task(keep_doing(step, await another(), stop))
        for name, step in counted.items()
    }
    everyone = {*tasks, *others.values()}
    # Nobody is done before being told to, unless by failing.
    seconds = LONG[method.name] * (THOROUGH if thorough else 1)
    done, _ = await asyncio.wait(everyone, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await asyncio.gather(*everyone)
    assert not done
    assert all(task.result() > 0 for task in others.values())
    assert all(writer.done > 3 for writer in writers)

    found = await read_rows(connection)
    for writer in writers:
        writer.recognise(found)
    for _ in range(2):
        await check_answers(connection, method, found, 1, ways=("index", "bitmap", "index only"))
        await connection.execute("VACUUM pictures")


async def test_two_build_an_index_while_others_write(
    connection: Any, another: Open, method: Method
) -> None:
    """Built concurrently, it holds what was there before and what came meanwhile."""
    await connection.execute("CREATE TABLE pictures (id int PRIMARY KEY, hash bigint)")
    stop = asyncio.Event()
    writers = [Writer(number, random.Random(number)) for number in range(3)]
    tasks = [asyncio.create_task(keep_writing(writer, await another(), stop)) for writer in writers]
    for round_ in range(6):
        await connection.execute(method.index(name=f"by_hash_{round_}", how="CONCURRENTLY"))
        if round_:
            await connection.execute(f"DROP INDEX CONCURRENTLY by_hash_{round_ - 1}")
    stop.set()
    await asyncio.gather(*tasks)
    found = await read_rows(connection)
    for writer in writers:
        writer.recognise(found)
    await check_answers(connection, method, found, 1, index="by_hash_5")
