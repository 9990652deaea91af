"""What moderators and the bot's owner read; pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import discord

from bot.ingest import (
    SOMEBODY,
    Addition,
    AddOutcome,
    Collection,
    IndexStatistics,
    IndexStatus,
    ListedImage,
)
from bot.search import Confidence, Match
from bot.titles import display_title, page_url
from cogs.text import clip, escape, link, plain, size

DESCRIPTION_LIMIT = 4096
TITLE_SHOWN = 80
NEAR_SHOWN = 3
BAR = 20

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


def distance_words(match: Match) -> str:
    """How much a stored picture looks like another: ``very alike (4 of 64 bits differ)``."""
    if match.distance == 0:
        return f"{WORDS[match.confidence]} (no bit differs)"
    bits = "bit differs" if match.distance == 1 else "bits differ"
    return f"{WORDS[match.confidence]} ({match.distance} of 64 {bits})"


def added(
    title: str,
    url: str | None,
    outcomes: Sequence[AddOutcome],
    collection: Collection,
    guild_id: int | None,
    prefix: str,
) -> discord.Embed:
    """The answer to ``addimage``."""
    new = sum(outcome.new for outcome in outcomes)
    if not new:
        heading, colour = "Already there", discord.Colour.light_grey()
    else:
        heading = "Picture added" if new == 1 else f"{new} pictures added"
        colour = discord.Colour.green()
    address = url or page_url(collection.page_url_template, title)
    where = collection_label(collection, guild_id)
    lines = [link(display_title(title), address, TITLE_SHOWN)]
    lines += [_outcome_line(outcome) for outcome in outcomes]
    lines.append(f"In {where}." if new else f"Nothing has changed in {where}.")
    embed = discord.Embed(title=heading, colour=colour, description=fit(lines))
    warnings = [line for outcome in outcomes for line in _near_lines(outcome, collection)]
    if warnings:
        embed.colour = discord.Colour.gold() if new else embed.colour
        embed.add_field(name="⚠ Looks like", value=fit(warnings, 1024), inline=False)
    if new:
        embed.set_footer(text=f"{prefix}undo takes back the last step.")
    return embed


def removed(
    lines: Sequence[Addition], collection: Collection, guild_id: int | None, prefix: str
) -> discord.Embed:
    """The answer to ``removeimage``."""
    first = lines[0]
    shown = [
        f"**#{first.image_id}**{_file(first.file)}, and with it "
        + ("this page:" if len(lines) == 1 else f"these {len(lines):,} pages:"),
        *_page_lines(lines, collection),
        f"Gone from {collection_label(collection, guild_id)}.",
    ]
    embed = discord.Embed(
        title="Picture removed", colour=discord.Colour.red(), description=fit(shown)
    )
    embed.set_footer(text=f"{prefix}undo brings it back.")
    return embed


def undone(
    lines: Sequence[Addition], collection: Collection, guild_id: int | None
) -> discord.Embed:
    """The answer to ``undo``: exactly what came back, or went."""
    first = lines[0]
    where = collection_label(collection, guild_id)
    if first.action == "add":
        heading, colour = "Undone: an addition", discord.Colour.red()
        told = f"These went from {where}:"
    else:
        heading, colour = "Undone: a removal", discord.Colour.green()
        told = f"These came back to {where}:"
    shown = [told, *_undone_lines(lines, collection)]
    shown.append(f"The step was taken by {_who(first.user_id)} {_when(first.created_at)}.")
    return discord.Embed(title=heading, colour=colour, description=fit(shown))


def several(matches: Sequence[Match]) -> discord.Embed:
    """Which of these pictures is meant?"""
    sure = len(matches) > 1
    told = (
        "More than one stored picture looks like that. Which one shall I remove?"
        if sure
        else "Only this one looks like that, and not very much. Shall I remove it?"
    )
    return discord.Embed(
        title="Which one?",
        colour=discord.Colour.gold(),
        description=fit([told, *(match_line(match) for match in matches)]),
    )


def match_line(match: Match) -> str:
    """A stored picture in one line: number, first page, and how alike it is."""
    page = match.pages[0] if match.pages else None
    shown = link(page.name, page.url, TITLE_SHOWN) if page else "no page"
    return f"**#{match.image_id}** {shown}{_file(match.file)} – {distance_words(match)}"


def listing(
    images: Sequence[ListedImage],
    collection: Collection,
    guild_id: int | None,
    *,
    search: str | None,
    page: int,
    total: int,
    prefix: str,
) -> discord.Embed:
    """One page of ``images``; ``total`` counts the collection without regard to the search."""
    label = collection_label(collection, guild_id)
    embed = discord.Embed(
        title=label[0].upper() + label[1:],
        colour=discord.Colour.blurple(),
        description=fit([_listed_line(image) for image in images]),
    )
    found = f" with “{escape(search, 60)}”" if search else ""
    if not images:
        embed.description = (
            f"There is none{found}."
            if total
            else f"There is none yet. `{prefix}addimage Page title` with a picture adds one."
        )
    pictures = "1 picture" if total == 1 else f"{total:,} pictures"
    looked = f"searched for “{clip(plain(search), 60)}” · " if search else ""
    embed.set_footer(text=f"Page {page} · {looked}{pictures} in all · newest first")
    return embed


def history(
    lines: Sequence[Addition], collection: Collection, guild_id: int | None, *, page: int
) -> discord.Embed:
    """One page of ``history``."""
    embed = discord.Embed(
        title=f"What was done to {collection_label(collection, guild_id)}",
        colour=discord.Colour.blurple(),
        description=fit([_history_line(line) for line in lines]),
    )
    if not lines:
        embed.description = "Nothing was added or removed by hand."
    embed.set_footer(text=f"Page {page} · newest first")
    return embed


def index_status(
    status: IndexStatus, prefix: str, inside: IndexStatistics | None = None
) -> discord.Embed:
    """The answer to ``index``; ``inside`` is what is in it, where that is known."""
    advice: str | None
    if status.kind is None:
        state, advice = "none: a search reads every picture", f"`{prefix}index build` makes it."
    elif not status.valid:
        state = f"{status.kind}, not usable: a build was cut short"
        advice = f"`{prefix}index build` makes it anew."
    else:
        state, advice = f"{status.kind}, in use", _better(status, prefix)
    embed = discord.Embed(
        title="Search index",
        description=advice,
        colour=discord.Colour.green() if status.valid else discord.Colour.gold(),
    )
    embed.add_field(name="Index", value=state)
    embed.add_field(name="Size", value=size(status.size_bytes))
    embed.add_field(name="Pictures", value=f"{status.images:,}")
    if inside is not None:
        embed.add_field(name="In it", value="\n".join(inside.lines()), inline=False)
    if status.valid:
        embed.add_field(name="Memory", value=_memory(status))
    if status.offered:
        embed.add_field(name="Kinds that can be had", value=", ".join(status.offered))
    if status.operators == "extension":
        version = status.extension_version or "of unknown version"
        embed.add_field(name="Operators", value=f"from the extension bktree {version}")
    else:
        embed.add_field(
            name="Operators",
            value="the stand-in in SQL: right, but slow. The extension could not be had; "
            "`whereis-bot doctor` tells why.",
        )
    if status.building is not None:
        embed.add_field(name="Being built", value=bar(status.building))
    return embed


def _better(status: IndexStatus, prefix: str) -> str | None:
    if status.better is not None:
        return (
            f"The kind {status.better} answers much faster: `{prefix}index build {status.better}` "
            "puts it in the place of this one, while searches go on."
        )
    if status.leftovers and status.building is None:
        return (
            "An interrupted build left another index behind: "
            f"`{prefix}index build {status.kind}` clears up."
        )
    return None


def _memory(status: IndexStatus) -> str:
    if status.fits:
        return f"fits into the server's {size(status.shared_buffers)} (`shared_buffers`)"
    return (
        f"does not fit into the server's {size(status.shared_buffers)} (`shared_buffers`): "
        f"{size(status.shared_buffers_wanted)} would do. `whereis-bot doctor` tells how."
    )


def index_building(fraction: float, seconds: float) -> discord.Embed:
    """How far a build is."""
    return discord.Embed(
        title="Building the search index",
        description=f"{bar(fraction)}\nFor {seconds:.0f} s now. Searches go on meanwhile.",
        colour=discord.Colour.blurple(),
    )


def bar(fraction: float) -> str:
    """A bar for a part of one, and the part in percent."""
    part = min(max(fraction, 0.0), 1.0)
    full = round(part * BAR)
    return f"`{'█' * full}{'░' * (BAR - full)}` {part:.0%}"


def fit(lines: Iterable[str], limit: int = DESCRIPTION_LIMIT) -> str:
    """The lines as one text of at most ``limit`` characters; whole lines are left out, and counted.

    The last line is kept, for it tells what happened; a link is never cut in two.
    """
    rows = list(lines)
    text = "\n".join(rows)
    if len(text) <= limit:
        return text
    *body, last = rows
    room = limit - len(last) - 40
    kept: list[str] = []
    for line in body:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join([*kept, f"… and {len(body) - len(kept):,} more lines", last])[:limit]


def _outcome_line(outcome: AddOutcome) -> str:
    picture = outcome.fingerprint
    known = "" if outcome.new else " – was there already for this page"
    return (
        f"**#{outcome.image_id}**{_file(outcome.file)} · {escape(picture.format, 20)} · "
        f"{picture.width:,} × {picture.height:,} pixels{known}"
    )


def _near_lines(outcome: AddOutcome, collection: Collection) -> list[str]:
    near = outcome.near[:NEAR_SHOWN]
    lines = [_near_line(match, collection) for match in near]
    hidden = len(outcome.near) - len(near)
    if hidden:
        lines.append(f"and {hidden} more")
    return lines


def _near_line(match: Match, collection: Collection) -> str:
    other = "" if match.collection == collection.name else f" in {escape(match.collection, 40)}"
    return match_line(match) + other


def _page_lines(lines: Sequence[Addition], collection: Collection) -> list[str]:
    return [f"• {_page_link(line, collection)}" for line in lines]


def _undone_lines(lines: Sequence[Addition], collection: Collection) -> list[str]:
    return [
        f"• **#{line.image_id}**{_file(line.file)} on {_page_link(line, collection)}"
        for line in lines
    ]


def _page_link(line: Addition, collection: Collection) -> str:
    address = line.url or page_url(collection.page_url_template, line.title)
    return link(display_title(line.title), address, TITLE_SHOWN)


def _history_line(line: Addition) -> str:
    done, page = ("Added", "to") if line.action == "add" else ("Removed", "from")
    # Without links, which would leave no room for a page of these.
    title = escape(display_title(line.title), TITLE_SHOWN)
    told = f"by {_who(line.user_id)} {_when(line.created_at)}"
    if line.undone_at is not None:
        told += f" · **undone** by {_who(line.undone_by)} {_when(line.undone_at)}"
    return f"**{done}** **#{line.image_id}**{_file(line.file)} {page} {title}\n\u2003{told}"


def _listed_line(image: ListedImage) -> str:
    titles = ", ".join(escape(display_title(title), 60) for title in image.titles)
    more = image.page_count - len(image.titles)
    shown = titles + (f" and {more:,} more" if more > 0 else "")
    return (
        f"**#{image.image_id}** {shown or 'no page'}{_file(image.file)}\n"
        f"\u2003{_added(image.added_by, image.created_at)}"
    )


def _added(user_id: int | None, at: datetime) -> str:
    return f"added by {_who(user_id)} {_when(at)}"


def _when(at: datetime) -> str:
    return discord.utils.format_dt(at, "R")


def _who(user_id: int | None) -> str:
    if user_id is None:
        return "the operator"
    # A name is shown; in an embed, and with mentions switched off, it calls nobody.
    return "a member who opted out" if user_id == SOMEBODY else f"<@{user_id}>"


def _file(file: str | None) -> str:
    return f" · {escape(file, 60)}" if file else ""
