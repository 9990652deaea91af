"""The commands of moderators: their server's own pictures."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import WhereisBot
from bot.errors import RequestError
from cogs.admin._keeper import SEARCH_LIMIT, Keeper
from cogs.admin._requests import parse_addition, parse_count, parse_removal, split_collection
from cogs.admin._views import PER_PAGE
from cogs.checks import is_owner, moderators_only, require_voice
from cogs.targets import Target, find_links, find_targets, from_attachment
from cogs.text import plain

Ctx = commands.Context[WhereisBot]

CHOICES = 25
GROUP = "This server's own pictures"


class Pictures(commands.Cog):
    """Add, remove and list a server's own pictures."""

    image = app_commands.Group(
        name="image",
        description="Look after this server's own pictures",
        guild_only=True,
        default_permissions=discord.Permissions(manage_guild=True),
        allowed_contexts=app_commands.AppCommandContext(
            guild=True, dm_channel=False, private_channel=False
        ),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
    )

    def __init__(self, bot: WhereisBot) -> None:
        self._bot = bot
        self._keeper = Keeper(bot)

    async def cog_check(self, ctx: Ctx) -> bool:  # type: ignore[override]
        """Do nothing where the answer could not be read."""
        require_voice(ctx)
        return True

    # ------------------------------------------------------------------------------ text commands

    @commands.command(
        usage="<page> [links to pictures]",
        brief="Add a picture, so that it is found from now on",
        extras={
            "group": GROUP,
            "slash": "image add",
            "example": "addimage Mandelbrot set",
            "examples": (
                "addimage Mandelbrot set",
                "addimage https://en.wikipedia.org/wiki/Julia_set https://example.org/julia.png",
            ),
        },
    )
    @moderators_only()
    async def addimage(self, ctx: Ctx, *, text: str = "") -> None:
        """Add pictures of one page to this server's own pictures.

        First comes the page that shows the picture: a title, or an address. Then the pictures:
        attach them, put links to them behind the page, or reply to a message that has them. An
        address that comes first is always the page and never the picture.

        The bot's owner may write `--collection NAME` to add to another collection.
        """
        asked = parse_addition(text)
        place = await self._keeper.begin(ctx, asked.collection)
        targets = await _pictures_of(ctx.message, asked.links)
        await self._keeper.add(ctx, asked.page, targets, place)

    @commands.command(
        usage="[id or link]",
        brief="Remove a picture",
        extras={
            "group": GROUP,
            "slash": "image remove",
            "example": "removeimage 12",
            "examples": ("removeimage 12", "removeimage https://example.org/julia.png"),
        },
    )
    @moderators_only()
    async def removeimage(self, ctx: Ctx, *, text: str = "") -> None:
        """Remove one of this server's own pictures, with all its pages.

        Name it by its number, or show it: attach it, link to it, or reply to a message that has it.
        When several stored pictures look like that, you are asked which.

        The bot's owner may write `--collection NAME` to remove from another collection.
        """
        asked = parse_removal(text)
        place = await self._keeper.begin(ctx, asked.collection)
        if asked.image_id is not None:
            await self._keeper.remove(ctx, asked.image_id, place)
            return
        targets = await _pictures_of(ctx.message, asked.links)
        await self._keeper.remove_like(ctx, targets, place)

    @commands.command(
        usage="[words to look for]",
        brief="List this server's own pictures",
        extras={
            "group": GROUP,
            "slash": "image list",
            "example": "images mandelbrot",
            "examples": ("images", "images mandelbrot"),
        },
    )
    @moderators_only()
    async def images(self, ctx: Ctx, *, text: str = "") -> None:
        """List this server's own pictures, newest first.

        With words behind it, only those that have them in a page's title or in the file's name.
        """
        search, name = split_collection(text)
        place = await self._keeper.begin(ctx, name)
        await self._keeper.list(ctx, search, place)

    @commands.command(
        usage="",
        brief="Take back the last addition or removal",
        extras={"group": GROUP, "slash": "image undo", "example": "undo"},
    )
    @moderators_only()
    async def undo(self, ctx: Ctx, *, text: str = "") -> None:
        """Take back the last step: what was added goes, what was removed comes back.

        Once more takes back the step before it. It counts whoever took the step.
        """
        rest, name = split_collection(text)
        if rest:
            raise RequestError("I can only take back the last step; write nothing behind it.")
        await self._keeper.undo(ctx, await self._keeper.begin(ctx, name))

    @commands.command(
        usage="[how many]",
        brief="Show who added or removed what, and when",
        extras={
            "group": GROUP,
            "slash": "image history",
            "example": "history",
            "examples": ("history", "history 3"),
        },
    )
    @moderators_only()
    async def history(self, ctx: Ctx, *, text: str = "") -> None:
        """Show what was added, removed and taken back, by whom and when, newest first.

        With a number behind it, so many lines at a time, at most ten.
        """
        rest, name = split_collection(text)
        at_a_time = parse_count(rest, PER_PAGE)
        await self._keeper.history(ctx, at_a_time, await self._keeper.begin(ctx, name))

    # ----------------------------------------------------------------------------- slash commands

    @image.command(name="add", description="Add a picture, so that it is found from now on")
    @app_commands.describe(
        title="The page that shows the picture: its title or its address",
        picture="The picture",
        url="A link to the picture, instead",
        collection="For the bot's owner: another collection than this server's own",
    )
    @moderators_only()
    async def image_add(
        self,
        interaction: discord.Interaction[WhereisBot],
        title: app_commands.Range[str, 1, 2000],
        picture: discord.Attachment | None = None,
        url: app_commands.Range[str, 1, 2000] | None = None,
        collection: str | None = None,
    ) -> None:
        """``addimage`` as a slash command."""
        ctx = await Ctx.from_interaction(interaction)
        place = await self._keeper.begin(ctx, collection)
        await self._keeper.add(ctx, title, _given(picture, url), place)

    @image.command(name="remove", description="Remove a picture, by number or by sight")
    @app_commands.rename(image_id="id")
    @app_commands.describe(
        image_id="The picture's number, as /image list shows it",
        picture="The picture, or one that looks like it",
        url="A link to the picture",
        collection="For the bot's owner: another collection than this server's own",
    )
    @moderators_only()
    async def image_remove(
        self,
        interaction: discord.Interaction[WhereisBot],
        image_id: app_commands.Range[int, 1] | None = None,
        picture: discord.Attachment | None = None,
        url: app_commands.Range[str, 1, 2000] | None = None,
        collection: str | None = None,
    ) -> None:
        """``removeimage`` as a slash command."""
        ctx = await Ctx.from_interaction(interaction)
        place = await self._keeper.begin(ctx, collection)
        if image_id is not None:
            await self._keeper.remove(ctx, image_id, place)
        else:
            await self._keeper.remove_like(ctx, _given(picture, url), place)

    @image.command(name="list", description="List this server's own pictures")
    @app_commands.describe(
        search="Only those with this in a page's title or in the file's name",
        collection="For the bot's owner: another collection than this server's own",
    )
    @moderators_only()
    async def image_list(
        self,
        interaction: discord.Interaction[WhereisBot],
        search: app_commands.Range[str, 1, SEARCH_LIMIT] | None = None,
        collection: str | None = None,
    ) -> None:
        """``images`` as a slash command, for the eyes of who asked."""
        ctx = await Ctx.from_interaction(interaction)
        await ctx.defer(ephemeral=True)
        place = await self._keeper.begin(ctx, collection)
        await self._keeper.list(ctx, search or "", place)

    @image.command(name="undo", description="Take back the last addition or removal")
    @app_commands.describe(
        collection="For the bot's owner: another collection than this server's own"
    )
    @moderators_only()
    async def image_undo(
        self, interaction: discord.Interaction[WhereisBot], collection: str | None = None
    ) -> None:
        """``undo`` as a slash command."""
        ctx = await Ctx.from_interaction(interaction)
        await self._keeper.undo(ctx, await self._keeper.begin(ctx, collection))

    @image.command(name="history", description="Show who added or removed what, and when")
    @app_commands.describe(
        count="How many lines at a time",
        collection="For the bot's owner: another collection than this server's own",
    )
    @moderators_only()
    async def image_history(
        self,
        interaction: discord.Interaction[WhereisBot],
        count: app_commands.Range[int, 1, PER_PAGE] = PER_PAGE,
        collection: str | None = None,
    ) -> None:
        """``history`` as a slash command, for the eyes of who asked."""
        ctx = await Ctx.from_interaction(interaction)
        await ctx.defer(ephemeral=True)
        await self._keeper.history(ctx, count, await self._keeper.begin(ctx, collection))

    @image_add.autocomplete("collection")
    @image_remove.autocomplete("collection")
    @image_list.autocomplete("collection")
    @image_undo.autocomplete("collection")
    @image_history.autocomplete("collection")
    async def collection_choices(
        self, interaction: discord.Interaction[WhereisBot], current: str
    ) -> list[app_commands.Choice[str]]:
        """The names of the collections, for the bot's owner; for others there is none to choose."""
        if not await is_owner(self._bot, interaction.user):
            return []
        names = [collection.name for collection in await self._bot.services.ingest.collections()]
        fitting = [n for n in names if current.casefold() in n.casefold() and len(n) <= 100]
        return [app_commands.Choice(name=plain(n) or "–", value=n) for n in fitting[:CHOICES]]


async def _pictures_of(message: discord.Message, links: str) -> tuple[Target, ...]:
    """The pictures of a message whose ``links`` are what its author put behind the page."""
    found = await find_targets(message, links)
    # Discord previews the page's own address with a picture that nobody asked to add.
    found = tuple(target for target in found if target.origin != "embed")
    if found and found[0].origin == "attachment":
        return (*found, *find_links(links))
    return found


def _given(picture: discord.Attachment | None, url: str | None) -> tuple[Target, ...]:
    attached = () if picture is None else (from_attachment(picture),)
    if url is None:
        return attached
    links = find_links(url)
    if len(links) != 1:
        raise RequestError("The link to the picture must be one address that begins with https://")
    return (*attached, *links)
