"""What of the model goes over the wire, in the form of Discord's API v10."""

from datetime import UTC, datetime

from tests.fake_discord.model import EPOCH_MS, Channel, Guild, Interaction, Json, Message, User

TEXT_CHANNEL = 0
PRIVATE_CHANNEL = 1
LOADING = 128


def user(who: User) -> Json:
    """A user."""
    return {
        "id": str(who.id),
        "username": who.name,
        "discriminator": "0",
        "global_name": None,
        "avatar": None,
        "bot": who.bot,
    }


def member(who: User, guild: Guild) -> Json:
    """What a server knows of a user; whoever may more than everybody has a role of their own."""
    return {
        "nick": None,
        "avatar": None,
        "roles": [str(who.id)] if who.id in guild.granted else [],
        "joined_at": "2020-01-01T00:00:00+00:00",
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
    }


def channel(place: Channel) -> Json:
    """A channel."""
    if place.guild is None:
        recipients = [user(place.recipient)] if place.recipient is not None else []
        return {
            "id": str(place.id),
            "type": PRIVATE_CHANNEL,
            "last_message_id": None,
            "recipients": recipients,
        }
    return {
        "id": str(place.id),
        "guild_id": str(place.guild.id),
        "type": TEXT_CHANNEL,
        "name": place.name,
        "position": 0,
        "permission_overwrites": [],
        "topic": None,
        "nsfw": False,
        "last_message_id": None,
        "rate_limit_per_user": 0,
        "parent_id": None,
    }


def guild(server: Guild, bot: User) -> Json:
    """A server as GUILD_CREATE has it for a bot that may not list its members."""
    roles = [role(server.id, "@everyone", server.everybody)]
    roles += [role(number, "granted", bits) for number, bits in server.granted.items()]
    return {
        "id": str(server.id),
        "name": server.name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "owner_id": str(server.owner.id),
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "roles": roles,
        "emojis": [],
        "stickers": [],
        "features": [],
        "mfa_level": 0,
        "application_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "vanity_url_code": None,
        "description": None,
        "banner": None,
        "premium_tier": 0,
        "preferred_locale": "en-US",
        "public_updates_channel_id": None,
        "nsfw_level": 0,
        "premium_progress_bar_enabled": False,
        "joined_at": "2020-01-01T00:00:00+00:00",
        "large": False,
        "unavailable": False,
        "member_count": 2,
        "voice_states": [],
        "members": [{**member(bot, server), "user": user(bot)}],
        "channels": [channel(place) for place in server.channels],
        "threads": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def message(said: Message, *, quoted: bool = False) -> Json:
    """A message, as both the gateway and REST have it; one that is ``quoted`` quotes no other."""
    body = said.body
    payload: Json = {
        "id": str(said.id),
        "channel_id": str(said.channel.id),
        "author": user(said.author),
        "content": said.content,
        "timestamp": _time_of(said.id),
        "edited_timestamp": _now() if said.edited else None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": said.attachments,
        "embeds": [{"type": "rich", **embed} for embed in said.embeds],
        "components": body.get("components") or [],
        "pinned": False,
        "flags": body.get("flags", 0),
        "type": 0,
    }
    if said.channel.guild is not None:
        payload["guild_id"] = str(said.channel.guild.id)
        payload["member"] = member(said.author, said.channel.guild)
    if body.get("nonce") is not None:
        payload["nonce"] = body["nonce"]
    if said.interaction is not None:
        payload["application_id"] = payload["webhook_id"] = said.interaction.payload[
            "application_id"
        ]
        payload["type"] = 20 if said.interaction.kind == COMMAND else 19
    reference = body.get("message_reference")
    if reference is not None and said.refers_to is not None:
        payload["message_reference"] = {
            "type": 0,
            "channel_id": str(said.channel.id),
            "message_id": str(said.refers_to),
        }
        payload["type"] = 19
        if said.quotes and not quoted:
            there = said.channel.messages.get(said.refers_to)
            payload["referenced_message"] = there and message(there, quoted=True)
    return payload


COMMAND = 2
COMPONENT = 3
FORM = 5


def interaction(used: Interaction, application_id: int, bot: User, data: Json) -> Json:
    """A use of a command, a click or a form, with what is ``data`` of its kind."""
    place = used.channel
    payload: Json = {
        "id": str(used.id),
        "application_id": str(application_id),
        "type": used.kind,
        "token": used.token,
        "version": 1,
        "data": data,
        "channel_id": str(place.id),
        "channel": channel(place),
        "locale": "en-US",
        "entitlements": [],
        "attachment_size_limit": 10 * 1024 * 1024,
        "authorizing_integration_owners": {},
        "context": 0 if place.guild is not None else 1,
    }
    if used.source is not None:
        payload["message"] = message(used.source)
    if place.guild is None:
        payload["user"] = user(used.user)
        payload["app_permissions"] = "0"
        return payload
    server = place.guild
    payload["guild_id"] = str(server.id)
    payload["guild"] = {"id": str(server.id), "locale": "en-US", "features": []}
    payload["guild_locale"] = "en-US"
    payload["app_permissions"] = str(server.permissions_of(bot))
    payload["member"] = {
        **member(used.user, server),
        "user": user(used.user),
        "permissions": str(server.permissions_of(used.user)),
    }
    return payload


def attachment(number: int, name: str, kind: str, size: int, url: str) -> Json:
    """An attached file that lies at ``url``."""
    return {
        "id": str(number),
        "filename": name,
        "size": size,
        "url": url,
        "proxy_url": url,
        "content_type": kind,
    }


def role(number: int, name: str, permissions: int) -> Json:
    """A role of those permissions."""
    return {
        "id": str(number),
        "name": name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": 0 if name == "@everyone" else 1,
        "permissions": str(permissions),
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


def _time_of(number: int) -> str:
    return datetime.fromtimestamp(((number >> 22) + EPOCH_MS) / 1000, UTC).isoformat()


def _now() -> str:
    return datetime.now(UTC).isoformat()
