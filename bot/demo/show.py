"""Show the bot at work: the real cogs and services, in a simulated Discord.

The gallery is drawn and stored, altered copies of it are posted, and what a member would see is
printed.  On a terminal, pictures of the visitor's own come next.
"""

import asyncio
import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import discord
import simcord
from PIL import Image
from rich.console import Console
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle
from simcord.env import Env

from bot.client import BotOptions, Services, WhereisBot
from bot.demo.alter import alterations, extension, rasterised
from bot.demo.gallery import Drawing, gallery
from bot.demo.mascot import mascot
from bot.demo.terminal import load_pictures, render_message
from bot.images import Limits, cairo_available
from bot.importers.folder import FolderSource

COLLECTION = "gallery"
ASKED = (
    ("mandelbrot_set", "halved and saved as JPEG of quality 50"),
    ("flag_of_nepal", "in grey"),
    ("ulam_spiral", "with a watermark"),
)
REPLIED_TO = "lorenz_system"
SETTLE_SECONDS = 120.0


async def show(
    services: Services, options: BotOptions, *, folder: Path, preview: bool, console: Console
) -> None:
    """Draw the gallery into ``folder``, store it, and play a visit to the simulated Discord."""
    drawings = drawable(gallery(), console)
    await store_gallery(services, drawings, folder, console)
    # The walk asks faster than a person may.
    bot = WhereisBot(services, replace(options, cooldown_uses=1000))
    async with simcord.run(bot, settle_timeout=SETTLE_SECONDS) as env:
        if bot.user is not None:
            await bot.user.edit(username="whereis")
        visit = Visit(env, options.prefix, console)
        await visit.play(drawings)
        if preview:
            await visit.open_page()
        elif sys.stdin.isatty():
            await visit.take_pictures()


def drawable(drawings: Sequence[Drawing], console: Console) -> Sequence[Drawing]:
    """Those of the drawings that can be shown here: no SVGs where the cairo library is missing."""
    if cairo_available():
        return drawings
    raster = [drawing for drawing in drawings if not drawing.file.endswith(".svg")]
    console.print(
        f"Without the cairo library {len(drawings) - len(raster)} drawings in SVG are left out. "
        "To see them: sudo apt-get install libcairo2"
    )
    return raster


async def store_gallery(
    services: Services, drawings: Sequence[Drawing], folder: Path, console: Console
) -> None:
    """Draw the gallery into ``folder`` and store it; what is there already stays."""
    with console.status(f"drawing {len(drawings)} pictures"):
        titles = await asyncio.to_thread(_draw, drawings, folder)
    collection = await services.ingest.wiki_collection(COLLECTION)
    async with FolderSource(folder, str(titles), max_bytes=Limits().max_bytes) as source:
        report = await services.ingest.import_pictures(source, collection)
    console.print(
        f"The gallery holds {report.added + report.known} pictures, drawn into {folder}: "
        f"{report.added} new, {report.known} already there."
    )


