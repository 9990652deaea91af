"""What is stored about members, and how they have it forgotten."""

import secrets

from db.members import MembersStore, Stored
from db.records import SOMEBODY, Actor

__all__ = ["PrivacyService", "Stored"]


class PrivacyService:
    """Knows who wants nothing stored about them.

    They are asked for at every picture that is watched, so their ids are in memory; the database
    looks again when something is written.  Whom another process has heard of is read when this one
    is told of it.
    """

    def __init__(self, store: MembersStore) -> None:
        self._store = store
        self._opted_out: set[int] = set()

    async def load(self) -> None:
        """Read who opted out. Raises :class:`bot.errors.DatabaseUnavailableError`."""
        self._opted_out = set(await self._store.opted_out())

    async def reload(self, user_id: int) -> None:
        """Read anew whether a member opted out.

        Raises :class:`bot.errors.DatabaseUnavailableError`.
        """
        if await self._store.is_opted_out(user_id):
            self._opted_out.add(user_id)
        else:
            self._opted_out.discard(user_id)

    def opted_out(self, user_id: int) -> bool:
        """Whether a member wants nothing stored about them."""
        return user_id in self._opted_out

    async def stored(self, user_id: int) -> Stored:
        """What is stored about a member."""
        return await self._store.stored(user_id)

    async def opt_out(self, user_id: int) -> None:
        """Forget what is stored about a member, and store nothing from then on.

        What they did to pictures stays in the audit as done by somebody.
        """
        await self._store.opt_out(user_id)
        self._opted_out.add(user_id)

    async def opt_in(self, user_id: int) -> None:
        """Let things be stored about a member again."""
        await self._store.opt_in(user_id)
        self._opted_out.discard(user_id)

    def actor(
        self,
        user_id: int,
        guild_id: int | None = None,
        channel_id: int | None = None,
        message_id: int | None = None,
    ) -> Actor:
        """Who changes something, as the audit may have it.

        Of somebody who opted out neither their id nor that of their message is in it: in its place
        is a number that means nothing, by which this very step can still be taken back.
        """
        if self.opted_out(user_id):
            return Actor(SOMEBODY, guild_id, channel_id, secrets.randbelow(2**62) + 1)
        return Actor(user_id, guild_id, channel_id, message_id)
