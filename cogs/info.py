"""What the bot says of itself: help, statistics, and what it is."""

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import WhereisBot, invite_link
from bot.errors import RequestError, WhereisError
from bot.ingest import CollectionStats, IndexStatus
from bot.search import Scope, age
from cogs.checks import as_often_as_searches, require_voice, require_welcome
from cogs.places import is_welcome, rules_of
from cogs.text import UNTITLED, escape, size

Ctx = commands.Context[WhereisBot]
Command = commands.Command[Any, ..., Any]

GROUP = "About the bot"
# What everybody came for stands above these.
LAST_GROUPS = (
    "This server's own pictures",
    "Many pictures at once",
    "This server's own rules",
    GROUP,
    "The bot's owner",
)
COLLECTIONS_SHOWN = 20
FIELD_LIMIT = 1024
CHOICES = 25

INTRODUCTION = (
    "Show me a picture, and I tell you which articles it is from. The quickest way: right-click a "
    "message (or hold it down), then **Apps → Search image**."
)
WHAT_IT_IS = (
    "I find where a picture is from: I compare how it looks with the pictures of Wikipedia, and "
    "with those that moderators add for their own server. I keep no picture that I am shown; of "
    "those that are added I keep a fingerprint of a few bytes, the page and the file's name."
)


async def setup(bot: WhereisBot) -> None:
    """Add the cog to the bot."""
    await bot.add_cog(Info(bot))


@dataclass(frozen=True, slots=True)
class Entry:
    """A command as the help shows it; ``slash`` is its name as a slash command."""

    name: str
    group: str
    brief: str
    detail: str
    usage: str
    aliases: tuple[str, ...]
    slash: str | None
    examples: tuple[str, ...]


class Info(commands.Cog):
    """About the bot."""

    def __init__(self, bot: WhereisBot) -> None:
        self._bot = bot
        self._version = version("whereis-bot")

    async def cog_check(self, ctx: Ctx) -> bool:  # type: ignore[override]
        """Do nothing where the answer could not be read, or is not wanted."""
        require_voice(ctx)
        require_welcome(ctx)
        return True

    @commands.hybrid_command(  # type: ignore[arg-type]
        name="help",
        usage="[command]",
        brief="Show what you can do here, or how one command works",
        extras={"group": GROUP, "example": "help whereis", "examples": ("help", "help whereis")},
    )
    @app_commands.describe(command="The command to explain")
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @commands.dynamic_cooldown(as_often_as_searches, commands.BucketType.user)
    async def help_(self, ctx: Ctx, *, command: str | None = None) -> None:
        """Show the commands that you may use here, with a word on each.

        With a command's name behind it: how that one is written, and examples.
        """
        entries, prefix = await self._entries(ctx), self._bot.prefix_of(ctx.guild)
        if command is None:
            await _answer(ctx, overview(entries, prefix))
            return
        await _answer(ctx, details(find(entries, command, prefix), prefix))

    @help_.autocomplete("command")
    async def command_choices(
        self, interaction: discord.Interaction[WhereisBot], current: str
    ) -> list[app_commands.Choice[str]]:
        """The names of the commands that this person may use."""
        entries = await self._entries(await Ctx.from_interaction(interaction))
        prefix = self._bot.prefix_of(interaction.guild)
        wanted = current.casefold().lstrip("/").removeprefix(prefix)
        names = [entry.name for entry in entries if wanted in entry.name]
        return [app_commands.Choice(name=name, value=name) for name in names[:CHOICES]]

    @commands.hybrid_command(  # type: ignore[arg-type]
        brief="Show how many pictures and pages I know",
        extras={"group": GROUP, "example": "stats"},
    )
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @commands.dynamic_cooldown(as_often_as_searches, commands.BucketType.user)
    async def stats(self, ctx: Ctx) -> None:
        """Show how many pictures and pages are searched here, by collection."""
        names = rules_of(self._bot, ctx.guild).collections
        scope = Scope(guild_id=None if ctx.guild is None else ctx.guild.id, names=names)
        async with ctx.typing(ephemeral=_hidden(ctx)):
            lines = await self._bot.services.ingest.stats(scope)
        await _answer(ctx, statistics(lines, self._bot.prefix_of(ctx.guild)))

    @commands.hybrid_command(  # type: ignore[arg-type]
        brief="Show what I am, and how to invite me",
        extras={"group": GROUP, "example": "about"},
    )
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @commands.dynamic_cooldown(as_often_as_searches, commands.BucketType.user)
    async def about(self, ctx: Ctx) -> None:
        """Show what this bot is, its version, how quick it is, and the link that invites it."""
        async with ctx.typing(ephemeral=_hidden(ctx)):
            status = await self._bot.services.index.status()
        application_id = self._bot.application_id
        invite = invite_link(application_id) if application_id is not None else None
        await _answer(ctx, about(self._version, status, self._bot.latency, invite))

    async def _entries(self, ctx: Ctx) -> tuple[Entry, ...]:
        """The commands that a person may use where they ask, in the order of the help."""
        allowed = [
            command
            for command in self._bot.walk_commands()
            if not command.hidden and await _may(command, ctx)
        ]
        entries = (self._entry(command) for command in allowed)
        return tuple(sorted(entries, key=_place))

    def _entry(self, command: Command) -> Entry:
        extras = command.extras
        example = (extras["example"],) if "example" in extras else ()
        cog = command.cog.description if command.cog is not None else GROUP
        name = command.qualified_name
        slash = extras.get("slash") or (name if self._bot.tree.get_command(name) else None)
        text = paragraphs(command.help or "")
        return Entry(
            name=name,
            group=extras.get("group", cog),
            brief=command.brief or text.split("\n", 1)[0],
            detail=text,
            usage=f"{name} {command.signature}".strip(),
            aliases=tuple(f"{command.full_parent_name} {a}".strip() for a in command.aliases),
            slash=slash,
            examples=tuple(extras.get("examples", example)),
        )


