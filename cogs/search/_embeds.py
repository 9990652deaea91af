"""From an outcome to what a member sees: pure functions, values in and embeds out."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import discord

from bot.cards import Card
from bot.errors import BusyError, DownloadTooLargeError, FetchError, RefusedURLError
from bot.search import PAGES_SHOWN, Answer, Confidence, Match, Page, age, verdict, what_was_done
from cogs.search import _card
from cogs.search._outcome import Outcome
from cogs.targets import Target
from cogs.text import UNTITLED, clip, escape, link, plain, web_url

MAX_TITLE = 256
MAX_DESCRIPTION = 4096
MAX_CONTENT = 2000
MAX_LABEL = 100
MAX_OPTIONS = 25

COLOURS: dict[Confidence, int] = {"exact": 0x2E9E5B, "close": 0xE0A800, "possible": 0xD9722B}
NO_MATCH = 0x80848E
TROUBLE = 0xC0493D


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf to turn to among the pages of a match; ``number`` counts from 0."""

    number: int
    pages: tuple[Page, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What a wiki says of a match, and the language of whoever reads it."""

    card: Card | None = None
    language: str | None = None


def of_outcome(
    outcome: Outcome,
    guild_id: int | None,
    match_number: int = 0,
    leaf: Leaf | None = None,
    told: Told | None = None,
) -> discord.Embed:
    """The answer to one picture: a leaf of a match, no match, or why there is none."""
    answer, target = outcome.answer, outcome.target
    if isinstance(answer, FetchError | BusyError):
        return _failed(answer)
    if answer.status == "found":
        match = answer.matches[match_number]
        leaf = leaf or Leaf(0, match.pages)
        told = told or Told()
        embed = _with_thumbnail(_found(answer, match, leaf, guild_id, told), target)
        lead_picture = _card.thumbnail(_card.article_of(told.card, match))
        return embed.set_thumbnail(url=lead_picture) if lead_picture else embed
    if answer.status == "none":
        embed = _not_found(answer, target)
    elif answer.status == "plain":
        embed = _simple(
            "Too plain to search for",
            f"{answer.reason} Send a picture with more in it.",
            NO_MATCH,
        )
    else:
        # What can't be read can't be shown either, so there is no thumbnail.
        return _simple(
            "I could not read this picture",
            f"{answer.reason}\nSo I could not search for it. Save it as PNG or JPEG and send it "
            "again.",
            TROUBLE,
        )
    return _with_thumbnail(embed, target)


def nothing_attached(prefix: str) -> discord.Embed:
    """What a member reads who asked about no picture."""
    return _simple(
        "Which picture?",
        f"I see none here. Any of these works:\n"
        f"- send a picture or a link to one together with `{prefix}whereis`\n"
        f"- reply to a message that shows one with `{prefix}whereis`\n"
        f"- right-click a message, then Apps → **Search image**\n"
        f"- `/whereis` with a picture or a link",
        NO_MATCH,
    )


def no_picture_in_message() -> discord.Embed:
    """What a member reads who used the menu on a message without a picture."""
    return _simple(
        "There is no picture in this message",
        "Choose a message that shows a picture, a sticker or a link to a picture.",
        NO_MATCH,
    )


def note(targets: Sequence[Target], found: int) -> str | None:
    """What goes above the answer: that the picture was chosen, or that some were left out."""
    lines = []
    if targets and targets[0].origin == "recent":
        place = f"[the last one posted here]({targets[0].jump_url})"
        lines.append(f"You sent no picture, so I looked at {place}.")
    if found > len(targets):
        lines.append(f"I looked at the first {len(targets)} of {found} pictures.")
    return "\n".join(lines) or None


def as_text(embed: discord.Embed, note: str | None = None) -> str:
    """The same answer for a place where embeds are not shown."""
    title = f"**{embed.title}**" + (f" <{embed.url}>" if embed.url else "")
    body = [title, *(embed.description or "").splitlines()]
    footer = [f"-# {escape(embed.footer.text)}"] if embed.footer.text else []
    lines = [note] if note else []
    for line in [*body, *footer]:
        if sum(map(len, lines)) + len(lines) + len(line) > MAX_CONTENT:
            break
        lines.append(line)
    return "\n".join(lines)


def picture_options(outcomes: Sequence[Outcome], chosen: int) -> list[discord.SelectOption]:
    """One option for each picture that was asked about."""
    return [
        discord.SelectOption(
            label=clip(f"Picture {number + 1}: {plain(outcome.target.name or '')}", MAX_LABEL),
            description=clip(_summary(outcome), MAX_LABEL),
            value=str(number),
            default=number == chosen,
        )
        for number, outcome in enumerate(outcomes[:MAX_OPTIONS])
    ]


def match_options(matches: Sequence[Match], chosen: int) -> list[discord.SelectOption]:
    """One option for each known picture that looks like the one asked about."""
    return [
        discord.SelectOption(
            label=clip(f"Match {number + 1}: {_name(match)}", MAX_LABEL),
            description=clip(
                f"{match.confidence} · distance {match.distance} of 64 · {_shown_on(match)}",
                MAX_LABEL,
            ),
            value=str(number),
            default=number == chosen,
        )
        for number, match in enumerate(matches[:MAX_OPTIONS])
    ]


def leaves(match: Match) -> int:
    """How many leaves the pages of a match fill."""
    return max(-(-match.page_count // PAGES_SHOWN), 1)


def _found(
    answer: Answer, match: Match, leaf: Leaf, guild_id: int | None, told: Told
) -> discord.Embed:
    words, meaning = verdict(match)
    best = match.pages[0] if match.pages else None
    where = (
        f"Shown on **{_shown_on(match)}**" if match.page_count else "No article shows it any more"
    )
    done = what_was_done(match.view)
    head = f"**{words}** – {meaning}{f' {done}' if done else ''}\n{where}"
    if match.alike:
        files = "file" if len(match.alike) == 1 else "files"
        head += f" · {len(match.alike)} more {files} of it"
    head += f" · distance {match.distance} of 64"
    article = _card.article_of(told.card, match)
    if told.card is not None and article is not None and leaf.number == 0:
        head += _card.lead(article) + _card.facts(told.card, article, match, told.language)
    embed = discord.Embed(
        title=escape(_name(match), MAX_TITLE),
        url=web_url(best.url) if best else None,
        colour=COLOURS[match.confidence],
        description=head + _listed(match, leaf, MAX_DESCRIPTION - len(head), told.card),
    )
    return embed.set_footer(text=_footer(answer, match, guild_id))


def _listed(match: Match, leaf: Leaf, room: int, card: Card | None) -> str:
    """The pages of a leaf as links, as many as there is room for."""
    first = leaf.number * PAGES_SHOWN
    pages = leaf.pages[1:] if leaf.number == 0 else leaf.pages
    if not pages:
        return ""
    if leaf.number == 0:
        heading = "Also on"
    else:
        heading = f"Articles {first + 1:,}–{first + len(pages):,} of {match.page_count:,}"
    lines = [f"\n\n**{heading}**"]
    room -= len(lines[0]) + 40
    for page in pages:
        line = f"\n- {link(page.name, page.url, 80)}"
        if len(line) > room:
            line = f"\n- {escape(page.name, 80)}"
        short = _card.short(card, page.title)
        if len(line) + len(short) <= room:
            line += short
        if len(line) > room:
            break
        room -= len(line)
        lines.append(line)
    beyond = match.page_count - first - len(leaf.pages)
    if leaf.number == 0 and beyond > 0:
        lines.append(f"\n- … and {beyond:,} more")
    return "".join(lines)


def _footer(answer: Answer, match: Match, guild_id: int | None) -> str:
    if guild_id is not None and match.collection == f"server-{guild_id}":
        source = f"This server's own pictures, no. {match.image_id}"
    else:
        source = clip(plain(match.collection), 80)
        old = age(match.collection_as_of, match.collection_imported_on)
        if old is not None:
            source += f" {old}"
    return f"{source} · {_duration(answer.elapsed_ms)}"


def _not_found(answer: Answer, target: Target) -> discord.Embed:
    text = (
        "None of the pictures I know looks like it.\n"
        "If yours is cropped, framed or a screenshot, try the whole picture alone."
    )
    engines = _engines(target)
    if engines:
        text += f"\nOr look elsewhere: {engines}"
    embed = _simple("I don't know this picture", text, NO_MATCH)
    return embed.set_footer(text=_duration(answer.elapsed_ms))


def _engines(target: Target) -> str:
    """Links to search engines of the whole web; the picture goes there only if somebody clicks."""
    address = web_url(target.url)
    if address is None:
        return ""
    given = quote(address, safe="")
    engines = (
        ("Google Lens", f"https://lens.google.com/uploadbyurl?url={given}"),
        ("TinEye", f"https://tineye.com/search?url={given}"),
        ("Yandex", f"https://yandex.com/images/search?rpt=imageview&url={given}"),
    )
    return " · ".join(f"[{name}]({url})" for name, url in engines if len(url) <= 1000)


def _failed(error: FetchError | BusyError) -> discord.Embed:
    if isinstance(error, BusyError):
        title = "I had no time for this picture"
    elif isinstance(error, RefusedURLError):
        title = "I don't open this link"
    elif isinstance(error, DownloadTooLargeError):
        title = "This picture is too large"
    else:
        title = "I could not get this picture"
    return _simple(title, error.sentence, TROUBLE)


def _simple(title: str, text: str, colour: int) -> discord.Embed:
    return discord.Embed(title=title, description=clip(text, MAX_DESCRIPTION), colour=colour)


def _with_thumbnail(embed: discord.Embed, target: Target) -> discord.Embed:
    return embed.set_thumbnail(url=web_url(target.url))


def _summary(outcome: Outcome) -> str:
    answer = outcome.answer
    if isinstance(answer, FetchError):
        return "could not be had"
    if isinstance(answer, BusyError):
        return "no time for it"
    if answer.status == "found":
        return f"{answer.matches[0].confidence} match: {_name(answer.matches[0])}"
    return {"none": "not known", "plain": "too plain", "unreadable": "could not be read"}[
        answer.status
    ]


def _name(match: Match) -> str:
    named = match.pages[0].name if match.pages else match.file
    return plain(named or "") or UNTITLED


def _shown_on(match: Match) -> str:
    return f"{match.page_count:,} article{'' if match.page_count == 1 else 's'}"


def _duration(milliseconds: float) -> str:
    if milliseconds < 1000:
        return f"searched in {max(milliseconds, 1):.0f} ms"
    return f"searched in {milliseconds / 1000:.1f} s"
