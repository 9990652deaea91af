"""The state that REST and the gateway share, and the events that a change of it sets off."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TypeVar

from tests.fake_discord import payloads
from tests.fake_discord.answers import RefusedError
from tests.fake_discord.gateway import Gateway
from tests.fake_discord.model import (
    Channel,
    File,
    Interaction,
    Json,
    Message,
    Snowflakes,
    User,
)

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class State:
    """Everything there is.

    Of messages, files, interactions and replies the last ``remembered`` are kept, each.
    """

    gateway: Gateway
    bot: User
    application_id: int
    remembered: int = 10_000
    address: str = ""
    ids: Snowflakes = field(default_factory=Snowflakes)
    channels: dict[int, Channel] = field(default_factory=dict)
    private: dict[int, Channel] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    files: OrderedDict[str, File] = field(default_factory=OrderedDict)
    interactions: OrderedDict[str, Interaction] = field(default_factory=OrderedDict)
    commands: list[Json] = field(default_factory=list)
    replies: OrderedDict[int, asyncio.Future[Message]] = field(default_factory=OrderedDict)
    once: OrderedDict[tuple[int, str], Message] = field(default_factory=OrderedDict)

    def channel(self, number: int) -> Channel:
        """A channel by its id. Raises :class:`RefusedError`."""
        try:
            return self.channels[number]
        except KeyError:
            raise RefusedError(10003) from None

    def message(self, channel: int, number: int) -> Message:
        """A message by its id. Raises :class:`RefusedError`."""
        try:
            return self.channel(channel).messages[number]
        except KeyError:
            raise RefusedError(10008) from None

    def private_channel(self, user: User) -> Channel:
        """Where a user and the bot write to each other."""
        if user.id not in self.private:
            place = Channel(self.ids.next(), user.name, None, recipient=user)
            self.private[user.id] = self.channels[place.id] = place
        return self.private[user.id]

    def upload(self, channel: Channel, file: File) -> Json:
        """Put a file on the CDN, and give what a message says of it."""
        number = self.ids.next()
        path = f"/attachments/{channel.id}/{number}/{file.name}"
        _keep(self.files, path, file, self.remembered)
        url = f"{self.address}/cdn{path}?ex=ffffffff&is=0&hm=0"
        return payloads.attachment(number, file.name, file.kind, len(file.data), url)

    def say(self, message: Message) -> None:
        """Have a message in its channel, and tell the bot."""
        _keep(message.channel.messages, message.id, message, self.remembered)
        self._dispatch("MESSAGE_CREATE", message)
        if message.author is self.bot and message.refers_to is not None:
            self.replied(message.refers_to, message)

    def change(self, message: Message) -> None:
        """Tell the bot that a message is another now."""
        message.edited = True
        self._dispatch("MESSAGE_UPDATE", message)

    def remove(self, message: Message) -> None:
        """Delete a message, and tell the bot."""
        place = message.channel
        place.messages.pop(message.id, None)
        data = {"id": str(message.id), "channel_id": str(place.id)}
        if place.guild is not None:
            data["guild_id"] = str(place.guild.id)
        self.gateway.dispatch("MESSAGE_DELETE", data, _server(place))

    def replied(self, number: int, reply: Message) -> None:
        """Note that the message with the id ``number`` has its reply."""
        future = self.reply(number)
        if not future.done():
            future.set_result(reply)

    def reply(self, number: int) -> asyncio.Future[Message]:
        """What will be the bot's reply to a message."""
        future = self.replies.get(number)
        if future is None:
            future = asyncio.get_running_loop().create_future()
            _keep(self.replies, number, future, self.remembered)
        return future

    def remember(self, used: Interaction) -> None:
        """Have an interaction, so that it can be answered."""
        _keep(self.interactions, used.token, used, self.remembered)

    def remember_once(self, key: tuple[int, str], message: Message) -> None:
        """Note which message was sent under a nonce that may be used only once."""
        _keep(self.once, key, message, self.remembered)

    def _dispatch(self, event: str, message: Message) -> None:
        # What one person alone sees is not in the channel.
        if not message.ephemeral:
            self.gateway.dispatch(event, payloads.message(message), _server(message.channel))


def _server(place: Channel) -> int | None:
    return None if place.guild is None else place.guild.id


def _keep(kept: "OrderedDict[K, V]", key: K, value: V, limit: int) -> None:
    kept[key] = value
    if len(kept) > limit:
        kept.popitem(last=False)
