"""What a person reads when a dump can't be read."""

from collections.abc import Sequence

from bot.errors import RequestError
from bot.importers.sql_dump.files import STDIN, BrokenFileError
from bot.importers.sql_dump.lexer import TRAILER
from bot.importers.sql_dump.statements import TableName, Wanted

MAX_NAMED_TABLES = 5
MAX_NAMED_COLUMNS = 20

_GOES_ON = (
    "What was read stays stored, and the same command goes on from there once the file is whole."
)
_START_OVER = "--start-over reads it from the beginning, and stores nothing twice."


class Complaints:
    """The errors of one dump."""

    def __init__(self, location: str, wanted: Wanted) -> None:
        self._what = "The dump on standard input" if location == STDIN else location
        self._wanted = wanted
        self._others: dict[str, None] = {}

    def has_rows(self, table: TableName) -> None:
        """Remember a table that is not the one that is asked for, to name it later."""
        if len(self._others) <= MAX_NAMED_TABLES:
            self._others[str(table)] = None

    def cut_off(self, within: str, line: int, failure: BrokenFileError | None) -> RequestError:
        """It ends too early, or can't be read on."""
        if failure is None:
            said = f"{self._what} ends in the middle of {within}, at line {line}."
        elif failure.cut_off:
            said = f"{self._what} is cut off at line {line}: {failure}."
        else:
            said = f"{self._what} can't be read beyond line {line}: {failure}."
        return RequestError(f"{said} {_GOES_ON}")

    def no_last_line(self, line: int) -> RequestError:
        """It lacks what pg_dump writes at the end."""
        return RequestError(
            f"{self._what} is cut off at line {line}: the last line of a dump, "
            f"“{TRAILER.decode()}”, is missing. {_GOES_ON}"
        )

    def not_found(self) -> RequestError:
        """It has no rows of the table."""
        said = f"{self._what} has no rows of a table {self._wanted.table}."
        if not self._others:
            return RequestError(f"{said} It has no rows at all: write it with the data.")
        names = list(self._others)[:MAX_NAMED_TABLES]
        more = " and others" if len(self._others) > MAX_NAMED_TABLES else ""
        return RequestError(
            f"{said} It has rows of {', '.join(names)}{more}. Say which table it is: --table NAME."
        )

    def no_columns(self, table: TableName, columns: Sequence[str], line: int) -> RequestError:
        """The table has other columns."""
        names = ", ".join(columns[:MAX_NAMED_COLUMNS])
        return RequestError(
            f"Table {table}, at line {line} of {self._what}, has the columns {names}, and not both "
            f"{self._wanted.hash_column} and {self._wanted.page_column}. Say which hold the hashes "
            "and the pages: --hash-column NAME --page-column NAME."
        )

    def ambiguous(self, schema: str | None, table: TableName, line: int) -> RequestError:
        """There are two tables of that name."""
        other = TableName(schema, table.name)
        return RequestError(
            f"{self._what} has rows of {other} and, from line {line} on, of {table}. Say which "
            f"one: --table {other} --start-over."
        )

    def unread(self, form: str, line: int) -> RequestError:
        """The rows are in a form that is not understood."""
        return RequestError(
            f"The rows of {self._wanted.table} at line {line} of {self._what} are in a form of "
            f"{form.upper()} that can't be read here. Restore the dump, and write it with pg_dump."
        )

    def encoding(self, name: str, line: int) -> RequestError:
        """It is not in UTF-8."""
        return RequestError(
            f"{self._what} is in {name}, as its line {line} says, and only UTF-8 can be read. "
            "Write it with pg_dump --encoding=UTF8."
        )

    def other_file(self) -> RequestError:
        """It is not the file of the position."""
        return RequestError(
            f"{self._what} is not the file that the earlier run read. {_START_OVER}"
        )

    def other_question(self, table: str) -> RequestError:
        """The position is that of another table, or of other columns."""
        return RequestError(
            f"The earlier run read other columns, or another table, of {self._what}: {table}. "
            f"Ask for the same, or say --start-over to read it from the beginning."
        )
