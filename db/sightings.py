"""Pictures that the watch has seen in the channels of servers, for as long as their rules say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from db.connections import Connections, Transaction


@dataclass(frozen=True, slots=True)
class Sighting:
    """A picture that was posted: where, by whom, when, and what is compared of it.

    ``place`` counts the pictures of one message from 0.  ``watched_id`` is the channel that the
    rules name, ``channel_id`` where the message is: the same, or a thread in it.  Hashes and look
    are as :class:`bot.images.Fingerprint` has them.
    """

    message_id: int
    place: int
    guild_id: int
    watched_id: int
    channel_id: int
    user_id: int
    dhash: int
    phash: int
    look: bytes
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """What was posted before: sightings with their distance in bits of dHash, the nearest first.

    ``images`` is how many there are in the channel, near or not.
    """

    sightings: tuple[tuple[Sighting, int], ...]
    images: int


class SightingsStore:
    """Keeps sightings, and forgets them.

    Every method raises :class:`bot.errors.DatabaseUnavailableError` when the database does not
    answer.
    """

    def __init__(self, connections: Connections, sql: Mapping[str, str]) -> None:
        self._connections = connections
        self._sql = sql

    async def add(self, sighting: Sighting) -> None:
        """Keep a sighting, unless its author wants nothing stored about them."""

        async def keep(transaction: Transaction) -> None:
            await transaction.fetch(self._sql["member_hold"], sighting.user_id)
            await transaction.execute(
                self._sql["sighting_add"],
                sighting.message_id,
                sighting.place,
                sighting.guild_id,
                sighting.watched_id,
                sighting.channel_id,
                sighting.user_id,
                sighting.dhash,
                sighting.phash,
                sighting.look,
                sighting.posted_at,
            )

        await self._connections.write(keep)

    async def near(self, picture: Sighting, *, since: datetime, radius: int, limit: int) -> Seen:
        """Pictures of other messages in the same watched channel, within ``radius`` bits of dHash.

        Those posted before ``since`` are left out, and of the rest ``limit`` at most are given.
        """
        rows = await self._connections.fetch(
            self._sql["sightings_near"],
            picture.guild_id,
            picture.watched_id,
            since,
            picture.dhash,
            radius,
            picture.message_id,
            limit,
        )
        found = tuple(
            (
                Sighting(
                    message_id=row["message_id"],
                    place=row["place"],
                    guild_id=picture.guild_id,
                    watched_id=picture.watched_id,
                    channel_id=row["channel_id"],
                    user_id=row["user_id"],
                    dhash=row["dhash"],
                    phash=row["phash"],
                    look=row["look"],
                    posted_at=row["posted_at"],
                ),
                row["distance"],
            )
            for row in rows
        )
        return Seen(found, rows[0]["images"] if rows else 0)

    async def forget_messages(self, guild_id: int, message_ids: Sequence[int]) -> int:
        """Forget the pictures of messages of a server; how many that were."""
        return await self._execute("sightings_drop_messages", guild_id, list(message_ids))

    async def forget_channel(self, guild_id: int, channel_id: int) -> int:
        """Forget the pictures of a channel, and of the threads in it; how many that were."""
        return await self._execute("sightings_drop_channel", guild_id, channel_id)

    async def forget_server(self, guild_id: int) -> int:
        """Forget the pictures of a server; how many that were."""
        return await self._execute("sightings_drop_server", guild_id)

    async def sweep(self, guild_id: int | None = None) -> int:
        """Forget what no server's rules keep, or what this one's don't; how many that were."""
        return await self._execute("sightings_sweep", guild_id)

    async def _execute(self, name: str, *values: object) -> int:
        return await self._connections.execute(self._sql[name], *values)
