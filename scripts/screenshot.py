"""Draw the README's pictures: the bot's answer, as a member sees it, and a server's rules.

    .venv/bin/python -m scripts.screenshot answer docs/pictures/answer.png
    .venv/bin/python -m scripts.screenshot card docs/pictures/card.png
    .venv/bin/python -m scripts.screenshot settings docs/pictures/settings.png

The real bot answers in the simulated Discord, whose page headless Chromium then takes a picture of;
it needs the extra ``preview`` and a ``chromium`` on the PATH.
"""

import argparse
import asyncio
import shutil
import subprocess
import tempfile
from pathlib import Path

import discord
import simcord
from PIL import Image
from rich.console import Console

from bot.app import App, open_app
from bot.client import WhereisBot
from bot.config import Settings
from bot.demo.alter import alterations, extension
from bot.demo.gallery import Drawing, gallery
from bot.demo.show import COLLECTION, store_gallery
from bot.images import Limits
from bot.importers.folder import FolderSource
from scripts.screenshot_wiki import wiki

WIDTH = 1000
HEIGHTS = {"answer": 1000, "card": 1260, "settings": 1080}
# The conversation within the window, without the page's own tools around it: from the left and the
# top, and what is below it.
LEFT, RIGHT, TOP, BELOW = 262, 790, 196, 150
THUMBNAIL = "https://pictures.example/thumbnail"
BUDGET_MS = 20_000
SHOWN = "mandelbrot_set"
COPY = "halved and saved as JPEG of quality 50"
ALSO_ON = ("Fractal", "Complex_dynamics", "Benoit_Mandelbrot", "Mathematical_beauty")


async def filled(app: App, drawing: Drawing, folder: Path, api: str | None) -> None:
    """Have the bot know one picture of a wiki."""
    gallery_folder = folder / "gallery"
    await store_gallery(app.services, [drawing], gallery_folder, Console())
    table = folder / "more.csv"
    lines = "".join(f"{drawing.file},{title}\n" for title in ALSO_ON)
    table.write_text(f"file,title\n{lines}", encoding="utf-8")
    collection = await app.services.ingest.wiki_collection(COLLECTION)
    async with FolderSource(gallery_folder, str(table), max_bytes=Limits().max_bytes) as source:
        await app.services.ingest.import_pictures(source, collection)
    await app.database.store.set_about(
        collection.id, name=None, language="en", as_of=None, checksum=None, api_url=api
    )


async def take(what: str, target: Path, chromium: str) -> None:
    """Have the bot answer, and take the picture."""
    with tempfile.TemporaryDirectory(prefix="whereis-") as name:
        folder = Path(name)
        settings = Settings.load(data_dir=folder / "data", database_url=None, cards=what == "card")
        async with wiki({}) as api, open_app(settings, say=print) as app:
            drawing = next(drawing for drawing in gallery() if drawing.slug == SHOWN)
            await filled(app, drawing, folder, api)
            bot = WhereisBot(app.services, app.options)
            async with simcord.run(bot, settle_timeout=60) as env:
                if bot.user is not None:
                    await bot.user.edit(username="whereis")
                guild = env.create_guild("Picture lovers")
                channel = guild.create_text_channel("where-is-it-from")
                manages = discord.Permissions(manage_guild=True)
                keeper = guild.create_role("keeper", permissions=manages)
                ann = guild.add_member(env.create_user("ann"), roles=[keeper])
                copy = alterations()[COPY](drawing.draw())
                picture = (f"picture.{extension(copy)}", copy)
                if what == "settings":
                    await ann.send(channel, "!settings")
                else:
                    await ann.send(channel, "!whereis", attachments=[picture])
                    await env.settle()
                answer = channel.last_message
                if answer is None:
                    raise SystemExit("The bot gave no answer.")
                # The page shows another message's attachment in no embed, as Discord does; under
                # another address it does.
                stored = env.backend.get_message(channel.id, answer.id)
                if what != "settings":
                    stored.embeds[0]["thumbnail"]["url"] = THUMBNAIL
                async with env.preview(
                    channel, viewers=[ann], layout="channel", assets={THUMBNAIL: picture}
                ) as page:
                    await asyncio.to_thread(
                        photograph, chromium, page.url, target, name, HEIGHTS[what]
                    )


def photograph(chromium: str, url: str, target: Path, profile: str, height: int) -> None:
    """Take a picture of a page, and keep of it the conversation."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(  # noqa: S603 (our own page, and the browser that the PATH names)
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--hide-scrollbars",
            f"--user-data-dir={profile}/chromium",
            f"--window-size={WIDTH},{height}",
            f"--virtual-time-budget={BUDGET_MS}",
            f"--screenshot={target.resolve()}",
            url,
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    with Image.open(target) as window:
        window.crop((LEFT, TOP, RIGHT, height - BELOW)).save(target, optimize=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("answer", "card", "settings"))
    parser.add_argument("target", type=Path, help="where the picture goes, a .png")
    chromium = shutil.which("chromium")
    options = parser.parse_args()
    if chromium is None:
        parser.error("there is no chromium on the PATH: sudo apt-get install chromium")
    asyncio.run(take(options.what, options.target, chromium))


if __name__ == "__main__":
    main()
