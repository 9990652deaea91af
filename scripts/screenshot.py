"""Draw the README's picture: the bot's answer, as a member sees it.

    .venv/bin/python scripts/screenshot.py docs/pictures/answer.png

The real bot answers in the simulated Discord, whose page headless Chromium then takes a picture of;
it needs the extra ``preview`` and a ``chromium`` on the PATH.
"""

import argparse
import asyncio
import shutil
import subprocess
import tempfile
from pathlib import Path

import simcord
from PIL import Image
from rich.console import Console

from bot.app import open_app
from bot.client import WhereisBot
from bot.config import Settings
from bot.demo.alter import alterations, extension
from bot.demo.gallery import gallery
from bot.demo.show import COLLECTION, store_gallery
from bot.images import Limits
from bot.importers.folder import FolderSource

WINDOW = (1000, 1000)
# The conversation within the window, without the page's own tools around it.
CONVERSATION = (262, 196, 790, 850)
THUMBNAIL = "https://pictures.example/thumbnail"
BUDGET_MS = 20_000
SHOWN = "mandelbrot_set"
ALSO_ON = ("Fractal", "Complex_dynamics", "Benoit_Mandelbrot", "Mathematical_beauty")


async def take(target: Path, chromium: str) -> None:
    """Have the bot answer, and take the picture."""
    with tempfile.TemporaryDirectory(prefix="whereis-") as folder:
        settings = Settings.load(data_dir=Path(folder) / "data", database_url=None)
        async with open_app(settings, say=print) as app:
            drawing = next(drawing for drawing in gallery() if drawing.slug == SHOWN)
            gallery_folder = Path(folder) / "gallery"
            await store_gallery(app.services, [drawing], gallery_folder, Console())
            table = Path(folder) / "more.csv"
            lines = "".join(f"{drawing.file},{title}\n" for title in ALSO_ON)
            table.write_text(f"file,title\n{lines}", encoding="utf-8")
            collection = await app.services.ingest.wiki_collection(COLLECTION)
            async with FolderSource(
                gallery_folder, str(table), max_bytes=Limits().max_bytes
            ) as source:
                await app.services.ingest.import_pictures(source, collection)
            bot = WhereisBot(app.services, app.options)
            async with simcord.run(bot, settle_timeout=60) as env:
                if bot.user is not None:
                    await bot.user.edit(username="whereis")
                guild = env.create_guild("Picture lovers")
                channel = guild.create_text_channel("where-is-it-from")
                ann = guild.add_member(env.create_user("ann"))
                copy = alterations()["halved and saved as JPEG of quality 50"](drawing.draw())
                name = f"picture.{extension(copy)}"
                await ann.send(channel, "!whereis", attachments=[(name, copy)])
                answer = channel.last_message
                if answer is None:
                    raise SystemExit("The bot gave no answer.")
                # The page shows another message's attachment in no embed, as Discord does; under
                # another address it does.
                stored = env.backend.get_message(channel.id, answer.id)
                stored.embeds[0]["thumbnail"]["url"] = THUMBNAIL
                async with env.preview(
                    channel,
                    viewers=[ann],
                    layout="channel",
                    assets={THUMBNAIL: (name, copy)},
                ) as page:
                    await asyncio.to_thread(photograph, chromium, page.url, target, folder)


def photograph(chromium: str, url: str, target: Path, profile: str) -> None:
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
            f"--window-size={WINDOW[0]},{WINDOW[1]}",
            f"--virtual-time-budget={BUDGET_MS}",
            f"--screenshot={target.resolve()}",
            url,
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    with Image.open(target) as window:
        window.crop(CONVERSATION).save(target, optimize=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", type=Path, help="where the picture goes, a .png")
    chromium = shutil.which("chromium")
    target = parser.parse_args().target
    if chromium is None:
        parser.error("there is no chromium on the PATH: sudo apt-get install chromium")
    asyncio.run(take(target, chromium))


if __name__ == "__main__":
    main()
