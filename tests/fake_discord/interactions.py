"""What a bot answers to commands, clicks and forms."""

import time

from aiohttp import web

from tests.fake_discord import payloads
from tests.fake_discord.answers import RefusedError, answer, nothing
from tests.fake_discord.model import Interaction, Json, Message
from tests.fake_discord.rest import BODY, FILES, edit, written
from tests.fake_discord.state import State

PATIENCE = 3.0
"""Seconds within which Discord wants the first answer to an interaction."""

MESSAGE, THINKING, LATER, UPDATE, FORM = 4, 5, 6, 7, 9
UNKNOWN_WEBHOOK = 10015


class Interactions:
    """The routes that interactions are answered by."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[web.RouteDef]:
        """What is served, each with the method and the path."""
        hook = "/webhooks/{application}/{token}"
        message = f"{hook}/messages/{{message}}"
        return [
            web.post("/interactions/{interaction}/{token}/callback", self._first),
            web.post(hook, self._followup),
            web.get(message, self._message),
            web.patch(message, self._edit),
            web.delete(message, self._delete),
        ]

    async def _first(self, request: web.Request) -> web.Response:
        used = self._state.interactions.get(request.match_info["token"])
        if used is None or time.monotonic() - used.began > PATIENCE:
            raise RefusedError(10062)
        if used.acknowledged.is_set():
            raise RefusedError(40060)
        kind, data = request[BODY]["type"], request[BODY].get("data") or {}
        if kind in (MESSAGE, THINKING):
            used.original = self._begun(used, kind, data, request)
        elif kind in (LATER, UPDATE):
            used.original = used.source
            if kind == UPDATE and used.source is not None:
                edit(used.source, data)
                self._state.change(used.source)
        elif kind == FORM:
            used.form = data
        used.acknowledged.set()
        if kind not in (THINKING, LATER):
            used.answered.set()
        if request.query.get("with_response", "false") in ("0", "false"):
            return nothing()
        return answer(_callback(used, kind))

    def _begun(self, used: Interaction, kind: int, data: Json, request: web.Request) -> Message:
        state = self._state
        if kind == MESSAGE:
            said = written(state, used.channel, state.bot, data, request[FILES])
        else:
            flags = data.get("flags", 0) | payloads.LOADING
            said = Message(state.ids.next(), used.channel, state.bot, {"flags": flags})
        said.interaction = used
        state.say(said)
        return said

    async def _followup(self, request: web.Request) -> web.Response:
        used, state = self._used(request), self._state
        said = written(state, used.channel, state.bot, request[BODY], request[FILES])
        said.interaction = used
        # The first message behind one that is being thought about takes its place.
        if used.original is not None and _is_loading(used.original):
            used.original.body, used.original.attachments = said.body, said.attachments
            said = used.original
            state.change(said)
        else:
            used.followups.append(said)
            state.say(said)
        used.answered.set()
        return answer(payloads.message(said))

    async def _message(self, request: web.Request) -> web.Response:
        return answer(payloads.message(self._said(request)))

    async def _edit(self, request: web.Request) -> web.Response:
        said, state = self._said(request), self._state
        edit(said, request[BODY])
        said.attachments += [state.upload(said.channel, file) for file in request[FILES]]
        said.body["flags"] = said.body.get("flags", 0) & ~payloads.LOADING
        state.change(said)
        self._used(request).answered.set()
        return answer(payloads.message(said))

    async def _delete(self, request: web.Request) -> web.Response:
        used, said = self._used(request), self._said(request)
        self._state.remove(said)
        if said is used.original:
            used.original = None
        else:
            used.followups.remove(said)
        used.answered.set()
        return nothing()

    def _used(self, request: web.Request) -> Interaction:
        used = self._state.interactions.get(request.match_info["token"])
        if used is None or not used.acknowledged.is_set():
            raise RefusedError(UNKNOWN_WEBHOOK)
        return used

    def _said(self, request: web.Request) -> Message:
        used, wanted = self._used(request), request.match_info["message"]
        if wanted == "@original":
            said = used.original
        else:
            said = next((each for each in used.answers if str(each.id) == wanted), None)
        if said is None:
            raise RefusedError(10008)
        return said


def _is_loading(said: Message) -> bool:
    return bool(said.body.get("flags", 0) & payloads.LOADING)


def _callback(used: Interaction, kind: int) -> Json:
    body: Json = {"interaction": {"id": str(used.id), "type": used.kind}}
    if used.original is not None:
        body["interaction"] |= {
            "response_message_id": str(used.original.id),
            "response_message_loading": _is_loading(used.original),
            "response_message_ephemeral": used.original.ephemeral,
        }
        body["resource"] = {"type": kind, "message": payloads.message(used.original)}
    return body
