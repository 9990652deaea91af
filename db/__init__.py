"""PostgreSQL, and nothing else: a server that comes along, a schema, and the statements."""

from db.connections import PoolStatus
from db.database import Database, open_database
from db.records import ServerInfo

__all__ = ["Database", "PoolStatus", "ServerInfo", "open_database"]
