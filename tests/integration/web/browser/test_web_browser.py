"""The page as people use it, in a browser."""

import base64
from io import BytesIO
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from PIL import Image, ImageStat
from playwright.async_api import Browser

from tests.browsing import Tab
from tests.drawing import draw, encode, halved_jpeg, png
from tests.loopback_mediawiki import answers
from tests.loopback_site import ok, site_on
from tests.visiting import LIMIT, World, visiting

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><script>alert(1)</script>'
    b'<image href="http://127.0.0.1:9/x.png" width="9" height="9"/>'
    b'<rect width="9" height="9"/></svg>'
)

# Hands something to the page as a paste or a drop would; browsers let nobody do it from outside.
GIVE = """([kind, name, type, data, text]) => {
  const given = new DataTransfer();
  if (data) {
    const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
    given.items.add(new File([bytes], name, {type}));
  }
  if (text) {
    given.setData("text/plain", text);
  }
  const more = {bubbles: true, cancelable: true};
  const event = kind === "paste"
    ? new ClipboardEvent("paste", {clipboardData: given, ...more})
    : new DragEvent("drop", {dataTransfer: given, ...more});
  document.activeElement.dispatchEvent(event);
}"""


def a_file(data: bytes, name: str = "a.jpg", kind: str = "image/jpeg") -> Any:
    return {"name": name, "mimeType": kind, "buffer": data}


async def give(tab: Tab, kind: str, data: bytes = b"", text: str = "") -> None:
    encoded = base64.b64encode(data).decode()
    await tab.page.evaluate(GIVE, [kind, "a.png", "image/png", encoded, text])


async def check_access(tab: Tab) -> None:
    """Nothing that axe knows to keep anybody from using the page."""
    results = await Axe().run(tab.page)
    assert results.violations_count == 0, results.generate_report()


async def test_choosing_a_picture_finds_it(tab: Tab) -> None:
    await tab.open()
    await check_access(tab)
    await tab.page.set_input_files("#file", a_file(halved_jpeg(draw(1))))
    assert await tab.heading() == "Exact match: Mount Everest"
    assert "All 12 pages that show it" in await tab.shown()
    assert await tab.page.title() == "Exact match: Mount Everest · whereis"
    preview = tab.page.get_by_alt_text("Your picture")
    assert str(await preview.get_attribute("src")).startswith("blob:")
    assert await preview.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 120
    await check_access(tab)
    assert [url for url in tab.asked if url.endswith("/search")] == [
        f"{tab.visitor.address}search"
    ], "it was sent once, and only to where it was searched for"

    await tab.page.get_by_text("Link to this search").click()
    await tab.page.get_by_text("This search went by a fingerprint.").wait_for()
    assert "Exact match: Mount Everest" in await tab.shown()
    assert "?hash=" in tab.page.url


async def test_what_the_wiki_says_comes_into_the_answer(tab: Tab) -> None:
    await tab.open()
    await tab.page.locator("#file").set_input_files(a_file(halved_jpeg(draw(4))))
    await tab.page.get_by_text("Nepal is a country.").wait_for()
    assert await tab.heading() == "Exact match: Nepal"
    without_scripts = tab.page.locator('a[href^="/cards/"]')
    assert await without_scripts.count() == 1
    assert not await without_scripts.is_visible()
    await check_access(tab)


# Resolves when a picture is there, to its width; it fails where there is none.
DRAWN = """(image) => {
  image.scrollIntoView();
  return image.decode().then(() => image.naturalWidth);
}"""
NOT_DRAWN = "(image) => image.decode().then(() => false, () => true)"


async def test_a_thumbnail_of_the_match_is_shown(tab: Tab, world: World) -> None:
    await tab.open()
    await tab.page.set_input_files("#file", a_file(halved_jpeg(draw(4))))
    thumb = tab.page.get_by_alt_text("The picture", exact=True)
    assert await thumb.evaluate(DRAWN) == 64
    box = await thumb.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (120, 120)
    assert f"{tab.visitor.address}thumbs/{world.nepal}" in tab.asked
    await check_access(tab)
    await tab.page.get_by_text("Link to this search").click()
    await tab.page.get_by_text("This search went by a fingerprint.").wait_for()
    assert await thumb.evaluate(DRAWN) == 64
    await tab.page.set_input_files("#file", a_file(png(5)))
    await tab.page.get_by_role("heading", name="Exact match: Tibet").wait_for()
    assert await tab.page.get_by_alt_text("The article's picture").evaluate(DRAWN) == 64


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_thumbnail_that_does_not_come_leaves_no_trace(
    browser: Browser, world: World, scripts: bool
) -> None:
    world.wiki.picture_troubles.extend([answers(404)] * 2)
    context = await browser.new_context(java_script_enabled=scripts, color_scheme="dark")
    async with visiting(world) as visitor:
        page = await context.new_page()
        await page.goto(visitor.address)
        async with page.expect_response("**/thumbs/*") as answered:
            await page.set_input_files("#file", a_file(png(4)))
            if not scripts:
                await page.get_by_role("button", name="Search").click()
        assert (await answered.value).status == 404
        await page.get_by_role("heading", name="Exact match: Nepal").wait_for()
        thumb = page.locator(".thumb")
        if scripts:
            await thumb.wait_for(state="hidden")
        else:
            assert await thumb.evaluate(NOT_DRAWN)
            with Image.open(BytesIO(await thumb.screenshot())) as image:
                colours = image.convert("RGB").crop((8, 8, 112, 112)).getcolors()
            assert colours is not None
            assert [colour for _, colour in colours] == [(0x1E, 0x22, 0x27)], "the sheet alone"
    await context.close()
    world.wiki.picture_troubles.clear()


