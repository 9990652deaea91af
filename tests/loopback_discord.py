"""As much of Discord on loopback as a bot needs to log in and to answer private messages."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import yarl
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

CONTENT_INTENT = 1 << 18
"""The application flag that says that the message content intent is switched on."""

DISALLOWED_INTENTS = 4014
"""The code with which the gateway closes when an intent is not switched on."""

_USER = {"id": "1", "username": "whereis", "discriminator": "0", "avatar": None, "bot": True}
_OWNER = {"id": "2", "username": "owner", "discriminator": "0", "avatar": None}


@dataclass
class LoopbackDiscord:
    """How Discord behaves, and what it has seen.

    ``status`` is what a log-in is answered with, ``flags`` the application's, and ``close_code``
    what the gateway closes with once a bot says who it is; ``None`` welcomes it.  ``sign`` answers
    with links signed anew; ``None`` lets the asker wait.
    """

    status: int = 200
    flags: int = CONTENT_INTENT
    close_code: int | None = None
    sign: Callable[[list[str]], web.StreamResponse] | None = None
    synced: list[str] = field(default_factory=list)
    to_sign: list[list[str]] = field(default_factory=list)
    welcomed: asyncio.Event = field(default_factory=asyncio.Event)
    said: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    _socket: web.WebSocketResponse | None = None
    _number: int = 100

    async def me(self, _: web.Request) -> web.Response:
        """Who the token belongs to."""
        if self.status != 200:
            return answer({"message": "no", "code": 0}, self.status)
        return answer(_USER)

    async def application(self, _: web.Request) -> web.Response:
        """The application of the token."""
        return answer(
            {
                "id": "7",
                "name": "whereis",
                "description": "",
                "icon": None,
                "bot_public": True,
                "bot_require_code_grant": False,
                "verify_key": "",
                "owner": _OWNER,
                "team": None,
                "flags": self.flags,
            }
        )

    async def sync(self, request: web.Request) -> web.Response:
        """Take the application's commands."""
        self.synced = [command["name"] for command in await request.json()]
        return answer([])

    async def refresh(self, request: web.Request) -> web.StreamResponse:
        """Sign the links of attachments anew."""
        links = (await request.json())["attachment_urls"]
        self.to_sign.append(links)
        if self.sign is None:
            await asyncio.Event().wait()
            raise AssertionError
        return self.sign(links)

    async def gateway(self, request: web.Request) -> web.WebSocketResponse:
        """Greet a bot, and welcome it or close."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(
            {"op": 10, "d": {"heartbeat_interval": 45_000}, "s": None, "t": None}
        )
        async for message in socket:
            if json.loads(message.data)["op"] != 2:
                continue
            if self.close_code is not None:
                await socket.close(code=self.close_code)
                break
            ready = {
                "v": 10,
                "user": _USER,
                "guilds": [],
                "session_id": "s",
                "resume_gateway_url": str(request.url.with_scheme("ws").origin()),
                "application": {"id": "7", "flags": self.flags},
            }
            await socket.send_json({"op": 0, "t": "READY", "s": 1, "d": ready})
            self._socket = socket
            self.welcomed.set()
        return socket

    async def ask(self, text: str) -> None:
        """Have somebody write to the bot in private; it has been welcomed before."""
        assert self._socket is not None
        message = self._message(_OWNER, {"content": text})
        await self._socket.send_json(
            {"op": 0, "t": "MESSAGE_CREATE", "s": int(message["id"]), "d": message}
        )

    async def say(self, request: web.Request) -> web.Response:
        """Take a message of the bot, and put it into ``said``."""
        message = self._message(_USER, await request.json())
        self.said.put_nowait(message)
        return answer(message)

    async def typing(self, _: web.Request) -> web.Response:
        """Take that the bot is at work."""
        return web.Response(status=204)

    def _message(self, author: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        return {
            "id": str(self._number),
            "channel_id": "9",
            "author": author,
            "content": content.get("content") or "",
            "embeds": content.get("embeds") or [],
            "timestamp": "2026-01-01T00:00:00+00:00",
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "pinned": False,
            "type": 0,
        }


def answer(body: Any, status: int = 200) -> web.Response:
    """An answer of Discord's, in JSON."""
    # discord.py compares the whole header, so there must be no charset in it.
    return web.Response(
        body=json.dumps(body).encode(), status=status, content_type="application/json"
    )


@asynccontextmanager
async def loopback_discord(
    monkeypatch: pytest.MonkeyPatch, discord: LoopbackDiscord
) -> AsyncIterator[LoopbackDiscord]:
    """Have discord.py speak to this machine alone."""
    app = web.Application()
    app.router.add_get("/users/@me", discord.me)
    app.router.add_get("/oauth2/applications/@me", discord.application)
    app.router.add_put("/applications/{id}/commands", discord.sync)
    app.router.add_post("/attachments/refresh-urls", discord.refresh)
    app.router.add_post("/channels/{id}/messages", discord.say)
    app.router.add_post("/channels/{id}/typing", discord.typing)
    app.router.add_get("/gateway/", discord.gateway)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    place = f"127.0.0.1:{runner.addresses[0][1]}"
    monkeypatch.setattr(Route, "BASE", f"http://{place}")
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(f"ws://{place}/gateway/"))
    try:
        yield discord
    finally:
        await runner.cleanup()
