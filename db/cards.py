"""What wikis say of their pages, kept until it expires."""

from collections.abc import Mapping

from db.connections import Connections, Transaction


class CardMemory:
    """Texts of JSON by the 32 bytes of a question.

    Every method raises :class:`bot.errors.DatabaseUnavailableError` when the database does not
    answer, or not in time.
    """

    def __init__(self, connections: Connections, sql: Mapping[str, str]) -> None:
        self._connections = connections
        self._sql = sql

    async def known(self, question: bytes) -> str | None:
        """What is remembered, if it is still good."""
        rows = await self._connections.read(self._sql["card_known"], question)
        return rows[0]["card"] if rows else None

    async def remember(self, question: bytes, card: str, seconds: float) -> None:
        """Keep an answer for so many seconds, and forget some that have expired."""

        async def keep(transaction: Transaction) -> None:
            await transaction.execute(self._sql["card_remember"], question, card, seconds)
            await transaction.execute(self._sql["cards_forget"])

        await self._connections.write(keep)
