"""What a bot asks over REST: who it is, its commands, channels and messages."""

import json
from collections.abc import Callable
from itertools import islice
from typing import Any

from aiohttp import web

from tests.fake_discord import forms, payloads
from tests.fake_discord.answers import RefusedError, answer, nothing
from tests.fake_discord.model import Channel, File, Json, Message, User
from tests.fake_discord.state import State

BODY: web.RequestKey[Any] = web.RequestKey("body", object)
FILES: web.RequestKey[tuple[File, ...]] = web.RequestKey("files", tuple)

SIGNED = "?ex=ffffffff&is=0&hm=0"
"""What a link to an attachment is signed with, for very long."""


class Rest:
    """The routes of REST but those of interactions."""

    def __init__(self, state: State, application: Callable[[], Json]) -> None:
        self._state = state
        self._application = application

    def routes(self) -> list[web.RouteDef]:
        """What is served, each with the method and the path."""
        channel = "/channels/{channel}"
        message = f"{channel}/messages/{{message}}"
        return [
            web.get("/users/@me", self._me),
            web.get("/oauth2/applications/@me", self._about),
            web.get("/gateway/bot", self._gateway),
            web.put("/applications/{application}/commands", self._sync),
            web.post("/users/@me/channels", self._open_private),
            web.post("/attachments/refresh-urls", self._refresh),
            web.get("/users/{user}", self._user),
            web.get(channel, self._channel),
            web.post(f"{channel}/typing", self._done),
            web.put(f"{message}/reactions/{{emoji}}/@me", self._done),
            web.get(f"{channel}/messages", self._history),
            web.post(f"{channel}/messages", self._send),
            web.get(message, self._message),
            web.patch(message, self._edit),
            web.delete(message, self._delete),
        ]

    async def _me(self, _: web.Request) -> web.Response:
        return answer(payloads.user(self._state.bot))

    async def _about(self, _: web.Request) -> web.Response:
        return answer(self._application())

    async def _gateway(self, _: web.Request) -> web.Response:
        return answer(self._state.gateway.about())

    async def _sync(self, request: web.Request) -> web.Response:
        state = self._state
        state.commands = [
            {
                "description": "",
                **command,
                "id": str(state.ids.next()),
                "application_id": str(state.application_id),
                "version": "1",
            }
            for command in request[BODY]
        ]
        return answer(state.commands)

    async def _open_private(self, request: web.Request) -> web.Response:
        user = self._known(int(request[BODY]["recipient_id"]))
        return answer(payloads.channel(self._state.private_channel(user)))

    async def _refresh(self, request: web.Request) -> web.Response:
        links = request[BODY]["attachment_urls"]
        pairs = [{"original": link, "refreshed": f"{link}{SIGNED}"} for link in links]
        return answer({"refreshed_urls": pairs})

    async def _user(self, request: web.Request) -> web.Response:
        return answer(payloads.user(self._known(int(request.match_info["user"]))))

    async def _channel(self, request: web.Request) -> web.Response:
        return answer(payloads.channel(self._place(request)))

    async def _done(self, request: web.Request) -> web.Response:
        self._place(request)
        return nothing()

    async def _history(self, request: web.Request) -> web.Response:
        before = int(request.query.get("before", 1 << 63))
        found = (each for each in reversed(self._place(request).messages.values()))
        wanted = (each for each in found if each.id < before)
        limit = int(request.query.get("limit", 50))
        return answer([payloads.message(each) for each in islice(wanted, limit)])

    async def _send(self, request: web.Request) -> web.Response:
        place, body, state = self._place(request), request[BODY], self._state
        once = (place.id, str(body["nonce"])) if body.get("enforce_nonce") else None
        if once is not None and once in state.once:
            return answer(payloads.message(state.once[once]))
        said = written(state, place, state.bot, body, request[FILES])
        _check_reference(said)
        if once is not None:
            state.remember_once(once, said)
        state.say(said)
        return answer(payloads.message(said))

    async def _message(self, request: web.Request) -> web.Response:
        return answer(payloads.message(self._said(request)))

    async def _edit(self, request: web.Request) -> web.Response:
        said = self._said(request)
        edit(said, request[BODY])
        self._state.change(said)
        return answer(payloads.message(said))

    async def _delete(self, request: web.Request) -> web.Response:
        self._state.remove(self._said(request))
        return nothing()

    def _place(self, request: web.Request) -> Channel:
        return self._state.channel(int(request.match_info["channel"]))

    def _said(self, request: web.Request) -> Message:
        where = request.match_info
        return self._state.message(int(where["channel"]), int(where["message"]))

    def _known(self, number: int) -> User:
        try:
            return self._state.users[number]
        except KeyError:
            raise RefusedError(0) from None


async def read(request: web.Request) -> None:
    """Read the body of a request into :data:`BODY` and :data:`FILES`.

    Raises :class:`RefusedError` where it is no JSON.
    """
    files: list[File] = []
    raw = b""
    if request.content_type.startswith("multipart/"):
        form = await request.post()
        for name, part in form.items():
            if isinstance(part, web.FileField):
                files.append(File(part.filename, part.file.read(), part.content_type))
            elif name == "payload_json":
                raw = str(part).encode()
    else:
        raw = await request.read()
    try:
        request[BODY] = json.loads(raw) if raw else None
    except ValueError:
        raise RefusedError(50109) from None
    request[FILES] = tuple(files)


def written(
    state: State, place: Channel, author: User, body: Json, files: tuple[File, ...]
) -> Message:
    """A message as somebody sends it. Raises :class:`RefusedError`."""
    forms.check(body, len(files))
    attachments = [state.upload(place, file) for file in files]
    return Message(state.ids.next(), place, author, body, attachments)


def edit(said: Message, body: Json) -> None:
    """Change what was sent; parts that are not named stay. Raises :class:`RefusedError`."""
    changed = {**said.body, **body}
    forms.check(changed, len(said.attachments))
    said.body = changed


def _check_reference(said: Message) -> None:
    number = said.refers_to
    if number is None or number in said.channel.messages:
        return
    if said.body["message_reference"].get("fail_if_not_exists", True):
        raise RefusedError(
            50035,
            message_reference={
                "_errors": [
                    {"code": "REPLIES_UNKNOWN_MESSAGE", "message": "Unknown message"},
                ]
            },
        )
