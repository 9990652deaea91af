"""Draw the pictures of the page in the documentation: with an answer, in light and in dark.

    .venv/bin/python -m scripts.screenshot_page docs/pictures

The page is served with the gallery of the demonstration behind it and a wiki that knows of it, and
headless Chromium chooses an altered copy of one of its pictures; it needs playwright and a
``chromium`` on the PATH.
"""

import argparse
import asyncio
import shutil
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, async_playwright
from rich.console import Console

from bot.app import open_app, web_options
from bot.config import Settings
from bot.demo.alter import alterations, extension
from bot.demo.gallery import gallery
from bot.demo.show import COLLECTION, store_gallery
from bot.web import serve_web
from scripts.screenshot_wiki import wiki

SHOWN = "mandelbrot_set"
ALTERED = "halved and saved as JPEG of quality 50"
WINDOW = 760, 400
COLOURS = 256
# Resolves when a picture is there; one that is out of sight is not loaded before.
DRAWN = "(image) => { image.loading = 'eager'; return image.decode(); }"


async def take(folder: Path, chromium: str) -> None:
    """Have the page answer, and take the pictures."""
    drawings = gallery()
    drawing = next(one for one in drawings if one.slug == SHOWN)
    copy = alterations()[ALTERED](drawing.draw())
    with tempfile.TemporaryDirectory(prefix="whereis-") as name:
        settings = Settings.load(data_dir=Path(name) / "data", database_url=None, web_port=0)
        picture = Path(name) / f"picture.{extension(copy)}"
        picture.write_bytes(copy)
        async with (
            wiki({drawing.file: drawing.draw()}) as api,
            open_app(settings, say=print) as app,
            async_playwright() as playwright,
        ):
            services = app.services
            await store_gallery(services, drawings, Path(name) / "gallery", Console())
            collection = await services.ingest.wiki_collection(COLLECTION)
            await app.database.store.set_about(
                collection.id, name=None, language="en", as_of=None, checksum=None, api_url=api
            )
            options = web_options(settings)
            async with serve_web(
                services.search, services.fetcher, options, cards=services.cards
            ) as address:
                browser = await playwright.chromium.launch(
                    executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
                )
                for scheme in ("light", "dark"):
                    await photograph(browser, address, picture, folder, scheme)
                await browser.close()


async def photograph(
    browser: Browser, address: str, picture: Path, folder: Path, scheme: str
) -> None:
    """Take one picture, of few colours, so that it is small."""
    page = await browser.new_page(viewport={"width": WINDOW[0], "height": WINDOW[1]})
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.goto(address)
    await page.set_input_files("#file", picture)
    await page.locator("#heading:focus").wait_for()
    await page.get_by_alt_text("Your picture").wait_for()
    await page.locator(".card p").first.wait_for()
    await page.get_by_alt_text("The picture").evaluate(DRAWN)
    with Image.open(BytesIO(await page.screenshot(full_page=True))) as image:
        few = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(folder / f"page-{scheme}.png", optimize=True)
    await page.close()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the pictures go")
    chromium = shutil.which("chromium")
    folder = parser.parse_args().folder
    if chromium is None:
        parser.error("there is no chromium on the PATH: sudo apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(folder, chromium))


if __name__ == "__main__":
    main()
