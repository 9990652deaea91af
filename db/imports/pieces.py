"""Merging staged rows into tables that are in use: in pieces, each a transaction like any other."""

from collections.abc import Callable, Mapping

from db.connections import Session
from db.writing import begin_writing

PIECE = 20_000


async def merge_pieces(
    session: Session,
    sql: Mapping[str, str],
    collection_id: int,
    import_id: int,
    on_progress: Callable[[str, float], None],
) -> int:
    """Store what is staged and not in the collection yet; how many appearances are new.

    Appearances that an earlier call stored before it was stopped count as well.
    """
    on_progress("looking for what is new", 0.0)
    async with session.transaction() as transaction:
        await transaction.execute(sql["staging_memory"])
        for name in ("pending_make", "pending_empty"):
            await transaction.execute(sql[name])
        await transaction.execute(sql["pending_fill"], collection_id)
        await transaction.execute(sql["pending_index"])
        rows = (await transaction.fetch(sql["pending_count"]))[0]["rows"]
    for start in range(0, rows, PIECE):
        on_progress("storing what is new", start / rows)
        async with session.transaction() as transaction:
            step = await begin_writing(transaction, sql, collection_id)
            await step.take_pending(start, start + PIECE)
            await step.plan()
            new = await step.put_in()
            await transaction.execute(sql["import_added"], import_id, new)
    on_progress("storing what is new", 1.0)
    state = await session.fetch(sql["import_state"], import_id)
    added: int = state[0]["added"]
    return added
