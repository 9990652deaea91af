"""Bring the schema up to date: numbered SQL files, one transaction each, behind a lock.

The version lives in the table ``whereis_schema``.  After the tables come the search operators:
the extension ``bktree`` where it can be had, in the newest version that the server has, else the
same operators in SQL.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any

import asyncpg

from bot.errors import DatabaseError, ReadOnlyError, SchemaError
from db.queries import read_sql
from db.records import IndexKind

OLDEST_SERVER = 150000
SMALL = 100_000

# Any number will do, as long as no other program that uses this database takes the same.
MIGRATION_LOCK = 0x7768_6572_6569_7301

# No such library, no such function in it, one that the system or the server refuses.
_NOT_LOADABLE = (
    asyncpg.UndefinedFileError,
    asyncpg.UndefinedFunctionError,
    asyncpg.PostgresIOError,
    asyncpg.InternalServerError,
)

_DROP = "DROP EXTENSION bktree CASCADE;"

# PostgreSQL asks an index's access method even when the index is dropped, and that one's code is
# what can't be loaded.  Any other's will do.
_LEND_HANDLER = (
    "CREATE OR REPLACE FUNCTION public.hamming_handler(internal) RETURNS index_am_handler "
    "LANGUAGE internal AS 'spghandler';"
)

_VERSION = "SELECT coalesce(max(version), 0) FROM public.whereis_schema"

_FILE = re.compile(r"^(?P<number>\d{4})_(?P<name>\w+)\.sql$")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    sql: str


def load_migrations() -> tuple[Migration, ...]:
    """The migrations of this version, in order. Raises :class:`ValueError` for a gap."""
    found = []
    for entry in resources.files("db").joinpath("migrations").iterdir():
        if name := _FILE.match(entry.name):
            sql = entry.read_text(encoding="utf-8")
            found.append(Migration(int(name["number"]), name["name"], sql))
    found.sort(key=lambda migration: migration.number)
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        raise ValueError("the migrations are not numbered 1, 2, 3, …")
    return tuple(found)


async def prepare(
    connection: Any, sql: Mapping[str, str], say: Callable[[str], None], *, embedded: bool
) -> int:
    """Make a database ready for this program, and give the version of its schema.

    Safe when several processes start at once.  A server that can only be read is taken as it is
    when nothing has to be written.  Raises :class:`SchemaError` for a server that is too old, or a
    schema that is newer than this program.
    """
    if await connection.fetchval("SELECT current_setting('transaction_read_only')::boolean"):
        return await _as_it_is(connection, load_migrations())
    async with _locked(connection):
        row = await connection.fetchrow(sql["operators"])
        if row["server_version_num"] < OLDEST_SERVER:
            raise SchemaError(
                f"This is PostgreSQL {row['server_version']}; whereis needs 15 or newer. Upgrade "
                "the server, or leave DATABASE_URL unset to use the one that comes along."
            )
        version = await migrate(connection, load_migrations(), say)
        await _ensure_operators(connection, sql, say, embedded=embedded)
        if (await connection.fetchrow(sql["operators"]))["installed"] is not None:
            await _ensure_index(connection, sql)
    return version


async def _as_it_is(connection: Any, migrations: tuple[Migration, ...]) -> int:
    """The version of a schema that can't be changed now. Raises :class:`ReadOnlyError`."""
    current = 0
    if await connection.fetchval("SELECT to_regclass('public.whereis_schema') IS NOT NULL"):
        current = await connection.fetchval(_VERSION)
    newest = migrations[-1].number
    _check_not_newer(current, newest)
    if current < newest:
        raise ReadOnlyError(
            f"The database can only be read now, and has to be brought from schema {current} to "
            f"{newest}. Let DATABASE_URL lead to a server that can be written."
        )
    return newest


def _check_not_newer(current: int, newest: int) -> None:
    if current > newest:
        raise SchemaError(
            f"This database was made by a newer whereis (schema {current}; this one knows up to "
            f"{newest}). Update whereis, or use another database."
        )


async def migrate(
    connection: Any, migrations: tuple[Migration, ...], say: Callable[[str], None]
) -> int:
    """Apply the migrations that are missing, and give the version. The caller holds the lock.

    Raises :class:`SchemaError` for a schema that is newer, or tables that are not ours.
    """
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS whereis_schema (version integer PRIMARY KEY,"
        " name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    current: int = await connection.fetchval(_VERSION)
    newest = migrations[-1].number
    _check_not_newer(current, newest)
    for migration in migrations[current:]:
        if current:
            say(f"Updating the database to schema {migration.number}…")
        try:
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO whereis_schema (version, name) VALUES ($1, $2)",
                    migration.number,
                    migration.name,
                )
        except (asyncpg.DuplicateTableError, asyncpg.DuplicateObjectError) as error:
            raise SchemaError(
                f"This database holds tables of another program ({error}). Make a database of "
                "its own for whereis, and name that one in DATABASE_URL."
            ) from error
    return newest