def overview(entries: Sequence[Entry], prefix: str) -> discord.Embed:
    """All the commands, grouped."""
    embed = discord.Embed(
        title="What I can do for you",
        description=INTRODUCTION,
        colour=discord.Colour.blurple(),
    )
    for group in dict.fromkeys(entry.group for entry in entries):
        lines = [_line(entry, prefix) for entry in entries if entry.group == group]
        embed.add_field(name=group, value="\n".join(lines)[:FIELD_LIMIT], inline=False)
    embed.set_footer(text=f"{prefix}help and a command's name shows how it works, with examples.")
    return embed


def details(entry: Entry, prefix: str) -> discord.Embed:
    """One command: what it does, how it is written, examples."""
    embed = discord.Embed(
        title=f"{prefix}{entry.name}", description=entry.detail, colour=discord.Colour.blurple()
    )
    embed.add_field(name="How to write it", value=f"`{prefix}{entry.usage}`", inline=False)
    if entry.examples:
        examples = "\n".join(f"`{prefix}{example}`" for example in entry.examples)
        embed.add_field(name="Examples", value=examples, inline=False)
    if entry.slash:
        embed.add_field(name="As a slash command", value=f"`/{entry.slash}`")
    if entry.aliases:
        aliases = ", ".join(f"`{prefix}{alias}`" for alias in entry.aliases)
        embed.add_field(name="Also", value=aliases)
    return embed


def find(entries: Sequence[Entry], name: str, prefix: str) -> Entry:
    """The command of that name, however it is written. Raises :class:`RequestError`."""
    wanted = " ".join(name.casefold().removeprefix(prefix).lstrip("/").split())
    names = {alias: entry for entry in entries for alias in _names(entry)}
    found = names.get(wanted)
    if found is not None:
        return found
    near = difflib.get_close_matches(wanted[:100], names, n=1)
    hint = f" Did you mean `{prefix}{names[near[0]].name}`?" if near else ""
    raise RequestError(
        f"There is no command “{escape(name, 60)}” that you may use here.{hint} "
        f"`{prefix}help` shows those that there are."
    )


def statistics(lines: Sequence[CollectionStats], prefix: str) -> discord.Embed:
    """How much each collection holds."""
    embed = discord.Embed(title="What I know", colour=discord.Colour.blurple())
    for line in lines[:COLLECTIONS_SHOWN]:
        own = line.collection.kind == "server"
        name = "This server's own pictures" if own else _collection_name(line)
        embed.add_field(name=name, value=_amount(line), inline=False)
    total = sum(line.images for line in lines)
    if not total:
        embed.description = (
            "Nothing yet. The one who runs me imports pictures, and moderators add their server's "
            f"own: `{prefix}help addimage`."
        )
    elif len(lines) > 1:
        embed.description = f"{_count(total, 'picture')} in {len(lines)} collections."
    hidden = len(lines) - COLLECTIONS_SHOWN
    if hidden > 0:
        embed.set_footer(text=f"and {_count(hidden, 'more collection')}")
    return embed


def about(version_: str, status: IndexStatus, latency: float, invite: str | None) -> discord.Embed:
    """What the bot is; ``latency`` to Discord is in seconds."""
    embed = discord.Embed(title="whereis", description=WHAT_IT_IS, colour=discord.Colour.blurple())
    embed.add_field(name="Version", value=version_)
    if math.isfinite(latency):
        embed.add_field(name="To Discord and back", value=f"{latency * 1000:.0f} ms")
    embed.add_field(name="Pictures", value=f"{status.images:,}")
    index = size(status.size_bytes) if status.kind else "none"
    embed.add_field(name="Search index", value=index)
    if invite is not None:
        embed.add_field(name="For your server", value=f"[Invite me]({invite})", inline=False)
    return embed


def paragraphs(text: str) -> str:
    """A docstring as text: lines are joined, empty ones part paragraphs."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


async def _may(command: Command, ctx: Ctx) -> bool:
    try:
        return await command.can_run(ctx)
    except (commands.CommandError, app_commands.AppCommandError, WhereisError):
        return False


def _place(entry: Entry) -> tuple[int, str, str]:
    rank = LAST_GROUPS.index(entry.group) if entry.group in LAST_GROUPS else -1
    return (rank, entry.group, entry.name)


def _names(entry: Entry) -> tuple[str, ...]:
    return (entry.name, *entry.aliases, *((entry.slash,) if entry.slash else ()))


def _line(entry: Entry, prefix: str) -> str:
    slash = f" · `/{entry.slash}`" if entry.slash else ""
    return f"`{prefix}{entry.usage}`{slash}\n\u2003{entry.brief}"


def _amount(line: CollectionStats) -> str:
    old = age(line.collection.as_of, line.collection.imported_on)
    return (
        f"{_count(line.images, 'picture')} on {_count(line.pages, 'page')} · "
        f"{_count(line.appearances, 'appearance')}{f' · {old}' if old else ''}"
    )


def _collection_name(line: CollectionStats) -> str:
    return escape(line.collection.name, 100) or UNTITLED


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


async def _answer(ctx: Ctx, embed: discord.Embed) -> None:
    extra: dict[str, Any] = {}
    if ctx.interaction is None:
        extra["reference"] = ctx.message.to_reference(fail_if_not_exists=False)
        extra["mention_author"] = False
    await ctx.send(embed=embed, ephemeral=_hidden(ctx), **extra)


def _hidden(ctx: Ctx) -> bool:
    """Whether a slash command is answered to the one who asked alone."""
    return not is_welcome(rules_of(ctx.bot, ctx.guild), ctx.channel)
