"""The page: one form, and the answer below it; all of it works without JavaScript."""

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from aiohttp import web

from bot.web import answers
from bot.web.desk import Desk
from bot.web.markup import Html, filled
from bot.web.openapi import ID_DIGITS
from bot.web.options import WebOptions
from bot.web.problems import ProblemError

TITLE = "whereis: where is this picture from?"

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the page's, under an address that changes with it."""

    data: bytes
    content_type: str
    path: str


def assets() -> dict[str, Asset]:
    """The files of the page, by name."""
    found = {}
    for file in files("bot.web").joinpath("static").iterdir():
        kind = file.name.rpartition(".")[2]
        if kind in _TYPES:
            data = file.read_bytes()
            digest = sha256(data).hexdigest()[:16]
            found[file.name] = Asset(data, _TYPES[kind], f"/static/{digest}/{file.name}")
    return found


class SearchPage:
    """Answers in HTML."""

    def __init__(self, desk: Desk, options: WebOptions) -> None:
        self._desk = desk
        self._max_bytes = options.max_bytes
        self._assets = assets()
        self._template = files("bot.web").joinpath("static", "index.html").read_text("utf-8")
        self._empty = self.render("", title=TITLE)
        self._tag = f'"{sha256(self._empty.encode()).hexdigest()[:16]}"'

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Have the page's addresses lead here."""
        router.add_get("/", self.front)
        router.add_post("/search", self.picture)
        router.add_get("/search", self.back)
        router.add_get(f"/pages/{{image_id:[0-9]{{1,{ID_DIGITS}}}}}", self.pages)
        router.add_get(f"/cards/{{image_id:[0-9]{{1,{ID_DIGITS}}}}}", self.card)
        router.add_get("/static/{digest}/{name}", self.asset)

    async def front(self, request: web.Request) -> web.StreamResponse:
        """``GET /``: the form, and with a hash what it finds."""
        if "hash" in request.query:
            _, answer = await self._desk.by_hash(request)
            title = answers.heading_of(answer)
            pictured = self._desk.pictured(answer)
            return self._answer(answers.of_answer(answer, pictured, shared=True), title)
        headers = {"ETag": self._tag, "Cache-Control": "no-cache"}
        if self._tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        return web.Response(text=self._empty, content_type="text/html", headers=headers)

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """``POST /search``: what a picture finds."""
        _, answer = await self._desk.picture(request)
        shown = answers.of_answer(answer, self._desk.pictured(answer))
        return self._answer(shown, answers.heading_of(answer))

    async def back(self, _: web.Request) -> web.StreamResponse:
        """``GET /search``: an answer's address, opened anew, has nothing to search for."""
        raise web.HTTPSeeOther("/")

    async def pages(self, request: web.Request) -> web.StreamResponse:
        """``GET /pages/{image_id}``: every page that shows a picture."""
        listed = await self._desk.pages(request)
        return self._answer(answers.of_pages(listed), f"Pages of picture {listed.image_id}")

    async def card(self, request: web.Request) -> web.StreamResponse:
        """``GET /cards/{image_id}``: a card by itself, also for the page's script."""
        told = await self._desk.card(request)
        return self._answer(answers.of_told(told), f"About picture {told.image_id}")

    async def asset(self, request: web.Request) -> web.StreamResponse:
        """A file of the page's. One under the address of another version is not there."""
        asset = self._assets.get(request.match_info["name"])
        if asset is None or request.path != asset.path:
            raise web.HTTPNotFound
        return web.Response(
            body=asset.data,
            content_type=asset.content_type,
            charset="utf-8",
            headers={"Cache-Control": _FOR_EVER},
        )

    def of_problem(self, problem: ProblemError) -> web.Response:
        """The page that says why there is no answer."""
        response = self._answer(
            answers.of_problem(problem), "That did not work", status=problem.status
        )
        response.headers.update(problem.headers)
        return response

    def render(self, answer: str, *, title: str) -> Html:
        """The whole page around an answer."""
        return filled(
            self._template,
            title=title,
            answer=answer,
            max_bytes=str(self._max_bytes),
            style=self._assets["style.css"].path,
            script=self._assets["app.js"].path,
            icon=self._assets["icon.svg"].path,
        )

    def _answer(self, answer: Html, title: str, *, status: int = 200) -> web.Response:
        return web.Response(
            text=self.render(answer, title=f"{title} · whereis"),
            status=status,
            content_type="text/html",
            headers={"Cache-Control": "no-store"},
        )