def _draw(drawings: Sequence[Drawing], folder: Path) -> Path:
    """Draw into a folder; gives the table of titles beside the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    titles = folder / "titles.csv"
    with titles.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "title"])
        for drawing in drawings:
            (folder / drawing.file).write_bytes(drawing.draw())
            table.writerow([drawing.file, drawing.title])
    return titles


class Visit:
    """A walk through the simulated Discord, with every message printed as it is seen there."""

    def __init__(self, env: Env, prefix: str, console: Console) -> None:
        self._env = env
        self._prefix = prefix
        self._console = console
        guild = env.create_guild("Picture lovers")
        moderators = guild.create_role(
            "Moderators", permissions=discord.Permissions(manage_guild=True)
        )
        self._channel: ChannelHandle = guild.create_text_channel("where-is-it-from")
        self._ann: MemberActor = guild.add_member(env.create_user("ann"))
        self._mo: MemberActor = guild.add_member(env.create_user("mo"), roles=[moderators])
        self._printed: set[int] = set()
        self._pictures: dict[str, bytes] = {}

    async def play(self, drawings: Sequence[Drawing]) -> None:
        """Every kind of question, and every kind of answer."""
        by_slug = {drawing.slug: drawing for drawing in drawings}
        ask = f"{self._prefix}whereis"
        for slug, how in ASKED:
            if slug not in by_slug:
                continue
            self._scene(f"ann posts a picture, {how}")
            copy = await asyncio.to_thread(alterations()[how], by_slug[slug].draw())
            await self._send(self._ann, ask, _named(copy))

        self._scene("mo posts a picture, and ann asks by replying to it")
        picture = await asyncio.to_thread(by_slug[REPLIED_TO].draw)
        posted = await self._send(self._mo, "look at this!", _named(rasterised(picture)))
        await self._send(self._ann, ask, reply_to=posted)

        self._scene("ann right-clicks the same message: Apps → Search image")
        await self._ann.context_menu(self._channel, "Search image", posted)
        await self._print_news()

        own = mascot()
        self._scene("a picture that nobody has stored yet")
        await self._send(self._ann, ask, ("mascot.png", own))
        self._scene("a moderator adds it to the server's own pictures")
        await self._send(self._mo, f"{self._prefix}addimage Our mascot", ("mascot.png", own))
        self._scene("and now a copy of it is found")
        await self._send(self._ann, ask, _named(alterations()["saved as WebP"](own)))
        self._scene("the moderator takes it back")
        await self._send(self._mo, f"{self._prefix}undo")

        self._scene("a picture too plain to be told from others")
        blank = io.BytesIO()
        Image.new("RGB", (320, 240), "#dfe7ee").save(blank, "PNG")
        await self._send(self._ann, ask, ("sky.png", blank.getvalue()))
        self._scene("a file that is no picture")
        await self._send(self._ann, ask, ("holiday.jpg", b"a cat sat on the keyboard"))

    async def take_pictures(self) -> None:
        """Take the visitor's own pictures from the terminal until they have no more."""
        self._console.rule("your turn")
        self._console.print(
            "Type the path of a picture to search for it, or: add PATH TITLE. Enter alone leaves."
        )
        while line := (await asyncio.to_thread(_ask)).strip():
            adding = line.startswith("add ")
            name, _, title = line.removeprefix("add ").strip().partition(" ")
            path = Path(name if adding else line)
            try:
                data = await asyncio.to_thread(_read, path)
            except (OSError, RuntimeError) as error:
                self._console.print(f"{path} can't be read: {error}")
                continue
            if adding:
                command = f"{self._prefix}addimage {title or path.stem}"
                await self._send(self._mo, command, (path.name, data))
            else:
                await self._send(self._ann, f"{self._prefix}whereis", (path.name, data))

    async def open_page(self) -> None:
        """Serve the channel as a page that looks like Discord, until Ctrl-C."""
        page = self._env.preview(self._channel, viewers=[self._ann, self._mo], layout="channel")
        async with page:
            self._console.print(f"Open this page in a browser: {page.url}")
            if not sys.stdin.isatty():
                return
            self._console.print("Ctrl-C ends the demo.")
            try:
                await page.wait_closed()
            except asyncio.CancelledError:
                # Ctrl-C is how this is meant to end.
                if (task := asyncio.current_task()) is not None:
                    task.uncancel()

    def _scene(self, what: str) -> None:
        self._console.print()
        self._console.rule(what, align="left")

    async def _send(
        self,
        who: MemberActor,
        text: str,
        *attachments: tuple[str, bytes],
        reply_to: discord.Message | None = None,
    ) -> discord.Message:
        message = await who.send(self._channel, text, attachments=attachments, reply_to=reply_to)
        await self._print_news()
        return message

    async def _print_news(self) -> None:
        names = {who.id: who.name for who in (self._ann, self._mo)}
        # The one who sees most sees also what is shown to her alone.
        for message in self._channel.history(viewer=self._ann):
            if message.id not in self._printed:
                self._printed.add(message.id)
                self._pictures |= await load_pictures(message)
                self._console.print(render_message(message, self._pictures, names))


def _read(path: Path) -> bytes:
    return path.expanduser().read_bytes()


def _ask() -> str:
    try:
        return input("picture> ")
    except EOFError:
        return ""


def _named(data: bytes) -> tuple[str, bytes]:
    return f"picture.{extension(data)}", data
