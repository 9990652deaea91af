"""Answers in the form of Discord's."""

import json
from typing import Any

from aiohttp import web

_STATUS = {
    0: 404,
    10003: 404,
    10008: 404,
    10015: 404,
    10062: 404,
    40060: 400,
    50001: 403,
    50006: 400,
    50007: 403,
    50013: 403,
    50035: 400,
    50109: 400,
    160002: 403,
}
_WORDS = {
    0: "404: Not Found",
    10003: "Unknown Channel",
    10008: "Unknown Message",
    10015: "Unknown Webhook",
    10062: "Unknown interaction",
    40060: "Interaction has already been acknowledged.",
    50001: "Missing Access",
    50006: "Cannot send an empty message",
    50007: "Cannot send messages to this user",
    50013: "Missing Permissions",
    50035: "Invalid Form Body",
    50109: "The request body contains invalid JSON.",
    160002: "Cannot reply without permission to read message history",
}


class RefusedError(Exception):
    """What was asked is refused with one of Discord's codes."""

    def __init__(self, code: int, **errors: Any) -> None:
        super().__init__(_WORDS[code])
        self.code = code
        self.errors = errors


def answer(body: Any, status: int = 200) -> web.Response:
    """An answer in JSON."""
    # discord.py compares the whole header, so there must be no charset in it.
    return web.Response(
        body=json.dumps(body).encode(), status=status, content_type="application/json"
    )


def nothing() -> web.Response:
    """An answer without words: done."""
    return web.Response(status=204)


def refusal(code: int, errors: Any = None) -> web.Response:
    """A refusal, as Discord gives it."""
    body: dict[str, Any] = {"message": _WORDS[code], "code": code}
    if errors:
        body["errors"] = errors
    return answer(body, _STATUS[code])
