"""What asyncpg raises, as one of :mod:`bot.errors`."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from bot.errors import (
    DatabaseBusyError,
    DatabaseError,
    DatabaseUnavailableError,
    LoginRefusedError,
    ReadOnlyError,
    SchemaError,
    UncertainWriteError,
)
from db.connections._target import Target

# The connection is gone, and what was asked for over it may be asked again over another one.
LOST = (
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.ConnectionFailureError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    BrokenPipeError,
    ConnectionAbortedError,
    ConnectionResetError,
)

# The server undid the transaction, which may succeed when it is done anew.  On a replica that is
# also how a query ends that stood in the way of what came from the primary.
CONFLICTS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)

# All that asyncpg raises.
DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)

TOO_LONG = (
    "The database took too long to answer. Try again in a moment; if it happens often, look at "
    "whereis-bot doctor, or raise WHEREIS_STATEMENT_TIMEOUT."
)


_KINDS = (
    ("busy", DatabaseBusyError),
    ("read_only", ReadOnlyError),
    ("uncertain", UncertainWriteError),
    ("unavailable", DatabaseUnavailableError),
    ("schema", SchemaError),
)


class ConflictError(DatabaseBusyError):
    """The transaction was undone because of another one, and may be done anew."""


@contextmanager
def translated(target: Target) -> Iterator[None]:
    """Raise what asyncpg raises as one of :mod:`bot.errors`."""
    try:
        yield
    except DRIVER_ERRORS as error:
        raise in_words(error, target) from error


def in_words(error: Exception, target: Target) -> DatabaseError:
    """One of :data:`DRIVER_ERRORS`, as one of :mod:`bot.errors`."""
    shown, remedy = target.shown, target.remedy
    match error:
        case asyncpg.QueryCanceledError() | TimeoutError():
            return DatabaseBusyError(TOO_LONG)
        case asyncpg.LockNotAvailableError():
            return DatabaseBusyError(
                f"Something else keeps a part of the database {shown} to itself, an import or a "
                "backup perhaps. Try again when that is over."
            )
        case asyncpg.SerializationError() | asyncpg.DeadlockDetectedError():
            return ConflictError(f"The database {shown} gave way to somebody else. Try again.")
        case asyncpg.ReadOnlySQLTransactionError():
            return ReadOnlyError(
                f"The database {shown} can be read and not written now: it is a standby, or "
                "default_transaction_read_only is on. Let DATABASE_URL lead to the primary."
            )
        case asyncpg.TooManyConnectionsError():
            return DatabaseBusyError(
                f"The database {shown} has no connection left: {error}. Raise its max_connections, "
                "or lower WHEREIS_POOL_SIZE."
            )
        # The second is how a schema looks to who may not use it.
        case asyncpg.InsufficientPrivilegeError() | asyncpg.InvalidSchemaNameError():
            return SchemaError(
                f"The database {shown} does not let this user do that: {error}. Make the user the "
                "owner of the database, or grant it what is missing."
            )
        case asyncpg.TargetServerAttributeNotMatched():
            return DatabaseUnavailableError(
                f"None of the servers {shown} is of the kind that target_session_attrs asks for."
            )
        case asyncpg.PostgresError():
            return _by_class(error, target)
        case ssl.SSLCertVerificationError():
            return LoginRefusedError(
                f"The database {shown} does not prove who it is: {error}. {remedy}"
            )
        case OSError():
            return DatabaseUnavailableError(
                f"The database {shown} can't be reached: {error}. {remedy}"
            )
    return DatabaseUnavailableError(f"The connection to the database {shown} was lost. Try again.")


def _by_class(error: asyncpg.PostgresError, target: Target) -> DatabaseError:
    """By the classes of SQLSTATE."""
    sentence = f"The database {target.shown} can't be used now: {error}. {target.remedy}"
    match str(error.sqlstate or "")[:2]:
        # Authorization, no such database.
        case "28" | "3D":
            return LoginRefusedError(sentence)
        # Connection, resources, operator intervention (a shutdown, a start), system error.
        case "08" | "53" | "57" | "58":
            return DatabaseUnavailableError(sentence)
    return DatabaseError(f"The database {target.shown} refused that: {error}.")


def kind_of(error: DatabaseError) -> str:
    """The word by which an error is counted."""
    return next((kind for kind, errors in _KINDS if isinstance(error, errors)), "refused")
