"""What Discord takes as a message, and what it refuses."""

from collections.abc import Iterator
from typing import Any

from tests.fake_discord.answers import RefusedError
from tests.fake_discord.model import Json

MAX_CONTENT = 2000
MAX_EMBEDS = 10
MAX_EMBED = 6000
MAX_FIELDS = 25
MAX_ROWS = 5
_EMBED_LIMITS = {"title": 256, "description": 4096}
_FIELD_LIMITS = {"name": 256, "value": 1024}
MAX_FOOTER = 2048
MAX_AUTHOR = 256


def check(body: Json, attached: int = 0) -> None:
    """Take what can be sent. Raises :class:`RefusedError`, which names what is too long."""
    errors = dict(_errors(body))
    if errors:
        raise RefusedError(50035, **errors)
    parts = (body.get("content"), body.get("embeds"), body.get("components"), attached)
    if not any(parts):
        raise RefusedError(50006)


def _errors(body: Json) -> Iterator[tuple[str, Any]]:
    if len(body.get("content") or "") > MAX_CONTENT:
        yield "content", _too_long(MAX_CONTENT)
    if len(body.get("components") or ()) > MAX_ROWS:
        yield "components", _too_long(MAX_ROWS)
    embeds = body.get("embeds") or ()
    if len(embeds) > MAX_EMBEDS or sum(map(_length, embeds)) > MAX_EMBED:
        yield "embeds", _too_long(MAX_EMBED)
    for number, embed in enumerate(embeds):
        for name, limit in _too_long_in(embed):
            yield f"embeds.{number}.{name}", _too_long(limit)


def _too_long_in(embed: Json) -> Iterator[tuple[str, int]]:
    for name, limit in _EMBED_LIMITS.items():
        if len(embed.get(name) or "") > limit:
            yield name, limit
    fields = embed.get("fields") or ()
    if len(fields) > MAX_FIELDS:
        yield "fields", MAX_FIELDS
    for each in fields:
        for name, limit in _FIELD_LIMITS.items():
            if not 0 < len(each.get(name) or "") <= limit:
                yield f"fields.{name}", limit
    if len((embed.get("footer") or {}).get("text") or "") > MAX_FOOTER:
        yield "footer.text", MAX_FOOTER
    if len((embed.get("author") or {}).get("name") or "") > MAX_AUTHOR:
        yield "author.name", MAX_AUTHOR


def _length(embed: Json) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [each.get(name) for each in embed.get("fields") or () for name in _FIELD_LIMITS]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    return sum(len(text or "") for text in texts)


def _too_long(limit: int) -> Json:
    return {
        "_errors": [
            {
                "code": "BASE_TYPE_MAX_LENGTH",
                "message": f"Must be between 1 and {limit} in length.",
            }
        ]
    }