@asynccontextmanager
async def _locked(connection: Any) -> AsyncIterator[None]:
    await connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("SELECT pg_advisory_unlock($1)", MIGRATION_LOCK)


async def _ensure_operators(
    connection: Any, sql: Mapping[str, str], say: Callable[[str], None], *, embedded: bool
) -> None:
    row = await connection.fetchrow(sql["operators"])
    if row["installed"] is not None:
        if await _works(connection, row["kinds"]):
            if is_newer(row["available"], row["installed"]):
                await _update_extension(connection, row, say)
            return
        await _give_up_extension(connection, row["kinds"], say, embedded=embedded)
    elif row["available"] is not None and await _create_extension(connection, say):
        return
    if not await connection.fetchval("SELECT to_regtype('public.bktree_area') IS NOT NULL"):
        async with connection.transaction():
            await connection.execute(read_sql("standin.sql"))


async def _works(connection: Any, kinds: list[IndexKind]) -> bool:
    try:
        await connection.execute("SELECT 1::bigint <@ ROW(1, 0)::bktree_area")
        if "hamming" in kinds:
            # An older library has the operators, and not what these kinds of index need.
            await connection.execute("SELECT hamming_kernel()")
    except _NOT_LOADABLE:
        return False
    except asyncpg.UndefinedObjectError as error:
        raise SchemaError(
            "The extension bktree is installed in another schema than public. Run "
            "ALTER EXTENSION bktree SET SCHEMA public; in this database."
        ) from error
    return True


async def _create_extension(connection: Any, say: Callable[[str], None]) -> bool:
    try:
        async with connection.transaction():
            # Nothing stored uses the type, so the stand-in can go, and comes back on failure.
            await connection.execute(read_sql("standin_drop.sql"))
            await connection.execute("CREATE EXTENSION bktree SCHEMA public")
            await connection.execute("SELECT 1::bigint <@ ROW(1, 0)::bktree_area")
    except asyncpg.InsufficientPrivilegeError:
        say(
            "The extension bktree is there, but this database user may not install it: every "
            "search reads every picture. Let a superuser run CREATE EXTENSION bktree; in this "
            "database."
        )
    except asyncpg.PostgresError as error:
        say(f"The extension bktree can't be used ({error}): every search reads every picture.")
    else:
        return True
    return False


def is_newer(available: str | None, installed: str) -> bool:
    """Whether the version of an extension that a server has comes after the one in a database."""
    return available is not None and _numbers(available) > _numbers(installed)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


async def _update_extension(connection: Any, row: Any, say: Callable[[str], None]) -> None:
    """Bring the extension up to the server's version; what can't be done is no reason to stop."""
    here = f"The extension bktree is {row['installed']} in this database and {row['available']}"
    try:
        async with connection.transaction():
            await connection.execute("ALTER EXTENSION bktree UPDATE")
    except asyncpg.InsufficientPrivilegeError:
        say(
            f"{here} on the server, and this database user may not update it. Let its owner or a "
            "superuser run ALTER EXTENSION bktree UPDATE; in this database."
        )
    except asyncpg.PostgresError as error:
        say(f"{here} on the server, and could not be updated: {error}.")


async def _give_up_extension(
    connection: Any, kinds: list[IndexKind], say: Callable[[str], None], *, embedded: bool
) -> None:
    statements = _DROP if "hamming" not in kinds else f"{_LEND_HANDLER} {_DROP}"
    if not embedded:
        raise DatabaseError(
            "The extension bktree is installed in this database, but its library can't be loaded. "
            "Install it again on the server (make -C db/extension install), or give it up: as a "
            f"superuser in this database, run {statements}"
        )
    say("The extension bktree can't be loaded any more: every search reads every picture.")
    await connection.execute(statements)


async def _ensure_index(connection: Any, sql: Mapping[str, str]) -> None:
    """Make the index where that takes no time; a large table waits for ``index build``."""
    if await connection.fetchrow(sql["indexes"]) is not None:
        return
    kinds = (await connection.fetchrow(sql["operators"]))["kinds"]
    if kinds and await connection.fetchval(sql["index_small"], SMALL):
        await connection.execute(sql[f"index_create_{kinds[0]}"])
