"""Connections to PostgreSQL: pools with time limits, and errors in words for people.

Everything that asyncpg raises ends here.  What passes on is one of :mod:`bot.errors`.
"""

from db.connections._condition import State
from db.connections._connections import Connections
from db.connections._pool import PoolStatus
from db.connections._positions import EVERYTHING
from db.connections._session import RowsRefusedError, Session, Transaction
from db.connections._target import REPLICA, Target, target_of_url
from db.connections._waiting import until_there

__all__ = [
    "EVERYTHING",
    "REPLICA",
    "Connections",
    "PoolStatus",
    "RowsRefusedError",
    "Session",
    "State",
    "Target",
    "Transaction",
    "target_of_url",
    "until_there",
]
