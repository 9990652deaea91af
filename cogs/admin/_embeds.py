"""What moderators and the bot's owner read; pure."""

from collections.abc import Sequence

import discord

from bot.ingest import (
    Addition,
    AddOutcome,
    Collection,
    IndexStatistics,
    IndexStatus,
    ListedImage,
)
from bot.search import Match
from bot.titles import display_title, page_url
from cogs.text import bar, clip, escape, fit, link, plain, size
from cogs.wording import (
    TITLE_SHOWN,
    collection_label,
    distance_words,
    file_part,
    page_link,
    when,
    who,
)

NEAR_SHOWN = 3


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
        f"**#{first.image_id}**{file_part(first.file)}, and with it "
        + ("this page:" if len(lines) == 1 else f"these {len(lines):,} pages:"),
        *_page_lines(lines, collection),
        f"Gone from {collection_label(collection, guild_id)}.",
    ]
    embed = discord.Embed(
        title="Picture removed", colour=discord.Colour.red(), description=fit(shown)
    )
    embed.set_footer(text=f"{prefix}undo brings it back.")
    return embed


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
    alike = distance_words(match.confidence, match.distance)
    return f"**#{match.image_id}** {shown}{file_part(match.file)} – {alike}"


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


def _outcome_line(outcome: AddOutcome) -> str:
    picture = outcome.fingerprint
    known = "" if outcome.new else " – was there already for this page"
    return (
        f"**#{outcome.image_id}**{file_part(outcome.file)} · {escape(picture.format, 20)} · "
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
    return [f"• {page_link(line.title, line.url, collection)}" for line in lines]


def _history_line(line: Addition) -> str:
    done, page = ("Added", "to") if line.action == "add" else ("Removed", "from")
    # Without links, which would leave no room for a page of these.
    title = escape(display_title(line.title), TITLE_SHOWN)
    told = f"{_within(line)}by {who(line.user_id)} {when(line.created_at)}"
    if line.undone_at is not None:
        told += f" · **undone** by {who(line.undone_by)} {when(line.undone_at)}"
    return f"**{done}** **#{line.image_id}**{file_part(line.file)} {page} {title}\n\u2003{told}"


def _within(line: Addition) -> str:
    match line.purpose:
        case "merge":
            return "in a merge "
        case "rename":
            return "in a renaming "
        case "import":
            return "from a list "
    return ""


def _listed_line(image: ListedImage) -> str:
    titles = ", ".join(escape(display_title(title), 60) for title in image.titles)
    more = image.page_count - len(image.titles)
    shown = titles + (f" and {more:,} more" if more > 0 else "")
    return (
        f"**#{image.image_id}** {shown or 'no page'}{file_part(image.file)}\n"
        f"\u2003added by {who(image.added_by)} {when(image.created_at)}"
    )
