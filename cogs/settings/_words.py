"""The rules of a server in words; pure."""

from collections.abc import Mapping, Sequence

import discord

from bot.rules import Restricted, Rules, Strictness, Style, Watch
from cogs.places import listed
from cogs.text import UNTITLED, escape, plain

FIELD_LIMIT = 1024
NAMES_SHOWN = 10

STYLES: Mapping[Style, tuple[str, str]] = {
    "public": ("everybody", "Answers stay where they were asked for"),
    "private": ("only the one who asked", "A command in the chat gets a button that shows it"),
    "fleeting": ("everybody, for some minutes", "Answers go by themselves"),
}
STRICTNESS: Mapping[Strictness, tuple[str, str]] = {
    "possible": ("exact, close and possible matches", "Also what merely looks alike"),
    "close": ("exact and close matches", "What is most likely the same picture"),
    "exact": ("exact matches alone", "What is the same picture almost for certain"),
}
RESTRICTED: Mapping[Restricted, tuple[str, str]] = {
    "asked": ("when somebody asks there", "The watch leaves those channels alone"),
    "always": ("when somebody asks there, and by the watch", "Like any other channel"),
    "never": ("not at all", "Who asks there is told so"),
}
EMOJI = ("♻️", "👀", "🔁", "📌", "❗")
WORDS = "words"
"""What stands for an answer in words where an emoji could."""

HINT = "Choose below what to change. A change holds from the next command on."


def overview(
    rules: Rules, prefix: str, own: str, guild: discord.Guild, moderator_role: str | None
) -> discord.Embed:
    """All the rules. ``own`` is the name of the server's own collection, ``prefix`` what commands
    begin with, and ``moderator_role`` the role that the bot's settings name."""
    embed = discord.Embed(
        title="This server's own rules", description=HINT, colour=discord.Colour.blurple()
    )
    fields = {
        "Answers": _answers(rules),
        "Searched": _searched(rules, own),
        "People": _people(rules, prefix, moderator_role),
        "Watch": watch_words(rules.watch),
    }
    missing = lacking(rules, guild)
    if missing:
        fields["⚠ Missing"] = missing
    for name, lines in fields.items():
        embed.add_field(name=name, value="\n".join(lines)[:FIELD_LIMIT], inline=False)
    return embed


def watch_words(watch: Watch) -> list[str]:
    """What the watch does."""
    if not watch.channels:
        return ["Off: I look at no picture that nobody asks about."]
    compared = []
    if watch.own:
        compared.append("this server's own pictures")
    if watch.days:
        compared.append(f"what was posted there in the last {_count(watch.days, 'day')}")
    lines = [
        f"**In** {listed(watch.channels)}",
        f"**Compared with** {' and '.join(compared) or 'nothing, so it is off'}",
        f"**When a picture is known** I {_done(watch)}",
    ]
    if watch.days:
        own = f"for {_count(watch.leeway, 'hour')}" if watch.leeway else "at no time"
        lines.append(f"**People may repeat their own pictures** {own}")
    lines.append(f"**Told of each** {f'<#{watch.log}>' if watch.log else 'nobody'}")
    return lines


def lacking(rules: Rules, guild: discord.Guild) -> list[str]:
    """The permissions that the watch lacks, channel by channel."""
    watch, lines = rules.watch, []
    for number in sorted(watch.channels):
        wanted = {"view_channel", "add_reactions" if watch.emoji else "send_messages"}
        lines += _lacking_in(guild, number, wanted | {"read_message_history"})
    if watch.log is not None:
        wanted = {"view_channel", "send_messages", "embed_links"}
        lines += _lacking_in(guild, watch.log, wanted)
    return lines[:NAMES_SHOWN]


def _lacking_in(guild: discord.Guild, channel_id: int, wanted: set[str]) -> list[str]:
    channel = guild.get_channel(channel_id)
    if channel is None:
        return []
    has = channel.permissions_for(guild.me)
    missing = sorted(name for name in wanted if not getattr(has, name))
    named = ", ".join(f"*{name.replace('_', ' ').title()}*" for name in missing)
    return [f"In <#{channel_id}> I lack {named}."] if missing else []


def _answers(rules: Rules) -> list[str]:
    where = listed(rules.channels) if rules.channels else "everywhere"
    who = STYLES[rules.style][0]
    if rules.style == "fleeting":
        who = f"everybody, for {_count(rules.minutes, 'minute')}"
    return [
        f"**Where** {where}",
        f"**Seen by** {who}",
        f"**Shown** {STRICTNESS[rules.strictness][0]}",
        f"**Language** {f'`{rules.language}`' if rules.language else 'as the wiki has it'}",
    ]


def _searched(rules: Rules, own: str) -> list[str]:
    names = [collection_label(name, own) for name in sorted(rules.collections)]
    hidden = len(names) - NAMES_SHOWN
    shown = ", ".join(names[:NAMES_SHOWN]) + (f" and {hidden} more" if hidden > 0 else "")
    return [
        f"**Collections** {shown or 'all'}",
        f"**In age-restricted channels** {RESTRICTED[rules.restricted][0]}",
    ]


def _people(rules: Rules, prefix: str, moderator_role: str | None) -> list[str]:
    if rules.moderator_role is not None:
        role = f"<@&{rules.moderator_role}>"
    else:
        role = escape(moderator_role, 100) if moderator_role else "none"
    return [
        f"**Moderators besides those with *Manage Server*** {role}",
        f"**Commands begin with** `{prefix}`",
    ]


def collection_label(name: str, own: str) -> str:
    """What people call a collection."""
    return "this server's own pictures" if name == own else escape(name, 60)


def _done(watch: Watch) -> str:
    return f"react with {watch.emoji}" if watch.emoji else "answer where it is known from"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def options(
    choices: Mapping[Style, tuple[str, str]]
    | Mapping[Strictness, tuple[str, str]]
    | Mapping[Restricted, tuple[str, str]],
    chosen: str,
) -> list[discord.SelectOption]:
    """One option for each value of a rule."""
    return [
        discord.SelectOption(
            label=label[0].upper() + label[1:],
            value=value,
            description=description,
            default=value == chosen,
        )
        for value, (label, description) in choices.items()
    ]


def watch_options(watch: Watch) -> list[discord.SelectOption]:
    """One option for each thing that the watch can do."""
    words = discord.SelectOption(
        label="Answer where it is known from", value=WORDS, default=watch.emoji is None
    )
    reactions = [
        discord.SelectOption(
            label=f"React with {emoji}", value=emoji, emoji=emoji, default=watch.emoji == emoji
        )
        for emoji in EMOJI
    ]
    return [words, *reactions]


def collection_options(
    names: Sequence[str], own: str, chosen: frozenset[str]
) -> list[discord.SelectOption]:
    """One option for each collection, the server's own first; at most 25."""
    return [
        discord.SelectOption(
            label="This server's own pictures" if name == own else plain(name) or UNTITLED,
            value=name,
            default=name in chosen,
        )
        for name in (own, *names)
        if len(name) <= 100
    ][:25]
