"""What members write to make a bot misbehave, and a look at whether it did."""

import re
from collections.abc import Iterator
from typing import Any

from simcord import Env

from bot.errors import DatabaseError
from cogs.errors import root_of

NUMBER = "111111111111111111"

MENTIONS = (
    f"@everyone @here <@{NUMBER}> <@!{NUMBER}> <@&{NUMBER}> <#{NUMBER}> </ban:{NUMBER}> "
    f"<a:evil:{NUMBER}> <id:guide> <t:1618953630:R>"
)
MARKDOWN = "**evil** __evil__ ~~evil~~ ||evil|| `evil` ```evil``` -# evil"
LINKS = (
    "[evil](http://evil.example) [evil](javascript:alert(1)) <http://evil.example> a@evil.example"
)
BIDI = "\u202egnp.evil\u2066\u200b\u2069\u061c\ufeff\u00ad"
LINES = "first\n# evil\n> evil\n- evil\r\n-# evil\u2028# evil"
CONTROLS = "\0vile\x1b[31m\x7f\ud800\udfff"
TOWER = "e" + "\u0301" * 400
UNSEEN = "\u200d\u2800\u3164"
LONG = "[" * 4000
WIDE = "\U0001f600" * 4000
QUOTED = '\'; DROP TABLE images; -- %s {0} {title} \\" "evil'

WORDS = (
    MENTIONS,
    MARKDOWN,
    LINKS,
    BIDI,
    LINES,
    CONTROLS,
    TOWER,
    UNSEEN,
    LONG,
    WIDE,
    "@everyone" * 400,
    QUOTED,
)
NAMES = (
    "mentions",
    "markdown",
    "links",
    "bidi",
    "lines",
    "controls",
    "tower",
    "unseen",
    "long",
    "wide",
    "many",
    "quoted",
)

# A message that takes a sign for a letter shows what is behind the backslash, and no more.
_ESCAPED = re.compile(r"\\[^\w\s]")
# Where a link to a page leads is for no one to read, and leads to the wiki whatever it is called.
_WIKI = re.compile(r"(?<=\]\()https://(?:en\.wikipedia\.org/wiki|wiki\.example)/[^\s()]*(?=\))")
_EFFECTS = re.compile(
    rf"@everyone|@here|<@[!&]?{NUMBER}|<#{NUMBER}|</|<a?:|<id:|<t:1618953630"
    r"|(?:\*\*|__|~~|\|\||`)evil|\]\(<?(?:http:)?//evil|\]\(javascript|(?<!\()https?://evil"
    r"|^(?:#{1,3}|-#|>|-) evil",
    re.MULTILINE,
)
_TURNS = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\u061c\ufeff\u00ad\x00-\x09]")


def outgoing(env: Env, since: int = 0) -> Iterator[dict[str, Any]]:
    """Every message that the bot sent or edited, as it went to Discord."""
    for request in env.http_requests[since:]:
        body = request.json
        if request.method not in ("POST", "PATCH") or not isinstance(body, dict):
            continue
        if request.path.endswith("/callback"):
            body = body.get("data") or {}
        if body.get("content") or body.get("embeds") or body.get("components"):
            yield body


def check(env: Env, since: int = 0) -> int:
    """Assert that nothing the bot said had an effect that others wanted; how much it said.

    Every error counts as looked at, and none may be one that nobody foresaw.
    """
    said = list(outgoing(env, since))
    for message in said:
        _check_mentions(message)
        for text, limit in _marked(message):
            assert len(text) <= limit, (limit, text[:100])
            bare = _ESCAPED.sub("\ufffc", _WIKI.sub("", text))
            assert not _EFFECTS.search(bare), (_EFFECTS.search(bare), text[:500])
            assert not _TURNS.search(text.replace("@\u200b", "")), text[:500]
        for text, limit in _plain(message):
            assert 0 < len(text) <= limit, (limit, text[:100])
            assert not _TURNS.search(text), text[:500]
        assert "Something went wrong" not in str(message.get("content"))
    for error in env.errors:
        cause = root_of(error)
        module = type(cause).__module__
        assert module.startswith(("bot.", "cogs.", "discord.ext.commands")), repr(cause)
        assert not isinstance(cause, DatabaseError), repr(cause)
    return len(said)


def _check_mentions(message: dict[str, Any]) -> None:
    if not message.get("content") and not message.get("embeds"):
        return
    allowed = message.get("allowed_mentions")
    assert allowed is not None, message
    assert allowed.get("parse") == [], allowed
    assert not allowed.get("users"), allowed
    assert not allowed.get("roles"), allowed
    assert not allowed.get("replied_user"), allowed


def _marked(message: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """The texts in which Discord reads Markdown, with their limits."""
    if message.get("content"):
        yield message["content"], 2000
    for embed in message.get("embeds") or ():
        yield embed.get("title", ""), 256
        yield embed.get("description", ""), 4096
        for field in embed.get("fields", ()):
            yield field["name"], 256
            yield field["value"], 1024
            assert field["name"]
            assert field["value"]
        assert len(embed.get("fields", ())) <= 25
        assert _length(embed) <= 6000


def _length(embed: dict[str, Any]) -> int:
    parts = [embed.get("title", ""), embed.get("description", "")]
    parts += [field["name"] + field["value"] for field in embed.get("fields", ())]
    parts.append(embed.get("footer", {}).get("text", ""))
    return sum(map(len, parts))


def _plain(message: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """The texts that are shown as they are, with their limits."""
    for embed in message.get("embeds") or ():
        if "footer" in embed:
            yield embed["footer"]["text"], 2048
    for row in message.get("components") or ():
        for part in row.get("components", ()):
            for option in part.get("options", ()):
                yield option["label"], 100
                yield option["value"], 100
                if option.get("description"):
                    yield option["description"], 100
