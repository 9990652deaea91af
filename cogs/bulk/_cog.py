"""The commands of moderators for many pictures at once."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import WhereisBot
from bot.errors import RequestError
from bot.ingest import ListFormat
from cogs.bulk._adding import Adding
from cogs.bulk._lists import Lists
from cogs.bulk._mending import Mending
from cogs.bulk._requests import (
    MOST_MESSAGES,
    NewName,
    checked_count,
    parse_format,
    parse_many,
    parse_merge,
    parse_new_name,
)
from cogs.bulk._review import Reviewing
from cogs.checks import moderators_only, require_voice
from cogs.steps import Ctx, Steps
from cogs.targets import find_replied

GROUP = "Many pictures at once"

IN_SERVERS = app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False)
INSTALLED = app_commands.AppInstallationType(guild=True, user=False)

WHICH_MESSAGE = (
    "Say which message: attach the pictures, reply to the message that has them, or write "
    "`last 50` for those of the last 50 messages."
)


class Bulk(commands.Cog):
    """Add many pictures, export and import them, merge, rename and review them."""

    def __init__(self, bot: WhereisBot) -> None:
        self._bot = bot
        self._steps = Steps(bot)
        self._adding = Adding(bot, self._steps)
        self._lists = Lists(bot, self._steps)
        self._mending = Mending(bot, self._steps)
        self._reviewing = Reviewing(bot, self._steps)
        self._menu = app_commands.ContextMenu(
            name="Add pictures",
            callback=self.add_pictures,
            allowed_contexts=IN_SERVERS,
            allowed_installs=INSTALLED,
        )
        self._menu.default_permissions = discord.Permissions(manage_guild=True)
        self._slash: tuple[app_commands.Command[Any, ..., Any], ...] = tuple(
            app_commands.Command(name=name, description=description, callback=callback)
            for name, description, callback in (
                ("addrecent", "Add the pictures of the last messages here", self.image_addrecent),
                ("export", "Get this server's own pictures as a list", self.image_export),
                ("import", "Add what a list has", self.image_import),
                ("merge", "Make one of two pictures", self.image_merge),
                ("rename", "Give a page another name", self.image_rename),
                ("review", "Go through the pictures that look alike", self.image_review),
            )
        )

    async def cog_load(self) -> None:
        """Add *Add pictures* to the menu of messages, and the rest to ``/image``."""
        self._bot.tree.add_command(self._menu)
        group = self._bot.tree.get_command("image")
        assert isinstance(group, app_commands.Group)
        for command in self._slash:
            group.add_command(command)

    async def cog_unload(self) -> None:
        """Take them away again."""
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)
        group = self._bot.tree.get_command("image")
        # When the bot stops, the group has gone already, with the cog that it belongs to.
        if isinstance(group, app_commands.Group):
            for command in self._slash:
                group.remove_command(command.name)

    async def cog_check(self, ctx: Ctx) -> bool:  # type: ignore[override]
        """Do nothing where the answer could not be read."""
        require_voice(ctx)
        return True

    # ------------------------------------------------------------------------------ text commands

    @commands.command(
        usage="[last N] [page]",
        brief="Add every picture of a message, or of the last ones",
        extras={
            "group": GROUP,
            "slash": "image addrecent",
            "example": "addimages last 50",
            "examples": ("addimages", "addimages Mandelbrot set", "addimages last 50"),
        },
    )
    @moderators_only()
    async def addimages(self, ctx: Ctx, *, text: str = "") -> None:
        """Add every picture of a message to this server's own pictures: of the one that this
        replies to, or of its own; or those of the last messages of the channel.

        Each goes to the page that you name; or else to the one that its message's text names, or
        else to one that is called as its file is. What can't be read is told, and the rest added.
        """
        asked = parse_many(text)
        place = await self._steps.begin_here(ctx)
        if asked.messages is not None:
            await self._adding.add_last(ctx, asked.messages, asked.page, place)
            return
        message = ctx.message if ctx.message.attachments else await find_replied(ctx.message)
        if message is None:
            raise RequestError(WHICH_MESSAGE)
        await self._adding.add_of(ctx, message, asked.page, place)

    @commands.command(
        usage="[csv|json]",
        brief="Get this server's own pictures as a list",
        extras={
            "group": GROUP,
            "slash": "image export",
            "example": "exportimages",
            "examples": ("exportimages", "exportimages json"),
        },
    )
    @moderators_only()
    async def exportimages(self, ctx: Ctx, *, text: str = "") -> None:
        """Get this server's own pictures as a file: a row for each picture on a page, as CSV or as
        JSON lines. It has their fingerprints and not the pictures, which nobody keeps.
        """
        form = parse_format(text)
        await self._lists.export(ctx, form, await self._steps.begin_here(ctx))

    @commands.command(
        usage="",
        brief="Add what a list has",
        extras={"group": GROUP, "slash": "image import", "example": "importimages"},
    )
    @moderators_only()
    async def importimages(self, ctx: Ctx, *, text: str = "") -> None:
        """Add what a list has, which you attach: one that I exported, or one like it.

        Rows that can't be used are counted and shown by their lines, and the rest is added.
        """
        if text:
            raise RequestError("Attach the list, and write nothing behind the command.")
        place = await self._steps.begin_here(ctx)
        files = ctx.message.attachments
        await self._lists.import_list(ctx, files[0] if len(files) == 1 else None, place)

    @commands.command(
        usage="<id> into <id>",
        brief="Make one of two pictures",
        extras={"group": GROUP, "slash": "image merge", "example": "mergeimages 7 into 12"},
    )
    @moderators_only()
    async def mergeimages(self, ctx: Ctx, *, text: str = "") -> None:
        """Give the pages of one picture to another one, and remove it.

        They are named by the numbers that the list shows; the second one stays.
        """
        image_id, into = parse_merge(text)
        await self._mending.merge(ctx, image_id, into, await self._steps.begin_here(ctx))

    @commands.command(
        usage="[#id] [page] -> <page>",
        brief="Give a page another name",
        extras={
            "group": GROUP,
            "slash": "image rename",
            "example": "renameimage Julia -> Julia set",
            "examples": (
                "renameimage Julia -> Julia set",
                "renameimage #12 Julia -> https://en.wikipedia.org/wiki/Julia_set",
                "renameimage #12 -> Julia set",
            ),
        },
    )
    @moderators_only()
    async def renameimage(self, ctx: Ctx, *, text: str = "") -> None:
        """Give a page another name, on every picture that shows it; with a picture's number before
        it, on that one alone.

        A page is a title or an address. A new title leaves the page's own address as it is, and a
        new address changes both.
        """
        asked = parse_new_name(text)
        await self._mending.rename(ctx, asked, await self._steps.begin_here(ctx))

    @commands.command(
        usage="[again]",
        brief="Go through the pictures that look alike",
        extras={
            "group": GROUP,
            "slash": "image review",
            "example": "reviewimages",
            "examples": ("reviewimages", "reviewimages again"),
        },
    )
    @moderators_only()
    async def reviewimages(self, ctx: Ctx, *, text: str = "") -> None:
        """Go through this server's own pictures that look alike, pair by pair, newest first: merge
        them, keep both, or skip the pair.

        Pairs that were kept are not shown any more, unless you write `again`.
        """
        wanted = text.strip().casefold()
        if wanted not in ("", "again"):
            raise RequestError("Write nothing behind it, or `again`.")
        place = await self._steps.begin_here(ctx)
        await self._reviewing.begin(ctx, place, again=bool(wanted))

    # ----------------------------------------------------------------- slash commands and the menu

    @moderators_only()
    async def add_pictures(
        self, interaction: discord.Interaction[WhereisBot], message: discord.Message
    ) -> None:
        """``addimages`` from the menu of a message."""
        ctx = await Ctx.from_interaction(interaction)
        place = await self._steps.begin_here(ctx)
        await self._adding.add_of(ctx, message, None, place)

    @app_commands.describe(
        count="Of how many messages",
        title="The page that shows the pictures: its title or its address",
    )
    @moderators_only()
    async def image_addrecent(
        self,
        interaction: discord.Interaction[WhereisBot],
        count: app_commands.Range[int, 1, MOST_MESSAGES],
        title: app_commands.Range[str, 1, 2000] | None = None,
    ) -> None:
        """``addimages last`` as a slash command."""
        ctx = await Ctx.from_interaction(interaction)
        place = await self._steps.begin_here(ctx)
        # Discord checks the number, and is not asked to vouch for it.
        await self._adding.add_last(ctx, checked_count(count), title, place)

    @app_commands.rename(form="format")
    @app_commands.describe(form="csv for spreadsheets, json for programs")
    @app_commands.choices(
        form=[
            app_commands.Choice(name="csv", value="csv"),
            app_commands.Choice(name="json", value="json"),
        ]
    )
    @moderators_only()
    async def image_export(
        self, interaction: discord.Interaction[WhereisBot], form: str = "csv"
    ) -> None:
        """``exportimages`` as a slash command, for the eyes of who asked."""
        wanted: ListFormat = parse_format(form)
        ctx = await Ctx.from_interaction(interaction)
        await ctx.defer(ephemeral=True)
        await self._lists.export(ctx, wanted, await self._steps.begin_here(ctx))

    @app_commands.describe(file="A list as the export writes it")
    @moderators_only()
    async def image_import(
        self, interaction: discord.Interaction[WhereisBot], file: discord.Attachment
    ) -> None:
        """``importimages`` as a slash command."""
        ctx = await Ctx.from_interaction(interaction)
        await self._lists.import_list(ctx, file, await self._steps.begin_here(ctx))

    @app_commands.rename(image_id="id")
    @app_commands.describe(
        image_id="The number of the picture that goes", into="The number of the one that stays"
    )
    @moderators_only()
    async def image_merge(
        self,
        interaction: discord.Interaction[WhereisBot],
        image_id: app_commands.Range[int, 1],
        into: app_commands.Range[int, 1],
    ) -> None:
        """``mergeimages`` as a slash command."""
        ctx = await Ctx.from_interaction(interaction)
        await self._mending.merge(ctx, image_id, into, await self._steps.begin_here(ctx))

    @app_commands.rename(image_id="id")
    @app_commands.describe(
        to="What the page is to be called: its title or its address",
        page="What it is called, where it is not the only page of the picture",
        image_id="The number of a picture, where that one alone is meant",
    )
    @moderators_only()
    async def image_rename(
        self,
        interaction: discord.Interaction[WhereisBot],
        to: app_commands.Range[str, 1, 2000],
        page: app_commands.Range[str, 1, 2000] | None = None,
        image_id: app_commands.Range[int, 1] | None = None,
    ) -> None:
        """``renameimage`` as a slash command."""
        ctx = await Ctx.from_interaction(interaction)
        asked = NewName(page, image_id, to)
        await self._mending.rename(ctx, asked, await self._steps.begin_here(ctx))

    @app_commands.describe(again="Show the pairs that were kept, too")
    @moderators_only()
    async def image_review(
        self, interaction: discord.Interaction[WhereisBot], again: bool = False
    ) -> None:
        """``reviewimages`` as a slash command, for the eyes of who asked."""
        ctx = await Ctx.from_interaction(interaction)
        await ctx.defer(ephemeral=True)
        await self._reviewing.begin(ctx, await self._steps.begin_here(ctx), again=again)