async def test_pasting_and_dropping(tab: Tab) -> None:
    await tab.open()
    await give(tab, "paste", png(1))
    assert await tab.heading() == "Exact match: Mount Everest"
    await give(tab, "drop", png(99))
    await tab.page.get_by_text("None of the pictures I know").wait_for()
    assert await tab.heading() == "I don't know this picture"
    async with site_on("127.0.0.1") as site:
        site.answers["/a.png"] = ok(png(1))
        await give(tab, "paste", text=site.url("/a.png"))
        await tab.page.get_by_text("Exact match").first.wait_for()
        assert await tab.page.locator("#url").input_value() == site.url("/a.png")
    await give(tab, "drop", text="no link")
    await tab.page.get_by_text("There was no picture in what you dropped.").wait_for()


async def test_a_link_by_the_keyboard_alone(tab: Tab) -> None:
    async with site_on("127.0.0.1") as site:
        site.answers["/a.png"] = ok(png(1))
        await tab.open()
        places = []
        for _ in range(6):
            await tab.page.keyboard.press("Tab")
            places.append(
                await tab.page.evaluate(
                    "document.activeElement.id || document.activeElement.textContent.trim()"
                )
            )
        assert places[:5] == ["Skip to the answer", "whereis", "file", "url", "Search"]
        await tab.page.locator("#url").focus()
        await tab.page.keyboard.type(site.url("/a.png"))
        await tab.page.keyboard.press("Enter")
        assert await tab.heading() == "Exact match: Mount Everest"
    assert await tab.page.get_by_alt_text("Your picture").count() == 0


async def test_what_goes_wrong_is_said(tab: Tab) -> None:
    await tab.open()
    await tab.page.get_by_role("button", name="Search").click()
    await tab.page.get_by_text("Choose a picture, or give a link to one.").wait_for()
    await tab.page.fill("#url", "http://127.0.0.9/")
    await tab.page.keyboard.press("Enter")
    assert await tab.heading() == "That did not work"
    assert "private or local address" in await tab.shown()
    await tab.page.set_input_files("#file", a_file(bytes(LIMIT + 1)))
    await tab.page.get_by_text("Send a smaller copy.").wait_for()
    # The browser itself notes what was refused.
    assert all("422" in complaint for complaint in tab.complaints)
    tab.complaints.clear()


async def test_hostile_files_and_titles(tab: Tab) -> None:
    await tab.open()
    await tab.page.set_input_files("#file", a_file(SVG, "<img src=x>.svg", "image/svg+xml"))
    assert await tab.heading() in ("I don't know this picture", "Too plain to search for")
    await tab.page.set_input_files("#file", a_file(png(1)[:900], "a.png"))
    await tab.page.get_by_text("I could not read this picture").wait_for()
    await tab.page.set_input_files("#file", a_file(png(2), "b.png"))
    await tab.page.get_by_text("Exact match").first.wait_for()
    assert "<script>alert(1)</script>" in await tab.heading()
    assert await tab.page.locator("#answer script").count() == 0


async def test_the_server_is_gone(browser: Browser, world: World) -> None:
    page = await browser.new_page()
    async with visiting(world) as visitor:
        await page.goto(visitor.address)
    await page.set_input_files("#file", a_file(png(1)))
    await page.get_by_text("The server did not answer. Try again.").wait_for()
    await page.close()


async def test_without_javascript(browser: Browser, world: World) -> None:
    context = await browser.new_context(java_script_enabled=False)
    async with visiting(world) as visitor:
        page = await context.new_page()
        await page.goto(visitor.address)
        assert not await page.get_by_text("paste one").is_visible()
        await page.set_input_files("#file", a_file(halved_jpeg(draw(1))))
        await page.get_by_role("button", name="Search").click()
        await page.get_by_role("heading", name="Exact match: Mount Everest").wait_for()
        assert page.url == f"{visitor.address}search"
        await page.get_by_text("All 12 pages that show it").click()
        await page.get_by_text("Mountain 10").wait_for()
        await page.set_input_files("#file", a_file(halved_jpeg(draw(4))))
        async with page.expect_response("**/thumbs/*") as answered:
            await page.get_by_role("button", name="Search").click()
        assert (await answered.value).status == 200
        await page.get_by_role("heading", name="Exact match: Nepal").wait_for()
        thumb = page.get_by_alt_text("The picture", exact=True)
        assert await thumb.evaluate(DRAWN) == 64
        await page.locator(f'a[href="/cards/{world.nepal}"]').click()
        await page.get_by_role("heading", name="What the wiki says of picture 4").wait_for()
        await page.get_by_text("Nepal is a country.").wait_for()
    await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1000])
async def test_light_and_dark_on_small_and_large_screens(tab: Tab, scheme: Any, width: int) -> None:
    await tab.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await tab.page.set_viewport_size({"width": width, "height": 700})
    await tab.open()
    # Where words are long and of every kind of match.
    await tab.page.set_input_files("#file", a_file(encode(draw(2)), "b.png"))
    await tab.heading()
    await check_access(tab)
    picture = await tab.page.screenshot(full_page=True)
    assert brightness(picture) < 90 if scheme == "dark" else brightness(picture) > 180
    across = await tab.page.evaluate("document.documentElement.scrollWidth")
    assert across <= width, "nothing is wider than the screen"


def brightness(picture: bytes) -> float:
    """The mean grey of a picture's upper edge, 0–255, where the page has nothing but its ground."""
    with Image.open(BytesIO(picture)) as image:
        edge = image.convert("L").crop((0, 0, image.width, 12))
        return float(ImageStat.Stat(edge).mean[0])
