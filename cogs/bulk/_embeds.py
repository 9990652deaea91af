"""What moderators read of bulk work; pure."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import discord

from bot.ingest import (
    Added,
    AddedMany,
    Addition,
    Collection,
    Failure,
    ImportReport,
    StoredPicture,
    Twins,
)
from bot.titles import display_title
from cogs.bulk._gather import Gathered, Posted, TitledBy
from cogs.text import bar, escape, fit
from cogs.wording import (
    collection_label,
    distance_words,
    file_part,
    page_link,
    when,
    who,
)

FIELD_LIMIT = 1024
REASONS_SHOWN = 8
EXAMPLES_SHOWN = 3
LINES_SHOWN = 60
STORED_SHOWN = 25

TITLED: dict[TitledBy, str] = {
    "given": "by the title that you gave",
    "text": "by the text of its message",
    "file": "by the name of its file",
}


def working(doing: str, fraction: float) -> discord.Embed:
    """How far something is."""
    return discord.Embed(title=doing, description=bar(fraction), colour=discord.Colour.blurple())


def added_many(
    outcome: AddedMany,
    gathered: Gathered,
    collection: Collection,
    guild_id: int | None,
    prefix: str,
) -> discord.Embed:
    """The answer to ``addimages``: what was added, was there, could not be, and was left out."""
    new = outcome.new
    where = collection_label(collection, guild_id)
    lines = [_added_line(each, collection) for each in new[:STORED_SHOWN]]
    if len(new) > STORED_SHOWN:
        lines.append(f"… and {len(new) - STORED_SHOWN:,} more")
    lines.append(f"In {where}." if new else f"Nothing has changed in {where}.")
    embed = discord.Embed(
        title=f"{_count(len(new), 'picture')} added" if new else "Nothing added",
        colour=discord.Colour.green() if new else discord.Colour.light_grey(),
        description=fit(lines),
    )
    known = len(outcome.stored) - len(new)
    if known:
        embed.add_field(name="Already there", value=f"{_count(known, 'picture')} for the same page")
    if outcome.failures:
        embed.colour = discord.Colour.gold()
        name = f"Not added: {len(outcome.failures):,}"
        embed.add_field(name=name, value=_reasons(outcome.failures), inline=False)
    left_out = _left_out(gathered)
    if left_out:
        embed.add_field(name="Left out", value=left_out, inline=False)
    embed.add_field(name="Titles", value=_titled(gathered.pictures), inline=False)
    if new:
        embed.set_footer(text=f"{prefix}undo takes all of them back.")
    return embed


def exported(pictures: int, packed: bool, where: str) -> discord.Embed:
    """The answer to ``exportimages``, with the file beside it."""
    told = f"{_count(pictures, 'picture')} of {where}."
    if packed:
        told += "\nIt is packed with gzip, because it would not fit into a message as it is."
    return discord.Embed(
        title="Here is the list", description=told, colour=discord.Colour.blurple()
    )


def imported(
    report: ImportReport, collection: Collection, guild_id: int | None, prefix: str
) -> discord.Embed:
    """The answer to ``importimages``; it counts pictures on pages."""
    where = collection_label(collection, guild_id)
    told = f"In {where}." if report.added else f"Nothing has changed in {where}."
    embed = discord.Embed(
        title=f"{_count(report.added, 'row')} added" if report.added else "Nothing added",
        colour=discord.Colour.green() if report.added else discord.Colour.light_grey(),
        description=told,
    )
    if report.known:
        embed.add_field(name="Already there", value=_count(report.known, "row"))
    if report.skipped:
        embed.colour = discord.Colour.gold()
        lines = [
            f"• {escape(reason, 150)}: {count:,} ({', '.join(report.examples[reason])}"
            f"{', …' if count > len(report.examples[reason]) else ''})"
            for reason, count in report.skipped.most_common(REASONS_SHOWN)
        ]
        hidden = len(report.skipped) - REASONS_SHOWN
        if hidden > 0:
            lines.append(f"… and {hidden:,} more reasons")
        name = f"Not added: {report.skipped.total():,}"
        embed.add_field(name=name, value=fit(lines, FIELD_LIMIT), inline=False)
    if report.added:
        embed.set_footer(text=f"{prefix}undo takes all of them back.")
    return embed


def merged(
    lines: Sequence[Addition], image_id: int, into: int, collection: Collection, prefix: str
) -> discord.Embed:
    """The answer to ``mergeimages``."""
    new = [line for line in lines if line.action == "add"]
    told = f"**#{image_id}** went into **#{into}**, which is "
    if not new:
        told += "on its pages already."
    elif len(new) == 1:
        told += "now on this page as well:"
    else:
        told += f"now on these {len(new):,} pages as well:"
    pages = [f"• {page_link(line.title, line.url, collection)}" for line in new[:LINES_SHOWN]]
    embed = discord.Embed(
        title="Pictures merged", colour=discord.Colour.green(), description=fit([told, *pages])
    )
    embed.set_footer(text=f"{prefix}undo makes two of them again.")
    return embed


def renamed(lines: Sequence[Addition], collection: Collection, prefix: str) -> discord.Embed:
    """The answer to ``renameimage``."""
    removed = [line for line in lines if line.action == "remove"]
    added = [line for line in lines if line.action == "add"]
    names = dict.fromkeys(page_link(line.title, line.url, collection) for line in removed)
    told = [f"It was called {', '.join(list(names)[:EXAMPLES_SHOWN])}."]
    if added:
        told.insert(0, page_link(added[0].title, added[0].url, collection))
    pictures = len({line.image_id for line in removed})
    told.append(f"{_count(pictures, 'picture')} {'shows' if pictures == 1 else 'show'} it.")
    embed = discord.Embed(
        title="Page renamed", colour=discord.Colour.green(), description=fit(told)
    )
    embed.set_footer(text=f"{prefix}undo gives it its old name back.")
    return embed


def twins(found: Twins, guild_id: int | None, note: str | None) -> discord.Embed:
    """Are these the same?"""
    told = f"They are {distance_words(found.confidence, found.distance)}."
    if found.phash_distance is not None:
        told += f" Their second fingerprints differ in {found.phash_distance} of 64."
    embed = discord.Embed(
        title="Are these the same picture?",
        colour=discord.Colour.gold(),
        description=told if note is None else f"{note}\n\n{told}",
    )
    for picture in (found.newer, found.older):
        value = fit(_stored_lines(picture, guild_id), FIELD_LIMIT)
        embed.add_field(name=f"#{picture.image_id}", value=value)
    embed.set_footer(text="I keep no pictures; where one was added you may find it to look at.")
    return embed


def not_yet(looked: int, note: str | None) -> discord.Embed:
    """Nothing found so far."""
    told = f"I have looked at {_count(looked, 'picture')} more and found no pair. Shall I go on?"
    return discord.Embed(
        title="No pair yet",
        colour=discord.Colour.blurple(),
        description=told if note is None else f"{note}\n\n{told}",
    )


def reviewed(did: Counter[str], note: str | None, prefix: str, *, finished: bool) -> discord.Embed:
    """The end of a review; ``did`` counts what was decided."""
    told = "There is no further pair that looks alike." if finished else "You stopped here."
    decided = [f"{count:,} {what}" for what, count in did.items()]
    lines = [line for line in (note, told, " · ".join(decided)) if line]
    embed = discord.Embed(
        title="Review finished" if finished else "Review stopped",
        colour=discord.Colour.green(),
        description="\n".join(lines),
    )
    if did["merged"]:
        embed.set_footer(text=f"{prefix}undo takes back the last merge, and the one before it …")
    return embed


def _added_line(added: Added, collection: Collection) -> str:
    new = added.appearance
    page = page_link(new.title, new.url, collection)
    return f"**#{added.image_id}** {page}{file_part(new.file)}"


def _reasons(failures: Sequence[Failure]) -> str:
    names: defaultdict[str, list[str]] = defaultdict(list)
    for failure in failures:
        names[failure.reason].append(failure.name)
    lines = []
    for reason, of in list(names.items())[:REASONS_SHOWN]:
        shown = ", ".join(escape(name, 40) for name in of[:EXAMPLES_SHOWN])
        more = f" and {len(of) - EXAMPLES_SHOWN:,} more" if len(of) > EXAMPLES_SHOWN else ""
        lines.append(f"• {shown}{more}: {escape(reason, 250)}")
    hidden = len(names) - REASONS_SHOWN
    if hidden > 0:
        lines.append(f"… and {hidden:,} more reasons")
    return fit(lines, FIELD_LIMIT)


def _left_out(gathered: Gathered) -> str:
    lines = []
    if gathered.beyond:
        lines.append(
            f"{_count(gathered.beyond, 'picture')} beyond {len(gathered.pictures):,}, which is as "
            "many as I take at a time"
        )
    if gathered.nameless:
        lines.append(f"{_count(gathered.nameless, 'picture')} that nothing names; give a title")
    return "\n".join(lines)


def _titled(pictures: Sequence[Posted]) -> str:
    counts = Counter(each.titled_by for each in pictures)
    return " · ".join(f"{count:,} {TITLED[by]}" for by, count in counts.items())


def _stored_lines(picture: StoredPicture, guild_id: int | None) -> list[str]:
    lines = [f"• {escape(display_title(title), 80)}" for title in picture.titles]
    more = picture.page_count - len(picture.titles)
    if more > 0:
        lines.append(f"… and {more:,} more")
    if picture.file:
        lines.append(escape(picture.file, 60))
    lines.append(f"added by {who(picture.added_by)} {when(picture.created_at)}")
    where = _where(picture, guild_id)
    return lines if where is None else [*lines, where]


def _where(picture: StoredPicture, guild_id: int | None) -> str | None:
    """A link to where a picture was added, for those of the same server."""
    if picture.guild_id is None or picture.guild_id != guild_id or picture.channel_id is None:
        return None
    path = f"{picture.guild_id}/{picture.channel_id}/{picture.message_id}"
    return f"[Where it was added](https://discord.com/channels/{path})"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
