"""The gateway: sessions, their events, and what goes wrong with a connection."""

import asyncio
import json
import secrets
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import zstandard
from aiohttp import WSMsgType, web

from tests.fake_discord import payloads
from tests.fake_discord.heard import Heard, Signal
from tests.fake_discord.model import Guild, Json, User

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME = 0, 1, 2, 3, 6
RECONNECT, INVALID_SESSION, HELLO, ACK = 7, 9, 10, 11

CONNECT = -1
"""Stands for an opcode where a fault is planned for the moment of the connection, before HELLO."""

NAMES = {HEARTBEAT: "heartbeat", IDENTIFY: "identify", PRESENCE: "presence", RESUME: "resume"}

KEPT = 1000
"""So many events of a session are kept for a bot that comes back."""

AUTHENTICATION_FAILED = 4004
DISALLOWED_INTENTS = 4014


class Compression(Protocol):
    """What makes the messages of one connection smaller."""

    def __call__(self, data: bytes) -> bytes:
        """The next message, compressed and flushed."""
        ...


@dataclass(slots=True)
class Rules:
    """How the gateway behaves.

    A bot is to send a heartbeat every ``heartbeat`` seconds.  ``max_concurrency`` shards may say
    who they are within ``identify_seconds``, one of each ``shard_id % max_concurrency``; who is too
    fast is told that the session is invalid.  ``shards`` is what bots are advised to have.  So many
    sessions as ``sessions_left`` may begin, and in ``renewed`` seconds there are new ones: it is
    said, and not counted.  ``refuse`` is a code to close with whenever a bot says who it is.
    Without ``tells_servers`` it hears in READY alone which servers there are, as when Discord has
    trouble with all of them.
    """

    heartbeat: float = 45.0
    shards: int = 1
    max_concurrency: int = 1
    identify_seconds: float = 5.0
    sessions_left: int = 1000
    renewed: float = 86_400.0
    refuse: int | None = None
    tells_servers: bool = True


@dataclass(slots=True, eq=False)
class Session:
    """What the gateway knows of one shard of a bot, also while it is not connected."""

    id: str
    shard: int
    count: int
    sequence: int = 0
    kept: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT))
    connection: "Connection | None" = None

    def has(self, guild_id: int | None) -> bool:
        """Whether events of a server, or private messages (``None``), come this way."""
        return (0 if guild_id is None else (guild_id >> 22) % self.count) == self.shard

    def dispatch(self, event: str, data: Any) -> None:
        """Send an event, or keep it until the bot comes back."""
        self.sequence += 1
        payload = {"op": DISPATCH, "t": event, "s": self.sequence, "d": data}
        self.kept.append(payload)
        if self.connection is not None:
            self.connection.send(payload)


class Connection:
    """One connection of a bot; what is sent goes out in order, without being waited for."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self._socket = socket
        self._request = request
        self._out: asyncio.Queue[Json | int] = asyncio.Queue()
        self._compress = _compression(request.query.get("compress"))
        self.session: Session | None = None
        self.hushed = False

    def send(self, payload: Json) -> None:
        """Send something, unless the connection is hushed."""
        if not self.hushed:
            self._out.put_nowait(payload)

    def close(self, code: int) -> None:
        """Close with a code, once all that was sent before is out."""
        self._out.put_nowait(code)

    def drop(self) -> None:
        """Cut the connection, without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def write(self) -> None:
        """Send out what there is, until the connection ends."""
        while True:
            payload = await self._out.get()
            if isinstance(payload, int):
                await self._socket.close(code=payload)
                return
            data = json.dumps(payload).encode()
            try:
                if self._compress is None:
                    await self._socket.send_str(data.decode())
                else:
                    await self._socket.send_bytes(self._compress(data))
            except ConnectionError:
                return


Fault = Callable[[Connection], None]
"""Does something to a connection in place of an answer, such as :meth:`Connection.drop`."""


