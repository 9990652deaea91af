"""Messages as Discord might send them, taken apart by the real discord.py."""

import json
import random
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import discord

from cogs.targets import find_targets
from tests.fuzz.parsers import LINKS_IN_TEXT
from tests.fuzz.texts import Words
from tests.fuzz.words import ODD, among

_words = among(LINKS_IN_TEXT)

_FILES = (
    "a.png",
    "b.SVGZ",
    "noname",
    ".png",
    "a.",
    "a.mp4",
    "x" * 300,
    "\u202egnp.exe",
    "a/b.gif",
    "",
)
_TYPES = ("image/png", "image/", "text/plain", "application/octet-stream", "", None)
_ADDRESSES = (
    "https://cdn.discordapp.com/attachments/1/2/a.png?ex=65",
    "https://media.discordapp.net/external/x/https/a.example/b.png",
    "http://a.example/b.jpg",
    "attachment://a.png",
    "http://[bad",
    "https://",
    "data:,x",
    "",
)

_NOW = "2024-01-02T03:04:05.000000+00:00"
_AUTHOR = {"id": "5", "username": "somebody", "discriminator": "0", "avatar": None}


def message(dice: random.Random) -> str:
    """A message's payload, in JSON."""
    made = _part(dice, 0)
    if dice.random() < 0.3:
        made["message_reference"] = {"type": 0, "message_id": "8", "channel_id": "2"}
        kind = dice.randrange(4)
        if kind == 0:
            made["referenced_message"] = None
        elif kind <= 2:
            made["referenced_message"] = _part(dice, 1)
        else:
            made["fetched"] = _part(dice, 1) if dice.random() < 0.7 else None
    return json.dumps(made)


def _part(dice: random.Random, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": str(dice.randrange(2**63)),
        "channel_id": "2",
        "type": 0,
        "author": _AUTHOR,
        "timestamp": _NOW,
        "edited_timestamp": None,
        "tts": False,
        "pinned": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "flags": 0,
        "content": _words(dice) if dice.random() < 0.5 else "",
        "attachments": [_attachment(dice) for _ in range(dice.choice((0, 0, 0, 1, 3)))],
        "embeds": [_embed(dice) for _ in range(dice.choice((0, 0, 1, 10)))],
        "sticker_items": [_sticker(dice) for _ in range(dice.choice((0, 0, 0, 1, 3)))],
    }
    if depth < 2 and dice.random() < 0.2:
        made["message_reference"] = {"type": 1, "message_id": "9", "channel_id": "3"}
        made["message_snapshots"] = [
            {"message": _part(dice, 2)} for _ in range(dice.choice((1, 1, 2)))
        ]
    return made


def _attachment(dice: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": str(dice.randrange(2**63)),
        "filename": dice.choice(_FILES) + dice.choice(("", "", dice.choice(ODD))),
        "size": dice.choice((0, 1, 2**31, 2**63)),
        "url": dice.choice(_ADDRESSES),
        "proxy_url": dice.choice(_ADDRESSES),
    }
    kind = dice.choice(_TYPES)
    return made if kind is None else {**made, "content_type": kind}


def _embed(dice: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {"type": dice.choice(("rich", "image", "video", "gifv", "x"))}
    for part in ("image", "thumbnail", "video"):
        if dice.random() < 0.4:
            keys = dice.sample(("url", "proxy_url", "width", "height"), dice.choice((0, 1, 2, 4)))
            made[part] = {
                key: dice.choice(_ADDRESSES) if "url" in key else dice.choice((0, 640, -1, None))
                for key in keys
            }
    if dice.random() < 0.3:
        made["url"] = dice.choice(_ADDRESSES)
    return made


def _sticker(dice: random.Random) -> dict[str, Any]:
    return {
        "id": str(dice.randrange(1, 2**63)),
        "name": dice.choice(("hi", "", "\u202e", "a" * 99)),
        "format_type": dice.choice((1, 2, 3, 4, 99)),
    }


@cache
def _state() -> Any:
    """discord.py's own state, of a client that is never connected."""
    return discord.Client(intents=discord.Intents.none())._connection


class _Channel(discord.PartialMessageable):
    """A channel whose one other message is known, or gone."""

    def __init__(self, other: dict[str, Any] | None) -> None:
        super().__init__(state=_state(), id=2)
        self._other = other

    async def fetch_message(self, message_id: int, /) -> discord.Message:
        """That message."""
        if self._other is None:
            response = cast(Any, SimpleNamespace(status=404, reason="Not Found"))
            raise discord.NotFound(response, "Unknown Message")
        return _parsed(self._other, self)


def _parsed(payload: dict[str, Any], channel: _Channel) -> discord.Message:
    return discord.Message(state=_state(), channel=cast(Any, channel), data=cast(Any, payload))


async def check_message(given: str) -> str:
    """A message: each target has somewhere to be read from, and none comes twice."""
    payload = json.loads(given)
    made = _parsed(payload, _Channel(payload.get("fetched")))
    found = await find_targets(made)
    for target in found:
        assert target.attachment or target.asset or target.url.lower().startswith("http")
        assert target.name is None or isinstance(target.name, str)
    assert len({target.url for target in found}) == len(found) or found[0].attachment
    assert await find_targets(made) == found
    return found[0].origin if found else "none"


MESSAGE_TARGET = Words("messages", check_message, (), draw=message, grows=False)
