"""A Discord on this machine: what serves it, and what its members do."""

import asyncio
import secrets
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.fake_discord import payloads
from tests.fake_discord.answers import RefusedError, answer, refusal
from tests.fake_discord.cdn import Cdn
from tests.fake_discord.faults import Faults, Handler
from tests.fake_discord.gateway import Gateway, Rules
from tests.fake_discord.heard import Asked, Heard
from tests.fake_discord.interactions import Interactions
from tests.fake_discord.model import (
    Channel,
    File,
    Guild,
    Interaction,
    Json,
    Message,
    Snowflakes,
    User,
)
from tests.fake_discord.rest import BODY, FILES, Rest, edit, read, written
from tests.fake_discord.state import State

API = "/api/v10"
GATEWAY = "/gateway/"

CONTENT_INTENT = 1 << 18
"""The application flag that says that the message content intent is switched on."""

APPLICATION_ID = 7
BOT = User(1, "whereis", bot=True)
OWNER = User(2, "owner")

ATTACHMENT_OPTION, TEXT_OPTION, NUMBER_OPTION, SWITCH_OPTION = 11, 3, 4, 5
CHAT_COMMAND, MESSAGE_COMMAND = 1, 3
BUTTON = 2


class FakeDiscord:
    """As much of Discord as a bot needs: REST, the gateway and the CDN, on one port of loopback.

    ``flags`` are the application's.  ``token`` is the only one that is let in; ``None`` lets in
    any.  Of what bots did the last ``remembered`` are kept, of messages and files as well.  Servers
    count from ``first_server``, so that several can share a database.
    """

    def __init__(
        self,
        *,
        rules: Rules | None = None,
        flags: int = CONTENT_INTENT,
        token: str | None = None,
        remembered: int = 10_000,
        first_server: int = 0,
        port: int = 0,
    ) -> None:
        self.rules = rules or Rules()
        self.flags = flags
        self.token = token
        self.heard = Heard(remembered)
        self.faults = Faults()
        self.gateway = Gateway(self.rules, self.heard, BOT, self._application)
        self.state = State(self.gateway, BOT, APPLICATION_ID, remembered)
        self.state.ids = Snowflakes(first_server)
        self._port = port
        self._runner: web.AppRunner | None = None
        self.state.users |= {user.id: user for user in (BOT, OWNER)}

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._serve], client_max_size=64 * 1024 * 1024)
        rest = Rest(self.state, self._application).routes()
        for route in [*rest, *Interactions(self.state).routes()]:
            app.router.add_route(route.method, f"{API}{route.path}", route.handler)
        app.router.add_routes(Cdn(self.state).routes())
        app.router.add_get(GATEWAY, self.gateway.serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self.state.address = self.address
        self.gateway.address = f"ws://127.0.0.1:{self._port}{GATEWAY}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        self.gateway.drop()
        await self._runner.cleanup()

    @property
    def address(self) -> str:
        """Where it listens, without a path; see :func:`tests.fake_discord.pointed`."""
        return f"http://127.0.0.1:{self._port}"

    # What there is.

    def guild(self, name: str = "Town", *channels: str, owner: User = OWNER) -> Guild:
        """A new server, with one channel unless they are named; the bot is in it."""
        guild = Guild(self.state.ids.next_server(), name, owner)
        for each in channels or ("general",):
            self.channel(guild, each, told=False)
        self.gateway.guilds[guild.id] = guild
        self.gateway.dispatch("GUILD_CREATE", payloads.guild(guild, BOT), guild.id)
        return guild

    def channel(self, guild: Guild, name: str, *, told: bool = True) -> Channel:
        """A new channel of a server, of which the bot is ``told``."""
        place = Channel(self.state.ids.next(), name, guild)
        guild.channels.append(place)
        self.state.channels[place.id] = place
        if told:
            self.gateway.dispatch("CHANNEL_CREATE", payloads.channel(place), guild.id)
        return place

    def permit(self, guild: Guild, everybody: int) -> None:
        """Let everybody in a server do that and no more, the bot too; see :class:`Guild`."""
        guild.everybody = everybody
        data = {"guild_id": str(guild.id), "role": payloads.role(guild.id, "@everyone", everybody)}
        self.gateway.dispatch("GUILD_ROLE_UPDATE", data, guild.id)

    def user(self, name: str = "alice") -> User:
        """Somebody new, whom every server lets write."""
        user = User(self.state.ids.next(), name)
        self.state.users[user.id] = user
        return user

    def private(self, user: User) -> Channel:
        """Where somebody and the bot write to each other."""
        return self.state.private_channel(user)

    # What members do.

    def post(
        self,
        channel: Channel,
        author: User,
        content: str = "",
        *,
        attachments: Sequence[File] = (),
        reply_to: Message | None = None,
        quotes: bool = True,
    ) -> Message:
        """Write a message; see :class:`Message` for what it ``quotes``."""
        body: Json = {"content": content}
        if reply_to is not None:
            body["message_reference"] = {"message_id": str(reply_to.id)}
        said = written(self.state, channel, author, body, tuple(attachments))
        said.quotes = quotes
        self.state.say(said)
        return said

    def edit(self, message: Message, content: str) -> None:
        """Change the text of a message."""
        edit(message, {"content": content})
        self.state.change(message)

    def delete(self, message: Message) -> None:
        """Delete a message."""
        self.state.remove(message)

    def slash(self, channel: Channel, user: User, command: str, **options: Any) -> Interaction:
        """Use a slash command; groups and subcommands are parted by blanks.

        An option that is a :class:`File` is uploaded.
        """
        name, *below = command.split()
        found = self._command(name, CHAT_COMMAND)
        attachments: Json = {}
        given: list[Json] = []
        for option, value in options.items():
            if isinstance(value, File):
                uploaded = self.state.upload(channel, value)
                attachments[uploaded["id"]] = uploaded
                given.append({"name": option, "type": ATTACHMENT_OPTION, "value": uploaded["id"]})
            else:
                given.append({"name": option, "type": _kind_of(value), "value": value})
        for depth, part in enumerate(reversed(below)):
            given = [{"name": part, "type": 1 if depth == 0 else 2, "options": given}]
        data = {"id": found["id"], "name": name, "type": CHAT_COMMAND, "options": given}
        if attachments:
            data["resolved"] = {"attachments": attachments}
        return self._interact(channel, user, payloads.COMMAND, data)

    def menu(self, message: Message, user: User, command: str) -> Interaction:
        """Use a command of the menu of a message."""
        found = self._command(command, MESSAGE_COMMAND)
        data = {
            "id": found["id"],
            "name": command,
            "type": MESSAGE_COMMAND,
            "target_id": str(message.id),
            "resolved": {"messages": {str(message.id): payloads.message(message)}},
        }
        return self._interact(message.channel, user, payloads.COMMAND, data)

    def click(self, message: Message, user: User, button: str) -> Interaction:
        """Click the button of that label, or custom id."""
        found = _component(message, button)
        data = {"custom_id": found["custom_id"], "component_type": found["type"]}
        return self._interact(message.channel, user, payloads.COMPONENT, data, message)

    def choose(self, message: Message, user: User, menu: str, *values: str) -> Interaction:
        """Choose from the menu of that placeholder, or custom id."""
        found = _component(message, menu)
        data = {
            "custom_id": found["custom_id"],
            "component_type": found["type"],
            "values": list(values),
        }
        return self._interact(message.channel, user, payloads.COMPONENT, data, message)

    def submit(self, shown: Interaction, **values: str) -> Interaction:
        """Fill in the form that was shown in answer to an interaction, by custom ids or labels."""
        assert shown.form is not None, "no form was shown"
        rows = [_filled(row, values) for row in shown.form["components"]]
        data = {"custom_id": shown.form["custom_id"], "components": rows}
        return self._interact(shown.channel, shown.user, payloads.FORM, data, shown.source)

    # What the bot does.

    async def welcomed(self, count: int = 1) -> None:
        """Wait until so many sessions were let in, ever."""
        await self.heard.within(self.gateway.welcomed(count), f"{count} sessions")

    async def reply_to(self, message: Message) -> Message:
        """The bot's reply to a message; a ``TimeoutError`` tells what was heard instead."""
        wanted = f"reply to {message.content!r}"
        return await self.heard.within(asyncio.shield(self.state.reply(message.id)), wanted)

    async def answered(self, used: Interaction) -> None:
        """Wait until the bot has answered an interaction, in whatever way.

        A ``TimeoutError`` tells what was heard instead.
        """
        wanted = f"answer to interaction {used.payload['data']}"
        await self.heard.within(used.answered.wait(), wanted)

    async def answer_to(self, used: Interaction) -> Message:
        """What the bot says to an interaction, once it has; the last, where it says several."""
        await self.answered(used)
        return used.answers[-1]

    # What is below.

    def _interact(
        self, channel: Channel, user: User, kind: int, data: Json, source: Message | None = None
    ) -> Interaction:
        used = Interaction(
            self.state.ids.next(), secrets.token_hex(16), kind, channel, user, {}, source
        )
        used.payload = payloads.interaction(used, APPLICATION_ID, BOT, data)
        self.state.remember(used)
        guild_id = None if channel.guild is None else channel.guild.id
        self.gateway.dispatch("INTERACTION_CREATE", used.payload, guild_id)
        return used

    def _command(self, name: str, kind: int) -> Json:
        for command in self.state.commands:
            if command["name"] == name and command.get("type", CHAT_COMMAND) == kind:
                return command
        raise LookupError(f"the bot has no command {name!r} of type {kind}")

    def _application(self) -> Json:
        return {
            "id": str(APPLICATION_ID),
            "name": "whereis",
            "description": "",
            "icon": None,
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "",
            "owner": payloads.user(OWNER),
            "team": None,
            "flags": self.flags,
        }

    @web.middleware
    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == GATEWAY:
            return await handler(request)
        line = f"{request.method} {request.path.removeprefix(API)}"
        try:
            await read(request)
            self.heard.add(Asked(line, request[BODY], request[FILES]))
            fault = self.faults.take(line)
            if fault is not None:
                return await fault(request, _refusing(handler))
            if request.path.startswith(API) and not self._is_let_in(request):
                return answer({"message": "401: Unauthorized", "code": 0}, 401)
            return await _refusing(handler)(request)
        except RefusedError as error:
            return refusal(error.code, error.errors)
        finally:
            self.heard.wake()

    def _is_let_in(self, request: web.Request) -> bool:
        # Interactions carry a token of their own.
        own = request.path.startswith((f"{API}/webhooks/", f"{API}/interactions/"))
        return own or self.token is None or request.headers["Authorization"] == f"Bot {self.token}"


def _refusing(handler: Handler) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except RefusedError as error:
            return refusal(error.code, error.errors)
        except web.HTTPNotFound:
            return refusal(0)

    return handle


def _kind_of(value: object) -> int:
    if isinstance(value, bool):
        return SWITCH_OPTION
    return NUMBER_OPTION if isinstance(value, int) else TEXT_OPTION


def _component(message: Message, name: str) -> Json:
    for component in message.components:
        if name in (component.get("label"), component.get("placeholder"), component["custom_id"]):
            return component
    shown = [each.get("label") or each.get("placeholder") for each in message.components]
    raise LookupError(f"there is no {name!r} under the message, but {shown}")


def _filled(row: Json, values: dict[str, str]) -> Json:
    """A row of a form: a component in an action row, or below a label."""
    inner = row["component"] if "component" in row else row["components"][0]
    name = row.get("label") or inner.get("label")
    text = values.get(inner["custom_id"], values.get(name or "", inner.get("value") or ""))
    filled = {"type": inner["type"], "custom_id": inner["custom_id"], "value": text}
    if "component" in row:
        return {"type": row["type"], "component": filled}
    return {"type": row["type"], "components": [filled]}
