"""The rows of one table in a dump that pg_dump wrote as SQL: parsed as a stream, never executed."""

from bot.importers.sql_dump.dump import SqlDump
from bot.importers.sql_dump.model import BadLine, Chunk

__all__ = ["BadLine", "Chunk", "SqlDump"]
