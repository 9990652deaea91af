"""The line before the workers, and whose turn is next: pure, without a clock or a loop.

A turn goes to the server that has the fewest under way; among equals to the one that has waited
longest since its last. Within a server it goes to its users by the same rule, and each user's own
come in their order. So a server that sends what takes long gets no more than its share of the
turns, and no server gets two while another waits that has none.

What is done in the background has a line of its own, and gets a turn when nobody else waits.
"""

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from typing import Literal, TypeVar

K = TypeVar("K")

Full = Literal["user", "server", "all"]
"""What has too much waiting already."""


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom something is done: turns are shared between servers, then between their users.

    One that is not ``counted`` has its number bounded by who let it in, and here by the bound for
    all alone.
    """

    server: str
    user: str
    counted: bool = True

    @classmethod
    def on_discord(cls, guild_id: int | None, user_id: int) -> "Asker":
        """A member of a server; private messages are a server with one member."""
        where = f"user {user_id}" if guild_id is None else f"server {guild_id}"
        return cls(where, f"user {user_id}")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many may wait: of one user, of one server, and of all."""

    user: int = 10
    server: int = 50
    all: int = 200


@dataclass(eq=False, slots=True)
class Place:
    """A place in the line, then a turn, until it is left."""

    asker: Asker
    background: bool
    under_way: bool = False


class Line:
    """Hands out turns, ``at_once`` at a time, of those to the background ``most_background``."""

    def __init__(self, at_once: int, bounds: Bounds, *, most_background: int) -> None:
        self._at_once = at_once
        self._bounds = bounds
        self._most_background = most_background
        self._asking = _Waiting()
        self._background = _Waiting()
        self._running: Counter[bool] = Counter()
        self._of_server: Counter[str] = Counter()
        self._of_user: Counter[tuple[str, str]] = Counter()

    @property
    def waiting(self) -> int:
        """How many people's wait."""
        return len(self._asking)

    @property
    def in_background(self) -> int:
        """How many of the background wait."""
        return len(self._background)

    @property
    def running(self) -> int:
        """How many turns are under way, of both kinds."""
        return self._running.total()

    def waiting_of(self, user: str) -> int:
        """How many of a user's wait, in all servers together."""
        return self._asking.of_user[user]

    def full(self, asker: Asker, count: int, *, background: bool = False) -> Full | None:
        """What there is no room in for so many more; ``None`` where they fit."""
        waiting, bounds = self._of(background), self._bounds
        if asker.counted and waiting.of_user[asker.user] + count > bounds.user:
            return "user"
        if asker.counted and waiting.of_server[asker.server] + count > bounds.server:
            return "server"
        return "all" if len(waiting) + count > bounds.all else None

    def join(self, asker: Asker, *, background: bool = False) -> Place:
        """Take the last place; whether there is room is for who joins to ask first."""
        place = Place(asker, background)
        self._of(background).add(place)
        return place

    def next(self) -> Place | None:
        """Whose turn it is now; it is under way from then on. ``None`` when nobody's is."""
        if self.running >= self._at_once:
            return None
        place = self._asking.next(self._of_server, self._of_user)
        if place is None and self._running[True] < self._most_background:
            place = self._background.next(self._of_server, self._of_user)
        if place is not None:
            place.under_way = True
            self._count(place, 1)
        return place

    def leave(self, place: Place) -> None:
        """Give up a place, or end a turn. A place is left once."""
        if place.under_way:
            self._count(place, -1)
        else:
            self._of(place.background).remove(place)

    def _of(self, background: bool) -> "_Waiting":
        return self._background if background else self._asking

    def _count(self, place: Place, change: int) -> None:
        asker = place.asker
        self._running[place.background] += change
        _change(self._of_server, asker.server, change)
        _change(self._of_user, (asker.server, asker.user), change)


class _Waiting:
    """Those who wait, by server and user; each of the two is in the order of its last turns."""

    def __init__(self) -> None:
        self._servers: OrderedDict[str, OrderedDict[str, deque[Place]]] = OrderedDict()
        self.of_server: Counter[str] = Counter()
        self.of_user: Counter[str] = Counter()

    def __len__(self) -> int:
        return self.of_server.total()

    def add(self, place: Place) -> None:
        asker = place.asker
        users = self._servers.setdefault(asker.server, OrderedDict())
        users.setdefault(asker.user, deque()).append(place)
        self._count(asker, 1)

    def remove(self, place: Place) -> None:
        asker = place.asker
        places = self._servers[asker.server][asker.user]
        places.remove(place)
        self._tidy(asker)

    def next(self, of_server: Counter[str], of_user: Counter[tuple[str, str]]) -> Place | None:
        """Take out whose turn it is, by how many of each are under way."""
        if not self._servers:
            return None
        # `min` gives the first of equals.
        server = min(self._servers, key=of_server.__getitem__)
        users = self._servers[server]
        user = min(users, key=lambda user: of_user[server, user])
        place = users[user].popleft()
        self._servers.move_to_end(server)
        users.move_to_end(user)
        self._tidy(place.asker)
        return place

    def _tidy(self, asker: Asker) -> None:
        self._count(asker, -1)
        users = self._servers[asker.server]
        if not users[asker.user]:
            del users[asker.user]
        if not users:
            del self._servers[asker.server]

    def _count(self, asker: Asker, change: int) -> None:
        _change(self.of_server, asker.server, change)
        _change(self.of_user, asker.user, change)


def _change(counts: Counter[K], of: K, change: int) -> None:
    counts[of] += change
    if not counts[of]:
        del counts[of]
