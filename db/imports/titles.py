"""The titles of staged rows, put into the form in which titles are stored.

There are a fraction as many titles as rows, and most are in that form: the database finds those
that may not be, and only they are looked at here.
"""

from collections.abc import Callable, Mapping
from contextlib import aclosing

from bot.errors import RequestError
from db.connections import Session
from db.imports.records import Refused

PIECE = 20_000
EXAMPLES = 3


async def clean_titles(
    session: Session, sql: Mapping[str, str], clean: Callable[[str], str]
) -> tuple[Refused, ...]:
    """Fill ``staged_titles`` and ``cleaned``, and give the titles that can be none.

    Of a refused title ``cleaned`` has no page.
    """
    # By reason alone: there may be as many titles as rows.
    refused: dict[str, Refused] = {}
    async with session.transaction() as transaction:
        await transaction.execute(sql["staging_memory"])
        for name in (
            "cleaned_make",
            "cleaned_empty",
            "staged_analyze",
            "titles_drop",
            "titles_make",
        ):
            await transaction.execute(sql[name])
        async with aclosing(transaction.pieces(sql["titles_odd"], PIECE)) as pieces:
            async for rows in pieces:
                changed: list[tuple[object, ...]] = []
                for title, uses in rows:
                    try:
                        page = clean(title)
                    except RequestError as error:
                        reason = error.sentence
                        known = refused.get(reason, Refused(reason, 0, ()))
                        titles = (*known.titles, title)[:EXAMPLES]
                        refused[reason] = Refused(reason, known.rows + uses, titles)
                        changed.append((title, None))
                    else:
                        if page != title:
                            changed.append((title, page))
                await transaction.copy("cleaned", ["title", "page"], changed)
        await transaction.execute(sql["titles_analyze"])
    return tuple(refused.values())
