"""What a Discord of our own holds: users, servers, channels, messages and interactions."""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

EPOCH_MS = 1_420_070_400_000
"""Discord's epoch, in milliseconds of Unix time: ids count from there."""

ADMINISTRATOR = 1 << 3
MANAGE_SERVER = 1 << 5
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_HISTORY = 1 << 16
SEND_IN_THREADS = 1 << 38

EVERYBODY = (
    VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS | ATTACH_FILES | READ_HISTORY | SEND_IN_THREADS
)
"""What everybody may in a server, the bot too."""

# Consecutive servers fall to consecutive shards, of however many: a multiple of 1 to 10.
_FIRST_SERVER = 2520 * 10_000_000

Json = dict[str, Any]


class Snowflakes:
    """Ids that rise and carry the time, as Discord's do; servers count from ``first_server``."""

    def __init__(self, first_server: int = 0) -> None:
        self._last = 0
        self._servers = first_server

    def next(self) -> int:
        """The id of something that is made now."""
        now = (int(time.time() * 1000) - EPOCH_MS) << 22
        self._last = max(now, self._last + 1)
        return self._last

    def next_server(self) -> int:
        """The id of a server; of ``n`` shards, the ``i``-th server falls to shard ``i % n``."""
        self._servers += 1
        return (_FIRST_SERVER + self._servers - 1) << 22


@dataclass(frozen=True, slots=True)
class File:
    """A file that somebody attaches."""

    name: str
    data: bytes
    kind: str = "image/png"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody, or a bot."""

    id: int
    name: str
    bot: bool = False


@dataclass(slots=True, eq=False)
class Guild:
    """A server.  ``granted`` is what members may besides what everybody may, by their ids."""

    id: int
    name: str
    owner: User
    everybody: int = EVERYBODY
    channels: "list[Channel]" = field(default_factory=list)
    granted: dict[int, int] = field(default_factory=dict)

    def permissions_of(self, user: User) -> int:
        """What somebody may, as the bits of Discord's permissions."""
        if user.id == self.owner.id:
            return ADMINISTRATOR | self.everybody
        return self.everybody | self.granted.get(user.id, 0)


@dataclass(slots=True, eq=False)
class Channel:
    """A channel of a server, or private messages with one user (``guild`` is ``None`` then)."""

    id: int
    name: str
    guild: Guild | None
    recipient: User | None = None
    messages: "OrderedDict[int, Message]" = field(default_factory=OrderedDict)


@dataclass(slots=True, eq=False)
class Message:
    """A message: ``body`` is what was sent, and ``attachments`` the files as Discord lists them.

    ``quotes`` when Discord hands out with it the message that it replies to, as it mostly does.
    """

    id: int
    channel: Channel
    author: User
    body: Json
    attachments: list[Json] = field(default_factory=list)
    edited: bool = False
    quotes: bool = True
    interaction: "Interaction | None" = None

    @property
    def content(self) -> str:
        """Its text."""
        return self.body.get("content") or ""

    @property
    def embeds(self) -> list[Json]:
        """Its embeds."""
        return self.body.get("embeds") or []

    @property
    def text(self) -> str:
        """All the words that people read in it."""
        words = [self.content]
        for embed in self.embeds:
            words += [embed.get("title") or "", embed.get("description") or ""]
            words += [f"{each['name']}\n{each['value']}" for each in embed.get("fields", ())]
            words.append(embed.get("footer", {}).get("text") or "")
        return "\n".join(filter(None, words))

    @property
    def components(self) -> list[Json]:
        """What can be pressed or chosen under it."""
        rows = self.body.get("components") or []
        return [component for row in rows for component in row.get("components", ())]

    @property
    def refers_to(self) -> int | None:
        """The id of the message that it replies to."""
        number = (self.body.get("message_reference") or {}).get("message_id")
        return None if number is None else int(number)

    @property
    def ephemeral(self) -> bool:
        """Whether one person alone sees it."""
        return bool(self.body.get("flags", 0) & 64)


@dataclass(slots=True, eq=False)
class Interaction:
    """A use of a command, a click, or a form.

    ``payload`` is what the gateway was given.  ``original`` is the answer to it, ``followups`` what
    came behind it, and ``form`` the form that was shown.
    """

    id: int
    token: str
    kind: int
    channel: Channel
    user: User
    payload: Json
    source: Message | None = None
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    began: float = field(default_factory=time.monotonic)
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    form: Json | None = None

    @property
    def answers(self) -> list[Message]:
        """Everything that was said in answer, oldest first."""
        return [*([self.original] if self.original is not None else []), *self.followups]
