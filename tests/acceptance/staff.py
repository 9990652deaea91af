"""Those who look after pictures, and what they are told."""

from typing import Any

from simcord import InteractionResult
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle

from bot.errors import WhereisError
from cogs.errors import root_of
from tests.acceptance.world import Town, embed_of


def moderator(town: Town, name: str = "mod") -> MemberActor:
    """Somebody who may manage the server."""
    return town.join(name, manage_guild=True)


def bots_owner(town: Town, name: str = "owner") -> MemberActor:
    """The owner of the bot, who is an ordinary member of the server."""
    owner = town.join(name)
    bot: Any = town.env.bot
    bot.owner_id = owner.id
    return owner


def other_town(town: Town) -> Town:
    """Another server that the bot is in, with a moderator of its own in Alice's place."""
    guild = town.env.create_guild("Elsewhere")
    channel = guild.create_text_channel("general")
    elsewhere = Town(town.env, guild, channel, town.alice)
    return Town(town.env, guild, channel, moderator(elsewhere, "stranger"))


def allow_slash(town: Town, member: MemberActor, name: str = "image") -> None:
    """Show a slash command to somebody, as a server's settings can, whatever they may do."""
    command = town.env.backend.find_command(name, town.guild.id, type=1)
    assert command is not None
    town.guild.set_command_permissions(int(command["id"]), {member: True})


def description(town: Town) -> str:
    """The text of the embed that the bot posted last."""
    return embed_of(town.answers()[-1]).description or ""


def told(result: InteractionResult) -> str:
    """Everything that an interaction was answered with, embeds included."""
    messages = [*([result.response] if result.response else []), *result.followups]
    parts = []
    for message in messages:
        parts.append(message.content)
        for embed in message.embeds:
            parts += [embed.title or "", embed.description or ""]
            parts += [f"{field.name}\n{field.value}" for field in embed.fields]
    return "\n".join(parts)


def refused(town: Town, channel: ChannelHandle | None = None) -> str:
    """The sentence that the bot refused with last; nothing else may have gone wrong."""
    causes = [root_of(error) for error in town.env.errors]
    assert causes
    for cause in causes:
        assert isinstance(cause, WhereisError), cause
    sentence = str(causes[-1])
    assert town.answers(channel)[-1].content.startswith(sentence)
    return sentence


def refused_privately(result: InteractionResult) -> str:
    """The sentence that an interaction was refused with, to who started it alone."""
    (message,) = [*([result.response] if result.response else []), *result.followups]
    assert message.ephemeral
    assert not message.embeds
    assert "Something went wrong" not in message.content
    return message.content
