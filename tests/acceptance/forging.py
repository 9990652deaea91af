"""Interactions that no honest client would send: made up, changed, or delivered twice."""

from typing import Any

import discord
from simcord import InteractionResult, ResponseMessage
from simcord.actors import MemberActor
from simcord.backend import serializers
from simcord.builders import ChannelHandle, UserHandle
from simcord.interactions import base_payload

COMMAND, COMPONENT, AUTOCOMPLETE = 2, 3, 4
BUTTON, MENU, ROLE_MENU, CHANNEL_MENU = 2, 3, 6, 8

Message = discord.Message | ResponseMessage


async def forge(
    actor: MemberActor | UserHandle,
    channel: ChannelHandle,
    kind: int,
    data: dict[str, Any],
    *,
    message: Message | None = None,
    message_channel: ChannelHandle | None = None,
    times: int = 1,
    clicks: int = 1,
) -> InteractionResult:
    """Have Discord deliver an interaction of ``actor`` in ``channel``, and give the first result.

    ``message`` is the one that carries the component, from ``message_channel`` if that is another.
    ``clicks`` make as many interactions, of which all are on their way before the first is
    answered; each is delivered so many ``times``.
    """
    env = actor._env
    records = []
    for _ in range(clicks):
        record, payload = base_payload(
            env.backend,
            type=kind,
            channel_id=channel.id,
            guild_id=channel.guild.id if channel.guild is not None else None,
            user_id=actor.id,
            data=data,
        )
        if message is not None:
            where = message_channel or channel
            stored = env.backend.get_message(where.id, message.id)
            payload["message"] = dict(serializers.message_payload(env.backend, stored))
            record.source_message_id = message.id
        records.append(record)
        for _ in range(times):
            env.backend.emit("INTERACTION_CREATE", payload)
    await env.settle()
    return InteractionResult(env, records[0])


def button(custom_id: str) -> dict[str, Any]:
    """The data of a click on a button."""
    return {"custom_id": custom_id, "component_type": BUTTON}


def menu(custom_id: str, *values: str) -> dict[str, Any]:
    """The data of a choice from a menu."""
    return {"custom_id": custom_id, "component_type": MENU, "values": list(values)}


def entities(custom_id: str, kind: int, *ids: int) -> dict[str, Any]:
    """The data of a choice from a menu of channels or roles, with what Discord would add to it."""
    colours = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}
    channel = {"name": "x", "type": 0, "permissions": "8"}
    role = {
        "name": "x",
        "color": 0,
        "colors": colours,
        "hoist": False,
        "position": 1,
        "permissions": "8",
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }
    kinds = {CHANNEL_MENU: ("channels", channel), ROLE_MENU: ("roles", role)}
    name, shown = kinds[kind]
    return {
        "custom_id": custom_id,
        "component_type": kind,
        "values": [str(number) for number in ids],
        "resolved": {name: {str(number): {"id": str(number), **shown} for number in ids}},
    }


def command(
    actor: MemberActor | UserHandle, name: str, *, focused: str | None = None, **options: Any
) -> dict[str, Any]:
    """The data of a slash command, ``"whereis"`` or ``"image remove"``.

    Discord is not asked whether that person is shown it, or takes such values.
    """
    root, *sub = name.split()
    known = actor._env.backend.find_command(root, None, type=1)
    assert known is not None
    kinds: dict[type, int] = {str: 3, int: 4, bool: 5}
    given = [
        {"name": option, "type": kinds[type(value)], "value": value}
        | ({"focused": True} if option == focused else {})
        for option, value in options.items()
    ]
    if sub:
        given = [{"name": sub[0], "type": 1, "options": given}]
    return {"id": known["id"], "name": root, "type": 1, "options": given}
