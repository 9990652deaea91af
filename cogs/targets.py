"""From a message to the pictures in it, and from there to their bytes."""

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import PurePosixPath
from typing import Literal, Protocol
from urllib.parse import unquote, urlsplit

import discord

from bot.errors import DownloadFailedError, DownloadTooLargeError, RefusedURLError
from bot.net import Fetcher, NetworkError
from cogs.delivery import UNSAID, persistently
from cogs.text import plain, size

Origin = Literal["attachment", "link", "reply", "forward", "embed", "sticker", "emoji", "recent"]

RECENT_LIMIT = 25

_LINK = re.compile(r"https?://[^\s<>\"`]+", re.IGNORECASE)
_AFTER_A_LINK = ".,!?;:'*_~|"
_MESSAGE_LINK = re.compile(r"https?://(?:\w+\.)?discord(?:app)?\.com/channels/", re.IGNORECASE)
_EMOJI = re.compile(r"<(a?):(\w{1,32}):(\d{15,21})>")
_PICTURE_NAME = re.compile(
    r"\.(?:apng|avif|bmp|gif|hei[cf]|ico|jfif|jpe?g|png|svgz?|tiff?|webp)", re.IGNORECASE
)


class Asset(Protocol):
    """A file on Discord's servers that discord.py reads itself: a sticker or a custom emoji."""

    async def read(self) -> bytes:
        """The bytes of the file."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """A picture that somebody points at.

    ``url`` is what a thumbnail may show; ``origin`` is the way it came; ``jump_url`` leads to the
    message it was found in, where that is not the one that asks.  ``drawn`` marks a sticker that is
    stored as a drawing program (Lottie) and not as a picture.
    """

    name: str | None
    url: str
    attachment: discord.Attachment | None
    origin: Origin
    asset: Asset | None = None
    jump_url: str | None = None
    drawn: bool = False


class _Part(Protocol):
    """What a message and a forwarded snapshot have in common."""

    attachments: list[discord.Attachment]
    embeds: list[discord.Embed]
    stickers: list[discord.StickerItem]


async def find_targets(message: discord.Message, text: str | None = None) -> tuple[Target, ...]:
    """The pictures that a message points at; empty where there is none.

    They are looked for in attachments, links in the text, the replied-to message, forwarded
    messages, embeds, stickers and custom emoji: the first of these kinds that has any wins.
    ``text`` stands for the message's own text, without the command's name.  A message that has
    nothing but attachments of another kind gives those, so that reading them says what they are.
    Raises :class:`bot.errors.DownloadFailedError` where Discord does not say.
    """
    text = message.content if text is None else text
    return (
        _attachments(message)
        or find_links(text)
        or await _replied(message)
        or _forwarded(message)
        or _embeds(message)
        or _stickers(message)
        or _emoji(message, text)
        or tuple(map(from_attachment, message.attachments))
    )


def find_posted(message: discord.Message) -> tuple[Target, ...]:
    """Every picture that a message shows to the channel, each once.

    Those are attachments, links to pictures, forwarded pictures and the pictures of embeds.
    Previews of links that lead to pictures themselves, stickers and emoji don't count.
    """
    return _distinct(
        (
            *_attachments(message),
            *(_picture_links(message.content) or _embeds(message)),
            *chain.from_iterable(
                _attachments(part) or _embeds(part) for part in message.message_snapshots
            ),
        )
    )


async def find_replied(message: discord.Message) -> discord.Message | None:
    """The message that one replies to, if that can still be read.

    Raises :class:`bot.errors.DownloadFailedError` where Discord does not say.
    """
    reference = message.reference
    if reference is None or reference.message_id is None:
        return None
    if reference.type is not discord.MessageReferenceType.reply:
        return None
    replied = reference.resolved
    if isinstance(replied, discord.DeletedReferencedMessage):
        return None
    if replied is None:
        try:
            number = reference.message_id
            replied = await persistently(lambda: message.channel.fetch_message(number))
        except (discord.NotFound, discord.Forbidden):
            return None
        except UNSAID:
            raise DownloadFailedError(
                "Discord did not show me the message that you replied to. Try again in a moment."
            ) from None
    return replied


async def find_recent(
    channel: discord.abc.Messageable, before: discord.Message | None, limit: int = RECENT_LIMIT
) -> tuple[Target, ...]:
    """The pictures of the last message that has any, of the ``limit`` messages before ``before``.

    The bot's own answers, links to anything but a picture, stickers and emoji don't count; a
    channel whose history may not be read has none.  Raises
    :class:`bot.errors.DownloadFailedError` where Discord does not say.
    """
    try:
        async for message in channel.history(limit=limit, before=before):
            if message.author.id == message._state.self_id:
                continue
            found = _posted(message)
            if found:
                return tuple(
                    replace(target, origin="recent", jump_url=message.jump_url) for target in found
                )
    except (discord.NotFound, discord.Forbidden):
        return ()
    except UNSAID:
        raise DownloadFailedError(
            "Discord did not show me the last messages here. Try again in a moment."
        ) from None
    return ()


async def read_target(
    target: Target,
    fetcher: Fetcher,
    *,
    max_bytes: int,
    timeout: float,  # noqa: ASYNC109 - bounds the reading alone, and becomes its own sentence
) -> bytes:
    """The bytes of the file behind a target.

    Discord's own files are read by discord.py, everything else by ``fetcher``.  Raises
    :class:`bot.errors.FetchError`, whose text is for the person who asked.
    """
    if target.drawn:
        raise DownloadFailedError(
            "That is one of Discord's moving stickers: a drawing in motion, not a picture that I "
            "could look at. Send a screenshot of it instead."
        )
    asset = target.attachment or target.asset
    if asset is None:
        if _MESSAGE_LINK.match(target.url):
            raise RefusedURLError(
                "That is a link to a message. Reply to the message itself instead, or right-click "
                "it and choose Apps → Search image."
            )
        return (await fetcher.fetch(target.url)).data
    if target.attachment is not None and target.attachment.size > max_bytes:
        raise _too_large(target.attachment.size, max_bytes)
    try:
        async with asyncio.timeout(timeout):
            data = await asset.read()
    except discord.NotFound:
        raise DownloadFailedError(
            "Discord no longer has that picture. Send it again, please."
        ) from None
    except (discord.DiscordException, NetworkError, OSError, TimeoutError):
        raise DownloadFailedError(
            "Discord did not hand me that picture. Try again in a moment."
        ) from None
    if len(data) > max_bytes:
        raise _too_large(len(data), max_bytes)
    return data


def find_links(text: str) -> tuple[Target, ...]:
    """The links in a text, in order."""
    return _distinct(_link(match[0]) for match in _LINK.finditer(text))


def from_attachment(attachment: discord.Attachment) -> Target:
    """An attachment as a target, whatever kind of file it is."""
    return Target(attachment.filename, attachment.url, attachment, "attachment")


def is_picture(attachment: discord.Attachment) -> bool:
    """Whether an attachment looks like a picture by its type or name; its bytes tell for sure."""
    kind = attachment.content_type or ""
    if kind.startswith("image/"):
        return True
    suffix = PurePosixPath(attachment.filename).suffix
    if not suffix:
        return kind in ("", "application/octet-stream")
    return _PICTURE_NAME.fullmatch(suffix) is not None


def _attachments(part: _Part | discord.Message) -> tuple[Target, ...]:
    return _distinct(from_attachment(file) for file in part.attachments if is_picture(file))


def _link(raw: str) -> Target:
    url = raw
    while url:
        last = url[-1]
        if last in _AFTER_A_LINK or (last in ")]}" and _unopened(url, last)):
            url = url[:-1]
        else:
            break
    return Target(_name_of(url), url, None, "link")


def _unopened(url: str, closing: str) -> bool:
    """Whether a bracket at the end of a link belongs to the sentence around it."""
    return url.count(closing) > url.count({")": "(", "]": "[", "}": "{"}[closing])


def _name_of(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return plain(unquote(PurePosixPath(parts.path).name) or parts.hostname or "") or None


async def _replied(message: discord.Message) -> tuple[Target, ...]:
    replied = await find_replied(message)
    if replied is None:
        return ()
    return _from("reply", _all_in(replied, replied.content), replied.jump_url)


def _forwarded(message: discord.Message) -> tuple[Target, ...]:
    parts = message.message_snapshots
    return _from("forward", _first(parts, lambda part: _all_in(part, part.content)))


def _all_in(part: discord.Message | discord.MessageSnapshot, text: str) -> tuple[Target, ...]:
    """The pictures of a message that another one points at."""
    return (
        _attachments(part)
        or find_links(text)
        or (_forwarded(part) if isinstance(part, discord.Message) else ())
        or _embeds(part)
        or _stickers(part)
        or _emoji(part, text)
    )


def _posted(message: discord.Message) -> tuple[Target, ...]:
    """The pictures that a message shows to everybody in the channel."""
    return (
        _attachments(message)
        or _picture_links(message.content)
        or _first(message.message_snapshots, lambda part: _attachments(part) or _embeds(part))
        or _embeds(message)
    )


def _picture_links(text: str) -> tuple[Target, ...]:
    return tuple(
        target
        for target in find_links(text)
        if _PICTURE_NAME.fullmatch(PurePosixPath(target.name or "").suffix)
    )


def _embeds(part: _Part | discord.Message) -> tuple[Target, ...]:
    def pictures() -> Iterator[Target]:
        for embed in part.embeds:
            for media in (embed.image, embed.thumbnail):
                # Discord's own copy outlives the original, and is what people saw.
                url = media.proxy_url or media.url
                if url and url.startswith(("http://", "https://")):
                    yield Target(_name_of(media.url or url), url, None, "embed")
                    break

    return _distinct(pictures())


def _stickers(part: _Part | discord.Message) -> tuple[Target, ...]:
    return _distinct(
        Target(
            sticker.name,
            sticker.url,
            None,
            "sticker",
            asset=sticker,
            drawn=sticker.format is discord.StickerFormatType.lottie,
        )
        for sticker in part.stickers
    )


def _emoji(message: discord.Message | discord.MessageSnapshot, text: str) -> tuple[Target, ...]:
    def pictures() -> Iterator[Target]:
        for animated, name, number in _EMOJI.findall(text):
            # With the state of its message, an emoji of any server can be read.
            emoji = discord.PartialEmoji.with_state(
                message._state, name=name, animated=bool(animated), id=int(number)
            )
            yield Target(f":{name}:", emoji.url, None, "emoji", asset=emoji)

    return _distinct(pictures())


def _first(
    parts: Iterable[discord.MessageSnapshot],
    find: Callable[[discord.MessageSnapshot], tuple[Target, ...]],
) -> tuple[Target, ...]:
    return next(filter(None, map(find, parts)), ())


def _from(
    origin: Origin, targets: tuple[Target, ...], jump_url: str | None = None
) -> tuple[Target, ...]:
    return tuple(replace(target, origin=origin, jump_url=jump_url) for target in targets)


def _distinct(targets: Iterable[Target]) -> tuple[Target, ...]:
    first: dict[str, Target] = {}
    for target in targets:
        first.setdefault(target.url, target)
    return tuple(first.values())


def _too_large(count: int, max_bytes: int) -> DownloadTooLargeError:
    return DownloadTooLargeError(
        f"That picture is {size(count)}, and I read pictures up to {size(max_bytes)}. "
        "Send a smaller copy of it."
    )
