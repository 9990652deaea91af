"""A browser without a window, and tabs in it."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browsing import Tab
from tests.visiting import World, visiting, world_in


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run this folder's tests in one loop: a browser belongs to one, and takes long to start."""
    for item in items:
        if "/web/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Headless Chromium, the system's own."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("there is no chromium on the PATH")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(
    fresh_databases: Callable[[], AbstractContextManager[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[World]:
    """A database with pictures, and what searches it."""
    with fresh_databases() as url:
        async with world_in(url, tmp_path_factory.mktemp("unused")) as world:
            yield world


@pytest_asyncio.fixture(loop_scope="session")
async def tab(browser: Browser, world: World) -> AsyncIterator[Tab]:
    """A new tab; nothing may have been wrong in it, and nobody else been asked, in the end."""
    async with visiting(world) as visitor:
        page = await browser.new_page()
        page.set_default_timeout(10_000)
        tab = Tab(page, visitor)
        yield tab
        await page.close()
    assert tab.complaints == []
    others = [url for url in tab.asked if not url.startswith((visitor.address, "blob:"))]
    assert others == []