class Gateway:
    """All sessions of a bot, and the way events go to them."""

    def __init__(
        self, rules: Rules, heard: Heard, bot: User, application: Callable[[], Json]
    ) -> None:
        self.rules = rules
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.guilds: dict[int, Guild] = {}
        self.address = ""
        self._welcomes = 0
        self._heard = heard
        self._bot = bot
        self._application = application
        self._identified: dict[int, float] = {}
        self._planned: dict[int, deque[Fault]] = {}
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def about(self) -> Json:
        """What ``/gateway/bot`` says."""
        return {
            "url": self.address,
            "shards": self.rules.shards,
            "session_start_limit": {
                "total": 1000,
                "remaining": self.rules.sessions_left,
                "reset_after": int(self.rules.renewed * 1000),
                "max_concurrency": self.rules.max_concurrency,
            },
        }

    def dispatch(self, event: str, data: Any, guild_id: int | None) -> None:
        """Send an event of a server, or of private messages, to every session that it concerns."""
        for session in self.sessions.values():
            if session.has(guild_id):
                session.dispatch(event, data)

    def plan(self, op: int, fault: Fault) -> None:
        """Have ``fault`` happen the next time that a bot sends ``op``, such as ``IDENTIFY``.

        As often as this is called, one time after the other.
        """
        self._planned.setdefault(op, deque()).append(fault)

    async def welcomed(self, count: int) -> None:
        """Wait until so many sessions were let in, ever."""
        if self._welcomes < count:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((count, future))
            await future

    def drop(self) -> None:
        """Cut all connections; their sessions can be resumed."""
        for connection in tuple(self.connections):
            connection.drop()

    def hush(self) -> None:
        """Say nothing more on the connections there are, which stay open; new ones are greeted."""
        for connection in self.connections:
            connection.hushed = True

    def close(self, code: int) -> None:
        """Close all connections with a code; their sessions can be resumed."""
        for connection in tuple(self.connections):
            connection.close(code)

    def tell(self, op: int, data: Any = None) -> None:
        """Send all connections an opcode, such as ``RECONNECT``."""
        for connection in tuple(self.connections):
            connection.send({"op": op, "t": None, "s": None, "d": data})

    def forget(self) -> None:
        """Know no session any more, so that none can be resumed."""
        for connection in self.connections:
            connection.session = None
        self.sessions.clear()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Greet a connection and serve it until it ends."""
        socket = web.WebSocketResponse(max_msg_size=4096)
        await socket.prepare(request)
        connection = Connection(socket, request)
        self.connections.add(connection)
        writing = asyncio.create_task(connection.write())
        self._note("connect", -1)
        try:
            if not self._goes_wrong(CONNECT, connection):
                interval = int(self.rules.heartbeat * 1000)
                connection.send({"op": HELLO, "d": {"heartbeat_interval": interval}})
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._received(connection, json.loads(frame.data))
        finally:
            self.connections.discard(connection)
            session = connection.session
            self._note("close", session.shard if session else -1, socket.close_code)
            if session is not None and session.connection is connection:
                session.connection = None
            writing.cancel()
        return socket

    def _received(self, connection: Connection, payload: Json) -> None:
        op, data = payload["op"], payload["d"]
        shard, count = data.get("shard") or (0, 1) if op == IDENTIFY else (-1, 1)
        if connection.session is not None:
            shard = connection.session.shard
        self._note(NAMES.get(op, f"op {op}"), shard, data)
        if self._goes_wrong(op, connection):
            return
        if op == HEARTBEAT:
            connection.send({"op": ACK})
        elif op == IDENTIFY:
            self._identify(connection, shard, count)
        elif op == RESUME:
            self._resume(connection, data)

    def _goes_wrong(self, op: int, connection: Connection) -> bool:
        planned = self._planned.get(op)
        if planned:
            planned.popleft()(connection)
            return True
        return False

    def _identify(self, connection: Connection, shard: int, count: int) -> None:
        if self.rules.refuse is not None:
            connection.close(self.rules.refuse)
            return
        now = asyncio.get_running_loop().time()
        bucket = shard % self.rules.max_concurrency
        if now - self._identified.get(bucket, -1e9) < self.rules.identify_seconds:
            connection.send({"op": INVALID_SESSION, "d": False})
            return
        self._identified[bucket] = now
        session = Session(secrets.token_hex(8), shard, count, connection=connection)
        connection.session = session
        self.sessions[session.id] = session
        mine = [guild for guild in self.guilds.values() if session.has(guild.id)]
        session.dispatch(
            "READY",
            {
                "v": 10,
                "user": payloads.user(self._bot),
                "guilds": [{"id": str(guild.id), "unavailable": True} for guild in mine],
                "session_id": session.id,
                "resume_gateway_url": self.address,
                "shard": [shard, count],
                "application": self._application(),
            },
        )
        for guild in mine if self.rules.tells_servers else ():
            session.dispatch("GUILD_CREATE", payloads.guild(guild, self._bot))
        self._welcomes += 1
        for count, future in self._waiting:
            if count <= self._welcomes and not future.done():
                future.set_result(None)

    def _resume(self, connection: Connection, data: Json) -> None:
        session = self.sessions.get(data["session_id"] or "")
        if session is None:
            connection.send({"op": INVALID_SESSION, "d": False})
            return
        if session.connection is not None:
            session.connection.session = None
        connection.session = session
        for payload in session.kept:
            if payload["s"] > (data["seq"] or 0):
                connection.send(payload)
        session.connection = connection
        session.dispatch("RESUMED", {})

    def _note(self, name: str, shard: int, data: Any = None) -> None:
        self._heard.add(Signal(name, shard, asyncio.get_running_loop().time(), data))


def _compression(kind: str | None) -> Compression | None:
    if kind == "zlib-stream":
        deflate = zlib.compressobj()
        return lambda data: deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)
    if kind == "zstd-stream":
        stream = zstandard.ZstdCompressor().compressobj()
        block = zstandard.COMPRESSOBJ_FLUSH_BLOCK
        return lambda data: stream.compress(data) + stream.flush(block)
    return None
