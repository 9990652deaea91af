"""A tab of a browser that watches what a page does."""

from playwright.async_api import ConsoleMessage, Page, Request

from tests.visiting import Visitor


class Tab:
    """A page in the browser; it remembers what it asked for and what went wrong."""

    def __init__(self, page: Page, visitor: Visitor) -> None:
        self.page = page
        self.visitor = visitor
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _on_request(self, request: Request) -> None:
        self.asked.append(request.url)

    async def open(self, path: str = "") -> None:
        """Go to an address of the server."""
        await self.page.goto(self.visitor.address + path)

    async def heading(self) -> str:
        """The first words of the answer, as soon as there is one that has the focus."""
        heading = self.page.locator("#heading:focus")
        await heading.wait_for()
        return str(await heading.inner_text())

    async def shown(self) -> str:
        """All of the answer that can be read."""
        return str(await self.page.locator("#answer").inner_text())
