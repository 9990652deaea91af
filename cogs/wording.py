"""What people read of stored pictures, and of what was done to them; pure."""

from collections.abc import Sequence
from datetime import datetime

import discord

from bot.ingest import SOMEBODY, Addition, Collection
from bot.search import Confidence
from bot.titles import display_title, page_url
from cogs.text import escape, fit, link

TITLE_SHOWN = 80

# Characters of an embed's text, without what stands around the lines.
ROOM = 3700

WORDS: dict[Confidence, str] = {
    "exact": "almost certainly the same picture",
    "close": "very alike",
    "possible": "somewhat alike",
}


def collection_label(collection: Collection, guild_id: int | None) -> str:
    """What people call a collection; its own is a server's “own pictures”."""
    if collection.guild_id is not None and collection.guild_id == guild_id:
        return "this server's own pictures"
    return f"the collection {escape(collection.name, TITLE_SHOWN)}"


def distance_words(confidence: Confidence, distance: int) -> str:
    """How much a stored picture looks like another: ``very alike (4 of 64 bits differ)``."""
    if distance == 0:
        return f"{WORDS[confidence]} (no bit differs)"
    bits = "bit differs" if distance == 1 else "bits differ"
    return f"{WORDS[confidence]} ({distance} of 64 {bits})"


def page_link(title: str, url: str | None, collection: Collection) -> str:
    """A page as a link, to its own address or to where the collection's template leads."""
    address = url or page_url(collection.page_url_template, title)
    return link(display_title(title), address, TITLE_SHOWN)


def when(at: datetime) -> str:
    """A time, as each reader's Discord says it."""
    return discord.utils.format_dt(at, "R")


def who(user_id: int | None) -> str:
    """A Discord user, or the operator."""
    if user_id is None:
        return "the operator"
    # A name is shown; in an embed, and with mentions switched off, it calls nobody.
    return "a member who opted out" if user_id == SOMEBODY else f"<@{user_id}>"


def file_part(file: str | None) -> str:
    """The name of a picture's file, behind something else."""
    return f" · {escape(file, 60)}" if file else ""


def undone(
    lines: Sequence[Addition], collection: Collection, guild_id: int | None
) -> discord.Embed:
    """The answer to ``undo``: exactly what came back, or went."""
    first = lines[0]
    where = collection_label(collection, guild_id)
    went = [line for line in lines if line.action == "add"]
    back = [line for line in lines if line.action == "remove"]
    room = ROOM // (2 if went and back else 1)
    shown: list[str] = []
    if went:
        shown += [f"These went from {where}:", *_lines(went, collection, room)]
    if back:
        shown += [f"These came back to {where}:", *_lines(back, collection, room)]
    shown.append(f"The step was taken by {who(first.user_id)} {when(first.created_at)}.")
    return discord.Embed(
        title=f"Undone: {_step(first)}",
        colour=discord.Colour.green() if back else discord.Colour.red(),
        description=fit(shown),
    )


def _lines(lines: Sequence[Addition], collection: Collection, room: int) -> list[str]:
    """A line each, as far as there is room for so many characters; a step may have thousands."""
    shown: list[str] = []
    for line in lines:
        page = page_link(line.title, line.url, collection)
        told = f"• **#{line.image_id}**{file_part(line.file)} on {page}"
        room -= len(told) + 1
        if room < 0:
            return [*shown, f"… and {len(lines) - len(shown):,} more"]
        shown.append(told)
    return shown


def _step(line: Addition) -> str:
    match line.purpose:
        case "merge":
            return "a merge"
        case "rename":
            return "a renaming"
        case "import":
            return "an import"
    return "an addition" if line.action == "add" else "a removal"
