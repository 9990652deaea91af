"""The gateway of the Discord on this machine, as clients of other kinds meet it."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest
import pytest_asyncio

from bot.client import intents
from tests.fake_discord import FakeDiscord, Rules, discord_here
from tests.fake_discord.gateway import ACK, HEARTBEAT, HELLO, IDENTIFY, INVALID_SESSION, RESUME


class Raw:
    """A client that speaks to the gateway without a library."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, packed: bool) -> None:
        self._socket = socket
        self._inflate = zlib.decompressobj() if packed else None

    async def send(self, op: int, data: Any) -> None:
        """Send something."""
        await self._socket.send_json({"op": op, "d": data})

    async def identify(self, shard: int = 0, count: int = 1) -> None:
        """Say who it is."""
        await self.send(IDENTIFY, {"token": "t", "shard": [shard, count]})

    async def read(self) -> dict[str, Any]:
        """What comes next."""
        if self._inflate is None:
            text = await self._socket.receive_str()
        else:
            packed = await self._socket.receive_bytes()
            assert packed.endswith(b"\0\0\xff\xff")
            text = self._inflate.decompress(packed).decode()
        read: dict[str, Any] = json.loads(text)
        return read


@pytest_asyncio.fixture(loop_scope="session")
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def connected(
    server: FakeDiscord, session: aiohttp.ClientSession, *, packed: bool = False
) -> Raw:
    """A raw client that was greeted."""
    query = "?compress=zlib-stream" if packed else ""
    raw = Raw(await session.ws_connect(server.gateway.address + query), packed=packed)
    assert (await raw.read())["op"] == HELLO
    return raw


async def test_it_compresses_with_zlib(session: aiohttp.ClientSession) -> None:
    async with FakeDiscord() as server:
        guild = server.guild("Town")
        raw = await connected(server, session, packed=True)
        await raw.send(HEARTBEAT, None)
        assert (await raw.read())["op"] == ACK
        await raw.identify()
        ready, joined = await raw.read(), await raw.read()
        assert (ready["t"], joined["t"]) == ("READY", "GUILD_CREATE")
        assert ready["d"]["guilds"] == [{"id": str(guild.id), "unavailable": True}]
        server.post(guild.channels[0], server.user(), "hello")
        assert (await raw.read())["d"]["content"] == "hello"


async def test_what_was_missed_comes_again_once_resumed(session: aiohttp.ClientSession) -> None:
    async with FakeDiscord() as server:
        guild = server.guild("Town")
        raw = await connected(server, session)
        await raw.identify()
        ready, joined = await raw.read(), await raw.read()
        server.gateway.drop()
        await server.heard.until_signal("close")
        server.post(guild.channels[0], server.user(), "missed")
        again = await connected(server, session)
        await again.send(
            RESUME, {"token": "t", "session_id": ready["d"]["session_id"], "seq": joined["s"]}
        )
        missed, resumed = await again.read(), await again.read()
        assert (missed["d"]["content"], missed["s"]) == ("missed", joined["s"] + 1)
        assert resumed["t"] == "RESUMED"


async def test_an_unknown_session_is_not_resumed(session: aiohttp.ClientSession) -> None:
    async with FakeDiscord() as server:
        raw = await connected(server, session)
        await raw.send(RESUME, {"token": "t", "session_id": "?", "seq": 1})
        assert await raw.read() == {"op": INVALID_SESSION, "d": False}


@pytest.mark.parametrize(("at_once", "second"), [(1, 1), (2, 2)])
async def test_shards_of_one_bucket_say_who_they_are_one_after_the_other(
    session: aiohttp.ClientSession, at_once: int, second: int
) -> None:
    async with FakeDiscord(rules=Rules(max_concurrency=at_once)) as server:
        async with session.get(f"{server.address}/api/v10/gateway/bot", headers=TOKEN) as answer:
            about = json.loads(await answer.read())
        assert about["session_start_limit"]["max_concurrency"] == at_once
        for shard in range(at_once):
            raw = await connected(server, session)
            await raw.identify(shard, 4)
            assert (await raw.read())["d"]["shard"] == [shard, 4]
        too_fast = await connected(server, session)
        await too_fast.identify(second, 4)
        assert (await too_fast.read())["op"] == INVALID_SESSION


TOKEN = {"Authorization": "Bot token"}


async def test_servers_fall_to_shards() -> None:
    heard: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
    async with discord_here(rules=Rules(identify_seconds=0.0)) as server, Shards() as client:
        guilds = [server.guild(name) for name in ("one", "two", "three")]
        assert [(guild.id >> 22) % 2 for guild in guilds] == [0, 1, 0]
        client.heard = heard
        running = asyncio.create_task(client.start("token"))
        await server.welcomed(2)
        for guild in guilds:
            server.post(guild.channels[0], server.user(), guild.name)
        said = sorted([await heard.get() for _ in guilds])
        assert said == [(0, "one"), (0, "three"), (1, "two")]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class Shards(discord.AutoShardedClient):
    """A client of two shards."""

    heard: asyncio.Queue[tuple[int, str]]

    def __init__(self) -> None:
        super().__init__(intents=intents(), shard_count=2, guild_ready_timeout=0.05)

    async def on_message(self, message: discord.Message) -> None:
        """Note which shard heard it."""
        assert message.guild is not None
        self.heard.put_nowait((message.guild.shard_id, message.content))
