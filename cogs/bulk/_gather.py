"""From messages to pictures that are to be added, each with the page that it is said to be on."""

import re
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

import discord

from bot.errors import RequestError
from bot.titles import PageName, canonical_title, parse_page
from cogs.targets import Target, find_links, find_posted
from cogs.text import plain

TitledBy = Literal["given", "text", "file"]

# What people write beside a picture may be long; a title is a line that can be read at a glance.
TITLE_LIMIT = 100

_URL = re.compile(r"<?https?://[^\s<>]+>?", re.IGNORECASE)
# Mentions, custom emoji, times and the like.
_SPECIAL = re.compile(r"<(?:@[!&]?|#|a?:\w+:|t:|id:|/[^:>]*:)[^<>\s]*>")
_MARKUP = re.compile(r"\*+|__+|~~+|\|\|+|`+")
_AROUND = "_>#-:,; "


@dataclass(frozen=True, slots=True)
class Posted:
    """A picture of a message, the page that it goes to, and where that name is from."""

    target: Target
    page: PageName
    titled_by: TitledBy


@dataclass(frozen=True, slots=True)
class Gathered:
    """What some messages have: pictures, how many more, and how many that nothing names."""

    pictures: tuple[Posted, ...]
    beyond: int
    nameless: int


class Naming:
    """Names the page of a picture: as ``given``, or by its message's text, or by its file.

    ``template`` says where titles point.  A text that begins with one of ``prefixes`` is a command
    and names nothing.  Raises :class:`bot.errors.RequestError` for what is given and is no page.
    """

    def __init__(self, template: str, prefixes: Sequence[str], given: str | None) -> None:
        self._template = template
        self._prefixes = tuple(prefixes)
        self._given = None if given is None else parse_page(given, template)

    def gather(self, messages: Sequence[discord.Message], most: int) -> Gathered:
        """So many pictures of messages that come newest first; the oldest of them come first."""
        found: list[list[Posted]] = []
        taken = beyond = nameless = 0
        for message in messages:
            targets = find_posted(message)
            named = self._by_text(message, targets)
            posted = [each for target in targets if (each := self._posted(target, named))]
            nameless += len(targets) - len(posted)
            room = most - taken
            found.append(posted[:room])
            taken += len(posted[:room])
            beyond += len(posted[room:])
        pictures = tuple(each for posted in reversed(found) for each in posted)
        return Gathered(pictures, beyond, nameless)

    def _posted(self, target: Target, by_text: PageName | None) -> Posted | None:
        if self._given is not None:
            return Posted(target, self._given, "given")
        if by_text is not None:
            return Posted(target, by_text, "text")
        named = by_file(target.name)
        return None if named is None else Posted(target, named, "file")

    def _by_text(self, message: discord.Message, targets: Sequence[Target]) -> PageName | None:
        if self._given is not None or message.content.lstrip().startswith(self._prefixes):
            return None
        return by_text(message.content, self._template, {target.url for target in targets})


def by_text(text: str, template: str, pictures: Collection[str] = ()) -> PageName | None:
    """The page that a text names: by its first line, or by the one address that is all of it.

    ``pictures`` are addresses of pictures, which name no page.
    """
    words = _SPECIAL.sub(" ", text)
    for line in _URL.sub(" ", words).splitlines():
        title = _shortened(plain(_MARKUP.sub("", line)).strip(_AROUND))
        if any(map(str.isalnum, title)):
            return _named(title)
    pages = [link.url for link in find_links(words) if link.url not in pictures]
    if len(pages) != 1:
        return None
    try:
        return parse_page(pages[0], template)
    except RequestError:
        return None


def by_file(name: str | None) -> PageName | None:
    """The page that a file's name stands for, without its extension."""
    return _named(plain(PurePosixPath(name or "").stem.removeprefix("SPOILER_")))


async def last_messages(
    channel: discord.abc.Messageable,
    before: discord.Message,
    count: int,
    *,
    by_others_than: int,
    prefixes: Sequence[str],
) -> AsyncIterator[discord.Message]:
    """The last messages of a channel, newest first, without the bot's own and commands to it."""
    async for message in channel.history(limit=count, before=before):
        is_command = message.content.lstrip().startswith(tuple(prefixes))
        if message.author.id != by_others_than and not is_command:
            yield message


def _named(title: str) -> PageName | None:
    try:
        return PageName(canonical_title(title), None)
    except RequestError:
        return None


def _shortened(text: str) -> str:
    if len(text) <= TITLE_LIMIT:
        return text
    return text[:TITLE_LIMIT].rsplit(" ", 1)[0]
