"""What is stored about members, and those who want nothing stored about them."""

from collections.abc import Mapping
from dataclasses import dataclass

from db.connections import Connections, Transaction


@dataclass(frozen=True, slots=True)
class Stored:
    """What there is about a member.

    ``additions`` are lines of the audit about what they added or removed, ``undone`` those about
    what they took back, ``sightings`` pictures that the watch keeps.
    """

    additions: int
    undone: int
    sightings: int
    opted_out: bool


class MembersStore:
    """Tells what is stored about members, and forgets it.

    Every method raises :class:`bot.errors.DatabaseUnavailableError` when the database does not
    answer.
    """

    def __init__(self, connections: Connections, sql: Mapping[str, str]) -> None:
        self._connections = connections
        self._sql = sql

    async def opted_out(self) -> frozenset[int]:
        """The ids of all who opted out."""
        rows = await self._connections.fetch(self._sql["opted_out_all"])
        return frozenset(row["user_id"] for row in rows)

    async def is_opted_out(self, user_id: int) -> bool:
        """Whether a member opted out."""
        (row,) = await self._connections.fetch(self._sql["opted_out_one"], user_id)
        return bool(row["opted_out"])

    async def stored(self, user_id: int) -> Stored:
        """What there is about a member."""
        (row,) = await self._connections.fetch(self._sql["member_stored"], user_id)
        return Stored(row["additions"], row["undone"], row["sightings"], row["opted_out"])

    async def opt_out(self, user_id: int) -> None:
        """Forget all there is about a member, and write nothing from then on.

        Lines of the audit stay, as those of ``db.records.SOMEBODY``.
        """

        async def forget(transaction: Transaction) -> None:
            await transaction.fetch(self._sql["member_hold_alone"], user_id)
            for name in (
                "member_opt_out",
                "member_forget_additions",
                "member_forget_undone",
                "member_forget_sightings",
            ):
                await transaction.execute(self._sql[name], user_id)

        await self._connections.write(forget, patient=True)

    async def opt_in(self, user_id: int) -> None:
        """Forget that a member opted out."""
        await self._connections.execute(self._sql["member_opt_in"], user_id)
